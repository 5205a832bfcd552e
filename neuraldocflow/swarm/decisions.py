"""What the swarm decided about its agents, and why: a log line each, the latest of them, and counts.

The counts only grow, and have few names: they are what a metrics endpoint shows. Thread-safe.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections import Counter, deque
from typing import Any, Literal

log = logging.getLogger(__name__)

Kind = Literal["scaled", "started", "lost", "recycled", "dismissed", "cancelled", "quarantined"]
_LOUD = ("lost", "quarantined")
_KEPT = 1000


class Decisions:
    """The decisions of one swarm."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._latest: deque[dict[str, Any]] = deque(maxlen=_KEPT)
        self._counts: Counter[tuple[str, str]] = Counter()

    def note(self, kind: Kind, cause: str, **about: Any) -> None:
        """Record one. ``cause`` is one of few words, such as the metric that was followed."""
        decision = {"event": kind, "cause": cause, **about}
        with self._lock:
            self._latest.append({**decision, "time": time.time()})
            self._counts[kind, cause] += 1
        level = logging.WARNING if kind in _LOUD else logging.INFO
        log.log(level, "swarm %s", json.dumps(decision), extra={"decision": decision})

    def counts(self) -> dict[tuple[str, str], int]:
        """How often each kind was decided for each cause, since the start."""
        with self._lock:
            return dict(self._counts)

    def take(self) -> list[dict[str, Any]]:
        """Those since the last call, the latest 1,000 of them at most, each with its ``time``."""
        with self._lock:
            taken = list(self._latest)
            self._latest.clear()
            return taken
