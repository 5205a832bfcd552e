"""Counts read as people write them."""

from __future__ import annotations

from neuraldocflow.wording import counted


def test_one_is_not_plural() -> None:
    told = [counted(0, "document"), counted(1, "document"), counted(2_000, "process"), counted(1, "process")]
    assert told == ["0 documents", "1 document", "2,000 processes", "1 process"]
