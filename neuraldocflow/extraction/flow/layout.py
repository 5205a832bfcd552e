"""Tables of documents without pages: which are data, which only lay out text, and what becomes of each."""

from __future__ import annotations

import re

from neuraldocflow.extraction.flow.pieces import Node, Piece, own, text_of
from neuraldocflow.extraction.flow.tables import AMOUNT, Grid, Placed, build_table, join_figures
from neuraldocflow.extraction.model import Block
from neuraldocflow.extraction.patterns import regex

_MARKER = regex(
    r"(?:[•●○◦▪■□◆➢–—·*†‡§-]|o|\(?(?:\d{1,3}|[a-zA-Z]{1,2}|[ivxlcIVXLC]{1,6})[.)]"
    r"|(?:item|part|note|article|section|exhibit)s?\s+[\w.()]{1,8}[.:]?)$",
    re.IGNORECASE,
)
_BULLET = regex(r"[^a-zA-Z]|o$")


def nodes_of(grid: Grid, caption: list[Node], head_rows: int, title: str = "") -> list[Node]:
    """A data table as one block; what a layout table holds as it flows. No one sees the ``title``."""
    cells = grid.cells
    nested = any(isinstance(node, Block) for cell in cells for node in cell.content)
    filled = [] if nested or grid.overflow else join_figures(cells)
    if not filled:
        return [*caption, *(node for cell in cells for node in cell.content)]
    if not any(cell.header for cell in filled) and not head_rows:
        flowing = _flowing(filled)
        if flowing is not None:
            return [*caption, *flowing]
    made, pairs = build_table(filled, text_of(caption) or title or None, head_rows)
    block = Block("table", "", table=made)
    anchors: list[str] = []
    for placed, cell in pairs:
        position = 0
        for separator, content in placed.joined or [("", placed.content)]:
            position = own(cell, content, position + len(separator))
        for _, content in placed.joined or [("", placed.content)]:
            anchors.extend(
                a for node in content if isinstance(node, list) for piece in node for a in piece.anchors
            )
    block.anchor = " ".join(anchors[:20]) or None
    return [*caption, block]


def _flowing(cells: list[Placed]) -> list[Node] | None:
    """The nodes of a table that only lays out text; None for data."""
    rows: dict[int, list[Placed]] = {}
    for cell in cells:
        rows.setdefault(cell.row, []).append(cell)
    marked = [row for row in rows.values() if len(row) > 1]
    if marked and all(
        len(row) == 2 and _MARKER.match(row[0].text) and not AMOUNT.match(row[1].text) for row in marked
    ):
        return [node for row in rows.values() for node in _joined(row)]
    if len({cell.column for cell in cells}) == 1:
        return [node for cell in cells for node in _content(cell)]
    length = sum(len(cell.text) for cell in cells)
    if len(rows) == 1:
        return _joined(cells) if length <= 300 else [node for cell in cells for node in _content(cell)]
    pieces = sum(len(cell.content) for cell in cells)
    if length > 2000 and (len(rows) <= 2 or length > 1000 * len(rows)) and pieces > 2 * len(cells):
        return [node for cell in cells for node in _content(cell)]
    return None


def _content(cell: Placed) -> list[Node]:
    return [node for _, content in cell.joined or [("", cell.content)] for node in content]


def _joined(row: list[Placed]) -> list[Node]:
    """A row as one block: a marker with its text, or cells that stand on one line. The rest follows."""
    if len(row) == 1:
        return _content(row[0])
    nodes = [_content(cell) for cell in row]
    pieces: list[Piece] = []
    for found in [*nodes[:-1], nodes[-1][:1]]:
        pieces.extend(piece for node in found if isinstance(node, list) for piece in node)
    marker = _MARKER.match(row[0].text) is not None
    first = [piece for found in nodes[:-1] for node in found if isinstance(node, list) for piece in node]
    lined = not marker and any(piece.breaks for piece in first)  # columns of lines stand on no one line
    if lined or any(len(found) > 1 for found in nodes[:-1]):
        return [node for found in nodes for node in found]
    if marker and _BULLET.match(row[0].text) and pieces[0].kind == "paragraph":
        pieces[0].kind, pieces[0].level = "list_item", 1
    return [pieces, *nodes[-1][1:]]
