"""Dates and periods as contracts write them: the 6th day of March, 2006; three (3) years; dates left blank.

A date with a blank is told month/day/year with ``[]`` for what is missing: ``03/[]/1999``.
"""

from __future__ import annotations

import calendar
import datetime
import re
from collections.abc import Iterator
from dataclasses import dataclass

from ..patterns import lowered, regex

_NAMES = [name.lower() for name in calendar.month_name[1:]]
_ORDINALS = (
    *("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"),
    *("eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth"),
    *("eighteenth", "nineteenth", "twentieth", "twenty-first", "twenty-second", "twenty-third"),
    *("twenty-fourth", "twenty-fifth", "twenty-sixth", "twenty-seventh", "twenty-eighth", "twenty-ninth"),
    *("thirtieth", "thirty-first"),
)
_BLANK = r"(?:\[[^\]\n]{0,12}\]|[_•●*]{1,20}|\(\s*\)|\.{3,})"


def _month_of(group: str) -> str:
    return rf"(?P<{group}>" + "|".join(rf"{name[:3]}(?:{name[3:]}|t)?\.?" for name in _NAMES) + r")"


def _day_of(group: str) -> str:
    words = "|".join(word.replace("-", r"[\s-]") for word in reversed(_ORDINALS))
    return rf"(?:(?P<{group}>\d{{1,2}})(?:\s?(?:st|nd|rd|th))?|\b(?P<o{group[1:]}>{words})\b)"


def _year_of(group: str) -> str:
    return rf"(?P<{group}>(?:19|20)\s?\d\s?\d)(?!\d)"


def _half_year(group: str) -> str:
    return rf"(?P<{group}>(?:19|20)\s?\d?\s?(?:\d(?!\d)|{_BLANK}))"


_FORMS = [
    rf"{_month_of('m1')}\s*{_day_of('d1')}\s*,?\s*(?:of\s+)?{_year_of('y1')}",
    rf"{_day_of('d2')}\s*(?:day\s*)?(?:of\s+)?(?:the\s+month\s+of\s+)?{_month_of('m2')}\s*,?\s*"
    rf"(?:in\s+the\s+year\s+)?(?:of\s+)?{_year_of('y2')}",
    r"(?<![\d/.-])(?P<m3>\d{1,2})\s?[/-]\s?(?P<d3>\d{1,2})\s?[/-]\s?(?P<y3>(?:19|20)?\d\d)(?![\d/-])",
    r"(?<!\d)(?P<y4>(?:19|20)\d\d)-(?P<m4>\d\d)-(?P<d4>\d\d)(?!\d)",
    rf"(?:{_BLANK}|this)\s*(?:st|nd|rd|th)?\s*day\s+of\s+(?:{_month_of('m5')}"
    rf"|{_BLANK})?\s*,?\s*{_half_year('y5')}",
    rf"{_month_of('m6')}\s*{_BLANK}\s*,?\s*{_half_year('y6')}",
    rf"{_day_of('d7')}\s+day\s+of\s+{_BLANK}\s*,?\s*{_half_year('y7')}",
    rf"{_BLANK}\s*,\s*{_half_year('y8')}",
    rf"(?:(?<=\bas of)|(?<=\bdated))\s*,\s*{_half_year('y0')}",
    rf"{_month_of('m9')}\s*,?\s+{_year_of('y9')}",
    r"(?<![\d.])(?P<d_>\d{1,2})\.\s?(?P<m_>\d{1,2})\.\s?(?P<y_>(?:19|20)\d\d)(?![\d.]\d)",
]
_DATE = regex("|".join(f"(?:{form})" for form in _FORMS), re.IGNORECASE)

NUMBERS = {
    word: number
    for number, word in enumerate(
        (
            *("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
            *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen"),
            *("nineteen", "twenty"),
        ),
        1,
    )
}
NUMBERS |= {"thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "ninety": 90, "twenty-four": 24}
NUMBERS |= {"thirty-six": 36, "forty-five": 45, "twenty-five": 25, "a": 1, "an": 1, "another": 1, "each": 1}
_WORD = "|".join(sorted(NUMBERS, key=len, reverse=True))
PERIOD = regex(
    rf"\b(?:(?P<word>{_WORD}|one\s+hundred(?:\s+and)?\s+(?:eighty|twenty))[\s-]*)?"
    r"(?:\(?\s*(?<!\d)(?<!\d\.)(?P<digits>\d{1,3})\s*\)?[\s-]*)?(?:\(\w+\)\s*)?"
    r"(?:additional\s+|consecutive\s+|successive\s+|full\s+|calendar\s+|contract\s+|business\s+"
    r"|renewal\s+|more\s+)*"
    r"[\s-]*(?P<unit>year|month|week|day|annual|anniversary)s?\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Dated:
    """A date in a text: ISO where it is whole, else with ``[]`` for its blanks."""

    value: str
    start: int
    end: int

    @property
    def whole(self) -> bool:
        return "[" not in self.value


_YEAR = regex(r"19|20|\d\s?[/-]\s?\d")
_UNIT = regex(r"year|month|week|day|ann(?:ual|iversary)", re.IGNORECASE)
_BEFORE, _AFTER = 120, 30
"""Characters that a date may take up before its year and a period before its unit, and after them."""


def _around(
    marks: re.Pattern[str], whole: re.Pattern[str], text: str, start: int, end: int
) -> Iterator[re.Match[str]]:
    """The matches of a costly pattern, looked for only around what each of them has in it."""
    done = start
    for mark in marks.finditer(text, start, end):
        last = min(mark.end() + _AFTER, end)
        while mark.start() >= done:
            match = whole.search(text, max(mark.start() - _BEFORE, done), last)
            if match is None:
                break
            if match.end() == last < end:  # it may go on
                last = min(last + _AFTER, end)
                continue
            yield match
            done = match.end()


def dates(text: str, start: int = 0, end: int | None = None, *, day_leads: bool = False) -> Iterator[Dated]:
    """The dates of a text in order; those of figures alone month first, unless the day leads."""
    for match in _around(_YEAR, _DATE, text, start, len(text) if end is None else end):
        parts = {key[0]: value for key, value in match.groupdict().items() if value}
        value = _value(parts, day_leads and match["m3"] is not None)
        if value is not None:
            yield Dated(value, match.start(), match.end())


def _value(parts: dict[str, str], day_leads: bool) -> str | None:
    month, day = _month(parts.get("m", "")), int(parts["d"]) if "d" in parts else 0
    if "o" in parts:
        day = 1 + _ORDINALS.index("-".join(re.split(r"[\s-]", lowered(parts["o"]))))
    digits = re.sub(r"\D", "", parts.get("y", ""))
    if (month > 12 or day_leads) and day and day <= 12:
        month, day = day, month
    if len(digits) == 2 and month and day:
        digits = ("20" if int(digits) < 50 else "19") + digits
    if len(digits) == 4 and month and day:
        try:
            return datetime.date(int(digits), month, day).isoformat()
        except ValueError:
            return None
    year = digits if len(digits) == 4 else f"{digits[:2]}[]"
    return f"{f'{month:02d}' if month else '[]'}/{f'{day:02d}' if day else '[]'}/{year}"


def _month(text: str) -> int:
    if text.isdecimal():
        return int(text)
    return next(
        (number for number, name in enumerate(_NAMES, 1) if text and name[:3] == lowered(text)[:3]), 0
    )


@dataclass(frozen=True, slots=True)
class Period:
    """A length of time, such as 3 years."""

    count: int
    unit: str
    start: int
    end: int

    def __str__(self) -> str:
        return f"{self.count} {self.unit}{'s' if self.count != 1 else ''}"


def periods(text: str, start: int = 0, end: int | None = None) -> Iterator[Period]:
    """The lengths of time a text names, figures in parentheses before words."""
    for match in _around(_UNIT, PERIOD, text, start, len(text) if end is None else end):
        word = " ".join(lowered(match["word"] or "").split())
        unit = lowered(match["unit"])
        if match["digits"]:
            count = int(match["digits"])
        elif word:
            hundred = {"eighty": 180, "twenty": 120}.get(word.rsplit(" ", 1)[-1], 0)
            count = hundred if word.startswith("one hundred") else NUMBERS.get(word, 0)
        else:
            continue
        if count and unit in ("year", "month", "week", "day"):
            yield Period(count, unit, match.start(), match.end())


def later(iso: str, period: Period) -> str | None:
    """The date a period after another; a partly blank date moves by whole years."""
    if "[" in iso:
        *front, last = iso.split("/")
        moved = period.unit == "year" and last.isdecimal()
        return "/".join([*front, str(int(last) + period.count)]) if moved else None
    date = datetime.date.fromisoformat(iso)
    if period.unit in ("day", "week"):
        return (
            date + datetime.timedelta(days=period.count * (7 if period.unit == "week" else 1))
        ).isoformat()
    months = date.month - 1 + period.count * (12 if period.unit == "year" else 1)
    year, month = date.year + months // 12, months % 12 + 1
    if not 1 <= year <= 9999:
        return None
    return datetime.date(year, month, min(date.day, calendar.monthrange(year, month)[1])).isoformat()
