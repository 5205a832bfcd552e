"""Kafka topics that a job reads documents from: their partitions, how far they are read, and more of them."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewPartitions

from neuraldocflow.config import Config
from neuraldocflow.errors import ConfigError
from neuraldocflow.job.recovery import Recovery
from neuraldocflow.log import DOCUMENT_STREAM, open_log
from neuraldocflow.topics.client import PATIENCE, Refusals, asked, common, make, reason_of, settings_of

_SUBMISSIONS = "documents.source_submissions"
"""The step of the flow that reads what the gateway has put on the log."""
LATELY = timedelta(minutes=1)
"""How far back ``status`` looks for what came in, and what came out."""


@dataclass(frozen=True, slots=True)
class Lag:
    """How far the job has come in one partition. ``read`` is None where it has not begun; ``lately`` is how
    many messages came in the last minute."""

    topic: str
    partition: int
    end: int
    read: int | None
    lately: int

    @property
    def behind(self) -> int:
        return self.end - (self.read or 0)


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic of a Kafka cluster, and how to reach it."""

    name: str
    where: str
    settings: dict[str, Any]
    group: str | None
    """The consumer group that commits what is done; None for the log's own topic."""

    @property
    def brokers(self) -> str:
        return str(self.settings["bootstrap.servers"])

    def partitions(self) -> int:
        """Raises ConfigError where no broker answers or there is no such topic."""
        refusals = Refusals()
        admin: AdminClient = make(AdminClient, {**common(self.settings), "error_cb": refusals}, self.where)
        count = asked(admin, refusals, self.name, self.where, self.brokers)
        if not count:
            raise ConfigError(f"{self.where}: there is no topic {self.name} at {self.brokers}")
        return count

    def grow(self, partitions: int) -> None:
        """Have so many partitions. Raises ConfigError where the cluster refuses."""
        admin: AdminClient = make(AdminClient, common(self.settings), self.where)
        try:
            admin.create_partitions([NewPartitions(self.name, partitions)])[self.name].result(PATIENCE)
        except (KafkaException, TimeoutError) as error:
            raise ConfigError(
                f"{self.where}: the topic {self.name} can't be given {partitions} partitions "
                f"({reason_of(error)}). Have it done: kafka-topics.sh --bootstrap-server {self.brokers} "
                f"--alter --topic {self.name} --partitions {partitions}"
            ) from error
        deadline = time.monotonic() + PATIENCE
        while self.partitions() < partitions and time.monotonic() < deadline:
            time.sleep(0.05)  # until all brokers know


def topics_of(config: Config) -> list[Topic]:
    """The Kafka topics that documents come from: the log's, if it is there, and those of Kafka sources."""
    found: list[Topic] = []
    log = config.runtime.log
    fallback = None
    if log.kind == "kafka":
        where = "runtime.log.kafka"
        settings = settings_of(log.kafka, where, {}, {})
        fallback = str(settings["bootstrap.servers"])
        found.append(Topic(log.kafka.topic_prefix + DOCUMENT_STREAM, where, settings, None))
    for name, entry in config.stream_sources.items():
        if entry.type != "kafka":
            continue
        where, source = f"stream_sources.{name}.config", entry.config
        settings = settings_of(source, where, {}, {}, fallback)  # type: ignore[arg-type]
        group = source.consumer_group  # type: ignore[attr-defined]
        for topic in source.topics():  # type: ignore[attr-defined]
            found.append(Topic(topic, where, settings, group))
    return found


def lags(config: Config) -> list[Lag]:
    """Of every partition of the log and of Kafka sources. Raises ConfigError, LogError."""
    return [*_of_the_log(config), *(lag for topic in topics_of(config) if topic.group for lag in _of(topic))]


def _of_the_log(config: Config) -> Iterator[Lag]:
    store = Recovery(config.runtime.state_directory.absolute() / "recovery")
    positions: dict[int, int] = {}
    # On a full disk, or where it is damaged, the store can't even be read: all counts as unread.
    with closing(store), suppress(sqlite3.Error):
        positions = store.states(_SUBMISSIONS).get("submissions", {}).get("positions", {})
    since = datetime.now(UTC) - LATELY
    with open_log(config.runtime) as log:
        for part, (begin, end) in log.bounds(DOCUMENT_STREAM).items():
            lately = end - min(log.offset_at(DOCUMENT_STREAM, part, since), end)
            yield Lag(DOCUMENT_STREAM, part, end, max(positions.get(part, begin), begin), lately)


def _of(topic: Topic) -> Iterator[Lag]:
    """What the group has committed: documents whose results are durable."""
    only_asks = {"group.id": topic.group, "enable.auto.commit": False}
    consumer: Consumer = make(Consumer, {**common(topic.settings), **only_asks}, topic.where)
    try:
        parts = range(topic.partitions())
        places = [TopicPartition(topic.name, part) for part in parts]
        since = int((time.time() - LATELY.total_seconds()) * 1000)
        times = [TopicPartition(topic.name, part, since) for part in parts]
        first = {each.partition: each.offset for each in consumer.offsets_for_times(times, timeout=PATIENCE)}
        for place in consumer.committed(places, timeout=PATIENCE):
            begin, end = consumer.get_watermark_offsets(place, timeout=PATIENCE)
            read = max(place.offset, begin) if place.offset >= 0 else None
            lately = max(end - first[place.partition], 0) if first[place.partition] >= 0 else 0
            yield Lag(topic.name, place.partition, end, read if read is not None else begin or None, lately)
    except KafkaException as error:
        raise ConfigError(f"{topic.where}: Kafka at {topic.brokers}: {reason_of(error)}") from error
    finally:
        consumer.close()
