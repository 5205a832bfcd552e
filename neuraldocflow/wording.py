"""Counts in sentences."""

from __future__ import annotations


def counted(count: int, noun: str) -> str:
    """``1 document``, ``2 documents``, ``3 processes``."""
    if count != 1:
        noun += "es" if noun.endswith("s") else "s"
    return f"{count:,} {noun}"


_CONTROLS = {code: None for code in (*range(32), *range(127, 160)) if chr(code) not in "\t\n"}


def harmless(text: str) -> str:
    """A text for a terminal, without what would control it: names of documents are anybody's."""
    return text.translate(_CONTROLS)
