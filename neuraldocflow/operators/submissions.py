"""Submissions: the documents that came through the gateway (or a replay), read from the log.

One partition for the whole topic: what it emits is keyed at once, so work spreads over all workers. It reads
ahead of what there is room for, and emits what is urgent first: a backlog holds nothing urgent up.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from bytewax.inputs import FixedPartitionedSource

from neuraldocflow.arrivals import Arrivals
from neuraldocflow.components import SourceContext
from neuraldocflow.dead_letters import refused
from neuraldocflow.durable import telling
from neuraldocflow.events import DecodeError, NewDocument, decode
from neuraldocflow.log import DOCUMENT_STREAM, GROWTH, Log, LogError, OffsetOutOfRange, Record
from neuraldocflow.swarm.queues import PriorityQueues
from neuraldocflow.versions import readable

log = logging.getLogger(__name__)

_VERSION = 2
_BATCH = 64
_AHEAD = 4096
"""Records between the first that waits to be emitted and the last that is read, over all partitions."""
_READ = 256
"""Records read of a partition at a time."""
_WAIT = 1.0
_SHOWN = 5.0
"""Seconds between the times it is shown outside how far the topic is read."""


class SubmissionsSource(FixedPartitionedSource[NewDocument, Any]):
    """NewDocument events of ``document-stream``; offsets are in the snapshot, so none is lost.

    Without ``by_priority`` they come in the order of the log, tenants in turn, as in the scheduler.
    """

    def __init__(self, job_log: Log, context: SourceContext, *, by_priority: bool = True) -> None:
        self._log = job_log
        self._context = context
        self._by_priority = by_priority

    def list_parts(self) -> list[str]:
        return ["submissions"]

    def build_part(self, step_id: str, for_part: str, resume_state: Any) -> SubmissionsPartition:
        return SubmissionsPartition(self._log, self._context, resume_state, by_priority=self._by_priority)


class _Place:
    """How far a partition of the topic is read, and which of what is read still waits to be emitted."""

    def __init__(self, begin: int, end: int, waiting: Iterable[int]) -> None:
        self._unread = set(waiting)
        """Offsets before ``end``, as far as the snapshot reaches: the others there were emitted."""
        self._end = end
        self.position = min(self._unread, default=max(begin, end))
        self.waiting: dict[int, None] = {}

    @property
    def first(self) -> int:
        """Where reading has to go on after a restart."""
        return next(iter(self.waiting), self.position)

    def passed(self, offset: int) -> bool:
        """Notes that a record is read; whether it was emitted before."""
        self.position = offset + 1
        if offset >= self._end:
            return False
        new = offset in self._unread
        self._unread.discard(offset)
        return not new

    def skip_to(self, begin: int, end: int) -> bool:
        """Records before ``begin`` are gone. Whether the log is another one: it ends before what was read."""
        another = self.reach() > end
        if another:
            self._unread, self._end = set(), begin
        self._unread = {offset for offset in self._unread if offset >= begin}
        self.position = begin
        return another

    def left(self) -> list[int]:
        """Offsets that are read or were, and not emitted."""
        return [*self.waiting, *sorted(self._unread)]

    def reach(self) -> int:
        """The offset from which on nothing was ever read."""
        return max(self.position, self._end)


@dataclass(slots=True)
class _Waiting:
    part: int
    offset: int
    event: NewDocument


class SubmissionsPartition(Arrivals[Any]):
    """All partitions of the topic, in turn."""

    def __init__(self, job_log: Log, context: SourceContext, state: Any, *, by_priority: bool = True) -> None:
        super().__init__(context)
        self._log = job_log
        self._by_priority = by_priority
        resumed = readable("submissions", state, (1, _VERSION)) or {"positions": {}}
        self._topic_id, was = job_log.id_of(DOCUMENT_STREAM), resumed.get("topic_id", "")
        if self._topic_id and was and self._topic_id != was:
            log.warning("the log of the submissions is another one: all of it is read")
            resumed = {"positions": {}}
        self._topic_id = self._topic_id or was
        known, left = resumed["positions"], resumed.get("waiting", {})  # version 1 read nothing ahead
        parts = job_log.partitions(DOCUMENT_STREAM)
        self._places = {
            part: _Place(job_log.begin(DOCUMENT_STREAM, part), known.get(part, 0), left.get(part, ()))
            for part in parts
        }
        self._counted = len(parts)
        self._ahead = max(_AHEAD // max(len(parts), 1), _READ)
        self._queues: PriorityQueues[_Waiting] = PriorityQueues()
        self._ends = {part: job_log.end(DOCUMENT_STREAM, part) for part in parts} if context.once else None
        self._kept = self._firsts()
        """As of the latest snapshot."""
        self._held = False
        """Whether a partition was not read because much of it waits already."""
        self._news, self._taken, self._closed = threading.Event(), threading.Event(), threading.Event()
        self._news.set()
        threading.Thread(target=self._listen, name="submissions", daemon=True).start()

    def drained(self) -> bool:
        return self._ends is not None and all(
            self._places[part].first >= end for part, end in self._ends.items()
        )

    def _listen(self) -> None:
        """Tells the dataflow's thread, which may sleep in another source, that something has come."""
        shown: dict[int, int] = {}
        at = counted = time.monotonic()
        while not self._closed.is_set():
            try:
                if time.monotonic() - counted > GROWTH:
                    counted = time.monotonic()
                    self._count()
                if shown != self._kept and time.monotonic() - at > _SHOWN:
                    shown, at = self._kept, time.monotonic()
                    self._log.reached(DOCUMENT_STREAM, shown)
                places = {(DOCUMENT_STREAM, part): place.position for part, place in self._places.items()}
                if self._log.wait(places, _WAIT) and not self._closed.is_set():
                    self._taken.clear()
                    self._news.set()
                    self._context.arrived.set()
                    self._taken.wait(_WAIT)
            except LogError as error:
                log.warning("submissions can't be read: %s; trying again", error)
                self._closed.wait(_WAIT)

    def _count(self) -> None:
        """Have partitions that were added read after another start, as those of Kafka sources are."""
        try:
            now = len(self._log.partitions_now(DOCUMENT_STREAM))
        except LogError:  # who reads or writes says that the log is away
            return
        if now <= self._counted:
            return
        told = f"{DOCUMENT_STREAM} has {now} partitions now, {len(self._places)} are read"
        self._counted = now
        if self._context.start_again is None or self._context.once:
            log.warning("%s: start the job again to read all of them", told)
        else:
            self._context.start_again(told)

    def close(self) -> None:
        self._closed.set()
        self._taken.set()

    def take(self) -> list[NewDocument]:
        """What there is room for of what waits, the most urgent first."""
        if self._news.is_set():
            self._look_ahead()
        events: list[NewDocument] = []
        room, urgent_room = self._context.room(), self._context.urgent_room()
        while len(events) < min(urgent_room, _BATCH):
            found = self._queues.take(urgent=len(events) >= room)
            if found is None:
                break
            place = self._places[found.part]
            place.waiting.pop(found.offset, None)
            events.append(found.event)
        if events and self._held:
            self._news.set()  # it can be read further now
        return events

    def _look_ahead(self) -> None:
        self._news.clear()
        self._held = False
        for part, place in self._places.items():
            limit = min(place.first + self._ahead - place.position, _READ)
            if limit <= 0:
                self._held = True
                continue
            try:
                with telling(self._context.waiting):
                    records = self._log.read(DOCUMENT_STREAM, part, place.position, limit=limit)
            except OffsetOutOfRange as error:
                if place.skip_to(error.begin, error.end):
                    log.warning("partition %d of the submissions is another one: all of it is read", part)
                else:
                    log.warning("submissions up to offset %d of partition %d are gone", error.begin, part)
                self._news.set()
                continue
            except LogError as error:
                log.warning("submissions can't be read: %s; trying again", error)
                break  # when the thread that listens finds the log back
            for record in records:
                if place.passed(record.offset):
                    continue
                event = self._decoded(record)
                if event is not None:
                    place.waiting[record.offset] = None
                    priority = event.priority if self._by_priority else "normal"
                    self._queues.put(_Waiting(part, record.offset, event), priority, event.tenant)
            if self._ends is not None and not records:
                self._ends[part] = min(self._ends[part], place.position)  # only a transaction's mark is left
            if len(records) >= limit or (self._ends is not None and records):
                self._news.set()  # there may be more
        self._taken.set()

    def _decoded(self, record: Record) -> NewDocument | None:
        """The document; what is none goes to the dead letters with the reason."""
        try:
            event = decode(record.value)
            if isinstance(event, NewDocument):
                return event
            reason = f"a {event.name} is no document"
        except DecodeError as error:
            reason = str(error)
        origin = f"{record.topic}[{record.partition}]@{record.offset}"
        log.warning("%s can't be taken up: %s", origin, reason)
        self._log.append([refused(record.key, record.value, reason, origin).message()])
        return None

    def snapshot(self) -> Any:
        self._kept = self._firsts()
        return {
            "version": _VERSION,
            "topic_id": self._topic_id,
            "positions": {part: place.reach() for part, place in self._places.items()},
            "waiting": {part: left for part, place in self._places.items() if (left := place.left())},
        }

    def _firsts(self) -> dict[int, int]:
        return {part: place.first for part, place in self._places.items()}
