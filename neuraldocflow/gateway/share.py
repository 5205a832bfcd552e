"""What is to be done once by one of several gateways on a log: each has its share of the partitions.

On the embedded log all of them belong to the process that holds a lock in the state directory; on Kafka they
are divided among the members of a consumer group, which reads nothing.
"""

from __future__ import annotations

import fcntl
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from confluent_kafka import Consumer, TopicPartition

from neuraldocflow.config.model import RuntimeConfig
from neuraldocflow.log import PROCESSING_RESULTS
from neuraldocflow.topics.client import common, make, settings_of

_LOOK_AGAIN = 1.0


class Share(Protocol):
    """Which documents are this process' own."""

    def has(self, partition: int) -> bool:
        """Whether a partition of the results is."""

    def close(self) -> None:
        """Somebody else may have them."""


def share_of(runtime: RuntimeConfig, name: str) -> Share:
    """This process' share in something that is done once. Raises ConfigError."""
    if runtime.log.kind == "kafka":
        return _OfGroup(runtime, name)
    return _OfLock(runtime.state_directory.absolute() / "gateway" / f"{name}.lock")


class _OfLock:
    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("w")
        self._has = False
        self._looked = float("-inf")

    def has(self, partition: int) -> bool:
        if not self._has and time.monotonic() - self._looked > _LOOK_AGAIN:
            self._looked = time.monotonic()
            with suppress(BlockingIOError):
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._has = True
        return self._has

    def close(self) -> None:
        self._file.close()


class _OfGroup:
    def __init__(self, runtime: RuntimeConfig, name: str) -> None:
        where = "runtime.log.kafka"
        reach = common(settings_of(runtime.log.kafka, where, {}, {}))
        prefix = runtime.log.kafka.topic_prefix
        group = {"group.id": f"{prefix}neuraldocflow-{name}", "enable.auto.commit": False}
        self._consumer: Consumer = make(Consumer, {**reach, **group}, where)
        self._partitions: frozenset[int] = frozenset()
        self._closed = threading.Event()
        self._consumer.subscribe(
            [prefix + PROCESSING_RESULTS], on_assign=self._assigned, on_revoke=self._revoked
        )
        self._thread = threading.Thread(target=self._take_part, name=name, daemon=True)
        self._thread.start()

    def has(self, partition: int) -> bool:
        return partition in self._partitions

    def close(self) -> None:
        self._closed.set()
        self._thread.join(timeout=10)

    def _take_part(self) -> None:
        """Being asked for messages is what a member lives by."""
        while not self._closed.is_set():
            self._consumer.poll(0.5)
        self._consumer.close()

    def _assigned(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        consumer.assign(partitions)
        consumer.pause(partitions)
        self._partitions = frozenset(each.partition for each in partitions)

    def _revoked(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self._partitions = frozenset()
