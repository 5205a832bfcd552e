"""``submit``, ``status``, ``scale`` and ``stop``: a job that stays, on this machine or on Kubernetes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import typer
from rich.table import Table
from rich.text import Text

from neuraldocflow import config as configuration
from neuraldocflow.cli import show
from neuraldocflow.cli.state import given, of_a_job
from neuraldocflow.dead_letters import WEBHOOK
from neuraldocflow.deployment import local
from neuraldocflow.deployment.kubernetes import Kubernetes
from neuraldocflow.deployment.overlay import Target, overlay_named
from neuraldocflow.deployment.scaling import plan, resized
from neuraldocflow.deployment.standing import standing
from neuraldocflow.deployment.submission import Submission
from neuraldocflow.errors import ConfigError
from neuraldocflow.wording import counted

_CONFIG = typer.Option(None, "--config", "-c", help="A configuration in YAML.")
_APART = (
    "runtime.log is embedded: what the gateway's pods accept does not come to the dataflow's, which share no "
    "files with them. Set runtime.log.kafka.bootstrap_servers unless nothing is sent to the gateway."
)
_TO = typer.Option("local", "--to", help="local: processes on this machine; k8s: pods of a cluster.")
_NAMESPACE = typer.Option("default", "--namespace", "-n", help="k8s: the namespace.")
_JSON = typer.Option(False, "--json", help="Print JSON.")
_NOT_TOLD = f"--dead-letters --where origin={WEBHOOK}"
"""The options of ``replay`` that send again what webhooks could not be told."""
_PHASES = {"running": "green", "stopped": "yellow", "starting": "yellow", "not submitted": "yellow"}


def submit(
    config: Path | None = _CONFIG,
    to: str = _TO,
    processes: int = typer.Option(1, "--processes", "-p", min=1, help="How many; on k8s, pods."),
    workers: int = typer.Option(1, "--workers", "-w", min=1, help="Worker threads each."),
    gateway: bool = typer.Option(True, "--gateway/--no-gateway", help="local: the API and the page too."),
    image: str = typer.Option("", "--image", help="k8s: NAME:TAG of the image; default: the overlay's."),
    overlay: str = typer.Option("production", "--overlay", help="k8s: local, production, or a folder."),
    namespace: str = _NAMESPACE,
    timeout: float = typer.Option(300, "--timeout", min=1, help="k8s: seconds until all pods are ready."),
    dry_run: bool = typer.Option(False, "--dry-run", help="Say what would run; for k8s print the manifests."),
) -> None:
    """Start the job as a service and wait until it is ready; again: replace what runs, without a loss.

    Example: neuraldocflow submit -c pipeline.yaml --to local --processes 2
    """
    screen = show.console()
    if _on_kubernetes(to):
        # its variables are set in the cluster
        checked = configuration.check(config) if config is not None else None
        if checked is not None and checked.runtime.log.kind == "embedded":
            show.console(stderr=True).print(_APART, style="yellow")
        cluster = Kubernetes(Target(overlay_named(overlay), namespace, image, timeout))
        print(
            cluster.render(config, processes, workers)
            if dry_run
            else cluster.submit(config, processes, workers)
        )
        return
    loaded = configuration.load(config)
    folder = local.folder_of(loaded)
    before = folder.submission() if local.runs(folder) else None
    if dry_run:
        size = (before.processes, before.workers) if before else (0, 0)
        for line in plan(loaded, size, processes, workers, None, replaces=True).told():
            screen.print(line, soft_wrap=True)
        return
    report = local.submit(config, processes, workers, gateway=gateway)
    what = "replaced" if before else "submitted"
    screen.print(f"{what}: {_what_runs(processes, workers)}", style="bold")
    if report.address:
        screen.print(f"open     {report.address}", soft_wrap=True)
    if report.gateway:
        screen.print(f"no gateway: {report.gateway}", soft_wrap=True)
    more = f"tail{given(config)} · scale{given(config)} --processes N · stop{given(config)}"
    screen.print(f"next: neuraldocflow status{given(config)} · {more}", soft_wrap=True)


def status(
    config: Path | None = _CONFIG, to: str = _TO, namespace: str = _NAMESPACE, as_json: bool = _JSON
) -> None:
    """How the job goes: its processes, what waits, how far it has come, and what fails.

    Example: neuraldocflow status
    """
    if _on_kubernetes(to):
        cluster = _cluster(namespace)
        print(json.dumps(cluster.standing()) if as_json else cluster.status().rstrip("\n"))
        return
    found = standing(of_a_job(config))
    if as_json:
        print(json.dumps(found))
    else:
        _show(found, given(config))


def scale(
    config: Path | None = _CONFIG,
    to: str = _TO,
    namespace: str = _NAMESPACE,
    processes: int = typer.Option(None, "--processes", "-p", min=1, help="How many; on k8s, pods."),
    workers: int = typer.Option(None, "--workers", "-w", min=1, help="local: worker threads each."),
    partitions: int = typer.Option(
        None, "--partitions", min=1, help="Of the Kafka topics that documents come from."
    ),
    dry_run: bool = typer.Option(False, "--dry-run", help="Say what would change and what restarts."),
) -> None:
    """Give a submitted job more processes and partitions, or fewer processes.

    Example: neuraldocflow scale --processes 4 --partitions 8
    """
    if _on_kubernetes(to):
        _scale_kubernetes(config, namespace, processes, workers, partitions, dry_run)
        return
    folder = local.folder_of(configuration.load(config))
    screen = show.console()

    def sized(submission: Submission) -> Submission | None:
        loaded = configuration.load(folder.config if submission.configured else None)
        planned = plan(loaded, (submission.processes, submission.workers), processes, workers, partitions)
        for line in planned.told():
            screen.print(line, soft_wrap=True)
        if dry_run or not planned.restarts:
            return None
        planned.grow()
        return submission.sized(planned.processes[1], planned.workers[1])

    if (wanted := local.resize(folder, sized)) is not None:
        screen.print(f"scaled: {_what_runs(wanted.processes, wanted.workers)}", style="bold")


def stop(config: Path | None = _CONFIG, to: str = _TO, namespace: str = _NAMESPACE) -> None:
    """Stop a submitted job; nothing is lost, and submit goes on where it was.

    Example: neuraldocflow stop
    """
    if _on_kubernetes(to):
        _cluster(namespace).stop()
        print("stopped: the dataflow has no pods; the gateway still takes documents")
        return
    folder = local.folder_of(configuration.load(config))
    stopped = local.stop(folder)
    print("stopped" if stopped else f"nothing that was submitted runs on {folder.state}")


def _on_kubernetes(to: str) -> bool:
    if to not in ("local", "k8s"):
        raise ConfigError(f"--to: there is no {to}; choose local or k8s")
    return to == "k8s"


def _cluster(namespace: str) -> Kubernetes:
    return Kubernetes(Target(overlay_named("production"), namespace))


def _scale_kubernetes(
    config: Path | None,
    namespace: str,
    processes: int | None,
    workers: int | None,
    partitions: int | None,
    dry_run: bool,
) -> None:
    """Partitions are added from here: for them the configuration's brokers have to be reachable."""
    if workers is not None:
        raise ConfigError("--workers: on Kubernetes they are in the pods' command; use submit")
    cluster = _cluster(namespace)
    if partitions is None:
        planned = resized(cluster.most_workers(), cluster.size(), processes)
    else:
        planned = plan(configuration.load(config), cluster.size(), processes, None, partitions)
    for line in planned.told():
        print(line)
    if not dry_run and (planned.restarts or processes is not None):  # a scaler may have come to this number
        planned.grow()
        cluster.scale(processes, restart=planned.grows)
        print(f"scaled: {_what_runs(planned.processes[1], planned.workers[1])}")


def _size(processes: int, workers: int) -> str:
    return counted(processes, "process") + (f" of {workers} workers" if workers > 1 else "")


def _what_runs(processes: int, workers: int) -> str:
    return f"{_size(processes, workers)} {'runs' if processes == 1 else 'run'}"


def _show(found: dict[str, Any], config: str) -> None:
    """``config`` is the option that commands are given for the same job."""
    screen = show.console()
    phase = found["phase"]
    shown = (phase, _PHASES.get(phase, "red"))
    screen.print(Text.assemble((_title(found), "bold"), " ", shown, _since(found)))
    gateway = f"no gateway: {found['gateway']}" if found.get("gateway") else None
    for line in (found.get("reason"), _restarts(found), found.get("address"), gateway):
        if line:
            screen.print(f"  {line}", soft_wrap=True)
    for each in found["outages"]:
        lasts = show.seconds(each["seconds"] * 1000)
        told = f"  {each['what']} has not answered as it should for {lasts}: {each['reason']}"
        screen.print(told, style="yellow", soft_wrap=True)
    screen.print(f"moved        {_moved(found)}")
    if found["queued"] is not None:
        _show_documents(found, config)
    if found["lag"] is not None:
        _show_lag(found["lag"])
    if found["unknown"] is not None:
        screen.print(f"not known    {found['unknown']}", style="yellow", soft_wrap=True)


def _show_documents(found: dict[str, Any], config: str) -> None:
    screen = show.console()
    queued = ", ".join(f"{count} {name}" for name, count in sorted(found["queued"].items())) or "none"
    screen.print(f"waiting      {queued}{_oldest(found)}")
    agents = f" by {counted(found['agents'], 'agent')}" if found.get("agents") else ""
    screen.print(f"in work      {found['inFlight']}{agents}")
    ended = ", ".join(f"{count} {name}" for name, count in sorted(found["lastDay"].items())) or "none"
    screen.print(f"last minute  {found['perMinute']}")
    screen.print(f"last day     {ended}")
    for each in found["failures"][:5]:
        screen.print(f"  {each['count']} × {each['code']}: {each['message']}", soft_wrap=True)
        again = f"neuraldocflow replay{config} --since 1d --where error.code={each['code']}"
        screen.print(f"    again: {again}", soft_wrap=True)
    for each in found["outputs"]:
        screen.print(f"{each['sink']:<12} {each['target']}: {_deliveries(each)}", soft_wrap=True)
    if any(each["failed"] for each in found["outputs"]):
        screen.print(f"    again: neuraldocflow replay{config} --since 1d {_NOT_TOLD}", soft_wrap=True)


def _show_lag(lag: list[dict[str, Any]]) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("topic", "partition", "end", "read", "lag", "last minute"):
        table.add_column(name, justify="left" if name == "topic" else "right")
    for each in lag:
        table.add_row(*("–" if each[name] is None else str(each[name]) for name in each))
    show.console().print(table)


def _deliveries(output: dict[str, Any]) -> str:
    """How many of the last day an output took, and how many were given up."""
    told = []
    for how in ("delivered", "failed"):
        if count := output[how]:
            told.append(f"{count} {how}, the last {show.seconds(output[f'{how}SecondsAgo'] * 1000)} ago")
    return "; ".join(told)


def _title(found: dict[str, Any]) -> str:
    return f"{_size(found['processes'], found['workers'])}," if "processes" in found else "job"


def _since(found: dict[str, Any]) -> str:
    return f" for {show.seconds(found['forSeconds'] * 1000)}" if "forSeconds" in found else ""


def _restarts(found: dict[str, Any]) -> str:
    count = found.get("restarts")
    return f"{counted(count, 'restart')}, the last: {found['lastRestart']}" if count else ""


def _moved(found: dict[str, Any]) -> str:
    """How long ago the dataflow did: the worker that has been silent longest, and the frontier."""
    beats, frontier = found["heartbeats"], found["frontier"]
    if not beats:
        return "not running"
    workers = "the worker" if len(beats) == 1 else f"all of {len(beats)} workers"
    told = f"{show.seconds(max(beats.values()) * 1000)} ago by {workers}"
    if frontier["epoch"] is None:
        return told
    return f"{told}; epoch {frontier['epoch']} {show.seconds(frontier['ageSeconds'] * 1000)} ago"


def _oldest(found: dict[str, Any]) -> str:
    age = found["oldestWaitingSeconds"]
    return f" (the oldest for {show.seconds(age * 1000)})" if age is not None else ""
