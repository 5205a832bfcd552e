"""Rows of numbers in a filing, from tables and from plain lines, grouped into what may be a statement."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from .model import Block, Cell, Document, Table
from .patterns import regex
from .units import parse_scale

_NUMERIC = regex(
    r"(?:US\s?)?[$€£]?\s*[-–—(]?\s*[$€£]?\s*(?:\d{1,3}(?:,\d{3})+|\d+)?"
    r"(?:\.\d+)?\s*\)?\s*\$?\s*(?:\(?[a-z*]{1,2}\)|[*†‡])?"
)
_DIGITS = regex(r"\d[\d,]*(?:\.\d+)?|\.\d+")
_YEAR = regex(r"(?<![\d,.])((?:19|20)\d{2})(?![\d,]|\.\d)")
_LINE = regex(
    r"^(?P<label>[A-Za-z(][^$]*?[A-Za-z):.'’])[\s.]*?(?P<values>"
    r"(?:[\s$]+\(?\s?\$?\s?(?:\d{1,3}(?:,\d{3})+|\d{1,3}|\d*\.\d+)\s?\)?"
    r"|\s+[-–—]+)+)\s*$"
)
_RUN = regex(
    r"(?P<label>[A-Za-z(][^\d$=]{2,90}?[A-Za-z).:'’])(?P<values>(?:[\s.$]+\(?\s?\$?\s?"
    r"(?:\d{1,3}(?:,\d{3})+|\d{1,3}|\d{0,3}\.\d+)\s?\)?(?![\d,/-])|\s+-{1,2}(?=\s))+)(?=\s|$)"
)
_RULES = regex(r"[=_-]{3,}|(?:\s?\.){5,}")
_LONGEST_LINE = 400
_LONGEST_PARAGRAPH = 6000
_VALUE = regex(r"\(?\s?\$?\s?(?:\d{1,3}(?:,\d{3})+|\d*\.\d+|\d{1,4})\s?\)?")
_UNITS = {"thousands": 1e3, "millions": 1e6, "billions": 1e9}
_UNIT = regex(r"\b(?:thousands|millions|billions)\b|(?<![\d,.])0{3}['’]?s\b|[($]0{3}\b", re.IGNORECASE)
_SHARES_UNIT = regex(
    r"\bshares?(?:\s+(?:data|amounts|and\s+units))?\s+(?:are\s+)?in\s+(?:thousands|millions)", re.IGNORECASE
)
_TITLE_REACH = 420
"""Characters before a table in which its title and unit stand."""


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
        counts = Counter(number.column for row in self.rows for number in row.numbers)
        return sorted(column for column, count in counts.items() if count >= max(len(self.rows) // 4, 1))

    def number(self, row: Row, year: int | None) -> Number | None:
        """The row's number in the column of the fiscal year: the latest year not after it."""
        if not row.numbers:
            return None
        known = {column: told for column, told in self.years.items() if year is None or told <= year}
        if not known:
            return row.numbers[0]
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


def to_number(text: str) -> float | None:
    """A cell's number; None where it holds words or nothing."""
    plain = " ".join(text.split())
    match = _DIGITS.search(plain)
    if match is None or "%" in plain or not _NUMERIC.fullmatch(plain):
        return None
    value = float(match[0].replace(",", ""))
    before = plain[: match.start()]
    return -value if "(" in before or re.search(r"[-–—]\s*\$?\s*$", before) else value


def label_of(text: str) -> str:
    """A label in lower case without notes' marks, dots and colons."""
    plain = " ".join(text.replace("’", "'").replace("‘", "'").split()).lower()
    plain = re.sub(r"\((?:\d{1,2}|[a-z]|notes?\s[^)]*)\)|[*†‡]|\.{2,}", " ", plain)
    plain = re.sub(r"[–—]", "-", plain).replace(" & ", " and ")
    return " ".join(plain.split()).strip(" :.,-$")


def sheets(document: Document) -> list[Sheet]:
    """Every table of the document with at least three rows of numbers; one that goes on in another is one."""
    found: list[Sheet] = []
    end = -1
    for block in document.blocks:
        if block.table is None or block.table.n_rows < 3:
            continue
        sheet = _of_table(document, block, block.table)
        if sheet is None:
            continue
        between = document.text[end : block.start] if end >= 0 else ""
        if not (found and end >= 0 and _joined(found[-1], sheet, between, block.table.continues)):
            found.append(sheet)
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


def _of_table(document: Document, block: Block, table: Table) -> Sheet | None:
    by_row = table.by_row()
    rows: list[Row] = []
    heads: list[Cell] = []
    under = ""
    for number, cells in sorted(by_row.items()):
        held = [cell for cell in cells if cell.text.strip()]
        if not held:
            continue
        values = [(cell, to_number(cell.text)) for cell in held]
        years = [cell for cell, value in values if value is not None and _is_year(cell.text)]
        numeric = [(cell, value) for cell, value in values if value is not None]
        if number < table.header_rows or (numeric and len(years) == len(numeric) and len(rows) < 3):
            heads.extend(held)
            continue
        words = " ".join(cell.text for cell, value in values if value is None and _wordy(cell.text))
        label = label_of(words)
        if not numeric:
            under = label or under
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
    if len(rows) < 3:
        return None
    _name_totals(rows)
    before = document.text[max(block.start - _TITLE_REACH, 0) : block.start]
    title = f"{before} {table.caption or ''} {' '.join(cell.text for cell in heads)}"
    told, currency = parse_scale(title)
    scale = scale_told(f"{before}\n{table.caption or ''}\n{' '.join(cell.text for cell in heads)}")
    scale, currency = scale or table.scale or told, table.currency or currency
    return Sheet(rows, _years(heads, rows), block.start, title, scale, currency)


_UNNAMED = frozenset({"", "total", "totals"})


def _name_totals(rows: list[Row]) -> None:
    """Names totals without a label: what adds up the rows above it, and the two sums of a balance."""
    for index, row in enumerate(rows):
        if row.label:
            continue
        parts = [
            above.numbers[0].value for above in rows[:index] if above.under == row.under and above.numbers
        ]
        if len(parts) > 1 and abs(sum(parts) - row.numbers[0].value) <= 0.001 * abs(row.numbers[0].value):
            row.label = "total"
    sums = [row for row in rows if row.label in _UNNAMED or row.label.startswith("total liabilities and")]
    for row, other in pairwise(sums):
        values = [number.value for number in row.numbers]
        if row.label in _UNNAMED and len(values) > 1 and values == [number.value for number in other.numbers]:
            row.label = "total assets"


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
    return _YEAR.fullmatch(text.strip()) is not None


def _years(heads: Sequence[Cell], rows: Sequence[Row]) -> dict[int, int]:
    """Which year each column of numbers speaks of."""
    told: list[tuple[int, int, int]] = []
    for cell in heads:
        years = [int(year) for year in _YEAR.findall(cell.text)]
        if not years:
            continue
        if len(set(years)) == 1 or cell.colspan == 1:
            # "2023 Year Ended December 31, 2024": the last one is the column's own
            told.append((cell.column, cell.column + cell.colspan, years[-1]))
    counts: dict[int, int] = {}
    for row in rows:
        for number in row.numbers:
            counts[number.column] = counts.get(number.column, 0) + 1
    columns = sorted(column for column, count in counts.items() if count >= max(len(rows) // 4, 1))
    narrow = [each for each in told if each[1] - each[0] <= 3] or told
    firsts = {start: year for start, _, year in sorted(narrow)}
    if len(firsts) == len(columns):
        return dict(zip(columns, (firsts[start] for start in sorted(firsts)), strict=True))
    found: dict[int, int] = {}
    for column in counts:
        spanning = [year for start, end, year in narrow if start <= column < end]
        if spanning:
            found[column] = spanning[-1]
    if found:
        return found
    listed = [int(year) for cell in heads for year in _YEAR.findall(cell.text)]
    listed = list(dict.fromkeys(listed))
    if len(listed) == len(columns):
        return dict(zip(columns, listed, strict=True))
    return {}


def lined_sheets(document: Document, start: int, end: int) -> Iterator[Sheet]:
    """Rows of numbers in plain lines: old filings, and tables of a page that were not seen as such."""
    rows: list[Row] = []
    years: list[int] = []
    first = under = 0
    heading = ""
    for position, text in _lines(document, start, end):
        matches = _row_matches(text)
        if not matches:
            told = [int(year) for year in _YEAR.findall(text)]
            if len(text) < 160 and len(told) >= 2:
                if rows and len(told) != len(years):
                    # columns of other years begin another statement
                    yield _lined(document, rows, years, first)
                    rows = []
                years = told
            under += 1
            heading = label_of(text) if len(text) < 100 else ""
            if under > 14 and rows:
                yield _lined(document, rows, years, first)
                rows, years = [], []
            continue
        for match in matches:
            shift = position + match.start("values")
            numbers = [
                Number(value, each[0].strip(), shift + each.start(), shift + each.end(), at)
                for at, each in enumerate(_VALUE.finditer(match["values"]), 1)
                if (value := to_number(each[0])) is not None
            ]
            if numbers:
                first = position if not rows else first
                rows.append(Row(label_of(match["label"]), numbers, heading))
                under = 0
    if rows:
        yield _lined(document, rows, years, first)


def _row_matches(text: str) -> list[re.Match[str]]:
    """The rows of a line; several where lines of an old filing were joined to a paragraph."""
    if sum(letter.isdigit() for letter in text) < 2 or len(text) > _LONGEST_PARAGRAPH:
        return []
    text = _RULES.sub(lambda rule: " " * len(rule[0]), text)
    match = _LINE.match(text) if len(text) <= _LONGEST_LINE else None
    if match is not None and sum(letter.isdigit() for letter in match["label"]) < 5:
        return [match]
    words = text.split()
    numeric = sum(1 for word in words if not any(letter.isalpha() for letter in word))
    return list(_RUN.finditer(text)) if numeric >= 0.3 * len(words) else []


def _lined(document: Document, rows: list[Row], years: list[int], start: int) -> Sheet:
    title = document.text[max(start - 2 * _TITLE_REACH, 0) : start]
    scale, currency = parse_scale(title)
    scale = scale_told(title) or scale
    most = max(len(row.numbers) for row in rows)
    columns = dict(enumerate(years, 1)) if len(years) == most else {}
    return Sheet(rows, columns, start, title, scale, currency, lined=True)


def _lines(document: Document, start: int, end: int) -> Iterator[tuple[int, str]]:
    for block in document.blocks_between(start, end):
        if block.table is not None:
            continue
        if len(block.line_starts) > 1:
            bounds = [*block.line_starts, len(block.text) + 1]
            for first, last in pairwise(bounds):
                yield block.start + first, block.text[first : last - 1]
        else:
            at = 0
            for line in block.text.split("\n"):
                lead = len(line) - len(line.lstrip())
                yield block.start + at + lead, line.strip()
                at += len(line) + 1
