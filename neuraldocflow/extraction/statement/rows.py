"""Rows of numbers in a filing, from tables and from plain lines, grouped into what may be a statement."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

from ..model import Block, Cell, Document, Table
from ..patterns import regex
from ..units import parse_scale

_MINUS = "-–—−‐‑"
_NUMERIC = regex(
    rf"(?:US\s?)?[$€£]?\s*[{_MINUS}(]?\s*[$€£]?\s*(?:\d{{1,3}}(?:,\d{{3}})+|\d+)?"
    rf"(?:\.\d+)?[-−‐‑]?\s*\)?\s*\$?\s*(?:\(?[a-z*]{{1,2}}\)|[*†‡])?"
)
_NOTHING = regex(rf"[$€£]?\s*[{_MINUS}]+")
_RAISED = regex(r"(?<=[a-z]{3})\d$")
"""A footnote's number right behind the last word, where its being raised was lost."""
_PER_SHARE = regex(r"\bper\b.{0,30}\b(?:share|unit)\b")
_LONGEST_HEAD = 120
"""Characters of a heading that may still go on in the next line."""
_DIGITS = regex(r"\d[\d,]*(?:\.\d+)?|\.\d+")
YEAR = regex(r"(?<![\d,.])((?:19|20)\d{2})(?!\d|[.,]\d)")
_UNITS = {"thousands": 1e3, "millions": 1e6, "billions": 1e9}
_UNIT = regex(r"\b(?:thousands|millions|billions)\b|(?<![\d,.])0{3}['’]?s\b|[($]0{3}\b", re.IGNORECASE)
_SHARES_UNIT = regex(
    r"\bshares?(?:\s+(?:data|amounts|and\s+units))?\s+(?:are\s+)?in\s+(?:thousands|millions)", re.IGNORECASE
)
TITLE_REACH = 420
"""Characters before a table in which its title and unit stand."""
_NOTES = 40
"""More notes than this a filing rarely has."""


Rows = dict[int, list[Cell]]
"""Cells that hold something by the number of their row."""


@dataclass(slots=True)
class Number:
    """A number as it stands, with its range."""

    value: float
    text: str
    start: int
    end: int
    column: int


@dataclass(slots=True)
class Row:
    """A label with its numbers; ``under`` is the heading row above it."""

    label: str
    numbers: list[Number]
    under: str = ""


@dataclass(slots=True)
class Sheet:
    """Rows that belong together, with what is known of their columns and unit."""

    rows: list[Row]
    years: dict[int, int]
    """The year each column speaks of, where its header says so."""
    start: int
    title: str
    scale: float | None
    currency: str | None
    lined: bool = False
    """Read from plain lines rather than a table."""
    kinds: dict[str, float] = field(default_factory=dict)

    def number_columns(self) -> list[int]:
        """The columns in which most of its numbers stand."""
        return _number_columns(self.rows)

    def number(self, row: Row, year: int | None) -> Number | None:
        """The row's number in the column of the fiscal year: the latest year not after it."""
        if not row.numbers:
            return None
        known = {column: told for column, told in self.years.items() if year is None or told <= year}
        if not known:
            columns = self.number_columns()
            return next((each for each in row.numbers if columns and each.column >= columns[0]), None)
        latest = max(known.values())
        columns = [column for column, told in known.items() if told == latest]
        held = {number.column: number for number in row.numbers}
        for column in sorted(columns):
            if column in held:
                return held[column]
        others = sorted(set(self.years) - set(columns))
        # numbers shifted against their header by a column for the currency sign
        free = [number for number in row.numbers if number.column not in others]
        near = [number for number in free if min(abs(number.column - column) for column in columns) <= 1]
        return near[0] if near else None


def _number_columns(rows: Sequence[Row]) -> list[int]:
    """The columns in which most of the rows' numbers stand, without one of notes."""
    values: dict[int, list[float]] = defaultdict(list)
    for row in rows:
        for number in row.numbers:
            values[number.column].append(number.value)
    held = sorted(column for column, several in values.items() if len(several) >= max(len(rows) // 4, 1))
    return held[1:] if len(held) > 1 and _are_notes(values[held[0]], values[held[1]]) else held


def _are_notes(first: Sequence[float], second: Sequence[float]) -> bool:
    """Whether a first column numbers the notes: small whole numbers beside larger amounts."""
    small = all(value.is_integer() and 0 < value < _NOTES for value in first)
    return small and median(map(abs, second)) > _NOTES


def to_number(text: str) -> float | None:
    """A cell's number; None where it holds words or nothing."""
    plain = " ".join(text.split())
    match = _DIGITS.search(plain)
    if match is None or "%" in plain or not _NUMERIC.fullmatch(plain):
        return None
    value = float(match[0].replace(",", ""))
    before = plain[: match.start()]
    signed = re.search(rf"[{_MINUS}]\s*\$?\s*$", before) or plain[match.end() : match.end() + 1] in tuple(
        _MINUS
    )
    return -value if "(" in before or signed else value


def label_of(text: str) -> str:
    """A label in lower case without notes' marks, dots and colons."""
    plain = " ".join(text.replace("’", "'").replace("‘", "'").split()).lower()
    plain = re.sub(r"\((?:\d{1,2}|[a-z]|notes?\s[^)]*)\)|[*†‡]|\.{2,}", " ", plain)
    plain = re.sub(r"[–—]", "-", plain).replace(" & ", " and ")
    plain = _RAISED.sub("", plain)
    return " ".join(plain.split()).strip(" :.,-$")


def sheets(document: Document) -> list[Sheet]:
    """Every table of the document with at least three rows of numbers; one that goes on in another is one."""
    found: list[Sheet] = []
    end = -1
    for block in document.blocks:
        if block.table is None or block.table.n_rows < 3:
            continue
        several = _of_table(document, block, block.table)
        if not several:
            continue
        between = document.text[end : block.start] if end >= 0 else ""
        if found and end >= 0 and _joined(found[-1], several[0], between, block.table.continues):
            del several[0]
        found.extend(several)
        end = block.end
    return found


_CONTINUED = regex(r"\bcont(?:inued|['’]d|\.)|^[\s\d]*$", re.IGNORECASE)


def _joined(sheet: Sheet, more: Sheet, between: str, continues: bool) -> bool:
    """Adds the rows of a table that goes on with the columns of the one before it, over a page's end."""
    if len(between) > 400 or not (continues or _CONTINUED.search(between)):
        return False
    columns, others = sheet.number_columns(), more.number_columns()
    if len(columns) != len(others):
        return False
    years = [sheet.years.get(column) for column in columns]
    if more.years and [more.years.get(column) for column in others] != years:
        return False
    moved = dict(zip(others, columns, strict=True))
    for row in more.rows:
        for number in row.numbers:
            number.column = moved.get(number.column, number.column)
    sheet.rows.extend(more.rows)
    return True


_TITLE = regex(
    r"(?:.{0,80}\s)?(?:balance\s+sheets?|statements?\s+of\s+.{4,60}|cash\s+flows?\s+statements?"
    r"|income\s+statements?)(?:\s*\(.{1,60}\)|\s.{0,60})?",
    re.IGNORECASE,
)


def _of_table(document: Document, block: Block, table: Table) -> list[Sheet]:
    """The sheets of a table: a page's statements may be one table, each below its own title."""
    found: list[Sheet] = []
    before = f"{document.text[max(block.start - TITLE_REACH, 0) : block.start]}\n{table.caption or ''}"
    part: Rows = {}
    for number, cells in sorted(table.by_row().items()):
        held = [cell for cell in cells if cell.text.strip()]
        if not held:
            continue
        if len(held) == 1 and len(part) > 2 and _begins_another(" ".join(held[0].text.split())):
            found.extend(_sheet(before, part, table, found))
            part, before = {}, ""
        part[number] = held
    return [*found, *_sheet(before, part, table, found)]


def _begins_another(title: str) -> bool:
    """Whether a row is the title of a statement, not of one that goes on or of a group of figures."""
    return bool(_TITLE.fullmatch(title)) and not _CONTINUED.search(title) and not title.endswith(":")


def _sheet(before: str, by_row: Rows, table: Table, above: Sequence[Sheet]) -> Iterator[Sheet]:
    """The sheet that rows of a table make, where they hold enough numbers; ``before`` stands over them.

    Years and units that it does not tell are those of the one above it in the same table.
    """
    rows: list[Row] = []
    heads: list[Cell] = []
    under = ""
    headed = False
    for number, held in by_row.items():
        values = [(cell, to_number(cell.text)) for cell in held]
        years = [cell for cell, value in values if value is not None and _is_year(cell.text)]
        numeric = [(cell, value) for cell, value in values if value is not None]
        if number < table.header_rows or (numeric and len(years) == len(numeric) and len(rows) < 3):
            heads.extend(held)
            continue
        words = " ".join(cell.text for cell, value in values if value is None and _wordy(cell.text))
        label = label_of(words)
        if not numeric:
            if any(cell.column > 0 and _NOTHING.fullmatch(cell.text.strip()) for cell in held):
                # a line of dashes is no heading of what follows
                headed = False
                continue
            # the name of amounts per share may go on in the next line
            goes_on = headed and len(under) < _LONGEST_HEAD and _PER_SHARE.search(under)
            under = f"{under} {label}" if goes_on else label or under
            headed = True
            if len(rows) < 2:
                heads.extend(held)
            continue
        found = [
            Number(value, cell.text, cell.start, cell.end, cell.column)
            for cell, value in numeric
            if cell.column > 0
        ]
        if found:
            rows.append(Row(label, found, under))
            headed = False
    if len(rows) < 3:
        return
    name_totals(rows)
    named = " ".join(cell.text for cell in heads)
    title = f"{before} {named}"
    told, currency = parse_scale(title)
    scale, currency = scale_told(f"{before}\n{named}") or table.scale or told, table.currency or currency
    start = next(iter(by_row.values()))[0].start
    columns = _years(heads, rows)
    if above:
        last = above[-1]
        columns, scale, currency = columns or last.years, scale or last.scale, currency or last.currency
    yield Sheet(rows, columns, start, title, scale, currency)


_UNNAMED = frozenset({"", "total", "totals"})


def name_totals(rows: list[Row]) -> None:
    """Names totals without a label: what adds up the rows above it, and the two sums of a balance."""
    for index, row in enumerate(rows):
        if row.label:
            continue
        parts = [above for above in rows[:index] if above.under == row.under and above.numbers]
        added = sum(_beside(part, row) for part in parts)
        if len(parts) > 1 and abs(added - row.numbers[0].value) <= 0.001 * abs(row.numbers[0].value):
            row.label = "total"
    sums = [row for row in rows if row.label in _UNNAMED or row.label.startswith("total liabilities and")]
    for row, other in pairwise(sums):
        values = [number.value for number in row.numbers]
        if row.label in _UNNAMED and len(values) > 1 and values == [number.value for number in other.numbers]:
            row.label = "total assets"


def _beside(part: Row, total: Row) -> float:
    """What of a part stands over a total's first number: nothing where there is a dash."""
    if len(part.numbers) == len(total.numbers):
        return part.numbers[0].value
    column = total.numbers[0].column
    return next((number.value for number in part.numbers if number.column == column), 0.0)


def scale_told(title: str) -> float | None:
    """The unit of amounts that the lines over a table name, the nearest first; not that of shares."""
    for line in reversed(title.split("\n")):
        match = _UNIT.search(_SHARES_UNIT.sub(" ", line)) if len(line) < 200 else None
        if match is not None:
            return _UNITS.get(match[0].lower(), 1e3)
    return None


def _wordy(text: str) -> bool:
    return re.search(r"[A-Za-z]", text) is not None


def _is_year(text: str) -> bool:
    return YEAR.fullmatch(text.strip()) is not None


def _years(heads: Sequence[Cell], rows: Sequence[Row]) -> dict[int, int]:
    """Which year each column of numbers speaks of."""
    told: list[tuple[int, int, int]] = []
    for cell in heads:
        years = [int(year) for year in YEAR.findall(cell.text)]
        if not years:
            continue
        if len(set(years)) == 1 or cell.colspan == 1:
            # "2023 Year Ended December 31, 2024": the last one is the column's own
            told.append((cell.column, cell.column + cell.colspan, years[-1]))
    columns = _number_columns(rows)
    narrow = [each for each in told if each[1] - each[0] <= 3] or told
    firsts = {start: year for start, _, year in sorted(narrow)}
    if len(firsts) == len(columns):
        return dict(zip(columns, (firsts[start] for start in sorted(firsts)), strict=True))
    found: dict[int, int] = {}
    for column in {number.column for row in rows for number in row.numbers}:
        spanning = [year for start, end, year in narrow if start <= column < end]
        if spanning:
            found[column] = spanning[-1]
    listed = [int(year) for cell in heads for year in YEAR.findall(cell.text)]
    listed = list(dict.fromkeys(listed))
    if found:
        first = [column for column in columns if column < min(found)]
        if first and listed[0] not in found.values():
            # its head was one with that of the labels
            found[first[0]] = listed[0]
        return found
    if len(listed) == len(columns):
        return dict(zip(columns, listed, strict=True))
    return {}
