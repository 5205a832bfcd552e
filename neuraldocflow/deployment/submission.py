"""What was submitted on a state directory, and what has become of it: files that any command can read."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, TypeVar

from neuraldocflow import __version__, durable
from neuraldocflow.errors import ConfigError

HOST = "neuraldocflow.deployment.host"
"""The module of the process that stays; what comes after it in its command is the state directory."""
T = TypeVar("T", "Submission", "Report")
OVER = ("stopped", "failed")
"""Phases of a report after which its process ends."""


@dataclass(frozen=True, slots=True)
class Submission:
    """How many processes of how many workers run, and from where relative paths are meant."""

    processes: int
    workers: int
    directory: str
    gateway: bool = True
    configured: bool = True
    """Whether there is a configuration of the user's; without one the default counts."""
    version: str = __version__

    def sized(self, processes: int, workers: int) -> Submission:
        return replace(self, processes=processes, workers=workers)


@dataclass(frozen=True, slots=True)
class Report:
    """What the process that stays says of the job. ``phase`` is starting, running, restarting, stopped or
    failed; ``reason`` says why it is not running; times are seconds since 1970."""

    phase: str
    pid: int
    since: float
    reason: str = ""
    failed: int = 0
    """Starts in a row that came to nothing."""
    restarts: int = 0
    last_restart: str = ""
    address: str = ""
    gateway: str = ""
    """Why the gateway does not serve, where it is to."""


class Folder:
    """The files of a submission, below a state directory."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.root = state / "submitted"
        self.config = self.root / "config.yaml"
        self.log = self.root / "job.log"
        self._submission = self.root / "submission.json"
        self._report = self.root / "report.json"
        self._before = self.root / "before"
        self._next = self.root / "next"

    def submission(self) -> Submission | None:
        """What was submitted; None where nothing was."""
        return _read(self._submission, Submission)

    def report(self) -> Report | None:
        """The latest report; one of a process that is gone says ``killed``."""
        report = _read(self._report, Report)
        if report is not None and report.phase not in OVER and not lives(report.pid, self.state):
            return replace(report, phase="killed", reason="the process that keeps it running is gone")
        return report

    def stage(self, submission: Submission, config: Path | None) -> None:
        """Write a submission with a copy of its configuration beside the present one, and keep that aside.

        Nothing that runs takes notice, also where there is no room for it (OSError).
        """
        text = config.read_bytes() if config is not None else None
        for folder in (self._before, self._next):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
        for each in (self.config, self._submission, self._report):
            if each.exists():
                shutil.copy2(each, self._before / each.name)
        if text is not None:
            durable.write_atomically(self._next / self.config.name, text)
        self._write(self._next / self._submission.name, asdict(submission))

    def take(self) -> None:
        """Have what was staged in the place of the present one."""
        for each in (self.config, self._submission):
            staged = self._next / each.name
            if staged.exists():
                os.replace(staged, each)

    def put_back(self) -> Submission | None:
        """Take the submission from before again, with what was reported of it; None where there was none, and
        then nothing is submitted."""
        for each in (self.config, self._submission, self._report):
            kept = self._before / each.name
            if kept.exists():
                os.replace(kept, each)
            else:
                each.unlink(missing_ok=True)
        return self.submission()

    def forget_report(self) -> None:
        """What was reported is of a process that is over. Raises OSError."""
        self._report.unlink(missing_ok=True)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nothing else may change what is submitted meanwhile. Raises ConfigError where something does."""
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / "lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ConfigError(
                    f"another command is just submitting, scaling or stopping the job on {self.state}: "
                    "try again when it is done"
                ) from None
            yield

    def tell(self, report: Report, *, replace: bool = True) -> None:
        """Write a report; without ``replace`` only where there is none. Raises OSError."""
        self._write(self._report, asdict(report), replace=replace)

    @staticmethod
    def _write(path: Path, value: dict[str, Any], *, replace: bool = True) -> None:
        durable.write_atomically(path, json.dumps(value, indent=2).encode(), replace=replace)


def _read(path: Path, kind: type[T]) -> T | None:
    """What a file says, written by another release too: what this one does not know of is left out. Raises
    ConfigError for one that says nothing."""
    known = {each.name for each in fields(kind)}
    try:
        found = json.loads(path.read_bytes())
        return kind(**{name: value for name, value in found.items() if name in known})
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, AttributeError) as error:
        raise ConfigError(f"{path} is damaged: remove it, and submit the job again") from error


def lives(pid: int, state: Path) -> bool:
    """Whether a process keeps the job of a state directory running; its number may be another's by now."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    if HOST.encode() not in command[:-1]:
        return False
    return os.path.realpath(command[command.index(HOST.encode()) + 1]) == os.fsencode(os.path.realpath(state))
