"""What the number of pods follows: the lag of the topics a configuration reads."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from neuraldocflow.deployment.lag_triggers import settled, triggers_of
from neuraldocflow.errors import ConfigError

LIKE: dict[str, Any] = {
    "type": "kafka",
    "metadata": {"topic": "a", "bootstrapServers": "b", "lagThreshold": "200"},
}


def told(config: dict[str, object]) -> list[tuple[str, str, str]]:
    """Brokers, group and topic of each trigger."""
    found = [each["metadata"] for each in triggers_of(yaml.safe_dump(config), [LIKE])]
    assert all(each["lagThreshold"] == "200" for each in found)
    return [
        (
            each.get("bootstrapServers") or f"env {each['bootstrapServersFromEnv']}",
            each["consumerGroup"],
            each["topic"],
        )
        for each in found
    ]


def source(**config: object) -> dict[str, object]:
    return {"type": "kafka", "config": config}


def test_a_log_in_kafka_is_followed_by_what_the_gateway_submits() -> None:
    kafka = {"bootstrap_servers": "${BROKERS}", "topic_prefix": "acme."}
    assert told({"runtime": {"log": {"kafka": kafka}}}) == [
        ("env BROKERS", "acme.neuraldocflow", "acme.document-stream")
    ]
    assert told({"runtime": {"log": {"kafka": None}}}) == [
        ("env KAFKA_BOOTSTRAP_SERVERS", "neuraldocflow", "document-stream")
    ]


def test_every_topic_of_every_kafka_source_is_followed() -> None:
    config = {
        "stream_sources": {
            "folder": {"type": "filesystem", "config": {"watch_directories": ["/in"]}},
            "own": source(topic="a", bootstrap_servers="kafka:9092", consumer_group="mine"),
            "urgent": source(topic="b", priority_topics=["urgent"]),
        }
    }
    assert told(config) == [
        ("kafka:9092", "mine", "a"),
        ("env KAFKA_BOOTSTRAP_SERVERS", "neuraldocflow", "b.urgent"),
        ("env KAFKA_BOOTSTRAP_SERVERS", "neuraldocflow", "b"),
    ]


def test_a_source_without_brokers_of_its_own_has_those_of_the_log() -> None:
    log = {"kafka": {"bootstrap_servers": "kafka:9092"}}
    config = {"runtime": {"log": log}, "stream_sources": {"a": source(topic="a")}}
    assert [brokers for brokers, _, _ in told(config)] == ["kafka:9092", "kafka:9092"]


def test_nothing_is_followed_without_kafka() -> None:
    assert told({}) == []
    assert told({"runtime": {"log": "embedded"}}) == []


def test_variables_count_with_their_defaults_and_are_refused_without() -> None:
    kafka = {"bootstrap_servers": "${HOST:-kafka}:9092", "topic_prefix": "${TENANT:-acme.}"}
    assert told({"runtime": {"log": {"kafka": kafka}}}) == [
        ("kafka:9092", "acme.neuraldocflow", "acme.document-stream")
    ]
    with pytest.raises(ConfigError, match=r"sources\.in\.config\.topic: \$\{TOPIC\} is set in the pods"):
        told({"stream_sources": {"in": source(topic="${TOPIC}")}})
    assert settled("${MAX_WORKERS:-16}", "runtime.max_workers") == "16"
    assert settled("${TENANT:-}", "runtime.log.kafka.topic_prefix") == ""
