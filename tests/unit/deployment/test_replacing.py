"""What stands in the way of a new submission is found before anything that runs is stopped."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.job import command_of
from support.topics import wait_for

from neuraldocflow.deployment.local import DeploymentError, replace_with, stop
from neuraldocflow.deployment.submission import Folder, Report, Submission
from neuraldocflow.errors import ConfigError


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    found = Folder(tmp_path / "state")
    found.stage(Submission(1, 1, str(tmp_path), gateway=False, configured=False), None)
    found.take()
    return found


@pytest.fixture
def runs(folder: Folder) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is taken for the one that keeps the job running."""
    with keeper(folder.state) as process:
        folder.tell(Report("running", process.pid, time.time()))
        yield process


@contextmanager
def keeper(state: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that looks like one that keeps the job of a state directory running."""
    command = [
        sys.executable,
        "-c",
        "import time; time.sleep(600)",
        "neuraldocflow.deployment.host",
        str(state),
    ]
    with subprocess.Popen(command) as process:
        try:
            wait_for(lambda: b"neuraldocflow.deployment.host" in command_of(process.pid))
            yield process
        finally:
            process.kill()


def test_a_job_runs_on_where_its_directory_is_gone(
    folder: Folder, runs: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    gone = Submission(2, 1, str(tmp_path / "gone"), gateway=False, configured=False)
    with pytest.raises(DeploymentError, match="gone, where the job was submitted, is gone"):
        replace_with(folder, gone, None)
    assert runs.poll() is None
    assert folder.submission() == Submission(1, 1, str(tmp_path), gateway=False, configured=False)


def test_a_job_runs_on_where_a_new_submission_can_not_be_written(
    folder: Folder, runs: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    (folder.root / "next").rmdir()
    (folder.root / "next").touch()
    with pytest.raises(DeploymentError, match=r"can't be written in [^:]*submitted: File exists"):
        replace_with(folder, Submission(2, 1, str(tmp_path), gateway=False, configured=False), None)
    assert runs.poll() is None
    assert folder.report() is not None


def test_a_job_that_was_stopped_still_is_after_a_submission_in_its_place_came_to_nothing(
    folder: Folder, tmp_path: Path
) -> None:
    was = Report("stopped", 1, time.time())
    folder.tell(was)
    config = tmp_path / "job.yaml"
    config.write_text("runtime: {agents: none}\n")
    with pytest.raises(DeploymentError, match="the job does not run"):
        replace_with(folder, Submission(2, 1, str(tmp_path), gateway=False), config)
    assert folder.report() == was
    assert folder.submission() == Submission(1, 1, str(tmp_path), gateway=False, configured=False)


def test_why_a_submission_came_to_nothing_is_told_also_where_what_ran_before_does_not_start_again(
    folder: Folder, runs: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    folder.stage(Submission(1, 1, str(tmp_path / "gone"), gateway=False, configured=False), None)
    folder.take()
    waiting = threading.Thread(target=runs.wait)
    waiting.start()
    config = tmp_path / "job.yaml"
    config.write_text("runtime: {agents: none}\n")
    with pytest.raises(DeploymentError) as raised:
        replace_with(folder, Submission(2, 1, str(tmp_path), gateway=False), config)
    waiting.join()
    why, again = str(raised.value).splitlines()[0], str(raised.value).splitlines()[-1]
    assert why.startswith("the job does not run: ")
    assert "agents" in str(raised.value)
    assert again.startswith("What ran before could not be started again: the job can't be started in ")


@pytest.mark.parametrize("phase", ["running", "restarting", "stopped", "failed"])
def test_a_number_that_is_another_jobs_by_now_is_not_signalled(
    folder: Folder, tmp_path: Path, phase: str
) -> None:
    with keeper(tmp_path / "another state") as other:
        folder.tell(Report(phase, other.pid, time.time()))
        report = folder.report()
        assert report is not None
        assert report.phase == ("killed" if phase in ("running", "restarting") else phase)
        assert not stop(folder)
        assert other.poll() is None


@pytest.mark.parametrize("phase", ["stopped", "failed"])
def test_what_has_ended_is_not_stopped(folder: Folder, phase: str) -> None:
    with keeper(folder.state) as later:
        folder.tell(Report(phase, later.pid, time.time()))
        assert not stop(folder)
        assert later.poll() is None


def test_what_ends_before_it_can_say_so_is_told_to_be_stopped(
    folder: Folder, runs: subprocess.Popen[bytes]
) -> None:
    folder.tell(Report("starting", runs.pid, time.time(), address="http://127.0.0.1:8080/"))
    assert stop(folder)
    report = folder.report()
    assert report is not None
    assert (report.phase, report.reason, report.address) == ("stopped", "", "")


def test_where_nothing_was_submitted_stopping_leaves_nothing_behind(tmp_path: Path) -> None:
    assert not stop(Folder(tmp_path / "state"))
    assert list(tmp_path.iterdir()) == []


def test_what_another_release_has_written_is_read_as_far_as_it_is_known(folder: Folder) -> None:
    folder.tell(Report("failed", 1, time.time(), reason="no room"))
    for name in ("submission.json", "report.json"):
        told = json.loads((folder.root / name).read_bytes())
        (folder.root / name).write_text(json.dumps({**told, "of_a_later_release": True}))
    submission, report = folder.submission(), folder.report()
    assert submission is not None
    assert submission.processes == 1
    assert report is not None
    assert report.reason == "no room"


@pytest.mark.parametrize("text", ["", "[]", '{"processes": 1}'])
def test_a_damaged_submission_is_named_with_what_to_do(folder: Folder, text: str) -> None:
    (folder.root / "submission.json").write_text(text)
    with pytest.raises(ConfigError, match=r"submission\.json is damaged: remove it, and submit"):
        folder.submission()


def test_what_runs_is_stopped_also_by_another_name_of_its_directory(
    folder: Folder, runs: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    (tmp_path / "link").symlink_to(folder.state)
    waiting = threading.Thread(target=runs.wait)
    waiting.start()
    assert stop(Folder(tmp_path / "link"))
    waiting.join()
    assert runs.returncode == -signal.SIGTERM
