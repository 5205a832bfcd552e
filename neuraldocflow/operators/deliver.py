"""Deliver: what webhooks have not been told yet, as keyed state; tried again until it is, or given up.

The state has only names, attempts and times: bodies that are still needed when an epoch ends become files
beside it, synced before its snapshot. A document's events go to an endpoint one after the other.
"""

from __future__ import annotations

import itertools
import logging
import random
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from bytewax.operators import StatefulBatchLogic

from neuraldocflow.deliveries import DeadLetter, Delivery
from neuraldocflow.durable import patiently, write_atomically
from neuraldocflow.events import (
    DeliveryStatus,
    Event,
    ProcessingCompleted,
    ProcessingFailed,
    ResultDelivered,
    encode,
)
from neuraldocflow.identity import event_id
from neuraldocflow.wakes import wake_in
from neuraldocflow.webhooks.pool import Answer, Attempt, Endpoint
from neuraldocflow.webhooks.schedule import LONGEST_ASKED, Strategy, pause

log = logging.getLogger(__name__)

_VERSION = 1
_LOOK, _SHARE = 0.02, 0.25
"""An answer is looked for after so many seconds, then again after a share of the time that has passed."""
Told = ResultDelivered | DeadLetter
Deliverable = Event | Delivery | DeadLetter


@dataclass(frozen=True, slots=True)
class Receiver:
    """An endpoint with what it wants and how long it is tried."""

    endpoint: Endpoint
    events: tuple[str, ...]
    max_retries: int
    strategy: Strategy
    first_pause: float

    def wants(self, event: Event) -> bool:
        """Whether an event is sent there."""
        if "all" in self.events:
            return True
        if isinstance(event, ProcessingCompleted):
            return "completion" in self.events
        return ("error" if isinstance(event, ProcessingFailed) else "progress") in self.events


@dataclass(slots=True)
class _Item:
    message: str
    document: str
    run: int
    tenant: str
    attempts: int = 0
    due: float = 0.0
    """In seconds of the wall clock: it must mean the same after a restart."""
    under_way: bool = False
    posted: float = 0.0
    put_off: bool = False
    """Whether the last try was none, since the endpoint was left alone: the next such one counts. So nothing
    is given up for want of asking, and nothing waits for ever for an endpoint that is gone."""


class Deliver(StatefulBatchLogic[Deliverable, Told, dict[str, Any]]):
    """The undelivered events of one document; forgets itself when there are none."""

    def __init__(
        self,
        receivers: Sequence[Receiver],
        spool: Path,
        owner: Callable[[], str],
        wait: Callable[[], bool],
        state: dict[str, Any] | None,
    ) -> None:
        self._receivers = receivers
        self._spool = spool
        self._owner = owner()
        self._wait = wait
        self._bodies: dict[str, bytes] = {}
        """Of messages that came in this epoch; the others' are files."""
        self._queues: list[deque[_Item]] = [deque() for _ in receivers]
        for number, items in enumerate(state["queues"] if state else ()):
            if number < len(receivers):
                self._queues[number].extend(_Item(*each) for each in items)
        latest = time.time() + LONGEST_ASKED  # no pause is longer: a clock that was ahead would make it so
        for item in itertools.chain(*self._queues):
            item.due = min(item.due, latest)

    def on_batch(self, values: list[Deliverable]) -> tuple[list[Told], bool]:
        for value in values:
            event = _event(value)
            if event is None:
                continue
            for receiver, items in zip(self._receivers, self._queues, strict=True):
                if receiver.wants(event):
                    if event.event_id not in self._bodies:
                        self._bodies[event.event_id] = encode(event)
                    items.append(_Item(event.event_id, event.id, event.run, event.tenant))
        return self._moved([])

    def on_notify(self) -> tuple[list[Told], bool]:
        return self._moved([])

    def on_eof(self) -> tuple[list[Told], bool]:
        """Waits for what is undelivered until the engine's deadline; the rest stays in the snapshot."""
        out, done = self._moved([])
        while not done and self._wait():
            more, done = self._moved([])
            out.extend(more)
        return out, done

    def notify_at(self) -> datetime | None:
        heads = [items[0] for items in self._queues if items]
        if not heads:
            return None
        now = time.time()
        soonest = min((now - each.posted) * _SHARE if each.under_way else each.due - now for each in heads)
        return wake_in(max(_LOOK, soonest))

    def snapshot(self) -> dict[str, Any]:
        for message, body in self._bodies.items():
            patiently("a webhook's body", partial(write_atomically, self._spool / message, body))
        self._bodies = {}
        kept = [
            [(each.message, each.document, each.run, each.tenant, each.attempts, each.due) for each in items]
            for items in self._queues
        ]
        return {"version": _VERSION, "queues": kept}

    def _moved(self, out: list[Told]) -> tuple[list[Told], bool]:
        """Take answers, send what is due; done when nothing is left."""
        for receiver, items in zip(self._receivers, self._queues, strict=True):
            for answer in receiver.endpoint.take(self._owner):
                if items and items[0].message == answer.message:
                    out.extend(self._answered(receiver, items, answer))
            while items and not items[0].under_way and items[0].due <= time.time():
                message, path = items[0].message, self._spool / items[0].message
                if message not in self._bodies and not path.exists():
                    log.info("webhook %s to %s had ended before the restart", message, receiver.endpoint.url)
                    items.popleft()  # the crash came between its end and the snapshot that covers it
                    continue
                items[0].under_way, items[0].posted = True, time.time()
                receiver.endpoint.post(Attempt(self._owner, message, self._bodies.get(message) or path))
        return out, not any(self._queues)

    def _answered(self, receiver: Receiver, items: deque[_Item], answer: Answer) -> list[Told]:
        item = items[0]
        item.under_way = False
        if not answer.tried and not item.put_off:
            # spread out: all that wait at once would be a burst that the others feel
            item.put_off, item.due = True, time.time() + (answer.asked or 0.0) * random.uniform(1.0, 1.5)
            return []
        item.put_off = False
        item.attempts += 1
        if answer.verdict == "again" and item.attempts <= receiver.max_retries:
            item.due = time.time() + pause(
                receiver.strategy, item.attempts, receiver.first_pause, answer.asked
            )
            return []
        items.popleft()
        told: list[Told] = []
        if answer.verdict != "delivered":
            reason = f"webhook: {receiver.endpoint.url}: {answer.reason} (attempt {item.attempts})"
            told.append(DeadLetter(item.document, self._body(item.message), reason, "webhook"))
        status = {"delivered": "delivered", "gone": "disabled"}.get(answer.verdict, "failed")
        told.append(
            ResultDelivered(
                id=item.document,
                run=item.run,
                origin="/sinks/webhook",
                tenant=item.tenant,
                sequence=_sequence(item.message, receiver.endpoint.url),
                delivery_status=DeliveryStatus(
                    sink="webhook",
                    target=receiver.endpoint.url,
                    attempts=item.attempts,
                    status=status,
                ),
            )
        )
        others = any(each.message == item.message for waiting in self._queues for each in waiting)
        if not others and self._bodies.pop(item.message, None) is None:
            (self._spool / item.message).unlink(missing_ok=True)
        return told

    def _body(self, message: str) -> bytes:
        try:
            if message in self._bodies:
                return self._bodies[message]
            return (self._spool / message).read_bytes()
        except OSError:
            return b""


def _event(value: Deliverable) -> Event | None:
    """The event that is sent of something in the flow; a failure is told by its ProcessingFailed."""
    if isinstance(value, Delivery):
        if value.result["status"] == "failed":
            return None
        document, run = value.identity
        tenant = value.document.tenant
        return ProcessingCompleted(
            id=document, run=run, origin="/dataflow", tenant=tenant, result=value.result
        )
    return value if isinstance(value, Event) else None


def _sequence(message: str, url: str) -> int:
    """A number of its own for each event and endpoint: equal after a repeat, so that readers can drop it."""
    return int(event_id(message, 0, url).replace("-", "")[:7], 16)
