"""What becomes of a watched folder's files when their results are durable."""

from __future__ import annotations

import errno
import json
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.pulling import Pulled
from support.topics import wait_for

from neuraldocflow.components import Acknowledgement
from neuraldocflow.events import NewDocument
from neuraldocflow.folders.ledger import Ledger
from neuraldocflow.operators.dedupe import Dedupe

DONE = Acknowledgement("completed")
FAILED = Acknowledgement("failed", {"code": "corrupt", "message": "damaged"})
Make = Callable[..., Pulled]


def test_processed_files_are_moved_only_when_acknowledged_and_never_overwrite(
    watch: Make, inbox: Path, tmp_path: Path
) -> None:
    target = tmp_path / "processed"
    watched = watch(auto_move_processed=True, processed_directory=str(target))
    for content in (b"one", b"two!", b"three"):
        (inbox / "a.pdf").write_bytes(content)
        (event,) = watched.until(1)
        assert (inbox / "a.pdf").exists()
        watched.source.acknowledge(event, DONE)
        watched.source.acknowledge(event, DONE)
        assert not (inbox / "a.pdf").exists()
    assert {path.name: path.read_bytes() for path in target.iterdir()} == {
        "a.pdf": b"one",
        "a (2).pdf": b"two!",
        "a (3).pdf": b"three",
    }


def test_failures_go_to_failed_with_the_reason_beside_them(watch: Make, inbox: Path) -> None:
    (inbox / "sub").mkdir()
    (inbox / "sub" / "a.pdf").write_bytes(b"x")
    watched = watch(auto_move_processed=True)
    (event,) = watched.until(1)
    watched.source.acknowledge(event, FAILED)
    assert (inbox / "failed" / "sub" / "a.pdf").read_bytes() == b"x"
    reason = json.loads((inbox / "failed" / "sub" / "a.pdf.reason.json").read_text())
    assert reason["error"]["code"] == "corrupt"
    assert reason["documentId"] == event.id
    assert watch(once=True, auto_move_processed=True).drain() == []


@pytest.mark.parametrize(("outcome", "target"), [(FAILED, "failed"), (DONE, "processed")])
def test_a_file_that_is_moved_back_is_the_next_run_of_its_document(
    watch: Make, inbox: Path, outcome: Acknowledgement, target: str
) -> None:
    watched = watch(auto_move_processed=True)
    (inbox / "a.pdf").write_bytes(b"x")
    events: list[NewDocument] = []
    for run in range(3):
        events += watched.until(1)
        assert (events[-1].id, events[-1].run) == (events[0].id, run)
        watched.source.acknowledge(events[-1], outcome)
        assert not (inbox / "a.pdf").exists()
        os.rename(inbox / target / "a.pdf", inbox / "a.pdf")
    watched.source.acknowledge(events[-1], outcome)  # once more, as after a crash
    assert (inbox / "a.pdf").exists()
    watched.close()
    (again,) = watch(once=True, auto_move_processed=True).drain()
    assert (again.id, again.run) == (events[0].id, 3)


def test_a_file_that_is_done_and_moved_while_it_is_found_again_is_no_further_run(
    watch: Make, inbox: Path
) -> None:
    """After a restart: the document is in the snapshot, and its file still in the folder."""
    first = watch(auto_move_processed=True)
    for number in range(20):  # more than are found ahead
        (inbox / f"{number}.pdf").write_bytes(b"%d" % number)
    events = first.until(20)
    first.close()
    restarted = watch(auto_move_processed=True)
    found = restarted.parts[0]._watcher.found
    wait_for(found.full, 60)
    for event in events:
        restarted.source.acknowledge(event, DONE)
    again = restarted.until(20, seconds=2)
    assert again
    assert {each.run for each in again} == {0}
    assert {each.id for each in again} <= {each.id for each in events}


@pytest.mark.parametrize("moves", [True, False], ids=["moves", "stays"])
def test_a_file_that_was_away_when_it_was_to_be_read_is_the_next_run_when_it_is_back(
    watch: Make, inbox: Path, tmp_path: Path, moves: bool
) -> None:
    """Its folder was not mounted, or somebody took it out: the flow passes no run of a document twice."""
    window = Dedupe(None)
    watched = watch(auto_move_processed=moves)
    (inbox / "a.pdf").write_bytes(b"x")
    events = watched.until(1)
    os.rename(inbox / "a.pdf", tmp_path / "a.pdf")
    watched.source.acknowledge(events[0], FAILED)
    os.rename(tmp_path / "a.pdf", inbox / "a.pdf")
    again = watched.until(1)
    assert window.on_batch([*events, *again])[0] == [*events, *again]
    watched.source.acknowledge(again[0], DONE)
    assert (inbox / "a.pdf").exists() is not moves
    assert watch(once=True, auto_move_processed=moves).drain() == []


def test_a_file_that_is_back_after_it_was_done_elsewhere_is_moved_too(
    watch: Make, inbox: Path, tmp_path: Path
) -> None:
    window = Dedupe(None)
    watched = watch(auto_move_processed=True)
    (inbox / "a.pdf").write_bytes(b"x")
    events = watched.until(1)
    os.rename(inbox / "a.pdf", tmp_path / "a.pdf")
    watched.source.acknowledge(events[0], DONE)
    os.rename(tmp_path / "a.pdf", inbox / "a.pdf")
    for event in window.on_batch([*events, *watched.until(1)])[0][1:]:
        watched.source.acknowledge(event, DONE)
    assert not (inbox / "a.pdf").exists()


def test_what_was_moved_to_a_former_folder_is_no_new_document(
    watch: Make, inbox: Path, tmp_path: Path, folder: Path
) -> None:
    first = watch(auto_move_processed=True)
    for name, outcome in (("a.pdf", DONE), ("b.pdf", FAILED)):
        (inbox / name).write_bytes(name.encode())
        first.source.acknowledge(*first.until(1), outcome)
    first.close()
    other = {"auto_move_processed": True, "processed_directory": str(folder / "done"), "once": True}
    assert watch(**other).drain() == []
    assert watch(**{**other, "auto_move_processed": False}).drain() == []
    (tmp_path / "beside.pdf").write_bytes(b"new")
    (found,) = watch(**other, watch_directories=[str(tmp_path)]).drain()
    assert found.source.filename == "beside.pdf"
    (asked_for,) = watch(**other, watch_directories=[str(inbox / "processed")]).drain()
    assert asked_for.source.filename == "a.pdf"


def test_the_run_of_a_file_that_is_moved_back_comes_after_those_of_replays(watch: Make, inbox: Path) -> None:
    watched = watch(auto_move_processed=True)
    (inbox / "a.pdf").write_bytes(b"x")
    (event,) = watched.until(1)
    watched.source.acknowledge(event, DONE)
    watched.source.ran_again(event.model_copy(update={"run": 4, "origin": "/replay"}))
    os.rename(inbox / "processed" / "a.pdf", inbox / "a.pdf")
    (again,) = watched.until(1)
    assert again.run == 5


def test_a_file_that_comes_again_while_it_is_where_it_was_moved_is_left_and_named(
    watch: Make, inbox: Path, caplog: pytest.LogCaptureFixture
) -> None:
    watched = watch(auto_move_processed=True)
    (inbox / "a.pdf").write_bytes(b"x")
    (event,) = watched.until(1)
    watched.source.acknowledge(event, DONE)
    shutil.copy2(inbox / "processed" / "a.pdf", inbox / "a.pdf")  # a mirror brings it anew
    assert watched.quiet()
    assert watch(once=True, auto_move_processed=True).drain() == []
    assert f"it was processed before, and moved to {inbox / 'processed' / 'a.pdf'}" in caplog.text


def test_another_file_of_the_same_size_and_time_as_one_that_was_moved_is_read(
    watch: Make, inbox: Path
) -> None:
    """As from an archive, whose files all have one time."""
    watched = watch(auto_move_processed=True)
    (inbox / "a.pdf").write_bytes(b"x")
    os.utime(inbox / "a.pdf", (1, 1))
    (event,) = watched.until(1)
    watched.source.acknowledge(event, DONE)
    (inbox / "a.pdf").write_bytes(b"y")
    os.utime(inbox / "a.pdf", (1, 1))
    (other,) = watched.until(1)
    assert other.id != event.id
    watched.source.acknowledge(other, DONE)
    assert {path.read_bytes() for path in (inbox / "processed").iterdir()} == {b"x", b"y"}


def test_a_replay_that_overtakes_a_file_moved_back_does_not_keep_it_in_its_folder(
    watch: Make, inbox: Path
) -> None:
    watched = watch(auto_move_processed=True)
    (inbox / "a.pdf").write_bytes(b"x")
    (event,) = watched.until(1)
    watched.source.acknowledge(event, DONE)
    os.rename(inbox / "processed" / "a.pdf", inbox / "a.pdf")
    (again,) = watched.until(1)
    watched.source.ran_again(event.model_copy(update={"run": 2, "origin": "/replay"}))
    watched.source.acknowledge(again, DONE)
    os.rename(inbox / "processed" / "a.pdf", inbox / "a.pdf")
    (third,) = watched.until(1)
    assert (again.run, third.run) == (1, 3)


def test_a_file_that_was_moved_before_a_crash_and_is_moved_back_after_it_is_the_next_run(
    watch: Make, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between the move and its note."""

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    watched = watch(auto_move_processed=True)
    (inbox / "a.pdf").write_bytes(b"x")
    (event,) = watched.until(1)
    monkeypatch.setattr(Ledger, "moved", killed)
    with pytest.raises(KeyboardInterrupt):
        watched.source.acknowledge(event, FAILED)
    watched.close()
    monkeypatch.undo()
    restarted = watch(auto_move_processed=True)
    restarted.source.acknowledge(event, FAILED)
    assert restarted.quiet()
    os.rename(inbox / "failed" / "a.pdf", inbox / "a.pdf")
    (again,) = restarted.until(1)
    assert (again.id, again.run) == (event.id, 1)


@pytest.mark.parametrize("years", [-600, 500])
def test_a_time_that_no_ledger_can_hold_is_taken_and_moved_like_any_other(
    watch: Make, inbox: Path, folder: Path, years: int
) -> None:
    (inbox / "a.pdf").write_bytes(b"abc")
    (folder / "inbox").mkdir()
    (folder / "inbox" / "b.pdf").write_bytes(b"abc")  # in memory: a disk's filesystem may know no such times
    for path in (inbox / "a.pdf", folder / "inbox" / "b.pdf"):
        os.utime(path, (0, years * 365 * 86_400))
    watched = watch(watch_directories=[str(inbox), str(folder / "inbox")], auto_move_processed=True)
    for event in watched.until(2):
        watched.source.acknowledge(event, DONE)
    assert (inbox / "processed" / "a.pdf").exists()
    assert (folder / "inbox" / "processed" / "b.pdf").exists()
    assert watched.quiet()


def test_a_failed_file_with_the_longest_name_has_its_reason_too(watch: Make, inbox: Path) -> None:
    name = "a" * 251 + ".pdf"
    (inbox / name).write_bytes(b"x")
    watched = watch(auto_move_processed=True)
    (event,) = watched.until(1)
    watched.source.acknowledge(event, FAILED)
    (reason,) = (inbox / "failed").glob("*.reason.json")
    assert event.id in reason.name
    assert (inbox / "failed" / name).exists()
    assert not (inbox / name).exists()


def test_a_failed_file_is_never_without_its_reason(
    watch: Make, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed just before it leaves its folder."""
    unlink = os.unlink

    def killed(path: Path) -> None:
        if path.parent != inbox:
            unlink(path)
            return
        assert (inbox / "failed" / "a.pdf.reason.json").exists()
        raise KeyboardInterrupt

    watched = watch(auto_move_processed=True)
    (inbox / "a.pdf").write_bytes(b"x")
    (event,) = watched.until(1)
    monkeypatch.setattr(os, "unlink", killed)
    with pytest.raises(KeyboardInterrupt):
        watched.source.acknowledge(event, FAILED)
    watched.close()
    monkeypatch.undo()
    assert watch(once=True, auto_move_processed=True).drain() == []
    assert {path.name for path in (inbox / "failed").glob("[!.]*")} == {"a.pdf", "a.pdf.reason.json"}
    assert not (inbox / "a.pdf").exists()


def test_a_move_that_fails_is_made_later_and_the_document_is_not_taken_twice(
    watch: Make, inbox: Path, tmp_path: Path
) -> None:
    settings = {"auto_move_processed": True, "processed_directory": str(tmp_path / "processed")}
    (tmp_path / "processed").write_text("a file is in the way")
    (inbox / "a.pdf").write_bytes(b"x")
    watched = watch(**settings)
    (event,) = watched.until(1)
    watched.source.acknowledge(event, DONE)
    assert (inbox / "a.pdf").exists()
    watched.close()
    (tmp_path / "processed").unlink()
    assert watch(once=True, **settings).drain() == []
    assert (tmp_path / "processed" / "a.pdf").exists()


@pytest.mark.parametrize("moved", [True, False], ids=["moved", "noted"])
def test_what_is_done_while_its_folder_cannot_be_entered_is_remembered(
    watch: Make, inbox: Path, tmp_path: Path, moved: bool
) -> None:
    settings = {"auto_move_processed": moved, "processed_directory": str(tmp_path / "processed")}
    (inbox / "sub").mkdir()
    (inbox / "sub" / "a.pdf").write_bytes(b"x")
    watched = watch(**settings)
    (event,) = watched.until(1)
    (inbox / "sub").rename(inbox / ".elsewhere")
    (inbox / "sub").symlink_to("sub")  # a loop: an error even for those whom no rights bind
    watched.source.acknowledge(event, DONE)
    watched.close()
    assert watch(once=True, **settings).drain() == []  # looks through what is done, and can't enter either
    (inbox / "sub").unlink()
    (inbox / ".elsewhere").rename(inbox / "sub")
    assert watch(once=True, **settings).drain() == []
    assert (tmp_path / "processed" / "sub" / "a.pdf").exists() == moved


def test_a_file_that_comes_while_the_one_of_its_name_is_moved_away_is_read(
    watch: Make, inbox: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To another device: copying takes a while."""
    copy = shutil.copy2

    def slow(source: Any, target: Any) -> None:
        copy(source, target)
        (inbox.parent / "new").write_bytes(b"newer")
        os.replace(inbox.parent / "new", inbox / "a.pdf")

    monkeypatch.setattr(shutil, "copy2", slow)
    watched = watch(auto_move_processed=True, processed_directory=str(folder))
    (inbox / "a.pdf").write_bytes(b"old")
    (event,) = watched.until(1)
    watched.source.acknowledge(event, DONE)
    assert (folder / "a.pdf").read_bytes() == b"old"
    (newer,) = watched.until(1)
    assert newer.source.size == 5
    assert [path.name for path in inbox.iterdir() if path.is_file()] == ["a.pdf"]


def test_a_move_that_could_not_be_made_is_not_forgotten_for_a_newer_file(
    watch: Make, inbox: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first was put aside when the disk was full, and the second has its name meanwhile."""
    link = os.link
    settings = {"auto_move_processed": True, "processed_directory": str(tmp_path / "processed")}
    watched = watch(scan_interval_ms=3_600_000, **settings)
    (inbox / "a.pdf").write_bytes(b"old")
    (event,) = watched.until(1)

    def full(source: Any, target: Any, **more: Any) -> None:
        (inbox.parent / "new").write_bytes(b"newer")
        os.replace(inbox.parent / "new", inbox / "a.pdf")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "link", full)
    watched.source.acknowledge(event, DONE)
    monkeypatch.setattr(os, "link", link)
    (newer,) = watched.until(1)
    watched.source.acknowledge(newer, DONE)
    watched.source.acknowledge(event, DONE)  # once more, as after a crash
    watched.source._tidy()
    found = sorted(path.read_bytes() for path in (tmp_path / "processed").iterdir())
    assert found == [b"newer", b"old"]
    assert not [path for path in inbox.iterdir() if path.is_file()]


def test_threads_that_have_the_same_moves_to_make_make_each_once(
    watch: Make, inbox: Path, folder: Path
) -> None:
    target = folder / "processed"
    target.write_text("a file is in the way")
    for number in range(20):
        (inbox / f"{number}.pdf").write_bytes(b"x" * 100_000)
    watched = watch(auto_move_processed=True, processed_directory=str(target), scan_interval_ms=3_600_000)
    for event in watched.until(20):
        watched.source.acknowledge(event, DONE)
    target.unlink()
    tidying = [threading.Thread(target=watched.source._tidy) for _ in range(3)]
    for each in tidying:
        each.start()
    for each in tidying:
        each.join()
    assert sorted(path.name for path in target.iterdir()) == sorted(f"{number}.pdf" for number in range(20))
    assert not list(inbox.glob("*.pdf"))


def test_what_is_done_while_its_folder_is_not_watched_is_moved_when_it_is_again(
    watch: Make, inbox: Path, folder: Path
) -> None:
    (inbox / "a.pdf").write_bytes(b"x")
    first = watch(auto_move_processed=True)
    (event,) = first.until(1)
    first.close()
    watch(auto_move_processed=True, watch_directories=[str(folder)]).source.acknowledge(event, DONE)
    assert (inbox / "a.pdf").exists()
    assert watch(once=True, auto_move_processed=True).drain() == []
    assert (inbox / "processed" / "a.pdf").read_bytes() == b"x"


@pytest.mark.parametrize("version", ["v1", "9" * 30, "\N{SUPERSCRIPT TWO}"])
def test_what_somebody_else_says_to_be_the_sources_is_left_alone(
    watch: Make, inbox: Path, version: str
) -> None:
    """Events that are put on the log may name any source."""
    (inbox / "a.pdf").write_bytes(b"x")
    watched = watch(auto_move_processed=True)
    (event,) = watched.until(1)
    source = event.source.model_copy(update={"version": version})
    watched.source.acknowledge(event.model_copy(update={"source": source}), DONE)
    assert (inbox / "a.pdf").exists()
    watched.source.acknowledge(event, DONE)
    assert (inbox / "processed" / "a.pdf").exists()
