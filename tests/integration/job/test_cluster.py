"""Several processes as one job: they end, stop, and are started again together."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.faults.test_disk_and_clock import until_gone
from tests.faults.test_killed import members_of
from tests.integration.job.test_job import finish, until_results
from tests.support.job import JobFolder

pytestmark = pytest.mark.cluster
CLUSTER = ("run", "-c", "job.yaml", "--processes", "2", "--workers", "2")


@pytest.fixture
def job(tmp_path: Path) -> JobFolder:
    return JobFolder(tmp_path)


def test_two_processes_drain_the_folder_and_end(job: JobFolder) -> None:
    names = job.letters(60)
    assert "60 documents: 60 done" in job.run_once("--processes", "2", "--workers", "2")
    assert sorted(job.archived()) == sorted(names)
    assert "0 documents" in job.run_once()


def test_what_they_print_is_not_among_what_is_to_be_piped(job: JobFolder) -> None:
    job.letters(3)
    hooks = job.root / "hooks"
    hooks.mkdir()
    (hooks / "sitecustomize.py").write_text("print('a word in between')\n")
    command = [sys.executable, "-m", "neuraldocflow", "run", "--once", "--json", "-c", "job.yaml"]
    done = subprocess.run(
        [*command, "--processes", "2"],
        cwd=job.root,
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "PYTHONPATH": f"{hooks}"},
    )
    assert done.returncode == 0, done.stderr
    its_own, summary = done.stdout.splitlines()
    assert its_own == "a word in between"
    assert json.loads(summary)["completed"] == 3
    assert done.stderr.count("a word in between") >= 2


def test_modules_among_the_documents_are_not_run(job: JobFolder) -> None:
    names = job.letters(3)
    (job.root / "json.py").write_text("raise SystemExit(3)\n")
    process = job.start(*CLUSTER, "--once", program=("-P", "-m", "neuraldocflow"))
    told, _ = process.communicate(timeout=120)
    assert process.returncode == 0, told
    assert sorted(job.archived()) == sorted(names)


def test_they_are_told_to_run_when_they_do(job: JobFolder) -> None:
    job.configure({"watch_directories": ["later"]})
    process = job.start(*CLUSTER)
    told, _ = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "later: there is no such directory" in told
    assert "running: " not in told
    (job.root / "later").mkdir()
    process = job.start(*CLUSTER)
    assert process.stdout is not None
    # one that is quicker than another may say before that it tries again to reach it
    assert any("running: inbox (Ctrl-C stops it" in line for line in process.stdout)
    process.send_signal(signal.SIGTERM)
    finish(process)


def test_a_process_keeps_few_handles_however_many_documents_it_has_seen(job: JobFolder) -> None:
    process = job.start(*CLUSTER)
    job.letters(80)
    until_results(job, 80)
    for member in members_of(process.pid):
        handles = Path(f"/proc/{member}/fd").iterdir()
        assert sum(handle.resolve().name == "log.db" for handle in handles) < 10
    process.send_signal(signal.SIGTERM)
    finish(process)


def test_told_to_stop_all_processes_stop_together_with_0(job: JobFolder) -> None:
    names = job.letters(200)
    process = job.start(*CLUSTER)
    until_results(job, 5)
    process.send_signal(signal.SIGINT)
    finish(process)
    job.run_once()
    assert sorted(job.archived()) == sorted(names)


def test_a_signal_to_one_process_stops_all_of_them(job: JobFolder) -> None:
    names = job.letters(100)
    process = job.start(*CLUSTER)
    until_results(job, 5)
    os.kill(members_of(process.pid)[1], signal.SIGINT)
    finish(process)
    job.run_once()
    assert sorted(job.archived()) == sorted(names)


def test_a_process_that_stalls_is_noticed_and_all_start_again(job: JobFolder) -> None:
    names = job.letters(100)
    process = job.start("run", "-c", "job.yaml", "--processes", "2", "--workers", "1")
    until_results(job, 5)
    stalled = members_of(process.pid)[0]
    os.kill(stalled, signal.SIGSTOP)
    end = time.monotonic() + 40
    while Path(f"/proc/{stalled}").exists():
        assert time.monotonic() < end
        time.sleep(0.1)
    until_results(job, 100)
    process.send_signal(signal.SIGTERM)
    assert "has been silent for" in finish(process, 60)
    assert sorted(job.archived()) == sorted(names)


def with_hanging_looks(job: JobFolder, hangs: Path) -> subprocess.Popen[str]:
    script = Path(__file__).parents[2] / "support" / "hanging_looks.py"
    command = ["run", "-c", "job.yaml", "--processes", "2"]
    return subprocess.Popen(
        [sys.executable, "-P", str(script), str(hangs), *command],
        cwd=job.root,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def test_a_disk_that_hangs_under_the_supervisor_itself_is_noticed_and_waited_for(
    job: JobFolder, tmp_path: Path
) -> None:
    hangs = tmp_path / "hangs"
    names = job.letters(20)
    process = with_hanging_looks(job, hangs)
    until_results(job, 5)
    hung = members_of(process.pid)
    hangs.touch()
    until_gone(hung)
    assert process.poll() is None
    names |= job.letters(20, first=20)
    hangs.unlink()
    until_results(job, 40)
    process.send_signal(signal.SIGTERM)
    told = finish(process, 60)
    assert "has not answered for" in told
    assert told.count("all processes start again") == 1
    assert sorted(job.archived()) == sorted(names)


def test_a_supervisor_whose_disk_hangs_can_be_stopped(job: JobFolder, tmp_path: Path) -> None:
    hangs = tmp_path / "hangs"
    job.letters(20)
    process = with_hanging_looks(job, hangs)
    until_results(job, 5)
    hung = members_of(process.pid)
    hangs.touch()
    until_gone(hung)
    process.send_signal(signal.SIGTERM)
    finish(process, 60)
