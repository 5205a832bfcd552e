"""Rows of numbers in plain lines: old filings in columns of text, and tables that were not seen as such."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from ..model import Document
from ..patterns import regex
from ..units import parse_scale
from .rows import TITLE_REACH, YEAR, Number, Row, Sheet, label_of, name_totals, scale_told, to_number

_NOTE = (
    r"(?i:\((?:see\s+)?notes?\s[^()]{1,20}\)"
    r"|\bnotes?\s\d{1,2}(?:(?:,|\sand|\s&)\s\d{1,2})*(?=\s{2}|\s*[$.]))"
)
"""A reference to the notes, whose number is no figure."""
_LINE = regex(
    rf"^(?P<label>[A-Za-z(](?>{_NOTE}|[^$])*?(?:{_NOTE}|[A-Za-z):.'’]))[\s.]*?(?P<values>"
    r"(?:[\s$]+\(?\s?\$?\s?(?:\d{1,3}(?:,\d{3})+|\d{1,3}|\d*\.\d+)\s?\)?"
    r"|\s+[-–—]+)+)\s*$"
)
_RUN = regex(
    rf"(?P<label>[A-Za-z(](?>{_NOTE}|[^\d$=]){{2,90}}?(?:{_NOTE}|[A-Za-z).:'’]))"
    r"(?P<values>(?:[\s.$]+\(?\s?\$?\s?"
    r"(?:\d{1,3}(?:,\d{3})+|\d{1,3}|\d{0,3}\.\d+)\s?\)?(?![\d,/-])|\s+-{1,2}(?=\s))+)(?=\s|$)"
)
_TOTAL = regex(r"(?P<label>)(?P<values>\s*(?:\$\s*\(?\d{1,3}(?:,\d{3})+\)?\s*){2,})")
"""A total without a name: amounts with their currency alone on a line."""
_RULES = regex(r"[=_-]{3,}|(?:\s?\.){5,}")
_LONGEST_LINE = 400
_LONGEST_PARAGRAPH = 6000
_DAY = regex(r"\b(?:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)[a-z]{0,6}\.?\s+\d{1,2}\b", re.I)
_VALUE = regex(r"\(?\s?\$?\s?(?:\d{1,3}(?:,\d{3})+|\d*\.\d+|\d{1,4})\s?\)?")


def lined_sheets(document: Document, start: int, end: int) -> Iterator[Sheet]:
    """Rows of numbers in plain lines: old filings, and tables of a page that were not seen as such."""
    rows: list[Row] = []
    years: list[int] = []
    first = under = 0
    heading = above = ""
    for position, text in _lines(document, start, end):
        told = [int(year) for year in YEAR.findall(text)]
        matches = [] if told and _tells_only_years(text) else _row_matches(text)
        if not matches:
            if len(text) < 160 and len(told) >= 2 and (not years or max(told) <= max(years) + 1):
                if rows and told != years:
                    # columns of other years begin another statement
                    yield _lined(document, rows, years, first)
                    rows = []
                years = told
            under += 1
            heading = label_of(text) if len(text) < 100 else ""
            above = _beginning(text)
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
                label = label_of(match["label"])
                if above and match["label"][:1].islower():
                    # a name that its line was too short for
                    label = f"{above} {label}"
                rows.append(Row(label, numbers, heading))
                under, above = 0, ""
        above = _beginning(text[matches[-1].end() :])
    if rows:
        yield _lined(document, rows, years, first)


def _tells_only_years(text: str) -> bool:
    """Whether a line's numbers are years, with the day each ends on: the head of columns, no row."""
    return not any(letter.isdigit() for letter in YEAR.sub("", _DAY.sub("", text)))


def _beginning(text: str) -> str:
    """What of a name may go on in the next line; headings and sentences do not."""
    words = _RULES.sub(" ", text).strip()
    return label_of(words) if len(words) < 100 and not words.endswith((":", ".")) else ""


def _row_matches(text: str) -> list[re.Match[str]]:
    """The rows of a line; several where lines of an old filing were joined to a paragraph."""
    if sum(letter.isdigit() for letter in text) < 2 or len(text) > _LONGEST_PARAGRAPH:
        return []
    text = _RULES.sub(lambda rule: " " * len(rule[0]), text)
    match = _LINE.match(text) if len(text) <= _LONGEST_LINE else None
    if match is not None and sum(letter.isdigit() for letter in match["label"]) < 5:
        return [match]
    total = _TOTAL.fullmatch(text)
    if total is not None:
        return [total]
    words = text.split()
    numeric = sum(1 for word in words if not any(letter.isalpha() for letter in word))
    return list(_RUN.finditer(text)) if numeric >= 0.3 * len(words) else []


def _lined(document: Document, rows: list[Row], years: list[int], start: int) -> Sheet:
    name_totals(rows)
    title = document.text[max(start - 2 * TITLE_REACH, 0) : start]
    scale, currency = parse_scale(title)
    scale = scale_told(title) or scale
    usual = Counter(len(row.numbers) for row in rows).most_common(1)[0][0]
    columns = dict(enumerate(years, 1)) if len(years) == usual else {}
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
