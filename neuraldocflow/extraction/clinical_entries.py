"""Rows, list items and lines of a clinical section as entries: one a medication, problem, measurement …"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from .clinical_layout import Layout, layout_of, names_columns
from .clinical_sections import ClinicalSection
from .clinical_terms import ABSENCE, NOT_GIVEN, VITAL, title_words
from .clinical_values import (
    Part,
    named_quantities,
    named_vitals,
    pressures,
    quantity,
    split_codes,
    split_range,
    unit_in,
)
from .model import Cell, Table

MEASURED = ("vital_signs", "results")
_DATE = re.compile(
    r"^\W*(?:\d{1,4}[-/.]\s?\d{1,2}[-/.]\s?\d{1,4}|(?:[A-Z][a-z]{2,8}\.? )?(?:\d{1,2},? )?(?:19|20)\d\d)\b"
)
_BULLET = re.compile(r"^[\s•*·▪◦-]+|^\(?\d{1,2}[.)]\s+")
_ITEM_TAIL = re.compile(
    r"\s*(?::|\s[-–—]|,|\()\s*(?=(?:active|inactive|resolved|chronic|acute|controlled|stable|since|onset|"
    r"status|diagnosed|completed|reaction|hives|rash|nausea|anaphyla|swelling|itching|wheez|mild"
    r"|moderate|severe|unknown reaction|"
    r"shortness|(?:on |in )?\(?\d{1,2}/\d|(?:19|20)\d\d\b))",
    re.IGNORECASE,
)
_DIRECTIONS = re.compile(
    r"\s*(?:[,;:–—]|\s-)?\s+(?=(?:sig\b|take|inhale|inject|apply|use|instil+|insert|"
    r"chew|place|by mouth|p\.?o\.?|once|twice|every|daily|nightly|"
    r"\d+ (?:tab|cap|puff|spray|drop)\w*|[bt]\.?i\.?d|q\d|qhs|qd)\b)",
    re.IGNORECASE,
)


@dataclass(slots=True)
class Entry:
    """One item of a section. ``name`` is as written; ``parts`` holds what else the row says, by role."""

    kind: str
    name: Part
    parts: dict[str, Part] = field(default_factory=dict)
    codes: list[dict[str, str]] = field(default_factory=list)
    score: float = 0.9
    unit: str | None = None
    """Where it is not written beside the value: of the column header or the reference range."""
    absence: bool = False
    """It states that there is none."""
    explicit: bool = True
    """For a measurement: its unit, range or column says that it is one."""

    def unit_text(self) -> str | None:
        return self.parts["unit"].text if "unit" in self.parts else self.unit


def entries(section: ClinicalSection) -> list[Entry]:
    """All entries of a section: of its tables, else of its list items, else of its lines."""
    kind = section.kind or ""
    found: list[Entry] = []
    layout: Layout | None = None
    for table in section.tables:
        own = layout_of(table, kind)
        if layout is not None and own.continues(layout):
            header_row = own.header_row if own.roles else -1
            own = Layout(header_row, layout.roles, layout.names, layout.n_columns)
        layout = own
        found.extend(_table_entries(table, kind, own))
    if not found:
        for part in [*section.items, *section.texts]:
            found.extend(_text_entries(part, kind, part in section.items))
    return found


def _part(cell: Cell) -> Part:
    return Part(cell.text, cell.start, cell.end).cut(0, len(cell.text))


def _table_entries(table: Table, kind: str, layout: Layout) -> Iterator[Entry]:
    rows = table.by_row()
    header_row, roles, names = layout.header_row, layout.roles, layout.names
    if kind in MEASURED and header_row >= 0:
        columns = _measure_columns(rows[header_row], roles)
        if columns:
            yield from _matrix(rows, header_row, columns, kind)
            return
        if _has_date_columns(rows[header_row]):
            yield from _transposed(rows, header_row, kind)
            return
    previous: Entry | None = None
    repeated = {number for number, row in rows.items() if names_columns(row, kind)}
    for number, row in rows.items():
        if number <= header_row or number < table.header_rows or number in repeated:
            continue
        if number + 1 in repeated and sum(bool(cell.text.strip()) for cell in row) == 1:
            continue  # the title over a header that comes again
        cells = {cell.column: _part(cell) for cell in row if cell.text.strip()}
        if not cells:
            continue
        by_role: dict[str, Part] = {}
        for column in sorted(cells):
            role = roles.get(column)
            if role and role not in by_role and not (role != "name" and NOT_GIVEN.match(cells[column].text)):
                by_role[role] = cells[column]
        if _is_translation(by_role, roles):
            if previous is not None:
                previous.codes.extend(_row_codes(by_role))
            continue
        if kind in MEASURED:
            made = list(_measure_row(cells, by_role, roles, kind))
        else:
            made = list(_named_row(cells, by_role, names, kind))
        yield from made
        previous = made[-1] if made else None


def _is_translation(by_role: dict[str, Part], roles: dict[int, str]) -> bool:
    """Whether a row only gives another code for the entry above: a code, but no date, status or group."""
    if "code" not in by_role or "name" not in by_role:
        return False
    leading = {"group", "date", "status"} & set(roles.values())
    return len(leading) >= 2 and not leading & set(by_role)


def _row_codes(by_role: dict[str, Part]) -> list[dict[str, str]]:
    if "code" not in by_role:
        return []
    return [
        {
            "system": by_role["code_system"].text if "code_system" in by_role else "",
            "code": by_role["code"].text,
        }
    ]


def _named_row(
    cells: dict[int, Part], by_role: dict[str, Part], names: list[int], kind: str
) -> Iterator[Entry]:
    column = next((c for c in names if c in cells), None)
    if column is None:
        if len(cells) == 1 or names:  # a row that names a group, or the rest of a row broken by a page
            return
        column = next((c for c in sorted(cells) if not _DATE.match(cells[c].text)), None)
        if column is None:
            return
    cell = cells[column]
    if NOT_GIVEN.match(cell.text) or re.match(r"\W*no data\W*$", cell.text, re.IGNORECASE):
        return
    pieces = [cell]
    if "\n" in cell.text and len(cells) == 1:
        pieces = _lines(cell)
    for piece in pieces:
        name, codes = split_codes(piece)
        if not re.search(r"[A-Za-z]{2}", name.text):
            continue
        parts = {role: part for role, part in by_role.items() if role != "name"}
        entry = Entry(kind, name, parts, [*_row_codes(by_role), *codes], 0.95 if names else 0.7)
        entry.absence = bool(ABSENCE.match(name.text)) and len(name.text.split()) <= 12
        yield entry


def _lines(part: Part) -> list[Part]:
    """The lines of a text, bullets left out."""
    found = []
    for match in re.finditer(r"[^\n]+", part.text):
        line = part.cut(*match.span())
        bullet = _BULLET.match(line.text)
        found.append(line.cut(bullet.end(), len(line.text)) if bullet else line)
    return [line for line in found if line.text]


def _measure_row(
    cells: dict[int, Part], by_role: dict[str, Part], roles: dict[int, str], kind: str
) -> Iterator[Entry]:
    name = by_role.get("name")
    value = by_role.get("value")
    if name is not None and _DATE.match(name.text) and value is not None and quantity(value) is None:
        name = None  # a row that gives a whole panel in the cell beside its date
    if name is None or value is None:
        plain = [
            cells[c] for c in sorted(cells) if roles.get(c) in (None, "name", "value", "group", "comment")
        ]
        panel = [pair for cell in plain for line in _lines(cell) for pair in named_quantities(line)]
        if panel and not (len(plain) >= 2 and quantity(plain[1]) and not named_quantities(plain[0])):
            for title, amount in panel:
                if title.text and not _DATE.match(title.text) and amount.unit is not None:
                    parts = {"value": amount.value, "unit": amount.unit}
                    yield Entry(kind, title, {**_extras(by_role), **parts}, score=0.85)
            return
        if "value" in roles.values() or len(plain) < 2:
            return
        name, value = plain[0], plain[1]
    yield from _measurement(name, value, by_role, kind, "value" in roles.values())


def _extras(by_role: dict[str, Part]) -> dict[str, Part]:
    return {role: part for role, part in by_role.items() if role not in ("name", "value", "unit")}


def _measurement(
    name: Part, value: Part, by_role: dict[str, Part], kind: str, explicit: bool
) -> Iterator[Entry]:
    """One entry, or two of a blood pressure; none where the cell holds no value."""
    if ABSENCE.match(name.text) or _DATE.match(name.text) or not re.search(r"[A-Za-z]", name.text):
        return
    name, codes = split_codes(name)
    name, reference = split_range(name)
    extras = _extras(by_role)
    if reference is not None:
        extras.setdefault("reference_range", reference)
    codes = [*_row_codes(by_role), *codes]
    pair = pressures(value) if kind == "vital_signs" else None
    if pair is not None:
        systolic, diastolic, unit = pair
        unit = unit or by_role.get("unit")
        for label, part in (("Systolic", systolic), ("Diastolic", diastolic)):
            parts = {**extras, "value": part, "component": Part(label, part.start, part.end)}
            yield Entry(kind, name, parts | ({"unit": unit} if unit else {}), codes)
        return
    amount = quantity(value)
    if amount is None:
        if value.text and not NOT_GIVEN.match(value.text) and len(value.text) <= 60:
            yield Entry(kind, name, {**extras, "value": value}, codes, 0.5, explicit=False)
        return
    unit = by_role.get("unit") or amount.unit
    entry = Entry(kind, name, {**extras, "value": amount.value}, codes)
    if unit is not None:
        entry.parts["unit"] = unit
    elif "reference_range" in extras:
        entry.unit = unit_in(extras["reference_range"].text)
    entry.explicit = explicit or unit is not None or "reference_range" in extras
    yield entry


def _measure_columns(header: list[Cell], roles: dict[int, str]) -> dict[int, tuple[Part, str | None]]:
    """Columns that are each one measurement, such as ``HR(bpm)``: the name and the unit its header gives."""
    found: dict[int, tuple[Part, str | None]] = {}
    if "value" in roles.values():
        return {}
    for cell in header:
        text = re.sub(r"-\s+", "-", cell.text.replace("\n", " "))
        if not VITAL.search(text.split("(")[0]) or _DATE.match(text):
            continue
        whole = _part(cell)
        bracket = cell.text.find("(")
        name = whole.cut(0, bracket) if bracket > 0 else whole
        inner = re.search(r"\(\s*([^()]*?)\s*\)?\s*$", cell.text) if bracket > 0 else None
        found[cell.column] = (name, inner[1] if inner else None)
    return found if len(found) >= 2 else {}


def _matrix(
    rows: dict[int, list[Cell]], header: int, columns: dict[int, tuple[Part, str | None]], kind: str
) -> Iterator[Entry]:
    """Rows by date, a column for each measurement."""
    for number, row in rows.items():
        if number <= header:
            continue
        date = next((_part(cell) for cell in row if _DATE.match(cell.text)), None)
        for cell in row:
            if cell.column not in columns or not cell.text.strip():
                continue
            name, unit = columns[cell.column]
            by_role = {"date": date} if date else {}
            for entry in _measurement(name, _part(cell), by_role, kind, True):
                if "unit" not in entry.parts and unit:
                    entry.unit = unit
                entry.score = 0.8
                yield entry


def _has_date_columns(header: list[Cell]) -> bool:
    others = [cell for cell in header if cell.column > 0 and cell.text.strip()]
    return bool(others) and sum(bool(_DATE.match(cell.text)) for cell in others) * 2 > len(others)


def _transposed(rows: dict[int, list[Cell]], header: int, kind: str) -> Iterator[Entry]:
    """A row for each measurement, a column for each date."""
    dates = {cell.column: _part(cell) for cell in rows[header] if _DATE.match(cell.text)}
    for number, row in rows.items():
        if number <= header or not row:
            continue
        name = _part(row[0])
        for cell in row[1:]:
            if cell.text.strip():
                by_role = {"date": dates[cell.column]} if cell.column in dates else {}
                yield from _measurement(name, _part(cell), by_role, kind, True)


def _text_entries(part: Part, kind: str, is_item: bool) -> Iterator[Entry]:
    """Entries of a list item or a line of text."""
    if kind == "vital_signs":
        for name, value, unit in named_vitals(part):
            by_role = {"unit": unit} if unit else {}
            yield from _measurement(name, value, by_role, kind, True)
        return
    if kind == "results":
        for name, amount in named_quantities(part):
            parts = {"value": amount.value} | ({"unit": amount.unit} if amount.unit else {})
            yield Entry(kind, name, parts, score=0.75)
        return
    for piece in _pieces(part, kind, is_item):
        tail = (_DIRECTIONS if kind == "medications" else _ITEM_TAIL).search(piece.text)
        name = piece.cut(0, tail.start()) if tail and tail.start() > 2 else piece
        name, codes = split_codes(name)
        name = name.cut(0, len(name.text.rstrip(" .;,:")))
        if not re.search(r"[A-Za-z]{3}", name.text) or len(name.text.split()) > (14 if is_item else 10):
            continue
        if re.match(r"(?:see|refer|as above|reviewed|patient|the|he|she)\b", name.text, re.IGNORECASE):
            continue
        if ABSENCE.match(re.sub(r"^[\d/:.\s-]+", "", name.text)) or not title_words(name.text):
            continue
        said = "directions" if kind == "medications" else "status"
        parts = {said: piece.cut(tail.end(), len(piece.text))} if tail and tail.start() > 2 else {}
        yield Entry(kind, name, parts, codes, 0.8 if is_item else 0.6)


def _pieces(part: Part, kind: str, is_item: bool) -> list[Part]:
    lines = _lines(part)
    if is_item:
        return lines[:1]
    separator = (
        r"[;,]| and (?=\w+\W*$)|(?<=[a-z)])\. (?=[A-Z])"
        if kind == "allergies"
        else r";|(?<=[\w)])[.,]? (?=\d{1,2}\. [A-Z])"
    )
    found = []
    for line in lines:
        position = 0
        for match in [*re.finditer(separator, line.text), None]:
            piece = line.cut(position, match.start() if match else len(line.text))
            bullet = _BULLET.match(piece.text)
            found.append(piece.cut(bullet.end(), len(piece.text)) if bullet else piece)
            position = match.end() if match else 0
    return [piece for piece in found if piece.text]
