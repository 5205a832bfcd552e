"""Several processes as one job: started together, restarted together, stopped together.

When one process dies the engine's others can't go on; when one stalls they wait for it without end. So the
supervisor watches from outside: processes that end badly, and workers whose heart stops. Then all start again
from the last snapshot.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from neuraldocflow.config import Config
from neuraldocflow.errors import ConfigError, NeuralDocFlowError
from neuraldocflow.job import recovery
from neuraldocflow.job.cluster import GRACE, SILENCE, Cluster, check_size, workers_among
from neuraldocflow.job.looking import Looking
from neuraldocflow.job.runner import alone, forget_unfinished_work
from neuraldocflow.job.signals import signals

log = logging.getLogger(__name__)

_START = 60.0
"""Seconds a process may take to its first beat, on a busy machine."""
_ROUND = 0.1
_MOMENT = 1.0
_GONE = 10.0
"""Seconds in which a process that was killed is gone, unless the kernel waits for a disk in it."""
_MOST_FAILED = 10
"""More starts in a row that come to nothing, over two minutes, are a fault that starting again can't mend."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0
"""Seconds before the next start, after one that came to nothing; twice as many after each further one."""
_STEADY = 30.0
"""Seconds that processes have to run for their start to count: a fault of their own may take a moment."""
STDERR = 2
"""Where the processes say what they do, the engine too: stdout is for the summary alone."""
Phase = Literal["starting", "running", "restarting"]


class GaveUp(NeuralDocFlowError):
    """The processes ended again and again."""


class NotStarted(ConfigError):
    """A process has refused to start, and has said why itself."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the shared folder tells: each worker's silence, whether all sources have ended, and whether
    documents are done since the start."""

    silences: dict[str, float]
    all_ended: bool
    progressed: bool


class Told(Protocol):
    """What is told of the processes: ``failed`` starts came to nothing since they last ran."""

    def __call__(self, phase: Phase, reason: str = "", failed: int = 0) -> None: ...


def _nobody(phase: Phase, reason: str = "", failed: int = 0) -> None:
    pass


class Supervisor:
    """Runs ``processes`` processes of ``workers`` workers. ``command`` gives the arguments of one of them.

    ``told`` hears what becomes of them. Unless it ``gives_up``, it starts them again for ever, at longer and
    longer intervals: what keeps them from running may be mended without anybody thinking of this job.
    """

    def __init__(
        self,
        config: Config,
        processes: int,
        workers: int,
        command: Callable[[int, str], Sequence[str]],
        *,
        told: Told = _nobody,
        gives_up: bool = True,
    ) -> None:
        check_size(config.runtime.max_workers, processes, workers)
        self._told = told
        self._gives_up = gives_up
        self._ready = self._ran = False
        self._failed = 0
        self._count = processes
        self._workers = processes * workers
        self._command = command
        self._state = config.runtime.state_directory.absolute()
        self._parts = config.runtime.max_workers
        self._cluster = Cluster(self._state / "work" / "cluster")
        self._looking: Looking[_Seen] | None = None
        self._processes: list[subprocess.Popen[bytes]] = []
        self._not_started = ""
        """Why the next of them could not be."""
        self._ports: list[socket.socket] = []
        self._stopping: float | None = None

    def run(self) -> None:
        """Run until all processes have ended well. Raises ConfigError, and GaveUp."""
        with alone(self._state), signals(self._stop):
            recovery.prepare(self._state, self._parts)
            try:
                self._start()
                while not self._round():
                    time.sleep(_ROUND)
            finally:
                self._kill()
                self._release()
                if self._looking is not None:
                    self._looking.stop()

    def _stop(self, number: int) -> None:
        """Told to stop: all processes do together; told again, at once."""
        if self._stopping is not None:
            self._kill()
            os._exit(128 + number)
        self._stopping = time.monotonic()
        stop_all(self._cluster)

    def _start(self) -> None:
        self._ready = False
        self._told("restarting" if self._failed else "starting", failed=self._failed)
        self._cluster.clear()
        if self._stopping is not None:  # the word of it may have been among what was cleared
            self._cluster.stop()
        forget_unfinished_work(self._state)
        self._release()
        self._began = time.monotonic()
        self._processes, self._not_started = [], ""
        try:
            self._look_anew()
            self._ports = _free_ports(self._count)
            addresses = ";".join(f"127.0.0.1:{each.getsockname()[1]}" for each in self._ports)
            for number in range(self._count):
                told = [*self._command(number, addresses), "--supervisor", str(os.getpid())]
                # a group of its own: Ctrl-C reaches the supervisor alone, which stops all together
                started = subprocess.Popen([sys.executable, *told], stdout=STDERR, start_new_session=True)
                self._processes.append(started)
        except (OSError, RuntimeError) as error:  # no more processes, threads, memory or descriptors, for now
            self._not_started = getattr(error, "strerror", None) or str(error)

    def _round(self) -> bool:
        """Look at all processes once; whether the job has ended."""
        codes = [process.poll() for process in self._processes]
        if not self._not_started and all(code == 0 for code in codes):
            return True
        if any(codes) and 2 in self._codes_soon() and (self._gives_up or not self._ran):
            raise NotStarted("a process could not start; what it said stands above")
        reason = self._trouble(codes)
        if reason is None:
            self._see_ready()
            return False
        self._kill()
        self._await_disk()
        if self._stopping is not None:
            return True
        self._count_restart(reason, killed=any(code is not None and code < 0 for code in codes))
        later = f" in {self._pause_due():g} s" if self._failed else ""
        log.warning("%s; all processes start again from the last snapshot%s", reason, later)
        self._told("restarting", reason, self._failed)
        self._pause()
        if self._stopping is not None:
            return True
        self._start()
        return False

    def _see_ready(self) -> None:
        if not self._ready and len(self._seen().silences) >= self._workers:
            self._ready = self._ran = True
            self._told("running", failed=self._failed)
        if self._failed and self._ready and time.monotonic() - self._began > _STEADY:
            self._failed = 0
            self._told("running")

    def _pause_due(self) -> float:
        """None after processes that ran: their work waits. Longer ones after each start without success."""
        return min(_FIRST_PAUSE * 2 ** (self._failed - 1), _LONGEST_PAUSE) if self._failed else 0.0

    def _pause(self) -> None:
        end = time.monotonic() + self._pause_due()
        while self._stopping is None and (left := end - time.monotonic()) > 0:
            time.sleep(min(left, _ROUND))

    def _codes_soon(self) -> list[int | None]:
        """The codes when one has failed: those it takes along end a moment before or after it."""
        end = time.monotonic() + _MOMENT
        while None in (codes := [process.poll() for process in self._processes]) and time.monotonic() < end:
            time.sleep(0.01)
        return codes

    def _trouble(self, codes: Sequence[int | None]) -> str | None:
        """What is wrong, if something is."""
        bad = [(code, number) for number, code in enumerate(codes) if code]
        if bad:
            code, number = min(bad)  # one that was killed, before those that ended since it was gone
            return f"process {number} {_ended(code)}"
        if self._not_started:
            return f"process {len(codes)} can't be started: {self._not_started}"
        now = time.monotonic()
        if self._stopping is not None:
            return "the time to stop is over" if now - self._stopping > GRACE + SILENCE else None
        assert self._looking is not None
        if (unanswered := self._looking.unanswered()) > SILENCE:
            return f"the disk of {self._state} has not answered for {unanswered:.0f} s"
        silences = self._seen().silences
        if len(silences) < self._workers:
            return "a worker did not start" if now - self._began > _START else None
        worker, silence = max(silences.items(), key=lambda each: each[1])
        ending = any(code == 0 for code in codes) or self._seen().all_ended
        if silence > SILENCE and not ending:
            return f"worker {worker} has been silent for {silence:.0f} s"
        return None

    def _look_anew(self) -> None:
        """Look at the processes that are about to start, and no more at what was seen of those before."""
        if self._looking is not None:
            self._looking.stop()
        cluster = Cluster(self._state / "work" / "cluster")
        self._looking = Looking(
            lambda: _Seen(workers_among(cluster.silent_for()), cluster.all_ended(), cluster.has_progressed()),
            _ROUND,
        )

    def _seen(self) -> _Seen:
        seen = self._looking.seen if self._looking is not None else None
        return seen or _Seen({}, all_ended=False, progressed=False)

    def _await_disk(self) -> None:
        """Until a disk that hangs answers again, or the job is told to stop: nothing can start on it."""
        while self._looking is not None and self._looking.unanswered() > _MOMENT and self._stopping is None:
            time.sleep(_ROUND)

    def _count_restart(self, reason: str, *, killed: bool) -> None:
        """Whether the start that ends here has come to something.

        What something else has killed has, once documents were done in it: the rest may run at once. What
        ends soon by itself has not, nor what is killed again and again before it gets anywhere.
        """
        if killed and self._seen().progressed:
            self._failed = 0
        elif not self._ready or time.monotonic() - self._began <= _STEADY:
            self._failed += 1
        if self._gives_up and self._failed > _MOST_FAILED:
            raise GaveUp(f"{reason}, as {_MOST_FAILED} starts before it came to nothing: giving up")

    def _kill(self) -> None:
        end_all(self._processes)
        self._processes = []

    def _release(self) -> None:
        """Give the ports of the processes back to the machine."""
        for each in self._ports:
            each.close()
        self._ports = []


def end_all(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    """Kill processes, and see them gone; one that waits for a disk that hangs goes when that answers."""
    for process in processes:
        process.kill()
    end = time.monotonic() + _GONE
    for process in processes:
        try:
            process.wait(max(end - time.monotonic(), 0.0))
        except subprocess.TimeoutExpired:
            log.warning("process %d does not end before its disk answers", process.pid)


def stop_all(cluster: Cluster) -> None:
    """Tell all processes to stop, without waiting for a disk that hangs."""
    threading.Thread(target=cluster.stop, name="stop", daemon=True).start()


def _ended(code: int) -> str:
    """How a process has: in words that say who may have killed it."""
    if code >= 0:
        return f"ended with {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    why = ", as the kernel does when memory runs out" if -code == signal.SIGKILL else ""
    return f"ended with {code} ({name}{why})"


def _free_ports(count: int) -> list[socket.socket]:
    """Ports of loopback nobody listens on, bound until they are closed.

    The processes need seconds to come to listen on them, in which the machine would give them to whoever
    asks for any. Theirs are sockets that may share an address nobody listens on (``SO_REUSEADDR``), as these.
    """
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        each.bind(("127.0.0.1", 0))
    return sockets
