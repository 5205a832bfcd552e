"""The engine's recovery store while others look at it: neither they nor the job itself undo its locks."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from neuraldocflow import recovery_reader
from tests.integration.job.test_job import finish
from tests.support.job import JobFolder, children_of, kill
from tests.support.topics import wait_for


@pytest.fixture
def job(tmp_path: Path) -> JobFolder:
    job = JobFolder(tmp_path)
    job.configure({"auto_move_processed": True})
    return job


def acknowledged(job: JobFolder, names: set[str]) -> bool:
    """Whether the files were moved: the job has asked its store whether their epoch is committed."""
    return {path.name for path in (job.inbox / "processed").rglob("*.html")} >= names


def journals(store: Path) -> dict[str, tuple[int, bool]]:
    """Each journal's and shared memory's inode, and whether it has anything in it."""
    return {path.name: (path.stat().st_ino, path.stat().st_size > 0) for path in store.glob("*.sqlite3-*")}


def readers_of(pid: int) -> Iterator[int]:
    for child in children_of(pid):
        if b"recovery_reader" in Path(f"/proc/{child}/cmdline").read_bytes():
            yield child


def test_who_closes_the_store_beside_the_running_job_is_not_its_last_user(job: JobFolder) -> None:
    store = job.root / ".neuraldocflow" / "recovery"
    process = job.start("run", "-c", "job.yaml")
    for turn in range(3):
        names = job.letters(4, 4 * turn)
        wait_for(lambda names=names: acknowledged(job, names))
        before = journals(store)
        assert len(before) == 2 * len(recovery_reader.parts_of(store))
        for part in recovery_reader.parts_of(store):
            database = recovery_reader.connect(part, "rw")
            database.execute("SELECT count(*) FROM snaps").fetchone()
            database.close()  # the last one to close empties the shared memory and removes both
        assert journals(store) == before
    process.send_signal(signal.SIGTERM)
    finish(process)


def test_the_reader_of_the_store_may_be_killed(job: JobFolder) -> None:
    process = job.start("run", "-c", "job.yaml")
    for turn in range(3):
        names = job.letters(4, 4 * turn)
        wait_for(lambda names=names: acknowledged(job, names))
        (reader,) = readers_of(process.pid)
        kill(reader)
    process.send_signal(signal.SIGTERM)
    finish(process)
    assert not Path(f"/proc/{reader}").exists()
