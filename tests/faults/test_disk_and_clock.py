"""A disk that hangs or errors, a clock that jumps: every document still ends in exactly one result."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.test_killed import members_of
from tests.integration.job.test_job import finish, until_results
from tests.support.faulty import Faults
from tests.support.job import JobFolder


@pytest.fixture
def job(tmp_path: Path) -> JobFolder:
    root = tmp_path / "job"
    root.mkdir()
    return JobFolder(root)


@pytest.fixture
def faults(tmp_path: Path, job: JobFolder) -> Iterator[Faults]:
    """Faults of the disk the job's state is on, and of its clock."""
    found = Faults(tmp_path, job.root / ".neuraldocflow")
    job.environment = found.environment
    yield found
    found.disk_is_well()


def until_gone(pids: list[int], timeout: float = 60) -> None:
    end = time.monotonic() + timeout
    while any(Path(f"/proc/{pid}").exists() for pid in pids):
        assert time.monotonic() < end
        time.sleep(0.1)


@pytest.mark.slow
def test_a_disk_that_hangs_is_noticed_from_outside_and_the_job_goes_on_when_it_is_back(
    job: JobFolder, faults: Faults
) -> None:
    names = job.letters(100)
    supervisor = job.start("run", "--once", "-c", "job.yaml", "--processes", "2", "--workers", "1")
    until_results(job, 5)
    stalled = members_of(supervisor.pid)
    faults.disk_hangs()
    until_gone(stalled)
    faults.disk_is_well()
    assert "has been silent for" in finish(supervisor, 120)
    assert sorted(job.archived()) == sorted(names)


@pytest.mark.parametrize(
    "below",
    ["", "recovery", "sources"],
    ids=["all of its state", "the engine's recovery store", "what sources have done"],
)
@pytest.mark.slow
def test_a_disk_that_errors_ends_the_job_with_a_sentence_and_the_next_start_loses_nothing(
    job: JobFolder, faults: Faults, below: str
) -> None:
    faults.only_below(job.root / ".neuraldocflow" / below)
    names = job.letters(250)
    process = job.start("run", "--once", "-c", "job.yaml")
    until_results(job, 5)
    faults.disk_errors(errno.EIO)
    told, _ = process.communicate(timeout=60)
    assert process.returncode == 1, told
    assert "Nothing is lost" in told
    assert "Traceback" not in told
    faults.disk_is_well()
    job.run_once()
    assert sorted(job.archived()) == sorted(names)


@pytest.mark.slow
def test_several_processes_say_that_the_recovery_volume_is_full_and_go_on_when_there_is_room(
    job: JobFolder, faults: Faults
) -> None:
    faults.only_below(job.root / ".neuraldocflow" / "recovery")
    names = job.letters(250)
    supervisor = job.start("run", "--once", "-c", "job.yaml", "--processes", "2")
    until_results(job, 5)
    faults.disk_errors(errno.ENOSPC)
    assert supervisor.stdout is not None
    assert any("the disk is full. Nothing is lost" in line for line in supervisor.stdout)
    faults.disk_is_well()
    assert "Traceback" not in finish(supervisor, 120)
    assert sorted(job.archived()) == sorted(names)


@pytest.mark.slow
def test_lag_can_be_asked_for_while_the_recovery_volume_is_full(job: JobFolder, faults: Faults) -> None:
    job.letters(3)
    job.run_once()
    ask = (
        "from neuraldocflow import config\n"
        "from neuraldocflow.deployment.topics import lags\n"
        "print(sum(each.behind for each in lags(config.load('job.yaml'))))"
    )

    def behind() -> str:
        command, environment = [sys.executable, "-c", ask], {**os.environ, **job.environment}
        return subprocess.run(
            command, cwd=job.root, env=environment, capture_output=True, text=True, check=True, timeout=60
        ).stdout

    faults.only_below(job.root / ".neuraldocflow" / "recovery")
    faults.disk_errors(errno.ENOSPC)
    assert behind() == "0\n"


@pytest.mark.parametrize("command", [["--workers", "2"], ["--processes", "2"]], ids=["alone", "cluster"])
@pytest.mark.slow
def test_a_clock_that_jumps_to_and_fro_stops_nothing(
    job: JobFolder, faults: Faults, command: list[str]
) -> None:
    names = job.letters(200)
    process = job.start("run", "--once", "-c", "job.yaml", *command)
    until_results(job, 5)
    for seconds in (3600, -3600, 90 * 86400, 0):
        before = len(list(job.results.glob("*.json")))
        faults.set_clock(seconds)
        time.sleep(0.5)  # as many as 60 results can come at once
        until_results(job, min(before + 20, len(names)))
    told = finish(process, 90)
    assert "the time of day was set back by" in told
    assert "silent" not in told
    assert sorted(job.archived()) == sorted(names)


@pytest.mark.slow
def test_a_clock_that_is_ahead_for_a_moment_stops_nothing(job: JobFolder, faults: Faults) -> None:
    names = job.letters(200)
    process = job.start("run", "--once", "-c", "job.yaml", "--workers", "2")
    until_results(job, 5)
    for _ in range(3):  # whatever is told a time just then would sleep for ninety days
        faults.set_clock(90 * 86400)
        time.sleep(0.05)
        faults.set_clock(0)
        time.sleep(0.05)
    assert "silent" not in finish(process, 90)
    assert sorted(job.archived()) == sorted(names)
