"""The Kafka output's configuration: results on a topic."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from neuraldocflow.components import SINKS, Component
from neuraldocflow.kafka_settings import KafkaSettings


class KafkaSinkConfig(KafkaSettings):
    """Results, and optionally lifecycle events, as CloudEvents."""

    topic: str = Field("processing-results", min_length=1, description="where results go")
    events_topic: str | None = Field(None, description="where lifecycle events go; none by default")
    partition_key: str = Field(
        "document_id", min_length=1, description="document_type, document_id, tenant, a field"
    )
    compression: Literal["none", "gzip", "snappy", "lz4", "zstd"] = "zstd"


SINKS.add(Component("kafka", KafkaSinkConfig))
