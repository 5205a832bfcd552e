"""Who is told: an endpoint with what it wants and how long it is tried."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from neuraldocflow.deliveries import Delivery
from neuraldocflow.events import Event, ProcessingCompleted, ProcessingFailed
from neuraldocflow.identity import event_id
from neuraldocflow.webhooks.schedule import Strategy

if TYPE_CHECKING:
    from neuraldocflow.webhooks.pool import Endpoint

Deliverable = Event | Delivery
Name = tuple[str, int]
"""What is remembered of a receiver: its address, and which it is of several with the same one (from 1)."""


@dataclass(frozen=True, slots=True)
class Receiver:
    """An endpoint as one output of the configuration has it."""

    endpoint: Endpoint
    events: tuple[str, ...]
    max_retries: int
    strategy: Strategy
    first_pause: float
    """In seconds."""
    passes: Callable[[Deliverable], bool] | None = None
    """What the configuration's routes let through; None for all."""

    def wants(self, value: Deliverable, event: Event) -> bool:
        """Whether the event that is sent of ``value`` is sent there."""
        if "all" not in self.events:
            if isinstance(event, ProcessingCompleted):
                kind = "completion"
            else:
                kind = "error" if isinstance(event, ProcessingFailed) else "progress"
            if kind not in self.events:
                return False
        return self.passes is None or self.passes(value)


def by_name(receivers: Iterable[Receiver]) -> dict[Name, Receiver]:
    """Receivers by their names, which do not depend on their places in the configuration."""
    count: Counter[str] = Counter()
    named: dict[Name, Receiver] = {}
    for receiver in receivers:
        url = receiver.endpoint.url
        count[url] += 1
        named[url, count[url]] = receiver
    return named


def target_of(url: str) -> str:
    """What an endpoint is called where others read it: its address, with a short hash in place of what may be
    secret, a name and password or a query."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    if not parts.query and host == parts.netloc:
        return url
    return parts._replace(netloc=host, query="", fragment=sha256(url.encode()).hexdigest()[:8]).geturl()


def event_of(value: Deliverable) -> Event | None:
    """The event that is sent of something in the flow; a failed result is told by its ProcessingFailed."""
    if not isinstance(value, Delivery):
        return value
    if value.result["status"] == "failed":
        return None
    return value.event()


def delivery_number(message: str, target: str) -> int:
    """A number of its own for each event and target: equal after a repeat, so that readers can drop it."""
    return int(event_id(message, 0, target).replace("-", "")[:7], 16)
