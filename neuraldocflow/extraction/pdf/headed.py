"""Tables of words without rulings: what stands below heads, in their columns.

Nothing but gaps parts the columns and the rows, and cells have any number of lines. So only heads that are
set as such begin one, and only what keeps to their columns is of it.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections import Counter
from itertools import pairwise
from statistics import median

from neuraldocflow.extraction.model import Cell, Table
from neuraldocflow.extraction.patterns import regex
from neuraldocflow.extraction.pdf.page import PageContent, TextLine
from neuraldocflow.extraction.pdf.rows import Piece, is_bold
from neuraldocflow.extraction.pdf.rulings import THIN, bounds

Rows = list[list[Piece]]
Bands = list[tuple[float, float]]
"""Left and right ends of columns."""
Rules = list[tuple[float, float, float]]
"""Height, left and right end of each rule across."""

_NO_HEAD = regex(
    r":|(?<!\bNo)[.,;]$|.{41}|^(?!No\.)\W*(?:\d{1,3}|[a-z]{1,2}|[ivx]{1,5})[.)]|^\W*\w?\W*$",
    re.IGNORECASE,
)
"""What no head is: a sentence, a label, over forty characters, numbered, without a word."""
_GROUP = 60
"""Characters at most of what stands alone over some rows and is their title."""
_APART = 1.0
"""Between two columns at least, in sizes of the type."""
_TELLS = 0.25
"""How much wider gaps between rows are than those between the lines of a cell, in sizes of the type."""
_TIGHT = 0.35
"""Lines of one head are no further apart, in sizes of the type."""
_HEAD_LINES = 8
_MOST_ROWS = 500
_FAR = 3.0
"""In sizes of the type; what stands further below is of no table."""
_LARGER = 1.2
"""How much larger type a heading has, which ends a table, than the heads of this."""
_LABELLED = regex(r"[A-Z][\w ]{0,12}:")
_PROSE = 40
"""Characters a line from which on two columns are running text."""
_LINES = 5
"""Lines of a cell from which on two columns stand beside one another without being a table."""
_FIGURES = 0.3
"""Share of figures from which on these show the columns better."""


def headed_tables(page: PageContent, rows: Rows) -> list[tuple[Table, list[TextLine]]]:
    """The tables of words among some rows of a page, each with its lines."""
    found: list[tuple[Table, list[TextLine]]] = []
    if len(rows) > _MOST_ROWS:
        return found
    rules = sorted((r.y0, r.x0, r.x1) for r in page.rulings if r.y1 - r.y0 <= THIN and r.x1 - r.x0 > 10)
    floor = at = 0
    while at < len(rows) - 1:
        if _are_labels(rows[at], *rows[at + 1 : at + 3]):
            found.append(_made(page, [rows[at : at + 1], rows[at + 1 : at + 2]], [p.x0 for p in rows[at]]))
            floor = at = at + 2
            continue
        if _are_heads(rows[at], rules):
            last, body, bands = _end(rows, at)
            if last > body + 1 and not is_bold(rows[body]) and not _go_on_in_figures(rows, last):
                first, bands = _first(rows, at, floor, bands)
                made = _table(page, rows[first:body], rows[body:last], [x0 for x0, _ in bands], rules)
                if made is not None:
                    found.append(made)
                    floor = at = last
                    continue
        at += 1
    return found


def _are_heads(row: list[Piece], rules: Rules) -> bool:
    """Whether a row is the heads of columns: short, apart, and in bold type or with a rule below."""
    if len(row) < 2 or any(piece.numeric or _NO_HEAD.search(piece.text) for piece in row):
        return False
    if any(right.x0 - left.x1 < _APART * left.lines[0].size for left, right in pairwise(row)):
        return False
    if is_bold(row):
        return True
    if not all(piece.text[0].isupper() for piece in row):
        return False
    bottom, size = _bottom(row), row[0].lines[0].size
    under = _between(rules, bottom - 0.3 * size, bottom + 0.8 * size)
    return all(any(x0 < piece.x0 + 2 and x1 > piece.x1 - 2 for _, x0, x1 in under) for piece in row)


def _between(rules: Rules, top: float, bottom: float) -> Rules:
    return rules[bisect(rules, (top,)) : bisect(rules, (bottom,))]


def _are_labels(row: list[Piece], values: list[Piece], after: list[Piece] | None = None) -> bool:
    """Whether each piece of a row is the label of one below it in larger type, with no more below: bills have
    such strips."""
    size, larger = row[0].lines[0].size, values[0].lines[0].size
    return (
        len(row) > 1
        and larger > 1.1 * size
        and _top(values) - _bottom(row) < _TIGHT * larger
        and _stand_below(row, values)
        and not (after and after[0].lines[0].size > 1.1 * size and _stand_below(row, after))
        and not any(piece.numeric or _NO_HEAD.search(piece.text) for piece in row)
        and all(len(piece.text) <= _GROUP for piece in values)
    )


def _stand_below(row: list[Piece], below: list[Piece]) -> bool:
    return len(row) == len(below) and all(abs(p.x0 - q.x0) < 2 for p, q in zip(row, below, strict=True))


def _end(rows: Rows, at: int) -> tuple[int, int, Bands]:
    """The row after the last that keeps to the columns of heads, the first that is no line of these, and the
    columns."""
    bands: Bands = [(piece.x0, piece.x1) for piece in rows[at]]
    bottom = _bottom(rows[at])
    body = at + 1
    for last in range(at + 1, len(rows)):
        row = rows[last]
        size = row[0].lines[0].size
        widened = _widened(bands, row, _APART / 2 * size)
        if widened is None and _is_group(row, bands) and last + 1 < len(rows):
            widened = bands if _widened(bands, rows[last + 1], _APART / 2 * size) else None
        if widened is None or _top(row) - bottom > _FAR * size:
            return last, body, bands
        if len(row) == 1 and is_bold(row) and size > _LARGER * rows[at][0].lines[0].size:
            return last, body, bands  # a heading
        if last == body < at + _HEAD_LINES and is_bold(row) and _top(row) - bottom < _TIGHT * size:
            body += 1
        elif len(row) > 1 and is_bold(row):
            return last, body, bands  # another table's heads, or the next post of a curriculum vitae
        bands, bottom = widened, max(bottom, _bottom(row))
    return len(rows), body, bands


def _is_group(row: list[Piece], bands: Bands) -> bool:
    """Whether a row is a title over the rows that follow: it begins where they do and reaches further."""
    only = row[0]
    return (
        len(row) == 1
        and abs(only.x0 - bands[0][0]) < 2
        and only.x1 > bands[1][0]
        and len(only.text) <= _GROUP
    )


def _first(rows: Rows, at: int, floor: int, bands: Bands) -> tuple[int, Bands]:
    """The first of the lines of heads, of which one is told, and the columns with what stands in it."""
    while at > floor:
        above, size = rows[at - 1], rows[at][0].lines[0].size
        widened = _widened(bands, above, _APART / 2 * size)
        if widened is None or not is_bold(above) or _top(rows[at]) - _bottom(above) > _TIGHT * size:
            break
        bands, at = widened, at - 1
    return at, bands


def _go_on_in_figures(rows: Rows, last: int) -> bool:
    """Whether figures follow, whose heads these were."""
    if last == len(rows):
        return False
    row = rows[last]
    near = _top(row) - _bottom(rows[last - 1]) < _FAR * row[0].lines[0].size
    return near and any(piece.numeric for piece in row)


def _top(row: list[Piece]) -> float:
    return min(line.y0 for piece in row for line in piece.lines)


def _bottom(row: list[Piece]) -> float:
    return max(line.y1 for piece in row for line in piece.lines)


def _widened(bands: Bands, row: list[Piece], apart: float) -> Bands | None:
    """The columns with a row's pieces in them; None where one is in none or several, or too near the next."""
    widened = list(bands)
    for piece in row:
        over = [at for at, (x0, x1) in enumerate(widened) if piece.x1 > x0 and piece.x0 < x1]
        if len(over) != 1:
            return None
        x0, x1 = widened[over[0]]
        widened[over[0]] = (min(x0, piece.x0), max(x1, piece.x1))
    return widened if all(right[0] - left[1] >= apart for left, right in pairwise(widened)) else None


def _table(
    page: PageContent, heads: Rows, body: Rows, starts: list[float], rules: Rules
) -> tuple[Table, list[TextLine]] | None:
    entries = [heads, *_entries(body, starts, rules)]
    pieces = [piece for row in body for piece in row]
    several = sum(len({_column(p, starts) for row in entry for p in row}) > 1 for entry in entries[1:])
    if several < 2 or 2 * several < len(entries) - 1:
        return None
    if _FIGURES * len(pieces) < sum(p.numeric for p in pieces) or _of_signatures(pieces):
        return None
    if _is_prose(entries[1:], starts):
        return None
    return _made(page, entries, starts)


def _made(page: PageContent, entries: list[Rows], starts: list[float]) -> tuple[Table, list[TextLine]]:
    """The table of some entries, of which the first is its heads."""
    cells: list[Cell] = []
    for number, entry in enumerate(entries):
        at: dict[int, list[Piece]] = {}
        for row in entry:
            for piece in row:
                at.setdefault(_column(piece, starts), []).append(piece)
        for column, its in sorted(at.items()):
            text = " ".join(piece.text for piece in its)
            box = bounds([line for piece in its for line in piece.lines])
            cells.append(Cell(number, column, text, header=not number, bbox=box))
    taken = [line for entry in entries for row in entry for piece in row for line in piece.lines]
    return Table(cells, len(entries), len(starts), page.number, bounds(taken), 1, confidence=0.8), taken


def _of_signatures(pieces: list[Piece]) -> bool:
    """Whether blocks stand beside one another, such as those that parties sign in: of labels with a colon."""
    return 3 * sum(_LABELLED.match(piece.text) is not None for piece in pieces) > len(pieces)


def _column(piece: Piece, starts: list[float]) -> int:
    return bisect(starts, piece.x0 + 2) - 1


def _is_prose(entries: list[Rows], starts: list[float]) -> bool:
    """Whether two columns are running text, or lists: long lines that are each a row, or many in a row."""
    lengths: dict[int, list[int]] = {}
    heights: dict[int, list[int]] = {}
    for entry in entries:
        pieces = [piece for row in entry for piece in row]
        for column, count in Counter(_column(piece, starts) for piece in pieces).items():
            heights.setdefault(column, []).append(count)
        for piece in pieces:
            lengths.setdefault(_column(piece, starts), []).append(len(piece.text))
    alone = all(len(entry) == 1 for entry in entries)
    long = sum(median(each) > _PROSE for each in lengths.values()) > 1
    high = sum(median(each) > _LINES for each in heights.values()) > 1
    return high or (alone and long)


def _amounts(entry: Rows, starts: list[float]) -> set[int]:
    """The columns in which an entry has an amount: two of them are of two rows."""
    return {_column(p, starts) for row in entry for p in row if p.numeric}


def _entries(rows: Rows, starts: list[float], rules: Rules) -> list[Rows]:
    """The table's rows, each of the rows of text in it: gaps part them, or where all are alike what stands in
    the first column; and a rule there, such as one to sign on."""
    gaps: list[float] = []
    bottom = 0.0
    for above, below in pairwise(rows):
        bottom = max(bottom, _bottom(above))
        gaps.append((_top(below) - bottom) / max(below[0].lines[0].size, 1.0))
    near, far = min(gaps), max(gaps)
    limit = (near + far) / 2 if far - near > _TELLS else None
    entries: list[Rows] = [rows[:1]]
    for gap, row in zip(gaps, rows[1:], strict=True):
        first = _column(row[0], starts) == 0
        ruled = _between(rules, _top(entries[-1][-1]) + 2, _top(row) + 2)
        signed = first and any(x0 < row[0].x1 and x1 > row[0].x0 for _, x0, x1 in ruled)
        alone = any(len(each) == 1 and each[0].x1 > starts[1] > each[0].x0 for each in (row, entries[-1][-1]))
        another = bool(_amounts(entries[-1], starts) & _amounts([row], starts))
        if signed or alone or another or (gap > limit if limit is not None else first):
            entries.append([row])
        else:
            entries[-1].append(row)
    return entries
