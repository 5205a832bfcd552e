"""Uploads under way, in a folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from neuraldocflow.gateway.keys import Key, KeyStore
from neuraldocflow.gateway.problems import Problem
from neuraldocflow.gateway.uploads import KEPT_SECONDS, Upload, Uploads


@pytest.fixture
def key(tmp_path: Path) -> Key:
    return KeyStore(tmp_path / "keys.json").create()[0]


def aged(upload: Upload) -> None:
    """As if nothing had happened on it for as long as uploads are kept."""
    at = upload.path.stat().st_mtime - KEPT_SECONDS - 1
    os.utime(upload.path, (at, at))


def test_a_tenant_has_so_many_at_once_and_old_ones_make_room_for_the_next(tmp_path: Path, key: Key) -> None:
    uploads = Uploads(tmp_path / "uploads")
    under_way = [uploads.create(key, 10, "") for _ in range(64)]
    with pytest.raises(Problem, match="64 uploads under way"):
        uploads.create(key, 10, "")
    aged(under_way[0])
    assert uploads.create(key, 10, "").length == 10
    with pytest.raises(Problem, match="64 uploads under way"):
        uploads.create(key, 10, "")
    under_way[1].remove()
    assert uploads.create(key, 10, "").length == 10
