"""The payload store on a folder and on an fsspec URL."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from neuraldocflow.errors import FetchFailed, TooLarge
from neuraldocflow.payloads import PayloadStore


@pytest.fixture(params=["folder", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> PayloadStore:
    url = str(tmp_path / "payloads") if request.param == "folder" else f"memory://{uuid4()}"
    return PayloadStore(url, tmp_path / "scratch")


def test_a_stream_is_kept_and_read_back(store: PayloadStore, tmp_path: Path) -> None:
    payload = store.put([b"ab", b"", b"c"], "Brief ü.PDF")
    assert (payload.size, payload.sha256) == (3, hashlib.sha256(b"abc").hexdigest())
    assert payload.uri.endswith(".pdf")
    assert b"".join(store.read(payload.uri)) == b"abc"
    assert b"".join(store.read(payload.uri, 2)) == b"c"
    with store.local(payload.uri) as path:
        assert path.read_bytes() == b"abc"
    assert not list((tmp_path / "scratch").iterdir())


def test_equal_documents_are_kept_once(store: PayloadStore) -> None:
    assert store.put([b"same"], "a.pdf") == store.put([b"same"], "b.pdf")


def test_too_large_a_stream_is_refused_while_it_comes_and_nothing_is_kept(
    store: PayloadStore, tmp_path: Path
) -> None:
    def endless() -> Iterator[bytes]:
        while True:
            yield b"x" * 1000

    with pytest.raises(TooLarge):
        store.put(endless(), max_bytes=5000)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_broken_stream_leaves_nothing(store: PayloadStore, tmp_path: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield b"x"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        store.put(broken())
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_what_is_neither_a_file_nor_the_stores_own_is_not_read(store: PayloadStore) -> None:
    with pytest.raises(FetchFailed, match="not one of this payload store"):
        list(store.read("s3://somewhere/else.pdf"))


def test_what_an_accident_left_half_written_is_removed_after_a_day(
    store: PayloadStore, tmp_path: Path
) -> None:
    with store.begin() as left, store.begin() as under_way:
        other = tmp_path / "scratch" / "payload-x.pdf"
        other.touch()
        for path in (left.path, other):
            os.utime(path, (0, 0))
        somebodys = tmp_path / "payloads" / "payload-of-somebody.pdf"
        somebodys.parent.mkdir(exist_ok=True)
        somebodys.touch()
        os.utime(somebodys, (0, 0))
        store.tidy()
        assert [each.exists() for each in (left.path, other, under_way.path)] == [False, False, True]
        assert somebodys.exists()


def test_processes_that_forget_the_same_payloads_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    store = PayloadStore(str(tmp_path / "payloads"), tmp_path / "scratch")
    (tmp_path / "payloads" / "ab").mkdir()
    for number in range(2000):
        old = tmp_path / "payloads" / "ab" / str(number)
        old.touch()
        os.utime(old, (0, 0))
    with ThreadPoolExecutor(4) as processes:
        dropped = list(processes.map(store.retain, [timedelta(days=1)] * 4))
    assert sum(dropped) == 2000


def test_old_payloads_and_leftovers_are_forgotten(tmp_path: Path) -> None:
    store = PayloadStore(str(tmp_path / "payloads"), tmp_path / "scratch")
    old, new = store.put([b"old"]), store.put([b"new"])
    with store.local(old.uri) as path:
        os.utime(path, (0, 0))
    (tmp_path / "payloads" / ".incoming-x").touch()
    os.utime(tmp_path / "payloads" / ".incoming-x", (0, 0))
    assert store.retain(timedelta(days=1)) == 2
    assert b"".join(store.read(new.uri)) == b"new"
    with pytest.raises(FetchFailed, match="no longer in the payload store"):
        list(store.read(old.uri))
