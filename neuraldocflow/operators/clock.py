"""The clock: a tick an epoch, so that outputs which have nothing to write still come to their snapshots.

The engine asks a sink for its snapshot only in epochs that brought it something. A tick says which epoch that
is: a source's snapshot is taken once an epoch, so it can count them.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition

from neuraldocflow.deliveries import Tick
from neuraldocflow.wakes import wake_in


class ClockSource(FixedPartitionedSource[Tick, int]):
    """Ticks every ``interval`` until ``may_end``; ``resume_epoch`` is asked when the flow starts."""

    def __init__(
        self, interval: timedelta, may_end: Callable[[], bool], resume_epoch: Callable[[], int | None]
    ) -> None:
        self._interval = interval
        self._may_end = may_end
        self._resume_epoch = resume_epoch

    def list_parts(self) -> list[str]:
        return ["clock"]

    def build_part(self, step_id: str, for_part: str, resume_state: int | None) -> ClockPartition:
        first = self._resume_epoch()
        if first is None:
            first = (resume_state or 0) + 1
        return ClockPartition(first, self._interval, self._may_end)


class ClockPartition(StatefulSourcePartition[Tick, int]):
    """Its state is the epoch's number."""

    def __init__(self, epoch: int, interval: timedelta, may_end: Callable[[], bool]) -> None:
        self._epoch = epoch
        self._interval = interval
        self._may_end = may_end
        self._next = datetime.now(UTC)

    def next_batch(self) -> list[Tick]:
        if self._may_end():
            raise StopIteration
        now = datetime.now(UTC)
        # a clock set back must not silence it
        if now < self._next < now + self._interval:
            return []
        self._next = now + self._interval
        return [Tick(self._epoch)]

    def next_awake(self) -> datetime:
        return wake_in(min(self._interval.total_seconds(), 0.5))

    def snapshot(self) -> int:
        epoch = self._epoch
        self._epoch += 1
        return epoch
