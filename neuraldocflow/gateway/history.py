"""What happened before: events of the log from an offset up to where the hub is."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable

from neuraldocflow.gateway.arrivals import Arrived, arrived
from neuraldocflow.gateway.hub import Hub, Published
from neuraldocflow.gateway.news import News
from neuraldocflow.gateway.offsets import Place, Positions
from neuraldocflow.log import Log, OffsetOutOfRange, Record

_PATIENCE, _PAUSE = 5.0, 0.02
"""Seconds that a place another gateway has told of is waited for here, and between two looks."""


class History:
    """Reads the log beside the event loop."""

    def __init__(self, job_log: Log, hub: Hub) -> None:
        self._log = job_log
        self._hub = hub

    async def is_kept(self, start: Positions) -> bool:
        """Whether everything since these positions is there: nothing was dropped, and they are not beyond the
        end, as those of a log that has been replaced. Raises LogError."""

        def look() -> bool:
            bounds = {topic: self._log.bounds(topic) for topic in {topic for topic, _ in start}}
            return all(
                bounds[topic][part][0] <= offset <= bounds[topic][part][1]
                for (topic, part), offset in start.items()
            )

        return await asyncio.to_thread(look)

    async def events(
        self, start: Positions, wanted: Callable[[Arrived], bool], follow: Callable[[], None]
    ) -> AsyncIterator[Published]:
        """Wanted events from ``start`` on, a job's progress before its result; then calls ``follow``, at a
        moment at which nothing lies between the last of these and the next that the hub gives out.

        Only the places in ``start`` are read. Raises LogError.
        """
        at = await self._reached(start)
        news = News()
        while True:
            ends = {place: end for place, end in self._hub.positions.items() if at.get(place, end) < end}
            if not ends:
                follow()
                return
            for place in sorted(ends):  # events before results
                while at[place] < ends[place]:
                    records, after = await asyncio.to_thread(self._read, place, at[place], ends[place])
                    for record in records:
                        at[place] = record.offset + 1
                        event = arrived(record)
                        told = news.of(event) if event is not None and wanted(event) else None
                        if told is not None:
                            yield Published(told, {**self._hub.positions, **at}, self._hub.offsets)
                    at[place] = after

    async def _reached(self, start: Positions) -> Positions:
        """``start``, once the hub has come there: where it is of a gateway that was further, this one would
        give out again what that one has told of. A log that lost its end never comes there: then where the
        hub was."""
        began, until = self._hub.positions, time.monotonic() + _PATIENCE

        def behind() -> list[Place]:
            return [place for place, at in start.items() if self._hub.positions.get(place, at) < at]

        late = behind()
        if late and await self.is_kept(start):
            while late and time.monotonic() < until:
                await asyncio.sleep(_PAUSE)
                late = behind()
        return {place: began[place] if place in late else at for place, at in start.items()}

    async def event(self, place: Place, offset: int) -> Arrived | None:
        """One event by its place; None when it is no longer kept. Raises LogError."""
        try:
            found = await asyncio.to_thread(self._log.read, *place, offset, limit=1)
        except OffsetOutOfRange:
            return None
        return arrived(found[0]) if found and found[0].offset == offset else None

    def _read(self, place: Place, offset: int, end: int) -> tuple[list[Record], int]:
        """Records before ``end``, and where to go on: logs may have gaps, and forget their oldest."""
        try:
            records = self._log.read(*place, offset)
        except OffsetOutOfRange as error:
            return [], max(error.begin, offset + 1)
        kept = [each for each in records if each.offset < end]
        return kept, kept[-1].offset + 1 if kept and len(kept) == len(records) else end
