"""Readers drop what they have read: after a crash an epoch's events are written again, with the same ids."""

from __future__ import annotations


class Repeats:
    """The ids of the latest events; a crash repeats no more than what an epoch had."""

    def __init__(self, most: int = 50_000) -> None:
        self._most = most
        self._ids: dict[str, None] = {}

    def is_new(self, event_id: str) -> bool:
        """Whether an id comes for the first time; from now on it has come. Not thread-safe."""
        if event_id in self._ids:
            return False
        self._ids[event_id] = None
        if len(self._ids) > self._most:
            del self._ids[next(iter(self._ids))]
        return True

    def __contains__(self, event_id: str) -> bool:
        """Whether it has come."""
        return event_id in self._ids
