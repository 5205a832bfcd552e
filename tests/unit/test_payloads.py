"""The payload store on a folder and on an fsspec URL."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
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
    with store.open(payload.uri) as file:
        assert file.read() == b"abc"
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


def test_a_deleted_payload_is_gone_and_deleting_again_is_no_error(store: PayloadStore) -> None:
    payload = store.put([b"x"])
    store.delete(payload.uri)
    store.delete(payload.uri)
    with pytest.raises(FetchFailed):
        store.open(payload.uri)


def test_only_its_own_files_are_deleted(tmp_path: Path) -> None:
    store = PayloadStore(str(tmp_path / "payloads"), tmp_path / "scratch")
    (tmp_path / "mine.pdf").write_bytes(b"x")
    store.delete((tmp_path / "mine.pdf").as_uri())
    assert (tmp_path / "mine.pdf").exists()


def test_old_payloads_and_leftovers_are_forgotten(tmp_path: Path) -> None:
    store = PayloadStore(str(tmp_path / "payloads"), tmp_path / "scratch")
    old, new = store.put([b"old"]), store.put([b"new"])
    with store.local(old.uri) as path:
        os.utime(path, (0, 0))
    (tmp_path / "payloads" / ".incoming-x").touch()
    os.utime(tmp_path / "payloads" / ".incoming-x", (0, 0))
    assert store.retain(timedelta(days=1)) == 2
    with store.open(new.uri) as file:
        assert file.read() == b"new"
