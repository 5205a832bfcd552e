"""Whether a dataflow moves, told from outside by its state directory: no process of it has to be asked."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from neuraldocflow.job.cluster import SILENCE, workers_among
from neuraldocflow.outages import Lasting, each_once

Phase = Literal["not running", "starting", "running", "stalled"]


@dataclass(frozen=True, slots=True)
class Liveness:
    """What is seen at a moment; ages in seconds, by the clock of whoever looks."""

    pid: int | None
    """The process that has the state directory, if it lives; pods share theirs, and none has it."""
    heartbeats: dict[str, float]
    """Seconds since each worker's heart has beaten."""
    frontier: int | None = None
    """The epoch up to which everything that has come in is worked through."""
    frontier_age: float | None = None
    """Seconds since it has moved."""
    outages: tuple[Lasting, ...] = ()
    """What outside does not answer, in any process; the longest first."""

    @property
    def phase(self) -> Phase:
        beats = self.heartbeats.values()
        if self.pid is None and (not beats or min(beats) > SILENCE):
            return "not running"
        if not beats:
            return "starting"
        return "stalled" if max(beats) > SILENCE else "running"

    @property
    def reason(self) -> str:
        """Of a stalled one: who is silent; else an empty text."""
        if self.phase != "stalled":
            return ""
        worker, age = max(self.heartbeats.items(), key=lambda each: each[1])
        return f"worker {worker} has been silent for {age:.0f} s"


def look(state: Path) -> Liveness:
    """How the dataflow on a state directory is."""
    folder, now = state / "work" / "cluster", time.time()
    beats = {path.name.removeprefix("beat-"): _age(path, now) for path in folder.glob("beat-*")}
    known = workers_among({name: age for name, age in beats.items() if age is not None})
    frontier, age = folder / "frontier", _age(folder / "frontier", now)
    return Liveness(_holder(state / "lock"), known, _number(frontier), age, _outages(folder, now))


def _outages(folder: Path, now: float) -> tuple[Lasting, ...]:
    found: list[Lasting] = []
    for path in folder.glob("outages-*"):
        age = _age(path, now)
        if age is not None and age < SILENCE:
            with suppress(OSError, ValueError):
                found += map(Lasting._make, json.loads(path.read_bytes()))
    return tuple(each_once(found))


def _age(path: Path, now: float) -> float | None:
    try:
        return round(max(now - path.stat().st_mtime, 0.0), 1)
    except OSError:  # it starts again just now
        return None


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def _holder(lock: Path) -> int | None:
    """The living process whose number is in a state directory's lock; a number may be another's by now."""
    pid = _number(lock)
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes() if pid else b""
    except OSError:
        return None
    return pid if b"neuraldocflow" in command else None
