"""The clock: a tick an epoch, so that outputs which have nothing to write still come to their snapshots.

The engine asks a sink for its snapshot only in epochs that brought it something. A tick says which epoch that
is: a source's snapshot is taken once an epoch, so it can count them.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition

from neuraldocflow.deliveries import Tick
from neuraldocflow.wakes import Turn

_LOOK = 0.5
"""Seconds between looks whether the flow may end."""


class ClockSource(FixedPartitionedSource[Tick, int]):
    """Ticks once in each epoch of ``interval`` seconds until ``may_end``; ``resume_epoch`` is asked when the
    flow starts."""

    def __init__(
        self, interval: float, may_end: Callable[[], bool], resume_epoch: Callable[[], int | None]
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

    def __init__(self, epoch: int, interval: float, may_end: Callable[[], bool]) -> None:
        self._epoch = epoch
        self._ticked: int | None = None
        """The latest epoch that has had its tick."""
        self._may_end = may_end
        self._turn = Turn(interval)

    def next_batch(self) -> list[Tick]:
        self._turn.asked()
        if self._may_end():
            raise StopIteration
        if self._ticked == self._epoch:
            return []
        self._ticked = self._epoch
        return [Tick(self._epoch)]

    def next_awake(self) -> datetime:
        return self._turn.again_in(_LOOK)

    def snapshot(self) -> int:
        epoch = self._epoch
        self._epoch += 1
        return epoch
