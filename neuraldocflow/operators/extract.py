"""Extract: documents wait, and are worked on, as keyed state; the swarm's agents do the work.

What is pending is in the snapshot, as references, so that a restart submits it again. Results never pass
through here: an agent writes one to a file, and its :class:`~neuraldocflow.swarm.Outcome` says where.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bytewax.operators import StatefulBatchLogic

from neuraldocflow.engine import Engine
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
from neuraldocflow.swarm import Outcome
from neuraldocflow.versions import readable
from neuraldocflow.wakes import wake_in

_VERSION = 1
_SOONEST, _LATEST = 0.004, 0.05
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
    since: float
    told: int = 0
    """How many progress events went out."""
    started: bool = False


class Extract(StatefulBatchLogic[NewDocument, Extracted, dict[str, Any]]):
    """The documents of one key: handed to the swarm, looked after, and given on when done."""

    def __init__(self, engine: Engine, state: dict[str, Any] | None) -> None:
        self._engine = engine
        self._pending: dict[tuple[str, int], _Pending] = {}
        self._owner = engine.owner()
        self._refused: list[Extracted] = []
        known = readable("extract", state, (_VERSION,))
        for data in known["pending"] if known else []:
            event = decode(data)
            assert isinstance(event, NewDocument)
            self._refused.extend(self._accept(event, resumed=True))

    def on_batch(self, values: list[NewDocument]) -> tuple[list[Extracted], bool]:
        out: list[Extracted] = []
        for event in values:
            out.extend(self._accept(event, resumed=False))
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
        return wake_in(min(max(age / 20, _SOONEST), _LATEST))

    def snapshot(self) -> dict[str, Any]:
        return {"version": _VERSION, "pending": [encode(each.event) for each in self._pending.values()]}

    def _accept(self, event: NewDocument, *, resumed: bool) -> list[Extracted]:
        out: list[Extracted] = []
        if not resumed:
            about = {"profile": event.profile, "priority": event.priority, "options": event.options}
            out.append(DocumentReceived(**identity_of(event), source=event.source, metadata=about))
        if event.error is not None:
            out.append(Finished(event, error=event.error.model_dump(by_alias=True)))
            return out
        try:
            self._engine.submit(event, self._owner)
        except DocumentError as error:
            out.append(Finished(event, error=error.to_dict()))
            return out
        self._pending[event.id, event.run] = _Pending(event, time.monotonic())
        return out

    def _collected(self, out: list[Extracted]) -> tuple[list[Extracted], bool]:
        if self._refused:
            out, self._refused = [*self._refused, *out], []
        for progress in self._engine.progress(self._owner):
            pending = self._pending.get((progress.document_id, progress.run))
            if pending is None:
                continue
            identity = identity_of(pending.event)
            if progress.agent_id and not pending.started:
                pending.started = True
                out.append(
                    ProcessingStarted(
                        **identity,
                        swarm_id=self._engine.swarm_id,
                        agent_id=progress.agent_id,
                        estimated_duration_ms=progress.estimated_remaining_ms,
                    )
                )
            out.append(
                ProcessingProgress(
                    **identity,
                    sequence=pending.told,
                    progress=progress.progress,
                    stage=progress.stage,
                    current_operation=progress.current_operation,
                    estimated_remaining_ms=progress.estimated_remaining_ms,
                    intermediate_results=progress.intermediate,
                )
            )
            pending.told += 1
        for outcome in self._engine.outcomes(self._owner):
            done = self._pending.pop((outcome.job.document_id, outcome.job.run), None)
            if done is not None:
                out.append(Finished(done.event, outcome))
        return out, not self._pending


def identity_of(document: NewDocument) -> dict[str, Any]:
    """What every event of a document's run has in common."""
    return {
        "id": document.id,
        "run": document.run,
        "origin": "/dataflow",
        "tenant": document.tenant,
    }
