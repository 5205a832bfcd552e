"""Measurements in the tables of clinical documents: by row, by column, by date, a panel in a cell."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from ..model import Cell
from ..patterns import regex
from .codes import Code, split_codes
from .columns import Layout, Rows
from .dates import DATE, OCCASION, date_in
from .lines import labelled_parts
from .parts import Entry, Part, lines_of, part_of
from .rows import Remarks, body_rows, is_translation, joins, row_codes, row_parts
from .terms import ABSENCE, NOT_GIVEN, VITAL
from .values import (
    Quantity,
    named_quantities,
    named_vitals,
    pressures,
    quantity,
    split_range,
    split_unit,
    unit_alone,
    unit_first,
    unit_in,
)

_ORDINAL = regex(r"[1-9]\d?$")
_SODIUM = regex(r"na\+?\W*$", re.IGNORECASE)
"""Written as an absence may be: with a quantity beside it, it is the element."""
_FLAG_LETTER = regex(r"[HL]$")
_FOUND_IN_LINE = regex(
    r"\W*(?P<name>[A-Za-z][^:\n]{1,60}?)\s*:\s*(?P<value>(?:negative|positive|(?:non-?)?reactive"
    r"|(?:not )?detected|trace"
    r"|normal|abnormal|none seen|no growth|clear|within normal limits)\b[^\n;,.]{0,30})",
    re.IGNORECASE,
)
_LONGEST_FINDING = 60
"""Characters of a result in words; longer ones are reports."""


def measures(
    rows: Rows, layout: Layout, kind: str, above: Entry | None = None, broken: Entry | None = None
) -> Iterator[Entry]:
    """The measurements of a table whose columns are known.

    ``above`` is the last of the table before, ``broken`` that of a page before.
    """
    valued = [column for column, role in layout.roles.items() if role == "value"]
    if len(valued) >= 2 and all(date_in(layout.titles.get(column, "")) for column in valued):
        yield from _by_occasion(rows, layout, valued, kind)
        return
    if not valued:
        readings = _columns_of_readings(rows, layout)
        dated = [column for column in readings if _is_occasion(layout.titles[column])]
        named = [column for column in readings if column not in dated]
        if dated and len(dated) >= len(named):
            yield from _by_occasion(rows, layout, dated, kind)
            return
        if "name" not in layout.roles.values() and _name_measurements(named, layout):
            yield from _by_column(rows, layout, named, kind)
            return
    yield from _by_row(rows, layout, kind, above, broken)


def _is_occasion(title: str) -> bool:
    """Whether a column's title is a date, or its number where the latest comes first."""
    return bool(DATE.match(title) or OCCASION.match(title) or _ORDINAL.match(title))


def _columns_of_readings(rows: Rows, layout: Layout) -> list[int]:
    """Columns with a title that tells no role, most of whose cells hold a number or a short finding."""
    seen: dict[int, list[bool]] = {}
    for _, row in body_rows(rows, layout):
        for cell in row:
            if cell.text.strip() and not NOT_GIVEN.match(cell.text):
                text = part_of(cell)
                seen.setdefault(cell.column, []).append(
                    (not DATE.match(text.text) and _is_value(text))
                    or _is_occasion(layout.titles.get(cell.column, ""))
                )
    return [
        column
        for column, title in sorted(layout.titles.items())
        if (layout.roles.get(column) is None or DATE.match(title))
        and seen.get(column)
        and sum(seen[column]) * 2 > len(seen[column])
    ]


def _name_measurements(columns: list[int], layout: Layout) -> bool:
    """Whether the titles of some columns of readings say what was measured."""
    return len(columns) >= 2 or any(VITAL.search(layout.titles[column]) for column in columns)


def _by_column(rows: Rows, layout: Layout, columns: list[int], kind: str) -> Iterator[Entry]:
    """Rows by date, a column for each measurement; its title may give the unit."""
    heads: dict[int, tuple[Part, str | None]] = {}
    for column in columns:
        whole = part_of(layout.headers[column])
        title = re.sub(r"(?<=\w)-\s+", "-", " ".join(layout.titles[column].split()))
        name, unit = split_unit(Part(title, whole.start, whole.end), kind)
        inside = whole.text.startswith(name.text)
        place = whole.cut(0, len(name.text)) if inside else whole
        heads[column] = Part(name.text, place.start, place.end), unit
    for _, row in body_rows(rows, layout):
        parts = {role: part for role, part in row_parts(row, layout).items() if role != "code"}
        date = next((part_of(cell) for cell in row if DATE.match(cell.text)), None)
        if date is not None:
            parts.setdefault("date", date)
        for cell in row:
            if cell.column in heads and cell.text.strip():
                name, unit = heads[cell.column]
                yield from _measurement(name, part_of(cell), parts, kind, True, unit)


def _by_occasion(rows: Rows, layout: Layout, columns: list[int], kind: str) -> Iterator[Entry]:
    """A row for each measurement, a column for each date or each of the latest times."""
    dates = {
        column: part_of(layout.headers[column])
        for column in columns
        if not _ORDINAL.match(layout.titles[column])
    }
    remarks = Remarks(layout.n_columns)
    for _, row in body_rows(rows, layout):
        if remarks.takes(row):
            continue
        parts = row_parts(row, layout)
        name = parts.get("name") or (part_of(row[0]) if row[0].column not in columns else None)
        if name is None:
            continue
        codes = row_codes(row, layout)
        flags = {cell.column - 1: part_of(cell) for cell in row if layout.roles.get(cell.column) == "flag"}
        if flags.keys() & set(columns):
            parts.pop("flag", None)
        for cell in row:
            if cell.column in columns and cell.text.strip():
                told = {"date": dates[cell.column]} if cell.column in dates else {}
                if cell.column in flags:
                    told["flag"] = flags[cell.column]
                made = list(
                    _measurement(name, part_of(cell), {**remarks.told(), **parts, **told}, kind, True)
                )
                for entry in made:
                    entry.codes.extend(codes)
                yield from made


def _by_row(
    rows: Rows, layout: Layout, kind: str, above: Entry | None, broken: Entry | None
) -> Iterator[Entry]:
    """A row for each measurement, or for each date with a panel in the cell beside it."""
    valued = "value" in layout.roles.values()
    remarks = Remarks(layout.n_columns, above)
    date: Part | None = None
    for number, (_, row) in enumerate(body_rows(rows, layout)):
        if (number == 0 and broken is not None and joins(row, layout, broken)) or remarks.takes(row):
            continue
        parts, codes = row_parts(row, layout), row_codes(row, layout)
        if is_translation(parts, codes, layout):
            if remarks.previous is not None:
                remarks.previous.codes.extend(codes)
            continue
        if "name" not in parts and "value" in parts:  # it stands in the next best column
            others = {cell.column: part_of(cell) for cell in row if cell.text.strip()}
            column = next((c for c in layout.names if c in others), None)
            if column is not None:
                parts["name"] = others[column]
        name, value = parts.get("name"), parts.get("value")
        filled = [cell for cell in row if cell.text.strip()]
        if valued and name is not None and _valueless(filled, layout) and not _panel(filled, layout, kind):
            remarks.group = name
            continue
        if name is not None and DATE.match(name.text) and value is not None and quantity(value) is None:
            name = None  # a row that gives a whole panel in the cell beside its date
        if name is not None and value is not None and list(_several(value, kind)):
            name = None
        if name is None or value is None:
            panel = _panel(filled, layout, kind)
            if panel:
                for entry in _panel_entries(panel, {**remarks.told(), **parts}, kind):
                    remarks.previous = entry
                    yield entry
                continue
            plain = [part_of(cell) for cell in filled if layout.roles.get(cell.column) in _PLAIN]
            if valued or len(plain) < 2:
                continue
            if len(plain) >= 4 and all(_is_value(each) for each in plain[1::2]):
                for name, value in zip(plain[::2], plain[1::2], strict=False):
                    yield from _measurement(name, value, {**remarks.told(), **parts}, kind, False)
                continue
            name, value = plain[0], plain[1]
            if DATE.match(value.text) and date_in(value.text) and not parts.get("date"):
                date = value
                continue
        told = {**remarks.told(), **({"date": date} if date else {}), **parts}
        # a vital sign needs no head above its column to be one
        sure = valued or (kind == "vital_signs" and VITAL.fullmatch(name.text) is not None)
        for entry in _measurement(name, value, told, kind, sure):
            entry.codes.extend(codes)
            remarks.previous = entry
            yield entry


def _is_value(cell: Part) -> bool:
    return quantity(cell) is not None or pressures(cell) is not None


def _valueless(cells: list[Cell], layout: Layout) -> bool:
    """Whether a row leaves the column of values empty, as the name of a panel does."""
    return all(layout.roles.get(cell.column) != "value" for cell in cells)


_PLAIN = (None, "name", "value", "group", "comment")


def _several(cell: Part, kind: str) -> Iterator[tuple[Part, Quantity]]:
    """The measurements of a cell that names what it measures: two or more, or one that begins with a name."""
    found = list(_all_in(cell, kind))
    if len(found) > 1 or (found and not re.search(r"\w", cell.text[: found[0][0].start - cell.start])):
        yield from found


def _all_in(cell: Part, kind: str) -> Iterator[tuple[Part, Quantity]]:
    if kind == "vital_signs":
        for name, value, unit in named_vitals(cell):
            yield name, Quantity(value, unit)
    else:
        yield from named_quantities(cell)


def _panel(cells: list[Cell], layout: Layout, kind: str) -> list[tuple[Part, Quantity]]:
    """The measurements of the cells that hold whole panels, where no cell is a value by itself."""
    plain = [part_of(cell) for cell in cells if layout.roles.get(cell.column) in _PLAIN]
    if len(plain) >= 2 and quantity(plain[1]) and not list(_several(plain[0], kind)):
        return []
    return [pair for cell in plain if not DATE.match(cell.text) for pair in _several(cell, kind)]


def _panel_entries(panel: list[tuple[Part, Quantity]], told: dict[str, Part], kind: str) -> Iterator[Entry]:
    extras = {role: part for role, part in told.items() if role not in ("name", "value", "unit")}
    for name, amount in panel:
        if name.text and not DATE.match(name.text):
            yield from (
                _set_score(entry, 0.85) for entry in _entries_of(name, amount, extras, kind, explicit=True)
            )


def _set_score(entry: Entry, score: float) -> Entry:
    entry.score = score
    return entry


def _entries_of(
    name: Part, amount: Quantity, extras: dict[str, Part], kind: str, explicit: bool
) -> Iterator[Entry]:
    """The entry of a measurement in running text; two of a blood pressure."""
    pair = pressures(amount.value) if kind == "vital_signs" else None
    if pair is not None:
        yield from _pressure(
            name, *pair, {**extras, **({"unit": amount.unit} if amount.unit else {})}, kind, []
        )
        return
    yield Entry(kind, name, {**extras, "value": amount.value, **_beside(amount)}, explicit=explicit)


def _beside(amount: Quantity) -> dict[str, Part]:
    """What a quantity's own text says beside its value."""
    said = {
        "unit": amount.unit,
        "flag": amount.flag,
        "date": amount.date,
        "reference_range": amount.reference,
    }
    return {role: part for role, part in said.items() if part is not None}


def _measurement(
    name: Part, value: Part, told: dict[str, Part], kind: str, explicit: bool, unit: str | None = None
) -> Iterator[Entry]:
    """One entry, or two of a blood pressure; none where the cell holds no value.

    ``told`` is what the row says, by role; ``unit`` what the column's title says.
    """
    if DATE.match(name.text) or not re.search(r"[A-Za-z]", name.text):
        return
    if ABSENCE.match(name.text) and not (_SODIUM.match(name.text) and _is_value(value)):
        return
    pair = pressures(value) if kind == "vital_signs" else None
    names, values = _parted(name), _parted(value)
    if pair is None and len(names) == len(values) > 1 and all(quantity(each) for each in values):
        for one, each in zip(names, values, strict=True):
            yield from _measurement(one, each, told, kind, explicit, unit)
        return
    name, codes = split_codes(name)
    name, reference = split_range(name)
    extras = {
        role: part for role, part in told.items() if role not in ("name", "value", "code", "code_system")
    }
    if reference is not None:
        extras.setdefault("reference_range", reference)
    elif "reference_range" in extras and name.text.endswith(f" ({extras['reference_range'].text})"):
        name = name.cut(0, name.text.rindex(" ("))  # what is normal, said twice: "Ketones (Neg)"
    if "unit" not in extras and "reference_range" in extras:
        shown = extras["reference_range"]
        if first := unit_first(shown.text):  # two columns that a page shows as one
            extras["unit"] = shown.cut(0, first)
            extras["reference_range"] = shown.cut(first, len(shown.text))
        elif alone := unit_alone(shown.text):
            extras["unit"] = extras.pop("reference_range").cut(0, len(alone))
    amount = pair[1] if pair is not None else quantity(value)
    if amount is None:
        if value.text and not NOT_GIVEN.match(value.text) and len(value.text) <= _LONGEST_FINDING:
            yield Entry(kind, name, {**extras, "value": value}, codes, 0.5, explicit=False)
        return
    if unit is None and "reference_range" in extras:
        unit = unit_in(extras["reference_range"].text)
    if amount.unit is not None and _FLAG_LETTER.match(amount.unit.text) and ("unit" in extras or unit):
        amount = replace(amount, unit=None, flag=amount.unit)
    if unit is None and amount.unit is None and "unit" not in extras:
        name, unit = split_unit(name, "results")
    if pair is not None:
        for entry in _pressure(name, pair[0], amount, extras, kind, codes):
            entry.unit = unit
            yield entry
        return
    entry = Entry(kind, name, {**_beside(amount), **extras, "value": amount.value}, codes, unit=unit)
    entry.explicit = explicit or bool({"unit", "reference_range"} & entry.parts.keys()) or unit is not None
    yield entry


def _parted(text: Part) -> list[Part]:
    """The parts of ``Height / Weight``, or of its value."""
    cuts = [match.span() for match in re.finditer(r"\s/\s", text.text)]
    edges = [0, *(edge for cut in cuts for edge in cut), len(text.text)]
    return [text.cut(first, last) for first, last in zip(edges[::2], edges[1::2], strict=True)]


def _pressure(
    name: Part, systolic: Part, diastolic: Quantity, extras: dict[str, Part], kind: str, codes: list[Code]
) -> Iterator[Entry]:
    told = {**_beside(diastolic), **extras}
    for label, part in (("Systolic", systolic), ("Diastolic", diastolic.value)):
        yield Entry(
            kind, name, {**told, "value": part, "component": Part(label, part.start, part.end)}, list(codes)
        )


def running_measures(text: Part, kind: str, score: float) -> Iterator[Entry]:
    """The measurements of a list item or a line of text, and what a line finds in a word."""
    said = labelled_parts(text, kind)
    if said is not None and "value" in said:
        yield from _measurement(said["name"], said["value"], said, kind, True)
        return
    for name, amount in _all_in(text, kind):
        for entry in _entries_of(name, amount, {}, kind, explicit=True):
            entry.score = score
            yield entry
    for line in lines_of(text) if kind == "results" else ():
        if match := _FOUND_IN_LINE.match(line.text):
            name, value = line.cut(*match.span("name")), line.cut(*match.span("value"))
            yield Entry(kind, name, {"value": value}, score=0.5, explicit=False)
