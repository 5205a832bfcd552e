"""What waits by priority: urgent first, within a priority tenants in turn, and nothing starves.

A lower priority that was passed over :data:`PASSED_OVER` times goes next once, so that an urgent one hardly
ever waits for that.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import Generic, TypeVar

from .job import PRIORITIES, Priority

PASSED_OVER = 128
"""How often other priorities may go before a waiting one that is not starved yet goes."""

T = TypeVar("T")


class _Queue(Generic[T]):
    """One priority: first in, first out by tenant, tenants in turn."""

    def __init__(self) -> None:
        self.tenants: OrderedDict[str, deque[T]] = OrderedDict()
        self.passed_over = 0

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
        self._most_passed_over = passed_over
        self._queues: dict[Priority, _Queue[T]] = {priority: _Queue() for priority in PRIORITIES}

    def put(self, item: T, priority: Priority, tenant: str) -> None:
        self._queues[priority].tenants.setdefault(tenant, deque()).append(item)

    def take(self, *, urgent: bool = False) -> T | None:
        """The next one, ``urgent`` alone if so wanted; None when there is none."""
        if urgent:
            queue = self._queues["urgent"]
            return queue.take() if queue.tenants else None
        filled = [queue for queue in self._queues.values() if queue.tenants]
        if not filled:
            return None
        starved = max(filled[1:], key=lambda queue: queue.passed_over, default=None)
        chosen = (
            starved if starved is not None and starved.passed_over >= self._most_passed_over else filled[0]
        )
        for queue in filled:
            queue.passed_over = 0 if queue is chosen else queue.passed_over + 1
        return chosen.take()

    def remove(self, item: T, priority: Priority, tenant: str) -> None:
        """Take one out before its turn."""
        tenants = self._queues[priority].tenants
        tenants[tenant].remove(item)
        if not tenants[tenant]:
            del tenants[tenant]
