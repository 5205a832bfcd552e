"""Real servers as child processes: on free ports of this machine, gone when whoever started them is gone."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import functools
import os
import signal
import socket
import subprocess
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "neuraldocflow"
"""Where built binaries and downloaded jars are kept between runs, outside the tree."""

_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG


class NoServer(RuntimeError):
    """No way to start the server worked. The message has every way that was tried, and what to do."""


class Served:
    """A running server process; ``log`` is the file with what it prints."""

    def __init__(
        self, command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as out:
            self._process = subprocess.Popen(
                command,
                env={**os.environ, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=end_with(os.getpid()),
            )

    def ready(self, port: int, seconds: float = 60) -> None:
        """Wait until it listens. Raises NoServer with the end of its log when it ends or takes too long."""
        deadline = time.monotonic() + seconds
        while not listens(port):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                told = self.log.read_text(errors="replace")[-2000:]
                raise NoServer(f"the server did not listen on port {port}:\n{told}")
            time.sleep(0.02)

    def stop(self) -> None:
        """End it, politely first."""
        for end in (self._process.terminate, self._process.kill):
            end()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=5)
                return


_held: deque[socket.socket] = deque(maxlen=500)


def free_port() -> int:
    """A port nobody listens on, which the machine gives to nobody else who asks for any.

    It stays bound here, without being listened on: who binds it by its number, as servers do that may start
    again (``SO_REUSEADDR``), gets it; other tests, and connections that leave this machine, get others.
    """
    holder = socket.socket()
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    holder.bind(("", 0))
    _held.append(holder)
    port: int = holder.getsockname()[1]
    return port


def refuse_used(port: int) -> None:
    """Raises NoServer where someone listens: else tests might talk to another server."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError as error:
            raise NoServer(f"port {port} is taken by another program: choose another") from error


def listens(port: int, host: str = "127.0.0.1") -> bool:
    with contextlib.suppress(OSError), socket.create_connection((host, port), timeout=1):
        return True
    return False


@contextlib.contextmanager
def alone(name: str) -> Iterator[Path]:
    """The cache's folder ``name``, while no other process is filling it."""
    folder = CACHE / name
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder


@functools.cache
def docker_answers() -> bool:
    """Whether there is a Docker daemon for testcontainers to ask."""
    try:
        import docker

        docker.from_env(timeout=5).ping()
    except Exception:  # not installed, no daemon, no rights: all mean no
        return False
    return True


def end_with(parent: int) -> Callable[[], None]:
    """Run in the child before the server: the kernel ends it when its parent dies, however that dies."""
    library = ctypes.CDLL(None)

    def prepare() -> None:
        library.prctl(_DIE_WITH_PARENT, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)

    return prepare
