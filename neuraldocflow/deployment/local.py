"""A submitted job on this machine: started, replaced, scaled and stopped, without losing what runs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from neuraldocflow import config as configuration
from neuraldocflow.config import Config
from neuraldocflow.deployment.submission import HOST, OVER, Folder, Report, Submission, lives
from neuraldocflow.errors import NeuralDocFlowError
from neuraldocflow.job.cluster import GRACE, check_size

_READY = 120.0
"""Seconds a job may take to run, on a busy machine."""
_TRIES = 3
"""Starts that come to nothing before a new submission is taken back."""
_LOOK = 0.05


class DeploymentError(NeuralDocFlowError):
    """A submitted job that does not run as asked."""


def submit(config: Path | None, processes: int, workers: int, *, gateway: bool = True) -> Report:
    """Run a configuration, instead of what ran on its state directory before.

    Returns when all workers move. Raises ConfigError before anything is stopped, and DeploymentError when it
    does not come to run; then what ran before runs again.
    """
    loaded = configuration.load(config)
    check_size(loaded.runtime.max_workers, processes, workers)
    folder = folder_of(loaded)
    wanted = Submission(processes, workers, os.getcwd(), gateway, config is not None)
    return replace_with(folder, wanted, config)


def resize(folder: Folder, resized: Callable[[Submission], Submission | None]) -> Submission | None:
    """Have what runs in another size: as ``resized`` tells of what is submitted, which nothing else changes
    meanwhile; None leaves it as it is. Returns what was told. Raises as ``replace_with``."""
    running(folder)  # no folder is made where nothing was submitted
    with folder.alone():
        wanted = resized(running(folder)[0])
        if wanted is not None:
            _replace(folder, wanted, folder.config if wanted.configured else None)
        return wanted


def folder_of(config: Config) -> Folder:
    return Folder(config.runtime.state_directory.absolute())


def replace_with(folder: Folder, wanted: Submission, config: Path | None) -> Report:
    """Run ``wanted`` instead of what runs. Raises DeploymentError, and ConfigError while another command
    changes the same job."""
    with folder.alone():
        return _replace(folder, wanted, config)


def _replace(folder: Folder, wanted: Submission, config: Path | None) -> Report:
    """Stop what runs, and start ``wanted``; the former again if that fails or is interrupted."""
    if not Path(wanted.directory).is_dir():
        raise DeploymentError(
            f"{wanted.directory}, where the job was submitted, is gone: make it again, or submit from another"
        )
    try:
        folder.stage(wanted, config)
    except OSError as error:
        raise _not_written(folder, error) from error
    ran = runs(folder)
    try:
        _stop(folder)
        return _start_staged(folder, wanted)
    except (DeploymentError, KeyboardInterrupt) as error:
        _stop(folder)
        before = folder.put_back()
        if not ran or before is None:
            raise
        why = "interrupted" if isinstance(error, KeyboardInterrupt) else error
        try:
            _start(folder, before)
        except DeploymentError as again:
            told = f"{why}\nWhat ran before could not be started again: {again}"
            raise DeploymentError(told) from error
        raise DeploymentError(f"{why}\nWhat ran before runs again.") from error


def _not_written(folder: Folder, error: OSError) -> DeploymentError:
    return DeploymentError(f"the submission can't be written in {folder.root}: {error.strerror}")


def running(folder: Folder) -> tuple[Submission, Report]:
    """What runs here. Raises DeploymentError where nothing does."""
    submission, report = folder.submission(), folder.report()
    if submission is None or report is None:
        raise DeploymentError(f"nothing was submitted on {folder.state}: neuraldocflow submit --to local")
    if report.phase in ("stopped", "failed", "killed"):
        raise DeploymentError(
            f"the job on {folder.state} is {report.phase}: neuraldocflow submit --to local starts it again"
        )
    return submission, report


def stop(folder: Folder) -> bool:
    """Stop what runs, gracefully and then not; whether anything did. Raises ConfigError as above, and
    OSError for a state directory that can't be one."""
    try:
        folder.root.stat()
    except FileNotFoundError:  # no folder is made where nothing was submitted
        return False
    with folder.alone():
        return _stop(folder)


def runs(folder: Folder) -> bool:
    """Whether a process keeps a job running here."""
    return _keeper(folder) is not None


def _keeper(folder: Folder) -> int | None:
    """The process that keeps a job running here."""
    report = folder.report()
    if report is None or report.phase in OVER or not lives(report.pid, folder.state):
        return None
    return report.pid


def _stop(folder: Folder) -> bool:
    pid = _keeper(folder)
    if pid is None:
        return False
    os.kill(pid, signal.SIGTERM)
    if not _until(lambda: not lives(pid, folder.state), GRACE + 20):
        os.kill(pid, signal.SIGKILL)  # its children end with it
        _until(lambda: not lives(pid, folder.state), 10)
    report = folder.report()
    if report is not None and report.phase not in OVER:  # it could not say so itself, such as amid its start
        with suppress(OSError):
            folder.tell(replace(report, phase="stopped", since=time.time(), reason="", address=""))
    return True


def _start_staged(folder: Folder, wanted: Submission) -> Report:
    try:
        folder.take()
    except OSError as error:
        raise _not_written(folder, error) from error
    return _start(folder, wanted)


def _start(folder: Folder, wanted: Submission) -> Report:
    with _interrupted_after():  # nothing would know of a process that was started and not told of
        try:
            folder.forget_report()
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", HOST, str(folder.state)],
                cwd=wanted.directory,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            raise DeploymentError(
                f"the job can't be started in {wanted.directory}: {error.strerror}"
            ) from error
        with suppress(OSError):  # who stops it finds it by this, before it has come to say so itself
            folder.tell(Report("starting", process.pid, time.time()), replace=False)
    deadline = time.monotonic() + _READY
    while time.monotonic() < deadline:
        report = folder.report()
        if report is not None and report.pid == process.pid:
            if report.phase == "running":
                return report
            if report.phase == "failed" or report.failed >= _TRIES:
                raise DeploymentError(f"the job does not run: {report.reason} (more in {folder.log})")
        if process.poll() is not None and (report is None or report.phase != "failed"):
            raise DeploymentError(f"the job could not start; what it said is in {folder.log}")
        time.sleep(_LOOK)
    raise DeploymentError(f"the job does not run after {_READY:.0f} s; what it says is in {folder.log}")


@contextmanager
def _interrupted_after() -> Iterator[None]:
    """Ctrl-C raises its KeyboardInterrupt at the end of the block, not in its midst."""
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    heard: list[int] = []
    signal.signal(signal.SIGINT, lambda number, frame: heard.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if heard:
        raise KeyboardInterrupt


def _until(holds: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(_LOOK)
    return True
