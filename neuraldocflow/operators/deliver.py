"""Deliver: what webhooks have not been told yet, as keyed state; tried again until it is, or given up.

The state has only names, attempts and times: bodies that are still needed when an epoch ends become files
beside it, synced before its snapshot, and stay until a snapshot is written that does without them. A
document's events go to an endpoint one after the other.
"""

from __future__ import annotations

import itertools
import random
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Literal

from bytewax.operators import StatefulBatchLogic

from neuraldocflow.dead_letters import WEBHOOK, DeadLetter, letter_id
from neuraldocflow.deliveries import Spent
from neuraldocflow.durable import patiently, write_atomically
from neuraldocflow.events import DeliveryStatus, ResultDelivered, encode
from neuraldocflow.versions import readable
from neuraldocflow.wakes import wake_in
from neuraldocflow.webhooks.attempts import Answer, Attempt, Body
from neuraldocflow.webhooks.receivers import (
    Deliverable,
    Name,
    Receiver,
    delivery_number,
    event_of,
    target_of,
)
from neuraldocflow.webhooks.schedule import LONGEST_ASKED, pause

STEP = "webhooks"
"""The flow's step: one for all outputs, so that deliveries stay when outputs change their places."""
_VERSION = 2
"""Version 1 had queues in the order of the configuration's endpoints, which may be another now."""
_LOOK, _SHARE = 0.02, 0.25
"""An answer is looked for after so many seconds, then again after a share of the time that has passed."""
Told = ResultDelivered | DeadLetter | Spent


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
    """Of the monotonic clock: a wall clock that is set forward would put off the look for the answer."""
    put_off: bool = False
    """Whether the last try was none, since the endpoint was left alone: the next such one counts. So nothing
    is given up for want of asking, and nothing waits for ever for an endpoint that is gone."""


def forget_bodies(spool: Path, states: Iterable[Any], older_than: float) -> None:
    """Remove bodies, whole and half written, that none of the committed ``states`` names; ages in seconds.

    They are of an epoch that a kill undid: it comes again, and what happens in it may be something else. Call
    it before the flow runs. All stay where a state is of another release.
    """
    known = list(states)
    if any(not isinstance(state, Mapping) or state.get("version") != _VERSION for state in known):
        return
    waiting = {each[0] for state in known for items in state["queues"].values() for each in items}
    oldest = time.time() - older_than
    for path in spool.iterdir():
        with suppress(FileNotFoundError):
            if path.name not in waiting and path.stat().st_mtime <= oldest:
                path.unlink()


class Deliver(StatefulBatchLogic[Deliverable, Told, dict[str, Any]]):
    """The undelivered events of one document; forgets itself when there are none."""

    def __init__(
        self,
        receivers: Mapping[Name, Receiver],
        spool: Path,
        owner: Callable[[], str],
        wait: Callable[[], bool],
        undelivered: set[str],
        state: dict[str, Any] | None,
    ) -> None:
        self._receivers = receivers
        self._spool = spool
        self._owner = owner()
        self._wait = wait
        self._undelivered = undelivered
        """Of all documents' operators in this process, those with something to deliver."""
        self._bodies: dict[str, Body] = {}
        """Of messages that came in this epoch; the others' are files."""
        self._queues: dict[Name, deque[_Item]] = {}
        known = readable("webhooks", state, (_VERSION,))
        latest = time.time() + LONGEST_ASKED  # no pause is longer: a clock that was ahead would make it so
        for (url, number), items in (known["queues"] if known else {}).items():
            name = (url, number) if (url, number) in receivers else (url, 1)
            for item in (_Item(*each) for each in items):
                item.due = min(item.due, latest)
                self._queues.setdefault(name, deque()).append(item)
        self._done()

    def on_batch(self, values: list[Deliverable]) -> tuple[list[Told], bool]:
        for value in values:
            event = event_of(value)
            if event is None:
                continue
            for name, receiver in self._receivers.items():
                if receiver.wants(value, event):
                    if event.event_id not in self._bodies:
                        path = self._spool / event.event_id
                        self._bodies[event.event_id] = Body(path, encode(event))
                    item = _Item(event.event_id, event.id, event.run, event.tenant)
                    self._queues.setdefault(name, deque()).append(item)
        return self._moved()

    def on_notify(self) -> tuple[list[Told], bool]:
        return self._moved()

    def on_eof(self) -> tuple[list[Told], bool]:
        """Waits for what is undelivered until the engine's deadline; the rest stays in the snapshot.

        The engine asks one document after the other, so the flow ends only when nothing is undelivered: what
        waits here is what came from another process at the last moment.
        """
        out, done = self._moved()
        while not done and self._wait():
            more, done = self._moved()
            out.extend(more)
        return out, done

    def notify_at(self) -> datetime | None:
        heads = [items[0] for items in self._queues.values() if items]
        if not heads:
            return None
        now, age = time.time(), time.monotonic()
        soonest = min((age - each.posted) * _SHARE if each.under_way else each.due - now for each in heads)
        return wake_in(max(_LOOK, soonest))

    def snapshot(self) -> dict[str, Any]:
        for body in self._bodies.values():
            patiently("a webhook's body", partial(write_atomically, body.path, body.read()))
            body.data = None
        self._bodies = {}
        kept = {
            name: [
                (each.message, each.document, each.run, each.tenant, each.attempts, each.due)
                for each in items
            ]
            for name, items in self._queues.items()
            if items
        }
        return {"version": _VERSION, "queues": kept}

    def _moved(self) -> tuple[list[Told], bool]:
        """Take answers, send what is due; done when nothing is left."""
        out: list[Told] = []
        for name, items in self._queues.items():
            receiver = self._receivers.get(name)
            if receiver is None:
                while items:
                    reason = "the endpoint is no longer in the configuration"
                    out.extend(self._end(items, name[0], "failed", "removed", reason))
                continue
            for answer in receiver.endpoint.take(self._owner):
                if items and items[0].message == answer.message:
                    out.extend(self._answered(receiver, items, answer))
            while items and not items[0].under_way and items[0].due <= time.time():
                message, path = items[0].message, self._spool / items[0].message
                if message not in self._bodies and not path.exists():
                    out.extend(
                        self._end(items, name[0], "failed", "body_lost", f"{path} is not there any more")
                    )
                    continue
                items[0].under_way, items[0].posted = True, time.monotonic()
                body = self._bodies.get(message) or Body(path)
                receiver.endpoint.post(Attempt(self._owner, message, body))
        return out, self._done()

    def _done(self) -> bool:
        """Whether nothing is left to deliver."""
        if any(self._queues.values()):
            self._undelivered.add(self._owner)
            return False
        self._undelivered.discard(self._owner)
        return True

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
        url = receiver.endpoint.url
        if answer.verdict == "delivered":
            return self._end(items, url, "delivered")
        status: Literal["failed", "disabled"] = "disabled" if answer.verdict == "gone" else "failed"
        code = {"again": "exhausted", "final": "refused"}.get(answer.verdict, answer.verdict)
        return self._end(items, url, status, code, f"{answer.reason} (attempt {item.attempts})")

    def _end(
        self,
        items: deque[_Item],
        url: str,
        status: Literal["delivered", "failed", "disabled"],
        code: str = "",
        reason: str = "",
    ) -> list[Told]:
        """The first of a queue is over: how, and what nothing needs any more."""
        item = items.popleft()
        sequence, target = delivery_number(item.message, url), target_of(url)
        told: list[Told] = []
        body = self._body(item.message) if status != "delivered" else b""
        if status != "delivered":
            told.append(
                DeadLetter(
                    item.document,
                    body or b"",
                    f"webhook_{code}",
                    f"webhook: {target}: {reason}",
                    WEBHOOK,
                    letter_id(item.document, item.run, sequence),
                    attempts=item.attempts,
                    target=target,
                )
            )
        outcome = DeliveryStatus(sink="webhook", target=target, attempts=item.attempts, status=status)
        told.append(
            ResultDelivered(
                id=item.document,
                run=item.run,
                origin=WEBHOOK,
                tenant=item.tenant,
                sequence=sequence,
                delivery_status=outcome,
            )
        )
        if not any(each.message == item.message for each in itertools.chain(*self._queues.values())):
            self._bodies.pop(item.message, None)
            path = self._spool / item.message
            if path.exists() and body is not None:  # else it is the only copy, which somebody may read yet
                told.append(Spent(item.document, str(path)))
        return told

    def _body(self, message: str) -> bytes | None:
        """A message's body; None where it can't be read, as the letter's reason says then."""
        try:
            return (self._bodies.get(message) or Body(self._spool / message)).read()
        except OSError:
            return None
