"""``tail``: follow results, events, dead letters or the swarm's decisions."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import datetime
from heapq import merge
from pathlib import Path
from typing import Any

import orjson
import typer
from rich.text import Text

from neuraldocflow.cli import show
from neuraldocflow.cli.interrupts import interruptible
from neuraldocflow.cli.state import of_a_job
from neuraldocflow.errors import ConfigError
from neuraldocflow.log import DEAD_LETTERS, GROWTH, PROCESSING_RESULTS, Log, Record, open_log
from neuraldocflow.repeats import Repeats
from neuraldocflow.selection import Conditions, moment, read_on, told, topic_named

_LOOK = 0.3
"""Seconds of waiting for records, before looking whether it was interrupted."""


def tail(
    topic: str = typer.Argument(
        "results", help="results, events, documents, dead-letters or decisions, or a topic's name."
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
    name = topic_named(topic)
    wanted = format or ("json" if as_json else "table")
    if wanted not in ("table", "json"):
        raise ConfigError(f"--format: there is no format {wanted}; choose table or json")
    conditions = Conditions(where)
    start = moment(since, "--since") if since else None
    runtime = of_a_job(config).runtime
    screen = show.console()
    repeats = Repeats()
    with interruptible() as interrupted:
        if wanted == "table" and start is None and not from_beginning:
            what = "what comes from now on" if follow else "nothing, as it does not wait for what comes"
            show.console(stderr=True).print(f"{what} (earlier: --since 1h, --from-beginning)")
        with open_log(runtime) as log:
            log.ensure_topic(name, 1)
            for record in _records(log, name, from_beginning, start, follow, interrupted):
                shown = told(record)
                if not conditions.hold(shown) or not _is_new(shown, repeats):
                    continue
                if wanted == "json":
                    print(orjson.dumps(shown).decode(), flush=True)
                else:
                    screen.print(_line(record, shown), soft_wrap=True)


def _records(
    log: Log,
    topic: str,
    from_beginning: bool,
    start: datetime | None,
    follow: bool,
    interrupted: threading.Event,
) -> Iterator[Record]:
    """Up to the newest, or with ``follow`` also what comes, until it is interrupted."""
    positions: dict[tuple[str, int], int] = {}
    for partition in log.partitions(topic):
        if start is not None:
            offset = log.offset_at(topic, partition, start)
        elif from_beginning:
            offset = log.begin(topic, partition)
        else:
            offset = log.end(topic, partition)
        positions[topic, partition] = offset
    counted = time.monotonic()
    while not interrupted.is_set():
        found = {place: read_on(log, *place, offset) for place, offset in positions.items()}
        positions |= {place: records[-1].offset + 1 for place, records in found.items() if records}
        for record in merge(*found.values(), key=lambda each: each.milliseconds):
            yield record
            if interrupted.is_set():
                return
        if not any(found.values()):
            if not follow:
                return
            log.wait(positions, _LOOK)
        if follow and time.monotonic() - counted > GROWTH:
            counted = time.monotonic()
            for partition in log.partitions_now(topic):
                positions.setdefault((topic, partition), 0)


def _is_new(shown: dict[str, Any], repeats: Repeats) -> bool:
    """Whether an event or a dead letter was not shown before; what has no id is always new."""
    identity = shown.get("ce_id")
    return identity is None or repeats.is_new(str(identity))


def _line(record: Record, shown: dict[str, Any]) -> Text:
    line = Text(f"{record.timestamp.astimezone():%H:%M:%S}  ")
    result = shown.get("result")
    if record.topic == PROCESSING_RESULTS and isinstance(result, dict) and "status" in result:
        return line.append_text(show.line_of(result))
    if record.topic == DEAD_LETTERS:
        return line.append(f"{shown.get('origin', '')}  {shown.get('reason', '')}")
    error = shown.get("error")  # messages of others may have anything there
    line.append(f"{shown.get('name') or ''}  {shown.get('id', record.key)}")
    for key in ("stage", "progress", "decision", "reason", "detail", "agent_id", "confidence_score"):
        if shown.get(key) is not None:
            line.append(f"  {shown[key]}")
    if isinstance(delivery := shown.get("delivery_status"), dict):
        told = [delivery[key] for key in ("sink", "target", "status") if delivery.get(key)]
        line.append("".join(f"  {each}" for each in told))
    if error:
        line.append(f"  {error.get('code', '') if isinstance(error, dict) else error}")
    return line
