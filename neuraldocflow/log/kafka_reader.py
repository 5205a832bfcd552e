"""Reading partitions of Kafka topics from any offset, mostly on from where it was; for one thread."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from itertools import accumulate
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka import Message as KafkaMessage

from neuraldocflow.log.interface import LogError, OffsetOutOfRange
from neuraldocflow.topics.client import Refusals, reason_of

Place = tuple[str, int]

_SLICE = 0.2
_ASK = 5.0
_PAUSE = 0.05
_GONE = (KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE)
_AHEAD = 1000
"""Messages taken from librdkafka at a time; it has more of its own."""


class Brokers:
    """What a cluster is asked, over a connection of its own: behind a fetch that waits for messages, each
    answer would take as long as that. Thread-safe."""

    def __init__(self, settings: Mapping[str, Any], name: str, patience: float) -> None:
        self._refusals = Refusals()
        self._consumer = Consumer({**settings, "error_cb": self._refusals})
        self.name = name
        self.patience = patience

    def bounds(self, place: Place) -> tuple[int, int]:
        """The oldest offset and the next one, as the brokers have them now. Raises LogError."""
        partition = TopicPartition(*place)
        found = self._ask(lambda: self._consumer.get_watermark_offsets(partition, timeout=_ASK))
        return int(found[0]), int(found[1])

    def offset_at(self, place: Place, milliseconds: int) -> int | None:
        """The offset of the first message of a time or later; None where there is none. Raises LogError."""
        wanted = TopicPartition(*place, milliseconds)
        (found,) = self._ask(lambda: self._consumer.offsets_for_times([wanted], timeout=_ASK))
        return int(found.offset) if found.offset >= 0 else None

    def partitions(self, topic: str | None = None) -> dict[str, int]:
        """Topics with their number of partitions: one, or all. Raises LogError."""
        known = self._ask(lambda: self._consumer.list_topics(topic=topic, timeout=_ASK)).topics
        return {name: len(each.partitions) for name, each in known.items() if each.error is None}

    def _ask(self, question: Callable[[], Any]) -> Any:
        """The brokers' answer, with patience while they find leaders or start. Raises LogError."""
        deadline = time.monotonic() + self.patience
        while True:
            try:
                if (found := question()) is not None:
                    return found
                reason = "no answer"
            except KafkaException as error:
                reason = self._refusals.reason(self._consumer, error)
            if time.monotonic() > deadline:
                raise LogError(f"Kafka at {self.name} does not answer: {reason}")
            time.sleep(_PAUSE)


class Reader:
    """One consumer without a group's duties, and for each partition what it has read ahead."""

    def __init__(self, settings: Mapping[str, Any], brokers: Brokers) -> None:
        self._consumer = Consumer(dict(settings))
        self._brokers = brokers
        self._ahead: dict[Place, list[KafkaMessage]] = {}
        self._start: dict[Place, int] = {}
        """From where on ``_ahead`` has everything up to ``_next``."""
        self._next: dict[Place, int] = {}

    def read(self, place: Place, offset: int, limit: int, max_bytes: int) -> list[KafkaMessage]:
        """Messages from an offset on; [] at the end. Raises OffsetOutOfRange, LogError."""
        ahead = self._at(place, offset)
        if not ahead:  # what has come meanwhile is here already: brokers are asked only where nothing has
            self._fetch(0)
            ahead = self._at(place, offset)
        deadline = time.monotonic() + self._brokers.patience
        while not ahead:
            _, end = self._brokers.bounds(place)
            if max(offset, self._next[place]) >= end:
                return []
            if time.monotonic() > deadline:
                raise LogError(f"Kafka at {self._brokers.name} gives nothing of {place[0]}[{place[1]}]")
            self._fetch(_SLICE)
            ahead = self._at(place, offset)
        found = ahead[:limit]
        if sum(map(len, found)) > max_bytes:
            found = _first(found, max_bytes)
        del ahead[: len(found)]
        self._start[place] = int(found[-1].offset() or 0) + 1
        return found

    def wait(self, positions: Mapping[Place, int], seconds: float, closed: Callable[[], bool]) -> bool:
        """Until a partition has a message at or after its offset. Raises LogError."""
        deadline = time.monotonic() + seconds
        try:
            waiting = [self._at(place, offset) for place, offset in positions.items()]
        except OffsetOutOfRange as error:
            return error.end > 0  # there is something, and reading it says what
        while not any(waiting):
            left = deadline - time.monotonic()
            if left <= 0 or closed():
                return False
            self._fetch(min(left, _SLICE))
        return True

    def _at(self, place: Place, offset: int) -> list[KafkaMessage]:
        """What is read ahead from an offset on; the consumer is sent there if it is elsewhere."""
        if place in self._next and self._start[place] <= offset <= self._next[place]:
            ahead = self._ahead[place]
            if offset > self._start[place]:
                ahead[:] = _from(ahead, offset)
                self._start[place] = offset
            return ahead
        begin, end = self._brokers.bounds(place)
        if not begin <= offset <= end:
            raise OffsetOutOfRange(*place, offset, begin, end)
        try:
            if place in self._next:
                self._consumer.incremental_unassign([TopicPartition(*place)])
            self._consumer.incremental_assign([TopicPartition(*place, offset)])
        except KafkaException as error:
            raise LogError(f"Kafka at {self._brokers.name}: {reason_of(error)}") from error
        self._ahead[place] = []
        self._start[place] = self._next[place] = offset
        return self._ahead[place]

    def _fetch(self, seconds: float) -> None:
        """Take what comes within a time. Raises OffsetOutOfRange where the next message is gone."""
        message = self._consumer.poll(seconds)
        if message is None:
            return
        messages = [message, *self._consumer.consume(_AHEAD, 0)]
        errors = list(map(KafkaMessage.error, messages))
        if errors.count(None) < len(messages):
            for each, error in zip(messages, errors, strict=True):
                if error is not None and error.code() in _GONE:
                    self._forget((str(each.topic()), int(each.partition() or 0)))
                # what else goes wrong passes, or its silence is noticed
            messages = [each for each, error in zip(messages, errors, strict=True) if error is None]
        for place, run in _by_place(messages).items():
            if place in self._next:  # else of before it was sent elsewhere
                fresh = _from(run, self._next[place])
                self._ahead[place] += fresh
                if fresh:
                    self._next[place] = int(fresh[-1].offset() or 0) + 1

    def _forget(self, place: Place) -> None:
        """Retention was faster: the next reading asks anew and says so."""
        if place in self._next:
            self._consumer.incremental_unassign([TopicPartition(*place)])
            del self._ahead[place], self._start[place], self._next[place]


def _by_place(messages: list[KafkaMessage]) -> dict[Place, list[KafkaMessage]]:
    """Messages by partition, in order; quick where all are of one."""
    topics = set(map(KafkaMessage.topic, messages))
    partitions = set(map(KafkaMessage.partition, messages))
    if len(topics) == len(partitions) == 1:
        return {(str(topics.pop()), int(partitions.pop() or 0)): messages}
    found: dict[Place, list[KafkaMessage]] = {}
    for each in messages:
        found.setdefault((str(each.topic()), int(each.partition() or 0)), []).append(each)
    return found


def _from(messages: list[KafkaMessage], offset: int) -> list[KafkaMessage]:
    """Those of a partition from an offset on."""
    if not messages or int(messages[0].offset() or 0) >= offset:
        return messages
    return [each for each in messages if int(each.offset() or 0) >= offset]


def _first(messages: list[KafkaMessage], max_bytes: int) -> list[KafkaMessage]:
    """As many as there is room for, at least one."""
    sizes = accumulate(map(len, messages))
    return messages[: max(1, sum(size <= max_bytes for size in sizes))]
