"""Rows, list items and lines of a clinical section as entries: one a medication, problem, measurement …"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from ..model import Cell, Table
from ..patterns import regex
from .codes import is_code, split_codes
from .columns import Layout, Rows, column_role, layout_of
from .dates import DATE
from .head import label_role
from .lines import TOLD_BELOW, joined_lines, line_entries, remarks, split_remarks
from .measures import measures, running_measures
from .parts import MEASURED, Entry, Part, lines_of, part_of
from .rows import (
    Remarks,
    body_rows,
    is_translation,
    joins,
    name_part,
    parted_at_headers,
    parted_beside,
    row_codes,
    row_parts,
)
from .sections import ClinicalSection
from .terms import ABSENCE, NOT_GIVEN

_NO_DATA = regex(r"\W*no data\W*$", re.IGNORECASE)
_LONGEST_ROW = 10
"""Words of a line that may be a row; a longer one is prose."""
_LONGEST_ABSENCE = 12
"""Words of a statement that there is none; a longer text that begins with "no" says more."""


def entries(section: ClinicalSection) -> list[Entry]:
    """All entries of a section: of its tables, else of its list items and its lines."""
    kind = section.kind or ""
    found: list[Entry] = []
    layout: Layout | None = None
    before: Table | None = None
    for table in section.tables:
        if table.n_columns == 1:
            found.extend(_cell_entries(table, kind))
            continue
        parts = parted_at_headers(table.spanned_rows(), kind)
        for width, rows in [each for part in parts for each in parted_beside(part, kind, table.n_columns)]:
            own = layout_of(replace(table, n_columns=width), rows, kind)
            if layout is not None and own.continues(layout):
                own = own.under(layout)
            above = found[-1] if found and layout and layout.n_columns == own.n_columns else None
            broken = above if layout and own.continues(layout) and _on_next_page(table, before) else None
            before = table
            layout = own
            if kind in MEASURED:
                found.extend(measures(rows, own, kind, above, broken))
            elif _labels_beside(rows, kind):
                found.extend(_labelled_entries(rows, kind))
            else:
                found.extend(_row_entries(rows, own, above, broken))
    if found and kind in MEASURED:
        for text in section.texts:
            found.extend(_lone_rows(text, kind))
    if not found:
        for part, is_item in [(each, True) for each in section.items] + [
            (each, False) for each in section.texts
        ]:
            said = remarks(part, kind)
            if said is None:
                found.extend(_text_entries(part, kind, is_item))
            elif found:
                found[-1].parts = {**said, **found[-1].parts}
    if kind == "medications" and (told := TOLD_BELOW.fullmatch(section.title)):
        for entry in found:
            entry.parts.setdefault("status", Part(told["label"], -1, -1))
    return found


def _on_next_page(table: Table, before: Table | None) -> bool:
    return before is not None and before.page is not None and table.page == before.page + 1


def _cell_entries(table: Table, kind: str) -> Iterator[Entry]:
    """Entries of a table with one column, whose cells are read as list items are."""
    for cell in sorted(table.cells, key=lambda cell: cell.row):
        title = cell.row < table.header_rows or column_role(cell.text, kind)[0] == "name"
        if not title and cell.text.strip():
            yield from _text_entries(part_of(cell), kind, is_item=True)


def _text_entries(part: Part, kind: str, is_item: bool) -> Iterator[Entry]:
    if kind != "plan" and label_role(part.text.partition(":")[0]):
        return  # the patient's particulars, or the clinician's
    if kind in MEASURED:
        yield from running_measures(part, kind, 0.9 if kind == "vital_signs" else 0.75)
        return
    yield from line_entries(part, kind, is_item)


def _lone_rows(text: Part, kind: str) -> Iterator[Entry]:
    """The measurements of a line beside the tables: a row alone between two of them, as a page shows it."""
    if len(text.text.split()) > _LONGEST_ROW:
        return
    for entry in running_measures(text, kind, 0.75):
        entry.explicit = bool({"unit", "reference_range"} & entry.parts.keys())
        if entry.explicit or "." in entry.parts["value"].text:
            yield entry


def _row_entries(rows: Rows, layout: Layout, above: Entry | None, broken: Entry | None) -> Iterator[Entry]:
    """A row for each entry; ``above`` is the last of the table before, ``broken`` that of a page before."""
    remarks = Remarks(layout.n_columns, above)
    for number, (_, row) in enumerate(body_rows(rows, layout)):
        if number == 0 and broken is not None and joins(row, layout, broken):
            continue
        if remarks.takes(row):
            continue
        parts = row_parts(row, layout)
        codes = row_codes(row, layout)
        if is_translation(parts, codes, layout):
            if remarks.previous is not None:
                remarks.previous.codes.extend(codes)
            continue
        name = _name_cell(row, layout)
        if name is None:
            continue
        told = {**remarks.told(), **{role: part for role, part in parts.items() if role != "name"}}
        if not layout.roles:  # no headers: what begins with a date says when
            dates = (part_of(cell) for cell in row if DATE.match(cell.text))
            told.update({"date": date} if (date := next(dates, None)) else {})
        if layout.kind == "encounters":
            name = lines_of(name)[0]
        alone = sum(bool(cell.text.strip()) for cell in row) == 1
        for entry in _named(name, told, layout.kind, alone, 0.95 if layout.names else 0.7):
            entry.codes = [*codes, *entry.codes]
            remarks.previous = entry
            yield entry


def _name_cell(row: list[Cell], layout: Layout) -> Part | None:
    """The cell that names a row's entry; of a table without a column of names the first that is no date."""
    cells = {cell.column: name_part(cell, layout) for cell in row if cell.text.strip()}
    column = next((c for c in layout.names if c in cells), None)
    if column is None:
        if len(cells) == 1 or layout.names:  # a row that names a group, or the rest of a row broken by a page
            return None
        plain = [c for c in sorted(cells) if _may_name(cells[c].text)]
        others = plain if layout.kind in ("plan", "encounters") else ()  # elsewhere they say what of an entry
        column = next((c for c in plain if layout.roles.get(c) is None), next(iter(others), None))
    return cells.get(column) if column is not None else None


def _may_name(text: str) -> bool:
    """Whether a cell without a title may name an entry: it is no date, no code and no number of a row."""
    return bool(re.search("[A-Za-z]", text)) and not DATE.match(text) and not is_code(text)


def _named(name: Part, told: dict[str, Part], kind: str, alone: bool, score: float) -> Iterator[Entry]:
    """The entry a cell names; one a line where the cell stands alone in its row."""
    if NOT_GIVEN.match(name.text) or _NO_DATA.match(name.text):
        return
    for piece in joined_lines(name, is_item=False) if alone else [name]:
        named, said = split_remarks(piece, kind, told)
        named, codes = split_codes(named)
        if not re.search("[A-Za-z]" if kind == "encounters" else "[A-Za-z]{2}", named.text):  # "E": emergency
            continue
        entry = Entry(kind, named, {**said, **told}, codes, score)
        entry.absence = bool(ABSENCE.match(named.text)) and len(named.text.split()) <= _LONGEST_ABSENCE
        yield entry


def _labels_beside(rows: Rows, kind: str) -> bool:
    """Whether a table's first column names what stands beside it: ``Substance | Quinzine``."""
    first = [row[0].text for row in rows.values() if row and row[0].column == 0 and len(row) > 1]
    roles = [column_role(text, kind) for text in first]
    named = any(role == "name" and rank <= 2 for role, rank in roles)
    beside = next((row[1:] for row in rows.values() if len(row) > 1), [])
    heads = any(column_role(cell.text, kind)[0] for cell in beside)
    return named and len(first) >= 2 and all(role is not None for role, _ in roles) and not heads


def _labelled_entries(rows: Rows, kind: str) -> Iterator[Entry]:
    """An entry for each run of labels, in each column beside them."""
    columns = sorted({cell.column for row in rows.values() for cell in row[1:]})
    for column in columns:
        said: dict[str, Part] = {}
        codes: list[dict[str, str]] = []
        for row in [*rows.values(), []]:
            role = column_role(row[0].text, kind)[0] if row else None
            shown = next((part_of(cell) for cell in row[1:] if cell.column == column), None)
            if (role is None or role in said) and "name" in said:
                name = said.pop("name")
                several = not said and re.search(r"[;\n]", name.text)
                made = line_entries(name, kind, False) if several else _named(name, said, kind, False, 0.9)
                for entry in made:
                    entry.codes = [*codes, *entry.codes]
                    yield entry
                said, codes = {}, []
            if role == "code" and shown is not None:
                codes.extend(row_codes([row[1]], _code_layout(row, kind)))
            elif role and shown is not None and shown.text and role not in said:
                said[role] = shown


def _code_layout(row: list[Cell], kind: str) -> Layout:
    """The layout of a label for a code and the code beside it."""
    return Layout(kind, -1, {row[1].column: "code"}, [], 2, {row[1].column: row[0].text})
