"""Submissions: the documents that came through the gateway (or a replay), read from the log.

One partition for the whole topic: what it emits is keyed at once, so work spreads over all workers.
"""

from __future__ import annotations

import logging
import threading
import time
from datetime import datetime
from typing import Any

from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition

from neuraldocflow.components import SourceContext
from neuraldocflow.dead_letters import refused
from neuraldocflow.events import DecodeError, NewDocument, decode
from neuraldocflow.log import DOCUMENT_STREAM, Log, LogError, OffsetOutOfRange, Record
from neuraldocflow.versions import readable
from neuraldocflow.wakes import look_again

log = logging.getLogger(__name__)

_VERSION = 1
_BATCH = 64
_WAIT = 1.0
_SHOWN = 5.0
"""Seconds between the times it is shown outside how far the topic is read."""


class SubmissionsSource(FixedPartitionedSource[NewDocument, Any]):
    """NewDocument events of ``document-stream``; offsets are in the snapshot, so none is lost."""

    def __init__(self, job_log: Log, context: SourceContext) -> None:
        self._log = job_log
        self._context = context

    def list_parts(self) -> list[str]:
        return ["submissions"]

    def build_part(self, step_id: str, for_part: str, resume_state: Any) -> SubmissionsPartition:
        return SubmissionsPartition(self._log, self._context, resume_state)


class SubmissionsPartition(StatefulSourcePartition[NewDocument, Any]):
    """All partitions of the topic, in turn."""

    def __init__(self, job_log: Log, context: SourceContext, state: Any) -> None:
        self._log = job_log
        self._context = context
        resumed = readable("submissions", state, (_VERSION,))
        known: dict[int, int] = resumed["positions"] if resumed else {}
        places = job_log.partitions(DOCUMENT_STREAM)
        self._positions = {part: known.get(part, job_log.begin(DOCUMENT_STREAM, part)) for part in places}
        self._ends = {part: job_log.end(DOCUMENT_STREAM, part) for part in places} if context.once else None
        self._kept = dict(self._positions)
        """As of the latest snapshot."""
        self._idle = False
        self._news, self._taken, self._closed = threading.Event(), threading.Event(), threading.Event()
        self._news.set()
        threading.Thread(target=self._listen, name="submissions", daemon=True).start()

    def next_batch(self) -> list[NewDocument]:
        if self._context.stopping.is_set():
            return self._nothing_more()
        events, rested = self._read(), False
        if not events:
            if self._ends is not None and all(self._positions[p] >= end for p, end in self._ends.items()):
                return self._nothing_more()
            if rested := self._context.rest():
                events = self._read()
        self._idle = not (events or rested)
        return events

    def _listen(self) -> None:
        """Tells the dataflow's thread, which may sleep in another source, that something has come."""
        shown: dict[int, int] = {}
        at = time.monotonic()
        while not self._closed.is_set():
            try:
                if shown != self._kept and time.monotonic() - at > _SHOWN:
                    shown, at = self._kept, time.monotonic()
                    self._log.reached(DOCUMENT_STREAM, shown)
                places = {(DOCUMENT_STREAM, part): offset for part, offset in self._positions.items()}
                if self._log.wait(places, _WAIT) and not self._closed.is_set():
                    self._taken.clear()
                    self._news.set()
                    self._context.arrived.set()
                    self._taken.wait(_WAIT)
            except LogError as error:
                log.warning("submissions can't be read: %s; trying again", error)
                self._closed.wait(_WAIT)

    def close(self) -> None:
        self._closed.set()
        self._taken.set()

    def _read(self) -> list[NewDocument]:
        events: list[NewDocument] = []
        room = min(self._context.room(), _BATCH)
        if not room or not self._news.is_set():
            return events
        self._news.clear()
        for part, offset in self._positions.items():
            if len(events) >= room:
                break
            try:
                records = self._log.read(DOCUMENT_STREAM, part, offset, limit=room - len(events))
            except OffsetOutOfRange as error:
                log.warning("submissions up to offset %d of partition %d are gone", error.begin, part)
                self._positions[part] = error.begin
                continue
            for record in records:
                event = self._decoded(record)
                if event is not None:
                    events.append(event)
                self._positions[part] = record.offset + 1
        if len(events) >= room:
            self._news.set()  # there may be more
        self._taken.set()
        return events

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

    def _nothing_more(self) -> list[NewDocument]:
        if self._context.may_end():
            raise StopIteration
        self._idle = True
        return []

    def next_awake(self) -> datetime:
        return look_again(self._idle)

    def snapshot(self) -> Any:
        self._kept = dict(self._positions)
        return {"version": _VERSION, "positions": self._kept}
