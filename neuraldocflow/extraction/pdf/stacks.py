"""Cells of several lines in unruled tables, whose lines stand closer together than rows do; and tables that
follow one another, which have column heads, and often columns, of their own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import pairwise

from neuraldocflow.extraction.patterns import regex
from neuraldocflow.extraction.pdf.rows import Piece

Rows = list[list[Piece]]
Placed = tuple[int, Piece]
"""A piece with its row's number."""
Chain = list[Placed]
"""The lines of one cell."""

_YEAR = regex(r"(?:19|20)\d\d")
_SENTENCE = 50
"""Characters from which on a row's only piece may be a sentence between two tables rather than a heading."""
_CLOSE = 0.35
"""Lines further apart than this, in sizes of their type, are never of one cell."""
_TELLS = 0.2
"""How much wider gaps between rows have to be than those between a cell's lines, in sizes of the type."""
_EVEN = 0.12
"""How much the gaps between a cell's lines may differ, in sizes of the type."""
_LINE = 1.5
"""Points; what begins, ends or has its middle no further apart is in line."""
_AMOUNT = regex(r"[.,$€£¥]\d")
_SMALLER = 0.6
"""How small the next line of a cell may be beside the one above it."""
_REACH = 3
"""Rows in which a cell's next line is looked for: what stands beside its middle is a row of its own first."""


def joined_cells(rows: Rows) -> Rows:
    """The rows with the lines of each cell made one piece, and the rows such a cell spans made one row.

    Changes the pieces. A table whose rows stand as close as lines do is left as it is.
    """
    below = [[_below(rows, number, piece) for piece in row] for number, row in enumerate(rows)]
    closest = _closest(rows, below)
    if closest is None:
        return rows
    limit = min(_CLOSE, closest - _TELLS, _tightest(rows, below) + _EVEN)
    chains = [chain for chain in _chains(rows, below, limit) if not _several_rows(rows, chain)]
    if not chains:
        return rows
    spans = {
        chain[0][0]: max(other[-1][0] for other in chains if other[0][0] == chain[0][0]) for chain in chains
    }
    joined: Rows = []
    first = 0
    while first < len(rows):
        last = at = first
        while at <= last:
            last = max(last, spans.get(at, at))
            at += 1
        if last == first:
            joined.append(rows[first])
        else:
            group = [chain for chain in chains if first <= chain[0][0] <= last]
            joined.extend(_as_one(rows, first, last, group))
        first = last + 1
    return joined


def _below(rows: Rows, number: int, piece: Piece) -> Placed | None:
    """The row and piece that stand next under a piece; None where there is none or are several."""
    for at in range(number + 1, min(number + 1 + _REACH, len(rows))):
        under = [other for other in rows[at] if other.x1 > piece.x0 and other.x0 < piece.x1]
        if under:
            return (at, under[0]) if len(under) == 1 else None
    return None


def _gap(above: Piece, below: Piece) -> float:
    return (below.lines[0].y0 - above.lines[-1].y1) / max(above.lines[-1].size, 1.0)


def _closest(rows: Rows, below: list[list[Placed | None]]) -> float | None:
    """How close rows come, by their figures, which have no second line; None where too few say so."""
    gaps = sorted(
        _gap(piece, under[1])
        for row, unders in zip(rows, below, strict=True)
        for piece, under in zip(row, unders, strict=True)
        if piece.numeric and under is not None and under[1].numeric
    )
    return gaps[len(gaps) // 10] if len(gaps) >= 2 else None


def _tightest(rows: Rows, below: list[list[Placed | None]]) -> float:
    """How close the lines of a cell come."""
    gaps = sorted(
        _gap(piece, under[1])
        for row, unders in zip(rows, below, strict=True)
        for piece, under in zip(row, unders, strict=True)
        if under is not None
        and not piece.numeric
        and not under[1].numeric
        and under[1].lines[0].size < 1.1 * piece.lines[-1].size
    )
    return gaps[len(gaps) // 20] if gaps else 0.0


def _several_rows(rows: Rows, chain: Chain) -> bool:
    """Whether figures stand below one another beside a chain, so that its lines belong to several rows."""
    figures = [piece for row in rows[chain[0][0] : chain[-1][0] + 1] for piece in row if piece.numeric]
    return any(
        other is not piece and other.x1 > piece.x0 and other.x0 < piece.x1
        for number, piece in enumerate(figures)
        for other in figures[number + 1 :]
    )


def _chains(rows: Rows, below: list[list[Placed | None]], limit: float) -> list[Chain]:
    """Lines of one cell with their rows, where each is the only one over the next and stands close to it."""
    over = Counter(id(under[1]) for unders in below for under in unders if under is not None)
    following: dict[int, Chain] = {}
    chains: list[Chain] = []
    for number, row in enumerate(rows):
        for piece, under in zip(row, below[number], strict=True):
            chain = following.get(id(piece))
            if (
                under is None
                or piece.numeric
                or under[1].numeric
                or over[id(under[1])] != 1
                or _gap(piece, under[1]) >= limit
                or not _of_a_size(piece, under[1], alone=len(rows[under[0]]) == 1)
            ):
                continue
            if chain is None:
                chain = [(number, piece)]
                chains.append(chain)
            chain.append(under)
            following[id(under[1])] = chain
    return chains


def _of_a_size(piece: Piece, under: Piece, *, alone: bool) -> bool:
    """Whether a line below is as large as those above, or smaller where nothing else is in its row."""
    ratio = under.lines[0].size / max(piece.lines[-1].size, 1.0)
    return (_SMALLER if alone else 0.9) < ratio < 1.1


def _as_one(rows: Rows, first: int, last: int, chains: list[Chain]) -> Rows:
    """Some rows with their cells joined: one row, or several where a cell stands over others."""
    kept: list[list[Piece]] = [list(row) for row in rows[first : last + 1]]
    for chain in chains:
        whole = chain[-1][1]
        for number, piece in chain[:-1]:
            kept[number - first].remove(piece)
        parts = [piece for _, piece in chain]
        whole.lines = [line for piece in parts for line in piece.lines]
        whole.text = " ".join(piece.text for piece in parts)
        whole.x0, whole.x1 = min(piece.x0 for piece in parts), max(piece.x1 for piece in parts)
    row = sorted((piece for row in kept for piece in row), key=lambda piece: piece.x0)
    if all(left.x1 <= right.x0 + 1 for left, right in pairwise(row)):
        return [row]
    return [sorted(row, key=lambda piece: piece.x0) for row in kept if row]


def parts_of(rows: Rows, columns: Callable[[Rows], list[tuple[float, float]]]) -> list[Rows]:
    """The rows cut where another table begins: after a sentence, or where heads stand over other columns.

    ``columns`` tells the columns of some rows.
    """
    parts: list[Rows] = []
    begun = 0
    for first in _headed(rows):
        if first > begun:
            parts.append(rows[begun:first])
            begun = first
    parts.append(rows[begun:])
    kept: list[Rows] = parts[:1]
    for part in parts[1:]:
        before = kept[-1]
        sentence = len(part[0]) == 1 and len(part[0][0].text) >= _SENTENCE
        whole = len(columns(before + part))
        theirs, own = columns(before), columns(part)
        apart = whole < max(len(theirs), len(own)) or _elsewhere(theirs, own)
        if sentence or apart or _strays(before, part):
            kept.append(part)
        else:
            kept[-1] = before + part
    return [_without_sentence(part) if number else part for number, part in enumerate(kept)]


def _elsewhere(theirs: list[tuple[float, float]], own: list[tuple[float, float]]) -> bool:
    """Whether none of a part's columns is one of those above: then it is a table of its own."""
    if len(own) < 2 or not theirs:
        return False
    return not any(x1 > left and x0 < right for x0, x1 in own for left, right in theirs)


def _strays(rows: Rows, part: Rows) -> bool:
    """Whether one row of amounts stands above heads that nothing in it is in line with, as a bill has."""
    figures = [row for row in rows if any(piece.numeric for piece in row)]
    if len(figures) != 1 or len(part[0]) < 3 or any(piece.numeric for piece in part[0]):
        return False
    amounts = any(piece.numeric and _AMOUNT.search(piece.text) for piece in figures[0])
    return amounts and not any(_in_line(head, piece) for head in part[0][1:] for piece in figures[0])


def _in_line(one: Piece, other: Piece) -> bool:
    left, right = one.x0 - other.x0, one.x1 - other.x1
    return min(abs(left), abs(right), abs(left + right) / 2) < _LINE


def _headed(rows: Rows) -> list[int]:
    """Rows after the first figures with which column heads begin, figures below them."""
    starts: list[int] = []
    seen = False
    start: int | None = None
    heads = False
    for number, row in enumerate(rows):
        if any(piece.numeric and _YEAR.fullmatch(piece.text) is None for piece in row):
            if seen and start is not None and heads:
                starts.append(start)
            seen, start, heads = True, None, False
            continue
        start = number if start is None else start
        heads = heads or len(row) > 1 or _over_figures(rows, number)
    return starts


def _over_figures(rows: Rows, number: int) -> bool:
    """Whether a row's only piece stands over the figures that follow rather than over their labels."""
    piece = rows[number][0]
    for row in rows[number + 1 : number + 7]:
        figures = [other for other in row if other.numeric]
        if figures:
            return piece.x1 > figures[0].x0 and piece.x0 > row[0].x0 + 20
    return False


def _without_sentence(part: Rows) -> Rows:
    """The part without what only introduces it."""
    first = 0
    while first < len(part) - 2 and len(part[first]) == 1 and len(part[first][0].text) >= _SENTENCE:
        first += 1
    return part[first:]
