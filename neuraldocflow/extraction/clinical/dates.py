"""Dates at the beginning of a clinical text, and the first date of one."""

from __future__ import annotations

import re

from ..normalise import parse_date
from ..patterns import regex

_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.?"
DATE = regex(
    r"^\W*(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day,? )?"
    r"(?:\d{1,4}[-/.]\s?\d{1,2}[-/.]\s?\d{1,4}|\d{1,2}[-/]\d{4}"
    rf"|\d{{1,2}}[ -]?{_MONTH}[ ,-]{{0,2}}(?:19|20)\d\d|{_MONTH}-\d{{1,2}}-(?:19|20)\d\d"
    rf"|(?:(?:{_MONTH}|spring|summer|autumn|fall|winter) )?(?:\d{{1,2}},? )?(?:19|20)\d\d)(?!\d)",
    re.IGNORECASE,
)
"""A text that begins with a date: a day, a month or a year."""


OCCASION = regex(
    rf"\d{{1,2}}[-/ ](?:\d{{1,2}}|{_MONTH})$|(?:day|week|visit) \d+$"
    r"|(?:on )?(?:admission|discharge)$|baseline$",
    re.IGNORECASE,
)
"""A column's title that says when without a year."""


def date_in(text: str, day_leads: bool = False) -> str | None:
    """The first date of a text as ISO 8601; a slashed one is read month first unless the day leads.

    None without a whole date.
    """
    text = BLANK_DATE.sub("", text)
    text = re.sub(r"(?<=\d)\s*([-/])\s*(?=\d)", r"\1", text)
    return parse_date(text, day_leads)


BLANK_DATE = regex(r"(?<!\d)(?:0?1[-/.]0?1[-/.]0001|0001-01-01)(?!\d)")
"""The first day of the calendar: what systems store for a day they don't know."""
_YEAR = regex(r"(?<!\d)(?:19|20)\d\d(?!\d)")


def born(date: str, record: str) -> str:
    """A birth date, ISO 8601; a hundred years earlier where it is later than every year that the
    record writes in full: then its own was written in two digits.
    """
    years = _YEAR.findall(record)
    late = bool(years) and date[:4] > max(years)
    return f"{int(date[:4]) - 100}{date[4:]}" if late else date
