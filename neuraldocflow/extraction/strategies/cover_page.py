"""Values of the cover page of an SEC filing, by its captions and its fixed phrases."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..candidates import Candidate, Context, strategy
from ..cover import PLACE, STATE_AND_ZIP, Cover, cover_of, lines_of, trimmed
from ..cover_amounts import public_float, shares_outstanding
from ..cover_boxes import filer_category, yes_or_no
from ..cover_securities import Listing, listings
from ..model import Document

if TYPE_CHECKING:
    from ..profile import Field

Found = Iterator[Candidate]

_FILE_NUMBER = re.compile(r"(?<![\d-])(\d{1,3}\s?[-–‑]\s?\d{2,6}(?:[-–]\d{1,2})?)(?![\d-])")
_DATE = (
    r"(?P<date>(?:the\s+)?(?:last\s+\w+\s+of\s+)?[A-Z][a-z]{2,8}\.?\s*\d{1,2}\s*,?\s*\d{4}"
    r"|\d{1,2}\s+[A-Z][a-z]{2,8}\s*,?\s*\d{4}|\d{1,2}/\d{1,2}/\d{2,4}|\d{4}-\d\d-\d\d)"
)
_YEAR = re.compile(
    r"for\s+the\s+(?:(?:fiscal|calendar|transition|financial)\s+)?(?:year|period)s?\s+end(?:ed|ing)\s*:?\s*[\s_]*"
    + _DATE,
    re.I,
)
_TRANSITION = re.compile(
    r"transition\s+period\s+from\s*:?\s*[A-Z\d][\w\s.,/]{3,24}?\s+to\s*:?[\s_]*" + _DATE, re.I
)
_EIN = re.compile(r"(?<![\d-])(\d{2}\s?[-–‑]\s?\d{7})(?!\d)")
_PHONE = re.compile(
    r"(?<![\d-])(?:\+?1[\s.-])?(\(?\s?\d{3}\s?\)?\s?[-–‑.\s/]?\s?\d{3}\s?[-–‑.\s]\s?\d{4}|\+?\(?\d{2,3}\)?[\s-]\(?\d[\d\s()-]{6,14}\d)(?!\d)"
)
_NOT_A_NAME = re.compile(
    r"^\W*(?:form\s*10-?k|or|and|\(?mark\s+one|for\s+the|from|to|commission|annual\s+report|transition|logo|united\s+states|"
    r"securities\s+and\s+exchange|washington|amendment|\d[\d-]*$|table\s+of\s+contents|\(i\.?r\.?s|of\b|the\s+registrant|☐|☒)",
    re.I,
)
_COMPANY = re.compile(
    r"\b(?:inc|incorporated|corp|corporation|company|co|ltd|limited|plc|llc|l\.l\.c|l\.p|lp|trust|n\.v|s\.a|partners|group|"
    r"holdings?|bancorp|bancshares|fund|association)\b\.?",
    re.I,
)


_HEADING = re.compile(
    r"\W*(?:(?:exact\s+)?names?\s+of\s+)?(?:the\s+)?(?:registrants?|i\.?r\.?s|employer|address|telephone)\b",
    re.I,
)
"""Words that captions begin with."""
_WHAT_IT_IS = re.compile(r"[\s,]*\((?:an?|the)\s+[^()]{3,60}\)\s*", re.I)
"""What a registrant is, behind its name: "(a Delaware corporation)"."""


@strategy("cover_page")
def cover_page(document: Document, spec: dict[str, Any], field: Field, context: Context) -> Found:
    """The value of ``role`` on the cover page; several where the page lists several."""
    if "cover" not in context.cache:
        context.cache["cover"] = cover_of(document)
    cover: Cover = context.cache["cover"]
    role = str(spec["role"])
    if role in ("securities", "trading_symbols", "exchanges"):
        if "cover_listings" not in context.cache:
            context.cache["cover_listings"] = list(listings(document, cover))
        yield from _listed(context.cache["cover_listings"], role)
    elif role in _ROLES:
        yield from _ROLES[role](cover)


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
    """The line above the caption; without a caption, the first line after the file number that can be one."""
    captions = list(cover.of("name"))
    for start, _ in captions[:1]:
        lines = lines_of(cover.text, cover.before(start), start)
        kept: list[tuple[int, int]] = []
        for first, last in reversed(lines):
            if _NOT_A_NAME.match(cover.text[first:last]) or re.search(r"\d-\d{3,}", cover.text[first:last]):
                break
            kept.insert(0, (first, last))
            if len(kept) < 3 and any(at in cover.wraps for at in range(max(first - 2, 0), first)):
                continue
            # a name set over two lines goes on until its legal form
            if (
                len(kept) == 2
                or len(cover.text[first:last].split()) > 1
                or _COMPANY.search(cover.text[first:last])
            ):
                break
        if kept:
            first, last = trimmed(cover.text, kept[0][0], kept[-1][1], " \n\t_-–—*|:")
            # on one line with the file number before it
            number = list(_FILE_NUMBER.finditer(cover.text, first, last))
            first = number[-1].end() if number else first
            first, last = trimmed(cover.text, first, last, " \n\t_-–—*|:")
            yield _spanned(cover, first, last, 0.95 if len(kept) == 1 else 0.8)
    if not captions:
        for _, end in cover.of("file_number"):
            for first, last in lines_of(cover.text, end, min(end + 300, len(cover.text))):
                words = cover.text[first:last]
                if _HEADING.match(words):
                    continue
                if not _NOT_A_NAME.match(words) and re.search(r"[A-Za-z]{3}", words):
                    form = _COMPANY.search(words)
                    # the address may follow on the same line
                    long = form is not None and (len(words) > 60 or _WHAT_IT_IS.match(words, form.end()))
                    yield _spanned(cover, first, first + form.end() if form and long else last, 0.7)
                    return


def _state_of_incorporation(cover: Cover) -> Found:
    for start, end in list(cover.of("state"))[:2]:
        after = re.match(r"\s*[:.]\s*", cover.text[end : end + 8])
        if after is not None:
            match = PLACE.match(cover.text, end + after.end())
            if match is not None:
                yield _spanned(cover, match.start("place"), match.end("place"), 0.93)
                return
        matches = list(PLACE.finditer(cover.text, _after_name(cover, start), start))
        if matches:
            yield _spanned(cover, matches[0].start("place"), matches[0].end("place"), 0.93)
            return
    match = re.search(r"\ba[n]?\s+(?P<place>[A-Z][a-z]+(?:\s[A-Z][a-z]+)?)\s+corporation\b", cover.text)
    place = PLACE.fullmatch(match["place"]) if match is not None else None
    if match is not None and place is not None:
        yield _spanned(cover, match.start("place"), match.end("place"), 0.7)


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


@dataclass(frozen=True, slots=True)
class _Address:
    """Ranges of the address's parts; ``begin`` is where its first line may begin."""

    begin: int
    state: tuple[int, int]
    zip: tuple[int, int] | None


def _place(cover: Cover) -> _Address | None:
    """Where the address stands: the state and zip code before its caption, else the first on the page."""
    begin = max((end for _, end in cover.of("name")), default=0)
    if not begin:
        begin = max((candidate.end for candidate in _name(cover)), default=0)
    limit = _address_end(cover)
    captions = [start for start, _ in cover.of("address")]
    matches = list(STATE_AND_ZIP.finditer(cover.text, begin, limit))
    if matches:
        captioned = [match for match in matches if captions and 0 <= captions[0] - match.end() < 250]
        match = captioned[-1] if captioned else matches[0]
        start = max(cover.before(match.start()), begin)
        return _Address(start, match.span("state"), match.span("zip"))
    for caption in captions:
        start = max(cover.before(caption), begin)
        places = list(PLACE.finditer(cover.text, start, caption))
        if places:
            code = re.search(r"\b\d{5}(?:-\d{4})?\b", cover.text[caption:limit])
            zipped = (caption + code.start(), caption + code.end()) if code is not None else None
            return _Address(start, places[-1].span("place"), zipped)
    return None


_STREET = re.compile(
    r"\b(?:street|st|avenue|ave|road|rd|boulevard|blvd|drive|dr|lane|ln|way|plaza|parkway|pkwy|court|ct|circle|square|"
    r"center|centre|place|pl|highway|hwy|terrace|row|broadway|floor|tower|building|suite\s+[\w-]+|"
    r"p\.?\s?o\.?\s+box\s+\d+)\b\.?"
    r"(?:\s+(?:north|south|east|west|[ns]\.?[ew]?\.?)\b\.?)?(?=\s+[A-Z])",
    re.I,
)


def _address_lines(cover: Cover, address: _Address) -> list[tuple[int, int]]:
    """The address's lines up to its state, the city last."""
    number = list(_EIN.finditer(cover.text, address.begin, address.state[0]))
    begin = number[-1].end() if number else address.begin
    named = list(_WHAT_IT_IS.finditer(cover.text, begin, address.state[0]))
    lines = lines_of(cover.text, named[-1].end() if named else begin, address.state[0])
    while len(lines) > 1 and (
        (len(lines) > 2 and PLACE.fullmatch(cover.text[slice(*lines[0])].strip(" ,.")))
        or _CAPTION_REST.match(cover.text[slice(*lines[0])])
    ):
        lines = lines[1:]
    split: list[tuple[int, int]] = []
    for start, end in lines:
        for part in re.finditer(r"[^,]+", cover.text[start:end]):
            first, last = trimmed(cover.text, start + part.start(), start + part.end(), " ,;:_–—|")
            if first < last:
                split.append((first, last))
    if split:
        # street and city with nothing between them
        first, last = split[-1]
        streets = list(_STREET.finditer(cover.text, first, last))
        if streets:
            cut = trimmed(cover.text, streets[-1].end(), last, " ,")
            split[-1:] = [(first, streets[-1].end()), cut]
    return split


def _address_line(cover: Cover) -> Found:
    address = _place(cover)
    lines = _address_lines(cover, address) if address is not None else []
    if len(lines) > 1:
        yield _spanned(cover, *lines[0], 0.9 if list(cover.of("address")) else 0.75)


def _city(cover: Cover) -> Found:
    address = _place(cover)
    lines = _address_lines(cover, address) if address is not None else []
    if lines:
        yield _spanned(cover, *lines[-1], 0.9 if len(lines) > 1 else 0.6)


def _state(cover: Cover) -> Found:
    address = _place(cover)
    if address is not None:
        yield _spanned(cover, *address.state, 0.93)


def _zip(cover: Cover) -> Found:
    address = _place(cover)
    if address is not None and address.zip is not None:
        yield _spanned(cover, *address.zip, 0.93)


_CAPTION_REST = re.compile(
    r"^\W*(?:incorporation|organization|identification|number|no\.?|\(?i\.r\.s)\b", re.I
)


def _phone(cover: Cover) -> Found:
    limit = _address_end(cover)
    begin = max((end for _, end in cover.of("name")), default=0)
    captions = [(start, end) for start, end in cover.of("phone") if start < limit + 200]
    for match in _PHONE.finditer(cover.text, begin, limit):
        digits = re.sub(r"\D", "", match[1])
        near = any(start - 80 <= match.start() <= end + 60 for start, end in captions)
        if len(digits) >= 9:
            score = 0.95 if near and len(digits) == 10 else 0.75
            yield Candidate(match[1], score, match.start(1), match.end(1), value=digits)


def _well_known(cover: Cover) -> Found:
    for start, end, value, score in yes_or_no(cover, re.compile(r"well-?\s?known\s+seasoned", re.I)):
        yield Candidate(value, score, start, end)


def _shell(cover: Cover) -> Found:
    for start, end, value, score in yes_or_no(cover, re.compile(r"\bshell\s+company\b", re.I)):
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
    "address_line1": _address_line,
    "city": _city,
    "state": _state,
    "zip": _zip,
    "phone": _phone,
    "public_float": public_float,
    "shares_outstanding": shares_outstanding,
    "well_known_seasoned_issuer": _well_known,
    "shell_company": _shell,
    "filer_category": _filer_category,
}
