"""Reading ahead: one consumer and one thread for all partitions that a process reads of a source.

Messages are decoded, and documents stored, in the thread; the dataflow's workers find events in lanes, one a
partition. A full lane's partition is paused. The thread also commits offsets, and rides out brokers that are
away.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf
from typing import Any

from confluent_kafka import (
    OFFSET_BEGINNING,
    OFFSET_END,
    Consumer,
    KafkaError,
    KafkaException,
    TopicPartition,
)

from neuraldocflow.errors import Unreachable
from neuraldocflow.events import DecodeError, NewDocument
from neuraldocflow.outages import Outage
from neuraldocflow.topics.client import headers_of, partitions_of, reason_of
from neuraldocflow.topics.forms import Document, Manners, Taken, read

log = logging.getLogger(__name__)

_WAIT, _SHORT, _ASK = 0.2, 0.005, 3.0
"""Seconds a message is waited for (short: while a full lane may have room soon), and an answer."""
_COMMIT_EVERY, _COMMIT_AGAIN, _LOOK_SOON = 0.5, 2.0, 1.0
"""Seconds between two commits (after a failure), and two looks at the topics while brokers are away."""
_AT_THE_END = 5.0
"""Seconds that brokers get for the last commit."""
_FULL, _OVER = 0.5, 4
"""Seconds after which a full lane's partition is paused; at once when it is so many times full."""
_FRESH = 5.0
"""Seconds a more urgent partition that gives nothing, though not at its end, keeps others waiting."""
_PASSING = (
    *(KafkaError._TRANSPORT, KafkaError._TIMED_OUT, KafkaError._ALL_BROKERS_DOWN, KafkaError._WAIT_COORD),
    *(KafkaError.NOT_COORDINATOR, KafkaError.COORDINATOR_NOT_AVAILABLE),
    *(KafkaError.COORDINATOR_LOAD_IN_PROGRESS, KafkaError.REQUEST_TIMED_OUT),
    *(KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE),
    *(KafkaError.FENCED_LEADER_EPOCH, KafkaError.UNKNOWN_LEADER_EPOCH),
)
"""Errors that come and go while brokers start, stop and change places."""
Place = tuple[str, int]
"""A topic and a partition."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A message that is no document, and why."""

    taken: Taken
    reason: str


@dataclass(frozen=True, slots=True)
class Passed:
    """The partition's end was reached, or something that is no message was passed over."""


Item = tuple[int, NewDocument | Refused | Passed]
"""The offset to go on with after it, and what it is."""


@dataclass(slots=True)
class Lane:
    """What was read ahead of a partition."""

    place: Place
    rank: int
    """0 is the most urgent."""
    manners: Manners
    start: int | None
    """Where to begin; None: where the group is."""
    fresh: bool
    """The topic was read before it had this partition: so from its beginning, unless the group is in it."""
    items: deque[Item] = field(default_factory=deque)
    end: int | None = None
    """Where the partition ended at the start, for a job that is to end there."""
    paused: bool = False
    full_since: float = 0.0
    ended: bool = False
    """Its ``end`` was reached; what comes after that is not for this job."""
    finished: bool = False
    at_end: bool = False
    came: float = field(default_factory=time.monotonic)


class Reader:
    """``store`` keeps a document's bytes and makes its event; ``arrived`` is called when something came, and
    ``grown``, with which, when topics have more partitions than are read: looked for every ``look_every``
    seconds."""

    def __init__(
        self,
        consumer: Consumer,
        outage: Outage,
        store: Callable[[Document], NewDocument],
        arrived: Callable[[], None],
        grown: Callable[[str], None],
        *,
        look_every: float,
        ahead: int,
        once: bool,
        latest: bool,
    ) -> None:
        self._consumer = consumer
        self._outage = outage
        self._store = store
        self._arrived = arrived
        self._grown = grown
        self._look_every = look_every if look_every > 0 else inf
        self._ahead = ahead
        self._once = once
        self._latest = latest
        self._lock = threading.Lock()
        self._opened: list[Lane] = []
        self._lanes: dict[Place, Lane] = {}
        self._wanted: dict[Place, int] = {}
        self._sent: dict[Place, int] = {}
        """What brokers were told last, whether or not they have answered."""
        self._committed: dict[Place, int] = {}
        self._counts: dict[str, int] = {}
        self._commit_at = 0.0
        self._given_up = False
        self._look_at = time.monotonic() + _LOOK_SOON
        self._stopped = threading.Event()
        self._room = threading.Event()
        self._thread: threading.Thread | None = None
        self.fault: Exception | None = None

    def open(self, lane: Lane) -> None:
        """Read a partition from now on."""
        with self._lock:
            self._opened.append(lane)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="kafka-reader", daemon=True)
                self._thread.start()

    def watch(self, counts: dict[str, int]) -> None:
        """The topics' numbers of partitions: more than that will be told of."""
        self._counts = dict(counts)

    def more_urgent(self, rank: int) -> bool:
        """Whether something more urgent than ``rank`` was read, or is about to be."""
        recently = time.monotonic() - _FRESH
        with self._lock:
            lanes = [*self._lanes.values(), *self._opened]
        return any(
            lane.items or (not lane.at_end and lane.came > recently)
            for lane in lanes
            if lane.rank < rank and not lane.finished
        )

    def taken(self, lane: Lane) -> None:
        """Something was taken out of a lane: a reader that waits for room may go on."""
        if len(lane.items) <= self._ahead // 2:
            self._room.set()

    def commit(self, place: Place, offset: int) -> None:
        """The group has done with everything before ``offset``; told to the brokers soon."""
        with self._lock:
            if self._committed.get(place) != offset:
                self._wanted[place] = offset

    def stop(self) -> None:
        """Read no more, and commit what is wanted."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()
        self.commit_now()

    def commit_now(self) -> None:
        """Commit what is wanted, from whichever thread, after ``stop``. Brokers that do not answer in time
        are told after the next start: they are not to hold up the job's end."""
        if not self._given_up:
            committing = threading.Thread(target=self._commit_last, name="kafka-commit", daemon=True)
            committing.start()
            committing.join(_AT_THE_END)
            self._given_up = committing.is_alive()  # the client itself waits most of a minute for an answer

    def _commit_last(self) -> None:
        with self._lock:
            unanswered = {
                place: offset for place, offset in self._sent.items() if self._committed.get(place) != offset
            }
            wanted, self._wanted = {**unanswered, **self._wanted}, {}
            self._sent.update(wanted)
        if not wanted:
            return
        try:
            self._consumer.commit(offsets=_positions(wanted), asynchronous=False)
            self._committed.update(wanted)
        except KafkaException as error:
            self._outage.goes_on(f"offsets can't be committed: {reason_of(error)}")

    def close(self) -> None:
        self._consumer.close()

    def _run(self) -> None:
        try:
            while not self._stopped.is_set():
                self._assign()
                self._commit()
                self._look()
                self._read()
        except Exception as error:
            log.exception("reading from Kafka ended")
            self.fault = error
            self._arrived()

    def _assign(self) -> None:
        with self._lock:
            opened = list(self._opened)
        for lane in opened:
            position = TopicPartition(*lane.place)
            try:
                if self._once and lane.end is None:
                    lane.end = self._consumer.get_watermark_offsets(position, timeout=_ASK)[1]
                position.offset = self._begin(lane) if lane.start is None else lane.start
                self._consumer.incremental_assign([position])
            except KafkaException as error:
                self.trouble(error.args[0])
                self._stopped.wait(_WAIT)
                return
            lane.came = time.monotonic()
            with self._lock:
                self._opened.remove(lane)
                self._lanes[lane.place] = lane

    def _begin(self, lane: Lane) -> int:
        """Where the group is, else an end of the partition. Raises KafkaException.

        Left to the client, a coordinator that is not there yet was now and then not asked again.
        """
        (stored,) = self._consumer.committed([TopicPartition(*lane.place)], timeout=_ASK)
        if stored.error is not None:
            raise KafkaException(stored.error)
        if stored.offset >= 0:
            return int(stored.offset)
        return OFFSET_BEGINNING if lane.fresh or not self._latest else OFFSET_END

    def _hold(self) -> bool:
        """Pause partitions whose lanes stay full, let others go on; whether nothing can be taken just now.

        A lane that is full for a moment only is waited for: pausing makes the client fetch again.
        """
        now, nothing = time.monotonic(), True
        for lane in self._lanes.values():
            if lane.finished:
                continue
            waiting = len(lane.items)
            if waiting < self._ahead:
                lane.full_since = 0.0
                if lane.paused and waiting <= self._ahead // 2 and not lane.ended:
                    self._consumer.resume([TopicPartition(*lane.place)])
                    lane.paused, lane.came = False, now
            elif not lane.paused:
                lane.full_since = lane.full_since or now
                if waiting >= _OVER * self._ahead or now - lane.full_since > _FULL:
                    self._pause(lane)
            nothing = nothing and (lane.paused or waiting >= self._ahead)
        return nothing

    def _read(self) -> None:
        if not self._lanes:
            self._stopped.wait(0.05)
            return
        if self._hold() and not all(lane.paused for lane in self._lanes.values()):
            self._room.wait(_SHORT)
            self._room.clear()
            return
        held = any(lane.paused and not lane.finished for lane in self._lanes.values())
        message = self._consumer.poll(_SHORT if held else _WAIT)
        if message is None:
            return
        for each in (message, *self._consumer.consume(max(self._ahead - 1, 1), timeout=0)):
            self._take(each)
            if self._stopped.is_set():
                return
        self._arrived()

    def _take(self, message: Any) -> None:
        error = message.error()
        if error is not None and error.code() != KafkaError._PARTITION_EOF:
            if error.fatal():
                raise KafkaException(error)
            self.trouble(error)
            return
        self._outage.over()
        lane = self._lanes[message.topic(), message.partition()]
        lane.came = time.monotonic()
        if lane.finished:
            return
        if error is not None:
            lane.at_end = True
            lane.items.append((message.offset(), Passed()))
            return
        lane.at_end = False
        if lane.end is not None and message.offset() >= lane.end:
            lane.items.append((message.offset(), Passed()))
            lane.ended = True
            self._pause(lane)
            return
        headers = headers_of(message)
        taken = Taken(
            message.topic(),
            message.partition(),
            message.offset(),
            message.timestamp()[1],
            _text(message.key()),
            message.value(),
            {name.lower(): _text(value) for name, value in headers or ()},
        )
        if headers is None:
            found: NewDocument | Refused | Passed = Refused(taken, "a header's name is not UTF-8")
        else:
            found = self._event(taken, lane.manners)
        lane.items.append((taken.offset + 1, found))

    def _event(self, taken: Taken, manners: Manners) -> NewDocument | Refused | Passed:
        try:
            found = read(taken, manners)
            return found if isinstance(found, NewDocument) else self._kept(found)
        except DecodeError as error:
            return Refused(taken, str(error))

    def _kept(self, document: Document) -> NewDocument | Passed:
        """The event of a document, once its bytes are stored. Raises DecodeError."""
        outage = Outage("the payload store")
        while True:
            try:
                event = self._store(document)
                outage.over()
                return event
            except (OSError, Unreachable) as error:
                if self._stopped.wait(outage.goes_on(str(error))):
                    return Passed()  # it goes nowhere any more

    def _pause(self, lane: Lane) -> None:
        if not lane.paused:
            self._consumer.pause([TopicPartition(*lane.place)])
            lane.paused = True

    def _commit(self) -> None:
        now = time.monotonic()
        if now < self._commit_at:
            return
        with self._lock:
            wanted, self._wanted = self._wanted, {}
            self._sent.update(wanted)
        if wanted:
            self._commit_at = now + _COMMIT_EVERY
            self._consumer.commit(offsets=_positions(wanted), asynchronous=True)

    def committed(self, error: KafkaError | None, positions: list[TopicPartition]) -> None:
        """For the consumer's ``on_commit``."""
        for each in positions:
            place, trouble = (each.topic, each.partition), error or each.error
            with self._lock:
                latest = self._sent.get(place) == each.offset  # else a later one was told since
                if latest and trouble is None:
                    self._committed[place] = each.offset
                elif latest:
                    self._wanted.setdefault(place, each.offset)
            if trouble is not None:
                self.trouble(trouble)
                self._commit_at = time.monotonic() + _COMMIT_AGAIN

    def trouble(self, error: KafkaError) -> None:
        """The client tries again by itself. What may be over by now is looked at before it is told."""
        if error.code() in _PASSING:
            self._look_at = 0.0
        else:
            self._outage.goes_on(reason_of(error))

    def _look(self) -> None:
        """Do the brokers answer? Has a topic more partitions than are read?"""
        now = time.monotonic()
        if now < self._look_at:
            return
        self._look_at = now + self._look_every
        try:
            found = {topic: partitions_of(self._consumer, topic, _ASK) for topic in self._counts}
        except KafkaException as error:
            self._outage.goes_on(reason_of(error))
            self._look_at = now + _LOOK_SOON
            return
        self._outage.over()
        more = [
            f"{topic} has {count} partitions now, {self._counts[topic]} are read"
            for topic, count in found.items()
            if count > self._counts[topic]
        ]
        if more:
            self._grown("; ".join(more))


def _positions(wanted: dict[Place, int]) -> list[TopicPartition]:
    return [TopicPartition(topic, partition, offset) for (topic, partition), offset in wanted.items()]


def _text(value: bytes | str | None) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value or ""
