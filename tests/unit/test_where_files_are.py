"""Where a replay looks for files that are no longer where they were read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from neuraldocflow.config import Config
from neuraldocflow.events import DocumentSource
from neuraldocflow.folders.ledger import Ledger
from neuraldocflow.folders.move import version_of
from neuraldocflow.payloads import PayloadStore
from neuraldocflow.whereabouts import Whereabouts


@pytest.mark.parametrize("outcome", [None, {"status": "completed", "id": "x"}], ids=["noted", "to be moved"])
def test_a_file_that_is_done_and_was_removed_since_is_gone(
    tmp_path: Path, outcome: dict[str, object] | None
) -> None:
    """Its source may not run, or not watch its folder any more, and has it in its ledger."""
    config = Config.model_validate({"runtime": {"state_directory": tmp_path / "state"}})
    find = Whereabouts(config, PayloadStore(str(tmp_path / "payloads"), tmp_path / "scratch")).find
    path = tmp_path / "a.pdf"
    path.write_bytes(b"abc")
    size, mtime = version = version_of(path)
    source = DocumentSource(kind="file", uri=path.as_uri(), size=size, version=str(mtime), through="inbox")
    Ledger(tmp_path / "state" / "sources" / "inbox.db").add(os.fsencode(path), version, outcome)
    assert find(source) == source
    path.unlink()
    assert find(source) is None
