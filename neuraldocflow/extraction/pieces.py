"""The document as short pieces of text: its lines, and the cells of its tables.

Labels and their values stand in pieces: in one, in two side by side, or one below the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from .candidates import Context
from .model import Box, Cell, Document, Table
from .patterns import regex
from .units import currency_named

_LABELLED = regex(r"\W{0,3}(?![a-zß-öø-ÿ])[^\W\d_][^:]{1,47}:(?= |$)")
"""A line that begins with a name and a colon."""


@dataclass(slots=True)
class Piece:
    """A line or a cell; ``start``/``end`` are offsets in ``Document.text``."""

    text: str
    start: int
    end: int
    page: int | None = None
    bbox: Box | None = None
    table: Table | None = None
    cell: Cell | None = None
    currency: str | None = None
    """Of a sign in a piece of its own before it, where an amount is looked for."""
    breaks: tuple[int, ...] = ()
    """Offsets in ``text`` at which its author began another line."""


def pieces(document: Document, context: Context) -> list[Piece]:
    """All pieces in reading order, made once a document."""
    if "pieces" not in context.cache:
        context.cache["pieces"] = list(_pieces(document))
    found: list[Piece] = context.cache["pieces"]
    return found


def _pieces(document: Document) -> Iterator[Piece]:
    for block in document.blocks:
        table = block.table
        if table is not None:
            for cell in sorted(table.cells, key=lambda each: (each.row, each.column)):
                if cell.text.strip():
                    place = (cell.start, cell.end, table.page, cell.bbox, table, cell)
                    yield Piece(cell.text, *place, breaks=cell.breaks)
        elif len(block.line_starts) > 1:
            ends = [*block.line_starts[1:], len(block.text)]
            for line, start, end in zip(block.lines, block.line_starts, ends, strict=True):
                text = block.text[start:end].rstrip()
                if text:
                    at = block.start + start
                    yield Piece(text, at, at + len(text), block.page, line.bbox)
        elif block.text.strip():
            yield Piece(block.text, block.start, block.end, block.page, block.bbox, breaks=block.breaks)


def by_labels(piece: Piece) -> Iterator[Piece]:
    """A piece in parts, another where its author began a line with a name and a colon."""
    if not piece.breaks:
        yield piece
        return
    ends = [*piece.breaks[1:], len(piece.text)]
    edges = [at for at, end in zip(piece.breaks, ends, strict=True) if _LABELLED.match(piece.text, at, end)]
    for first, last in pairwise([0, *edges, len(piece.text)]):
        text = piece.text[first:last].rstrip()
        if text:
            at = piece.start + first
            yield replace(piece, text=text, start=at, end=at + len(text), breaks=())


def beside(index: int, found: list[Piece]) -> Piece | None:
    """The piece to the right of one: the next cell of its row, or the nearest on its line."""
    return next(iter(_row(index, found)), None)


def amount_beside(index: int, found: list[Piece]) -> Piece | None:
    """The same, but for a currency's sign that stands alone: it belongs to what is behind it."""
    row = _row(index, found)
    currency = currency_named(row[0].text) if len(row) > 1 else None
    return replace(row[1], currency=currency) if currency else next(iter(row), None)


def _row(index: int, found: list[Piece]) -> list[Piece]:
    """The pieces to the right of one, the nearest first."""
    here = found[index]
    if here.cell is not None and here.table is not None:
        row: list[Piece] = []
        for each in found[index + 1 : index + 4]:
            if each.table is not here.table or each.cell is None or each.cell.row != here.cell.row:
                break
            row.append(each)
        return row
    if here.bbox is None:
        return []
    middle = (here.bbox[1] + here.bbox[3]) / 2
    candidates = [
        each
        for each in found[max(index - 12, 0) : index + 13]
        if each.page == here.page
        and each.bbox is not None
        and each.bbox[0] >= here.bbox[2] - 1
        and each.bbox[1] <= middle <= each.bbox[3]
    ]
    return sorted(candidates, key=lambda each: each.bbox[0] if each.bbox else 0.0)


def below(index: int, found: list[Piece]) -> Piece | None:
    """The piece under one: the cell below in its column, the nearest line below it, or simply the next."""
    here = found[index]
    if here.cell is not None:
        for each in found[index + 1 :]:
            if each.table is not here.table or each.cell is None:
                return None
            spans = range(each.cell.column, each.cell.column + each.cell.colspan)
            if each.cell.row > here.cell.row and here.cell.column in spans:
                return each
        return None
    after = found[index + 1] if index + 1 < len(found) else None
    if here.bbox is None or after is None:
        return after
    low, height = here.bbox[3], here.bbox[3] - here.bbox[1]
    candidates = [
        each
        for each in found[index + 1 : index + 9]
        if each.page == here.page
        and each.bbox is not None
        and low - height / 2 <= each.bbox[1] <= low + 3 * height
        and each.bbox[0] < here.bbox[2]
        and each.bbox[2] > here.bbox[0]
    ]
    return min(candidates, key=lambda each: each.bbox[1] if each.bbox else 0.0, default=None)


def above(index: int, found: list[Piece]) -> Piece | None:
    """The piece over one, as printed forms put values over their captions."""
    here = found[index]
    before = found[index - 1] if index else None
    if here.cell is not None:
        for each in reversed(found[:index]):
            if each.table is not here.table or each.cell is None:
                return None
            spans = range(each.cell.column, each.cell.column + each.cell.colspan)
            if each.cell.row < here.cell.row and here.cell.column in spans:
                return each
        return None
    if here.bbox is None or before is None:
        return before
    top, height = here.bbox[1], here.bbox[3] - here.bbox[1]
    candidates = [
        each
        for each in found[max(index - 8, 0) : index]
        if each.page == here.page
        and each.bbox is not None
        and top - 3 * height <= each.bbox[3] <= top + height / 2
        and each.bbox[0] < here.bbox[2]
        and each.bbox[2] > here.bbox[0]
    ]
    return max(candidates, key=lambda each: each.bbox[3] if each.bbox else 0.0, default=None)
