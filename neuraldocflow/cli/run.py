"""``run``: the dataflow alone."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import typer

from neuraldocflow import config as configuration
from neuraldocflow import recovery, runner
from neuraldocflow.cli import show
from neuraldocflow.cli.watch import run_watched, summary


def run(
    config: Path | None = typer.Option(None, "--config", "-c", help="A configuration in YAML."),
    source: list[str] = typer.Option([], "--source", "-s", help="Run only this source; may be repeated."),
    once: bool = typer.Option(False, "--once", help="End when the sources are drained."),
    workers: int = typer.Option(1, "--workers", "-w", min=1, max=recovery.PARTITIONS, help="Worker threads."),
    quiet: bool = typer.Option(False, "--quiet", "-q", help="Print the summary only."),
    as_json: bool = typer.Option(False, "--json", help="Print the summary as JSON."),
) -> None:
    """Run the job until it is stopped (Ctrl-C or SIGTERM; nothing is lost), or once.

    Example: neuraldocflow run --once -c pipeline.yaml
    """
    loaded = configuration.load(config)

    def begun() -> None:
        names = ", ".join(source or loaded.stream_sources)
        show.console(stderr=True).print(f"running: {names} (Ctrl-C stops it; nothing is lost)")

    start = partial(_start, loaded, once, tuple(source), workers)
    counts = run_watched(start, as_json=as_json, quiet=quiet, begun=begun)
    print(json.dumps(counts) if as_json else summary(counts))


def _start(
    config: configuration.Config, once: bool, sources: tuple[str, ...], workers: int, started: runner.Started
) -> None:
    runner.run(config, once=once, sources=sources, workers=workers, started=started)
