"""When a contract was made: the dates its text tells, each with what speaks for its being that day."""

from __future__ import annotations

import re

from ..candidates import Candidate
from ..model import Document
from ..normalise import day_first
from ..patterns import Pattern
from ..ranking import around, facts
from .dates import Dated, dates
from .head import Opening

_SIGNED = Pattern(
    r"\bin witness (?:whereof|thereof)\b|\bhave (?:duly )?executed this|\bhave caused this"
    r"|\bby\s*:\s*(?:/s/|_)|\bname\s*:\s",
    re.IGNORECASE,
)
_BY_SIGNATURE = 500
"""Characters after the sign of a signature in which its date stands."""
_RIGHT_BY = 100
"""The same, where no other date may stand there."""
_HEAD = 4000
_ABOVE, _BELOW = 12_000, 6_000
"""Characters of the text's beginning, and after the first signature, in which dates are looked for."""
_ALONE = 12
"""A date has its paragraph to itself where so few other characters stand in it."""


def made_on(document: Document, opening: Opening | None) -> list[Candidate]:
    """Each date once, where it stands most like the one a contract is made as of."""
    text = document.text
    first = next((match.start() for match in _SIGNED.finditer(text)), len(text))
    below = range(max(first - _BY_SIGNATURE, _ABOVE), min(first + _BELOW, len(text)))
    signed = [match.start() for match in _SIGNED.finditer(text, first, below.stop)]
    places: dict[str, list[Dated]] = {}
    ranks: dict[int, int] = {}
    leads = day_first(text)
    above = dates(text, 0, _ABOVE, day_leads=leads)
    for rank, date in enumerate([*above, *dates(text, below.start, below.stop, day_leads=leads)]):
        places.setdefault(date.value, []).append(date)
        ranks[date.start] = rank
    signing = [date.value for several in places.values() for date in several if _is_below(date, signed)]
    last = max((value for value in signing if "[" not in value), default="")
    in_head = sum(several[0].start < _HEAD for several in places.values())
    found: list[Candidate] = []
    for value, several in places.items():
        best = min(several, key=lambda date: (_outside(date, opening), date.start))
        block = document.block_at(best.start)
        about = facts(
            {
                "opening": _where(best, opening),
                "from parties": best.start - opening.parties if opening is not None else 5000,
                "at": best.start,
                "rank": ranks[best.start],
                "blanks": value.count("[]"),
                "in figures": text[best.start : best.end].lstrip()[:3].strip(" ./-").isdigit(),
                "below": any(_is_below(date, signed) for date in several),
                "by signature": any(
                    0 < date.start - each < _BY_SIGNATURE for date in several for each in signed
                ),
                "last below": value == last,
                "alone": any(_is_alone(document, date) for date in several),
                "paragraph": len(block.text) if block is not None else 0,
                "times": len(several),
                "dates": len(places),
                "dates in head": in_head,
            }
        )
        about |= around(text, best.start, best.end)
        raw = text[best.start : best.end]
        score = (0.9, 0.7, 0.5)[_outside(best, opening)]
        found.append(Candidate(raw, score, best.start, best.end, value, features=about))
    return found


def last_signed(text: str, day_leads: bool) -> Dated | None:
    """The latest whole date that stands where the contract is signed."""
    signed = [match.start() for match in _SIGNED.finditer(text)]
    told = [
        date
        for at in signed
        for date in dates(text, at, min(at + _RIGHT_BY, len(text)), day_leads=day_leads)
        if date.whole
    ]
    return max(told, key=lambda date: date.value, default=None)


def _outside(date: Dated, opening: Opening | None) -> int:
    """0 before the parties of the opening, 1 after them, 2 elsewhere."""
    if opening is None or not opening.start <= date.start < opening.end:
        return 2
    return 0 if date.start < opening.parties else 1


def _where(date: Dated, opening: Opening | None) -> str:
    if opening is None:
        return "none"
    return "above" if date.start < opening.start else ("before", "within", "below")[_outside(date, opening)]


def _is_below(date: Dated, signed: list[int]) -> bool:
    """Whether a date stands where the contract is signed, or after it."""
    return bool(signed) and date.start >= signed[0]


def _is_alone(document: Document, date: Dated) -> bool:
    block = document.block_at(date.start)
    return block is not None and len(block.text.strip()) - (date.end - date.start) < _ALONE
