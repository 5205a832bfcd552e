"""What the processes of one job tell each other, as files in a folder they share.

Which partitions of the sources have ended, whether to stop, and that each worker's dataflow still moves. A
single process uses the same folder, alone.
"""

from __future__ import annotations

import shutil
import time
from pathlib import Path

_BEAT = 0.5
"""Seconds between two beats of a worker."""


class Cluster:
    """The shared folder of one run."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._stop = folder / "stop"
        self._all_ended = folder / "all-ended"
        self._beaten: dict[str, float] = {}
        self._heard: dict[str, tuple[int, float]] = {}
        """Each worker's last beat by its file's time, and when it was seen: two clocks are never compared."""

    def clear(self) -> None:
        """Forget an earlier run; call it before the processes start."""
        shutil.rmtree(self._folder, ignore_errors=True)
        self._heard.clear()
        self._folder.mkdir(parents=True)

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
        """The worker's dataflow moves."""
        now = time.monotonic()
        if now - self._beaten.get(worker, float("-inf")) >= _BEAT:
            self._beaten[worker] = now
            (self._folder / f"beat-{worker}").touch()

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
        return {worker: now - seen for worker, (_, seen) in self._heard.items()}
