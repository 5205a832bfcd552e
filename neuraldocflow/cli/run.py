"""``run``: the dataflow alone."""

from __future__ import annotations

import json
import sys
from functools import cache
from pathlib import Path

import typer

from neuraldocflow import config as configuration
from neuraldocflow.cli import show
from neuraldocflow.cli.watch import summary, watching
from neuraldocflow.errors import ConfigError
from neuraldocflow.job import runner
from neuraldocflow.job.member import Member, ordinal
from neuraldocflow.job.supervisor import Phase, Supervisor
from neuraldocflow.log import open_log
from neuraldocflow.swarm.containment import die_with_parent


def run(
    config: Path | None = typer.Option(None, "--config", "-c", help="A configuration in YAML."),
    source: list[str] = typer.Option([], "--source", "-s", help="Run only this source; may be repeated."),
    once: bool = typer.Option(False, "--once", help="End when the sources are drained."),
    processes: int = typer.Option(1, "--processes", "-p", min=1, help="Processes, watched and restarted."),
    workers: int = typer.Option(1, "--workers", "-w", min=1, help="Worker threads each."),
    pod: str = typer.Option("", "--pod", help="This pod's name, which ends with its number; with --peers."),
    peers: str = typer.Option(
        "", "--peers", help="The address of every process by its number: flow-{}.flow:2101"
    ),
    quiet: bool = typer.Option(False, "--quiet", "-q", help="Print the summary only."),
    as_json: bool = typer.Option(False, "--json", help="Print the summary as JSON."),
    member: int = typer.Option(-1, "--member", hidden=True),
    addresses: str = typer.Option("", "--addresses", hidden=True),
    supervisor: int = typer.Option(0, "--supervisor", hidden=True),
) -> None:
    """Run the job until it is stopped (Ctrl-C or SIGTERM; nothing is lost), or once.

    Example: neuraldocflow run --once -c pipeline.yaml
    """
    loaded = configuration.load(config)
    sources = tuple(source)
    if member >= 0:
        die_with_parent(supervisor)
        runner.run_member(
            loaded,
            once=once,
            sources=sources,
            workers=workers,
            process=member,
            addresses=tuple(addresses.split(";")),
        )
        return

    @cache
    def begun() -> None:  # once, however often a supervisor starts it again
        names = ", ".join(source or loaded.stream_sources) or "what comes through the gateway"
        show.console(stderr=True).print(f"running: {names} (Ctrl-C stops it; nothing is lost)")

    def entered(phase: Phase, reason: str = "", failed: int = 0) -> None:
        if phase == "running":
            begun()

    def command(number: int, told: str) -> list[str]:
        given = ["-P", "-m", "neuraldocflow", "run", "--member", str(number), "--addresses", told]
        given += ["--workers", str(workers), *(["--once"] if once else [])]
        given += ["-c", str(config)] if config is not None else []
        return [*given, *(part for name in source for part in ("--source", name))]

    if pod or peers:
        if not (pod and "{}" in peers):
            raise ConfigError("--pod and --peers belong together, and --peers has a {} for the number")
        Member(loaded, ordinal(pod), peers, workers, command).run()
        return
    with (
        open_log(loaded.runtime) as job_log,
        watching(job_log, as_json=as_json, quiet=quiet) as counts,
    ):
        if processes > 1:
            Supervisor(loaded, processes, workers, command, told=entered).run()
        else:
            runner.run(loaded, once=once, sources=sources, workers=workers, started=lambda engine: begun())
    sys.stderr.flush()
    print(json.dumps(counts) if as_json else summary(counts))
