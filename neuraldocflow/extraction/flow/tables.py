"""Tables of documents without pages: cells placed on a grid, logical columns, header rows, captions."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from neuraldocflow.extraction import units
from neuraldocflow.extraction.model import Block, Cell, Table
from neuraldocflow.extraction.patterns import regex

MOST_COLUMNS = 1000
_MOST_STEPS = 1_000_000
_BEFORE = regex(r"(?:[A-Z]{0,3}[$€£¥]\s*\(?|\()$")
_AFTER = regex(r"[)%]{1,2}$|\)\s*%$|%\s*\)$")
_FIGURE = regex(r"[$€£¥(\d.—–-]")
AMOUNT = regex(
    r"(?:[A-Z]{0,3}[$€£¥]\s*)?\(?\s*[$€£¥]?\s*[+-]?(?:\d[\d,]*(?:\.\d+)?|\.\d+)\s*%?\s*\)?\s*%?$|[—–-]+$"
)
_YEAR = regex(r"(?:19|20)\d\d$")
_LETTERS = regex(r"[^\W\d_]{2}")
_BARE_SCALE = regex(r"(?:dollars )?(?:thousand|million|billion)s\b", re.IGNORECASE)
_SCALE_HINT = regex(
    r"milli|thousand|billion|000|[$€£¥]|dollar|euro|[Tk](?:EUR|CHF)|tausend|tsd|mio|mrd", re.I
)


@dataclass(slots=True)
class Placed:
    """A cell on the raw grid; ``content`` is the reader's own, carried along."""

    row: int
    column: int
    end: int
    rowspan: int
    text: str
    header: bool
    bold: bool
    content: list[Any]
    joined: list[tuple[str, list[Any]]] | None = None
    """The parts of a figure split over cells, each with its separator before it."""


class Grid:
    """Gives cells their places in the order they come, rows and columns spanned before taken into account."""

    def __init__(self) -> None:
        self.cells: list[Placed] = []
        self.row = -1
        self.column = 0
        self.overflow = False
        self._taken: dict[int, int] = {}
        self._steps = 0

    def next_row(self) -> None:
        self.row += 1
        self.column = 0

    def place(
        self, colspan: int, rowspan: int, text: str, header: bool, bold: bool, content: list[Any]
    ) -> None:
        """Puts a cell at the row's next free column. Absurd spans are cut; too wide a table overflows."""
        self.row = max(self.row, 0)
        while self._taken.get(self.column, -1) >= self.row:
            self.column += 1
            self._steps += 1
        colspan = min(max(colspan, 1), 100)
        if self.column + colspan > MOST_COLUMNS or self._steps > _MOST_STEPS:
            self.overflow = True
            self.column = 0
        cell = Placed(
            self.row,
            self.column,
            self.column + colspan,
            min(max(rowspan, 1), 5000),
            text,
            header,
            bold,
            content,
        )
        self.cells.append(cell)
        if cell.rowspan > 1:
            for column in range(cell.column, cell.end):
                self._taken[column] = self.row + cell.rowspan - 1
        self.column += colspan


def join_figures(cells: list[Placed]) -> list[Placed]:
    """The filled cells, "$" | "1,234" | ")" made one: filings align signs in columns of their own."""
    found: list[Placed] = []
    for cell in cells:
        if not cell.text:
            continue
        before = (
            found[-1] if found and found[-1].row == cell.row and found[-1].rowspan == cell.rowspan else None
        )
        if before is not None and len(cell.text) <= 4 and _AFTER.match(cell.text) and len(before.text) < 40:
            if before.text[-1:].isdigit() or before.text[-1:] in ")%—–-":
                _absorb(before, cell, "")
                continue
        elif (
            before is not None
            and len(before.text) <= 5
            and len(cell.text) < 40
            and _BEFORE.match(before.text)
            and _FIGURE.match(cell.text)
        ):
            _absorb(before, cell, "" if before.text.endswith("(") else " ")
            continue
        found.append(cell)
    return found


def _absorb(before: Placed, cell: Placed, separator: str) -> None:
    if before.joined is None:
        before.joined = [("", before.content)]
    before.joined.append((separator, cell.content))
    before.text += separator + cell.text
    before.end = cell.end
    before.bold = before.bold and cell.bold


def logical_columns(cells: list[Placed]) -> dict[int, int]:
    """Raw column → logical column, for every column a filled cell starts in.

    Columns nothing starts in vanish. Two neighbours are one where a narrow cell covers both and no row has
    two different cells in them: a number beside the place of its "$", a label indented by an empty cell.
    """
    starts = sorted({cell.column for cell in cells})
    position = {column: index for index, column in enumerate(starts)}
    covers: list[dict[int, int]] = [{} for _ in starts]
    bridged: set[int] = set()
    for number, cell in enumerate(cells):
        first = position[cell.column]
        last = bisect_left(starts, cell.end) - 1
        narrow = last - first <= 4 and (first > 0 or last < len(starts) - 1)
        for index in range(first, last + 1) if narrow else (first, last):
            for row in range(cell.row, cell.row + min(cell.rowspan, 200)):
                covers[index][row] = number
        if narrow:
            bridged.update(range(first, last))
    groups: dict[int, int] = {}
    group = 0
    held: dict[int, int] = {}
    for index, column in enumerate(starts):
        rows = covers[index]
        alike = (
            index > 0
            and index - 1 in bridged
            and all(held.get(row, cell) == cell for row, cell in rows.items())
        )
        if index and not alike:
            group += 1
            held = {}
        held.update(rows)
        groups[column] = group
    return groups


def build_table(
    cells: list[Placed], caption: str | None, declared_rows: int
) -> tuple[Table, list[tuple[Placed, Cell]]]:
    """The table of filled cells, and which cell each became. Rows without text vanish."""
    groups = logical_columns(cells)
    starts = sorted(groups)
    rows = {row: index for index, row in enumerate(sorted({cell.row for cell in cells}))}
    kept = sorted(rows)
    made: list[tuple[Placed, Cell]] = []
    for placed in cells:
        first = groups[placed.column]
        last = groups[starts[bisect_left(starts, placed.end) - 1]]
        row = rows[placed.row]
        rowspan = 1 if placed.rowspan == 1 else max(bisect_left(kept, placed.row + placed.rowspan) - row, 1)
        made.append((placed, Cell(row, first, placed.text, rowspan, last - first + 1, placed.header)))
    table = Table([cell for _, cell in made], len(rows), max(groups.values()) + 1, caption=caption)
    declared = sum(1 for row in rows if row < declared_rows)
    table.header_rows = declared if 0 < declared < len(rows) else _header_rows(made, table)
    for _, cell in made:
        cell.header = cell.header or cell.row < table.header_rows
    return table, made


def _header_rows(made: list[tuple[Placed, Cell]], table: Table) -> int:
    """How many rows at the top name the columns: cells marked as headers, else bold or over the figures."""
    rows: dict[int, list[tuple[Placed, Cell]]] = {}
    for pair in made:
        rows.setdefault(pair[1].row, []).append(pair)
    marked = 0
    while marked < table.n_rows - 1 and all(placed.header for placed, _ in rows[marked]):
        marked += 1
    if marked:
        return marked
    beside = [cell for _, cell in made if cell.column > 0]
    figures = sum(_is_figure(cell.text) for cell in beside) >= 0.25 * len(beside)
    count = 0
    for number in range(min(table.n_rows - 1, 6)):
        row = rows[number]
        cells = [cell for _, cell in row]
        below = [cell for _, cell in rows.get(number + 1, [])]
        if any(_is_figure(cell.text) for cell in cells if cell.column > 0):
            break
        if below and all(cell.text.startswith("(") for cell in below) and not figures:
            break  # values with what they are below them
        if len(cells) > 1 or cells[0].column > 0:
            bold = len(cells) > 1 and all(placed.bold for placed, _ in row)
            years = len(cells) > 1 and all(_YEAR.match(cell.text) for cell in cells)
            if figures or bold or years or (number == 0 and _names_columns(cells, table)):
                count = number + 1
            elif cells[0].column == 0:
                break
        elif number:
            break  # a title over the body, not over columns
    return count


def _names_columns(cells: list[Cell], table: Table) -> bool:
    """Whether a first row without figures below it may be headers: every column short words of its own."""
    return (
        table.n_columns > 2
        and len(cells) == table.n_columns
        and all(len(cell.text) < 80 and _LETTERS.search(cell.text) for cell in cells)
    )


def _is_figure(text: str) -> bool:
    return len(text) < 30 and AMOUNT.match(text) is not None and _YEAR.match(text) is None


def describe_tables(blocks: list[Block]) -> None:
    """Gives tables their scale and currency, and a caption where they have none, from what stands above."""
    for index, block in enumerate(blocks):
        table = block.table
        if table is None:
            continue
        above = list(_titles(blocks[max(0, index - 4) : index]))
        if table.caption is None and above:
            table.caption = " ".join(above[-2:])
        heads = [cell.text[:200] for cell in table.cells if cell.row <= table.header_rows]
        heads = [f"in {text}" if _BARE_SCALE.match(text) else text for text in heads]
        words = " ".join([table.caption or "", *(text[-300:] for text in above), *heads])
        if _SCALE_HINT.search(words):
            table.scale, table.currency = units.parse_scale(words)


def _titles(blocks: list[Block]) -> Iterable[str]:
    """Short lines right above a table, the nearest last; a paragraph of prose or a table ends them."""
    found: list[str] = []
    for block in reversed(blocks):
        if block.table is not None or block.kind == "list_item" or len(block.text) > 200:
            break
        if not block.text.isdigit():  # a page's number
            found.append(block.text)
    return reversed(found)
