"""Extract: documents wait, and are worked on, as keyed state; the swarm's agents do the work.

What is pending is in the snapshot, as references, so that a restart submits it again. Results never pass
through here: an agent writes one to a file, and its :class:`~neuraldocflow.swarm.Outcome` says where.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bytewax.operators import StatefulBatchLogic

from neuraldocflow.errors import DocumentError
from neuraldocflow.events import (
    DocumentReceived,
    Event,
    NewDocument,
    ProcessingProgress,
    ProcessingStarted,
    decode,
    encode,
)
from neuraldocflow.job.engine import Engine
from neuraldocflow.swarm.job import Outcome, Progress
from neuraldocflow.versions import readable
from neuraldocflow.wakes import wake_in, wake_together

_VERSION = 2
_SOONEST, _LATEST = 0.003, 0.05
"""Seconds between looks: soon for what just began, later for what has waited long anyway."""


@dataclass(frozen=True, slots=True)
class Finished:
    """A document whose work is over, and how: an agent's outcome, or the error that spared it one."""

    document: NewDocument
    outcome: Outcome | None = None
    error: dict[str, Any] | None = None


Extracted = Event | Finished


@dataclass(slots=True)
class _Pending:
    event: NewDocument
    attempt: int = 1
    started: int = 0
    """The last attempt that was told to have begun."""
    told: int = 0
    """How many progress events went out."""
    progress: float = 0.0
    """The furthest that was told: another attempt begins anew, and is shown when it is further."""
    since: float = field(default_factory=time.monotonic)

    def state(self) -> tuple[bytes, int, int, int, float]:
        """What a restart needs to know, small: the event is a reference."""
        return encode(self.event), self.attempt, self.started, self.told, self.progress


class Extract(StatefulBatchLogic[NewDocument, Extracted, dict[str, Any]]):
    """The documents of one key: handed to the swarm, looked after, and given on when done."""

    def __init__(self, engine: Engine, state: dict[str, Any] | None) -> None:
        self._engine = engine
        self._pending: dict[tuple[str, int], _Pending] = {}
        self._owner = engine.owner()
        self._refused: list[Extracted] = []
        known = readable("extract", state, (1, _VERSION))
        for each in known["pending"] if known else []:
            data, *more = (each,) if isinstance(each, bytes) else each  # version 1 had the event alone
            event = decode(data)
            assert isinstance(event, NewDocument)
            self._refused.extend(self._accepted(_Pending(event, *more), resumed=True))

    def on_batch(self, values: list[NewDocument]) -> tuple[list[Extracted], bool]:
        out: list[Extracted] = []
        for event in values:
            about = {"profile": event.profile, "priority": event.priority, "options": event.options}
            out.append(DocumentReceived(**identity_of(event), source=event.source, metadata=about))
            out.extend(self._accepted(_Pending(event)))
        return self._collected(out)

    def on_notify(self) -> tuple[list[Extracted], bool]:
        return self._collected([])

    def on_eof(self) -> tuple[list[Extracted], bool]:
        """Waits for what is under way until the engine's deadline; the rest stays in the snapshot."""
        out, done = self._collected([])
        while not done and self._engine.wait():
            more, done = self._collected([])
            out.extend(more)
        return out, done

    def notify_at(self) -> datetime | None:
        if self._refused:
            return wake_in(0.0)
        if not self._pending:
            return None
        age = time.monotonic() - max(each.since for each in self._pending.values())
        step = _LATEST
        while step > max(age / 20, 2 * _SOONEST):
            step /= 2  # so that the looks of all keys fall together
        return wake_together(step)

    def snapshot(self) -> dict[str, Any]:
        return {"version": _VERSION, "pending": [each.state() for each in self._pending.values()]}

    def _accepted(self, pending: _Pending, *, resumed: bool = False) -> list[Finished]:
        """Hand a document to the swarm; it is finished at once where that is hopeless."""
        event = pending.event
        if event.error is not None:
            return [Finished(event, error=event.error.model_dump(by_alias=True))]
        try:
            taken = self._engine.submit(event, self._owner, pending.attempt, resumed=resumed)
        except DocumentError as error:
            return [Finished(event, error=error.to_dict())]
        if taken:
            self._pending[event.id, event.run] = pending
        return []

    def _collected(self, out: list[Extracted]) -> tuple[list[Extracted], bool]:
        if self._refused:
            out, self._refused = [*self._refused, *out], []
        outcomes = self._engine.outcomes(self._owner)  # first: what was told of these is all there then
        for progress in self._engine.progress(self._owner):
            pending = self._pending.get((progress.document_id, progress.run))
            if pending is not None:
                out.extend(self._told(pending, progress))
        for outcome in outcomes:
            done = self._pending.pop((outcome.job.document_id, outcome.job.run), None)
            if done is not None:
                out.append(Finished(done.event, outcome))
        return out, not self._pending

    def _told(self, pending: _Pending, progress: Progress) -> Iterator[Event]:
        """The events of what was told of a document."""
        identity = identity_of(pending.event)
        pending.attempt = progress.attempt
        if progress.agent_id and pending.started < progress.attempt:
            pending.started = progress.attempt
            yield ProcessingStarted(
                **identity,
                sequence=progress.attempt - 1,
                swarm_id=self._engine.swarm_id,
                agent_id=progress.agent_id,
                attempt=progress.attempt,
                estimated_duration_ms=progress.estimated_remaining_ms,
            )
        pending.progress = max(pending.progress, progress.progress)
        yield ProcessingProgress(
            **identity,
            sequence=pending.told,
            progress=pending.progress,
            stage=progress.stage,
            current_operation=progress.current_operation,
            estimated_remaining_ms=progress.estimated_remaining_ms,
            intermediate_results=progress.intermediate,
        )
        pending.told += 1


def identity_of(document: NewDocument) -> dict[str, Any]:
    """What every event of a document's run has in common."""
    return {
        "id": document.id,
        "run": document.run,
        "origin": "/dataflow",
        "tenant": document.tenant,
    }
