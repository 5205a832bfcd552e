"""Values of the cover page of an SEC filing, by its captions and its fixed phrases."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from ..candidates import Candidate, Context, strategy
from ..cover.address import address_of
from ..cover.amounts import public_float, shares_outstanding
from ..cover.boxes import filer_category, yes_or_no
from ..cover.page import CODES, PLACE, Cover, cover_of, from_cover, lines_of, trimmed
from ..cover.securities import Listing, listings
from ..model import Document
from ..patterns import regex

if TYPE_CHECKING:
    from ..profile import Field

Found = Iterator[Candidate]

_FILE_NUMBER = regex(r"(?<![\d-])(\d{1,3}\s?[-–‑]\s?\d{2,6}(?:[-–]\d{1,2})?)(?![\d-])")
_DATE = (
    r"(?P<date>(?:the\s+)?(?:last\s+\w+\s+of\s+)?[A-Z][a-z]{2,8}\.?\s*\d{1,2}(?:st|nd|rd|th)?\s*,?\s*\d{4}"
    r"|\d{1,2}\s+[A-Z][a-z]{2,8}\s*,?\s*\d{4}|\d{1,2}/\d{1,2}/\d{2,4}|\d{4}-\d\d-\d\d)"
)
_YEAR = regex(
    r"(?:\bfor\s+(?:the\s+)?|^\W*)(?:(?:annual|fiscal|calendar|transition|financial|fifty-?\s?\w+|5[23]|twelve|12)"
    r"[\s-]+)*(?:years?|periods?|weeks?|months?)(?:\s*\([^()]{1,20}\))?[\s-]+end(?:ed|ing)\s*:?[\s_(]*"
    + _DATE,
    re.I | re.M,
)
_TRANSITION = regex(
    r"transition\s+period\s+from\s*:?\s*[A-Z\d][\w\s.,/]{3,24}?\s+to\s*:?[\s_]*" + _DATE, re.I
)
_WELL_KNOWN = regex(r"well-?\s?known\s+seasoned", re.I)
_SHELL = regex(r"\bshell\s+compan(?:y|ies)\b", re.I)
_EIN = regex(r"(?<![\d-])(\d{2}\s?[-–‑]\s?\d{7})(?!\d)")
_PHONE = regex(r"(?<![\d-])(?:\+?1[ .-])?(\(?\s?\d{3}\s?\)?\s?[-–‑./]?\s?\d{3}\s?[-–‑.\s]\s?\d{4})(?![\d-])")
_PHONE_ABROAD = regex(r"(?<![\d-])(\+?\(?\d{1,3}\)?[ .-]{0,2}\(?\d(?:[\d() .-]{5,15})\d)(?![\d-])")
_NOT_A_NAME = regex(
    r"^\W*(?:form\s*10-?k|(?:or|and|from|to|of)\W*$|mark\s+one|for\s+the\b|from\b.*\bto\b|commission\s+file|"
    r"annual\s+report|transition\s+(?:report|period)|logo\W*$|united\s+states(?:\W*$|\s+securities\s+and)|"
    r"securities\s+and\s+exchange\s+comm|washington\W+d\W?\s?c\b|amendment\s+no|\d[\d-]*$|i\.?r\.?s\b|"
    r"table\s+of\s+contents|(?:of\s+)?the\s+registrants?\b|☐|☒)",
    re.I,
)
_FORM = (
    r"inc|incorporated|corp|corporation|company|co|ltd|limited|plc|llc|l\.\s?l\.\s?c|l\.\s?p|lp|trust"
    r"|n\.\s?v|s\.\s?a"
)
_COMPANY = regex(rf"\b(?:{_FORM}|partners|group|holdings?|bancorp|bancshares|fund|association)\b\.?", re.I)
_ENDS_IN_FORM = regex(rf"\b(?:{_FORM}|partnership)\b\W*$", re.I)


_HEADING = regex(
    r"\W*(?:(?:exact\s+)?names?\s+of\s+)?(?:the\s+)?(?:registrants?|i\.?r\.?s|employer|address|telephone)\b",
    re.I,
)
"""Words that captions begin with."""
_BELOW = 0.7
"""How sure an amount below the documents incorporated by reference is, beside one above them."""
_WHAT_IT_IS = regex(r"[\s,]*\((?:an?|the)\s+[^()]{3,60}\)\s*", re.I)
"""What a registrant is, behind its name: "(a Delaware corporation)"."""


@strategy("cover_page")
def cover_page(document: Document, spec: dict[str, Any], field: Field, context: Context) -> Found:
    """The value of ``role`` on the cover page; several where the page lists several."""
    if "from_cover" not in context.cache:
        context.cache["from_cover"] = from_cover(document)
    part, offset = context.cache["from_cover"]
    for each in _on_cover(part, str(spec["role"]), context):
        yield _moved(each, offset) if offset else each


def _moved(found: Candidate, offset: int) -> Candidate:
    ranges = [(start + offset, end + offset) for start, end in found.ranges]
    return replace(found, start=found.start + offset, end=found.end + offset, ranges=ranges)


def _on_cover(document: Document, role: str, context: Context) -> Found:
    """The values of a role in a document that begins with its cover page."""
    if "cover" not in context.cache:
        context.cache["cover"] = cover_of(document)
    cover: Cover = context.cache["cover"]
    if role in ("securities", "trading_symbols", "exchanges"):
        if "cover_listings" not in context.cache:
            context.cache["cover_listings"] = list(listings(document, cover))
        yield from _listed(context.cache["cover_listings"], role)
    elif role in _ROLES:
        found = list(_ROLES[role](cover))
        if not found and role in ("public_float", "shares_outstanding"):
            # some tell them below the documents incorporated by reference, where other amounts stand too
            found = list(_ROLES[role](cover_of(document, whole=True)))
            found = [replace(each, score=_BELOW * each.score) for each in found]
        yield from found


def _spanned(cover: Cover, start: int, end: int, score: float) -> Candidate:
    return Candidate(" ".join(cover.text[start:end].split()), score, start, end)


def _file_number(cover: Cover) -> Found:
    for start, end in cover.of("file_number"):
        after = _FILE_NUMBER.search(cover.text, end, end + 60)
        if after is not None:
            yield _spanned(cover, after.start(1), after.end(1), 0.96)
            return
        before = list(_FILE_NUMBER.finditer(cover.text, max(start - 60, 0), start))
        if before:
            yield _spanned(cover, before[-1].start(1), before[-1].end(1), 0.9)
            return
    loose = re.search(r"(?<![\d-])(0\d{2}-\d{5}|333-\d{5,6}|1-\d{3,5})(?![\d-])", cover.text)
    if loose is not None:
        yield _spanned(cover, loose.start(), loose.end(), 0.6)


def _fiscal_year_end(cover: Cover) -> Found:
    for count, match in enumerate(_YEAR.finditer(cover.text)):
        yield _spanned(cover, match.start("date"), match.end("date"), 0.96 - 0.3 * min(count, 2))
    if cover.captions and not _YEAR.search(cover.text):
        transition = _TRANSITION.search(cover.text)
        if transition is not None:
            yield _spanned(cover, transition.start("date"), transition.end("date"), 0.9)
        loose = re.search(r"\b[A-Z][a-z]{2,8}\s+\d{1,2}\s*,\s*(?:19|20)\d\d\b", cover.text)
        if loose is not None:
            yield _spanned(cover, loose.start(), loose.end(), 0.4)


def _name(cover: Cover) -> Found:
    """The line above the caption; else below it, or after the file number where there is no caption."""
    captions = list(cover.of("name"))
    for start, end in captions[:1]:
        kept = _lines_above(cover, start)
        several = len(kept) > 1 and kept[0][1] not in cover.wraps
        if not kept:
            above = cover.column(start, down=False)
            named = [cell for cell in above if _COMPANY.search(cell.text)]
            if named:
                yield from _named_in(cover, named[-1].start, named[-1].end, 0.85)
            else:
                yield from _named_in(cover, end, end + 600, 0.75)
            return
        first, last = trimmed(cover.text, kept[0][0], kept[-1][1], _AROUND)
        # on one line with the file number before it
        number = list(_FILE_NUMBER.finditer(cover.text, first, last))
        first, last = trimmed(cover.text, number[-1].end() if number else first, last, _AROUND)
        yield _spanned(cover, first, last, 0.95 if len(kept) == 1 else 0.8 if several else 0.88)
    if not captions:
        ends = [end for _, end in cover.of("file_number")] + [number.end for number in _file_number(cover)]
        for end in ends[:1]:
            yield from _named_in(cover, end, end + 400, 0.7)


_NUMBERED = regex(r"(?<![\d-])\d{1,3}-\d{3,6}(?:-\d{1,2})?(?!-?[A-Z\d])")
_AROUND = " \n\t_-–—*|:"


def _lines_above(cover: Cover, caption: int) -> list[tuple[int, int]]:
    """The lines of the name above its caption; of several registrants' names, one a line, the first."""
    kept: list[tuple[int, int]] = []
    for first, last in reversed(lines_of(cover.text, cover.before(caption), caption)):
        words = cover.text[first:last]
        if words.startswith("(") and not kept:
            continue
        if _NOT_A_NAME.match(words) or _NUMBERED.search(words):
            break
        wrapped = bool(kept) and any(at in cover.wraps for at in range(last, kept[0][0]))
        if kept and not wrapped and _ENDS_IN_FORM.search(cover.text[slice(*kept[-1])]):
            # below it stood a whole name already
            if not _ENDS_IN_FORM.search(words):
                break
            kept = [(first, last)]
            continue
        if kept and not wrapped and (len(kept) == 2 or len(cover.text[slice(*kept[0])].split()) > 1):
            break
        kept.insert(0, (first, last))
    return kept


def _named_in(cover: Cover, begin: int, end: int, score: float) -> Found:
    """The first line that says what form of company it is, else the first that can be a name."""
    plain: tuple[int, int] | None = None
    for first, last in lines_of(cover.text, begin, min(end, len(cover.text))):
        number = _FILE_NUMBER.match(cover.text, first, last)
        first, last = trimmed(cover.text, number.end() if number else first, last, _AROUND)
        words = cover.text[first:last]
        if _HEADING.match(words) or _NOT_A_NAME.match(words) or not re.search(r"[A-Za-z]{2}", words):
            continue
        form = _COMPANY.search(words)
        if form is not None and not words.startswith("("):
            # the address may follow on the same line
            long = len(words) > 60 or _WHAT_IT_IS.match(words, form.end())
            yield _spanned(cover, first, first + form.end() if long else last, score)
            return
        plain = plain or (first, last)
    if plain is not None:
        yield _spanned(cover, *plain, score - 0.2)


def _state_of_incorporation(cover: Cover) -> Found:
    for start, end in list(cover.of("state"))[:2]:
        after = re.match(r"\s*[:.]\s*", cover.text[end : end + 8])
        if after is not None:
            match = _PLACE.match(cover.text, end + after.end())
            if match is not None:
                yield _spanned(cover, *match.span(match.lastgroup or 0), 0.93)
                return
        # of several registrants' states, one below the other, the first
        above = takewhile(lambda match: match is not None, _placed(cover, start, down=False))
        begin = max(_after_name(cover, start), _named(cover))
        scanned = _PLACE.search(cover.text, begin, start) if begin < start else None
        below = next(filter(None, _placed(cover, start, down=True)), None)
        match = next(reversed(list(above)), None) or scanned or below
        if match is not None:
            yield _spanned(cover, *match.span(match.lastgroup or 0), 0.85 if match is below else 0.93)
            return
    match = _ORGANISED.search(cover.text) or _UNDER_LAWS.search(cover.text)
    if match is not None:
        yield _spanned(cover, *match.span("place"), 0.75)
        return
    for _, end in list(cover.of("state"))[:2]:
        match = _ALONE.search(cover.text, end, min(end + _FURTHER, len(cover.text)))
        if match is not None:
            yield _spanned(cover, *match.span(match.lastgroup or 0), 0.7)
            return


def _placed(cover: Cover, caption: int, down: bool) -> Iterator[re.Match[str] | None]:
    """Whether the cells above (or below) a caption begin with a place, the nearest first.

    Below one may stand the names of several registrants, which begin with places too.
    """
    for cell in cover.column(caption, down):
        match = _PLACE.match(cover.text, cell.start, cell.end)
        named = match is not None and down and _NAMED_FOR.match(cover.text, match.end(), cell.end)
        yield None if named else match


_PLACE = regex(
    rf"{PLACE.pattern}|^[ ]?(?P<code>(?-i:{CODES})|United\s+States(?:\s+of\s+America)?)"
    r"(?:[ ]?$|(?=[ ]\d\d[-–]\d{7}\b))",
    re.I | re.M,
)
_NAMED_FOR = regex(r" [A-Z][a-z]+")
"""What follows a place that a company is named for."""
_ALONE = regex(rf"^\W*{PLACE.pattern}\W*$", re.I | re.M)
_FURTHER = 250
"""Characters after a caption within which a place alone on its line belongs to it."""
_ORGANISED = regex(
    rf"\ban?\s+{PLACE.pattern}\s+(?:\w+\s+)?(?:corporation|company|limited|partnership|trust|association)\b",
    re.I,
)
_UNDER_LAWS = regex(
    rf"\b(?:incorporated|organi[sz]ed|formed)\s+(?:under\s+the\s+laws\s+of|in)\s+(?:the\s+)?{PLACE.pattern}",
    re.I,
)


def _named(cover: Cover) -> int:
    """Where the registrant's name ends; 0 where it is not known."""
    return max((name.end for name in _name(cover)), default=0)


def _after_name(cover: Cover, position: int) -> int:
    """Where the registrant's name's caption ends, before a position."""
    return max((end for _, end in cover.of("name") if end <= position), default=cover.before(position))


def _irs_number(cover: Cover) -> Found:
    for count, match in enumerate(_EIN.finditer(cover.text)):
        if count < 1:
            yield _spanned(cover, match.start(1), match.end(1), 0.96 if list(cover.of("irs")) else 0.85)


def _address_end(cover: Cover) -> int:
    securities = next(cover.of("securities"), next(cover.of("check"), (len(cover.text), 0)))
    return securities[0]


def _part(cover: Cover, name: str, score: float) -> Found:
    """A part of the address: ``street``, ``city``, ``state`` or ``zip``."""
    begin = max([end for _, end in cover.of("name")] + [_named(cover)])
    address = address_of(cover, begin, _address_end(cover))
    where: tuple[int, int] | None = getattr(address, name, None)
    if address is not None and where is not None and where[0] < where[1]:
        yield _spanned(cover, *where, score * address.sure * (1.0 if list(cover.of("address")) else 0.85))


def _phone(cover: Cover) -> Found:
    limit = _address_end(cover)
    begin = max((end for _, end in cover.of("name")), default=0)
    captions = [(start, end) for start, end in cover.of("phone") if start < limit + 200]
    for match in _PHONE.finditer(cover.text, begin, limit):
        near = _near(match, captions)
        yield Candidate(
            match[1], 0.95 if near else 0.8, match.start(1), match.end(1), value=re.sub(r"\D", "", match[1])
        )
    for match in _PHONE_ABROAD.finditer(cover.text, begin, limit):
        digits = re.sub(r"\D", "", match[1])
        coded = match[1].startswith(("+", "("))
        if 9 <= len(digits) <= 15 and not _EIN.match(match[1]) and (coded or _near(match, captions)):
            yield Candidate(
                match[1],
                0.78 if coded and _near(match, captions) else 0.6,
                match.start(1),
                match.end(1),
                value=digits,
            )


def _near(match: re.Match[str], captions: list[tuple[int, int]]) -> bool:
    return any(start - 80 <= match.start() <= end + 60 for start, end in captions)


def _well_known(cover: Cover) -> Found:
    for start, end, value, score in yes_or_no(cover, _WELL_KNOWN):
        yield Candidate(value, score, start, end)


def _shell(cover: Cover) -> Found:
    for start, end, value, score in yes_or_no(cover, _SHELL):
        yield Candidate(value, score, start, end, value=value == "Yes")


def _filer_category(cover: Cover) -> Found:
    for start, end, value, score in filer_category(cover):
        yield Candidate(value, score, start, end)


def _listed(listed: list[Listing], role: str) -> Found:
    for each in listed:
        part = {"securities": each.title, "trading_symbols": each.symbol, "exchanges": each.exchange}[role]
        if part is not None:
            yield Candidate(part.text, each.score, part.start, part.end)


_ROLES: dict[str, Callable[[Cover], Found]] = {
    "registrant_name": _name,
    "commission_file_number": _file_number,
    "fiscal_year_end": _fiscal_year_end,
    "state_of_incorporation": _state_of_incorporation,
    "irs_employer_number": _irs_number,
    "address_line1": partial(_part, name="street", score=0.9),
    "city": partial(_part, name="city", score=0.92),
    "state": partial(_part, name="state", score=0.95),
    "zip": partial(_part, name="zip", score=0.95),
    "phone": _phone,
    "public_float": public_float,
    "shares_outstanding": shares_outstanding,
    "well_known_seasoned_issuer": _well_known,
    "shell_company": _shell,
    "filer_category": _filer_category,
}
