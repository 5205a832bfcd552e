"""What the processes of one job tell each other, as files in a folder they share.

Which partitions of the sources have ended, whether to stop, and that each worker's dataflow still moves. A
single process uses the same folder, alone.
"""

from __future__ import annotations

import os
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
        self._beaten: dict[str, float] = {}

    def clear(self) -> None:
        """Forget an earlier run; call it before the processes start."""
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)

    def partition_ended(self, number: int) -> None:
        """A partition of a source of this process has ended, its ``number``-th."""
        (self._folder / f"ended-{os.getpid()}-{number}").touch()

    def ended(self) -> int:
        """How many partitions have ended, in all processes."""
        return sum(1 for _ in self._folder.glob("ended-*"))

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

    def silent_for(self) -> dict[str, float]:
        """Seconds since each worker's last beat."""
        now, found = time.time(), {}
        for path in self._folder.glob("beat-*"):
            try:
                found[path.name.removeprefix("beat-")] = now - path.stat().st_mtime
            except FileNotFoundError:
                continue
        return found
