"""Amounts that the sentences of a cover page tell: the public float and the shares outstanding."""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Iterator

from ..candidates import Candidate
from ..normalise import parse_date
from ..numbers import parse_number
from ..patterns import regex
from .page import Cover

_FLOAT = regex(
    r"aggregate\s+(?:market\s+)?value|market\s+value\s+of\s+(?:the\s+)?(?:voting|common|registrant)"
    r"|market\s+value\s+(?:of\s+(?:\w+\s+){1,3})?held\s+by\s+non-?\s?affiliates",
    re.I,
)
_NOTHING = regex(r"\$\s?0(?:\.00?)?(?![\d,]|\.\d)|(?:\bwas|\bis|:)\s+(?:zero|nil|none)\b", re.I)
_SHARE = 1_000_000
"""Dollars that no share has for its par value."""
_MONEY = regex(r"\$\s*(\d[\d,]*(?:\.\d+)?)\s*(thousand|million|billion|trillion)?", re.I)


def public_float(cover: Cover) -> Iterator[Candidate]:
    """The largest amount in the sentences on the aggregate market value."""
    match = _FLOAT.search(cover.text)
    if match is None:
        return
    end = min(match.start() + 1300, len(cover.text))
    amounts = []
    for found in _MONEY.finditer(cover.text, max(match.start() - 120, 0), end):
        value = parse_number(found[0].replace("$", ""))
        told = cover.text[max(found.start() - 40, 0) : found.start()].lower()
        if value is not None and value > 1000 and (value > _SHARE or "par value" not in told):
            amounts.append((found, value))
    nothing = _NOTHING.search(cover.text, match.end(), min(match.end() + 600, end))
    if not amounts and nothing is not None:
        yield Candidate(nothing[0], 0.8, nothing.start(), nothing.end(), value=0, context={"currency": "USD"})
    for found, value in amounts[:3]:
        near = 0.03 * min((found.start() - match.start()) / 300, 3)
        largest = value == max(each for _, each in amounts)
        yield Candidate(
            found[0].strip(),
            (0.93 if largest else 0.6) - max(near, 0.0),
            found.start(),
            found.end(),
            value=int(value) if value.is_integer() else value,
            context={"currency": "USD"},
        )


_COUNT = regex(
    r"(?<![\d$.,])(?<!\$ )(\d[\d,]*(?:\.\d+)?\s+(?:million|billion)|\d{1,3}(?:,\d{3})+(?:\.\d+)?"
    r"|(?<!-)(?:\d{1,3}|(?!(?:19|20)\d\d\b)\d{4,12})(?=\s+shares\b))(?![\d%]|[.,]\d)",
    re.I,
)
_OUTSTANDING = regex(r"\boutstanding\b", re.I)
_AGGREGATE = regex(r"aggregate\s+market\s+value|held\s+by\s+non-?affiliates", re.I)
_STOP = regex(r"(?<=[a-z\d)])\.\s+(?=[A-Z])|\n")
"""Where one sentence ends."""


_PAR = regex(
    r"(?:without|no)\s+par\s+value|par\s+value(?:\s+of)?\s+\$?\s?[\d./-]+|\$\s?[\d./-]+\s+(?:par|stated)\s+value",
    re.I,
)
_OF_THEM = regex(
    r"[(,]\s*(?:of\s+which|(?:which\b[^()]{0,30}?|after\s+)?(?:includ|exclud|deduct)(?:ing|es?))\s+"
    r"(?:approximately\s+)?$",
    re.I,
)
"""What stands before the count of a part of the shares, such as those the registrant itself holds."""


def shares_outstanding(cover: Cover) -> Iterator[Candidate]:
    """Counts in the sentences or table on the shares outstanding, one for each class, of the last day."""
    told = sorted(_counts(cover), key=lambda candidate: candidate.start)
    stops = [0, *(stop.end() for stop in _STOP.finditer(cover.text)), len(cover.text)]
    days: list[str | None] = []
    for candidate in told:
        at = bisect(stops, candidate.start)
        days.append(parse_date(cover.text[stops[at - 1] : stops[at]]))
    last = max((day for day in days if day is not None), default=None)
    latest = [candidate for candidate, day in zip(told, days, strict=True) if day in (None, last)]
    counts = [float(candidate.value) for candidate in latest]
    for total in (-1, 0) if len(counts) > 2 else ():
        # before or below the classes stands their total
        if 2 * counts[total] == sum(counts) and not _of_a_class(cover.text, latest[total]):
            del latest[total]
            break
    yield from latest


def _of_a_class(text: str, count: Candidate) -> bool:
    """Whether the words beside a count, in its line, name one class of shares."""
    line = text[text.rfind("\n", 0, count.start) + 1 : count.start] + text[count.end : count.end + 40]
    return re.search(r"\b(?:class|series)\b", line, re.I) is not None and "total" not in line.lower()


def _counts(cover: Cover) -> Iterator[Candidate]:
    seen: set[int] = set()
    begin = max((end for _, end in cover.of("securities")), default=0)
    for match in _OUTSTANDING.finditer(cover.text, begin):
        window = max(match.start() - 420, begin), min(match.end() + 420, len(cover.text))
        for found in _COUNT.finditer(cover.text, *window):
            if found.start() in seen:
                continue
            between = cover.text[min(found.end(), match.end()) : max(found.start(), match.start())]
            between = _PAR.sub(" ", between)
            if (
                _AGGREGATE.search(between)
                or "$" in between
                or re.search(r"[a-z]\.\s+[A-Z][a-z]+ [a-z]", between)
            ):
                continue
            if re.search(r"indicate\s+by|\bpar value\s*$", between, re.I):
                continue
            if _OF_THEM.search(cover.text, max(found.start() - 80, begin), found.start()):
                continue
            tail = cover.text[found.end() : found.end() + 160]
            if re.match(r"(?:(?!aggregate)[^.]){0,120}held\s+by\s+non-?affiliates", tail, re.I):
                continue
            value = parse_number(found[1])
            if value:
                seen.add(found.start())
                yield Candidate(found[1], 0.9, found.start(1), found.end(1), value=value)
