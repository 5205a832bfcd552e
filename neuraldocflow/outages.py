"""Something outside that doesn't answer: logged once when it begins and once when it is over, and known to
who asks meanwhile."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Iterable
from typing import NamedTuple
from weakref import WeakSet

log = logging.getLogger(__name__)

_FIRST, _LONGEST = 0.2, 15.0
"""Seconds between the first two tries, and at most."""


class Lasting(NamedTuple):
    """What does not answer now, the latest reason, and for how many seconds."""

    what: str
    reason: str
    seconds: float


def lasting() -> list[Lasting]:
    """What does not answer in this process now; the longest first, each once."""
    with _LOCK:
        return each_once(outage.told() for outage in _LASTING)


def each_once(found: Iterable[Lasting]) -> list[Lasting]:
    """The longest first, and of what is told several times the longest."""
    first: dict[str, Lasting] = {}
    for each in sorted(found, key=lambda one: -one.seconds):
        first.setdefault(each.what, each)
    return list(first.values())


class Outage:
    """Whether ``what`` (a name for the log) answers, and how long to wait before it is asked again."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._tries = 0
        self._since = 0.0
        self._reason = ""

    def goes_on(self, reason: str) -> float:
        """It did not answer; seconds to wait before the next try, with jitter."""
        with _LOCK:
            self._tries += 1
            tries, self._reason = self._tries, reason
            if tries == 1:
                self._since = time.monotonic()
                _LASTING.add(self)
        if tries == 1:
            log.warning("%s does not answer as it should (%s); tried again until it does", self._what, reason)
        pause: float = min(_FIRST * 2 ** min(tries - 1, 10), _LONGEST)
        return pause * random.uniform(0.5, 1.0)

    @property
    def lasts(self) -> bool:
        """Whether it has not answered since it was last asked."""
        return self._tries > 0

    def over(self) -> None:
        """It answered."""
        if not self._tries:
            return
        with _LOCK:
            tries, self._tries = self._tries, 0
            _LASTING.discard(self)
        if tries:  # else another thread has told it
            log.info("%s answers again after %d tries", self._what, tries)

    def told(self) -> Lasting:
        return Lasting(self._what, self._reason, time.monotonic() - self._since)


_LASTING: WeakSet[Outage] = WeakSet()
_LOCK = threading.Lock()
