"""Strategies that look at tables and at pairs of names and values.

``table_cell``  the cell where a row (``row``) meets a column (``column``; default the first with a value)
``table_rows``  a list of objects, one a row: ``columns`` gives each key the pattern of its column's heading
``key_values``  every pair of a name and a value in lines and forms, as objects with name and value
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..candidates import Candidate, Context, strategy
from ..model import Cell, Document, Table
from ..patterns import regex
from ..pieces import Piece, beside, by_labels, pieces

if TYPE_CHECKING:
    from ..profile import Field

_PAIR = regex(
    r"^\W{0,3}(?P<name>(?!(?:Table|Figure|Fig\.|Chart)\s+\d|[a-zß-öø-ÿ])[^\W\d_][^:\n]{1,48}?)"
    r"\s*:\s+(?P<value>\S[^\n]{0,199})$"
)


_NEXT = regex(
    r"(?:\s{2,}|\s*[\t|;]\s*|(?P<alone>\s))"
    r"(?P<name>[A-Z][\w.#/-]{0,20}(?: (?:[A-Z#(]|of\b|of the\b)[\w.#/()-]{0,20}){0,3}):\s+"
)
"""The name of the next pair in a line; ``alone`` where nothing but a space parts it from the value before."""
_DOTTED = regex(
    r"^\W{0,3}(?P<name>[A-Z][^.:\n]{1,48}?)\s*(?:\.\s?){4,}\s*(?P<value>(?!\d{1,4}\s*$)[^\s.][^\n]{0,99})$"
)
"""A pair with dots between; a page's number behind them is of a table of contents."""
_LABEL = regex(r"(?=.*[^\W\d_]{2})[^:\n]{2,48}:?")
_TELLING = regex(
    r"(?P<name>(?!Page|Th[ei]|An? )[A-Z][\w.]{0,20}(?: [\w.]{1,20}){0,2}?"
    r"(?: ?#|(?i: no\.| nr\.?| number| date| id))|Date|No\.)"
    r"\s+(?P<value>(?:\S{1,20} ){0,3}\S{0,20}\d\S{0,12})"
)
"""A line of a label that says by itself that a number or a date follows, and that."""
_FIGURE = regex(r"\W{0,6}(?:[A-Z]{3})?\W{0,6}\d[\d.,'’\s]*\W{0,4}(?:[A-Z]{3}|[CD]R)?")
"""An amount, with its currency as a sign or a code."""
_DIGIT = regex(r"\d")
_SAYS = regex(r"[^\W_]")
"""What blanks for a signature have none of."""
_NAME_WORDS, _VALUE = 6, 200


def _compiled(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE)


def _tables(document: Document, spec: dict[str, Any]) -> Iterator[Table]:
    """Tables whose caption or text matches ``table``; all without it."""
    wanted = _compiled(spec["table"]) if spec.get("table") else None
    for block in document.blocks:
        if block.table is not None and (
            wanted is None or wanted.search(f"{block.table.caption or ''}\n{block.text}")
        ):
            yield block.table


def _cell_candidate(cell: Cell, table: Table, score: float) -> Candidate:
    context = {"scale": table.scale, "currency": table.currency}
    return Candidate(cell.text, score * table.confidence, cell.start, cell.end, context=context)


@strategy("table_cell")
def table_cell(
    document: Document, spec: dict[str, Any], field: Field, context: Context
) -> Iterator[Candidate]:
    """Cells in rows whose first text matches ``row``, under headings that match ``column``: those of the
    first row, where a table marks none."""
    row = _compiled(spec["row"])
    column = _compiled(spec["column"]) if spec.get("column") else None
    for table in _tables(document, spec):
        headings, first = _headings(table) if column is not None else ([], 0)
        score = 0.85 if column is not None and table.header_rows else 0.75
        for number, cells in table.by_row().items():
            texts = [cell for cell in cells if cell.text.strip()]
            if number < first or not texts or not row.search(texts[0].text):
                continue
            own = [] if column is None else texts[:1]
            for cell in [*texts[1:], *own]:
                if column is None or column.search(headings[cell.column]):
                    yield _cell_candidate(cell, table, score)
                    break


@strategy("table_rows")
def table_rows(
    document: Document, spec: dict[str, Any], field: Field, context: Context
) -> Iterator[Candidate]:
    """The rows of every table that has at least two of the columns (or ``least`` of them)."""
    wanted = {key: _compiled(text) for key, text in spec["columns"].items()}
    least = int(spec.get("least", min(2, len(wanted))))
    skip = _compiled(spec["until"]) if spec.get("until") else None
    carried: dict[str, int] = {}
    for table in _tables(document, spec):
        columns, first = _columns(table, wanted)
        if len(columns) < least:
            if not (table.continues and carried):
                carried = {}
                continue
            columns, first = carried, table.header_rows
        carried = columns
        for number, cells in table.by_row().items():
            if number < first:
                continue
            by_column = {cell.column: cell for cell in cells}
            if skip is not None and any(skip.search(cell.text) for cell in cells):
                break
            row = {
                key: by_column[at]
                for key, at in columns.items()
                if at in by_column and by_column[at].text.strip()
            }
            if len(row) >= least:
                yield _object(row, table)


def _columns(table: Table, wanted: dict[str, re.Pattern[str]]) -> tuple[dict[str, int], int]:
    """Each key's column and the first row below the headings."""
    headings, first = _headings(table)
    columns: dict[str, int] = {}
    for key, expression in wanted.items():
        at = next(
            (i for i, text in enumerate(headings) if i not in columns.values() and expression.search(text)),
            None,
        )
        if at is not None:
            columns[key] = at
    return columns, first


def _headings(table: Table) -> tuple[list[str], int]:
    """The columns' headings and the first row below them; a table that marks no header rows may have them in
    its first row."""
    if table.header_rows or not table.n_rows:
        return table.header(), table.header_rows
    return table.grid()[0], 1


def _object(row: dict[str, Cell], table: Table) -> Candidate:
    parts = {key: _cell_candidate(cell, table, 0.8) for key, cell in row.items()}
    cells = list(row.values())
    value = {key: " ".join(cell.text.split()) for key, cell in row.items()}
    return Candidate(
        cells[0].text,
        0.8 * table.confidence,
        cells[0].start,
        cells[0].end,
        value=value,
        ranges=[(cell.start, cell.end) for cell in cells[1:]],
        parts=parts,
    )


@strategy("key_values")
def key_values(
    document: Document, spec: dict[str, Any], field: Field, context: Context
) -> Iterator[Candidate]:
    """``Name: value``, several to a line, or with dots between them; a label with its value beside it;
    the rows of a form of two columns, and the totals below a bill's."""
    seen: set[tuple[str, str]] = set()
    for name, value, start, score in _pairs(pieces(document, context)):
        name, shown = " ".join(name.split()), " ".join(value.split())
        if len(name.split()) <= _NAME_WORDS and _SAYS.search(shown) and (name, shown) not in seen:
            seen.add((name, shown))
            pair = {"name": name, "value": shown}
            yield Candidate(shown, score, start, start + len(value), value=pair)


def _pairs(found: list[Piece]) -> Iterator[tuple[str, str, int, float]]:
    """(name, value, where the value begins, score) of every pair."""
    forms: dict[int, bool] = {}
    totals: dict[int, dict[int, Cell]] = {}
    for index, whole in enumerate(found):
        for piece in by_labels(whole):
            yield from _pairs_of(piece, index, found, forms, totals)


def _pairs_of(
    piece: Piece, index: int, found: list[Piece], forms: dict[int, bool], totals: dict[int, dict[int, Cell]]
) -> Iterator[tuple[str, str, int, float]]:
    """The pairs of a piece, or of a part of one; ``forms`` and ``totals`` are what is known of tables."""
    match = _PAIR.match(piece.text)
    dotted = None
    if match is None and piece.cell is None:
        dotted = _DOTTED.match(piece.text) or _TELLING.fullmatch(piece.text)
    if match is not None:
        for name, value, first in _one_by_one(match):
            yield name, value, piece.start + first, 0.6
    elif dotted is not None:
        yield dotted["name"], dotted["value"], piece.start + dotted.start("value"), 0.6
    elif piece.text.rstrip().endswith(":"):
        other = beside(index, found) if piece.end == found[index].end else None
        if other is not None and _next_to(piece, other) and not other.text.rstrip().endswith(":"):
            yield piece.text.rstrip(" :"), other.text, other.start, 0.6
    elif piece.cell is not None and (total := _totals(piece, totals).get(id(piece.cell))) is not None:
        yield piece.text, total.text, total.start, 0.5
    elif piece.cell is not None and piece.cell.header and (below := _below_head(piece)) is not None:
        yield piece.text, below.text, below.start, 0.5
    elif piece.cell is not None and not piece.cell.column % 2 and _in_form(piece, forms):
        other = beside(index, found)
        if other is not None and _next_to(piece, other) and len(other.text) < _VALUE:
            yield piece.text, other.text, other.start, 0.5


def _next_to(piece: Piece, other: Piece) -> bool:
    """Whether no empty cell stands between two of a row."""
    if piece.cell is None or other.cell is None:
        return True
    return other.cell.column <= piece.cell.column + piece.cell.colspan


def _one_by_one(match: re.Match[str]) -> Iterator[tuple[str, str, int]]:
    """The pairs of a line that begins with one, each value up to the next name, and where it begins."""
    name, text, offset = match["name"], match["value"], match.start("value")
    begin = 0
    for other in _NEXT.finditer(text):
        value = text[begin : other.start()].rstrip(" |;\t")
        if not value or (other["alone"] and not value[-1].isdigit()):
            continue  # where a name ends and a label begins can't be told
        yield name, value, offset + begin
        name, begin = other["name"], other.end()
    if text[begin:].strip():
        yield name, text[begin:].rstrip(), offset + begin


def _totals(piece: Piece, known: dict[int, dict[int, Cell]]) -> dict[int, Cell]:
    """The totals of a cell's table by their labels' cells: below its rows, a label and a figure in the last
    column, as a bill ends; looked at once."""
    table = piece.table
    if table is None:
        return {}
    if id(table) not in known:
        rows = [[cell for cell in row if cell.text.strip()] for _, row in sorted(table.by_row().items())]
        most = max(map(len, rows[table.header_rows :]), default=0)
        full = [at for at, row in enumerate(rows) if at >= table.header_rows and len(row) == most > 2]
        known[id(table)] = {
            id(row[0]): row[1]
            for row in rows[full[-1] + 1 if full else len(rows) :]
            if len(row) == 2
            and row[1].column == table.n_columns - 1
            and _FIGURE.fullmatch(row[1].text.strip())
            and _LABEL.fullmatch(row[0].text.strip())
        }
    return known[id(table)]


def _below_head(piece: Piece) -> Cell | None:
    """What stands below a head in a table of one row, each of whose columns has both."""
    table, head = piece.table, piece.cell
    if table is None or head is None or (table.n_rows, table.header_rows) != (2, 1):
        return None
    if len(table.cells) != 2 * table.n_columns or not _LABEL.fullmatch(head.text.strip()):
        return None
    return next((each for each in table.cells if each.row and each.column == head.column), None)


def _in_form(piece: Piece, known: dict[int, bool]) -> bool:
    """Whether a cell's table is a form, looked at once."""
    if piece.table is None:
        return False
    if id(piece.table) not in known:
        known[id(piece.table)] = _is_form(piece.table)
    return known[id(piece.table)]


def _is_form(table: Table) -> bool:
    """Whether the rows of a table are labels, each with a value at its right: all different, and in words.

    Two such pairs stand beside one another where labels have no digits and values for the most part have.
    """
    filled = [cell for cell in table.cells if cell.text.strip()]
    rows = {cell.row for cell in filled}
    titles = {row for row in range(table.header_rows) if sum(cell.row == row for cell in filled) == 1}
    if table.n_columns not in (2, 4) or len(titles) < table.header_rows or len(rows - titles) < 2:
        return False
    labels = [cell.text.strip() for cell in filled if not cell.column % 2 and cell.row not in titles]
    if table.n_columns == 4:
        values = [cell.text for cell in table.cells if cell.column % 2]
        figures = sum(map(bool, map(_DIGIT.search, values)))
        if any(map(_DIGIT.search, labels)) or 2 * figures < len(values) or len(labels) < len(values):
            return False
    elif len(labels) < table.n_rows - len(titles):
        return False
    return len(set(labels)) == len(labels) and all(map(_LABEL.fullmatch, labels))
