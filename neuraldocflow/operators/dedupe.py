"""Dedupe: a document that comes again, within a bounded window, goes no further."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bytewax.operators import StatefulBatchLogic

from neuraldocflow.events import NewDocument
from neuraldocflow.versions import readable

WINDOW = 1024
"""Documents remembered a key; 64 keys."""
_VERSION = 1


class Dedupe(StatefulBatchLogic[NewDocument, NewDocument, dict[str, Any]]):
    """Passes each run of a document once; remembers the last :data:`WINDOW` ids of its key."""

    def __init__(self, state: dict[str, Any] | None) -> None:
        known = readable("dedupe", state, (_VERSION,))
        self._seen: dict[str, None] = dict.fromkeys(known["seen"]) if known else {}

    def on_batch(self, values: list[NewDocument]) -> tuple[list[NewDocument], bool]:
        fresh: list[NewDocument] = []
        for event in values:
            identity = f"{event.id}:{event.run}"
            if identity in self._seen:
                continue
            self._seen[identity] = None
            fresh.append(event)
        while len(self._seen) > WINDOW:
            del self._seen[next(iter(self._seen))]
        return fresh, StatefulBatchLogic.RETAIN

    def on_notify(self) -> tuple[list[NewDocument], bool]:
        return [], StatefulBatchLogic.RETAIN

    def on_eof(self) -> tuple[list[NewDocument], bool]:
        return [], StatefulBatchLogic.RETAIN

    def notify_at(self) -> datetime | None:
        return None

    def snapshot(self) -> dict[str, Any]:
        return {"version": _VERSION, "seen": list(self._seen)}
