"""Files that appear whole, and what a kill leaves behind."""

from __future__ import annotations

import os
from pathlib import Path

from neuraldocflow.durable import forget_unfinished, write_atomically


def test_what_was_left_half_written_long_ago_is_removed_and_nothing_else(tmp_path: Path) -> None:
    old, young = tmp_path / ".writing-old", tmp_path / ".writing-young"
    old.touch()
    os.utime(old, (1, 1))
    young.touch()
    write_atomically(tmp_path / "result.json", b"{}")
    os.utime(tmp_path / "result.json", (1, 1))
    forget_unfinished(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".writing-young", "result.json"]
