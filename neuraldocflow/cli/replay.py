"""``replay``: process again what the log knows, and tell what changed."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import orjson
import typer
from rich.text import Text

from neuraldocflow import profiles
from neuraldocflow.cli import show
from neuraldocflow.cli.interrupts import interruptible
from neuraldocflow.cli.state import of_a_job
from neuraldocflow.config import Config
from neuraldocflow.errors import ConfigError, NeuralDocFlowError
from neuraldocflow.events import NewDocument
from neuraldocflow.log import DEAD_LETTERS, SWARM_DECISIONS, Log, Record, open_log
from neuraldocflow.payloads import PayloadStore
from neuraldocflow.replay import Change, again_of, changes, find_submitted, results, select, submit
from neuraldocflow.replay_plan import Plan, Row
from neuraldocflow.selection import Conditions, Range, moment, parse_offsets, topic_named
from neuraldocflow.webhooks import redelivery
from neuraldocflow.whereabouts import Whereabouts
from neuraldocflow.wording import counted

_PATIENCE = 15.0


def replay(
    topic: str = typer.Option(
        "results", "--topic", help="results, events, documents or dead-letters, or a topic's name."
    ),
    config: Path | None = typer.Option(None, "--config", "-c", help="A configuration in YAML."),
    from_beginning: bool = typer.Option(False, "--from-beginning", help="Everything that is kept."),
    since: str = typer.Option("", "--since", help="From a time: 15m, 2h, 3d, or 2026-01-31T12:00."),
    until: str = typer.Option("", "--until", help="Up to a time."),
    offsets: list[str] = typer.Option([], "--offsets", help="PARTITION:FIRST-LAST; one of each partition."),
    where: list[str] = typer.Option([], "--where", help="KEY=VALUE, such as status=failed; may be repeated."),
    stale_profile: bool = typer.Option(
        False, "--stale-profile", help="Only what another version of its profile made."
    ),
    dead_letters: bool = typer.Option(False, "--dead-letters", help="The same as --topic dead-letters."),
    rate: float = typer.Option(
        0.0, "--rate", min=0, help="At most so many documents a second, so that live work goes first; 0: any."
    ),
    anew: bool = typer.Option(False, "--anew", help="Forget how far the same replay was when interrupted."),
    dry_run: bool = typer.Option(False, "--dry-run", help="Say what would be run again, and end."),
    wait: bool = typer.Option(True, "--wait/--no-wait", help="Wait for the results and compare them."),
    as_json: bool = typer.Option(False, "--json", help="One JSON object a change, then a summary."),
) -> None:
    """Run documents again; their results say run n+1. Fields that changed are told at the end.

    With --dead-letters, failed documents are run again, and what webhooks could not be told is sent again.

    Example: neuraldocflow replay --since 2d --where status=failed
    """
    name = DEAD_LETTERS if dead_letters else topic_named(topic)
    if not (from_beginning or since or offsets):
        raise ConfigError("say which part of the topic: --from-beginning, --since TIME or --offsets")
    wanted = Range(
        moment(since, "--since") if since else None,
        moment(until, "--until") if until else None,
        parse_offsets(offsets),
    )
    if wanted.since and wanted.until and wanted.until <= wanted.since:
        raise ConfigError(f"--until: {until} is not after --since {since}")
    if name == SWARM_DECISIONS:
        raise ConfigError("--topic: decisions are about agents; choose results, events or documents")
    conditions = Conditions(where)
    loaded = of_a_job(config)
    current = None
    if stale_profile:
        known = profiles.load(loaded.runtime.profiles_directories)
        current = [profile.identity for profile in known.values()]
    arguments = [name, from_beginning, since, until, offsets, where, stale_profile]
    with ExitStack() as stack:
        log = stack.enter_context(open_log(loaded.runtime))
        if dry_run:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="replay-")))
        else:
            folder = loaded.runtime.state_directory.absolute() / "replays"
        plan = stack.enter_context(Plan(folder, arguments))
        going_on = bool(plan.fact("selected")) and not anew
        if going_on:
            find_submitted(log, plan)
        else:
            plan.forget()
            scratch = loaded.runtime.state_directory / "work" / "scratch"
            whereabouts = Whereabouts(loaded, PayloadStore(loaded.runtime.payload_url, scratch))
            select(log, whereabouts, plan, name, wanted, conditions, current)
        again = name == DEAD_LETTERS and not stale_profile
        letters = redelivery.letters(log, wanted, conditions) if again else iter(())
        if dry_run:
            _tell_selection(plan, going_on, dry_run, as_json)
            _tell_cost(plan, loaded, rate)
            _tell_letters(letters, as_json)
            return
        with interruptible() as interrupted:
            _tell_selection(plan, going_on, dry_run, as_json)
            _submit(log, plan, rate, interrupted)
        undelivered = _redeliver(log, loaded, letters, as_json)
        if wait and plan.awaited():
            _compare(log, plan, as_json)
        plan.drop()
    if undelivered:
        raise typer.Exit(3)


def _tell_letters(letters: Iterator[Record], as_json: bool) -> None:
    """What webhooks would be told again."""
    count = 0
    for record in letters:
        count += 1
        target = record.headers["target"]
        if as_json:
            print(orjson.dumps({"id": record.key, "target": target}).decode())
        else:
            show.console().print(f"{record.key} to {target}", soft_wrap=True)
    if count:
        show.console(stderr=True).print(f"{counted(count, 'webhook')} would be delivered again")


def _redeliver(log: Log, config: Config, letters: Iterator[Record], as_json: bool) -> int:
    """Tell webhooks again; how many could not be."""
    screen, done, failed = show.console(stderr=True), 0, 0
    for each in redelivery.redeliver(log, config, letters):
        done, failed = done + each.delivered, failed + (not each.delivered)
        if as_json:
            told = {"id": each.document, "target": each.target, "delivered": each.delivered}
            print(orjson.dumps({**told, "reason": each.reason}).decode(), flush=True)
        elif not each.delivered:
            line = f"{each.document}: {each.target}: not delivered: {each.reason}"
            screen.print(Text(line), soft_wrap=True)
    if done or failed:
        screen.print(f"{counted(done, 'webhook')} delivered, {failed} not")
    return failed


def _submit(log: Log, plan: Plan, rate: float, interrupted: threading.Event) -> None:
    """Put what is left on the log. Ctrl-C leaves the rest to the next time."""
    for _ in submit(log, plan, rate, interrupted.wait):
        if interrupted.is_set():
            break
    if left := plan.left():
        raise NeuralDocFlowError(
            f"interrupted: {counted(left, 'document')} not run again yet; the same command goes on with them"
        )


def _tell_selection(plan: Plan, going_on: bool, dry_run: bool, as_json: bool) -> None:
    screen = show.console(stderr=True)
    if dry_run:
        for row in plan.to_submit():
            event = again_of(row).event
            if as_json:
                print(orjson.dumps(_shown(event)).decode())
            else:
                show.console().print(f"{event.source.filename or event.id}  run {event.run}")
    for row in plan.lost():
        screen.print(Text(f"{_name(row)}: can't be run again: {row['reason']}"), soft_wrap=True)
    count, left = plan.count(), plan.left()
    if going_on:
        screen.print(f"goes on where it was interrupted: {count - left} of {count} are on the log already")
    screen.print(f"{counted(count, 'document')} {'would be run again' if dry_run else 'run again'}")


def _tell_cost(plan: Plan, config: Config, rate: float) -> None:
    """How long it would take, going by how long it took: nothing where that is not known."""
    if not (milliseconds := plan.milliseconds()):
        return
    agents = config.processing_pipeline.swarm_config.max_agents
    least = max(milliseconds / agents, plan.left() / rate * 1000 if rate else 0.0)
    told = f"{show.seconds(milliseconds)} of one agent's time, as they took before"
    if agents > 1 or rate:
        told += f"; {show.seconds(least)} with {counted(agents, 'agent')}"
    told += f", {rate:g} a second" if rate else ""
    show.console(stderr=True).print(told, soft_wrap=True)


def _name(row: Row) -> str:
    """The file's name, where the log still has it."""
    if row["event"] is None:
        return str(row["id"])
    return again_of(row).event.source.filename or str(row["id"])


def _shown(event: NewDocument) -> dict[str, Any]:
    return {"id": event.id, "run": event.run, "filename": event.source.filename}


def _compare(log: Log, plan: Plan, as_json: bool) -> None:
    """Follow the new results, and tell each change. Ctrl-C ends the waiting, not the work."""
    screen = show.console(stderr=True)
    done, changed, differing = 0, 0, 0
    silent_since, warned = time.monotonic(), False
    with interruptible() as interrupted:
        for found in results(log, plan):
            if interrupted.is_set():
                left = counted(plan.awaited(), "document")
                screen.print(f"{left} still to come: the work goes on without you")
                break
            if found is None:
                if not warned and time.monotonic() - silent_since > _PATIENCE:
                    warned = True
                    screen.print("no results yet: they come when a job runs (neuraldocflow run or up)")
                continue
            silent_since = time.monotonic()
            again, result = found
            different = changes(log, again, result)
            done, changed, differing = done + 1, changed + len(different), differing + bool(different)
            for change in different:
                _tell_change(change, as_json)
    if as_json:
        print(orjson.dumps({"documents": done, "differing": differing, "changedFields": changed}).decode())
    else:
        screen.print(
            f"{counted(done, 'result')}, {differing} of them with {counted(changed, 'changed field')}"
        )


def _tell_change(change: Change, as_json: bool) -> None:
    if as_json:
        print(orjson.dumps({name: getattr(change, name) for name in Change.__slots__}).decode(), flush=True)
        return
    line = Text(f"{change.filename or change.document}  {change.field}  ")
    line.append(_short(change.old), "red").append(" → ").append(_short(change.new), "green")
    if change.old_profile != change.new_profile:
        line.append(f"  ({change.old_profile or 'none'} → {change.new_profile or 'none'})", "dim")
    show.console().print(line, soft_wrap=True)


def _short(value: Any) -> str:
    text = "null" if value is None else str(value)
    return text if len(text) <= 60 else f"{text[:59]}…"
