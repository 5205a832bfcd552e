"""An agent's process as its parent sees it: started, spoken to, killed."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from .job import Job

_CHUNK, _LONGEST = 1 << 16, 1 << 20
"""Bytes read at a time, and the longest message."""


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
        self.connection, child = socket.socketpair()
        self._heard = bytearray()
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
        self.connection.sendall(json.dumps(job.to_dict()).encode() + b"\n")

    def hear(self) -> list[dict[str, Any]]:
        """The messages that have come whole; never waits for one.

        Raises EOFError where the agent has ended, ValueError where what it says is no message.
        """
        data = self.connection.recv(_CHUNK, socket.MSG_DONTWAIT)
        if not data:
            raise EOFError
        self._heard += data
        *lines, rest = bytes(self._heard).split(b"\n")
        self._heard = bytearray(rest)
        if len(rest) > _LONGEST:
            raise ValueError("an agent's message has no end")
        messages = [json.loads(line) for line in lines]
        if not all(isinstance(message, dict) for message in messages):
            raise ValueError("an agent's message is an object")
        return messages

    def kill(self) -> None:
        """Kill it, without waiting for its end; it keeps the exit code of an end it has begun itself."""
        self._process.kill()
        self.connection.close()

    def reap(self) -> int:
        """Wait for the end of a killed one and clean up; its exit code (negative: the signal)."""
        code = self._process.wait()
        shutil.rmtree(self._scratch, ignore_errors=True)
        return code
