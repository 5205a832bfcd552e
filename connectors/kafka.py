"""The Kafka source's configuration: documents announced on a topic."""

from __future__ import annotations

from pydantic import Field

from neuraldocflow.components import SOURCES, Component
from neuraldocflow.kafka_settings import KafkaSettings
from neuraldocflow.values import Priority


class KafkaSourceConfig(KafkaSettings):
    """NewDocument events, or documents themselves, on a topic."""

    topic: str = Field(min_length=1, description="the topic to read")
    consumer_group: str = Field("neuraldocflow", min_length=1, description="where lag tools look")
    auto_commit: bool = Field(False, description="true commits by time: documents may be lost")
    max_poll_records: int = Field(100, ge=1, le=100_000, description="messages taken at a time")
    priority: Priority = "normal"
    profile: str = Field("auto", min_length=1)


SOURCES.add(Component("kafka", KafkaSourceConfig))
