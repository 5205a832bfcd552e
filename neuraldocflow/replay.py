"""Replay: documents that the log knows are processed again, as a new run, and what changed is told.

``select`` finds them, ``submit`` puts them on the log, ``changes`` compares new results with those before.
What was found and what is done is in a plan on disk, so memory does not grow with the documents.
"""

from __future__ import annotations

import hashlib
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from connectors.filesystem import FilesystemConfig
from neuraldocflow.config import Config
from neuraldocflow.events import DecodeError, DocumentReceived, DocumentSource, NewDocument, decode, encode
from neuraldocflow.log import (
    DEAD_LETTERS,
    DOCUMENT_STREAM,
    PROCESSING_EVENTS,
    PROCESSING_RESULTS,
    Log,
    Record,
)
from neuraldocflow.payloads import path_of
from neuraldocflow.replay_plan import Places, Plan, Row
from neuraldocflow.selection import Conditions, Range, records_between, told
from sinks.events import message_of

ORIGIN = "/replay"
"""The origin of a document that is run again: no source has anything to acknowledge."""
_CHUNK = 1 << 20
_BATCH = 100
_READERS = 4
"""Partitions read at a time, each with what its reader reads ahead."""
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
    config: Config,
    plan: Plan,
    topic: str,
    wanted: Range,
    where: Conditions,
    current_profiles: Iterable[str] | None = None,
) -> None:
    """Fill a plan with the documents that records of a range speak of. With ``current_profiles`` (identities)
    only those whose result was made by another."""

    def choose(record: Record) -> None:
        if where.hold(told(record)):
            plan.add(_document_of(record))

    def remember(record: Record) -> None:
        if plan.has(record.key):
            result = told(record).get("result") or {}
            place = (record.topic, record.partition, record.offset)
            plan.had(record.key, place, int(result.get("run", 0)), _profile(result))

    def take(record: Record) -> None:
        document = _document_of(record)
        if plan.has(document) and (event := _bringing(record)) is not None:
            plan.came(document, encode(event), event.run)

    scan(log, topic, wanted, choose)
    scan(log, PROCESSING_RESULTS, Range(), remember)
    if current_profiles is not None:
        plan.only_stale(current_profiles)
    for each in (PROCESSING_EVENTS, DOCUMENT_STREAM, DEAD_LETTERS):  # a later one's event counts
        scan(log, each, Range(), take)
    _settle(config, plan)
    plan.keep_places("submissions", _ends(log, DOCUMENT_STREAM))
    plan.keep_places("results", _ends(log, PROCESSING_RESULTS))
    plan.keep(selected=True)


def scan(log: Log, topic: str, wanted: Range, each: Callable[[Record], None]) -> None:
    """Give all records of a range to ``each``: several partitions at a time, in order within one."""

    def read(partition: int, bounds: tuple[int, int]) -> None:
        for record in records_between(log, topic, partition, *bounds):
            each(record)

    with ThreadPoolExecutor(_READERS, "replay") as readers:
        parts = [readers.submit(read, *part) for part in wanted.bounds(log, topic).items()]
        for part in parts:
            part.result()


def find_submitted(log: Log, plan: Plan) -> None:
    """What an interrupted replay put on the log without coming to note it: it is not put there again."""
    for (topic, partition), offset in plan.places("submissions").items():
        for record in records_between(log, topic, partition, offset, log.end(topic, partition)):
            event = _decoded(record)
            if event is not None and event.origin == ORIGIN:
                plan.submitted(event.id, event.run)
    plan.keep()


def submit(log: Log, plan: Plan, rate: float = 0.0) -> Iterator[int]:
    """Put what is left on the log, at most ``rate`` documents a second (0: as fast as it takes them).

    Gives the number of documents after each batch; each is noted in the plan as soon as the log has it.
    Raises LogError.
    """
    most = max(1, min(_BATCH, int(rate * _RHYTHM))) if rate else _BATCH
    due = time.monotonic()
    for batch in _batches(plan.to_submit(), most):
        time.sleep(max(0.0, due - time.monotonic()))
        due = max(due, time.monotonic() - _RHYTHM) + (len(batch) / rate if rate else 0.0)
        log.append([message_of(_event_of(row)) for row in batch])
        for row in batch:
            plan.submitted(row["id"], row["run"])
        plan.keep()
        yield len(batch)


def results(log: Log, plan: Plan) -> Iterator[tuple[Again, dict[str, Any]] | None]:
    """Each document with its new result as they come; None after a second of nothing."""
    positions = plan.places("results")
    waiting = plan.awaited()
    while waiting:
        if not log.wait(positions, 1.0):
            yield None
        for (topic, partition), offset in list(positions.items()):
            for record in log.read(topic, partition, offset):
                positions[topic, partition] = record.offset + 1
                result = told(record).get("result") or {}
                row = plan.answered(record.key, int(result.get("run", 0)))
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
    return {(topic, part): log.end(topic, part) for part in log.partitions(topic)}


def _settle(config: Config, plan: Plan) -> None:
    """Say of each document as what it is run again, or why it can't be."""
    moved = _Moved(config)
    for row in plan.found():
        if row["event"] is None:
            plan.impossible(row["number"], "the log no longer has its event")
            continue
        event = _event_of(row)
        source = moved.find(event.source)
        if source is None:
            plan.impossible(row["number"], "its payload is no longer there")
            continue
        run = max(row["run"], row["before_run"] or 0) + 1
        again = event.model_copy(update={"source": source, "run": run, "origin": ORIGIN})
        plan.ready(row["number"], encode(again), run)


def changes(log: Log, again: Again, new: dict[str, Any]) -> list[Change]:
    """The fields of a document that have another value than before. Raises LogError."""
    if again.before is None:
        return []
    topic, partition, offset = again.before.place
    found = log.read(topic, partition, offset, limit=1)
    old = told(found[0]).get("result") or {} if found and found[0].offset == offset else {}
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
    """Dead letters carry the event that failed, under a key that may be another."""
    if record.topic == DEAD_LETTERS:
        event = _decoded(record)
        return event.id if event is not None else record.key
    return record.key


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
        tenant=event.tenant,
    )


class _Moved:
    """Finds files that their source has moved since: by size, then by hash, in its folders for them."""

    def __init__(self, config: Config) -> None:
        self._folders = [
            folder
            for entry in config.stream_sources.values()
            if isinstance(entry.config, FilesystemConfig)
            for watched in entry.config.watch_directories
            for folder in entry.config.targets(watched.path)
        ]
        self._by_size: dict[int, list[Path]] | None = None

    def find(self, source: DocumentSource) -> DocumentSource | None:
        """The source as it is to be read now; None where it is gone."""
        if not source.uri.startswith("file://"):
            return source
        if path_of(source.uri).is_file():
            return source
        for path in self._files().get(source.size, []):
            if _sha256(path) == source.sha256:
                return source.model_copy(update={"uri": path.as_uri()})
        return None

    def _files(self) -> dict[int, list[Path]]:
        if self._by_size is None:
            self._by_size = defaultdict(list)
            for folder in self._folders:
                for path in folder.rglob("*"):
                    if path.is_file():
                        self._by_size[path.stat().st_size].append(path)
        return self._by_size


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
