"""What the swarm decided about its agents, and why: each is a log line, a count, and there to be taken.

The counts only grow, and have few names: they are what a metrics endpoint shows. Thread-safe.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections import Counter, deque
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # agents import this package, and start without pydantic
    from neuraldocflow.events import DecisionKind

log = logging.getLogger(__name__)

_LOUD = ("lost", "quarantined")
_KEPT = 1000


class Decisions:
    """The decisions of one swarm."""

    def __init__(self) -> None:
        self._news = threading.Condition()
        self._latest: deque[dict[str, Any]] = deque(maxlen=_KEPT)
        self._counts: Counter[tuple[str, str]] = Counter()

    def note(self, kind: DecisionKind, reason: str, **about: Any) -> None:
        """Record one. ``reason`` is one of few words, such as the metric that was followed."""
        decision = {"event": kind, "reason": reason, **about}
        with self._news:
            self._latest.append({**decision, "time": time.time()})
            self._counts[kind, reason] += 1
            self._news.notify_all()
        level = logging.WARNING if kind in _LOUD else logging.INFO
        log.log(level, "swarm %s", json.dumps(decision), extra={"decision": decision})

    def counts(self) -> dict[tuple[str, str], int]:
        """How often each kind was decided for each reason, since the start."""
        with self._news:
            return dict(self._counts)

    def take(self) -> list[dict[str, Any]]:
        """Those since the last call, the latest 1,000 of them at most, each with its ``time``."""
        with self._news:
            taken = list(self._latest)
            self._latest.clear()
            return taken

    def wait(self, timeout: float) -> bool:
        """Wait until there is one to take; False after so many seconds."""
        with self._news:
            return bool(self._latest) or self._news.wait(timeout)

    def wake(self) -> None:
        """Let who waits look up."""
        with self._news:
            self._news.notify_all()
