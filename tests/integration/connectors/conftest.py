"""Folders: watched ones, and where tests of very many files put them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from support.pulling import Pulled

from connectors.filesystem import FilesystemConfig, FilesystemSource
from neuraldocflow.components import SourceContext


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder in memory where there is one."""
    where = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with TemporaryDirectory(dir=where) as made:
        yield Path(made)


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    (tmp_path / "inbox").mkdir()
    return tmp_path / "inbox"


@pytest.fixture
def watch(tmp_path: Path, inbox: Path) -> Iterator[Callable[..., Pulled]]:
    opened: list[Pulled] = []

    def make(once: bool = False, room: Callable[[], int] | None = None, **settings: Any) -> Pulled:
        given = {"watch_directories": [str(inbox)], "debounce_ms": 50, **settings}
        context = SourceContext(tmp_path / "state", once=once)
        if room is not None:
            context = replace(context, room=room)
        opened.append(Pulled(FilesystemSource("inbox", FilesystemConfig.model_validate(given), context)))
        return opened[-1]

    yield make
    for each in opened:
        each.close()
