"""Running the job as a user does: documents in a folder, a configuration, a command."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds
import yaml

LETTER = """<!DOCTYPE html><html><head><title>Letter {number}</title></head><body>
<h1>Letter {number}</h1><p>Reference: L-{number:05d}</p><p>Dated March {day}, 2024. It asks for nothing.</p>
</body></html>"""


class JobFolder:
    """A folder with an inbox, a configuration, and what the job makes of them."""

    def __init__(self, root: Path, **runtime: Any) -> None:
        self.root = root
        self.inbox = root / "inbox"
        self.results = root / "results"
        self.environment: dict[str, str] = {}
        """Variables the job gets beside the test's own."""
        self.bound_by_rights = False
        """Whether the rights of files and folders bind the job even where the tests run as root."""
        self.inbox.mkdir()
        self.configure(**runtime)

    def configure(self, source: dict[str, Any] | None = None, **runtime: Any) -> None:
        """Write the configuration; ``source`` adds to the inbox's, ``runtime`` to the runtime block."""
        watch = {"watch_directories": ["inbox"], "debounce_ms": 0, **(source or {})}
        config = {
            "stream_sources": {"inbox": {"type": "filesystem", "config": watch}},
            "runtime": {"snapshot_interval_ms": 100, **runtime},
        }
        (self.root / "job.yaml").write_text(yaml.safe_dump(config))

    def letters(self, count: int, first: int = 0) -> set[str]:
        """Put letters into the inbox; their names."""
        names: set[str] = set()
        for number in range(first, first + count):
            name = f"letter-{number}.html"
            (self.inbox / name).write_text(LETTER.format(number=number, day=number % 28 + 1))
            names.add(name)
        return names

    def start(
        self, *arguments: str, program: Sequence[str] = ("-m", "neuraldocflow")
    ) -> subprocess.Popen[str]:
        """Start ``neuraldocflow`` with arguments, in a group of its own; ``program`` is what Python runs."""
        return subprocess.Popen(
            [*self._rights(), sys.executable, *program, *arguments],
            cwd=self.root,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            env={
                **{key: value for key, value in os.environ.items() if not key.startswith("NEURALDOCFLOW")},
                **self.environment,
            },
        )

    def _rights(self) -> list[str]:
        if not self.bound_by_rights or os.geteuid() != 0:
            return []
        may_not = "-dac_override,-dac_read_search"
        return ["setpriv", f"--inh-caps={may_not}", f"--bounding-set={may_not}"]

    def run_once(self, *arguments: str, timeout: float = 120) -> str:
        """Run the job until the inbox is drained; what it printed. Fails unless it ends well."""
        process = self.start("run", "--once", "-c", "job.yaml", *arguments)
        told, _ = process.communicate(timeout=timeout)
        assert process.returncode == 0, told
        return told

    def archived(self) -> list[str]:
        """The file names in the archive's documents, one for each row."""
        folder = self.root / ".neuraldocflow" / "archive" / "documents"
        if not any(folder.rglob("*.parquet")):
            return []
        names: list[str] = ds.dataset(folder, partitioning="hive").to_table()["filename"].to_pylist()
        return names

    def result(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.results / f"{name}.json").read_text())
        return found


def children_of(pid: int) -> list[int]:
    """The processes a process has started that live."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found.extend(int(child) for child in task.read_text().split())
        except OSError:
            continue
    return found


def command_of(pid: int) -> list[bytes]:
    """What a process was started with; nothing where it has ended meanwhile."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return []


def open_sockets(pid: int) -> int:
    """How many sockets a process has."""
    found = 0
    for file in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):  # closed meanwhile
            found += os.readlink(file).startswith("socket:")
    return found


def agents_of(pid: int) -> list[int]:
    """The agents of a process of the job."""
    return [child for child in children_of(pid) if any(b"swarm.agent" in word for word in command_of(child))]


def is_shut_in(agent: int) -> bool:
    """Whether an agent is ready for documents; before, it may not yet die with its parent."""
    return "NoNewPrivs:\t1" in Path(f"/proc/{agent}/status").read_text()


def lives(pid: int) -> bool:
    """Whether there is such a process, and it has not ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def kill(pid: int) -> None:
    """``kill -9``; no error when it is gone already."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
