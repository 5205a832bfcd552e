"""Moving files: never over another, also where renaming is not possible."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from neuraldocflow.folders.move import move, put_back, take, version_of


@pytest.fixture
def other_device(tmp_path: Path) -> Iterator[Path]:
    """A folder on another filesystem."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        assert os.stat(folder).st_dev != os.stat(tmp_path).st_dev
        yield Path(folder)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("links", [True, False], ids=["with hard links", "without hard links"])
def test_a_taken_name_gets_a_number(tmp_path: Path, links: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, "not permitted")

    if not links:
        monkeypatch.setattr(os, "link", refuse)
    for content in (b"1", b"2", b"3"):
        (tmp_path / "a.b.pdf").write_bytes(content)
        move(tmp_path / "a.b.pdf", tmp_path / "out")
    assert contents(tmp_path / "out") == {"a.b.pdf": b"1", "a.b (2).pdf": b"2", "a.b (3).pdf": b"3"}
    assert not (tmp_path / "a.b.pdf").exists()


def test_a_move_to_another_device_copies_whole_files_and_overwrites_nothing(
    tmp_path: Path, other_device: Path
) -> None:
    for content in (b"1", b"2"):
        (tmp_path / "a").write_bytes(content)
        os.utime(tmp_path / "a", (5, 5))
        moved = move(tmp_path / "a", other_device / "out")
        assert moved.stat().st_mtime == 5
    assert contents(other_device / "out") == {"a": b"1", "a (2)": b"2"}
    assert not (tmp_path / "a").exists()


def test_a_copy_that_fails_leaves_the_file_where_it_was(
    tmp_path: Path, other_device: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    (tmp_path / "a").write_bytes(b"1")
    monkeypatch.setattr("shutil.copy2", full)
    with pytest.raises(OSError, match="No space"):
        move(tmp_path / "a", other_device / "out")
    assert (tmp_path / "a").read_bytes() == b"1"
    assert contents(other_device / "out") == {}


def test_a_taken_name_that_is_as_long_as_can_be_is_cut(tmp_path: Path) -> None:
    name = "é" * 125 + ".pdf"
    for content in (b"1", b"2"):
        (tmp_path / name).write_bytes(content)
        move(tmp_path / name, tmp_path / "out")
    assert sorted(contents(tmp_path / "out").values()) == [b"1", b"2"]
    assert all(each.endswith(".pdf") for each in contents(tmp_path / "out"))


@pytest.mark.parametrize("named", ["there", "link"])
def test_a_file_that_is_in_the_folder_stays_there(tmp_path: Path, named: str) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to("there")
    (tmp_path / "there" / "a").write_bytes(b"1")
    move(tmp_path / "there" / "a", tmp_path / named)
    assert contents(tmp_path / "there") == {"a": b"1"}


def test_a_move_interrupted_between_its_halves_is_finished_not_doubled(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "a").write_bytes(b"1")
    os.link(tmp_path / "a", tmp_path / "out" / "a")
    move(tmp_path / "a", tmp_path / "out")
    assert contents(tmp_path / "out") == {"a": b"1"}
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("links", [True, False], ids=["with hard links", "without hard links"])
def test_the_new_path_is_told_before_the_file_leaves_the_old_one(
    tmp_path: Path, links: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, "not permitted")

    if not links:
        monkeypatch.setattr(os, "link", refuse)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a").touch()
    (tmp_path / "a").write_bytes(b"1")
    told: list[tuple[str, bytes]] = []
    move(
        tmp_path / "a", tmp_path / "out", lambda path: told.append((path.name, (tmp_path / "a").read_bytes()))
    )
    assert told == [("a (2)", b"1")]


def test_a_folder_that_cannot_be_entered_leaves_no_empty_file_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EACCES, "Permission denied")

    (tmp_path / "a").write_bytes(b"1")
    monkeypatch.setattr(os, "link", refuse)
    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(OSError, match="Permission denied"):
        move(tmp_path / "a", tmp_path / "out")
    assert contents(tmp_path / "out") == {}


def test_what_comes_under_the_name_of_a_file_that_is_being_moved_is_another_file(
    tmp_path: Path, other_device: Path
) -> None:
    path, aside = tmp_path / "a.pdf", tmp_path / ".aside"
    path.write_bytes(b"old")
    assert take(path, version_of(path), aside)
    path.write_bytes(b"newer")
    move(aside, other_device / "out", name="a.pdf")
    assert contents(tmp_path) == {"a.pdf": b"newer"}
    assert contents(other_device / "out") == {"a.pdf": b"old"}


def test_a_newer_file_keeps_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, aside = tmp_path / "a.pdf", tmp_path / ".aside"
    path.write_bytes(b"old")
    version = version_of(path)
    rename = os.rename

    def overtaken(source: Path, target: Path) -> None:
        (tmp_path / "new").write_bytes(b"newer")
        os.replace(tmp_path / "new", path)
        rename(source, target)

    monkeypatch.setattr(os, "rename", overtaken)
    assert not take(path, version, aside)
    assert contents(tmp_path) == {"a.pdf": b"newer"}
    assert not take(path, version, aside)
    assert contents(tmp_path) == {"a.pdf": b"newer"}


def test_a_take_that_was_interrupted_is_finished(tmp_path: Path) -> None:
    path, aside = tmp_path / "a.pdf", tmp_path / ".aside"
    aside.write_bytes(b"old")
    path.write_bytes(b"newer")
    assert take(path, version_of(aside), aside)
    put_back(aside, path)
    assert contents(tmp_path) == {"a.pdf": b"newer", ".aside": b"old"}
    path.unlink()
    put_back(aside, path)
    assert contents(tmp_path) == {"a.pdf": b"old"}
    assert not take(tmp_path / "gone.pdf", (1, 1), tmp_path / ".none")
