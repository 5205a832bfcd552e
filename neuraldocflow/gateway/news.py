"""What readers have not been told yet: each event once, and progress that never goes back.

After a crash the dataflow begins again from its last snapshot: it repeats events, and is less far than it
was.
"""

from __future__ import annotations

from dataclasses import replace

from neuraldocflow.gateway.arrivals import Arrived
from neuraldocflow.repeats import Repeats

_MOST = 10_000
"""Jobs under way that are remembered."""


class News:
    """Of events in the order of the log. Not thread-safe."""

    def __init__(self) -> None:
        self._repeats = Repeats()
        self._furthest: dict[str, float] = {}

    def of(self, event: Arrived) -> Arrived | None:
        """The event as it is to be told; None for one that was told before."""
        if not self._repeats.is_new(event.event_id):
            return None
        if event.name == "ProcessingProgress":
            return self._going_on(event)
        if event.name == "ProcessingCompleted":
            self._furthest.pop(event.job, None)
        return event

    def _going_on(self, event: Arrived) -> Arrived:
        told, before = event.data.get("progress"), self._furthest.get(event.job, 0.0)
        if not isinstance(told, int | float):
            return event
        if told < before:
            return replace(event, data={**event.data, "progress": before})
        self._furthest[event.job] = told
        if len(self._furthest) > _MOST:
            del self._furthest[next(iter(self._furthest))]
        return event
