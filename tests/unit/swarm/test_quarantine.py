"""Contents in quarantine, as files that processes share."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from neuraldocflow.swarm.quarantine import Quarantine

HASH = "a" * 64


def put(quarantine: Quarantine, sha256: str = HASH) -> None:
    quarantine.add(sha256)
    quarantine.keep(sha256, "agent_crashed")


def test_a_content_is_held_here_at_once_and_elsewhere_once_it_is_written(tmp_path: Path) -> None:
    own, other = Quarantine(tmp_path), Quarantine(tmp_path)
    assert not own.holds(HASH)
    own.add(HASH)
    assert (own.holds(HASH), other.holds(HASH)) == (True, False)
    own.keep(HASH, "timeout")
    assert (own.holds(HASH), other.holds(HASH), Quarantine(tmp_path).holds(HASH)) == (True, True, True)


def test_another_release_or_other_limits_try_it_again(tmp_path: Path) -> None:
    put(Quarantine(tmp_path, "1.0 60 s"))
    assert Quarantine(tmp_path, "1.0 60 s").holds(HASH)
    assert not Quarantine(tmp_path, "1.0 90 s").holds(HASH)


def test_a_content_is_let_out_after_its_days_or_when_its_file_is_removed(tmp_path: Path) -> None:
    quarantine = Quarantine(tmp_path, days=1)
    put(quarantine)
    (tmp_path / HASH).unlink()
    assert not quarantine.holds(HASH)
    put(quarantine)
    os.utime(tmp_path / HASH, (0, time.time() - 90_000))
    assert not quarantine.holds(HASH)
    put(quarantine, "b" * 64)
    assert [path.name for path in tmp_path.iterdir()] == ["b" * 64]


@pytest.mark.parametrize("content", ["", "{", "[]", "null"])
def test_a_file_that_says_nothing_holds_nothing(tmp_path: Path, content: str) -> None:
    (tmp_path / HASH).write_text(content)
    assert not Quarantine(tmp_path).holds(HASH)


def test_a_document_without_a_hash_is_never_held(tmp_path: Path) -> None:
    quarantine = Quarantine(tmp_path)
    put(quarantine, "")
    assert not quarantine.holds("")


def test_a_folder_that_can_not_be_written_is_told_and_this_process_still_knows(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    quarantine = Quarantine(tmp_path / "there")
    (tmp_path / "there").rmdir()
    put(quarantine)
    assert "can't be written" in caplog.text
    assert quarantine.holds(HASH)
