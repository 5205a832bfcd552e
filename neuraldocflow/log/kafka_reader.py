"""Reading partitions of Kafka topics from any offset, mostly on from where it was; for one thread."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import accumulate
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, OFFSET_END, Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka import Message as KafkaMessage

from neuraldocflow.log.interface import LogError, OffsetOutOfRange
from neuraldocflow.topics.client import Refusals, reason_of

Place = tuple[str, int]

_SLICE = 0.2
_ASK = 5.0
_PAUSE = 0.05
_GONE = (KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE)
_END = KafkaError._PARTITION_EOF
_AHEAD = 500
"""Messages taken from librdkafka at a time, as many as are read at most; it has more of its own."""


class Brokers:
    """What a cluster is asked, over a connection of its own: behind a fetch that waits for messages, each
    answer would take as long as that. Thread-safe."""

    def __init__(self, settings: Mapping[str, Any], name: str, patience: float) -> None:
        self._refusals = Refusals()
        self._consumer = Consumer({**settings, "error_cb": self._refusals})
        self.name = name
        self.patience = patience

    def bounds(self, places: Collection[Place]) -> dict[Place, tuple[int, int]]:
        """The oldest offset and the next one, as the brokers have them now. Raises LogError.

        Two questions for any number of partitions; their watermarks would be asked for one by one.
        """
        begin, end = (self._offsets(dict.fromkeys(places, each)) for each in (OFFSET_BEGINNING, OFFSET_END))
        return {place: (begin[place], end[place]) for place in places}

    def offset_at(self, place: Place, milliseconds: int) -> int | None:
        """The offset of the first message of a time or later; None where there is none. Raises LogError."""
        found = self._offsets({place: milliseconds})[place]
        return found if found >= 0 else None

    def _offsets(self, moments: Mapping[Place, int]) -> dict[Place, int]:
        """For each partition the first offset of a time or later, or one of its ends. Raises LogError."""
        wanted = [TopicPartition(*place, moment) for place, moment in moments.items()]

        def ask() -> dict[Place, int]:
            found = self._consumer.offsets_for_times(wanted, timeout=_ASK)
            for each in found:
                if each.error is not None:
                    raise KafkaException(each.error)
            return {(each.topic, each.partition): int(each.offset) for each in found}

        return self._ask(ask) if wanted else {}

    def partitions(self, topic: str | None = None) -> dict[str, int]:
        """Topics with their number of partitions: one, or all. Raises LogError."""
        known = self._ask(lambda: self._consumer.list_topics(topic=topic, timeout=_ASK)).topics
        return {name: len(each.partitions) for name, each in known.items() if each.error is None}

    def _ask(self, question: Callable[[], Any]) -> Any:
        """The brokers' answer, with patience while they find leaders or start. Raises LogError."""
        deadline = time.monotonic() + self.patience
        while True:
            try:
                return question()
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
        ahead = self._at({place: offset})[place]
        if not ahead:  # what has come meanwhile is here already: brokers are asked only where nothing has
            self._fetch(0)
            ahead = self._at({place: offset})[place]
        deadline = time.monotonic() + self._brokers.patience
        while not ahead:
            _, end = self._brokers.bounds([place])[place]
            if max(offset, self._next[place]) >= end:
                return []
            if time.monotonic() > deadline:
                raise self._silence(place)
            self._fetch(_SLICE)
            ahead = self._at({place: offset})[place]
        found = ahead[:limit]
        if sum(map(len, found)) > max_bytes:
            found = _first(found, max_bytes)
        del ahead[: len(found)]
        self._start[place] = _after(found)
        return found

    def put_back(self, place: Place, messages: list[KafkaMessage]) -> None:
        """The last of what was just read: it is read again, then without asking brokers for it."""
        if messages:
            self._ahead[place][:0] = messages
            self._start[place] = int(messages[0].offset() or 0)

    def scan(self, bounds: Mapping[Place, tuple[int, int]]) -> Iterator[list[KafkaMessage]]:
        """Messages of partitions from an offset on, before another: each time some of one, in order there,
        and of all as they come. What retention has dropped meanwhile is passed over. Raises LogError."""
        left = {place: first for place, (first, end) in bounds.items() if first < end}
        self._assign({place: first for place, first in left.items() if not self._reads(place, first)})
        heard = time.monotonic()
        while left:
            try:
                ahead = self._at(left)
            except OffsetOutOfRange as error:
                left[error.topic, error.partition] = error.begin
                continue
            runs = {place: run.copy() for place, run in ahead.items() if run}
            for place, first in list(left.items()):
                left[place] = self._start[place] = max(first, self._next[place])
                ahead[place].clear()
                if left[place] >= bounds[place][1]:
                    del left[place]
                    self._forget(place)  # what comes after is not read ahead
            for place, run in runs.items():
                yield _before(run, bounds[place][1])
            if runs:
                heard = time.monotonic()
            elif time.monotonic() > heard + self._brokers.patience:
                raise self._silence(next(iter(left)))
            if left:
                self._fetch(_SLICE)

    def wait(self, positions: Mapping[Place, int], seconds: float, closed: Callable[[], bool]) -> bool:
        """Until a partition has a message at or after its offset, or not that offset any more. Raises
        LogError."""
        deadline = time.monotonic() + seconds
        try:
            waiting = self._at(positions).values()
        except OffsetOutOfRange:
            return True  # reading says what there is
        while not any(waiting):
            left = deadline - time.monotonic()
            if left <= 0 or closed():
                return False
            self._fetch(min(left, _SLICE))
        return True

    def _at(self, positions: Mapping[Place, int]) -> dict[Place, list[KafkaMessage]]:
        """What is read ahead of each from its offset on; the consumer is sent to those it does not read."""
        elsewhere = {place: offset for place, offset in positions.items() if not self._reads(place, offset)}
        if elsewhere:
            self._check(elsewhere)
            self._assign(elsewhere)
        for place, offset in positions.items():
            if offset > self._start[place]:
                self._ahead[place][:] = _from(self._ahead[place], offset)
                self._start[place] = offset
        return {place: self._ahead[place] for place in positions}

    def _reads(self, place: Place, offset: int) -> bool:
        return place in self._next and self._start[place] <= offset <= self._next[place]

    def _check(self, positions: Mapping[Place, int]) -> None:
        """Raises OffsetOutOfRange, LogError."""
        bounds = self._brokers.bounds(positions.keys())
        for place, offset in positions.items():
            begin, end = bounds[place]
            if not begin <= offset <= end:
                raise OffsetOutOfRange(*place, offset, begin, end)

    def _assign(self, positions: Mapping[Place, int]) -> None:
        """Read partitions from offsets on; one that is gone is found out by reading. Raises LogError."""
        try:
            for place in positions:
                self._forget(place)
            wanted = [TopicPartition(*place, offset) for place, offset in positions.items()]
            self._consumer.incremental_assign(wanted)
        except KafkaException as error:
            raise LogError(f"Kafka at {self._brokers.name}: {reason_of(error)}") from error
        for place, offset in positions.items():
            self._ahead[place] = []
            self._start[place] = self._next[place] = offset

    def _silence(self, place: Place) -> LogError:
        return LogError(f"Kafka at {self._brokers.name} gives nothing of {place[0]}[{place[1]}]")

    def _fetch(self, seconds: float) -> None:
        """Take what comes within a time."""
        message = self._consumer.poll(seconds)
        if message is None:
            return
        messages = [message, *self._consumer.consume(_AHEAD - 1, 0)]
        errors = list(map(KafkaMessage.error, messages))
        ends: list[KafkaMessage] = []
        if any(errors):  # counting None would compare, which a KafkaError does not bear
            told = list(zip(messages, errors, strict=True))
            messages = [each for each, error in told if error is None]
            ends = [each for each, error in told if error is not None and error.code() == _END]
            for each, error in told:
                if error is not None and error.code() in _GONE:
                    self._forget(_place(each))
                # what else goes wrong passes, or its silence is noticed
        for place, run in _by_place(messages).items():
            if place in self._next:  # else of before it was sent elsewhere
                fresh = _from(run, self._next[place])
                if fresh:
                    self._ahead[place] += fresh
                    self._next[place] = _after(fresh)
        for each in ends:  # after what is no message: a transaction's mark
            if (place := _place(each)) in self._next:
                self._next[place] = max(self._next[place], int(each.offset() or 0))

    def _forget(self, place: Place) -> None:
        """Retention was faster: the next reading asks anew and says so."""
        if place in self._next:
            self._consumer.incremental_unassign([TopicPartition(*place)])
            del self._ahead[place], self._start[place], self._next[place]


def _place(message: KafkaMessage) -> Place:
    return str(message.topic()), int(message.partition() or 0)


def _by_place(messages: list[KafkaMessage]) -> dict[Place, list[KafkaMessage]]:
    """Messages by partition, in order; quick where all are of one."""
    if len(set(map(KafkaMessage.partition, messages))) == len(set(map(KafkaMessage.topic, messages))) == 1:
        return {_place(messages[0]): messages}
    found: dict[Place, list[KafkaMessage]] = {}
    for each in messages:
        found.setdefault(_place(each), []).append(each)
    return found


def _after(messages: list[KafkaMessage]) -> int:
    """The offset to go on with."""
    return int(messages[-1].offset() or 0) + 1


def _from(messages: list[KafkaMessage], offset: int) -> list[KafkaMessage]:
    """Those of a partition from an offset on."""
    if not messages or int(messages[0].offset() or 0) >= offset:
        return messages
    return [each for each in messages if int(each.offset() or 0) >= offset]


def _before(messages: list[KafkaMessage], offset: int) -> list[KafkaMessage]:
    """Those of a partition before an offset."""
    if _after(messages) <= offset:
        return messages
    return [each for each in messages if int(each.offset() or 0) < offset]


def _first(messages: list[KafkaMessage], max_bytes: int) -> list[KafkaMessage]:
    """As many as there is room for, at least one."""
    sizes = accumulate(map(len, messages))
    return messages[: max(1, sum(size <= max_bytes for size in sizes))]
