"""Replay: documents that the log knows are processed again, as a new run, and what changed is told.

``select`` finds them, ``submit`` puts them on the log, ``changes`` compares new results with those before.
What was found and what is done is in a plan on disk, so memory does not grow with the documents.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Any

from neuraldocflow.dead_letters import is_webhooks
from neuraldocflow.deadlines import without_deadline
from neuraldocflow.events import DecodeError, DocumentReceived, NewDocument, decode, encode
from neuraldocflow.log import (
    DEAD_LETTERS,
    DOCUMENT_STREAM,
    GROWTH,
    PROCESSING_EVENTS,
    PROCESSING_RESULTS,
    Log,
    OffsetOutOfRange,
    Record,
)
from neuraldocflow.replay_plan import Places, Plan, Row
from neuraldocflow.selection import Conditions, Range, document_of, read_on, records, told
from neuraldocflow.whereabouts import Whereabouts
from sinks.events import message_of

ORIGIN = "/replay"
"""The origin of a document that is run again: no source has anything to acknowledge."""
_BATCH = 100
_LOOKERS = 8
"""Payloads that are looked for at a time."""
_RHYTHM = 0.5
"""Seconds between two batches of a replay with a rate."""


@dataclass(frozen=True, slots=True)
class Before:
    """The last result of a document: where it is, its run and the profile it was made by."""

    place: tuple[str, int, int]
    run: int
    profile: str


@dataclass(frozen=True, slots=True)
class Again:
    """A document to be run again, and its result so far."""

    event: NewDocument
    before: Before | None


@dataclass(frozen=True, slots=True)
class Change:
    """A field whose value is another now."""

    document: str
    filename: str
    field: str
    old: Any
    new: Any
    old_profile: str
    new_profile: str


def select(
    log: Log,
    whereabouts: Whereabouts,
    plan: Plan,
    topic: str,
    wanted: Range,
    where: Conditions,
    current_profiles: Iterable[str] | None = None,
) -> None:
    """Fill a plan with the documents that records of a range speak of. With ``current_profiles`` (identities)
    only those whose result was made by another. A webhook's dead letter is not run again, but delivered.

    Raises LogError, and Unreachable where payloads can't be looked for.
    """

    for record in records(log, topic, wanted):
        if not where.hold(told(record)) or is_webhooks(record):
            continue
        if document := _document_of(record):
            plan.add(document)
        else:
            plan.add_impossible(_place(record), "it is no document; send it again to where it came from")
    for record in records(log, PROCESSING_RESULTS, Range()):
        document = document_of(record)
        if plan.has(document):
            result = told(record).get("result") or {}
            place = (record.topic, record.partition, record.offset)
            took = (result.get("metadata") or {}).get("timings") or {}
            run = int(result.get("run", 0))
            plan.had(document, place, run, _profile(result), took.get("totalMs"))
    if current_profiles is not None:
        plan.only_stale(current_profiles)
    for each in (PROCESSING_EVENTS, DOCUMENT_STREAM, DEAD_LETTERS):  # a later one's event counts
        for record in records(log, each, Range()):
            document = _document_of(record)
            if plan.has(document) and (event := _bringing(record)) is not None:
                plan.came(document, encode(event), event.run)
    _settle(whereabouts, plan)
    plan.keep_places("submissions", _ends(log, DOCUMENT_STREAM))
    plan.keep_places("results", _ends(log, PROCESSING_RESULTS))
    plan.keep(selected=True)


def find_submitted(log: Log, plan: Plan) -> None:
    """What an interrupted replay put on the log without coming to note it: it is not put there again."""
    offsets = {partition: (offset, None) for (_, partition), offset in plan.places("submissions").items()}
    for record in records(log, DOCUMENT_STREAM, Range(offsets=offsets)):
        event = _decoded(record)
        if event is not None and event.origin == ORIGIN:
            plan.submitted(event.id, event.run)
    plan.keep()


def submit(
    log: Log, plan: Plan, rate: float = 0.0, pause: Callable[[float], object] = time.sleep
) -> Iterator[int]:
    """Put what is left on the log, at most ``rate`` documents a second (0: as fast as it takes them).

    Gives the number of documents after each batch; each is noted in the plan as soon as the log has it.
    Raises LogError.
    """
    most = max(1, min(_BATCH, int(rate * _RHYTHM))) if rate else _BATCH
    due = time.monotonic()
    for batch in _batches(plan.to_submit(), most):
        pause(max(0.0, due - time.monotonic()))
        due = max(due, time.monotonic() - _RHYTHM) + (len(batch) / rate if rate else 0.0)
        log.append([message_of(_event_of(row)) for row in batch])
        for row in batch:
            plan.submitted(row["id"], row["run"])
        plan.keep()
        yield len(batch)


def results(log: Log, plan: Plan) -> Iterator[tuple[Again, dict[str, Any]] | None]:
    """Each document with its new result as they come; None after a second of nothing."""
    positions = plan.places("results")
    waiting, counted = plan.awaited(), float("-inf")
    while waiting:
        if time.monotonic() - counted > GROWTH:
            counted = time.monotonic()
            for partition in log.partitions_now(PROCESSING_RESULTS):
                positions.setdefault((PROCESSING_RESULTS, partition), 0)
        if not log.wait(positions, 1.0):
            yield None
        for (topic, partition), offset in list(positions.items()):
            for record in read_on(log, topic, partition, offset):
                positions[topic, partition] = record.offset + 1
                result = told(record).get("result") or {}
                row = plan.answered(document_of(record), int(result.get("run", 0)))
                if row is not None:
                    waiting -= 1
                    yield again_of(row), result


def again_of(row: Row) -> Again:
    """A document of a plan."""
    before = None
    if row["topic"] is not None:
        before = Before((row["topic"], row["partition"], row["offset"]), row["before_run"], row["profile"])
    return Again(_event_of(row), before)


def _event_of(row: Row) -> NewDocument:
    event = decode(row["event"])
    if not isinstance(event, NewDocument):
        raise DecodeError("a plan holds what brings documents")
    return event


def _batches(rows: Iterator[Row], most: int) -> Iterator[list[Row]]:
    while batch := list(islice(rows, most)):
        yield batch


def _ends(log: Log, topic: str) -> Places:
    return {(topic, part): end for part, (_, end) in log.bounds(topic).items()}


def _settle(whereabouts: Whereabouts, plan: Plan) -> None:
    """Say of each document as what it is run again, or why it can't be."""
    with ThreadPoolExecutor(_LOOKERS, "whereabouts") as lookers:
        for rows in _batches(plan.found(), _BATCH):
            events = [None if row["event"] is None else _event_of(row) for row in rows]
            found = lookers.map(lambda event: event and whereabouts.find(event.source), events)
            for row, event, source in zip(rows, events, found, strict=True):
                if event is None:
                    plan.impossible(row["number"], "the log no longer has its event")
                elif source is None:
                    plan.impossible(row["number"], "its payload is no longer there")
                else:
                    run = max(row["run"], row["before_run"] or 0) + 1
                    # why its source could not read it then is no reason now
                    again = without_deadline(event).model_copy(
                        update={"source": source, "run": run, "origin": ORIGIN, "error": None}
                    )
                    plan.ready(row["number"], encode(again), run)


def changes(log: Log, again: Again, new: dict[str, Any]) -> list[Change]:
    """The fields of a document that have another value than before; none where the log no longer has that.

    Raises LogError."""
    if again.before is None:
        return []
    topic, partition, offset = again.before.place
    try:
        found = log.read(topic, partition, offset, limit=1)
    except OffsetOutOfRange:  # retention goes on meanwhile
        return []
    if not found or found[0].offset != offset:
        return []
    old = told(found[0]).get("result") or {}
    olds, news = _values(old), _values(new)
    return [
        Change(
            again.event.id,
            again.event.source.filename,
            name,
            olds.get(name),
            news.get(name),
            _profile(old),
            _profile(new),
        )
        for name in sorted(olds.keys() | news.keys())
        if olds.get(name) != news.get(name)
    ]


def _values(result: dict[str, Any]) -> dict[str, Any]:
    fields = (result.get("extractedData") or {}).get("fields") or {}
    found: dict[str, Any] = {}
    for name, field in fields.items():
        if isinstance(field, list):
            found[name] = [each.get("value") for each in field]
        elif isinstance(field, dict):
            found[name] = field.get("value")
    return {"(status)": result.get("status"), **found}


def _profile(result: dict[str, Any]) -> str:
    return str((result.get("metadata") or {}).get("profileVersion") or "")


def _document_of(record: Record) -> str:
    """Dead letters carry the event that failed, under a key that may be another; empty where they don't."""
    if record.topic != DEAD_LETTERS:
        return document_of(record)
    try:
        return decode(record.value).id
    except DecodeError:
        return ""


def _place(record: Record) -> str:
    """Where a message was that is none of ours."""
    return record.headers.get("origin") or f"{record.topic}[{record.partition}]@{record.offset}"


def _decoded(record: Record) -> NewDocument | None:
    try:
        event = decode(record.value)
    except DecodeError:
        return None
    return event if isinstance(event, NewDocument) else None


def _bringing(record: Record) -> NewDocument | None:
    """The event of a record, as one that brings its document; None where it is none."""
    try:
        event = decode(record.value)
    except DecodeError:
        return None
    if isinstance(event, DocumentReceived):
        return _from_received(event)
    return event if isinstance(event, NewDocument) else None


def _from_received(event: DocumentReceived) -> NewDocument:
    """The document as its source gave it: sources of files put nothing on document-stream."""
    about = event.metadata
    return NewDocument(
        id=event.id,
        run=event.run,
        source=event.source,
        profile=about.get("profile", "auto"),
        priority=about.get("priority", "normal"),
        options=about.get("options", {}),
        tenant=event.tenant,
        received_at=event.time,
    )
