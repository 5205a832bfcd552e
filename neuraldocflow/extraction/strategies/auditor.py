"""The auditor's name: the signature under the report of the registered public accounting firm."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..candidates import Candidate, Context, strategy
from ..model import Document
from ..patterns import regex

if TYPE_CHECKING:
    from ..profile import Field

_WORD = r"[A-Z&][\w&.,'’+-]{0,40}"
_LEGAL = (
    r"(?:LLP|L\.L\.P\.?|PLLP|PLLC|P\.L\.L\.C\.?|LLC|L\.L\.C\.?|P\.?C\.?|P\.?A\.?|PLC|Plc|CPAs?|CPAS|"
    r"& (?:Co\.?|Company|Associates|Associés)|S\.C\.|S\.A\.|AG|GmbH|Ltd\.?|Limited|Inc\.?)(?![\w&])"
)
_FIRM = (
    rf"(?P<firm>[A-Z][\w&.,'’+-]{{0,40}}(?:\s+(?:{_WORD}|and|of|van|von|der|den|de|e)){{0,7}}?"
    rf"\s*,?\s*{_LEGAL}(?:(?:\sI{{1,3}})?,?\s*{_LEGAL})*)"
)
_REPORT = regex(
    r"reports?\s+of\s+(?:the\s+)?independent\s+(?:registered\s+)?(?:certified\s+)?(?:public\s+)?"
    r"(?:accounting\s+firm|accountants?|auditors?)|"
    r"independent\s+auditor(?:s[’']?|[’']s)?\s+report",
    re.I,
)
_MARK = r"(?:/\s?[sS]\s?/|\b[sS]/|\(signed\))\s*"
_SIGNED = regex(_MARK + _FIRM)
_UNMARKED = regex(r"\s*" + _FIRM + r"\s*")
_UNNAMED = regex(
    _MARK + rf"(?P<firm>[A-Z][\w&.,'’+-]{{0,40}}(?:[^\S\n]+(?:{_WORD}|and|of|van|von|der|de)){{0,5}})"
)
_BROKEN = regex(r"[^\n]+")
_SERVED = regex(r"\bauditors?\s+since\b|\bserved\s+as\b.{0,80}\bauditor|\baudited\b", re.I)
_PLACED = regex(
    r"\s*\(PCAOB\b|"
    r"\s*(?:[A-Z][\w.]{2,20}(?: [A-Z][\w.]{1,20}){0,2},\s+[A-Z][\w.]{1,20}(?: [A-Z]\w{2,20}){0,2}\s*)?"
    r"(?:January|February|March|April|May|June|July|August|September|October|November|December)\s+\d"
)
"""The place and day that stand right below an auditor's signature, or its number behind it."""
_ACCOUNTANT = (
    r"(?:an\s+|our\s+|the\s+(?:Company[’']s\s+)?)?"
    r"[Ii]ndependent\s+(?:[Rr]egistered\s+)?(?:[Pp]ublic\s+)?[Aa]ccount"
)
_NAMED = (
    (regex(r"(?i:auditor\s+(?:name|firm(?:\s+id)?)\s*:?)\s*(?!Auditor)" + _FIRM), 0.8),
    (
        regex(
            _FIRM + r"(?:[,;]\s[A-Z][\w.]{1,20}(?:\s[A-Z][\w.]{1,20}){0,2}){0,3}[,;]?\s*\(?"
            r"(?:PCAOB|Public Company Accounting|Auditor\s(?:Firm\s)?ID)\b"
        ),
        0.7,
    ),
    (
        regex(r"(?i:audited\s+by|consent\s+of|accounting\s+firm\s+is|accounting\s+firm,)\s+" + _FIRM),
        0.65,
    ),
    (regex(_FIRM + r"\s*,?\s+" + _ACCOUNTANT), 0.6),
)
_REACH = 16_000


@strategy("auditor")
def auditor(document: Document, spec: dict[str, Any], field: Field, context: Context) -> Iterator[Candidate]:
    """Signatures within or under the auditor's report first, then where the firm is named as the auditor."""
    text = document.text
    reports = [match.start() for match in _REPORT.finditer(text)]
    found: dict[str, Candidate] = {}
    for match in _SIGNED.finditer(text):
        _add(found, match, 0, 0.93 if _reported(match.start(), reports) else 0.7)
    if not any(candidate.score > 0.9 for candidate in found.values()):
        for pattern, score in _NAMED:
            for match in pattern.finditer(text):
                _add(found, match, 0, score)
        _without_mark_or_form(document, reports, found)
    yield from sorted(found.values(), key=lambda candidate: (-candidate.score, candidate.start))[:4]


def _without_mark_or_form(document: Document, reports: list[int], found: dict[str, Candidate]) -> None:
    """A firm alone on a line under the report; or a signature there whose name has no legal form."""
    for start, line in _lines(document):
        if len(line) > 80 or not _reported(start, reports):
            continue
        alone = _UNMARKED.fullmatch(line)
        if alone is not None:
            _add(found, alone, start, 0.8)
            continue
        signed = _UNNAMED.match(line.strip())
        if signed is None:
            continue
        shift = start + len(line) - len(line.lstrip())
        if _SERVED.search(document.text, start, start + 400):
            _add(found, signed, shift, 0.75)
        elif _PLACED.match(document.text, shift + signed.end()):
            _add(found, signed, shift, 0.6)


def _reported(position: int, reports: list[int]) -> bool:
    return any(0 < position - report < _REACH for report in reports)


def _lines(document: Document) -> Iterator[tuple[int, str]]:
    for block in document.blocks:
        starts = [*(block.line_starts or [0]), len(block.text)]
        for index, first in enumerate(starts[:-1]):
            for line in _BROKEN.finditer(block.text, first, starts[index + 1]):
                yield block.start + line.start(), line[0]


def _add(found: dict[str, Candidate], match: re.Match[str], shift: int, score: float) -> None:
    name = " ".join(match["firm"].split())
    start, end = match.start("firm") + shift, match.end("firm") + shift
    held = found.get(name)
    if held is None:
        found[name] = Candidate(name, score, start, end)
    elif held.score < score:
        held.score, held.start, held.end = score, start, end
