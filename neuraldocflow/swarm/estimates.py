"""How long a job will still take, from what jobs like it took."""

from __future__ import annotations

_WEIGHT = 0.2
_SHARES = {"opening": (0.0, 0.02), "reading": (0.02, 0.8), "fields": (0.8, 0.95), "validating": (0.95, 0.99)}
"""Where each stage begins and ends, of the whole."""


def share_of(stage: str, done: int, total: int) -> float:
    """How far a job is, 0..1. Raises ValueError for a stage no agent has."""
    if stage not in _SHARES:
        raise ValueError("an agent's stage is one of those there are")
    first, last = _SHARES[stage]
    return first + (last - first) * (min(done / total, 1.0) if total else 0.0)


class Estimates:
    """Seconds a page by profile: an average in which recent documents count more."""

    def __init__(self) -> None:
        self._seconds_a_page: dict[str, float] = {}

    def learn(self, profile: str, pages: int, seconds: float) -> None:
        measured = seconds / max(pages, 1)
        for key in (profile, "auto"):
            before = self._seconds_a_page.get(key, measured)
            self._seconds_a_page[key] = before + _WEIGHT * (measured - before)

    def remaining_ms(self, profile: str, share: float, pages: int | None, spent: float) -> float | None:
        """Milliseconds left; None where nothing is known to tell it from."""
        speed = self._seconds_a_page.get(profile)
        if share >= 0.1 and spent > 0.5:
            return round(spent / share * (1 - share) * 1000)
        if speed is None or pages is None:
            return None
        return round(max(speed * pages - spent, 0.0) * 1000)
