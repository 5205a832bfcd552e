"""The heartbeat: each worker shows that its dataflow moves, so that a stalled one is noticed from outside."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from bytewax.inputs import DynamicSource, StatelessSourcePartition

from neuraldocflow.deliveries import Tick
from neuraldocflow.wakes import wake_in

_INTERVAL = 0.5


class HeartbeatSource(DynamicSource[Tick]):
    """Emits nothing; calls ``beat`` with the worker's name twice a second until ``may_end``."""

    def __init__(self, process: int, beat: Callable[[str], None], may_end: Callable[[], bool]) -> None:
        self._process = process
        self._beat = beat
        self._may_end = may_end

    def build(self, step_id: str, worker_index: int, worker_count: int) -> HeartbeatPartition:
        return HeartbeatPartition(f"{self._process}.{worker_index}", self._beat, self._may_end)


class HeartbeatPartition(StatelessSourcePartition[Tick]):
    """One worker's."""

    def __init__(self, worker: str, beat: Callable[[str], None], may_end: Callable[[], bool]) -> None:
        self._worker = worker
        self._beat = beat
        self._may_end = may_end

    def next_batch(self) -> list[Tick]:
        self._beat(self._worker)
        if self._may_end():
            raise StopIteration
        return []

    def next_awake(self) -> datetime:
        return wake_in(_INTERVAL)
