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

_HELD = 0.03
"""Seconds: what is later than that was held."""
_VAIN = 0.01
"""Seconds: what is asked that much later than it wanted after an epoch's end was looked at in vain."""
_LONGEST_REST, _LESS = 0.2, 0.8
"""Seconds, and of an epoch; of a rest that was enough, the next one."""
_NEAR = 0.01
"""Seconds before an epoch's end in which a partition is not asked any more: it would end with that look."""
_TWICE, _OFTEN = 2, 64
"""So often in succession it must be held to let an epoch last longer: at first, and when that never helps."""
_MOST = 1.0
"""Seconds that an epoch lasts longer, at most: the supervisor must not miss a heartbeat."""
_AFTER = 0.001
"""Seconds after an epoch's end, so that it has ended by the engine's clock too."""

_lock = threading.Lock()
_latest = 0.0
_rested: dict[int, float] = {}
"""By the threads of the engine."""


def wake_in(seconds: float) -> datetime:
    """The time of day, ``seconds`` from now, to tell the engine."""
    return datetime.fromtimestamp(_now() + seconds, UTC)


def wake_together(step: float) -> datetime:
    """The next time of day that is a multiple of ``step`` seconds: the engine wakes once for all who are told
    it, where each of many keys would be woken at a time of its own."""
    return datetime.fromtimestamp((_now() // step + 1) * step, UTC)


class Turn:
    """When the engine is to ask a source's partition again, with epochs of ``interval`` seconds.

    The engine ends a partition's epoch with the first look after the interval, and asks it for nothing until
    all partitions, also those of other processes, have come as far and all outputs are done with it. In the
    meantime it looks in vain, as fast as it can. So a partition is asked just when its epoch can end, and
    after that not for about as long as it was held before; one that was held twice in succession, because it
    was early, lets its next epoch last that much longer: from then on all end together. Where that does not
    help it was not early: outputs are slow, and it tries that again only after many epochs. See
    docs/adr/0012-epochs-end-together.md.
    """

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._began = self._asked = self._due = _now()
        self._ended = False
        """Whether the epoch ended with the latest look."""
        self._held: list[float] = []
        """How long it was held after its latest epochs."""
        self._enough = _TWICE
        """How many of these it takes to let an epoch last longer."""
        self._rest = 0.0
        """How long it is not asked after an epoch's end, since it would be looked at in vain."""
        self._longer = self._before = 0.0
        """How much longer the latest epoch lasted, if it did, and how long it was held before that."""

    def asked(self) -> None:
        """The engine asks now."""
        now = _now()
        late = now - max(self._due, _rested.get(threading.get_ident(), 0.0))
        if self._ended:
            self._after_rest(late)
        if late > _HELD:
            self._began = self._asked
        self._ended = now - self._began >= self._interval
        if self._ended:
            self._began = now
        self._asked = now

    def _after_rest(self, late: float) -> None:
        """After the end of an epoch and a rest it was asked so many seconds later than it wanted."""
        rest = self._rest
        if late > _VAIN:
            self._rest = min(rest + late / 2, _LONGEST_REST, _LONGEST_REST * self._interval)
            self._was_held(rest + late)
        else:
            self._rest = _LESS * rest
            if rest < _HELD:  # else it may have been held as long as it rested
                self._was_held(late)

    def _was_held(self, seconds: float) -> None:
        """So long after the end of an epoch."""
        if self._longer:
            helped = seconds < self._before - self._longer / 2
            self._enough = _TWICE if helped else min(2 * self._enough, _OFTEN)
            self._longer = 0.0
        if seconds > _HELD:
            self._held.append(seconds)
        else:
            self._held.clear()

    def left(self) -> float:
        """Seconds to the epoch's end."""
        return self._began + self._interval + _AFTER - _now()

    def again_in(self, seconds: float) -> datetime:
        """The time of day to tell the engine, for a partition that wants to be asked in so many seconds."""
        now = _now()
        self._due = now + seconds
        ends = self._began + self._interval
        if self._asked + max(seconds, _NEAR) >= ends:
            if len(self._held) >= self._enough:
                self._before = min(self._held)
                self._longer = min(self._before, _MOST)
                self._held.clear()
                self._rest = 0.0  # so that it shows whether that helped
            self._due = max(ends + self._longer + _AFTER, now)
        if self._ended:
            self._due = max(self._due, now + self._rest)
        took = now - self._asked  # the engine sleeps from now on, but as long as if it were asked just now
        return datetime.fromtimestamp(self._due - took, UTC)


def rested() -> None:
    """The engine's thread has slept in a source until now: nobody was asked meanwhile."""
    _rested[threading.get_ident()] = _now()


def behind() -> float:
    """How many seconds the time of day is behind the latest that anything was told by; 0 as a rule."""
    return max(_latest - _now(), 0.0)


def _now() -> float:
    global _latest
    with _lock:
        now = time.time()
        _latest = max(_latest, now)
        return now
