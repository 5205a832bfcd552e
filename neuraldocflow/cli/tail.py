"""``tail``: follow results, events or dead letters."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import typer
from rich.text import Text

from neuraldocflow import config as configuration
from neuraldocflow.cli import show
from neuraldocflow.errors import ConfigError
from neuraldocflow.log import (
    DEAD_LETTERS,
    PROCESSING_RESULTS,
    TOPICS,
    Log,
    OffsetOutOfRange,
    Record,
    open_log,
)

_SHORT = {"results": PROCESSING_RESULTS, "events": "processing-events", "documents": "document-stream"}
_SHORT["dead-letters"] = DEAD_LETTERS


def tail(
    topic: str = typer.Argument(
        "results", help="results, events, documents or dead-letters, or a topic's name."
    ),
    config: Path | None = typer.Option(None, "--config", "-c", help="A configuration in YAML."),
    from_beginning: bool = typer.Option(False, "--from-beginning", help="Everything that is kept first."),
    since: str = typer.Option("", "--since", help="From a time: 15m, 2h, 3d, or 2026-01-31T12:00."),
    where: list[str] = typer.Option([], "--where", help="KEY=VALUE, such as status=failed; may be repeated."),
    format: str = typer.Option("", "--format", help="table or json; default: table."),
    follow: bool = typer.Option(True, "--follow/--no-follow", help="Wait for what comes, or end."),
    as_json: bool = typer.Option(False, "--json", help="The same as --format json."),
) -> None:
    """Follow the job's results, events or dead letters.

    Example: neuraldocflow tail --since 1h --where status=failed
    """
    name = _SHORT.get(topic, topic)
    if name not in TOPICS:
        raise ConfigError(f"there is no topic {topic}; there are {', '.join(_SHORT)}")
    wanted = format or ("json" if as_json else "table")
    if wanted not in ("table", "json"):
        raise ConfigError(f"--format: there is no format {wanted}; choose table or json")
    conditions = [_condition(each) for each in where]
    start = _time(since) if since else None
    runtime = configuration.load(config).runtime
    if runtime.log.kind == "embedded" and not runtime.state_directory.is_dir():
        raise ConfigError(f"no job has run on {runtime.state_directory.absolute()} yet: try neuraldocflow up")
    screen = show.console()
    try:
        with open_log(runtime) as log:
            for record in _records(log, name, from_beginning, start, follow):
                shown = _parsed(record)
                if not all(_matches(shown, key, value) for key, value in conditions):
                    continue
                if wanted == "json":
                    print(orjson.dumps(shown).decode(), flush=True)
                else:
                    screen.print(_line(record, shown), soft_wrap=True)
    except KeyboardInterrupt:
        raise typer.Exit(0) from None


def _records(
    log: Log, topic: str, from_beginning: bool, start: datetime | None, follow: bool
) -> Iterator[Record]:
    positions: dict[tuple[str, int], int] = {}
    for partition in log.partitions(topic):
        if start is not None:
            offset = log.offset_at(topic, partition, start)
        elif from_beginning:
            offset = log.begin(topic, partition)
        else:
            offset = log.end(topic, partition)
        positions[topic, partition] = offset
    while True:
        found: list[Record] = []
        for (_, partition), offset in positions.items():
            try:
                found.extend(log.read(topic, partition, offset))
            except OffsetOutOfRange as error:  # retention dropped what was next
                positions[topic, partition] = error.begin
        for record in sorted(found, key=lambda each: each.timestamp):
            positions[topic, record.partition] = record.offset + 1
            yield record
        if not found:
            if not follow:
                return
            log.wait(positions, 1.0)


def _parsed(record: Record) -> dict[str, Any]:
    """What is shown of a record: the result or event, with where it stands in the log."""
    try:
        value = orjson.loads(record.value)
    except orjson.JSONDecodeError:
        value = {"bytes": len(record.value)}
    data = value.get("data", value) if isinstance(value, dict) else {"value": value}
    place = {
        "partition": record.partition,
        "offset": record.offset,
        "timestamp": record.timestamp.isoformat(),
    }
    return {"name": str(value.get("type", "")).split(".")[-2:-1], **data, **record.headers, **place}


def _line(record: Record, shown: dict[str, Any]) -> Text:
    line = Text(f"{record.timestamp.astimezone():%H:%M:%S}  ")
    if record.topic == PROCESSING_RESULTS and "result" in shown:
        return line.append_text(show.line_of(shown["result"]))
    if record.topic == DEAD_LETTERS:
        return line.append(f"{shown.get('origin', '')}  {shown.get('reason', '')}")
    line.append(f"{''.join(shown['name'])}  {shown.get('id', record.key)}")
    for key in ("stage", "progress", "agent_id", "confidence_score"):
        if shown.get(key) is not None:
            line.append(f"  {shown[key]}")
    if shown.get("error"):
        line.append(f"  {shown['error']['code']}")
    return line


def _condition(text: str) -> tuple[str, str]:
    key, separator, value = text.partition("=")
    if not separator or not key:
        raise ConfigError(f"--where: {text}: write KEY=VALUE, such as status=failed")
    return key, value


def _matches(shown: Any, key: str, value: str) -> bool:
    """Whether a key, at any depth or by a dotted path, has the value."""
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
    return any(_matches(inner, key, value) for inner in shown.values() if isinstance(inner, dict))


_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def _time(text: str) -> datetime:
    """An age such as 15m, or an ISO time (local unless it says otherwise)."""
    match = re.fullmatch(r"(\d+)([smhd])", text)
    if match:
        return datetime.now(UTC) - timedelta(**{_UNITS[match[2]]: int(match[1])})
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError as error:
        raise ConfigError(
            f"--since: {text}: write an age such as 15m, 2h or 3d, or a time such as 2026-01-31T12:00"
        ) from error
