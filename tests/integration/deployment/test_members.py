"""Processes in places of their own, with names that come and go: they find each other and lose nothing."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest
from support.job import JobFolder
from support.pods import Pods
from support.topics import wait_for

from neuraldocflow.errors import ConfigError
from neuraldocflow.job.member import ordinal

pytestmark = [pytest.mark.slow, pytest.mark.cluster]


def has_all(job: JobFolder, names: set[str]) -> None:
    wait_for(lambda: set(job.archived()) == names, 120)
    assert sorted(job.archived()) == sorted(names)


def test_pods_find_each_other_and_go_on_when_their_number_changes(tmp_path: Path) -> None:
    job = JobFolder(tmp_path)
    with Pods(job) as pods:
        pods.scale(2)
        names = job.letters(60)
        has_all(job, names)
        first = pods.round()
        assert len(first["addresses"]) == 2
        pods.scale(3)
        wait_for(lambda: len(pods.round()["addresses"]) == 3, 60)
        names |= job.letters(60, first=100)
        has_all(job, names)
        pods.scale(1)
        wait_for(lambda: len(pods.round()["addresses"]) == 1, 90)
        names |= job.letters(30, first=200)
        has_all(job, names)


def test_a_pod_that_is_killed_or_told_to_stop_comes_back_and_nothing_is_lost(tmp_path: Path) -> None:
    job = JobFolder(tmp_path)
    with Pods(job) as pods:
        pods.scale(2)
        names = job.letters(150)
        wait_for(lambda: len(job.archived()) > 5, 60)
        pods.end(1, signal.SIGKILL)
        pods.start(1)
        wait_for(lambda: len(job.archived()) > 50, 90)
        assert pods.end(0) == 0
        pods.start(0)
        has_all(job, names)


def test_no_other_job_runs_on_the_state_of_pods(tmp_path: Path) -> None:
    """Such as one to drain it, from within a pod: both would write one recovery store."""
    job = JobFolder(tmp_path)
    with Pods(job) as pods:
        pods.scale(2)
        names = job.letters(5)
        has_all(job, names)
        refused = job.start("run", "--once", "-c", "job.yaml")
        told, _ = refused.communicate(timeout=60)
        assert refused.returncode == 2, told
        assert "already, in processes of their own places such as pods" in told
        names |= job.letters(5, first=50)
        has_all(job, names)
    beat = tmp_path / ".neuraldocflow" / "work" / "cluster"
    wait_for(lambda: all(time.time() - each.stat().st_mtime > 11 for each in beat.glob("beat-*")), 60)
    names |= job.letters(5, first=100)
    job.run_once()
    has_all(job, names)


def test_nothing_of_documents_stays_on_the_shared_folder_however_pods_end(tmp_path: Path) -> None:
    job = JobFolder(tmp_path)
    scratch = tmp_path / ".neuraldocflow" / "work" / "scratch"
    before = scratch / "swarm-of-the-last-release" / "agent-1" / "document"
    before.parent.mkdir(parents=True)
    before.write_text("a patient's")
    with Pods(job) as pods:
        pods.scale(1)
        names = job.letters(60)
        wait_for(lambda: len(job.archived()) > 5, 60)
        pods.end(0, signal.SIGKILL)
        assert [path for path in scratch.rglob("*") if path.is_file()]
        pods.start(0)
        names |= job.letters(30, first=100)
        has_all(job, names)
        assert pods.end(0) == 0
    assert [path for path in scratch.rglob("*") if path.is_file()] == []


def test_the_name_of_a_pod_ends_with_its_number() -> None:
    assert ordinal("neuraldocflow-dataflow-12") == 12
    with pytest.raises(ConfigError, match="does not end with a number"):
        ordinal("laptop")
