"""What KEDA scales the dataflow by: the lag of the Kafka topics that a configuration reads documents from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from connectors.kafka import KafkaSourceConfig
from neuraldocflow.log import DOCUMENT_STREAM
from neuraldocflow.log.kafka import GROUP

_VARIABLE = re.compile(r"\$\{(\w+)(?::-[^}]*)?\}")
_SERVERS = "KAFKA_BOOTSTRAP_SERVERS"


def triggers_of(text: str, threshold: str) -> list[dict[str, Any]]:
    """Triggers for a configuration's text, whose variables are set in the pods; none without Kafka topics.

    ``threshold`` is the lag a pod is there for.
    """
    return [
        {"type": "kafka", "metadata": {**trigger, "lagThreshold": threshold, "offsetResetPolicy": "earliest"}}
        for trigger in _topics(yaml.safe_load(text) or {})
    ]


def _topics(config: dict[str, Any]) -> Iterator[dict[str, str]]:
    log = (config.get("runtime") or {}).get("log")
    kafka = log.get("kafka") or {} if isinstance(log, dict) else None
    if kafka is not None:
        prefix = kafka.get("topic_prefix", "")
        servers = _servers(kafka)
        yield {**servers, "consumerGroup": prefix + GROUP, "topic": prefix + DOCUMENT_STREAM}
    for entry in (config.get("stream_sources") or {}).values():
        if entry["type"] == "kafka":
            given = entry["config"]
            known = {name: given[name] for name in _NAMING if name in given}
            source = KafkaSourceConfig.model_validate(known)
            for topic in source.topics():
                servers = _servers({**(kafka or {}), **given})
                yield {**servers, "consumerGroup": source.consumer_group, "topic": topic}


_NAMING = ("topic", "consumer_group", "priority", "priority_topics")


def _servers(section: dict[str, Any]) -> dict[str, str]:
    told = section.get("bootstrap_servers", f"${{{_SERVERS}}}")
    variable = _VARIABLE.fullmatch(told)
    return {"bootstrapServersFromEnv": variable[1]} if variable else {"bootstrapServers": told}
