"""Lists of exhibits, as filings end with: a number, what it is, and often where it was filed.

Nothing but their spacing parts the rows, and their cells have any number of lines, which makes them look like
the numbered paragraphs of any text. So only what speaks of exhibits is taken for one.
"""

from __future__ import annotations

import re
from bisect import bisect
from itertools import pairwise

from neuraldocflow.extraction.model import Cell, Table
from neuraldocflow.extraction.patterns import regex
from neuraldocflow.extraction.pdf.page import PageContent, TextLine
from neuraldocflow.extraction.pdf.rows import Piece, pieces_of, rows_of
from neuraldocflow.extraction.pdf.rulings import bounds

Rows = list[list[Piece]]

_NUMBERED = regex(
    r"(?:exhibit\s+)?[*†‡+#^]{0,3}\s?\(?\d{1,3}(?:[.–-][\da-z]{1,4}){0,2}\)?(?:\s?\([\da-z]{1,4}\)){0,2}\)?[*†‡+#^\s]{0,4}[–—-]?",
    re.IGNORECASE,
)
"""What exhibits are numbered with, such as ``10.2*``, ``(4-1) -`` and ``Exhibit 3(a)``."""
_TELLS = regex(
    r"\bincorporated\s+(?:herein\s+)?by\s+reference|\b(?:filed|furnished)\s+herewith|\b(?:10-[kq]|8-k|s-[1348])\b"
    r"|\bexhibit\s+(?:no\.?\s*)?\(?\d",
    re.IGNORECASE,
)
"""What only the entries of such a list say."""
_HEAD = regex(r"\b(?:exhibit|number|no\.|description|location)", re.IGNORECASE)
"""What each head of its columns has in it."""
_LEAST = 4
"""Numbers from which on they are a list."""


def exhibit_lists(page: PageContent, lines: list[TextLine]) -> list[tuple[Table, list[TextLine]]]:
    """The lists of exhibits among some lines of a page, each with its lines."""
    if sum(_NUMBERED.fullmatch(line.text) is not None for line in lines) < _LEAST:
        return []
    rows = [pieces_of(row) for row in rows_of(lines, [])]
    found: list[tuple[Table, list[TextLine]]] = []
    floor = 0
    while (first := next((at for at in range(floor, len(rows)) if _is_numbered(rows[at])), None)) is not None:
        last = _end(rows, first)
        made = _table(page, rows[floor:last], first - floor)
        if made is not None:
            found.append(made)
        floor = last
    return found


def _is_numbered(row: list[Piece]) -> bool:
    return len(row) > 1 and _NUMBERED.fullmatch(row[0].text) is not None and not row[1].numeric


def _end(rows: Rows, first: int) -> int:
    """The row after the last that stands in the columns of the first."""
    left = rows[first][1].x0
    for at in range(first + 1, len(rows)):
        row = rows[at]
        numbered = _is_numbered(row) and abs(row[1].x0 - left) < 2
        if not numbered and row[0].x0 < left - 2:
            return at
        if row[0].lines[0].y0 - rows[at - 1][0].lines[-1].y1 > 3 * row[0].lines[0].size:
            return at
    return len(rows)


def _table(page: PageContent, rows: Rows, first: int) -> tuple[Table, list[TextLine]] | None:
    """The list that begins with the ``first`` of some rows, with its heads above; None where it is none."""
    entries = _entries(rows[first:])
    numbered = [entry for entry in entries if _is_numbered(entry[0])]
    telling = sum(
        _TELLS.search(" ".join(piece.text for row in entry for piece in row)) is not None for entry in entries
    )
    if len(numbered) < _LEAST or 3 * telling < len(entries):
        return None
    columns = _columns(entries)
    head = first
    while head and first - head < 2 and all(_HEAD.search(piece.text) for piece in rows[head - 1]):
        head -= 1
    entries = [*([rows[head:first]] if head < first else []), *entries]
    cells: list[Cell] = []
    taken: list[TextLine] = []
    for number, entry in enumerate(entries):
        at: dict[int, list[Piece]] = {}
        for row in entry:
            for piece in row:
                at.setdefault(bisect(columns, piece.x0 + 2), []).append(piece)
        for column, pieces in sorted(at.items()):
            its = [line for piece in pieces for line in piece.lines]
            taken += its
            text = " ".join(piece.text for piece in pieces)
            cells.append(Cell(number, column, text, header=head < first and not number, bbox=bounds(its)))
    table = Table(
        cells, len(entries), len(columns) + 1, page.number, bounds(taken), int(head < first), confidence=0.85
    )
    return table, taken


def _entries(rows: Rows) -> list[Rows]:
    """The rows of the table, each of the rows of text in it, which stand closer than numbered ones do."""
    gaps = [_gap(above, below) for above, below in pairwise(rows)]
    before_number = sorted(gap for gap, row in zip(gaps, rows[1:], strict=True) if _is_numbered(row))
    others = sorted(gap for gap, row in zip(gaps, rows[1:], strict=True) if not _is_numbered(row))
    near = others[len(others) // 4] if others else 0.0
    far = before_number[len(before_number) // 10] if before_number else 0.0
    limit = (near + far) / 2 if near < far else float("inf")
    entries: list[Rows] = [rows[:1]]
    for gap, row in zip(gaps, rows[1:], strict=True):
        if _is_numbered(row) or gap > limit:
            entries.append([row])
        else:
            entries[-1].append(row)
    return entries


def _gap(above: list[Piece], below: list[Piece]) -> float:
    bottom = max(piece.lines[-1].y1 for piece in above)
    return (min(piece.lines[0].y0 for piece in below) - bottom) / max(below[0].lines[0].size, 1.0)


def _columns(entries: list[Rows]) -> list[float]:
    """Where the columns behind the numbers begin: what they are, and what most entries have further right."""
    left = min(entry[0][1].x0 for entry in entries if _is_numbered(entry[0]))
    further: list[tuple[float, float, int]] = []
    for piece in sorted(
        (piece for entry in entries for piece in entry[0] if piece.x0 > left + 20), key=lambda piece: piece.x0
    ):
        if further and piece.x0 < further[-1][1]:
            x0, x1, count = further[-1]
            further[-1] = (x0, max(x1, piece.x1), count + 1)
        else:
            further.append((piece.x0, piece.x1, 1))
    crossing = [(piece.x0, piece.x1) for entry in entries for row in entry for piece in row]
    return [
        left,
        *(
            edge
            for edge, _, count in further
            if 3 * count >= len(entries)
            and 10 * sum(x0 < edge - 2 and x1 > edge + 2 for x0, x1 in crossing) < count
        ),
    ]
