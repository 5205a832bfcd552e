"""A job that was submitted on this machine: the commands on it, and the processes behind them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from support.job import JobFolder, children_of, command_of
from support.topics import wait_for


class Submitted:
    """The commands on a job's folder, and the processes behind them."""

    def __init__(self, job: JobFolder, *, inside: Sequence[str] = ()) -> None:
        self.job = job
        self._inside = inside
        """What comes before each command, such as the entry into a network of its own."""

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self._inside, sys.executable, "-m", "neuraldocflow", *arguments],
            cwd=self.job.root,
            capture_output=True,
            text=True,
            timeout=200,
        )

    def does(self, *arguments: str) -> str:
        done = self.command(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def submit(self, *arguments: str) -> str:
        return self.does("submit", "-c", "job.yaml", "--no-gateway", *arguments)

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.does("status", "-c", "job.yaml", "--json"))
        return found

    def host(self) -> int:
        return int(json.loads((self.job.root / ".neuraldocflow/submitted/report.json").read_text())["pid"])

    def members(self) -> list[int]:
        return [pid for pid in children_of(self.host()) if b"--member" in command_of(pid)]

    def has_all(self, names: set[str], seconds: float = 90) -> None:
        """Wait until each document is in the archive, and see that none is there twice."""
        wait_for(lambda: set(self.job.archived()) == names, seconds)
        assert sorted(self.job.archived()) == sorted(names)
