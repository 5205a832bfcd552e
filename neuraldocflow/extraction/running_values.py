"""Running headers and footers that tell what a document is of: whose record, which number, what day."""

from __future__ import annotations

from collections.abc import Sequence

from .patterns import regex

LABELLED = regex(r"(?:^|(?<=\s))(?!Page\b|Source\b)[A-Z][A-Za-z.#]*(?: [A-Za-z.#]+){0,3}:\s*\w")
"""A label with a value behind it, as ``Patient: …``."""


def tells_values(texts: Sequence[str]) -> bool:
    """Whether running lines tell values, which may stand nowhere else: with two labels at least."""
    return sum(len(LABELLED.findall(text)) for text in texts) > 1
