"""Since when documents wait that the job has accepted: their events and payloads may not be dropped, however
old they are. A job that is away longer than ``retention_days`` finds them when it comes back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from neuraldocflow.events import NewDocument, decode
from neuraldocflow.job.recovery import Recovery
from neuraldocflow.log import DOCUMENT_STREAM, Log, OffsetOutOfRange

SUBMISSIONS, EXTRACT = "documents.source_submissions", "documents.extract"
"""The flow's steps whose committed states tell what waits, and is under way."""


def waits_since(log: Log, recovery: Recovery, *, submissions: bool = True) -> datetime | None:
    """When the first of them came; None where none waits, or no snapshots say so. Without ``submissions``
    only those under way count: a source of its own reads the others, and what it has read is not known here.

    Raises LogError, and sqlite3.Error where the recovery store can't be read.
    """
    if not recovery.there:
        return None
    unread = _unread(log, recovery.states(SUBMISSIONS).values()) if submissions else ()
    under_way = recovery.states(EXTRACT).values()
    return min((*unread, *_pending(under_way)), default=None)


def _unread(log: Log, states: Iterable[dict[str, Any]]) -> Iterator[datetime]:
    """Of each partition the first submission that is not taken up; of those nobody has read, the first."""
    firsts: dict[int, int] = {}
    for state in states:
        firsts |= state["positions"]
        firsts |= {part: min(left) for part, left in state.get("waiting", {}).items() if left}
    for part, (begin, end) in log.bounds(DOCUMENT_STREAM).items():
        first = max(firsts.get(part, begin), begin)  # brokers may have dropped some
        if first < end:
            try:
                yield from (record.timestamp for record in log.read(DOCUMENT_STREAM, part, first, limit=1))
            except OffsetOutOfRange:  # it is dropped just now, by its brokers
                continue


def _pending(states: Iterable[dict[str, Any]]) -> Iterator[datetime]:
    for state in states:
        for data, *_ in ((each,) if isinstance(each, bytes) else each for each in state["pending"]):
            event = decode(data)
            if isinstance(event, NewDocument):
                yield event.received_at
