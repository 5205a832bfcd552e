"""Results, and lifecycle events if wanted, on topics: CloudEvents in Kafka's binary mode.

Every message of an epoch is acknowledged by all in-sync replicas before the epoch is committed. A replayed
epoch writes the same ``ce_id`` again: readers drop repeats by it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Literal

from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition
from confluent_kafka import KafkaError, Producer
from confluent_kafka.admin import AdminClient
from pydantic import Field

from neuraldocflow.components import SINKS, Component, SinkContext
from neuraldocflow.deliveries import Delivery
from neuraldocflow.durable import OutputError, patiently
from neuraldocflow.errors import ConfigError
from neuraldocflow.events import Event, timestamp
from neuraldocflow.kafka_settings import KafkaSettings, Topic
from neuraldocflow.log import PROCESSING_EVENTS, PROCESSING_RESULTS
from neuraldocflow.outages import Outage
from neuraldocflow.topics.client import DURABLE, Refusals, asked, common, make, make_topic, settings_of
from neuraldocflow.topics.envelopes import Outgoing, claim_check, event_message, result_message
from neuraldocflow.topics.writer import Writer
from neuraldocflow.values import Size

log = logging.getLogger(__name__)

_PARTS = 4
_HEADROOM = 200_000
"""Bytes a message may have beyond ``max_message_size``, for those that can't be made smaller."""


class KafkaSinkConfig(KafkaSettings):
    """Results, and optionally lifecycle events, as CloudEvents."""

    topic: Topic = Field("processing-results", description="where results go")
    events_topic: Topic | None = Field(None, description="where lifecycle events go; none by default")
    partition_key: str = Field(
        "document_id", min_length=1, description="document_type, document_id, tenant, a field"
    )
    compression: Literal["none", "gzip", "snappy", "lz4", "zstd"] = "zstd"
    max_message_size: Size = Field(
        1_000_000, description="a larger result is kept in the payload store, and its message says where"
    )
    delivery_timeout_ms: int = Field(
        120_000, ge=1_000, description="how long brokers may be away before the job ends"
    )
    partitions: int = Field(4, ge=1, le=10_000, description="of a topic that is not there and is made")


class KafkaSink(FixedPartitionedSink[Delivery | Event, None]):
    """Writes with one idempotent producer a worker: what a worker waits for is what it sent."""

    def __init__(self, name: str, config: KafkaSinkConfig, context: SinkContext) -> None:
        if context.payloads is None:
            raise ConfigError(f"{name}: a Kafka output needs a payload store")
        self._config, self._payloads, self._waiting = config, context.payloads, context.waiting
        where = context.where
        log_topics = context.log_topics
        fallback = log_topics.brokers if log_topics is not None else None
        self._settings = settings_of(
            config,
            where,
            {
                **DURABLE,
                "compression.type": config.compression,
                "message.max.bytes": config.max_message_size + _HEADROOM,
                "delivery.report.only.error": True,
                "message.timeout.ms": 0,  # the writer's own limit is the one that counts
            },
            {"linger.ms": 5, "reconnect.backoff.max.ms": 2_000},
            fallback,
        )
        brokers = str(self._settings["bootstrap.servers"])
        self._outage = Outage(f"Kafka at {brokers}")
        refusals = Refusals()
        admin = make(AdminClient, {**common(self._settings), "error_cb": refusals}, where)
        make(Producer, self._settings, where)  # a key it does not know is told now
        topics = [topic for topic in (config.topic, config.events_topic) if topic is not None]
        for topic in topics:
            if not asked(admin, refusals, topic, where, brokers):
                make_topic(admin, topic, config.partitions, where, brokers)
                log.info("made the topic %s with %d partitions", topic, config.partitions)
        on_log = (PROCESSING_RESULTS, config.topic), (PROCESSING_EVENTS, config.events_topic)
        self._results, self._events = (self._elsewhere(context, brokers, *each) for each in on_log)
        self.lifecycle = self._events is not None
        """Whether it wants lifecycle events beside results."""
        self._lock = threading.Lock()
        self._producers: dict[int, Producer] = {}
        """By the engine's threads. Not a ``threading.local``: the engine enters Python anew each time."""

    @staticmethod
    def _elsewhere(context: SinkContext, brokers: str, name: str, topic: str | None) -> str | None:
        """A topic; None where it is the log's own, which has everything already. Raises ConfigError."""
        own = context.log_topics.own(brokers, topic) if context.log_topics and topic else None
        if own is None:
            return topic
        if own != name:
            raise ConfigError(f"{context.where}: {topic} is the log's own, for {own}; name another topic")
        context.claim(f"the log's own topic {topic}")
        log.info("the log has its own topic %s at these brokers: nothing is written to it twice", topic)
        return None

    def list_parts(self) -> list[str]:
        return [str(part) for part in range(_PARTS)]

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> KafkaPartition:
        worker = threading.get_ident()
        with self._lock:
            if worker not in self._producers:
                self._producers[worker] = Producer({**self._settings, "error_cb": self._trouble})
            producer = self._producers[worker]
        limit = self._config.delivery_timeout_ms / 1000
        writer = Writer(producer, self._outage, limit, self._shrunk, self._waiting)
        return KafkaPartition(self._results, self._events, self._config, writer, self._shrunk)

    def _trouble(self, error: KafkaError) -> None:
        if error.code() in (KafkaError._ALL_BROKERS_DOWN, KafkaError._AUTHENTICATION, KafkaError._SSL):
            self._outage.goes_on(str(error.str()))

    def _shrunk(self, message: Outgoing) -> Outgoing:
        keep = partial(self._payloads.put, [message.value], "result.json")
        patience = self._config.delivery_timeout_ms / 1000
        kept = patiently("a large result in the payload store", keep, patience, self._waiting)
        return claim_check(message, kept)


class KafkaPartition(StatefulSinkPartition[Delivery | Event, None]):
    """Sends at once and waits for all deliveries when the epoch ends, so there is nothing to snapshot."""

    def __init__(
        self,
        results: str | None,
        events: str | None,
        config: KafkaSinkConfig,
        writer: Writer,
        shrunk: Callable[[Outgoing], Outgoing],
    ) -> None:
        self._results = results
        self._events = events
        self._config = config
        self._writer = writer
        self._shrunk = shrunk

    def write_batch(self, values: Sequence[Delivery | Event]) -> None:
        now = timestamp(datetime.now(UTC))
        for value in values:
            if isinstance(value, Delivery):
                if self._results is None:
                    continue
                message = result_message(self._results, value, self._config.partition_key, now)
            elif self._events is not None:
                message = event_message(self._events, value, value.id)
            else:
                continue
            large = message.size > self._config.max_message_size
            self._writer.send(self._shrunk(message) if large else message)

    def snapshot(self) -> None:
        self._writer.wait()

    def close(self) -> None:
        if self._writer.gave_up:
            return
        try:
            self._writer.wait()
        except OutputError as error:  # the engine can't bear an exception here
            log.warning("%s", error)


SINKS.add(Component("kafka", KafkaSinkConfig, KafkaSink))
