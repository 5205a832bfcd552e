"""What every source's partition does beside finding documents: keep to the room there is, rest, and end."""

from __future__ import annotations

import queue
from abc import abstractmethod
from collections.abc import Callable
from datetime import datetime
from typing import Generic, TypeVar

from bytewax.inputs import StatefulSourcePartition

from neuraldocflow.components import SourceContext
from neuraldocflow.events import NewDocument
from neuraldocflow.wakes import IDLE, Turn

State = TypeVar("State")
Found = TypeVar("Found")

_BATCH = 32
"""The most documents emitted at a time: other sources take turns."""


class Arrivals(StatefulSourcePartition[NewDocument, State]):
    """A partition that emits what has come; it rests while nothing comes, and ends when it may."""

    def __init__(self, context: SourceContext) -> None:
        self._context = context
        self._idle = False
        self._turn = Turn(context.snapshot_interval)

    @abstractmethod
    def take(self) -> list[NewDocument]:
        """What has come and there is room for."""

    @abstractmethod
    def drained(self) -> bool:
        """Whether what has come is all that will."""

    def may_rest(self) -> bool:
        """Whether something new is all that can change what :meth:`take` gives."""
        return True

    def next_batch(self) -> list[NewDocument]:
        self._turn.asked()
        if self._context.stopping.is_set():
            return self._nothing_more()
        drained = self.drained()  # before the look: what comes after it is found by the next one
        events, rested = self.take(), False
        if not events:
            if drained:
                return self._nothing_more()
            if self.may_rest() and (rested := self._context.rest(self._turn.left())):
                events = self.take()
        self._idle = not (events or rested)  # who has rested may be asked again at once
        return events

    def next_awake(self) -> datetime:
        return self._turn.again_in(IDLE if self._idle else 0.0)

    def _nothing_more(self) -> list[NewDocument]:
        if self._context.may_end():
            raise StopIteration
        self._idle = True
        return []


class QueuedArrivals(Arrivals[None], Generic[Found]):
    """Documents that a thread finds and queues. What is done is in a ledger: the snapshot is empty."""

    def __init__(
        self,
        context: SourceContext,
        found: queue.Queue[Found],
        event: Callable[[Found], NewDocument],
        drained: Callable[[], bool],
    ) -> None:
        super().__init__(context)
        self._found, self._event, self._drained = found, event, drained

    def take(self) -> list[NewDocument]:
        events: list[NewDocument] = []
        room = min(self._context.room(), _BATCH)
        while len(events) < room:
            try:
                events.append(self._event(self._found.get_nowait()))
            except queue.Empty:
                break
        return events

    def drained(self) -> bool:
        return self._drained() and self._found.empty()

    def may_rest(self) -> bool:
        return self._found.empty()

    def snapshot(self) -> None:
        return None
