"""One of several processes that are in places of their own, such as pods, and share a state directory.

Nobody stands above them. The first decides who they are: as many as have a name by the pattern, one after
the other. It writes that down for a *round*, and all start their part of the dataflow with it. When one part
ends, those of the others do; then the first begins another round. So it does when names come or go.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from neuraldocflow import durable
from neuraldocflow.config import Config
from neuraldocflow.errors import ConfigError
from neuraldocflow.job import recovery
from neuraldocflow.job.cluster import GRACE, ROUND, SILENCE, Cluster, workers_among
from neuraldocflow.job.looking import Looking
from neuraldocflow.job.signals import signals
from neuraldocflow.job.supervisor import STDERR, end_all, stop_all
from neuraldocflow.removal import remove_tree

log = logging.getLogger(__name__)

_LOOK = 0.1
_SETTLED, _GONE = 5.0, 15.0
"""Seconds for which the number of names must stay the same: before a start, and while a round runs."""
_PATIENCE = 10.0
"""Seconds after which a part that ended alone starts again in the same round."""
_START = 60.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0

Command = Callable[[int, str], Sequence[str]]


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the shared folder tells: the round, the silence of this process' workers, what all are to do."""

    round: str
    silences: dict[str, float]
    stopping: bool
    all_ended: bool


def _resolves(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        return bool(socket.getaddrinfo(host, int(port), type=socket.SOCK_STREAM))
    except OSError:
        return False


class Member:
    """The ``number``-th process. ``pattern`` gives the address (host:port) of a number; ``command`` the
    arguments of a process, by its number and all addresses. Names are looked up by ``resolves``.
    """

    def __init__(
        self,
        config: Config,
        number: int,
        pattern: str,
        workers: int,
        command: Command,
        resolves: Callable[[str], bool] = _resolves,
    ) -> None:
        self._number = number
        self._pattern = pattern
        self._workers = workers
        self._command = command
        self._resolves = resolves
        self._most = config.runtime.max_workers
        self._state = config.runtime.state_directory.absolute()
        self._cluster = Cluster(self._state / "work" / "cluster")
        self._round = self._state / "work" / ROUND
        self._scratch = self._state / "work" / "scratch"
        self._stopping: float | None = None
        self._counted: tuple[int, float] = (0, 0.0)

    def run(self) -> None:
        """Take part until told to stop. Raises ConfigError."""
        with signals(self._stop):
            self._prepare()
            failed, used = 0, ""
            while self._stopping is None:
                if self._number == 0:
                    self._begin()
                name, addresses = self._agreed(used)
                if self._stopping is not None:
                    return
                used = name
                lived = self._part(name, addresses)
                failed = 0 if lived > _START else failed + 1
                self._wait(min(_FIRST_PAUSE * 2 ** max(failed - 1, 0), _LONGEST_PAUSE) if failed > 1 else 0.0)

    def _stop(self, number: int) -> None:
        """Told to stop: the parts of all stop together; told again, this one at once."""
        if self._stopping is not None:
            os._exit(128 + number)
        self._stopping = time.monotonic()
        stop_all(self._cluster)

    def _prepare(self) -> None:
        if self._number == 0:
            recovery.prepare(self._state, self._most)
            for folder in self._scratch.glob("swarm-*"):  # of releases that had one place for all processes
                remove_tree(folder)
            return
        while not (self._state / "recovery").is_dir() and self._stopping is None:
            time.sleep(_LOOK)  # the first makes it

    def _begin(self) -> None:
        """Begin a round with those that have names, once their number has settled."""
        while self._stopping is None:
            count, since = self._count()
            if count and time.monotonic() - since >= _SETTLED:
                break
            time.sleep(_LOOK)
        else:
            return
        if count * self._workers > self._most:
            raise ConfigError(
                f"{count} processes of {self._workers} workers: there can be {self._most} workers "
                "(runtime.max_workers)"
            )
        self._cluster.clear()
        told = {"round": uuid.uuid4().hex, "addresses": [self._pattern.format(i) for i in range(count)]}
        durable.write_atomically(self._round, json.dumps(told).encode())

    def _count(self) -> tuple[int, float]:
        """How many names there are, and since when there are so many."""
        count = 0
        while count < self._most and self._resolves(self._pattern.format(count)):
            count += 1
        if count != self._counted[0] or not self._counted[1]:
            self._counted = (count, time.monotonic())
        return self._counted

    def _agreed(self, used: str) -> tuple[str, list[str]]:
        """A round with this process in it; another than the one ``used`` last, for a while."""
        began = time.monotonic()
        while self._stopping is None:
            name, addresses = self._read()
            again = name == used and time.monotonic() - began < _PATIENCE and self._number != 0
            if name and not again and self._number < len(addresses):
                return name, addresses
            time.sleep(_LOOK)
        return "", []

    def _read(self) -> tuple[str, list[str]]:
        try:
            told = json.loads(self._round.read_bytes())
        except FileNotFoundError:
            return "", []
        return told["round"], told["addresses"]

    def _part(self, name: str, addresses: list[str]) -> float:
        """Run this process' part of a round until it ends or the round does; the seconds it ran."""
        began = time.monotonic()
        self._cluster.forget(self._number)
        remove_tree(self._scratch / str(self._number))  # of agents that were killed
        command = [*self._command(self._number, ";".join(addresses)), "--supervisor", str(os.getpid())]
        looking = Looking(self._look, _LOOK)
        process = subprocess.Popen([sys.executable, *command], stdout=STDERR, start_new_session=True)
        try:
            while (code := process.poll()) is None:
                if reason := self._trouble(looking, name, began, len(addresses)):
                    log.warning("%s: this part of the dataflow ends", reason)
                    break
                time.sleep(_LOOK)
        finally:
            looking.stop()
            end_all([process])
        if code == 2 and self._stopping is None:
            raise ConfigError("the dataflow could not start; what it said stands above")
        if code and self._stopping is None:
            log.warning("the dataflow ended with %s; it starts again from the last snapshot", code)
        return time.monotonic() - began

    def _look(self) -> _Seen:
        silences = workers_among(self._cluster.silent_for())
        mine = {name: each for name, each in silences.items() if name.startswith(f"{self._number}.")}
        return _Seen(self._read()[0], mine, self._cluster.stopping(), self._cluster.all_ended())

    def _trouble(self, looking: Looking[_Seen], name: str, began: float, count: int) -> str | None:
        if self._stopping is not None:
            late = time.monotonic() - self._stopping > GRACE + SILENCE
            return "it did not stop in time" if late else None
        if (unanswered := looking.unanswered()) > SILENCE:
            return f"the disk of {self._state} has not answered for {unanswered:.0f} s"
        if (seen := looking.seen) is None:
            return None
        if seen.round != name:
            return "another round has begun"
        found, since = self._count() if self._number == 0 else (count, 0.0)
        changed = found != count and time.monotonic() - since > _GONE
        told = f"the number of processes is {found} now, it was {count}"
        if len(seen.silences) < self._workers:
            if changed:  # it waits for them, and does not hear that it is to stop
                return told
            return "it did not start in time" if time.monotonic() - began > _START else None
        if changed and not seen.stopping:
            log.warning("%s", told)
            self._cluster.stop()
        silence = min(seen.silences.values())
        if silence > SILENCE and not seen.stopping and not seen.all_ended:
            return f"it has been silent for {silence:.0f} s"
        return None

    def _wait(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while self._stopping is None and time.monotonic() < end:
            time.sleep(_LOOK)


def ordinal(name: str) -> int:
    """The number at the end of a pod's name. Raises ConfigError."""
    number = name.rpartition("-")[2]
    if not number.isdigit():
        raise ConfigError(f"--pod: {name!r} does not end with a number, as the pods of a StatefulSet do")
    return int(number)
