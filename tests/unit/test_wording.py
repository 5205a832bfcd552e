"""Counts read as people write them."""

from __future__ import annotations

from neuraldocflow.wording import counted, sized


def test_one_is_not_plural() -> None:
    told = [counted(0, "document"), counted(1, "document"), counted(2_000, "process"), counted(1, "process")]
    assert told == ["0 documents", "1 document", "2,000 processes", "1 process"]


def test_a_limit_is_told_as_it_was_configured() -> None:
    told = [sized(each) for each in (50_000_000, 16 * 2**20, 2**31, 20_000, 1_234, 1, 0)]
    assert told == ["50 MB", "16 MiB", "2 GiB", "20 KB", "1,234 bytes", "1 byte", "0 bytes"]
