"""What KEDA scales the dataflow by: the lag of the Kafka topics that a configuration reads documents from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

from connectors.kafka import KafkaSourceConfig
from neuraldocflow.errors import ConfigError
from neuraldocflow.log import DOCUMENT_STREAM
from neuraldocflow.log.kafka import GROUP

_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")
_SERVERS = "KAFKA_BOOTSTRAP_SERVERS"
_OF_A_TOPIC = ("bootstrapServers", "bootstrapServersFromEnv", "consumerGroup", "topic")


def triggers_of(text: str, like: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Triggers for a configuration's text, whose variables are set in the pods; none without Kafka topics.

    ``like`` are triggers of Kafka that say all that a configuration does not: the lag a pod is there for, and
    how the scaler gets in where brokers want to know who asks. The one of a topic is made like the one there
    that names it, else like the first.
    """
    return [_trigger(topic, like) for topic in _topics(yaml.safe_load(text) or {})]


def _trigger(topic: dict[str, str], like: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    own = (each for each in like if each["metadata"].get("topic") == topic["topic"])
    found = next(own, like[0])
    kept = {name: value for name, value in found["metadata"].items() if name not in _OF_A_TOPIC}
    return {**found, "metadata": {**kept, **topic}}


def settled(value: Any, where: str) -> Any:
    """A value with the defaults of its variables, which are set in the pods. Raises ConfigError where one has
    none."""
    if isinstance(value, dict):
        return {name: settled(each, f"{where}.{name}") for name, each in value.items()}
    if isinstance(value, list):
        return [settled(each, where) for each in value]
    if not isinstance(value, str):
        return value
    for variable in _VARIABLE.finditer(value):
        if variable[2] is None:
            raise ConfigError(
                f"{where}: {variable[0]} is set in the pods only, and submit needs this value: "
                f"write it out, or give it a default, ${{{variable[1]}:-…}}"
            )
    return _VARIABLE.sub(lambda found: found[2], value)


def _topics(config: dict[str, Any]) -> Iterator[dict[str, str]]:
    log = (config.get("runtime") or {}).get("log")
    kafka = log.get("kafka") or {} if isinstance(log, dict) else None
    if kafka is not None:
        prefix = settled(kafka.get("topic_prefix", ""), "runtime.log.kafka.topic_prefix")
        servers = _servers(kafka, "runtime.log.kafka")
        yield {**servers, "consumerGroup": prefix + GROUP, "topic": prefix + DOCUMENT_STREAM}
    for source_name, entry in (config.get("stream_sources") or {}).items():
        if entry["type"] == "kafka":
            given, where = entry["config"], f"stream_sources.{source_name}.config"
            known = settled({name: given[name] for name in _NAMING if name in given}, where)
            source = KafkaSourceConfig.model_validate(known)
            for topic in source.topics():
                servers = _servers({**(kafka or {}), **given}, where)
                yield {**servers, "consumerGroup": source.consumer_group, "topic": topic}


_NAMING = ("topic", "consumer_group", "priority", "priority_topics")


def _servers(section: dict[str, Any], where: str) -> dict[str, str]:
    told = section.get("bootstrap_servers", f"${{{_SERVERS}}}")
    variable = _VARIABLE.fullmatch(told)
    return (
        {"bootstrapServersFromEnv": variable[1]}
        if variable
        else {"bootstrapServers": settled(told, f"{where}.bootstrap_servers")}
    )
