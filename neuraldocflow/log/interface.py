"""What a log is: topics of partitions of records, each at an offset. No I/O here."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import NamedTuple, Self
from zlib import crc32

from neuraldocflow.errors import NeuralDocFlowError

DOCUMENT_STREAM = "document-stream"
PROCESSING_RESULTS = "processing-results"
PROCESSING_EVENTS = "processing-events"
DEAD_LETTERS = "dead-letters"
SWARM_DECISIONS = "swarm-decisions"
"""Of the swarms, not of documents: made when the first swarm starts."""
TOPICS = (DOCUMENT_STREAM, PROCESSING_RESULTS, PROCESSING_EVENTS, DEAD_LETTERS)
GROWTH = 10.0
"""Seconds between two looks whether a topic that is followed was given more partitions."""


class LogError(NeuralDocFlowError):
    """The log can't do what was asked now: a full disk, a file that is no log, brokers that do not answer."""


class UnknownTopic(LogError):
    """No such topic or partition."""


class OffsetOutOfRange(LogError):
    """The offset is older than retention, or beyond the end (it is another log's)."""

    def __init__(self, topic: str, partition: int, offset: int, begin: int, end: int) -> None:
        super().__init__(f"{topic}[{partition}] has offsets {begin} to {end}; {offset} is not among them")
        self.topic, self.partition = topic, partition
        self.begin, self.end = begin, end


@dataclass(frozen=True, slots=True)
class Message:
    """A record to be appended."""

    topic: str
    key: str
    value: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


class Record(NamedTuple):
    """A record of the log."""

    topic: str
    partition: int
    offset: int
    key: str
    value: bytes
    headers: Mapping[str, str]
    milliseconds: int
    """When it was appended, since 1970; never goes backwards within a partition."""

    @property
    def timestamp(self) -> datetime:
        """When it was appended, UTC."""
        return datetime.fromtimestamp(self.milliseconds / 1000, UTC)


@dataclass(frozen=True, slots=True)
class Position:
    """Where an appended record went."""

    topic: str
    partition: int
    offset: int


def partition_of(key: str, partitions: int) -> int:
    """The partition of a key: CRC-32 modulo the count, as librdkafka's default partitioner has it."""
    return crc32(key.encode()) % partitions


class Log(ABC):
    """An append-only log. Every method may be called from any thread and any number of processes."""

    @abstractmethod
    def append(self, messages: Iterable[Message]) -> list[Position]:
        """Append all or nothing (embedded) or each (Kafka), in order; durable when this returns.

        Records of one key keep their order. Raises LogError when it can't be made durable.
        """

    @abstractmethod
    def read(
        self, topic: str, partition: int, offset: int, *, limit: int = 500, max_bytes: int = 8 << 20
    ) -> list[Record]:
        """Records from ``offset`` on, at most ``limit`` and ``max_bytes`` (but one at least); [] at the end.

        Raises OffsetOutOfRange.
        """

    @abstractmethod
    def ensure_topic(self, topic: str, partitions: int = 4) -> int:
        """Make the topic unless it is there; the number of partitions it really has."""

    @abstractmethod
    def topics(self) -> dict[str, int]:
        """Every topic with its number of partitions."""

    @abstractmethod
    def id_of(self, topic: str) -> str:
        """Tells a topic from all others, of another log or made anew, whose offsets are not its own.

        Empty where that can't be known now."""

    @abstractmethod
    def begin(self, topic: str, partition: int) -> int:
        """The offset of the oldest record that is kept."""

    @abstractmethod
    def end(self, topic: str, partition: int) -> int:
        """The offset the next record will have."""

    @abstractmethod
    def bounds(self, topic: str) -> dict[int, tuple[int, int]]:
        """Both of every partition of a topic."""

    @abstractmethod
    def offset_at(self, topic: str, partition: int, time: datetime) -> int:
        """The offset of the first record appended at or after ``time``; the end if there is none."""

    @abstractmethod
    def wait(self, positions: Mapping[tuple[str, int], int], timeout: float) -> bool:
        """Wait until a partition has a record at or after its offset; False after ``timeout`` s."""

    @abstractmethod
    def retain(self, topic: str, *, max_age: timedelta | None = None, max_bytes: int | None = None) -> int:
        """Drop the oldest records beyond an age, or a size by partition; how many were dropped."""

    @abstractmethod
    def reached(self, topic: str, positions: Mapping[int, int]) -> None:
        """Show tools that look from outside how far each partition is read; no failure where that fails.

        In Kafka the offsets of a consumer group, which nobody here resumes from; elsewhere nothing.
        """

    @abstractmethod
    def close(self) -> None:
        """Release everything; safe to call twice."""

    def partitions(self, topic: str) -> range:
        """The partitions of a topic. Raises UnknownTopic."""
        found = self.topics().get(topic)
        if found is None:
            raise UnknownTopic(f"there is no topic {topic}")
        return range(found)

    def partitions_now(self, topic: str) -> range:
        """The same, asked anew: a topic in Kafka may be given more, which can be read from now on."""
        return self.partitions(topic)

    def scan(self, topic: str, bounds: Mapping[int, tuple[int, int]]) -> Iterator[Record]:
        """The records of partitions from an offset on, before another: in order within each, partitions in
        any order. What retention has dropped is passed over; it ends where a partition ends before."""
        for partition, (offset, end) in bounds.items():
            while offset < end:
                try:
                    found = self.read(topic, partition, offset)
                except OffsetOutOfRange as error:
                    offset = error.begin
                    continue
                if not found:
                    break
                yield from (record for record in found if record.offset < end)
                offset = found[-1].offset + 1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
