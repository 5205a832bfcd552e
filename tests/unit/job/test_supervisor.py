"""When several processes are started again, and when that is a loop that comes to nothing."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from neuraldocflow.config import Config
from neuraldocflow.job import supervisor
from neuraldocflow.job.supervisor import GaveUp, Phase, Supervisor

_MEMBER = """
import os, signal, sys, time
from pathlib import Path
from neuraldocflow.job.cluster import Cluster
state, progresses = Path(sys.argv[1]), sys.argv[2] == "progresses"
cluster = Cluster(state / "work" / "cluster")
if progresses:
    cluster.progress()
cluster.beat("0.0")
while not (state / "seen").exists():
    time.sleep(0.01)
(state / "seen").unlink()
os.kill(os.getpid(), signal.SIGKILL)
"""


_SAYS_WHETHER_PORTS_ARE_FREE = """
import socket, sys
free = 0
for address in sys.argv[2].split(";"):
    host, port = address.split(":")
    try:
        socket.socket().bind((host, int(port)))  # as whoever has it already
        free += 1
    except OSError:
        socket.create_server((host, int(port))).close()  # as the engine does
open(sys.argv[1], "w").write(str(free))
"""


class Enough(Exception):
    """The test has seen enough."""


class Killed:
    """A job whose only process is killed as soon as it was seen to run, so many times."""

    def __init__(self, state: Path, *, progresses: bool, gives_up: bool, times: int = 100) -> None:
        self._state, self._progresses, self._times = state, progresses, times
        self.failed: list[int] = []
        """At each restart: how many starts in a row have come to nothing."""
        config = Config.model_validate({"runtime": {"state_directory": str(state)}})
        self._supervisor = Supervisor(config, 1, 1, self._command, told=self._told, gives_up=gives_up)

    def run(self) -> None:
        self._supervisor.run()

    def _command(self, number: int, addresses: str) -> Sequence[str]:
        return ["-c", _MEMBER, str(self._state), "progresses" if self._progresses else ""]

    def _told(self, phase: Phase, reason: str = "", failed: int = 0) -> None:
        if phase == "running":
            (self._state / "seen").touch()
        elif reason:
            assert "ended with -9 (SIGKILL" in reason
            self.failed.append(failed)
            if len(self.failed) == self._times:
                raise Enough


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "_FIRST_PAUSE", 0.001)


def test_processes_that_are_killed_again_and_again_before_a_document_is_done_are_in_a_loop(
    tmp_path: Path,
) -> None:
    job = Killed(tmp_path, progresses=False, gives_up=False, times=4)
    with pytest.raises(Enough):
        job.run()
    assert job.failed == [1, 2, 3, 4]


def test_processes_that_get_somewhere_between_two_kills_are_not(tmp_path: Path) -> None:
    job = Killed(tmp_path, progresses=True, gives_up=False, times=4)
    with pytest.raises(Enough):
        job.run()
    assert job.failed == [0, 0, 0, 0]


def test_one_that_gives_up_does_so_after_many_starts_that_came_to_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "_MOST_FAILED", 2)
    job = Killed(tmp_path, progresses=False, gives_up=True)
    with pytest.raises(GaveUp, match=r"process 0 ended with -9 \(SIGKILL.*as 2 starts before.*giving up"):
        job.run()
    assert job.failed == [1, 2]


def test_nobody_else_gets_the_ports_of_processes_that_are_about_to_listen_on_them(tmp_path: Path) -> None:
    def command(number: int, addresses: str) -> Sequence[str]:
        return ["-c", _SAYS_WHETHER_PORTS_ARE_FREE, str(tmp_path / f"free-{number}"), addresses]

    config = Config.model_validate({"runtime": {"state_directory": str(tmp_path / "state")}})
    Supervisor(config, 1, 1, command).run()
    assert (tmp_path / "free-0").read_text() == "0"


def test_a_machine_without_room_for_another_process_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[subprocess.Popen[bytes]] = []
    reasons: list[str] = []
    popen = subprocess.Popen

    def crowded(*arguments: Any, **more: Any) -> subprocess.Popen[bytes]:
        if len(started) == 1 and not reasons:
            raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        started.append(popen(*arguments, **more))
        return started[-1]

    def told(phase: Phase, reason: str = "", failed: int = 0) -> None:
        if reason:
            assert [each.returncode for each in started] == [-9]
            reasons.append(reason)

    def command(number: int, addresses: str) -> Sequence[str]:
        return ["-c", "" if reasons else "import time; time.sleep(600)"]

    monkeypatch.setattr(subprocess, "Popen", crowded)
    config = Config.model_validate({"runtime": {"state_directory": str(tmp_path / "state")}})
    Supervisor(config, 2, 1, command, told=told).run()
    assert reasons == ["process 1 can't be started: Resource temporarily unavailable"]
    assert len(started) == 3
