"""Inline XBRL (Inline XBRL 1.1, Transformation Registry): facts with their contexts, units and values."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal, DecimalException
from typing import Any

from neuraldocflow.extraction.flow.pieces import Mark, Places
from neuraldocflow.extraction.model import Fact
from neuraldocflow.extraction.patterns import regex

_LONGEST = 20_000
"""Characters of a fact's text kept in ``raw``; ``start`` and ``end`` give all of it."""
_KEPT_LONG = 8_000_000
_CAPTURED = {"startdate", "enddate", "instant", "explicitmember", "typedmember", "measure"}
_MONTHS = {
    name: number
    for number, name in enumerate(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], start=1
    )
}
_WORD_OR_NUMBER = regex(r"[^\W\d_]+|\d+")


@dataclass(slots=True)
class Tagged:
    """A tag of a fact (or of the continuation of one) as it is read."""

    name: str
    values: dict[str, str]
    start: Mark
    end: Mark
    hidden: bool
    text: list[str] = field(default_factory=list)


class Facts:
    """Collects what the tags of inline XBRL say. Names come without their prefix, in lower case."""

    def __init__(self) -> None:
        self.tagged: list[Tagged] = []
        self.continued: dict[str, Tagged] = {}
        self.shown: dict[str, tuple[Mark, Mark]] = {}
        self.contexts: dict[str, dict[str, Any]] = {}
        self.unit_names: dict[str, str] = {}
        self.listening: list[str] | None = None
        self._context: dict[str, Any] | None = None
        self._unit = ""
        self._measures: list[str] = []
        self._below = False
        self._dimension = ""
        self._hidden: list[Tagged] = []

    def open(self, name: str, values: dict[str, str], mark: Mark, hidden: bool) -> Tagged | None:
        """Takes a start tag; for a fact gives what :meth:`close` wants back."""
        if name in ("nonnumeric", "nonfraction", "continuation"):
            tagged = Tagged(values.get("name", ""), values, mark, mark, hidden)
            if name == "continuation":
                self.continued.setdefault(values.get("id", ""), tagged)
            elif tagged.name:
                self.tagged.append(tagged)
            if hidden:
                self._hidden.append(tagged)
                self.listening = tagged.text
            return tagged
        if name == "context":
            self._context = {"members": {}}
            self.contexts[values.get("id", "")] = self._context
        elif name == "unit":
            self._unit, self._measures, self._below = values.get("id", ""), [], False
        elif name == "unitdenominator":
            self._below = True
        elif name in _CAPTURED:
            self._dimension = values.get("dimension", "")
            self.listening = []
        return None

    def close(self, name: str, tagged: Tagged | None, mark: Mark) -> None:
        """Takes the end of a tag that was opened."""
        if tagged is not None:
            tagged.end = mark
            if self._hidden and self._hidden[-1] is tagged:
                self._hidden.pop()
                if self._hidden:
                    self._hidden[-1].text.extend(tagged.text)
                self.listening = self._hidden[-1].text if self._hidden else None
        elif name == "context":
            self._context = None
        elif name == "unit":
            self.unit_names[self._unit] = "".join(self._measures)
        elif name in _CAPTURED and self.listening is not None:
            text = "".join(self.listening).strip()
            self.listening = None
            if name == "measure":
                self._measures.append(
                    ("/" if self._below else "*" if self._measures else "") + text.split(":")[-1]
                )
            elif self._context is not None and name.endswith("member"):
                self._context["members"][self._dimension] = text
            elif self._context is not None:
                self._context[{"startdate": "start", "enddate": "end"}.get(name, name)] = text[:10]

    def facts(self, text: str, places: Places) -> list[Fact]:
        """The facts in the document's order; hidden ones have offsets only where they say what shows them."""
        found: list[Fact] = []
        room = _KEPT_LONG
        for tagged in self.tagged:
            values = tagged.values
            parts = [tagged, *self._continuations(values.get("continuedat", ""))]
            spans = [(-1, -1) if part.hidden else places.span(part.start, part.end) for part in parts]
            most = _LONGEST if room > 0 else 200
            raw = " ".join(
                " ".join("".join(part.text).split()) if part.hidden else text[start : min(end, start + most)]
                for part, (start, end) in zip(parts, spans, strict=True)
            ).strip()[:most]
            room -= len(raw)
            start, end = spans[0]
            if tagged.hidden and (shown := self.shown.get(values.get("id", ""))):
                start, end = places.span(*shown)
            found.append(Fact(tagged.name, raw, value_of(raw, values), start, end, self._context_of(values)))
        return found

    def _continuations(self, name: str) -> list[Tagged]:
        found: list[Tagged] = []
        seen: set[str] = set()
        while name in self.continued and name not in seen and len(found) < 200:
            seen.add(name)
            found.append(self.continued[name])
            name = found[-1].values.get("continuedat", "")
        return found

    def _context_of(self, values: dict[str, str]) -> dict[str, Any]:
        context = dict(self.contexts.get(values.get("contextref", ""), {}))
        if unit := values.get("unitref"):
            context["unit"] = self.unit_names.get(unit) or unit
        if decimals := values.get("decimals"):
            context["decimals"] = decimals
        return context


def value_of(raw: str, values: dict[str, str]) -> Any:
    """The value by the tag's format, scale and sign; ``raw`` where the format says nothing; None for nil, and
    for a number that can't be read: its words alone would be a number without its scale."""
    if values.get("xsi:nil") in ("true", "1"):
        return None
    form = values.get("format", "").rpartition(":")[2].lower().replace("-", "")
    if "unitref" in values or form.startswith(("num", "fixedzero")) or form == "zerodash":
        number = _number(raw, form)
        if number is None:
            return None
        try:
            number = number.scaleb(int(values.get("scale") or 0))
        except (ValueError, DecimalException):
            return None
        if values.get("sign") == "-":
            number = -number
        if number.adjusted() > 30:
            return None  # no amount, and infinite to readers of JSON
        return int(number) if number == number.to_integral_value() else float(number)
    if form in ("fixedtrue", "booleantrue"):
        return True
    if form in ("fixedfalse", "booleanfalse"):
        return False
    if form == "boolballotbox":
        return raw.strip() not in ("☐", "")
    if form in ("fixedempty", "nocontent"):
        return ""
    if form.startswith("date"):
        return _date(raw, form) or raw
    return raw


def _number(raw: str, form: str) -> Decimal | None:
    if "zero" in form or form == "numdash" or raw.strip() in ("—", "–", "-"):
        return Decimal(0)
    if "words" in form and raw.strip().lower() in ("no", "none", "zero", "nil"):
        return Decimal(0)
    digits = "" if len(raw) > 60 else "".join(raw.split()).replace("’", "").replace("'", "")
    if form.startswith("numcomma"):
        digits = digits.replace(".", "").replace(",", ".")
    digits = digits.replace(",", "").strip("$€£¥()%")
    try:
        number = Decimal(digits)
    except DecimalException:
        return None
    return number if number.is_finite() and number.adjusted() < 100 else None


def _date(raw: str, form: str) -> str | None:
    """ISO 8601 of a date in words or figures; ``--12-31`` for a day of the year."""
    parts = _WORD_OR_NUMBER.findall(raw[:80])
    numbers = [int(part) for part in parts if part.isdecimal() and len(part) <= 4]
    month = next((_MONTHS[p[:3].lower()] for p in parts if p[:3].lower() in _MONTHS), None)
    day: int | None = None
    year: int | None = None
    if month is not None:
        year = next((n for n in numbers if n > 31), numbers[1] if len(numbers) > 1 else None)
        day = next((n for n in numbers if n <= 31), None)
    elif len(numbers) >= 2:
        given = dict(zip(re.findall(r"year|month|day", form), numbers, strict=False))
        month, day, year = given.get("month"), given.get("day"), given.get("year")
    if month is None or not 1 <= month <= 12 or (day is not None and not 1 <= day <= 31):
        return None
    if year is not None and year < 100:
        year += 2000
    if year is None:
        return f"--{month:02d}-{day:02d}" if day else f"--{month:02d}"
    return f"{year:04d}-{month:02d}-{day:02d}" if day else f"{year:04d}-{month:02d}"
