"""Lifecycle events and results onto the log; always on, so it has no ``type`` to configure.

Durable before the epoch is committed. A replayed epoch appends the same event ids again: readers drop them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition

from neuraldocflow.deliveries import Delivery
from neuraldocflow.durable import PAUSES, OutputError, telling
from neuraldocflow.events import Event, NewDocument, ProcessingCompleted, encode, type_of
from neuraldocflow.log import (
    DOCUMENT_STREAM,
    PROCESSING_EVENTS,
    PROCESSING_RESULTS,
    Log,
    LogError,
    Message,
)
from neuraldocflow.topics.envelopes import key_of

_PARTS = 4
Logged = Event | Delivery
Waiting = Callable[[], None] | None
"""What says, while brokers are away, that the job has not stalled."""


class EventsSink(FixedPartitionedSink[Logged, None]):
    """Appends to ``log``: events to processing-events by document, results to processing-results by
    ``partition_key``."""

    def __init__(self, log: Log, partition_key: str = "document_id", waiting: Waiting = None) -> None:
        self._log = log
        self._partition_key = partition_key
        self._waiting = waiting

    def list_parts(self) -> list[str]:
        return [str(part) for part in range(_PARTS)]

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> EventsPartition:
        return EventsPartition(self._log, self._partition_key, self._waiting)


class EventsPartition(StatefulSinkPartition[Logged, None]):
    """One append, and one sync, a batch."""

    def __init__(self, log: Log, partition_key: str, waiting: Waiting) -> None:
        self._log = log
        self._partition_key = partition_key
        self._waiting = waiting

    def write_batch(self, values: Sequence[Logged]) -> None:
        put_on(self._log, [message_of(value, self._partition_key) for value in values], self._waiting)

    def snapshot(self) -> None:
        return None


def put_on(log: Log, messages: Sequence[Message], waiting: Waiting = None) -> None:
    """Append them, patiently; ``waiting`` is called again and again meanwhile. Raises OutputError."""
    for seconds in (*PAUSES, None):
        try:
            with telling(waiting):
                log.append(messages)
            return
        except LogError as error:
            if seconds is None:
                told = "Nothing is lost: what is missing is delivered after the next start"
                raise OutputError(f"{error}. {told}") from error
            time.sleep(seconds)


def message_of(value: Logged, partition_key: str = "document_id") -> Message:
    """The record of an event or a result: results are keyed by ``partition_key``, all others by document."""
    event = value.event() if isinstance(value, Delivery) else value
    key, topic = event.id, PROCESSING_EVENTS
    headers = {"ce_type": type_of(event), "ce_id": event.event_id}
    if isinstance(event, ProcessingCompleted):
        topic = PROCESSING_RESULTS
        key = key_of(event.result, event.id, event.tenant, partition_key)
        if key != event.id:
            headers["ce_subject"] = event.id
    elif isinstance(event, NewDocument):
        topic = DOCUMENT_STREAM
    return Message(topic, key, encode(event), headers)
