"""What stands in the way of a new submission is found before anything that runs is stopped."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from neuraldocflow.deployment.local import DeploymentError, replace_with
from neuraldocflow.deployment.submission import Folder, Report, Submission


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    found = Folder(tmp_path / "state")
    found.stage(Submission(1, 1, str(tmp_path), gateway=False, configured=False), None)
    found.take()
    return found


@pytest.fixture
def runs(folder: Folder) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is taken for the one that keeps the job running."""
    sleeping = "import time; time.sleep(600)"
    with subprocess.Popen([sys.executable, "-c", sleeping, "neuraldocflow.deployment.host"]) as process:
        folder.tell(Report("running", process.pid, time.time()))
        yield process
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
