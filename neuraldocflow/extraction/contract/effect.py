"""When a contract takes effect: a day it says so of, or the one on which it was made."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from ..candidates import Candidate
from ..model import Document
from ..normalise import day_first
from ..patterns import Pattern, regex
from .dates import Dated, dates
from .head import Opening
from .made import last_signed

_DEFINES = Pattern(r"[\"“”'‘’]?\beffective\s*date\b[\"“”'‘’)]*", re.IGNORECASE)
_BEGINS = Pattern(
    r"\b(?:commenc(?:e|es|ing)|begin(?:s|ning)?|start(?:s|ing)?|(?:be|is|become)\s+effective|takes?\s+effect"
    r"|into\s+(?:force|effect))\s+(?:(?:on|as|of|from|the)\s+){0,3}(?=[\dJFMASONDjfmasond])",
    re.IGNORECASE,
)
"""What stands right before the date on which something is said to begin."""
_TERM_NAMED = Pattern(r"\b(?:agreement|contract|term|period|duration)\b[^.;]{0,100}$", re.IGNORECASE)
_ENDS = regex(r"(?:(?<=\w{4})|(?<=\W))\.\s|;\s")
"""Behind "effective date", that what comes next says something else."""
_LAST_SIGNED = Pattern(
    r"\b(?:effective|commenc|begin|start)\w*\b[^.;]{0,80}\b(?:last\s+(?:signature|date\s+of\s+signature)"
    r"|last\s+(?:of\s+the\s+)?part(?:y|ies)\s+(?:to\s+sign|signs)|(?:both|all)\s+parties\s+(?:have\s+)?sign)"
    r"|\bdate\s+of\s+(?:the\s+)?last\s+signature\b[^.;]{0,40}\beffective\s+date\b",
    re.IGNORECASE,
)
_OF_ANOTHER = Pattern(
    r"\b(?:amend|modif|supplement|chang|waive|variation|addend|order|statement|work|assign)\w*\b[^.;]*$",
    re.IGNORECASE,
)
"""What, said before it, is effective once signed instead of the contract."""
_SAME_DAY = Pattern(
    r"\b(?:effective|commence|begin|start)\w*\b[^.;]{0,60}\b(?:date\s+(?:hereof|of\s+this|first|written"
    r"|above|set\s+forth\s+above)"
    r"|execution|signature|signing|above\s+date|date\s+(?:it\s+is\s+)?(?:last\s+)?signed)\b",
    re.IGNORECASE,
)


def effective_on(document: Document, opening: Opening | None, made: Candidate | None) -> Iterator[Candidate]:
    """Days on which the contract takes effect: said so, defined so, or the one it is made as of."""
    text = document.text
    end = max(opening.end if opening is not None else 0, 3000)
    head, leads = text[:end], day_first(text)
    for date in dates(head, day_leads=leads):
        after, before = head[date.end : date.end + 60], head[max(date.start - 60, 0) : date.start]
        if _DEFINES.search(after) and not re.search(r"[.;]\s", after[:25]):
            yield _dated(text, date, 0.95)
        elif _DEFINES.search(before):
            yield _dated(text, date, 0.92)
        elif re.search(
            r"\beffective\s+(?:as\s+of|on|from|this|beginning)?\W*(?:the\s+)?$", before, re.IGNORECASE
        ):
            yield _dated(text, date, 0.9)
    for match in _DEFINES.finditer(text, end):
        told = next(dates(text, match.start(), match.end() + 90, day_leads=leads), None)
        if told is not None and not _ENDS.search(text, match.end(), told.start):
            yield _dated(text, told, 0.8)
    takes = any(
        not _OF_ANOTHER.search(text, max(match.start() - 120, 0), match.end())
        for match in _LAST_SIGNED.finditer(text)
    )
    if takes and (last := last_signed(text, leads)) is not None:
        yield _dated(text, last, 0.93)
    for match in _BEGINS.finditer(text):
        begins = next(dates(text, match.end(), match.end() + 40, day_leads=leads), None)
        if begins is None or begins.start != match.end():
            continue
        if _TERM_NAMED.search(text, max(match.start() - 120, 0), match.start()):
            yield _dated(text, begins, 0.72)
    if made is None:
        return
    if _SAME_DAY.search(text):
        yield replace(made, score=0.65)
    elif _DEFINES.search(head):
        yield replace(made, score=0.6)


def _dated(text: str, date: Dated, score: float) -> Candidate:
    return Candidate(text[date.start : date.end], score, date.start, date.end, date.value)
