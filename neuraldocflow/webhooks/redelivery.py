"""Delivering again what webhooks could not be told: dead letters are posted to where they were to go.

Beside any job, by whoever asks for it. Each is tried once; how that went is a ResultDelivered event of its
own, and the dead letter stays on the log. A document's events keep their order, and their ``webhook-id``.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from neuraldocflow.config import Config
from neuraldocflow.dead_letters import WEBHOOK, is_webhooks
from neuraldocflow.events import DecodeError, DeliveryStatus, Event, ResultDelivered, decode
from neuraldocflow.log import DEAD_LETTERS, Log, Record
from neuraldocflow.repeats import Repeats
from neuraldocflow.selection import Conditions, Range, records, told
from neuraldocflow.webhooks.attempts import Answer, Attempt
from neuraldocflow.webhooks.receivers import Receiver, delivery_number, target_of
from sinks.events import message_of
from sinks.webhook import WebhookSinkConfig, receivers_of

_BATCH = 200
"""Letters in memory at a time."""
_LOOK = 0.01
_PATIENCE = 60.0
"""Seconds that a batch waits for endpoints that failed again and again and are left alone for a while."""


@dataclass(frozen=True, slots=True)
class Redelivery:
    """How a dead letter's second delivery went."""

    document: str
    target: str
    delivered: bool
    reason: str


@dataclass(slots=True)
class _Letter:
    record: Record
    event: Event
    receiver: Receiver

    @property
    def owner(self) -> str:
        return f"{self.record.partition}@{self.record.offset}"


def letters(log: Log, wanted: Range, where: Conditions) -> Iterator[Record]:
    """The dead letters of webhooks in a range, each once. Raises LogError."""
    repeats = Repeats()
    for record in records(log, DEAD_LETTERS, wanted):
        if is_webhooks(record) and where.hold(told(record)) and repeats.is_new(record.headers["ce_id"]):
            yield record


def receivers(config: Config) -> dict[str, Receiver]:
    """Every configured endpoint by what it is called, the first of several. Raises ConfigError."""
    found: dict[str, Receiver] = {}
    for number, entry in enumerate(config.processing_pipeline.output_streams):
        if isinstance(entry.config, WebhookSinkConfig):
            where = f"processing_pipeline.output_streams.{number}.config"
            for receiver in receivers_of(entry.config, where):
                found.setdefault(target_of(receiver.endpoint.url), receiver)
    return found


def redeliver(log: Log, config: Config, found: Iterable[Record]) -> Iterator[Redelivery]:
    """Post dead letters of webhooks once more; how each went. Raises ConfigError, LogError."""
    known, rest = receivers(config), iter(found)
    try:
        while batch := list(islice(rest, _BATCH)):
            queues: dict[tuple[str, str], deque[_Letter]] = {}
            for record in batch:
                letter = _letter(record, known)
                if isinstance(letter, Redelivery):
                    yield letter
                else:
                    queues.setdefault((record.key, record.headers["target"]), deque()).append(letter)
            while queues:
                yield from _round(log, [queue.popleft() for queue in queues.values()])
                queues = {name: queue for name, queue in queues.items() if queue}
    finally:
        for receiver in known.values():
            receiver.endpoint.close()


def _letter(record: Record, known: dict[str, Receiver]) -> _Letter | Redelivery:
    """What is to be posted; how it ends where nothing can be."""
    target = target_of(record.headers["target"])
    if target not in known:
        return Redelivery(record.key, target, False, "the endpoint is no longer in the configuration")
    try:
        return _Letter(record, decode(record.value), known[target])
    except DecodeError as error:
        return Redelivery(record.key, target, False, f"its event can't be read: {error}")


def _round(log: Log, letters: list[_Letter]) -> Iterator[Redelivery]:
    """One letter of each document and endpoint, side by side."""
    until = time.monotonic() + _PATIENCE
    due = [(0.0, each) for each in letters]
    asked: list[_Letter] = []
    ended: list[tuple[_Letter, Answer]] = []
    while due or asked:
        now = time.monotonic()
        for at, each in due:
            if at <= now:
                each.receiver.endpoint.post(Attempt(each.owner, each.event.event_id, each.record.value))
                asked.append(each)
        due = [(at, each) for at, each in due if at > now]
        unanswered = []
        for each in asked:
            answers = each.receiver.endpoint.take(each.owner)
            for answer in answers:
                if answer.verdict == "again" and not answer.tried and now < until:
                    due.append((now + (answer.asked or _LOOK), each))  # it was left alone: that was no try
                else:
                    ended.append((each, answer))
            unanswered += [] if answers else [each]
        asked = unanswered
        time.sleep(_LOOK if due or asked else 0.0)
    log.append([message_of(_told(*each)) for each in ended])
    for each, answer in ended:
        delivered = answer.verdict == "delivered"
        yield Redelivery(each.record.key, target_of(each.receiver.endpoint.url), delivered, answer.reason)


def _told(letter: _Letter, answer: Answer) -> ResultDelivered:
    """An event of its own: its id has the letter's place on the log, and the time, as it may come again."""
    url, event = letter.receiver.endpoint.url, letter.event
    attempts = int(letter.record.headers.get("attempts", 0)) + answer.tried
    status = {"delivered": "delivered", "gone": "disabled"}.get(answer.verdict, "failed")
    return ResultDelivered(
        id=event.id,
        run=event.run,
        origin=WEBHOOK,
        tenant=event.tenant,
        sequence=delivery_number(event.event_id, f"{url} {letter.owner} {time.time_ns()}"),
        delivery_status=DeliveryStatus.model_validate(
            {"sink": "webhook", "target": target_of(url), "attempts": attempts, "status": status}
        ),
    )
