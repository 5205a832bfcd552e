"""Tables of preformatted text, whose columns are set by spaces alone: found as those of a PDF page without
rulings are, each character standing for a place of the same width.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from neuraldocflow.extraction.model import Table
from neuraldocflow.extraction.patterns import regex
from neuraldocflow.extraction.pdf.figures import TYPED_GAP
from neuraldocflow.extraction.pdf.page import PageContent, TextLine
from neuraldocflow.extraction.pdf.tables import unruled_tables

_APART = regex(r"\S {3,}\S")
_WIDE, _HIGH, _SIZE = 6.0, 12.0, 10.0
"""Points: a character's place, a line's, and the type in it."""
_MOST_LINES = 20_000


class TypedTable(NamedTuple):
    """A table and the lines it takes: those from ``first``, without ``last``."""

    first: int
    last: int
    table: Table


def typed_tables(lines: list[str]) -> list[TypedTable]:
    """The tables among lines of preformatted text, from top to bottom; tabs count as spaces."""
    if len(lines) > _MOST_LINES or sum(1 for line in lines if _APART.search(line)) < 2:
        return []
    placed = [each for number, line in enumerate(lines) for each in _placed(number, line.expandtabs())]
    page = PageContent(1, _WIDE * max(map(len, lines)), _HIGH * len(lines))
    found = [
        TypedTable(
            int(min(line.y0 for line in taken) / _HIGH),
            int(max(line.y0 for line in taken) / _HIGH) + 1,
            table,
        )
        for table, taken in unruled_tables(page, placed)
    ]
    return sorted(found, key=lambda each: each.first)


def _placed(number: int, line: str) -> Iterator[TextLine]:
    """What stands apart in a line, each where it stands."""
    begin = len(line) - len(line.lstrip())
    for gap in (*TYPED_GAP.finditer(line, begin), None):
        text = line[begin : gap.start() if gap else None].rstrip()
        if text:
            x0, y0 = begin * _WIDE, number * _HIGH + 1
            x1 = x0 + len(text) * _WIDE
            yield TextLine(x0, y0, x1, y0 + _SIZE, " ".join(text.split()), [], _SIZE, False, number)
        begin = gap.end() if gap else begin
