"""The cover page of an SEC filing: its text with the lines as set, and where its captions stand.

The page is a form: values stand above (sometimes after) captions in parentheses such as "(Exact name of
registrant as specified in its charter)". Positions here are offsets of ``Document.text``.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass

from ..model import Block, Cell, Document, Table
from ..patterns import regex

_LENGTH = 16_000
_FURTHEST = 400_000
"""Characters; as far as the profile looks for the document's type (``detect_within``)."""
_OPENS = regex(
    r"securities\s+and\s+exchange\s+commission\b.{0,900}?\bform\s+10-?k"
    r".{0,3000}?\bin\s+(?:its|their|the)\s+charter",
    re.I | re.S,
)
"""How a cover page goes on from its second line; one that quotes the form has no charter so near."""
_INCORPORATED = regex(r"documents\s+incorporated\s+by\s+reference(?:\W{1,5}none\b)?", re.I)
_ENDS = regex(r"table\s+of\s+contents\s*\n.{0,200}\bitem\s*1\b|\n\s*item\s+1\.", re.I)
_BELOW = 1500
"""Characters that may follow the documents incorporated on a cover."""
STATES = (
    "Alabama AL,Alaska AK,Arizona AZ,Arkansas AR,California CA,Colorado CO,Connecticut CT,Delaware "
    "DE,District of Columbia DC,Florida FL,Georgia GA,Hawaii HI,Idaho ID,Illinois IL,Indiana IN,Iowa"
    " IA,Kansas KS,Kentucky KY,Louisiana LA,Maine ME,Maryland MD,Massachusetts MA,Michigan "
    "MI,Minnesota MN,Mississippi MS,Missouri MO,Montana MT,Nebraska NE,Nevada NV,New Hampshire "
    "NH,New Jersey NJ,New Mexico NM,New York NY,North Carolina NC,North Dakota ND,Ohio OH,Oklahoma "
    "OK,Oregon OR,Pennsylvania PA,Puerto Rico PR,Rhode Island RI,South Carolina SC,South Dakota "
    "SD,Tennessee TN,Texas TX,Utah UT,Vermont VT,Virginia VA,Washington WA,West Virginia "
    "WV,Wisconsin WI,Wyoming WY"
)
_NAMES = dict(each.rsplit(" ", 1) for each in STATES.split(","))
_COUNTRIES = (
    "Alberta|Argentina|Australia|Austria|Bahamas|Barbados|Belgium|Bermuda|Brazil|British Columbia|"
    "British Virgin Islands|Canada|Cayman Islands|Chile|China|Colombia|Costa Rica|Curacao|Curaçao|Cyprus|"
    "Czech Republic|Denmark|Egypt|England|England and Wales|Estonia|Finland|France|Germany|Gibraltar|Greece|"
    "Guam|Guernsey|Hong Kong|Iceland|India|Indonesia|Ireland|Isle of Man|Israel|Italy|Japan|Jersey|Kenya|"
    "Korea|Liberia|Luxembourg|Macau|Malaysia|Malta|Manitoba|Marshall Islands|Mauritius|Mexico|Monaco|"
    "Netherlands|New Brunswick|New Zealand|Nigeria|Norway|Nova Scotia|Ontario|Panama|"
    "People[’']s Republic of China|Peru|Philippines|Poland|Portugal|Quebec|Québec|Republic of Korea|"
    "Republic of Liberia|Republic of Panama|Republic of the Marshall Islands|Saskatchewan|Scotland|"
    "Seychelles|Singapore|South Africa|South Korea|Spain|Sweden|Switzerland|Taiwan|Thailand|The Bahamas|"
    "The Netherlands|Turkey|United Arab Emirates|United Kingdom|Uruguay|Vietnam|Virgin Islands|Yukon"
)
FULL = "|".join(sorted((re.escape(name) for name in _NAMES), key=len, reverse=True)).replace(r"\ ", r"\s+")
CODES = "|".join(_NAMES.values())
ABROAD = "|".join(sorted(_COUNTRIES.split("|"), key=len, reverse=True)).replace(" ", r"\s+")
"""Patterns of the states' names, their codes, and places abroad; the longest names first."""
PLACE = regex(
    rf"\b(?:(?:State|Commonwealth|Province|Bailiwick|Grand\s+Duchy)\s+of\s+)?"
    rf"(?P<place>(?!Washington\s*,?\s*D\.?\s?C\b)(?:{FULL}|{ABROAD}))\b",
    re.I,
)
_12B = r"securities\s+registered(?:\s+or\s+to\s+be\s+registered)?\s+(?:pursuant\s+to|under)\s+section\s+12\s*"
_WHO = r"(?:the\s+|each\s+)?(?:registrants?|company|(?:small\s+business\s+)?issuer)"
_CHARTER = r"in\s+(?:its|their|the)?\s*charters?"
CAPTIONS = {
    "file_number": r"(?:commission|sec)\s+(?:i\.?r\.?s\.?\s+)?file\s+(?:numbers?|nos?\b\.?|#)",
    "name": rf"\(?\s{{0,3}}(?:exact\s+names?\s+of\s+{_WHO}(?:\s+as)?(?:\s+specified\s+{_CHARTER})?"
    rf"|names?\s+of\s+{_WHO}\s+(?:as\s+specified\s+)?{_CHARTER})\s*\)?",
    "state": r"\(?\s{0,3}(?:state|jurisdiction)(?:\s*,?\s+or\s+(?:other\s+)?jurisdictions?)?\s*,?"
    r"\s*\(?of\s+(?:incorporation|organization)"
    r"(?:\s*,?\s+(?:or|and)\s+(?:organization|incorporation))?\s*\)?"
    r"|\(?\s{0,3}state\s+or\s+other\s+jurisdiction\s+(?:of|incorporation|organization)\b",
    "irs": r"\(?\s{0,3}i\.?\s?r\.?\s?s\.?\s+employer(?:\s+identification)?"
    r"(?:\s+(?:no|number|numbers)\b\.?)?\s*\)?",
    "address": r"\(?\s{0,3}address(?:es)?(?:\s+and\s+telephone\s+number[^()]{0,80})?"
    r"(?:\s+of\s+(?:the\s+)?(?:registrant[’']?s?\s+)?principal(?:\s+executive)?(?:\s+offices?)?"
    r"|,?\s*including\s+zip\s+code)[^():\n]{0,90}\)?",
    "zip": r"\(\s*zip\s+code\s*\)|\bzip\s+code\b",
    "phone": r"\(?\s{0,3}(?:registrant[’'`]?s\s+|issuer[’'`]?s\s+)?(?:telephone|phone)(?:\s+number)?s?"
    r"[^()\n:]{0,60}(?:\)|:|\n|$)",
    "securities": _12B + r"\(\s*b\s*\)\s+of\s+the\s+(?:securities\s+)?(?:exchange\s+)?act"
    r"(?:\s+of\s+1934)?\s*:?",
    "securities_g": _12B + r"\(\s*g\s*\)",
    "check": r"indicate\s+by\s+(?:a\s+)?check\s*-?\s*mark",
    "former": r"\(\s*former\s+name",
}
_COMPILED = {name: regex(pattern, re.I) for name, pattern in CAPTIONS.items()}


@dataclass(frozen=True, slots=True)
class Cover:
    """The cover's text, as long as and aligned with the document's beginning; lines end in newlines."""

    text: str
    captions: list[tuple[int, int, str]]
    """(start, end, role) in order."""
    wraps: frozenset[int] = frozenset()
    """Where a newline only breaks the line of a paragraph."""
    tables: tuple[Table, ...] = ()

    def of(self, role: str) -> Iterator[tuple[int, int]]:
        for start, end, name in self.captions:
            if name == role:
                yield start, end

    def before(self, position: int) -> int:
        """Where the caption that precedes a position ends; 0 without one."""
        return max((end for _, end, _ in self.captions if end <= position), default=0)

    def next(self, position: int) -> int:
        """Where the caption after a position starts; the cover's end without one."""
        return min((start for start, _, _ in self.captions if start >= position), default=len(self.text))

    def column(self, position: int, down: bool) -> list[Cell]:
        """The cells above (or below) the cell at a position, in its column, the nearest first."""
        for table in self.tables:
            here = next((cell for cell in table.cells if cell.start <= position < cell.end), None)
            if here is None:
                continue
            spanned = range(here.column, here.column + here.colspan)
            found = [
                cell
                for cell in table.cells
                if (cell.row > here.row if down else cell.row < here.row)
                and (cell.column in spanned or here.column in range(cell.column, cell.column + cell.colspan))
                and cell.text.strip()
            ]
            return sorted(found, key=lambda cell: cell.row, reverse=not down)
        return []


def from_cover(document: Document) -> tuple[Document, int]:
    """The part of a document that its cover page begins, with that part's offset in the document's text.

    A shareholders' letter may come first, or what a converter made of facts that are not shown. The part has
    the document's beginning where that has a cover, or nothing further down does.
    """
    if _COMPILED["name"].search(document.text, 0, _LENGTH) is not None:
        return document, 0
    opens = _OPENS.search(document.text, 0, _FURTHEST)
    first = document.block_at(opens.start()) if opens is not None else None
    if first is None or not first.start:
        return document, 0
    blocks = copy.deepcopy(list(document.blocks_between(first.start, first.start + _LENGTH)))
    return Document(document.kind, blocks).finish(), first.start


def cover_of(document: Document, whole: bool = False) -> Cover:
    """The cover page: the text up to the documents incorporated or the table of contents.

    ``whole``: with what stands below the documents incorporated.
    """
    letters = list(document.text[:_LENGTH])
    wraps: list[int] = []
    for block in document.blocks:
        if block.start >= len(letters):
            break
        for at in _line_ends(block):
            if at < len(letters) and letters[at] == " ":
                letters[at] = "\n"
                wraps.append(at)
    text = "".join(letters).replace("\xa0", " ").replace("\t", "\n")
    ends = _ENDS.search(text, 600)
    text = text[: ends.start()] if ends is not None else text
    below = _INCORPORATED.search(text, 600)
    if below is not None:
        above, further = text[: below.start()], text[below.end() : below.end() + _BELOW]
        text = f"{above}{' ' * len(below[0])}{further}" if whole else above
    found = sorted(
        (match.end() - len(match[0].lstrip()), match.end(), role)
        for role, pattern in _COMPILED.items()
        for match in pattern.finditer(text)
    )
    tables = [block.table for block in document.blocks if block.table is not None and block.start < len(text)]
    return Cover(text, found, frozenset(wraps), tuple(tables))


def _line_ends(block: Block) -> Iterator[int]:
    """Where a line of a block, or of one of its cells, ends in the document's text: on a page, or as its
    author broke it."""
    for begin in (*block.line_starts[1:], *block.breaks):
        yield block.start + begin - 1
    for cell in block.table.cells if block.table is not None else ():
        for begin in cell.breaks:
            yield cell.start + begin - 1


def trimmed(text: str, start: int, end: int, around: str = " \n\t_-–—*.,:;|") -> tuple[int, int]:
    """The range without what stands around the words."""
    while start < end and text[start] in around:
        start += 1
    while end > start and text[end - 1] in around:
        end -= 1
    return start, end


def lines_of(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Ranges of the non-empty lines."""
    found: list[tuple[int, int]] = []
    at = start
    for line in text[start:end].split("\n"):
        first, last = trimmed(text, at, at + len(line), " \t_*|")
        if first < last and any(letter.isalnum() for letter in text[first:last]):
            found.append((first, last))
        at += len(line) + 1
    return found
