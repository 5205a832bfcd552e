"""What waits by priority: urgent first, within a priority tenants in turn, and nothing starves.

A lower priority that was passed over :data:`PASSED_OVER` times goes next once, so that an urgent one hardly
ever waits for that.
"""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from collections.abc import Hashable, Sequence
from typing import Generic, TypeVar

from .job import PRIORITIES, Priority

PASSED_OVER = 128
"""How often other priorities may go before a waiting one that is not starved yet goes."""

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)


class Turns(Generic[K]):
    """Which priority goes next."""

    def __init__(self, passed_over: int = PASSED_OVER) -> None:
        self._most_passed_over = passed_over
        self._passed_over: Counter[K] = Counter()

    def take(self, waiting: Sequence[K]) -> K:
        """One of the priorities of which something waits, given by urgency; there has to be one."""
        starved = max(waiting[1:], key=self._passed_over.__getitem__, default=waiting[0])
        chosen = starved if self._passed_over[starved] >= self._most_passed_over else waiting[0]
        for each in waiting:
            self._passed_over[each] = 0 if each == chosen else self._passed_over[each] + 1
        return chosen


class _Queue(Generic[T]):
    """One priority: first in, first out by tenant, tenants in turn."""

    def __init__(self) -> None:
        self.tenants: OrderedDict[str, deque[T]] = OrderedDict()

    def take(self) -> T:
        """The next; there has to be one."""
        tenant, items = self.tenants.popitem(last=False)
        item = items.popleft()
        if items:
            self.tenants[tenant] = items
        return item


class PriorityQueues(Generic[T]):
    """Unbounded: who puts things in looks to that."""

    def __init__(self, passed_over: int = PASSED_OVER) -> None:
        self._turns = Turns[Priority](passed_over)
        self._queues: dict[Priority, _Queue[T]] = {priority: _Queue() for priority in PRIORITIES}

    def put(self, item: T, priority: Priority, tenant: str) -> None:
        self._queues[priority].tenants.setdefault(tenant, deque()).append(item)

    def take(self, *, urgent: bool = False) -> T | None:
        """The next one, ``urgent`` alone if so wanted; None when there is none."""
        if urgent:
            queue = self._queues["urgent"]
            return queue.take() if queue.tenants else None
        filled = [priority for priority, queue in self._queues.items() if queue.tenants]
        return self._queues[self._turns.take(filled)].take() if filled else None

    def remove(self, item: T, priority: Priority, tenant: str) -> None:
        """Take one out before its turn."""
        tenants = self._queues[priority].tenants
        tenants[tenant].remove(item)
        if not tenants[tenant]:
            del tenants[tenant]
