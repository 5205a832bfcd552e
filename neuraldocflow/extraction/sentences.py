"""Sentences of running text, each under its heading: the units that clause models judge.

Headings are told by their words alone, so that texts without layout (those a model learns from) and
pages with it are cut alike. A sentence that a page break or a stray line break cut in two is put together
again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .model import Block, Document
from .patterns import regex

LONGEST = 2500
"""Characters after which a sentence is cut at the next semicolon."""

_ABBREVIATED = regex(
    r"(?:\b(?:inc|corp|ltd|co|llc|l\.l\.c|l\.p|lp|no|nos|sec|art|vs|v|mr|mrs|ms|dr|jr|sr|st|etc|e\.g"
    r"|i\.e|cf|al"
    r"|approx|ext|fig|dept|ave|blvd|tel|fax|u\.s|u\.s\.a|u\.k|p\.o|a\.m|p\.m|n\.a|s\.a|n\.v|d\.c|para|par|sub"
    r"|jan|feb|mar|apr|jun|jul|aug|sept|sep|oct|nov|dec)|\b[A-Z]|(?:^|\s)\(?[ivxlc\d]{1,5}(?:\.\d+)*)\.$",
    re.IGNORECASE,
)
_END = regex(r"""[.!?]["”’')\]]*(?=\s+["“‘'(\[]*[A-Z0-9(\[“"])""")
_NUMBER = regex(
    r"\s*(?:(?:article|section|clause|paragraph)\s+)?"
    r"(?:\d{1,2}(?:\.\d{1,3})+[.)]?(?!\d)|\(?(?:\d{1,2}|[a-z]|[ivxlc]{1,5})[.)]+"
    r"|(?<=[a-z] )[\dIVXLC]+[.:]?)\s*",
    re.IGNORECASE,
)
_SMALL = frozenset(
    re.findall(r"\w+", "a an the and or no not per as at by for from in into of on to upon with without")
)
_CLOSED = regex(r"""[.;:!?]["”’')\]]*\s*$""")
_CONTENTS = regex(
    r"(?:article\s|section\s)?\s*\d{1,2}(?:\.\d{1,2})*\.?\s+[^\W\d][^\t\n]{1,110}\t\s*\d{1,3}\s*$",
    re.IGNORECASE,
)
"""A row of a table of contents: what it names stands elsewhere."""
_HANGS = regex(
    r"\b(?:of|the|and|or|to|in|by|with|a|an|for|from|this|its|our|your|their|any)\s*$", re.IGNORECASE
)
_WORD = 24
"""Characters before an end in which its last word lies, as far as that word matters."""
_OPENS_LOWER = regex(r"\s*[a-z,]")


@dataclass(slots=True)
class Sentence:
    """A sentence: ``start``/``end`` in ``Document.text``, and the heading it stands under."""

    start: int
    end: int
    heading: str = ""


def sentences(document: Document) -> list[Sentence]:
    """The document's sentences in order, tables by rows; headings are not among them but named by each."""
    found: list[Sentence] = []
    heading = ""
    open_end = hangs = False
    for block in document.blocks:
        if block.table is not None:
            found.extend(_rows(document.text, block, heading))
            open_end = hangs = False
            continue
        text = block.text
        if not text.strip():
            continue
        if _is_title(block, text) and not (open_end and (hangs or _OPENS_LOWER.match(text))):
            heading = _title(text)
            open_end = hangs = False
            continue
        continued = open_end and bool(found) and (hangs or bool(_OPENS_LOWER.match(text)))
        for number, (first, last) in enumerate(cuts(text)):
            if number == 0 and continued and block.start + last - found[-1].start <= LONGEST:
                found[-1].end = block.start + last
                continue
            piece = text[first:last]
            if piece.endswith((".", ":")) and is_heading(piece):
                heading = _title(piece)
                continue
            found.append(Sentence(block.start + first, block.start + last, heading))
        open_end = not _CLOSED.search(text, max(len(text) - _WORD, 0))
        hangs = bool(_HANGS.search(text, max(len(text) - _WORD, 0)))
    return found


def _is_title(block: Block, text: str) -> bool:
    """Set as a heading, where there is layout, or worded as one."""
    return is_heading(text) or (block.kind == "heading" and len(text) <= 110 and not _CLOSED.search(text))


def cuts(text: str) -> Iterator[tuple[int, int]]:
    """Where the sentences of a paragraph begin and end, numbers before them left out."""
    start = 0
    for match in _END.finditer(text):
        point = match.start()
        if text[point] == "." and _ABBREVIATED.search(text, max(start, point - _WORD), point + 1):
            continue
        yield from _trimmed(text, start, match.end())
        start = match.end()
    yield from _trimmed(text, start, len(text))


def _trimmed(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    number = _NUMBER.match(text, start, end)
    if number is not None and number.end() < end:
        start = number.end()
    while end - start > LONGEST:
        at = text.find(";", start + LONGEST // 2, end)
        if at < 0:
            break
        yield start, at + 1
        start = at + 1
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if end > start:
        yield start, end


def is_heading(text: str) -> bool:
    """Whether a text is a title: at most ten words, capitalised, no sentence."""
    if len(text) > 110:
        return False
    number = _NUMBER.match(text)
    body = (text[number.end() :] if number is not None else text).strip()
    words = re.findall(r"[^\W\d_][\w’'-]*", body)
    if not words or len(words) > 10 or body.endswith((",", ";", "and", "or")):
        return False
    if body.endswith(".") and len(words) > 8:
        return False
    return all(word[0].isupper() or word.lower() in _SMALL for word in words) and words[0][0].isupper()


def _title(text: str) -> str:
    number = _NUMBER.match(text)
    plain = text[number.end() :] if number is not None else text
    return (" ".join(plain.split()).strip(" .:") or text.strip())[:110]


def _rows(text: str, block: Block, heading: str) -> Iterator[Sentence]:
    position = block.start
    for row in block.text.split("\n"):
        if len(row.split()) > 3 and not _CONTENTS.match(row):
            yield Sentence(position, position + len(row), heading)
        position += len(row) + 1
