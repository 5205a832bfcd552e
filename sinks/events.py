"""Lifecycle events and results onto the log; always on, so it has no ``type`` to configure.

Durable before the epoch is committed. A replayed epoch appends the same event ids again: readers drop them.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition

from neuraldocflow.deliveries import Delivery
from neuraldocflow.durable import PAUSES, OutputError
from neuraldocflow.events import Event, NewDocument, ProcessingCompleted, encode, type_of
from neuraldocflow.log import (
    DOCUMENT_STREAM,
    PROCESSING_EVENTS,
    PROCESSING_RESULTS,
    Log,
    LogError,
    Message,
)

_PARTS = 4
Logged = Event | Delivery


class EventsSink(FixedPartitionedSink[Logged, None]):
    """Appends to ``log``: events by document to processing-events, results to processing-results."""

    def __init__(self, log: Log) -> None:
        self._log = log

    def list_parts(self) -> list[str]:
        return [str(part) for part in range(_PARTS)]

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> EventsPartition:
        return EventsPartition(self._log)


class EventsPartition(StatefulSinkPartition[Logged, None]):
    """One append, and one sync, a batch."""

    def __init__(self, log: Log) -> None:
        self._log = log

    def write_batch(self, values: Sequence[Logged]) -> None:
        put_on(self._log, [message_of(value) for value in values])

    def snapshot(self) -> None:
        return None


def put_on(log: Log, messages: Sequence[Message]) -> None:
    """Append them, patiently. Raises OutputError."""
    for seconds in (*PAUSES, None):
        try:
            log.append(messages)
            return
        except LogError as error:
            if seconds is None:
                told = "Nothing is lost: what is missing is delivered after the next start"
                raise OutputError(f"{error}. {told}") from error
            time.sleep(seconds)


def message_of(value: Logged, key: str | None = None) -> Message:
    """The record of an event or a result; ``key`` None: by document."""
    if isinstance(value, Delivery):
        document, run = value.identity
        tenant = value.document.tenant
        event = ProcessingCompleted(
            id=document, run=run, origin="/dataflow", tenant=tenant, result=value.result
        )
        return _message(PROCESSING_RESULTS, event, key)
    return _message(DOCUMENT_STREAM if isinstance(value, NewDocument) else PROCESSING_EVENTS, value, key)


def _message(topic: str, event: Event, key: str | None) -> Message:
    headers = {"ce_type": type_of(event), "ce_id": event.event_id}
    if key is None or key == event.id:
        return Message(topic, event.id, encode(event), headers)
    return Message(topic, key, encode(event), {**headers, "ce_subject": event.id})
