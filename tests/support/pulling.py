"""A source and its partitions, pulled as the engine would."""

from __future__ import annotations

import time
from typing import Any

from neuraldocflow.events import NewDocument


class Pulled:
    """All partitions of a source, in this thread."""

    def __init__(self, source: Any, states: dict[str, Any] | None = None) -> None:
        """``states`` are the snapshots its partitions resume from."""
        self.source = source
        resumed = states or {}
        self.parts = [source.build_part("in", part, resumed.get(part)) for part in source.list_parts()]
        self.ended = [False] * len(self.parts)

    def pull(self) -> list[NewDocument]:
        """One batch of each partition."""
        events: list[NewDocument] = []
        for index, part in enumerate(self.parts):
            if not self.ended[index]:
                try:
                    events.extend(part.next_batch())
                except StopIteration:
                    self.ended[index] = True
        return events

    def until(self, count: int, seconds: float = 60) -> list[NewDocument]:
        """The next ``count`` events; whatever has come when it takes too long."""
        events: list[NewDocument] = []
        deadline = time.monotonic() + seconds
        while len(events) < count and time.monotonic() < deadline:
            events += self.pull()
            time.sleep(0.005)
        return events

    def drain(self, seconds: float = 60) -> list[NewDocument]:
        """Everything until all partitions have ended by themselves."""
        events: list[NewDocument] = []
        deadline = time.monotonic() + seconds
        while not all(self.ended):
            assert time.monotonic() < deadline, "the source did not end by itself"
            events += self.pull()
            time.sleep(0.002)
        return events

    def quiet(self, seconds: float = 0.5) -> bool:
        """Nothing comes for so long."""
        return self.until(1, seconds) == []

    def snapshots(self) -> list[Any]:
        """What each partition would have kept."""
        return [part.snapshot() for part in self.parts]

    def close(self) -> None:
        for part in self.parts:
            part.close()
        self.parts = []
