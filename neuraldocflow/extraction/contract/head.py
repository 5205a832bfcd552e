"""The head of a contract: the opening that names the parties."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..model import Document
from ..patterns import Pattern, regex

REACH = 14000
"""Characters in which the opening is looked for."""
_LENGTH = 2600
"""Characters the opening may have."""
_BETWEEN = Pattern(
    r"\b(?:by\s+and\s+)?(?:between|among|amongst)(?:\s*[:,]|\s+and\s+among)?\s+(?!the\s+parties\b)"
    r"|\b(?:made|entered)\s+(?:into\s+)?(?:as\s+of\s+[^.;]{6,40}\s)?by\s+(?=[A-Z])"
    r"|\beffective date[\"”]\)\s*,?\s+(?=(?-i:[A-Z])[^,;()]{3,60}?[,(])|\bparties\b:?\s*\n?\s*(?=\(1\))",
    re.IGNORECASE,
)
_MADE = Pattern(r"\b(?:made|entered|dated|effective|agreement|executed|contract|amendment)\b", re.IGNORECASE)
_STOP = regex(
    r"\bWHEREAS\b|\bWhereas\b|\bW\s?I\s?T\s?N\s?E\s?S\s?S\s?E\s?T\s?H|\bRECITALS?\b|\bRecitals?\b"
    r"|\bBACKGROUND\b|\bNOW,? THEREFORE|\bNow,? Therefore"
    r"|\bTABLE OF CONTENTS|\bIN CONSIDERATION|\bIn consideration|\bPREAMBLE\b"
    r"|\b(?:the\s+)?part(?:y|ies)\s+(?:hereto\s+)?(?:hereby\s+)?agree\b|\n\s*(?:1|I|A)\.\s"
    r"|\bhereby agree\b|\bSection 1\b|\bARTICLE\b"
)


@dataclass(frozen=True, slots=True)
class Opening:
    """The paragraph that says who makes the contract: its range, and where the parties begin in it."""

    start: int
    parties: int
    end: int


def opening(document: Document) -> Opening | None:
    """The first place in the head that speaks of a contract made between parties."""
    text = document.text[:REACH]
    best: tuple[float, Opening] | None = None
    for match in _BETWEEN.finditer(text):
        before = text[max(match.start() - 350, 0) : match.start()]
        after = text[match.end() : match.end() + 400]
        score = 0.0
        if _MADE.search(before[-200:]):
            score += 1.0
        if re.search(
            r"\b(?:this|the)\s+(?:\S+\s+){0,9}(?:agreement|contract|amendment|lease|license|addendum)\b",
            before,
            re.I,
        ):
            score += 1.0
        if re.search(r"[\"“”]|\bhereinafter\b|\bcollectively\b", after):
            score += 1.0
        if ORGANISATION.search(after):
            score += 0.5
        if re.match(r"[A-Z\"“(\d]", after.lstrip()[:1] or "x"):
            score += 0.5
        if re.match(
            r"\s*(?:the|its|such|any|each|them|all)\s+(?!undersigned|following)[a-z]?", after, re.I
        ) and not re.match(r"\s*the [A-Z][\w ]+,", after):
            score -= 1.5
        if re.search(
            r"\bthat certain\b|\bas amended\b|\bsuccessor\b",
            before[-60:] + match[0] + after[:120],
            re.I,
        ):
            score -= 0.4
        score -= 2 * match.start() / REACH
        if best is None or score > best[0]:
            stop = _STOP.search(text, match.end())
            end = min(stop.start() if stop else len(text), match.end() + _LENGTH)
            block = document.block_at(match.start())
            start = max(min(block.start if block else match.start(), match.start()), match.start() - 600)
            best = (score, Opening(start, match.end(), end))
    return best[1] if best is not None and best[0] >= 1.0 else None


_FORM = (
    r"Inc(?:orporated)?|Corp(?:oration)?|Co(?:mpany)?|L\.?\s?L\.?\s?C|Ltd|Limited|L\.?\s?L\.?\s?P"
    r"|L\.?\s?P|P\.?\s?L\.?\s?C|N\.?\s?A|S\.?\s?A|A\.?\s?G|N\.?\s?V|B\.?\s?V"
    r"|GmbH|KG|S\.?\s?p\.?\s?A|S\.?\s?A\.?\s?S|S\.?\s?A\.?\s?R\.?\s?L|Pty|Pte|Trust|Bank|Partnership"
    r"|University|Association|Foundation|Fund|Institute|Group|Holdings|Partners|LLLP|Kft|AB|A/S|ApS|Oy"
)
ORGANISATION = regex(rf"(?:,\s*|\s)(?:{_FORM})\b\.?", re.IGNORECASE)
