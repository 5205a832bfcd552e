"""How a job goes, from what is on its log and in its state directory: no process has to be asked."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from neuraldocflow.config import Config
from neuraldocflow.deployment.submission import Folder
from neuraldocflow.deployment.topics import LATELY, lags
from neuraldocflow.errors import ConfigError, NeuralDocFlowError
from neuraldocflow.gateway.jobs import Jobs
from neuraldocflow.gateway.tail import Tail
from neuraldocflow.job.liveness import Liveness, look
from neuraldocflow.log import Log, open_log

_OVER = ("stopped", "failed", "killed")
"""Phases of a submission beside which another job may run on its state directory."""
_ASKED = (
    *("queued", "inFlight", "oldestWaitingSeconds", "perMinute", "lastDay", "failures", "outputs"),
    "lag",
)
"""What the log and its brokers are asked for."""
_TODAY = timedelta(hours=24)


def standing(config: Config) -> dict[str, Any]:
    """What ``status`` tells, as JSON. What can't be asked, such as a log that is away, is None, and
    ``unknown`` says why."""
    folder = Folder(config.runtime.state_directory.absolute())
    now, alive = datetime.now(UTC), look(folder.state)
    found = {
        **_processes(folder, alive, now),
        "heartbeats": alive.heartbeats if alive.phase != "not running" else {},
        "outages": [
            {"what": what, "reason": reason, "seconds": round(seconds, 1)}
            for what, reason, seconds in alive.outages
        ],
        "frontier": {"epoch": alive.frontier, "ageSeconds": alive.frontier_age},
        **dict.fromkeys(_ASKED),
        "unknown": None,
    }
    try:
        found |= _documents(config, now)
        found["lag"] = _lag(config)
    except NeuralDocFlowError as error:
        found["unknown"] = str(error)
    return found


def _processes(folder: Folder, alive: Liveness, now: datetime) -> dict[str, Any]:
    submission, report = folder.submission(), folder.report()
    stalled = alive.reason or None
    if submission is None or report is None or (report.phase in _OVER and alive.pid is not None):
        if alive.phase == "not running":
            return {"phase": "not submitted"}
        agents = {"agents": _agents(alive.pid), "pid": alive.pid} if alive.pid is not None else {}
        return {"phase": alive.phase, "reason": stalled, **agents}
    phase = "stalled" if stalled and report.phase == "running" else report.phase
    looping = report.failed > 1
    return {
        "phase": "crash-looping" if looping else phase,
        "since": datetime.fromtimestamp(report.since, UTC).isoformat(timespec="seconds"),
        "forSeconds": round(now.timestamp() - report.since, 1),
        "reason": report.reason or stalled or (report.last_restart if looping else None),
        "processes": submission.processes,
        "workers": submission.workers,
        "version": submission.version,
        "agents": _agents(report.pid),
        "restarts": report.restarts,
        "lastRestart": report.last_restart or None,
        "address": report.address or None,
        "gateway": report.gateway or None,
        "pid": report.pid,
        "log": str(folder.log),
    }


def _documents(config: Config, now: datetime) -> dict[str, Any]:
    """From the index over the log, which is kept and read on from where the last look ended; where it can't
    be written, such as on a full disk, one for this look alone is made elsewhere."""
    with open_log(config.runtime) as log:
        try:
            return _indexed(config, log, config.runtime.state_directory.absolute() / "work", now)
        except (ConfigError, sqlite3.OperationalError):
            with TemporaryDirectory(prefix="status-") as elsewhere:
                return _indexed(config, log, Path(elsewhere), now)


def _indexed(config: Config, log: Log, folder: Path, now: datetime) -> dict[str, Any]:
    jobs = Jobs(folder / "status.db")
    try:
        retention = timedelta(days=config.runtime.retention_days)
        tail = Tail(log, jobs, lambda _events, _positions: None, retention)
        tail.read_all()
        tail.tidy()
        waiting, in_flight = jobs.depths()
        oldest = jobs.oldest_waiting()
        lately = jobs.ended_since(now - LATELY)
        return {
            "queued": waiting,
            "inFlight": in_flight,
            "oldestWaitingSeconds": _age(oldest["created_ms"] if oldest is not None else None, now),
            "perMinute": sum(lately.values()),
            "lastDay": jobs.ended_since(now - _TODAY),
            "failures": [
                {"code": row["code"], "count": row["n"], "message": row["message"]}
                for row in jobs.failures_since(now - _TODAY)
            ],
            "outputs": [
                {
                    "sink": row["sink"],
                    "target": row["target"],
                    "delivered": row["delivered"],
                    "failed": row["failed"],
                    "deliveredSecondsAgo": _age(row["delivered_ms"], now),
                    "failedSecondsAgo": _age(row["failed_ms"], now),
                }
                for row in jobs.outputs_since(now - _TODAY)
            ],
        }
    finally:
        jobs.close()


def _agents(pid: int) -> int:
    """The agent processes below a process."""
    count, parents = 0, [pid]
    while parents:
        parent = parents.pop()
        for path in Path(f"/proc/{parent}/task").glob("*/children"):
            with suppress(OSError):  # it has ended meanwhile
                children = [int(child) for child in path.read_text().split()]
                parents += children
                for child in children:
                    count += b"neuraldocflow.swarm.agent" in Path(f"/proc/{child}/cmdline").read_bytes()
    return count


def _lag(config: Config) -> list[dict[str, Any]]:
    return [
        {
            "topic": each.topic,
            "partition": each.partition,
            "end": each.end,
            "read": each.read,
            "lag": each.behind,
            "perMinute": each.lately,
        }
        for each in lags(config)
    ]


def _age(milliseconds: int | None, now: datetime) -> float | None:
    return None if milliseconds is None else round(now.timestamp() - milliseconds / 1000, 1)
