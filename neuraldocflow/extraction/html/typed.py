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
_MOST_LINES = 300
"""Looked at in one go."""


class TypedTable(NamedTuple):
    """A table and the lines it takes: those from ``first``, without ``last``."""

    first: int
    last: int
    table: Table


def typed_tables(lines: list[str]) -> list[TypedTable]:
    """The tables among lines of preformatted text, from top to bottom; tabs count as spaces."""
    if sum(1 for line in lines if _APART.search(line.expandtabs())) < 2:
        return []
    found: list[TypedTable] = []
    first = 0
    while first < len(lines):
        last = _page_end(lines, first)
        found += _of_page(lines[first:last], first)
        first = last
    return found


def _page_end(lines: list[str], first: int) -> int:
    """Where to cut: what is looked at in one go is no longer than some pages, and ends with an empty line."""
    last = min(first + _MOST_LINES, len(lines))
    if last < len(lines):
        last = next(
            (at for at in range(last, first + _MOST_LINES // 2, -1) if not lines[at - 1].strip()), last
        )
    return last


def _of_page(lines: list[str], first: int) -> list[TypedTable]:
    """The tables of some lines, each of which takes all that stands in its lines."""
    placed = [list(_placed(number, line.expandtabs())) for number, line in enumerate(lines)]
    page = PageContent(1, _WIDE * max(map(len, lines)), _HIGH * len(lines))
    found: list[TypedTable] = []
    for table, taken in unruled_tables(page, [each for row in placed for each in row]):
        numbers = [each.block for each in taken]
        begin, end = min(numbers), max(numbers) + 1
        if len(taken) == sum(map(len, placed[begin:end])):
            found.append(TypedTable(first + begin, first + end, table))
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
