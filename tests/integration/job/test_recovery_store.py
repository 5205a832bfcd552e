"""The engine's recovery store while others look at it: neither they nor the job itself undo its locks."""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from neuraldocflow.job import recovery_reader
from tests.integration.job.test_job import finish
from tests.support.job import JobFolder, agents_of, children_of, command_of, kill
from tests.support.topics import wait_for


@pytest.fixture
def job(tmp_path: Path) -> JobFolder:
    job = JobFolder(tmp_path)
    job.configure({"auto_move_processed": True})
    return job


def acknowledged(job: JobFolder, names: set[str]) -> bool:
    """Whether the files were moved: the job has asked its store whether their epoch is committed."""
    return {path.name for path in (job.inbox / "processed").rglob("*.html")} >= names


def under_way(job: JobFolder) -> int:
    """How many documents the committed states say are worked on."""
    states = recovery_reader.states(job.root / ".neuraldocflow" / "recovery", "documents.extract")
    return sum(len(pickle.loads(state)["pending"]) for state in states.values())


def journals(store: Path) -> dict[str, tuple[int, bool]]:
    """Each journal's and shared memory's inode, and whether it has anything in it."""
    return {path.name: (path.stat().st_ino, path.stat().st_size > 0) for path in store.glob("*.sqlite3-*")}


def readers_of(pid: int) -> Iterator[int]:
    for child in children_of(pid):
        if any(b"recovery_reader" in word for word in command_of(child)):
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


def test_a_source_may_be_given_other_folders_and_loses_nothing_of_the_former_ones(job: JobFolder) -> None:
    names = job.letters(150)
    process = job.start("run", "-c", "job.yaml")
    wait_for(lambda: job.results.is_dir() and len(list(job.results.glob("*.json"))) > 5, 60)
    kill(process.pid)
    process.communicate()
    before = set(recovery_reader.states(job.root / ".neuraldocflow" / "recovery", "documents.extract"))
    assert before  # some are under way
    (job.root / "other").mkdir()
    (job.root / "other" / "late.html").write_bytes((job.inbox / "letter-0.html").read_bytes())
    job.configure({"auto_move_processed": True, "watch_directories": ["other"]})
    job.run_once()
    job.configure({"auto_move_processed": True})
    job.run_once()
    assert {path.name.removesuffix(".json") for path in job.results.glob("*.json")} == {*names, "late.html"}
    assert acknowledged(job, names)


def test_a_source_that_is_left_out_for_a_while_is_told_of_what_was_done_meanwhile(job: JobFolder) -> None:
    names = job.letters(150)
    process = job.start("run", "-c", "job.yaml")
    wait_for(lambda: job.results.is_dir() and len(list(job.results.glob("*.json"))) > 5, 60)
    kill(process.pid)
    process.communicate()
    with_it = (job.root / "job.yaml").read_text()
    (job.root / "other").mkdir()
    (job.root / "job.yaml").write_text(with_it.replace("  inbox:", "  other:").replace("- inbox", "- other"))
    process = job.start("run", "-c", "job.yaml")
    wait_for(lambda: not under_way(job), 60)
    (job.root / "other" / "late.html").write_bytes((job.inbox / "letter-0.html").read_bytes())
    wait_for((job.root / "other" / "processed" / "late.html").exists)  # told after all before it
    process.send_signal(signal.SIGTERM)
    finish(process)
    (job.root / "job.yaml").write_text(with_it)
    job.run_once()
    assert sorted(job.archived()) == sorted([*names, "late.html"])
    assert acknowledged(job, names)


def test_a_snapshot_has_references_to_what_is_under_way_however_large_that_is(job: JobFolder) -> None:
    count, text = 60, f"<!-- {'long ' * 60_000} -->"
    for number in range(count):
        letter = f"<!DOCTYPE html><html><body><h1>Letter {number}</h1>{text}</body></html>"
        (job.inbox / f"letter-{number}.html").write_text(letter)
    store = job.root / ".neuraldocflow" / "recovery"
    process = job.start("run", "-c", "job.yaml")

    def pending() -> list[Any]:
        states = recovery_reader.states(store, "documents.extract").values()
        return [each for state in states for each in pickle.loads(state)["pending"]]

    wait_for(lambda: len(agents_of(process.pid)) == 2, 120)
    agents = agents_of(process.pid)
    for agent in agents:  # before they are ready
        os.kill(agent, signal.SIGSTOP)
    wait_for(lambda: len(pending()) == count, 120)
    for pid in (process.pid, *agents):  # which may have been stopped before they could ask to die with it
        kill(pid)
    process.communicate()
    assert all(len(pickle.dumps(each)) < 2000 for each in pending())
    assert sum(map(len, snapshots(store))) < count * 10_000 < len(text) * count / 25


def snapshots(store: Path) -> Iterator[bytes]:
    """Every state that is kept of the last epochs."""
    for part in recovery_reader.parts_of(store):
        with contextlib.closing(recovery_reader.connect(part)) as database:
            for (change,) in database.execute("SELECT ser_change FROM snaps WHERE ser_change NOT NULL"):
                yield change
