"""Where the columns of an unruled table are: what its figures span, else its words."""

from __future__ import annotations

from bisect import bisect
from itertools import pairwise

from neuraldocflow.extraction.patterns import regex
from neuraldocflow.extraction.pdf.rows import Piece

_DIGIT = regex(r"\d")
_ORDINAL = regex(r"\d{1,2}(?:\.\d{1,2})?")


def only_dashes(rows: list[list[Piece]]) -> bool:
    """Whether dashes are all that looks like figures, as in a table of words."""
    figures = [piece.text for row in rows for piece in row if piece.numeric]
    return len(figures) > 1 and not any(_DIGIT.search(text) for text in figures)


def columns_of(rows: list[list[Piece]], signs: bool = True) -> list[tuple[float, float]]:
    """(x0, x1) of the columns: the label column, then what overlapping numbers (else words) span.

    Numbers are taken with the signs before them, or without.
    """
    spans = [
        (piece.x0 if signs else piece.start, piece.x1)
        for row in rows
        for piece in (row if row[0].numeric and not _is_numbered(row) else row[1:])
        if piece.numeric
    ]
    valued = [row for row in rows if any(piece.numeric for piece in row) and len(row) > 1]
    worded = [
        row
        for row in valued
        if any(not p.numeric and len(p.text) > 1 and p.x1 - p.x0 < 250 for p in _behind_label(row))
    ]
    if spans and len(worded) >= 2 and len(worded) >= 0.5 * len(valued):
        spans += [(p.x0, p.x1) for row in worded for p in _behind_label(row) if not p.numeric]
    several = [row for row in rows if len(row) >= 3]
    of_words = not spans or only_dashes(rows) or 2 * len(valued) < len(several)
    if of_words:
        spans = [(piece.x0, piece.x1) for row in several for piece in row[1:]]
    columns: list[tuple[float, float]] = []
    for x0, x1 in sorted(spans):
        if columns and x0 < columns[-1][1] - 0.5:
            columns[-1] = (columns[-1][0], max(columns[-1][1], x1))
        else:
            columns.append((x0, x1))
    return _with_heads_beside(columns, rows) if of_words else columns


def _is_numbered(row: list[Piece]) -> bool:
    """Whether a row's first figure numbers it, as chapters and items are: words follow, then figures."""
    return (
        len(row) > 2
        and _ORDINAL.fullmatch(row[0].text) is not None
        and not row[1].numeric
        and row[-1].numeric
    )


def _behind_label(row: list[Piece]) -> list[Piece]:
    return row[2:] if _is_numbered(row) else row[1:]


def _with_heads_beside(
    columns: list[tuple[float, float]], rows: list[list[Piece]]
) -> list[tuple[float, float]]:
    """The columns, those of a head and of what it stands above as one: a head may be set in the middle."""
    body = [piece for row in rows[1:] for piece in row[1:]]
    joined: list[tuple[float, float]] = []
    last = (True, True)
    for column in columns:
        shown = _any_in(column, rows[0][1:]), _any_in(column, body)
        if last[0] != last[1] and shown == last[::-1]:
            joined[-1] = (joined[-1][0], column[1])
            last = (True, True)
        else:
            joined.append(column)
            last = shown
    return joined


def _any_in(column: tuple[float, float], pieces: list[Piece]) -> bool:
    return any(piece.x1 > column[0] and piece.x0 < column[1] for piece in pieces)


def columns_apart(rows: list[list[Piece]]) -> list[tuple[float, float]]:
    """The columns, each with one figure of a row where that can be had.

    A sign at the left end of its column may stand under the right end of the one before, as may a long
    figure, such as a sum in bold type.
    """
    columns = columns_of(rows)
    if any(_crowded(row, columns) for row in rows):
        for apart in (columns_of(rows, signs=False), _columns_by_ends(rows), _columns_of_fullest(rows)):
            if apart and not any(_crowded(row, apart) for row in rows):
                return apart
    return columns


def _columns_by_ends(rows: list[list[Piece]]) -> list[tuple[float, float]]:
    """The columns of figures that end at the same places; [] where these are more than rows have figures."""
    columns: list[tuple[float, float]] = []
    for piece in sorted(
        (piece for row in rows for piece in row if piece.numeric), key=lambda piece: piece.x1
    ):
        if columns and piece.x1 - columns[-1][1] < 0.5 * piece.lines[0].size:
            columns[-1] = (min(columns[-1][0], piece.start), piece.x1)
        else:
            columns.append((piece.start, piece.x1))
    return _one_by_one(columns) if len(columns) <= len(_fullest(rows)[0]) + 1 else []


def _columns_of_fullest(rows: list[list[Piece]]) -> list[tuple[float, float]]:
    """The columns of the rows with the most figures."""
    spans = zip(*_fullest(rows), strict=True)
    return _one_by_one([(min(p.start for p in each), max(p.x1 for p in each)) for each in spans])


def _fullest(rows: list[list[Piece]]) -> list[list[Piece]]:
    """The figures of the rows that have the most of them."""
    figures = [[piece for piece in row if piece.numeric] for row in rows]
    most = max(map(len, figures))
    return [row for row in figures if len(row) == most]


def _one_by_one(columns: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """The columns, each begun no earlier than the one before ends."""
    return [(max(x0, end + 0.1), x1) for (_, end), (x0, x1) in pairwise([(0.0, 0.0), *columns])]


def _crowded(row: list[Piece], columns: list[tuple[float, float]]) -> bool:
    """Whether two figures of a row are in one column."""
    ends = [bisect(columns, (piece.x1, float("inf"))) for piece in row if piece.numeric]
    return len({*ends}) < len(ends)
