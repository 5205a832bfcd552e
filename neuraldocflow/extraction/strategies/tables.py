"""Strategies that look at tables and at pairs of names and values.

``table_cell``  the cell where a row (``row``) meets a column (``column``; default the first with a value)
``table_rows``  a list of objects, one a row: ``columns`` gives each key the pattern of its column's heading
``key_values``  every ``name: value`` pair of the document, as objects with name and value
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..candidates import Candidate, Context, strategy
from ..model import Cell, Document, Table
from ..patterns import regex
from ..pieces import pieces

if TYPE_CHECKING:
    from ..profile import Field

_PAIR = regex(r"^\W{0,3}(?P<name>[A-Z][^:\n]{1,48}?)\s*:\s+(?P<value>\S[^\n]{0,199})$")


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
    """Cells in rows whose first text matches ``row``, under headings that match ``column``."""
    row = _compiled(spec["row"])
    column = _compiled(spec["column"]) if spec.get("column") else None
    for table in _tables(document, spec):
        header = table.header()
        for cells in table.by_row().values():
            texts = [cell for cell in cells if cell.text.strip()]
            if not texts or not row.search(texts[0].text):
                continue
            for cell in texts[1:]:
                if column is None or column.search(header[cell.column]):
                    yield _cell_candidate(cell, table, 0.85 if column is not None else 0.75)
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
    """Each key's column and the first row below the headings; a table that marks no header rows
    may have them in its first row."""
    headings, first = table.header(), table.header_rows
    if not table.header_rows and table.n_rows:
        headings, first = table.grid()[0], 1
    columns: dict[str, int] = {}
    for key, expression in wanted.items():
        at = next(
            (i for i, text in enumerate(headings) if i not in columns.values() and expression.search(text)),
            None,
        )
        if at is not None:
            columns[key] = at
    return columns, first


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
    """Lines of the form ``Name: value``, and rows of two cells of which the first ends with a colon."""
    seen: set[tuple[str, str]] = set()
    found = pieces(document, context)
    for index, piece in enumerate(found):
        match = _PAIR.match(piece.text)
        if match is not None:
            name, value, start = match["name"], match["value"], piece.start + match.start("value")
        elif piece.cell is not None and piece.text.rstrip().endswith(":") and index + 1 < len(found):
            other = found[index + 1]
            if other.table is not piece.table or other.cell is None or other.cell.row != piece.cell.row:
                continue
            name, value, start = piece.text.rstrip(" :"), other.text, other.start
        else:
            continue
        name, shown = " ".join(name.split()), " ".join(value.split())
        if len(name.split()) <= 6 and (name, shown) not in seen:
            seen.add((name, shown))
            yield Candidate(shown, 0.6, start, start + len(value), value={"name": name, "value": shown})
