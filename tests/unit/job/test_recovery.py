"""The recovery store: made of so many parts, and kept so."""

from __future__ import annotations

from pathlib import Path

import pytest

from neuraldocflow.errors import ConfigError
from neuraldocflow.job import recovery
from neuraldocflow.job.recovery_reader import parts_of


def test_a_store_has_the_parts_it_was_made_with(tmp_path: Path) -> None:
    store = recovery.prepare(tmp_path, 3)
    assert len(parts_of(store)) == 3
    assert recovery.prepare(tmp_path, 2) == store
    assert len(parts_of(store)) == 3
    with pytest.raises(
        ConfigError, match=r"has 3 parts, fewer than runtime.max_workers, which is 4: .*drain"
    ):
        recovery.prepare(tmp_path, 4)
