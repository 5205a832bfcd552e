"""The filesystem source on real folders."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import watchfiles
from pydantic import ValidationError
from support.pulling import Pulled
from support.topics import wait_for

from connectors.filesystem import FilesystemConfig, FilesystemSource
from neuraldocflow.components import Acknowledgement, SourceContext
from neuraldocflow.errors import ConfigError
from neuraldocflow.events import NewDocument
from neuraldocflow.folders import hashing, watcher

DONE = Acknowledgement("completed")
FAILED = Acknowledgement("failed", {"code": "corrupt", "message": "damaged"})
Make = Callable[..., Pulled]


def names(events: list[NewDocument]) -> list[str]:
    return sorted(event.source.filename for event in events)


def test_files_that_are_there_at_the_start_are_emitted_once(watch: Make, inbox: Path) -> None:
    (inbox / "sub").mkdir()
    for name in ("a.pdf", "B.PDF", "sub/c.docx", "d.txt", ".e.pdf", "~$f.docx"):
        (inbox / name).write_text(name)
    watched = watch()
    assert names(watched.until(3)) == ["B.PDF", "a.pdf", "c.docx"]
    assert watched.quiet()


def test_a_file_that_comes_later_is_emitted_with_what_is_known_about_it(watch: Make, inbox: Path) -> None:
    watched = watch(profile="sec_10k", priority="high")
    assert watched.quiet(0.1)
    (inbox / "a b ü.pdf").write_bytes(b"abc")
    (event,) = watched.until(1)
    assert (event.source.size, event.source.filename) == (3, "a b ü.pdf")
    assert event.source.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert event.source.content_type == "application/pdf"
    assert (event.profile, event.priority, event.source_name) == ("sec_10k", "high", "inbox")
    assert event.error is None


def test_the_notification_brings_a_file_long_before_the_next_scan(watch: Make, inbox: Path) -> None:
    watched = watch(scan_interval_ms=3_600_000)
    watched.quiet(0.3)
    (inbox / "new").mkdir()
    (inbox / "new" / "a.pdf").write_bytes(b"x")
    (inbox.parent / "b.pdf").write_bytes(b"x")
    os.rename(inbox.parent / "b.pdf", inbox / "b.pdf")
    assert names(watched.until(2)) == ["a.pdf", "b.pdf"]


def test_a_folder_moved_in_brings_its_files(watch: Make, inbox: Path, tmp_path: Path) -> None:
    (tmp_path / "other" / "deep").mkdir(parents=True)
    (tmp_path / "other" / "deep" / "a.pdf").write_bytes(b"x")
    watched = watch(scan_interval_ms=3_600_000)
    watched.quiet(0.3)
    os.rename(tmp_path / "other", inbox / "other")
    assert names(watched.until(1)) == ["a.pdf"]


def test_a_hidden_folder_that_comes_with_files_in_it_is_left_out(
    watch: Make, inbox: Path, tmp_path: Path
) -> None:
    """So rsync and others keep what is not whole yet, under the names it will have."""
    (tmp_path / ".partial").mkdir()
    (tmp_path / ".partial" / "a.pdf").write_bytes(b"x")
    watched = watch(scan_interval_ms=3_600_000)
    watched.quiet(0.3)
    os.rename(tmp_path / ".partial", inbox / ".partial")
    assert watched.quiet(1)
    os.rename(inbox / ".partial" / "a.pdf", inbox / "a.pdf")
    assert names(watched.until(1)) == ["a.pdf"]


def test_a_file_still_being_written_is_not_taken(watch: Make, inbox: Path) -> None:
    watched = watch()
    with (inbox / "slow.pdf").open("wb") as file:
        file.write(b"first ")
        file.flush()
        assert watched.quiet(0.5)  # nothing is written for ten times the debounce, but it is open
        file.write(b"second")
    (event,) = watched.until(1)
    assert event.source.size == 12
    assert watched.quiet()


def test_a_file_written_again_is_another_document(watch: Make, inbox: Path) -> None:
    watched = watch()
    (inbox / "a.pdf").write_bytes(b"one")
    (first,) = watched.until(1)
    (inbox / "a.pdf").write_bytes(b"two!")
    (second,) = watched.until(1)
    assert first.id != second.id
    watched.source.acknowledge(first, DONE)
    assert (inbox / "a.pdf").exists()


def test_what_was_not_acknowledged_comes_again_with_the_same_id_after_a_restart(
    watch: Make, inbox: Path
) -> None:
    for name in ("a.pdf", "b.pdf"):
        (inbox / name).write_bytes(name.encode())
    first = watch()
    events = {event.source.filename: event for event in first.until(2)}
    first.source.acknowledge(events["a.pdf"], DONE)
    first.close()
    (again,) = watch(once=True).drain()
    assert again.id == events["b.pdf"].id


def test_an_empty_file_is_an_error_of_its_own(watch: Make, inbox: Path) -> None:
    (inbox / "a.pdf").touch()
    (event,) = watch().until(1)
    assert event.error is not None
    assert event.error.code == "empty"


def test_a_file_that_cannot_be_read_is_an_error_that_can_be_tried_again(
    watch: Make, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: str) -> int:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr("neuraldocflow.folders.watcher.open_document", refuse)
    (inbox / "a.pdf").write_bytes(b"x")
    watched = watch(scan_interval_ms=100)
    (event,) = watched.until(1)
    assert event.error is not None
    assert (event.error.code, event.error.retryable) == ("fetch_failed", True)
    watched.source.acknowledge(event, FAILED)
    assert watched.quiet()
    monkeypatch.undo()
    os.chmod(inbox / "a.pdf", 0o600)
    (again,) = watched.until(1)
    assert again.error is None


@pytest.mark.parametrize("size", [1, 100], ids=["small", "large"])
@pytest.mark.parametrize("trouble", ["open", "read"])
def test_a_file_that_cannot_be_read_for_a_moment_is_waited_for(
    watch: Make, inbox: Path, monkeypatch: pytest.MonkeyPatch, trouble: str, size: int
) -> None:
    """A share that is started again, or a process that has no descriptor left."""
    monkeypatch.setattr(watcher, "_LARGE", 10)
    really, tries = watcher.open_document, iter([errno.EMFILE, errno.ESTALE])

    def unlucky(path: str) -> int:
        if (number := next(tries, None)) is None:
            return really(path)
        if trouble == "open":
            raise OSError(number, os.strerror(number), path)
        return os.open(inbox, os.O_RDONLY)  # reading it is an error

    monkeypatch.setattr(watcher, "open_document", unlucky)
    (inbox / "a.pdf").write_bytes(b"x" * size)
    watched = watch()
    (event,) = watched.until(1)
    assert event.error is None
    assert watched.quiet()


def test_what_waited_for_its_turn_is_tried_again_too(
    watch: Make, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind others, or until it was settled: its time runs from its first trouble."""
    monkeypatch.setattr(watcher, "_LONGEST_OPEN", 0.5)
    really, tries = watcher.open_document, iter([errno.ESTALE])

    def unlucky(path: str) -> int:
        if (number := next(tries, None)) is None:
            return really(path)
        raise OSError(number, os.strerror(number), path)

    monkeypatch.setattr(watcher, "open_document", unlucky)
    (inbox / "a.pdf").write_bytes(b"x")
    (event,) = watch(debounce_ms=1000).until(1)
    assert event.error is None


def test_what_can_never_be_read_is_told_after_a_while(
    watch: Make, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watcher, "_LONGEST_OPEN", 0.3)
    monkeypatch.setattr(watcher, "open_document", lambda path: os.open(inbox, os.O_RDONLY))
    (inbox / "a.pdf").write_bytes(b"x")
    (event,) = watch(once=True).until(1)
    assert event.error is not None
    assert event.error.code == "fetch_failed"


def test_pipes_links_and_folders_with_a_documents_name_are_left_alone(
    watch: Make, inbox: Path, tmp_path: Path
) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.pdf").write_bytes(b"x")
    os.symlink(tmp_path / "outside" / "secret.pdf", inbox / "link.pdf")
    os.symlink(tmp_path / "outside", inbox / "linked")
    os.mkfifo(inbox / "pipe.pdf")
    (inbox / "folder.pdf").mkdir()
    watched = watch()
    assert watched.quiet()
    (tmp_path / "outside" / "later.pdf").write_bytes(b"x")
    assert watched.quiet()


def test_without_recursive_only_the_folder_itself_is_watched(watch: Make, inbox: Path) -> None:
    (inbox / "sub").mkdir()
    (inbox / "sub" / "a.pdf").write_bytes(b"x")
    (inbox / "b.pdf").write_bytes(b"x")
    watched = watch(recursive=False)
    assert names(watched.until(1)) == ["b.pdf"]
    (inbox / "sub" / "c.pdf").write_bytes(b"x")
    assert watched.quiet()


def test_a_folder_inside_a_watched_one_has_its_own_priority_and_profile(watch: Make, inbox: Path) -> None:
    (inbox / "urgent").mkdir()
    (inbox / "urgent" / "a.pdf").write_bytes(b"x")
    (inbox / "b.pdf").write_bytes(b"x")
    urgent = {"path": str(inbox / "urgent"), "priority": "urgent", "profile": "medical_record"}
    events = watch(once=True, watch_directories=[str(inbox), urgent]).drain()
    told = {event.source.filename: (event.priority, event.profile) for event in events}
    assert told == {"a.pdf": ("urgent", "medical_record"), "b.pdf": ("normal", "auto")}


def test_without_room_nothing_is_emitted(watch: Make, inbox: Path) -> None:
    for number in range(5):
        (inbox / f"{number}.pdf").write_bytes(b"x")
    room = [0]
    watched = watch(room=lambda: room[0])
    assert watched.quiet()
    room[0] = 2
    assert len(watched.until(1)) == 2
    room[0] = 100
    assert len(watched.until(3)) == 3


def test_once_ends_when_the_folders_are_drained(watch: Make, inbox: Path) -> None:
    for number in range(200):
        (inbox / f"{number}.pdf").write_bytes(str(number).encode())
    events = watch(once=True, debounce_ms=200).drain()
    assert len({event.id for event in events}) == 200
    assert len(events) == 200


def test_a_stop_ends_the_source_at_its_next_batch(inbox: Path, tmp_path: Path) -> None:
    context = SourceContext(tmp_path / "state", stopping=threading.Event())
    config = FilesystemConfig(watch_directories=[str(inbox)])  # type: ignore[arg-type, list-item]
    watched = Pulled(FilesystemSource("inbox", config, context))
    assert watched.pull() == []
    context.stopping.set()
    watched.pull()
    assert watched.ended == [True]
    watched.close()


def test_a_directory_that_is_not_there_is_told_at_the_start(tmp_path: Path) -> None:
    config = FilesystemConfig(watch_directories=[str(tmp_path / "none")])  # type: ignore[arg-type, list-item]
    with pytest.raises(
        ConfigError, match=r"stream_sources\.x\.config\.watch_directories: .*none: there is no such"
    ):
        FilesystemSource("x", config, SourceContext(tmp_path / "state"))


@pytest.mark.parametrize("key", ["processed_directory", "failed_directory"])
def test_what_is_done_is_not_moved_into_a_watched_directory(tmp_path: Path, key: str) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    settings = {"watch_directories": [tmp_path], key: tmp_path / "link"}
    FilesystemConfig.model_validate(settings)
    with pytest.raises(ValidationError, match=r"what is done can't be moved to .*, which is watched"):
        FilesystemConfig.model_validate({**settings, "auto_move_processed": True})


def test_a_directory_that_disappears_is_watched_again_when_it_is_back(watch: Make, inbox: Path) -> None:
    watched = watch(scan_interval_ms=100)
    watched.quiet(0.2)
    inbox.rmdir()
    assert watched.quiet(0.3)
    inbox.mkdir()
    (inbox / "a.pdf").write_bytes(b"x")
    assert names(watched.until(1)) == ["a.pdf"]


@pytest.mark.parametrize("mounted", [".", "inbox/one", "inbox/one/two"])
def test_what_was_done_is_still_known_when_its_filesystem_is_mounted_again(
    watch: Make, inbox: Path, tmp_path: Path, mounted: str
) -> None:
    """What a mount has beneath it is an empty folder."""
    (inbox / "one/two").mkdir(parents=True)
    for name in ("a.pdf", "one/two/b.pdf"):
        (inbox / name).write_text(name)
    watched = watch(scan_interval_ms=100)
    for event in watched.until(2):
        watched.source.acknowledge(event, DONE)
    (content,) = (each for each in (tmp_path / mounted).iterdir() if each.name != "state")
    os.rename(content, tmp_path.with_suffix(".away"))
    assert watched.quiet(1.5)
    os.rename(tmp_path.with_suffix(".away"), content)
    assert watched.quiet(1.5)


def test_what_was_done_and_is_removed_is_forgotten(watch: Make, inbox: Path) -> None:
    (inbox / "sub").mkdir()
    for name in ("a.pdf", "b.pdf", "sub/c.pdf"):
        (inbox / name).write_text(name)
    watched = watch(scan_interval_ms=100)
    for event in watched.until(3):
        watched.source.acknowledge(event, DONE)
    (inbox / "a.pdf").unlink()
    shutil.rmtree(inbox / "sub")
    wait_for(lambda: list(watched.source._ledger.paths()) == [os.fsencode(inbox / "b.pdf")])


def test_a_file_renamed_before_it_settled_is_taken_under_its_new_name(watch: Make, inbox: Path) -> None:
    watched = watch(debounce_ms=2000)
    (inbox / "upload.pdf").write_bytes(b"x")
    time.sleep(0.05)
    os.rename(inbox / "upload.pdf", inbox / "final.pdf")
    assert names(watched.until(1)) == ["final.pdf"]
    assert watched.quiet()


def test_a_name_that_is_no_utf8_is_taken_and_moved(watch: Make, inbox: Path) -> None:
    raw = os.fsencode(inbox) + b"/caf\xe9.pdf"
    with open(raw, "wb") as file:
        file.write(b"x")
    watched = watch(auto_move_processed=True)
    (event,) = watched.until(1)
    assert event.source.filename == "caf�.pdf"
    watched.source.acknowledge(event, DONE)
    assert os.listdir(os.fsencode(inbox / "processed")) == [b"caf\xe9.pdf"]


def test_on_a_network_filesystem_the_folder_is_looked_at_again_and_again(
    watch: Make, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another machine's changes are told to nobody here: the watch is there, and silent."""
    monkeypatch.setattr(watcher, "filesystem_of", lambda path: "nfs4")

    def silent(root: str, stop_event: Any, **_: object) -> Iterator[set[Any]]:
        while not stop_event.is_set():
            time.sleep(0.05)
            yield set()

    monkeypatch.setattr(watchfiles, "watch", silent)
    watched = watch(scan_interval_ms=3_600_000)
    watched.quiet(0.3)
    (inbox / "a.pdf").write_bytes(b"x")
    assert names(watched.until(1)) == ["a.pdf"]


@pytest.mark.parametrize("once", [False, True])
def test_a_file_servers_clock_that_is_behind_does_not_make_files_settled(
    watch: Make, inbox: Path, monkeypatch: pytest.MonkeyPatch, once: bool
) -> None:
    """Nobody here is told that the writer, on another machine, has it open."""
    monkeypatch.setattr(watcher, "filesystem_of", lambda path: "cifs")
    monkeypatch.setattr(watcher, "is_open_for_writing", lambda descriptor: False)
    ahead = SimpleNamespace(time=lambda: time.time() + 10, monotonic=time.monotonic)
    monkeypatch.setattr(watcher, "time", ahead)
    (inbox / "a.pdf").write_bytes(b"half ")
    watched = watch(debounce_ms=4000, once=once)
    assert watched.quiet(0.7)
    with (inbox / "a.pdf").open("ab") as file:
        file.write(b"whole")
    (event,) = watched.until(1)
    assert event.source.size == 10
    assert watched.quiet()


def test_what_comes_between_the_first_walk_and_notifications_is_found_at_once(
    watch: Make, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin, really = threading.Event(), watchfiles.watch

    def late(*given: Any, **options: Any) -> Iterator[set[Any]]:
        begin.wait()
        return really(*given, **options)

    monkeypatch.setattr(watchfiles, "watch", late)
    (inbox / "a.pdf").write_bytes(b"x")
    watched = watch(scan_interval_ms=3_600_000)
    assert names(watched.until(1)) == ["a.pdf"]
    (inbox / "b.pdf").write_bytes(b"y")
    begin.set()
    assert names(watched.until(1)) == ["b.pdf"]


def test_where_the_kernel_can_watch_no_more_folders_they_are_looked_at_again_and_again(
    watch: Make, inbox: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def none_left(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "no watches left")

    monkeypatch.setattr(watchfiles, "watch", none_left)
    watched = watch(scan_interval_ms=3_600_000)
    for number in range(2):
        (inbox / f"{number}.pdf").write_bytes(b"%d" % number)
        assert names(watched.until(1)) == [f"{number}.pdf"]
    (told,) = [each.message for each in caplog.records if each.levelname == "WARNING"]
    assert "raise fs.inotify.max_user_watches" in told


def test_what_is_done_of_a_first_walk_is_not_kept_in_memory(
    watch: Make, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watcher, "_REMEMBERED", 20)
    for number in range(300):
        (inbox / f"{number}.pdf").write_bytes(b"%d" % number)
    watched = watch(once=True)
    kept, seen = [], []
    while not all(watched.ended):
        for event in watched.pull():
            seen.append(event)
            watched.source.acknowledge(event, DONE)
        kept.append(len(watched.parts[0]._watcher._emitted))
        time.sleep(0.002)
    assert len(seen) == 300
    assert max(kept) <= 100


def test_of_a_burst_of_fresh_files_only_some_are_waited_for_at_a_time_and_all_are_found(
    watch: Make, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watcher, "_MOST_UNSETTLED", 20)
    watched = watch(debounce_ms=300, scan_interval_ms=3_600_000)
    for number in range(200):
        (inbox / f"{number}.pdf").write_bytes(b"%d" % number)
    seen: list[NewDocument] = []
    waiting = [0]
    deadline = time.monotonic() + 60
    while len(seen) < 200 and time.monotonic() < deadline:
        seen += watched.pull()
        waiting.append(len(watched.parts[0]._watcher._unsettled))
        time.sleep(0.002)
    assert len({event.id for event in seen}) == len(seen) == 200
    assert max(waiting) <= 20


def test_large_files_are_read_one_after_the_other_while_small_ones_go_on(
    watch: Make, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slowly, release = hashing.read, threading.Event()

    def read(descriptor: int, path: str, *about: Any) -> hashing.Found | None:
        assert release.wait(60)
        return slowly(descriptor, path, *about)

    monkeypatch.setattr(hashing, "read", read)  # that of the thread beside
    monkeypatch.setattr(watcher, "_LARGE", 1000)
    for name in ("large.pdf", "larger.pdf", "gone.pdf", "changed.pdf"):
        (inbox / name).write_bytes(name.encode() * 1000)
    watched = watch()
    (inbox / "small.pdf").write_bytes(b"x")
    assert names(watched.until(1)) == ["small.pdf"]
    (inbox / "gone.pdf").unlink()
    (inbox / "changed.pdf").write_bytes(b"another" * 1000)
    release.set()
    found = watched.until(3)
    assert names(found) == ["changed.pdf", "large.pdf", "larger.pdf"]
    for event in found:
        content = (inbox / event.source.filename).read_bytes()
        assert event.source.sha256 == hashlib.sha256(content).hexdigest()
    assert watched.quiet()


def test_a_run_that_ends_by_itself_waits_for_its_large_files(
    watch: Make, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watcher, "_LARGE", 1000)
    for number in range(5):
        (inbox / f"{number}.pdf").write_bytes(b"%d" % number * 2000)
    assert len(watch(once=True).drain()) == 5
