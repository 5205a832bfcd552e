"""An agent's process as its parent sees it: started, spoken to, killed."""

from __future__ import annotations

import json
import os
import queue
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from neuraldocflow.removal import remove_tree

from .containment import environment
from .job import RESULT, Job

_CHUNK, _LONGEST = 1 << 16, 1 << 20
"""Bytes read at a time, and the longest message."""
_TIMES_IN_MEMORY = 4
"""So often an agent has a result in memory when it writes it: as text read, as values, as JSON, as bytes."""


class AgentProcess:
    """One agent. Start it from the thread that outlives it: it dies with that thread.

    Raises OSError, and RuntimeError where there can't be another thread.
    """

    def __init__(self, agent_id: str, settings: dict[str, Any], scratch: Path) -> None:
        self.agent_id = agent_id
        self.ready = False
        self.contained: dict[str, bool] = {}
        self.documents = 0
        self.job: Job | None = None
        self.began = 0.0
        self.handed: float | None = None
        """When it had its job's document; None while that can't be opened."""
        self.told: tuple[str, float] = ("", 0.0)
        """The stage and share of its job that it told last."""
        self.tellings = 0
        """How often it has told how far its job is."""
        self._largest_result = (settings["limits"]["max_memory_mb"] << 20) // _TIMES_IN_MEMORY
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
        self._given: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        try:
            threading.Thread(target=self._feed, args=[self.connection.dup()], daemon=True).start()
            self._process = subprocess.Popen(
                # -P: no module is looked for in the folder this was started in, where documents may lie
                [sys.executable, "-P", "-m", "neuraldocflow.swarm.agent", json.dumps(told)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[child.fileno()],
                env={**environment(os.environ), "OMP_THREAD_LIMIT": "1", "PYTHONUNBUFFERED": "1"},
                start_new_session=True,  # what it starts is in its group, and ends with it
            )
        except BaseException:
            self._given.put(None)
            self.connection.close()
            remove_tree(self._scratch)
            raise
        finally:
            child.close()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def fresh(self) -> bool:
        """Whether it has not worked on anything yet."""
        return self.documents == 0

    def give(self, job: Job, now: float) -> None:
        """Hand it a job, and its document as soon as that is open."""
        self.job, self.began, self.handed = job, now, None
        self.told, self.tellings = ("opening", 0.0), 0
        self._given.put(job)

    def _feed(self, connection: socket.socket) -> None:
        """A thread of its own: where a folder hangs, opening takes as long as the hang."""
        with connection:
            while (job := self._given.get()) is not None:
                told = {**job.to_dict(), "path": "", "output": ""}
                opened = None
                try:
                    opened = _opened(job.path)
                except (OSError, ValueError) as error:
                    told["unreadable"] = getattr(error, "strerror", "its name can't be one")
                if job is self.job:
                    self.handed = time.monotonic()
                line = json.dumps(told).encode() + b"\n"
                with suppress(OSError):  # it has ended, which is heard elsewhere
                    sent = socket.send_fds(connection, [line], [] if opened is None else [opened])
                    connection.sendall(line[sent:])
                if opened is not None:
                    os.close(opened)

    def take_result(self, output: Path) -> None:
        """Move the result of its job to ``output``.

        Raises ValueError where there is none, or something else than a file of its own, or more than it can
        have made; OSError where the disk does not let it be moved.
        """
        written, fresh = self._scratch / RESULT, output.with_name(f".{output.name}.{self.pid}")
        if not os.path.lexists(written):
            raise ValueError("an agent's result is in its folder")
        os.replace(written, fresh)  # first: from here on the agent can't exchange it
        found = fresh.lstat()
        if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
            remove_tree(fresh) if stat.S_ISDIR(found.st_mode) else fresh.unlink()
            raise ValueError("an agent's result is a file of its own")
        if found.st_size > self._largest_result:  # all of it is read by who takes it
            fresh.unlink()
            raise ValueError("an agent's result has been in its memory")
        os.replace(fresh, output)

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
        """Kill it and what it has started, without waiting for their end.

        It keeps the exit code of an end it has begun itself, and its number until it is reaped: the group can
        be no other's.
        """
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.connection.close()
        self._given.put(None)

    def reap(self) -> int:
        """Wait for the end of a killed one and clean up; its exit code (negative: the signal)."""
        code = self._process.wait()
        remove_tree(self._scratch)
        return code


def _opened(path: str) -> int:
    """A file, opened for reading. Raises OSError."""
    opened = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(opened).st_mode):
        os.close(opened)
        raise OSError(0, "it is no file")
    return opened
