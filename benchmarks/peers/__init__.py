"""The peers: each in an environment of its own, made once, and spoken to through ``worker.py``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "neuraldocflow" / "peers"
WORKER = Path(__file__).with_name("worker.py")
TABLE_WORKER = WORKER.with_name("table_worker.py")
TIKA = ("org.apache.tika", "tika-server-standard", "3.3.2")


@dataclass(frozen=True, slots=True)
class Peer:
    """A library or server: what pip is to install, the kinds of files it is asked for, and how it is set."""

    name: str
    needs: tuple[str, ...]
    kinds: tuple[str, ...] = ("pdf", "docx", "html")
    setting: str = "as installed"


PEERS = (
    Peer("pymupdf", ("pymupdf==1.28.2",), setting="get_text() of every page: the limit"),
    Peer("tika", (), setting="server, warm, text/plain, two clients that keep their connection"),
    Peer("kreuzberg", ("kreuzberg",), setting="extract_file_sync, no cache of results"),
    Peer("xberg", ("xberg",), setting="extract, no cache of results"),
    Peer("unstructured", ("unstructured[pdf,docx]",), ("html",), "strategy=fast, languages given"),
    Peer("pypdf", ("pypdf",), ("pdf",), "extract_text"),
    Peer("pdfplumber", ("pdfplumber",), ("pdf",), "extract_text"),
    Peer("pypdfium2", ("pypdfium2",), ("pdf",), "get_text_range"),
    Peer("markitdown", ("markitdown[pdf,docx]",), setting="plug-ins off"),
    Peer("docling", ("docling",), ("docx", "html"), "DocumentConverter; PDF needs models that it downloads"),
)


def python_of(peer: Peer) -> Path:
    """The Python of a peer's environment, made the first time."""
    folder = CACHE / peer.name
    python = folder / "bin" / "python"
    if not (folder / "complete").exists():
        uv = [sys.executable, "-m", "uv"]
        subprocess.run([*uv, "venv", "-q", "--python", sys.executable, str(folder)], check=True)
        if peer.needs:
            subprocess.run([*uv, "pip", "install", "-q", "--python", str(python), *peer.needs], check=True)
        (folder / "complete").touch()
    return python


def version_of(peer: Peer) -> str:
    """What is installed; Tika's from its coordinates."""
    if not peer.needs:
        return TIKA[2]
    asked = f"from importlib.metadata import version; print(version({peer.name!r}))"
    return subprocess.run([python_of(peer), "-c", asked], capture_output=True, text=True).stdout.strip()


class Worker:
    """One warm process of a peer. ``peak_mb`` is the most memory it has held."""

    def __init__(self, peer: Peer, out: Path, environment: dict[str, str], program: Path = WORKER) -> None:
        self._made_of = peer, out, environment, program
        self._process = subprocess.Popen(
            [str(python_of(peer)), str(program), peer.name, str(out)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "OMP_THREAD_LIMIT": "1", **environment},
        )
        self._read()

    def give(self, path: Path, seconds: float = 600) -> dict[str, Any]:
        """One document; ``died`` and ``late`` say what became of a process that did not answer."""
        assert self._process.stdin is not None
        timer = threading.Timer(seconds, self._process.kill)
        timer.start()
        try:
            self._process.stdin.write(f"{path}\n")
            self._process.stdin.flush()
            return self._read()
        except (OSError, ValueError):
            return {"path": str(path), "error": "late" if not timer.is_alive() else "died", "gone": True}
        finally:
            timer.cancel()

    def again(self) -> Worker:
        """Another one in its place."""
        self.end()
        return Worker(*self._made_of)

    @property
    def peak_mb(self) -> float:
        return peak_mb(self._process.pid)

    def end(self) -> None:
        self._process.kill()
        self._process.wait()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        found: dict[str, Any] = json.loads(line)  # ValueError where the process is gone
        return found


def peak_mb(pid: int) -> float:
    """The most memory a process has held, MB; 0 where it is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    return int(next((line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")), 0)) / 1024


@contextmanager
def started(
    peer: Peer, out: Path, count: int = 2, program: Path = WORKER
) -> Iterator[tuple[list[Worker], list[int]]]:
    """Warm workers of a peer, and the ids of servers behind them."""
    with ExitStack() as stack:
        environment, servers = {}, []
        if peer.name == "tika":
            port, pid = stack.enter_context(tika_server())
            environment["TIKA_PORT"] = str(port)
            servers.append(pid)
        workers = [Worker(peer, out, environment, program) for _ in range(count)]
        for worker in workers:
            stack.callback(worker.end)
        yield workers, servers


@contextmanager
def tika_server() -> Iterator[tuple[int, int]]:
    """Apache Tika's server, and its process' id."""
    sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))
    from jgo.maven import MavenContext
    from support.servers.java import java
    from support.servers.serving import free_port, listens

    group, name, release = TIKA  # one jar that has everything
    jar = (
        MavenContext(repo_cache=CACHE / "maven").project(group, name).at_version(release).artifact().resolve()
    )
    port = free_port()
    server = subprocess.Popen(
        [java(), "-jar", str(jar), "--host", "127.0.0.1", "--port", str(port), "--noFork"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while not listens(port):
            time.sleep(0.1)
            if server.poll() is not None:
                raise SystemExit("Tika's server did not start")
        yield port, server.pid
    finally:
        server.kill()
        server.wait()


def run(
    workers: Sequence[Worker], paths: Iterable[Path], seconds: float = float("inf")
) -> list[dict[str, Any]]:
    """Give documents to workers as they become free, and none after so many seconds; all answers."""
    waiting: SimpleQueue[Path] = SimpleQueue()
    for path in paths:
        waiting.put(path)
    answers: list[dict[str, Any]] = []
    deadline = time.monotonic() + seconds

    def work(worker: Worker) -> None:
        while time.monotonic() < deadline:
            try:
                path = waiting.get_nowait()
            except Empty:
                return
            answers.append(worker.give(path))

    threads = [threading.Thread(target=work, args=(worker,)) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers
