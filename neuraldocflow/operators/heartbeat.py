"""The heartbeat: each worker shows that its dataflow moves, so that a stalled one is noticed from outside."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from bytewax.inputs import DynamicSource, StatelessSourcePartition

from neuraldocflow.deliveries import Tick
from neuraldocflow.wakes import Turn

_BEAT = 0.5
"""Seconds between two beats, at most."""


class HeartbeatSource(DynamicSource[Tick]):
    """Emits nothing; calls ``beat`` with the worker's name twice a second until ``may_end``. An epoch takes
    ``interval`` seconds."""

    def __init__(
        self, process: int, interval: float, beat: Callable[[str], None], may_end: Callable[[], bool]
    ) -> None:
        self._process = process
        self._interval = interval
        self._beat = beat
        self._may_end = may_end

    def build(self, step_id: str, worker_index: int, worker_count: int) -> HeartbeatPartition:
        name = f"{self._process}.{worker_index}"
        return HeartbeatPartition(name, self._interval, self._beat, self._may_end)


class HeartbeatPartition(StatelessSourcePartition[Tick]):
    """One worker's."""

    def __init__(
        self, worker: str, interval: float, beat: Callable[[str], None], may_end: Callable[[], bool]
    ) -> None:
        self._worker = worker
        self._turn = Turn(interval)
        self._beat = beat
        self._may_end = may_end

    def next_batch(self) -> list[Tick]:
        self._turn.asked()
        self._beat(self._worker)
        if self._may_end():
            raise StopIteration
        return []

    def next_awake(self) -> datetime:
        return self._turn.again_in(_BEAT)
