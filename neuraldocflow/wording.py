"""Counts and sizes in sentences."""

from __future__ import annotations


def counted(count: int, noun: str) -> str:
    """``1 document``, ``2 documents``, ``3 processes``."""
    if count != 1:
        noun += "es" if noun.endswith("s") else "s"
    return f"{count:,} {noun}"


_UNITS = {"GiB": 2**30, "GB": 10**9, "MiB": 2**20, "MB": 10**6, "KiB": 2**10, "KB": 10**3}


def sized(count: int) -> str:
    """A limit as a configuration would have it: ``50 MB``, ``16 MiB``, and else ``1,234 bytes``."""
    for unit, size in _UNITS.items():
        if count and count % size == 0:
            return f"{count // size:,} {unit}"
    return counted(count, "byte")


_CONTROLS = {code: None for code in (*range(32), *range(127, 160)) if chr(code) not in "\t\n"}


def harmless(text: str) -> str:
    """A text for a terminal, without what would control it: names of documents are anybody's."""
    return text.translate(_CONTROLS)
