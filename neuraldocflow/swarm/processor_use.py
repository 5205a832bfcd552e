"""How busy the machine's cores are."""

from __future__ import annotations

_LEAST = 1.0
"""Seconds a share is taken over."""


class ProcessorUse:
    """Share of all cores in use, 0..1, over the last second or more; 0 where there is no /proc."""

    def __init__(self, now: float) -> None:
        self._seen, self._ticks, self._share = now, _ticks(), 0.0

    def share(self, now: float) -> float:
        if now - self._seen >= _LEAST:
            (busy, total), latest = self._ticks, _ticks()
            self._share = (latest[0] - busy) / max(latest[1] - total, 1)
            self._seen, self._ticks = now, latest
        return self._share


def _ticks() -> tuple[int, int]:
    """Busy and all ticks of all cores since the machine started (proc(5))."""
    try:
        with open("/proc/stat", encoding="ascii") as file:
            ticks = [int(each) for each in file.readline().split()[1:9]]
    except OSError:
        return 0, 0
    return sum(ticks) - ticks[3] - ticks[4], sum(ticks)
