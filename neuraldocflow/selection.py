"""Choosing records of the log: a topic, a range of it, conditions on what a record says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from neuraldocflow.errors import ConfigError
from neuraldocflow.log import (
    DEAD_LETTERS,
    DOCUMENT_STREAM,
    PROCESSING_EVENTS,
    PROCESSING_RESULTS,
    SWARM_DECISIONS,
    Log,
    OffsetOutOfRange,
    Record,
)

SHORT = {
    "results": PROCESSING_RESULTS,
    "events": PROCESSING_EVENTS,
    "documents": DOCUMENT_STREAM,
    "dead-letters": DEAD_LETTERS,
    "decisions": SWARM_DECISIONS,
}
_OTHERS_TOO = (DEAD_LETTERS, DOCUMENT_STREAM)
"""Topics with messages that others have made."""
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_OFFSETS = re.compile(r"(\d+):(\d+)-(\d*)")


def topic_named(text: str) -> str:
    """The topic of a short or a whole name. Raises ConfigError."""
    name = SHORT.get(text, text)
    if name not in SHORT.values():
        raise ConfigError(f"there is no topic {text}; there are {', '.join(SHORT)}")
    return name


def moment(text: str, option: str) -> datetime:
    """An age such as 15m, or an ISO time (local unless it says otherwise). Raises ConfigError."""
    match = re.fullmatch(r"(\d+)([smhd])", text)
    try:
        if match:
            return datetime.now(UTC) - timedelta(**{_UNITS[match[2]]: int(match[1])})
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ConfigError(
            f"{option}: {text}: write an age such as 15m, 2h or 3d, or a time such as 2026-01-31T12:00"
        ) from error


@dataclass(frozen=True, slots=True)
class Range:
    """A part of a topic: from its beginning, from a time, or offsets of partitions; up to a time or now."""

    since: datetime | None = None
    until: datetime | None = None
    offsets: Mapping[int, tuple[int, int | None]] = field(default_factory=dict)

    def bounds(self, log: Log, topic: str) -> dict[int, tuple[int, int]]:
        """First and next-after-last offset of each partition, as the log stands now. Raises ConfigError for
        partitions that are not there."""
        found = {}
        there = log.bounds(topic)
        if missing := self.offsets.keys() - there.keys():
            most = max(there, default=0)
            raise ConfigError(f"--offsets: {topic} has no partition {min(missing)}; it has 0 to {most}")
        for partition, (begin, end) in there.items():
            if self.offsets:
                if partition not in self.offsets:
                    continue
                first, last = self.offsets[partition]
                begin, end = max(begin, first), end if last is None else min(end, last + 1)
            if self.since is not None:
                begin = max(begin, log.offset_at(topic, partition, self.since))
            if self.until is not None:
                end = min(end, log.offset_at(topic, partition, self.until))
            found[partition] = (begin, end)
        return found


def parse_offsets(texts: list[str]) -> dict[int, tuple[int, int | None]]:
    """``PARTITION:FIRST-LAST`` (LAST may be left out). Raises ConfigError."""
    found: dict[int, tuple[int, int | None]] = {}
    for text in texts:
        match = _OFFSETS.fullmatch(text)
        if match is None:
            raise ConfigError(f"--offsets: {text}: write PARTITION:FIRST-LAST, such as 0:120-180 or 0:120-")
        partition, first, last = int(match[1]), int(match[2]), int(match[3]) if match[3] else None
        if last is not None and last < first:
            raise ConfigError(f"--offsets: {text} ends before it begins")
        if partition in found:
            raise ConfigError(f"--offsets: partition {partition} is given twice; give one range of each")
        found[partition] = (first, last)
    return found


def records(log: Log, topic: str, wanted: Range) -> Iterator[Record]:
    """The records of a range, in order within a partition."""
    return log.scan(topic, wanted.bounds(log, topic))


def read_on(log: Log, topic: str, partition: int, offset: int) -> list[Record]:
    """What comes next in a partition; what retention has dropped meanwhile is passed over."""
    while True:
        try:
            return log.read(topic, partition, offset)
        except OffsetOutOfRange as error:
            offset = error.begin


def document_of(record: Record) -> str:
    """The id of the document that an event is about: the record's key, but for results that have another."""
    return record.headers.get("ce_subject", record.key)


def told(record: Record) -> dict[str, Any]:
    """What a record says: its data, its headers, and where it stands in the log.

    Others' messages may be anything: what has no data is told as it came, what can't be told by its size.
    """
    try:
        value = orjson.loads(record.value)
        if record.topic in _OTHERS_TOO:
            orjson.dumps(value)  # it reads what is nested deeper than it can write
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        value = {"bytes": len(record.value)}
    data = value.get("data") if isinstance(value, dict) else None
    if not isinstance(data, dict):
        data = value if isinstance(value, dict) else {"value": value}
    place = {
        "partition": record.partition,
        "offset": record.offset,
        "timestamp": record.timestamp.isoformat(),
    }
    kind = str(value.get("type", "")).split(".") if isinstance(value, dict) else []
    name = {"name": kind[-2]} if len(kind) > 1 else {}
    return {**name, **data, **record.headers, **place}


class Conditions:
    """``KEY=VALUE`` texts; all must hold. Raises ConfigError for what is none."""

    def __init__(self, texts: list[str]) -> None:
        self._pairs: list[tuple[str, str]] = []
        for text in texts:
            key, separator, value = text.partition("=")
            if not separator or not key:
                raise ConfigError(f"--where: {text}: write KEY=VALUE, such as status=failed")
            self._pairs.append((key, value))

    def hold(self, shown: Any) -> bool:
        """Whether each key, at any depth or by a dotted path, has its value."""
        return all(_matches(shown, key, value) for key, value in self._pairs)


def _matches(shown: Any, key: str, value: str) -> bool:
    head, _, rest = key.partition(".")
    if isinstance(shown, list):
        return any(_matches(each, key, value) for each in shown)
    if not isinstance(shown, dict):
        return False
    if head in shown:
        inner = shown[head]
        if rest:
            return _matches(inner, rest, value)
        if not isinstance(inner, dict | list):
            return str(inner).lower() == value.lower()
        if isinstance(inner, list) and value in (str(each) for each in inner):
            return True
    return any(_matches(inner, key, value) for inner in shown.values() if isinstance(inner, dict | list))
