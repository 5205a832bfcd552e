"""When the engine is to wake its parts. It sleeps until times of day, so the latest it was told by is known.

A clock that jumps ahead and back between two looks of a watcher has not moved for it; what was told meanwhile
says that it has.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime

IDLE = 0.02
"""Seconds between looks of a source that had nothing."""

_lock = threading.Lock()
_latest = 0.0


def wake_in(seconds: float) -> datetime:
    """The time of day, ``seconds`` from now, to tell the engine."""
    return datetime.fromtimestamp(_now() + seconds, UTC)


def wake_together(step: float) -> datetime:
    """The next time of day that is a multiple of ``step`` seconds: the engine wakes once for all who are told
    it, where each of many keys would be woken at a time of its own."""
    return datetime.fromtimestamp((_now() // step + 1) * step, UTC)


def look_again(idle: bool) -> datetime:
    """When a source is asked again: at once, or a little later where it had nothing."""
    return wake_in(IDLE if idle else 0.0)


def behind() -> float:
    """How many seconds the time of day is behind the latest that anything was told by; 0 as a rule."""
    return max(_latest - _now(), 0.0)


def _now() -> float:
    global _latest
    with _lock:
        now = time.time()
        _latest = max(_latest, now)
        return now
