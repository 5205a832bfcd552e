"""What the processes of one job tell each other, and those outside, as files in a folder they share.

Which partitions of the sources have ended, whether to stop, that each worker's dataflow still moves, how far
it is, and what outside does not answer. A single process uses the same folder, alone.
"""

from __future__ import annotations

import json
import os
import shutil
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from neuraldocflow import outages
from neuraldocflow.errors import ConfigError

GRACE = 10.0
"""Seconds agents get to finish what they are at when the job is told to stop."""
SILENCE = 10.0
"""Seconds without a beat after which a worker has stalled."""
ROUND = "round.json"
"""The file beside the folder with who takes part, where processes are in places of their own."""
_BEAT = 0.5
"""Seconds between two beats of a worker, and between two tellings of the frontier."""


class Cluster:
    """The shared folder of one run."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._stop = folder / "stop"
        self._all_ended = folder / "all-ended"
        self._frontier = folder / "frontier"
        self._progress = folder / "progress"
        self._outages = folder / f"outages-{os.getpid()}"
        self._told_outages = False
        self._telling = threading.Lock()
        self._beaten: dict[str, float] = {}
        self._reached: tuple[int, float] | None = None
        """The latest frontier of this process, and when it had moved."""
        self._told_progress = False
        self._heard: dict[str, tuple[int, float]] = {}
        """Each worker's last beat by its file's time, and when it was seen: two clocks are never compared."""

    def clear(self) -> None:
        """Forget an earlier run; call it before the processes start. The folder stays: one of that run may
        not have ended yet."""
        self._heard = {}
        self._folder.mkdir(parents=True, exist_ok=True)
        for path in self._folder.iterdir():
            path.unlink(missing_ok=True)

    def remove(self) -> None:
        """The run is over, and says nothing any more."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def partition_ended(self, process: int, number: int, of: int) -> None:
        """A partition of a source of ``process`` has ended, its ``number``-th; the job has ``of`` in all."""
        (self._folder / f"ended-{process}-{number}").touch()
        if sum(1 for _ in self._folder.glob("ended-*")) >= of:
            self._all_ended.touch()

    def all_ended(self) -> bool:
        """Whether every partition of the job's sources has ended, in all processes."""
        return self._all_ended.exists()

    def stop(self) -> None:
        """All processes are to stop."""
        self._stop.touch()

    def stopping(self) -> bool:
        return self._stop.exists()

    def beat(self, worker: str) -> None:
        """The worker's dataflow moves, or waits for what this process has outages of."""
        now = time.monotonic()
        if now - self._beaten.get(worker, float("-inf")) >= _BEAT:
            self._beaten[worker] = now
            (self._folder / f"beat-{worker}").touch()
            self._tell_outages()

    def _tell_outages(self) -> None:
        """Again at each beat, so that the file of a process that was killed is known by its age.

        A disk without room, the likeliest outage of all, is no reason for the job to end here.
        """
        with self._telling, suppress(OSError):  # the workers of a process beat in threads of their own
            if found := outages.lasting():
                staged = self._folder / f"next-{self._outages.name}"
                staged.write_text(json.dumps(found), encoding="utf-8")
                os.replace(staged, self._outages)
            elif self._told_outages:
                self._outages.unlink(missing_ok=True)
            self._told_outages = bool(found)

    def reached(self, epoch: int) -> None:
        """The dataflow has worked through everything before the end of this epoch."""
        now = time.monotonic()
        told = self._reached is None or now - self._reached[1] >= _BEAT
        if told:
            self._reached = (epoch, now)
            with suppress(OSError):  # as in _tell_outages()
                self._frontier.write_text(str(epoch), encoding="ascii")

    def progress(self) -> None:
        """Documents are done, and a snapshot says so: what starts from it begins further on."""
        if not self._told_progress:
            self._progress.touch()
            self._told_progress = True

    def has_progressed(self) -> bool:
        """Whether documents were done in this run."""
        return self._progress.exists()

    def own_beats(self) -> dict[str, float]:
        """Seconds since each worker of this process has beaten."""
        now = time.monotonic()
        return workers_among({worker: now - at for worker, at in self._beaten.copy().items()})

    def own_frontier(self) -> tuple[int, float] | None:
        """The epoch this process has told last, and seconds since; None in all processes but one."""
        reached = self._reached
        return None if reached is None else (reached[0], time.monotonic() - reached[1])

    def forget(self, process: int) -> None:
        """Forget the beats of a process that starts again: its silence begins with its first beat."""
        for path in self._folder.glob(f"beat-{process}.*"):
            path.unlink(missing_ok=True)
        self._heard = {name: at for name, at in self._heard.items() if not name.startswith(f"{process}.")}

    def waiting(self) -> None:
        """An output here waits for something outside, so no process can go on: none of them has stalled."""
        for name in {path.name.partition(".")[0] for path in self._folder.glob("beat-*.*")}:
            self.beat(f"{name.removeprefix('beat-')}.waiting")

    def silent_for(self) -> dict[str, float]:
        """Seconds since each worker's last beat was first seen; ask often."""
        now = time.monotonic()
        for path in self._folder.glob("beat-*"):
            worker = path.name.removeprefix("beat-")
            try:
                beat = path.stat().st_mtime_ns
            except FileNotFoundError:
                continue
            if self._heard.get(worker, (0, 0.0))[0] != beat:
                self._heard[worker] = (beat, now)
        return {worker: now - seen for worker, (_, seen) in self._heard.copy().items()}


def workers_among(beats: Mapping[str, float]) -> dict[str, float]:
    """Each worker's silence; one whose process waits for its buffer, or for an output, is not silent."""
    return {
        name: min(silence, beats.get(f"{name.partition('.')[0]}.waiting", silence))
        for name, silence in beats.items()
        if not name.endswith(".waiting")
    }


def check_size(most: int, processes: int, workers: int) -> None:
    """Raises ConfigError for more workers than the state can be divided among."""
    if processes * workers > most:
        raise ConfigError(
            f"--processes × --workers: at most {most} workers (is {processes * workers}); "
            "runtime.max_workers says how many there can be"
        )
