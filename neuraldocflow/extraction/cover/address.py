"""Where a registrant sits, as its cover page prints it: street, city, state and postal code.

An address ends with a state and a zip code, a Canadian province, or a country with its postal code behind
or before it; the city stands before that, the street first. Ranges are offsets of ``Document.text``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..patterns import regex
from .page import ABROAD, CODES, FULL, PLACE, Cover, lines_of, trimmed

Range = tuple[int, int]

_USA = r"(?:,?\s+(?:U\.\s?S\.(?:\s?A\.)?|USA?|United\s+States(?:\s+of\s+America)?))?"
_IN_STATES = regex(
    rf"(?<=[,\s])(?P<state>(?i:{FULL})|{CODES}|[A-Z]\.\s?[A-Z]\.)(?!\w){_USA}[.,]?\s{{0,12}}"
    r"(?P<zip>(?!20549)\d{5}(?:\s?[-–‑]\s?\d{4})?)(?![\d-])"
)
"""20549 is the Commission's own code, which stands at the top of its forms."""
_PROVINCES = (
    r"(?i:Ontario|Alberta|Qu[eé]bec|British\s+Columbia|Manitoba|Saskatchewan|Nova\s+Scotia|New\s+Brunswick|"
    r"Newfoundland(?:\s+and\s+Labrador)?|Prince\s+Edward\s+Island|Yukon(?:\s+Territory)?)|"
    r"ON|AB|QC|PQ|BC|B\.C\.|MB|SK|NS|NB|NL|PE|YT"
)
_IN_CANADA = regex(
    rf"(?<=[,\s])(?P<state>{_PROVINCES})(?![A-Za-z])[.,]?\s{{0,12}}(?:"
    r"(?:Canada[.,]?\s{0,12})?(?P<zip>[A-Z]\d[A-Z]\s?\d[A-Z]\d)|Canada\b)"
)
_LETTERED = (
    r"KY\d-\d{4}|[A-Z]\d[\dW]\s?[A-Z\d]{4}|[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2}"
    r"|[A-Z]{2}\s?(?:\d{2}|[A-Z]{2}(?=,))"
)
"""Postal codes that stand behind the city: the Caymans', Ireland's, the United Kingdom's, Bermuda's."""
_POSTAL = rf"{_LETTERED}|[A-Z]{{1,2}}-?\d{{4,5}}|\d{{4}}\s?[A-Z]{{2}}|\d{{3}}-\d{{4}}|\d{{4,7}}"
_COUNTRY_FIRST = regex(rf"(?<=[,\s])(?P<country>(?i:{ABROAD}))\b[.,]?\s{{0,12}}(?P<zip>{_POSTAL})(?![\w-])")
_CODE_FIRST = regex(
    rf"(?<=[,\s])(?<![Bb]ox\s)(?P<zip>{_LETTERED})[,\s]\s{{0,12}}(?:[A-Z][\w .’'-]{{2,24}}[,\n]\s{{0,12}})?"
    rf"(?P<country>(?i:{ABROAD}))\b"
)
_CODE_AND_CITY = regex(
    r"(?<=[,\s])(?P<zip>\d{4,6}(?:\s?[A-Z]{2})?)\s(?P<city>[A-Z][\w .’'-]{2,30}?)[,\n]\s{0,12}"
    rf"(?:[A-Z][\w .’'-]{{2,24}}[,\n]\s{{0,12}})?(?P<country>(?i:{ABROAD}))\b"
)
_FORMS = (_IN_STATES, _IN_CANADA, _CODE_AND_CITY, _CODE_FIRST, _COUNTRY_FIRST)
"""What an address ends with; what tells most comes first."""
_ZIP = regex(r"(?<![\d-])\d{5}(?:[-–]\d{4})?(?![\d-])|(?<!\w)[A-Z]\d[A-Z]\s?\d[A-Z]\d(?!\w)")
_ZIP_BESIDE = regex(r"(?<=[,\w.] |.\n)(?P<zip>\d{5}(?:[-–]\d{4})?)[ \t]*\n")
_CODE = regex(rf",\s*(?P<place>{CODES})\b")
_CITY_STATES = regex(r"singapore|hong\s+kong|monaco|luxembourg", re.I)
_REGION = regex(
    r"(?:co\.|county)\s+\w+|.+\s(?:province|county|prefecture)|england|scotland|wales|northern\s+ireland",
    re.I,
)
"""Parts of an address between its city and its country."""

_KINDS = (
    r"street|avenue|ave|road|rd|boulevard|blvd|drive|dr|lane|ln|way|plaza|parkway|pkwy|court|ct|circle|square|"
    r"center|centre|place|pl|highway|hwy|terrace|row|broadway|floor|tower|building|"
    r"(?:suite|ste\.?|unit|room|apt\.?)\s+[\w-]+|"
    r"p\.?\s?o\.?\s+box\s+\d+"
)
_COMPASS = r"(?:north|south|east|west|northeast|northwest|southeast|southwest|[ns]\.?\s?[ew]?\.?)"
_STREET = regex(
    rf"\b(?:{_KINDS}|(?<=[a-z]\s)(?<!street\s)(?<!avenue\s)(?<!plaza\s)(?<!place\s)(?<!drive\s)(?<!road\s)st)\b\.?"
    rf"(?:\s+{_COMPASS}(?![a-z]))?(?=\s+[A-Z])",
    re.I,
)
_DIRECTION = regex(rf"{_COMPASS}(?![a-z])", re.I)
_UNIT = regex(
    r"(?:unit|room|rm\.?|suite|ste\.?|flat|floor|level|block|building|no\.?|#)\s*[\w#/.-]{1,8}"
    r"|\d{1,3}(?:st|nd|rd|th)?[\s/]*(?:floor|f|fl\.?)|\d{1,4}",
    re.I,
)
"""A part that is no street by itself: "Unit 1902", "19/F"."""
_EIN = regex(r"(?<![\d-])\d{2}\s?[-–‑]\s?\d{7}(?!\d)")
_WHAT_IT_IS = regex(r"[\s,]*\((?:an?|the)\s+[^()]{3,60}\)\s*", re.I)
_CAPTION_REST = regex(r"^\W*(?:incorporation|organization|identification|number|no\.?|\(?i\.r\.s)\b", re.I)

_CHARTERED = regex(
    rf"{PLACE.pattern}\s+(?=\d|(?:one|two|three|four|five|six|seven|eight|nine|ten)\s)", re.IGNORECASE
)
"""A state before a house number: of several registrants in a table, each has its own there."""


@dataclass(frozen=True, slots=True)
class Address:
    """Ranges of the address's parts that were found; ``sure`` (0..1) says how well its form is known."""

    street: Range | None
    city: Range | None
    state: Range | None
    zip: Range | None
    sure: float = 1.0


def address_of(cover: Cover, begin: int, limit: int) -> Address | None:
    """The address that ends before its caption, else the first between two positions."""
    captions = [start for start, _ in cover.of("address")]
    found = [
        (rank, match) for rank, form in enumerate(_FORMS) for match in form.finditer(cover.text, begin, limit)
    ]
    captioned = [each for each in found if captions and 0 <= captions[0] - each[1].end() < 250]
    if captioned:
        # the form that tells most, nearest to the caption
        _, match = min(captioned, key=lambda each: (each[0], -each[1].start()))
    elif found:
        _, match = min(found, key=lambda each: (each[1].start(), each[0]))
    else:
        return _without_code(cover, captions, begin, limit)
    return _ended(cover, max(cover.before(match.start()), begin), match)


def _ended(cover: Cover, begin: int, match: re.Match[str]) -> Address:
    if "state" in match.re.groupindex:
        parts = _parts(cover, begin, match.start("state"))
        zipped = match.span("zip") if match["zip"] else _zip_below(cover, match.end())
        return _address(parts, match.span("state"), zipped, 1.0 if zipped else 0.8)
    if "city" in match.re.groupindex:
        parts = [*_parts(cover, begin, match.start("zip")), trimmed(cover.text, *match.span("city"))]
        return _address(parts, None, match.span("zip"), 0.8)
    end = min(match.start("zip"), match.start("country"))
    parts = [part for part in _parts(cover, begin, end) if not _REGION.fullmatch(cover.text[slice(*part)])]
    if _CITY_STATES.fullmatch(match["country"]) and match.start("country") == end:
        parts.append(match.span("country"))
    return _address(parts, None, match.span("zip"), 0.8)


def _without_code(cover: Cover, captions: list[int], begin: int, limit: int) -> Address | None:
    """An address without a zip code, or with it behind the caption: a state or country before the caption."""
    for caption in captions:
        start = max(cover.before(caption), begin)
        places = list(PLACE.finditer(cover.text, start, caption)) or list(
            _CODE.finditer(cover.text, start, caption)
        )
        if not places:
            continue
        place = places[-1].span("place")
        # in a form's second column it stands beside the street, else behind the caption
        beside = _ZIP_BESIDE.search(cover.text, start, place[0])
        zipped = beside.span("zip") if beside is not None else _zip_below(cover, caption, limit)
        abroad = re.fullmatch(ABROAD, cover.text[slice(*place)], re.I) is not None
        parts = [
            part
            for part in _parts(cover, start, place[0])
            if not (abroad and _REGION.fullmatch(cover.text[slice(*part)]))
        ]
        if abroad and _CITY_STATES.fullmatch(cover.text[slice(*place)]):
            parts.append(place)
        return _address(parts, None if abroad else place, zipped, 0.5 if abroad else 0.9)
    return None


def _zip_below(cover: Cover, start: int, limit: int | None = None) -> Range | None:
    """A zip code in the lines that follow a position."""
    end = min(start + 300 if limit is None else limit, len(cover.text))
    code = _ZIP.search(cover.text, start, end)
    return code.span() if code is not None else None


def _address(parts: list[Range], state: Range | None, zipped: Range | None, sure: float) -> Address:
    street = parts[0] if len(parts) > 1 else None
    return Address(
        street, parts[-1] if parts else None, state, zipped, sure if len(parts) > 1 else 0.6 * sure
    )


def _parts(cover: Cover, begin: int, end: int) -> list[Range]:
    """The parts of an address up to its state, between commas and lines; the street first, the city last."""
    number = list(_EIN.finditer(cover.text, begin, end))
    begin = number[-1].end() if number else begin
    named = list(_WHAT_IT_IS.finditer(cover.text, begin, end))
    lines = lines_of(cover.text, named[-1].end() if named else begin, end)
    while len(lines) > 1 and (
        (len(lines) > 2 and PLACE.fullmatch(cover.text[slice(*lines[0])].strip(" ,.")))
        or _CAPTION_REST.match(cover.text[slice(*lines[0])])
    ):
        lines = lines[1:]
    chartered = _CHARTERED.match(cover.text, *lines[0]) if lines else None
    if chartered is not None:
        lines[0] = chartered.end(), lines[0][1]
    parts: list[Range] = []
    for start, stop in lines:
        own = [
            trimmed(cover.text, start + part.start(), start + part.end(), " ,;:_–—|")
            for part in re.finditer(r"[^,]+", cover.text[start:stop])
        ]
        parts.extend(_joined(cover.text, [part for part in own if part[0] < part[1]], first=not parts))
    if parts:
        # street and city with nothing between them
        first, last = parts[-1]
        streets = list(_STREET.finditer(cover.text, first, last))
        if streets and cover.text[streets[-1].end() : last].strip(" ,."):
            parts[-1:] = [(first, streets[-1].end()), trimmed(cover.text, streets[-1].end(), last, " ,")]
    return parts


def _joined(text: str, parts: list[Range], first: bool) -> list[Range]:
    """The parts of one line: a direction belongs to the street before it, a unit that the address begins
    with to what follows."""
    joined: list[Range] = []
    for part in parts:
        units = first and len(joined) == 1 and text[slice(*joined[0])].split(",")
        if joined and (
            _DIRECTION.fullmatch(text[slice(*part)])
            or (units and all(_UNIT.fullmatch(unit.strip()) for unit in units))
        ):
            joined[-1] = joined[-1][0], part[1]
        else:
            joined.append(part)
    return joined
