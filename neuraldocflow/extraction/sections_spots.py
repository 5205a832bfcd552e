"""Where a numbered section might begin: every place that starts with a number of a profile's list, scored."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from .model import Block, Document
from .patterns import regex

_NUMBERS = r"\d{1,2}\s?(?:\(?[a-d]\)?(?![a-z]))?(?:\s?\(t\))?"
_CROSS = regex(
    r"\s*(?:of\b|to\b|in\b|and\b|or\b|above|below|herein|is\b|are\b|was\b|has\b|under|on\b|for\b|as\b|by\b|at\b|"
    r"with\b|that\b|which\b|should\b|may\b|includes?\b|contains?\b|also\b|we\b|[,;)”\"])",
    re.IGNORECASE,
)
_JOINED = r"(?:\.?,?\s*(?:\band\b|&)|,|\bthrough\b|/|[–-](?=\s*\d{1,2}\b))"
_DASHED = regex(r"\d\s*[–-]\s*\d")
_RANGE = regex(rf"\bthrough\b|{_DASHED.pattern}", re.IGNORECASE)
_CONTINUED = regex(r"\(?\bcont(?:inue|['’])?d\b\.?\)?", re.IGNORECASE)
_ENDS_IN_PAGE = regex(r"[\s.\t]\s*(?:[A-Z]-?)?\d{1,3}(?:\s*[-–,]\s*\d{1,3})*\s*$")
_BREAK = regex(r"\n[ \t]*(?=\w)")
_LEADS = " .,:–—-\t[(|*_\xa0"
LONGEST = 260
"""Characters a heading has at most; a longer block holds its section's text too."""
_FULL = 0.9
"""Of a paragraph's longest line, what a line has at least that had no room for another word."""
LISTED = 3
"""As many headings in a row with nothing between them are a table of contents."""


@dataclass(slots=True)
class Spot:
    """A place where the sections ``order`` (indices into the profile's list) may begin."""

    order: tuple[int, ...]
    start: int
    end: int
    """Where the heading's own text ends."""
    score: float
    listed: bool = False
    """It stands in a table of contents or an index."""
    linked: bool = False
    block: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """The profile's list, compiled."""

    numbers: Mapping[str, int]
    titles: tuple[re.Pattern[str] | None, ...]
    words: tuple[str, ...]
    """The titles' first words, in lower case and without the plural's "s"."""
    labels: tuple[str, ...]
    """What stands before the numbers, in lower case."""
    heading: re.Pattern[str]
    listing: re.Pattern[str]

    def named_in(self, text: str) -> bool:
        """Whether a text holds one of the labels at all."""
        folded = text.casefold()
        return any(label in folded for label in self.labels)


_PLANS: dict[int, tuple[Sequence[Mapping[str, Any]], Plan]] = {}


def plan_of(specs: Sequence[Mapping[str, Any]]) -> Plan:
    """The list, compiled; the last one is kept."""
    held = _PLANS.get(id(specs))
    if held is not None and held[0] is specs:
        return held[1]
    names = sorted({str(spec.get("label") or "item").casefold() for spec in specs})
    labels = "|".join(map(re.escape, names))
    plan = Plan(
        {str(spec.get("number") or "").casefold(): index for index, spec in enumerate(specs)},
        tuple(re.compile(spec["pattern"], re.IGNORECASE) if spec.get("pattern") else None for spec in specs),
        tuple(re.split(r"\W", f"{spec.get('title') or ''} ")[0].casefold().rstrip("s") for spec in specs),
        tuple(names),
        re.compile(
            rf"\W{{0,4}}(?:part\s+[ivx]+\b[\s,.:;–—-]*)?(?P<label>{labels})(?P<several>s?)(?![A-Za-z])[\s.:#]*"
            rf"(?P<numbers>{_NUMBERS}(?:\s*{_JOINED}\s*(?:(?:{labels})s?\s*)?{_NUMBERS})*)"
            r"(?P<mark>\s*[-–—.:)]*)(?P<rest>.{0,240})",
            re.IGNORECASE | re.DOTALL,
        ),
        re.compile(rf"(?:{_NUMBERS})", re.IGNORECASE),
    )
    _PLANS.clear()
    _PLANS[id(specs)] = (specs, plan)
    return plan


def _match(plan: Plan, text: str) -> tuple[tuple[int, ...], re.Match[str]] | None:
    match = plan.heading.match(text[:400])
    if match is None:
        return None
    order = []
    for each in plan.listing.findall(match["numbers"]):
        number = re.sub(r"\(t\)|[^0-9a-z]", "", each.casefold())
        if number in plan.numbers:
            order.append(plan.numbers[number])
    if not order:
        return None
    if order != sorted(order) or (_DASHED.search(match["numbers"]) and not match["several"]):
        # "Item 5 - 10 years at a glance" is no range
        return tuple(order[:1]), match
    if len(order) == 2 and match["several"] and _RANGE.search(match["numbers"]):
        order = list(range(order[0], order[1] + 1))
    return tuple(dict.fromkeys(order)), match


def spots_of(document: Document, plan: Plan) -> Iterator[Spot]:
    """Every place that begins with a listed number, in paragraphs, headings and rows of tables."""
    blocks = document.blocks
    for index, block in enumerate(blocks):
        if block.table is not None:
            yield from _rows(block, index, plan, blocks)
            continue
        following = "" if index + 1 == len(blocks) else blocks[index + 1].text
        if plan.named_in(block.text[:60]):
            found = _match(plan, block.text)
            if found is not None:
                score, end = _judge(plan, *found, block, following)
                yield Spot(found[0], block.start, block.start + end, score, block=index)
        for begin in _inner_lines(block, plan):
            found = _match(plan, block.text[begin:])
            if found is not None:
                score, end = _judge(plan, *found, block, following, begin)
                start = block.start + begin
                # a line that merely begins with a reference has no title after it
                yield Spot(found[0], start, start + end, score - 0.7, block=index)


def _inner_lines(block: Block, plan: Plan) -> Iterator[int]:
    """Where lines within a block begin with what may be a heading that was joined to the text before it."""
    for begin in block.line_starts[1:]:
        if plan.named_in(block.text[begin : begin + 16]):
            yield begin
    if len(block.line_starts) < 2:
        for match in _BREAK.finditer(block.text):
            if plan.named_in(block.text[match.end() : match.end() + 16]):
                yield match.end()


def _rows(block: Block, index: int, plan: Plan, blocks: Sequence[Block]) -> Iterator[Spot]:
    assert block.table is not None
    if not plan.named_in(block.text):
        return
    found: list[Spot] = []
    rows = block.table.by_row()
    for row in rows.values():
        cells = [cell for cell in row if cell.text.strip()]
        for position, cell in enumerate(cells[:4]):
            match = _match(plan, " ".join(each.text for each in cells[position:]))
            if match is None:
                continue
            following = "" if index + 1 == len(blocks) else blocks[index + 1].text
            score, _ = _judge(plan, *match, block, following if len(rows) == 1 else "")
            long = sum(len(each.text) for each in cells) > 3 * LONGEST
            found.append(
                Spot(match[0], cell.start, cells[-1].end, score - (1.0 if long else 0.0), block=index)
            )
            break
    many = len({spot.order for spot in found}) >= LISTED
    for spot in found:
        if many:
            spot.listed = True
            spot.score -= 5.0
    yield from found


def _judge(
    plan: Plan,
    order: tuple[int, ...],
    match: re.Match[str],
    block: Block,
    following: str,
    begin: int = 0,
) -> tuple[float, int]:
    """(score, length of the heading) of a text that begins with a number of the list."""
    rest = match["rest"]
    score = 0.0
    text = block.text[begin:] if begin else block.text
    length = min(len(text), match.end("rest") - len(rest))
    titles = [title for number in order if (title := plan.titles[number]) is not None]
    named = next((found for each in titles if (found := each.match(rest.lstrip(_LEADS)))), None)
    if named is not None:
        # after a comma a reference may name the title too
        score += 1.8 if rest.lstrip().startswith(",") else 3.0
        length += len(named[0]) + 2
    elif not rest.strip(" .:–—-\t*"):
        score += 2.5 if any(each.match(following.lstrip(" .[(")) for each in titles) else 0.5
    elif len(rest) < 60 and any(each.match(f"{rest} {following}".lstrip(_LEADS)) for each in titles):
        # the title goes on in the next block
        score += 2.5
    elif any(each.search(rest[:160]) for each in titles):
        score += 1.5
    elif not titles:
        score += 1.0
    else:
        score -= 0.5
    if block.kind == "heading":
        score += 1.0
    if block.bold:
        score += 0.5
    if block.kind in ("footnote", "caption"):
        score -= 1.0
    if (
        block.table is None
        and len(text) > LONGEST
        and not (named is not None and _alone(block, begin, begin + match.start("rest")))
    ):
        score -= 1.0 if named is not None and set_off(rest.lstrip(_LEADS)) else 3.0
    if _CROSS.match(rest) and not match["mark"].strip() and named is None:
        score -= 4.0
    if _CONTINUED.search(block.text[:LONGEST]) and block.table is None:
        score -= 2.5
    if block.table is None and len(block.text) < LONGEST and _ENDS_IN_PAGE.search(block.text):
        score -= 0.8
    if not match["mark"].strip() and named is None:
        score -= 0.5
    return score, max(length, 1)


def _alone(block: Block, begin: int, title: int) -> bool:
    """Whether a title ends with its line, so that the text below was only joined to it: with one that the
    author broke, or that had room for the next line's first word.

    The title starts at ``title``, its number at ``begin``.
    """
    lines = list(pairwise([*block.line_starts, len(block.text)]))
    full = _FULL * max((end - start for start, end in lines), default=0)
    roomy = (end for start, end in lines if end - start + _first_word(block.text, end) < full)
    end = min((end for end in (*block.breaks, *roomy) if end > title), default=len(block.text))
    return end - begin <= LONGEST and set_off(block.text[title:end].lstrip(_LEADS))


def _first_word(text: str, start: int) -> int:
    """Characters of the word that starts there."""
    return len(next(iter(text[start : start + LONGEST].split()), ""))


def set_off(rest: str) -> bool:
    """Whether a title in capitals stands before the first stop of a text."""
    title = re.split(r"[.:–—]\s", rest, maxsplit=1)[0]
    words = [word for word in re.findall(r"[^\W\d_]+", title) if len(word) > 3]
    return len(title) < 180 and sum(word[0].isupper() for word in words) >= 0.6 * len(words)
