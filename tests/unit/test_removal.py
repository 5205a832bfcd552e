"""Removing folders whatever is in them."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from neuraldocflow.removal import remove_tree


@pytest.fixture
def few_descriptors() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    in_use = max(map(int, os.listdir("/proc/self/fd")))  # by what other tests have left open, too
    resource.setrlimit(resource.RLIMIT_NOFILE, (in_use + 200, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.usefixtures("few_descriptors")
def test_a_folder_goes_with_all_that_is_below_it_however_deep(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    here = os.open(folder, os.O_RDONLY)
    for _ in range(2000):
        os.mkdir("in", dir_fd=here)
        os.close(os.open("beside", os.O_CREAT, dir_fd=here))
        inner = os.open("in", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(here)
    remove_tree(folder)
    assert list(tmp_path.iterdir()) == []


def test_what_a_link_leads_to_stays(tmp_path: Path) -> None:
    kept, folder = tmp_path / "kept", tmp_path / "folder"
    kept.mkdir()
    (kept / "file").touch()
    (folder / "in" / "in").mkdir(parents=True)
    for where in (folder, folder / "in", folder / "in" / "in"):
        (where / "link").symlink_to(kept)
    remove_tree(folder)
    assert [path.name for path in tmp_path.rglob("*")] == ["kept", "file"]


def test_a_folder_that_is_not_there_is_no_error(tmp_path: Path) -> None:
    remove_tree(tmp_path / "none")
    (tmp_path / "link").symlink_to(tmp_path)
    remove_tree(tmp_path / "link")
    assert [path.name for path in tmp_path.iterdir()] == ["link"]
