"""Quantities as clinical documents write them: numbers, units, flags, reference ranges."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ..patterns import regex
from .parts import Part
from .terms import VITAL

_SQUARE = r"1\.73\s?m\s?[2²]"
UNIT = (
    r"(?:%"
    r"|[kmunpµμ]\[[A-Za-z_]+\](?:/[A-Za-z]+)*"
    r"|(?:mm|cm)\s?\[?H(?:g|2O)\]?"
    r"|(?:[x×]\s?)?10\s?[*^eE+(]+\s?\d+\)?(?:\s?/\s?[µμumc]{0,2}[lL])?"
    r"|(?:[GT]|[GT]pt|Tsd\.?)/(?:[lL]|[uµμ][lL])\b"
    r"|/\s?(?:min|hpf|lpf|HPF|LPF|[uµμ]?L)\b"
    r"|\[?(?:k|m|c|d|u|µ|μ|n|p|f|mc|h)?(?:g|gm|mol|Eq|eq|EQ|osm|Osm|IU|U|kat|iu|u|K|M|thou|mill|cells|beats|breaths"
    r"|copies|CFU|cfu|units?|L|l|m)[A-Za-z]{0,8}\]?"
    rf"(?:\s?/\s?(?:{_SQUARE}|\{{[^{{}}\s]+\}}|[A-Za-z0-9\[\]²³^*]+(?:\.[A-Za-z0-9]+)*)){{1,3}}"
    r"|(?:beats|breaths|respirations) (?:per|a) min(?:ute)?\b|per ?cent\b"
    r"|degrees? (?:Fahrenheit|Celsius|[FC])\b"
    r"|\[?(?:lb_av|lb_en|[Ll]bs?|gms?|pounds|oz|in(?:ches|_i|_us)?|ft|feet|cms?|mm|kgs?|mg|mcg|[uµμ]g|pg|fL|fl"
    r"|um3|uug|[cm]?m[2²]|sq m"
    r"|deg ?[CF]|Deg ?[CF]|Cel|bpm|rpm|sec|secs|s|seconds|ratio|mEq|IU|U|g|m|L|mL|ml|M|K|pH|kPa"
    r"|[°º]?\s?[FC])\]?"
    r"(?![A-Za-z_\d²³])"
    r"|[°º])"
)
_NUMBER = r"[<>≤≥]?=?\s?[-−]?(?:\d+(?:,\d+)*(?:\.\d+)?|\.\d+)"
_FLAG = r"(?:HH?|LL?|AA?|N|HI|LO|LOW|HIGH|CRIT(?:ICAL)?|ABN(?:ORMAL)?|NORMAL)"
QUANTITY = regex(rf"\s*(?P<value>{_NUMBER})\s*(?P<unit>{UNIT})?")
_NO_NUMBER = regex(r"\s*[/:–-]\s*\d|\+")
"""What follows a number that is part of a date, a ratio, a range or a grade."""
_COMPOSITE = regex(
    r"\d+\s?(?:ft|feet|'|′)\s?\d+(?:\.\d+)?\s?(?:in(?:ches)?|\"|″)?|\d+\s?lbs?\s\d+(?:\.\d+)?\s?oz"
)
_AFTER_FLAG = regex(
    rf"\W*(?:(?P<plain>{_FLAG})(?!\w)|.*?\((?P<bracket>{_FLAG})\)|.*?\*+(?P<star>[<>]?[HL]?{_FLAG})\*+)",
    re.I | re.S,
)
_DATE_INSIDE = regex(r"\((?P<date>\d{1,4}[/-]\d{1,2}[/-]\d{1,4}[^()]*)\)")
_PRESSURE = regex(
    r"(?P<sys>\d{2,3}(?:\.\d+)?)\s*(?:mm\s?\[?Hg\]?)?\s*/\s*(?P<dia>\d{2,3}(?:\.\d+)?)(?![\d/])"
    r"\s*(?P<unit>mm\s?\[?Hg\]?)?"
)
_LIMITS = rf"(?:[<>≤≥]=?\s?\d[\d.,]*|\d[\d.,]*\s?[-–]\s?\d[\d.,]*)(?:\s?{UNIT})?"
_REFERENCE = (
    r"(?:\s*[(\[]\s*(?i:ref(?:erence)?\.?(?: range| interval)?\s*:?\s*|normal\s*:?\s*)?"
    rf"(?P<range>{_LIMITS})[)\]])"
)
_ENDS = regex(r"(?=\s*(?:$|[\n;|)]|[,.](?:\s|$)))")
_NAMED_QUANTITY = regex(
    rf"(?P<name>[A-Za-z][^\n\t;|]{{0,70}}?)[\s:=]+(?P<value>{_NUMBER})(?![\w/:]|-\d|\.\d)"
    rf"(?:\s*(?P<unit>{UNIT})(?![A-Za-z\d]))?(?:\s*\(?(?P<flag>{_FLAG})\)?(?!\w))?{_REFERENCE}?"
    rf"(?:\s*\(?(?P<flag2>{_FLAG})\)?(?!\w))?"
    r"(?:\s*\((?P<judged>(?i:(?:ab)?normal|high|low|critical(?:ly)?)\b[^()]{0,30})\))?"
)
_NAMED_VITAL = regex(
    rf"(?P<name>{VITAL.pattern})\s*(?:\([^()\d]{{1,12}}\))?\s*(?:is|was|of|[:=-])?\s*"
    rf"(?P<value>\d{{2,3}}\s*/\s*\d{{2,3}}|{_COMPOSITE.pattern}|\d+(?:,\d+)*(?:\.\d+)?)(?:\s*(?P<unit>{UNIT}))?",
    re.IGNORECASE,
)
_RANGE_IN_NAME = regex(r"\s*[(\[](?P<range>[^()\[\]]*\d[^()\[\]]*)[)\]]\s*$")
_UNIT_IN_NAME = regex(rf"\s*,?\s*\(\s*(?P<unit>{UNIT}(?:\s?\(calc\))?)\s*\)?\s*$")
_UNIT_BEHIND = regex(rf"\s(?P<unit>{UNIT})$")
_SYMBOLS = frozenset("KMLU")
"""Units that are rather a symbol where they stand behind a name: ``Potassium (K)``."""
_YEAR = regex(r"(?:19|20)\d\d$")


@dataclass(frozen=True, slots=True)
class Quantity:
    """A measured value, and what the same cell says of it."""

    value: Part
    unit: Part | None = None
    flag: Part | None = None
    date: Part | None = None
    reference: Part | None = None


def quantity(cell: Part) -> Quantity | None:
    """The number a cell begins with, its unit, flag and date: ``141 mmol/L``, ``123 (L)``."""
    if composite := _COMPOSITE.match(cell.text):
        return Quantity(cell.cut(*composite.span()))
    match = QUANTITY.match(cell.text)
    if match is None:
        return None
    if match["unit"] is None and _NO_NUMBER.match(cell.text, match.end("value")):
        return None
    unit = cell.cut(*match.span("unit")) if match["unit"] else None
    return Quantity(cell.cut(*match.span("value")), unit, *_told(cell, match.end()))


def _told(cell: Part, position: int) -> tuple[Part | None, Part | None]:
    """The flag and the date behind a value."""
    rest = cell.cut(position, len(cell.text))
    flag, date = _AFTER_FLAG.match(rest.text), _DATE_INSIDE.search(rest.text)
    which = flag.lastgroup if flag else None
    return (
        rest.cut(*flag.span(which)) if flag and which else None,
        rest.cut(*date.span("date")) if date else None,
    )


def pressures(cell: Part) -> tuple[Part, Quantity] | None:
    """Systolic, and diastolic with the unit, of ``132/86 mmHg``; None for others."""
    match = _PRESSURE.match(cell.text)
    if match is None:
        return None
    unit = cell.cut(*match.span("unit")) if match["unit"] else None
    if unit is None and (inner := re.search(r"mm\s?\[?Hg\]?", cell.text)):
        unit = cell.cut(*inner.span())
    diastolic = Quantity(cell.cut(*match.span("dia")), unit, *_told(cell, match.end()))
    return cell.cut(*match.span("sys")), diastolic


def named_quantities(text: Part) -> Iterator[tuple[Part, Quantity]]:
    """Every ``name number unit`` of a running text, such as a cell that holds a whole panel.

    A number without a unit counts where nothing but a range, a flag or the sentence's end follows it.
    """
    for match in _NAMED_QUANTITY.finditer(text.text):
        sure = match["unit"] or match["range"] or match["flag"] or match["judged"]
        if not sure and (_YEAR.match(match["value"]) or not _ENDS.match(text.text, match.end())):
            continue
        name = _title(text.cut(*match.span("name")))
        if not re.search("[A-Za-z]", name.text) or len(name.text.split()) > (8 if sure else 5):
            continue
        unit, flag, reference = (
            text.cut(*match.span(group)) if match[group] else None for group in ("unit", "flag", "range")
        )
        for more in ("flag2", "judged"):
            if flag is None and match[more]:
                flag = text.cut(*match.span(more))
        yield name, Quantity(text.cut(*match.span("value")), unit, flag, None, reference)


_BEFORE_NAME = regex(
    r"\d[/-]\d{1,2}[/-]\d{1,4}\W+|[.:]\s+|^(?:and|an?|the|his|her|their) "
    r"|\b(?:show(?:ed|s)|reveal(?:ed|s)|demonstrat(?:ed|es)|included?) (?:an? )?",
    re.IGNORECASE,
)
_BEHIND_NAME = regex(r"\s(?:was|were|is|are|of|at|remained)$", re.IGNORECASE)


def _title(name: Part) -> Part:
    """A name without the date, the sentence or the list before it, and the verb behind it."""
    if behind := _BEHIND_NAME.search(name.text):
        name = name.cut(0, behind.start())
    while before := [match.end() for match in _BEFORE_NAME.finditer(name.text)]:
        name = name.cut(max(before), len(name.text))
    return name.trimmed(" ,–-")


def named_vitals(text: Part) -> list[tuple[Part, Part, Part | None]]:
    """Every vital sign named in a running text: name, value (a pressure as ``120/80``), unit."""
    return [
        (
            text.cut(*match.span("name")),
            text.cut(*match.span("value")),
            text.cut(*match.span("unit")) if match["unit"] else None,
        )
        for match in _NAMED_VITAL.finditer(text.text)
    ]


def split_range(name: Part) -> tuple[Part, Part | None]:
    """A test's name and the reference range in brackets behind it, as in ``HGB (12-16 g/dl)``."""
    match = _RANGE_IN_NAME.search(name.text)
    if match is None or not re.search(r"\d\s*[-–]\s*\d|[<>≤≥]", match["range"]):
        return name, None
    if re.fullmatch(r"\d{3,5}-\d", match["range"]):  # a code of LOINC: what is normal does not fall
        return name, None
    return name.cut(0, match.start()), name.cut(*match.span("range"))


def split_unit(name: Part, kind: str) -> tuple[Part, str | None]:
    """A test's name and the unit in brackets behind it; behind a vital sign also without brackets."""
    match = _UNIT_IN_NAME.search(name.text)
    if match is None and kind == "vital_signs":
        match = _UNIT_BEHIND.search(name.text)
    if match is None or match.start() == 0 or match["unit"] in _SYMBOLS:
        return name, None
    return name.cut(0, match.start()), match["unit"]


_UNIT_FIRST = regex(rf"(?P<unit>{UNIT})\s+(?=[<>≤≥]?=?\s?\d)")


def unit_first(text: str) -> int:
    """Where the unit ends that stands before a reference range, ``mg/dL 65 - 99``; 0 where none does."""
    match = _UNIT_FIRST.match(text)
    return match.end("unit") if match and (len(match["unit"]) > 1 or match["unit"] == "%") else 0


_UNIT_ALONE = regex(rf"(?P<unit>{UNIT})(?:\s?\(calc\))?")


def unit_alone(text: str) -> str | None:
    """The unit that is all that stands where a reference range does: ``mg/dL (calc)``."""
    match = _UNIT_ALONE.fullmatch(text.strip())
    return match["unit"] if match else None


def unit_in(text: str) -> str | None:
    """The first unit that follows a number in a reference range; None where it has none."""
    match = re.search(rf"\d\s*(?P<unit>{UNIT})(?=$|[\s,;).])", text)
    return match["unit"] if match else None
