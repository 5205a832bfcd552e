"""Files that appear whole, what a kill leaves behind, and patience."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest
from support.topics import wait_for

from neuraldocflow import durable
from neuraldocflow.durable import (
    AGAIN,
    PAUSES,
    OutputError,
    forget_unfinished,
    patiently,
    telling,
    write_atomically,
)
from neuraldocflow.errors import ConfigError
from neuraldocflow.gateway.jobs import Jobs


def test_what_can_not_be_written_is_named_as_it_would_be_called(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    for path in (tmp_path / "none" / "result.json", tmp_path / "taken"):
        with pytest.raises((FileNotFoundError, IsADirectoryError)) as told:
            write_atomically(path, b"{}")
        assert told.value.filename == str(path)
    assert [each.name for each in tmp_path.iterdir()] == ["taken"]


def test_what_was_left_half_written_long_ago_is_removed_and_nothing_else(tmp_path: Path) -> None:
    old, young = tmp_path / ".writing-old", tmp_path / ".writing-young"
    old.touch()
    os.utime(old, (1, 1))
    young.touch()
    write_atomically(tmp_path / "result.json", b"{}")
    os.utime(tmp_path / "result.json", (1, 1))
    forget_unfinished(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".writing-young", "result.json"]


def test_a_damaged_index_is_made_anew_and_a_damaged_ledger_is_named(tmp_path: Path) -> None:
    for end in ("", "-wal"):
        (tmp_path / f"it.db{end}").write_bytes(b"no database" * 1000)
    with pytest.raises(
        ConfigError, match=r"it\.db is damaged: file is not a database\. Put a copy of it back"
    ):
        durable.database(tmp_path / "it.db", "CREATE TABLE a (b);")
    jobs = Jobs(tmp_path / "it.db")
    assert jobs.positions() == {}
    jobs.close()


def test_an_index_that_can_not_be_opened_is_named(tmp_path: Path) -> None:
    (tmp_path / "it.db").mkdir()
    with pytest.raises(ConfigError, match=r"it\.db can't be used: unable to open"):
        Jobs(tmp_path / "it.db")
    with pytest.raises(ConfigError, match=r"it\.db can't be used: unable to open"):
        durable.database(tmp_path / "it.db", "CREATE TABLE a (b);")


class Place:
    """Takes a write only after so many refusals."""

    def __init__(self, refusals: int) -> None:
        self.refusals = refusals

    def write(self) -> str:
        if self.refusals:
            self.refusals -= 1
            raise OSError(errno.EIO, "away")
        return "written"


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were made, none of which takes its time."""
    made: list[float] = []

    def wait(seconds: float) -> bool:
        made.append(seconds)
        return False

    monkeypatch.setattr(durable.STOPPING, "wait", wait)
    return made


def test_who_is_patient_tries_on_until_a_place_takes_it(pauses: list[float]) -> None:
    assert patiently("the place", Place(9).write, patience=1000) == "written"
    assert pauses == [*PAUSES, *[AGAIN] * 6]


def test_who_is_not_tries_a_few_times_and_says_what_is_wrong(pauses: list[float]) -> None:
    with pytest.raises(OutputError, match=r"the place can't be written: away\. Nothing is lost"):
        patiently("the place", Place(9).write)
    assert pauses == list(PAUSES)


def test_a_job_that_is_to_stop_is_not_patient(pauses: list[float]) -> None:
    durable.STOPPING.set()
    with pytest.raises(OutputError):
        patiently("the place", Place(9).write, patience=1000)


def test_a_write_that_takes_long_is_a_sign_of_life() -> None:
    told = threading.Event()

    def long() -> bool:
        return told.wait(60)

    assert patiently("the place", long, patience=1, waiting=told.set)


def test_waiting_for_room_is_a_sign_of_life_and_a_write_that_hangs_is_none() -> None:
    told = threading.Event()
    hung: list[bool] = []

    def write() -> str:
        if not hung:
            hung.append(told.wait(1.5))
        if not told.is_set():
            raise OSError(errno.ENOSPC, "No space left on device")
        return "written"

    assert patiently("the folder", write, pausing=told.set) == "written"
    assert hung == [False]


def test_writes_that_take_long_are_told_of_by_one_thread_until_they_end_whatever_goes_wrong() -> None:
    told: list[str] = []

    def wrong() -> None:
        raise OSError("away")

    with telling(wrong), telling(lambda: told.append("outer")):
        for _ in range(3):
            with telling(lambda: told.append("inner")):
                wait_for(lambda: told[-2:] == ["outer", "inner"], 60)
            ended = len(told)
            wait_for(lambda at=ended: len(told) >= at + 2, 60)  # type: ignore[misc]
            assert told[ended:].count("inner") == 0
            assert [each.name for each in threading.enumerate()].count("waiting") == 1


def test_where_there_are_no_hard_links_a_new_file_appears_whole_and_replaces_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refused)
    path = tmp_path / "a.json"
    write_atomically(path, b"first", replace=False)
    with pytest.raises(FileExistsError):
        write_atomically(path, b"second", replace=False)
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [("a.json", b"first")]
