"""An agent's process as its parent sees it: started, spoken to, killed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from multiprocessing.connection import Pipe
from pathlib import Path
from typing import Any

from .job import Job


class AgentProcess:
    """One agent. Start it from the thread that outlives it: it dies with that thread."""

    def __init__(self, agent_id: str, settings: dict[str, Any], scratch: Path) -> None:
        self.agent_id = agent_id
        self.ready = False
        self.contained: dict[str, bool] = {}
        self.documents = 0
        self.job: Job | None = None
        self.began = 0.0
        self.told: tuple[str, float] = ("", 0.0)
        self._scratch = scratch / agent_id
        self._scratch.mkdir(parents=True, exist_ok=True)
        self.connection, child = Pipe()
        told = {
            **settings,
            "agent_id": agent_id,
            "parent": os.getpid(),
            "socket": child.fileno(),
            "scratch": str(self._scratch),
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "neuraldocflow.swarm.agent", json.dumps(told)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=[child.fileno()],
            env={**os.environ, "OMP_THREAD_LIMIT": "1", "PYTHONUNBUFFERED": "1"},
        )
        child.close()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def fresh(self) -> bool:
        """Whether it has not worked on anything yet."""
        return self.documents == 0

    def give(self, job: Job, now: float) -> None:
        """Hand it a job. Raises OSError where it is gone."""
        self.job, self.began, self.told = job, now, ("opening", 0.0)
        self.connection.send_bytes(json.dumps(job.to_dict()).encode())

    def hear(self) -> dict[str, Any]:
        """Its next message. Raises EOFError where it has ended, ValueError where it is none."""
        message = json.loads(self.connection.recv_bytes(1 << 20))
        if not isinstance(message, dict):
            raise ValueError("an agent's message is an object")
        return message

    def end(self) -> int | None:
        """Kill it and clean up; its exit code (negative: the signal)."""
        self._process.kill()
        code = self._process.wait()
        self.connection.close()
        shutil.rmtree(self._scratch, ignore_errors=True)
        return code

    def died(self) -> int | None:
        """How it ended by itself: waits a moment for the exit code, then ends it."""
        try:
            code: int | None = self._process.wait(timeout=1.0)
        except subprocess.TimeoutExpired:
            code = None
        self.end()
        return code
