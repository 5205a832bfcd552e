"""From a text as it stands to a value: dates, numbers, money, identifiers and the like.

``normalise(raw, field, context)`` gives the value and what belongs to it, or None where the text is no such
value: then the candidate is dropped, never guessed.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from .choices import choices
from .identifiers import IDENTIFIERS
from .numbers import MOST, read_number
from .patterns import lowered, regex
from .profile import Field
from .units import parse_scale

Normal = tuple[Any, dict[str, Any]]
"""The value, and what is told beside it: ``{"currency": "USD"}``."""

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan januar jänner janvier janv",
            "february feb februar février fevrier févr",
            "march mar märz mars",
            "april apr avril avr",
            "may mai",
            "june jun juni juin",
            "july jul juli juillet juil",
            "august aug août aout",
            "september sept sep septembre",
            "october oct oktober okt octobre",
            "november nov novembre",
            "december dec dezember dez décembre decembre déc",
        ),
        1,
    )
    for name in names.split()
}
"""In English, German and French."""
_MONTH = rf"(?P<month>{'|'.join(sorted(_MONTHS, key=len, reverse=True))})\.?"
_DAY = r"(?P<day>\d{1,2})(?:\s*(?:st|nd|rd|th)|er)?"
_GERMAN = "januar|jänner|februar|märz|mai|juni|juli|oktober|dezember"
_DATES = [
    regex(pattern, re.IGNORECASE)
    for pattern in (
        r"\b(?P<year>\d{4})([-/.])(?P<number>\d{1,2})\2(?P<day>\d{1,2})(?!\d)",
        r"\b(?P<year>(?:19|20)\d{2})(?P<number>[01]\d)(?P<day>[0-3]\d)(?!\d)",
        rf"\b{_MONTH}[\s-]*{_DAY}[\s-]*,?\s*(?P<year>\d{{4}})\b",
        rf"\b{_DAY}[\s-]*(?:day\s+of\s+|of\s+)?{_MONTH}[\s-]*,?\s*(?P<year>\d{{4}})\b",
        # "3. Mai 2024", and not "see note 3. May 2024 was dry"
        rf"(?:^|[,:(]\s?|\b(?:am|vom|den|dem|zum|bis|ab|seit)\s|(?=\d\d?\.\s(?:{_GERMAN})\b))(?<![\w.])"
        rf"(?P<day>\d{{1,2}})\.\s?{_MONTH}\s(?P<year>\d{{4}})\b",
        r"\b(?P<number>\d{1,2})([/-])(?P<day>\d{1,2})\2(?P<year>\d{4})\b",
        r"(?<![\w.])(?P<day>\d{1,2})\.(?P<number>\d{1,2})\.(?P<year>\d{4})\b(?!\.\d)",
        r"\b(?P<number>\d{1,2})[/-](?P<day>\d{1,2})[/-](?P<year>\d{2})\b(?![/-]\d)",
    )
]
_SLASHED = regex(r"(?<![\d/])(\d{1,2})/(\d{1,2})/((?:19|20)?\d\d)(?![\d/])")
_FIRST_YEAR = 1000
"""Earlier ones stand for "no date" in forms that systems filled."""
_TRUE = frozenset({"yes", "y", "true", "x", "☒", "☑", "checked", "1"})
_FALSE = frozenset({"no", "n", "false", "☐", "unchecked", "0"})


def fold(text: str) -> str:
    """White space runs to one space, none around."""
    return " ".join(text.split())


def normalise(raw: str, field: Field, context: Mapping[str, Any]) -> Normal | None:
    """The value of ``raw`` for a field; ``context`` may hold ``scale`` and ``currency`` of its table, and
    whether the document writes dates ``day_first``."""
    text = fold(raw)
    if not text:
        return None
    kind = field.items.type if field.type == "list" and field.items is not None else field.type
    wanted = field.items if field.type == "list" and field.items is not None else field
    if kind == "date":
        return _plain(parse_date(text, bool(context.get("day_first"))))
    if kind in ("integer", "decimal", "money", "percent"):
        return _number(raw, kind, context)
    if kind == "boolean":
        return _plain(parse_boolean(text))
    if kind == "enum":
        return _plain(_enum(text, wanted))
    if kind == "identifier" or wanted.format in IDENTIFIERS:
        check = IDENTIFIERS.get(wanted.format or "")
        return _plain(check(text) if check is not None else text.strip(" .,:;#"))
    return _plain(text.strip(" \t:;") or None)


def _plain(value: Any) -> Normal | None:
    return None if value is None else (value, {})


def day_first(text: str) -> bool:
    """Whether slashed dates are written day first: some can be read only so, and none only month first."""
    found = _SLASHED.findall(text)
    found = [each for each in found if len(each[2]) == 4] or found  # "20/10/15 units" is none
    pairs = [(int(one), int(other)) for one, other, _ in found]
    return any(31 >= one > 12 >= other > 0 for one, other in pairs) and not any(
        other > 12 for _, other in pairs
    )


def parse_date(text: str, day_leads: bool = False) -> str | None:
    """ISO 8601 of the first date in a text. A date of digits and slashes is read month first, as in the US,
    unless the day leads or the first number can be no month."""
    found = [(match.start(), match) for pattern in _DATES if (match := pattern.search(text))]
    for _, match in sorted(found, key=lambda each: each[0]):
        parts = match.groupdict()
        month = int(parts["number"]) if parts.get("number") else _MONTHS[lowered(parts["month"])]
        day, year = int(parts["day"]), int(parts["year"])
        if len(parts["year"]) == 2:
            year += 2000 if year < 50 else 1900
        elif year < _FIRST_YEAR:
            continue
        month_leads = parts.get("number") and match.start("number") < match.start("day")
        if month_leads and match.start("year") > match.start() and (month > 12 or (day_leads and day <= 12)):
            month, day = day, month
        try:
            return datetime.date(year, month, day).isoformat()
        except ValueError:
            continue
    return None


def _number(text: str, kind: str, context: Mapping[str, Any]) -> Normal | None:
    found = read_number(text, money=kind == "money", percent=kind == "percent")
    if found is None:
        return None
    value = found.value
    told: dict[str, Any] = {}
    if kind == "percent":
        return float(value), told
    if not found.scaled:
        value *= Decimal(context.get("scale") or 1)
    if abs(value) >= MOST:
        return None
    whole = value == value.to_integral_value()
    if kind == "integer":
        return (int(value), told) if whole else None
    if kind == "money":
        currency = found.currency or parse_scale(text)[1] or context.get("currency")
        if currency:
            told["currency"] = currency
    return (int(value) if whole and kind == "money" else float(value)), told


def parse_boolean(text: str) -> bool | None:
    """True or False of words and check boxes; None for anything else. A box of its own, without ``yes`` or
    ``no`` beside it, is true where it is ticked."""
    answers = choices(text)
    if answers is None:
        return _yes_or_no(text)
    if len(answers) == 1:
        ((words, on),) = answers
        said = _yes_or_no(words.partition(" ")[0])
        return on if said is None else said if on else False if said else None
    ticked = [words for words, on in answers if on]
    return _yes_or_no(ticked[0].partition(" ")[0]) if len(ticked) == 1 else None


def _yes_or_no(text: str) -> bool | None:
    word = text.lower().strip(" .,;:[]()")
    if word in _TRUE:
        return True
    return False if word in _FALSE else None


def _enum(text: str, field: Field) -> str | None:
    """The value whose name or words the text is, or else the longest of them that stands in it; where the
    text has check boxes, that of the one that is ticked."""
    answers = choices(text)
    if answers is None:
        return _named(text, field)
    ticked = {_named(words, field) for words, on in answers if on}
    return ticked.pop() if len(ticked) == 1 else None


def _named(text: str, field: Field) -> str | None:
    lowered = text.lower()
    best: tuple[int, str] | None = None
    for value, words in field.values.items():
        for word in (value, value.replace("_", " "), *words):
            length = len(word)
            if lowered == word.lower():
                return value
            if re.search(rf"(?<!\w){re.escape(word.lower())}(?!\w)", lowered) and length > (best or (0,))[0]:
                best = (length, value)
    return best[1] if best else None
