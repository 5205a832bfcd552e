"""HTML tables while they are read."""

from __future__ import annotations

from neuraldocflow.extraction.flow.pieces import Node, text_of
from neuraldocflow.extraction.flow.tables import Grid
from neuraldocflow.extraction.html.text import Look


class RawTable:
    """A table being read. ``nodes`` outside of it are ``outer``; ``depth`` is its place on the stack."""

    __slots__ = ("caption", "cell", "depth", "grid", "head_rows", "in_caption", "in_head", "open", "outer")

    def __init__(self, depth: int, outer: list[Node], open_names: dict[str, int]) -> None:
        self.depth = depth
        self.outer = outer
        self.open = open_names
        self.grid = Grid()
        self.cell: RawCell | None = None
        self.caption: list[Node] = []
        self.in_caption = False
        self.in_head = False
        self.head_rows = 0


class RawCell:
    __slots__ = ("colspan", "depth", "header", "hidden", "nodes", "rowspan")

    def __init__(self, depth: int, colspan: int, rowspan: int, header: bool, hidden: bool) -> None:
        self.depth = depth
        self.colspan = colspan
        self.rowspan = rowspan
        self.header = header
        self.hidden = hidden
        self.nodes: list[Node] = []


def place(table: RawTable, cell: RawCell) -> None:
    """Puts a finished cell on the table's grid."""
    if cell.hidden:
        return
    bold = all(piece.bold for node in cell.nodes if isinstance(node, list) for piece in node)
    table.grid.place(cell.colspan, cell.rowspan, text_of(cell.nodes), cell.header, bold, cell.nodes)
    if table.in_head:
        table.head_rows = table.grid.row + 1


def span(look: Look, name: str) -> int:
    """A cell's span as given, 1 where it is none; absurd ones are cut when it is placed."""
    value = look.values.get(name, "")[:6].strip()
    return int(value) if value.isascii() and value.isdigit() else 1
