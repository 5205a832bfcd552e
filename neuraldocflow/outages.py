"""Something outside that doesn't answer: told once when it begins and once when it is over."""

from __future__ import annotations

import logging
import random
import threading

log = logging.getLogger(__name__)

_FIRST, _LONGEST = 0.2, 15.0
"""Seconds between the first two tries, and at most."""


class Outage:
    """Whether ``what`` (a name for the log) answers, and how long to wait before it is asked again."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._tries = 0
        self._lock = threading.Lock()

    def goes_on(self, reason: str) -> float:
        """It did not answer; seconds to wait before the next try, with jitter."""
        with self._lock:
            self._tries += 1
            tries = self._tries
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
        with self._lock:
            tries, self._tries = self._tries, 0
        log.info("%s answers again after %d tries", self._what, tries)
