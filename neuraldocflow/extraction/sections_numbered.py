"""Sections that a profile lists by number and title, such as the Items of an annual report.

Every place where a section might begin is scored by what speaks for it — its title, its look, a link in the
table of contents that leads there — and against it — a row of the table of contents, a cross reference.
The sequence in the listed order with the highest total wins (dynamic programming).
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .model import Block, Document
from .sections import Section, placed

_NUMBERS = r"\d{1,2}\s?(?:\(?[a-d]\)?(?![a-z]))?(?:\s?\(t\))?"
_CROSS = re.compile(
    r"\s*(?:of\b|to\b|in\b|and\b|or\b|above|below|herein|is\b|are\b|was\b|has\b|under|on\b|for\b|as\b|by\b|at\b|"
    r"with\b|that\b|which\b|should\b|may\b|includes?\b|contains?\b|also\b|we\b|[,;)”\"])",
    re.IGNORECASE,
)
_CONTINUED = re.compile(r"\(?\bcont(?:inue|['’])?d\b\.?\)?", re.IGNORECASE)
_ENDS_IN_PAGE = re.compile(r"[\s.\t]\s*(?:[A-Z]-?)?\d{1,3}(?:\s*[-–,]\s*\d{1,3})*\s*$")
_AFTER = re.compile(r"\s*(?:signatures?|exhibit\s+index|index\s+to\s+exhibits)\s*$", re.IGNORECASE)
_BREAK = re.compile(r"\n\s*(?=(?:part\s+[ivx]+\W+)?items?\b)", re.IGNORECASE)
_LEADS = " .:–—-\t[(|*_\xa0"
_LONGEST = 260
"""Characters a heading has at most; a longer block holds its section's text too."""
_NEAR = 320
"""Characters after a link's target within which its heading stands."""
_INDEXED = 8
"""So many Items led to by links make an index of cross references."""
_BETWEEN = 400
"""Characters that may stand between two headings of a list, at most."""
_LISTED = 3
"""As many headings in a row with nothing between them are a table of contents."""


@dataclass(slots=True)
class _Spot:
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
class _Plan:
    """The profile's list, compiled."""

    numbers: Mapping[str, int]
    titles: tuple[re.Pattern[str] | None, ...]
    heading: re.Pattern[str]
    listing: re.Pattern[str]


_PLANS: dict[int, tuple[Sequence[Mapping[str, Any]], _Plan]] = {}


def find_numbered(document: Document, specs: Sequence[Mapping[str, Any]]) -> list[Section]:
    """The listed sections that the document has, in order; ``confidence`` says what speaks for each.

    A spec has ``id``, ``title``, ``number`` ("1A"), optionally ``label`` (what stands before the number,
    default "item"), ``pattern`` (what the title's words match) and ``level``.
    """
    plan = _plan(specs)
    spots = list(_spots(document, plan))
    _mark_runs(document, spots)
    led = list(_follow_links(document, plan, spots))
    spots = [spot for spot in spots + led if spot.score > -1.5]
    if len({spot.order for spot in spots if spot.score >= 2.0 and not spot.listed}) < 4:
        if len({spot.order for spot in led}) >= _INDEXED:
            # an index of cross references: the report tells its Items in an order of its own
            return _sections(document, specs, _each_once(led))
        spots += list(_titled(document, plan))
    chosen = _best_sequence(sorted(spots, key=lambda spot: spot.start))
    return _sections(document, specs, chosen)


def _plan(specs: Sequence[Mapping[str, Any]]) -> _Plan:
    held = _PLANS.get(id(specs))
    if held is not None and held[0] is specs:
        return held[1]
    labels = "|".join(sorted({str(spec.get("label") or "item") for spec in specs}))
    plan = _Plan(
        {str(spec.get("number") or "").casefold(): index for index, spec in enumerate(specs)},
        tuple(re.compile(spec["pattern"], re.IGNORECASE) if spec.get("pattern") else None for spec in specs),
        re.compile(
            rf"\W{{0,4}}(?:part\s+[ivx]+\b[\s,.:;–—-]*)?(?P<label>{labels})(?P<several>s?)\b[\s.:#]*"
            rf"(?P<numbers>{_NUMBERS}(?:\s*(?:,\s*and\b|,|\band\b|&|\bthrough\b|/)\s*(?:(?:{labels})s?\s*)?{_NUMBERS})*)"
            r"(?P<mark>\s*[-–—.:)]*)(?P<rest>.{0,240})",
            re.IGNORECASE | re.DOTALL,
        ),
        re.compile(rf"(?:{_NUMBERS})", re.IGNORECASE),
    )
    _PLANS.clear()
    _PLANS[id(specs)] = (specs, plan)
    return plan


def _match(plan: _Plan, text: str) -> tuple[tuple[int, ...], re.Match[str]] | None:
    match = plan.heading.match(text[:400])
    if match is None:
        # "Item10." has no word boundary between label and number
        match = plan.heading.match(re.sub(r"(?i)^(\W{0,4}item)(?=\d)", r"\1 ", text[:400]))
    if match is None:
        return None
    order = []
    for each in plan.listing.findall(match["numbers"]):
        number = re.sub(r"\(t\)|[^0-9a-z]", "", each.casefold())
        if number in plan.numbers:
            order.append(plan.numbers[number])
    if not order:
        return None
    return tuple(dict.fromkeys(order if order == sorted(order) else order[:1])), match


def _spots(document: Document, plan: _Plan) -> Iterator[_Spot]:
    """Every place that begins with a listed number, in paragraphs, headings and rows of tables."""
    blocks = document.blocks
    for index, block in enumerate(blocks):
        if block.table is not None:
            yield from _rows(block, index, plan, blocks)
            continue
        following = "" if index + 1 == len(blocks) else blocks[index + 1].text
        if "tem" in block.text[:60].casefold():
            found = _match(plan, block.text)
            if found is not None:
                score, end = _judge(plan, *found, block, following)
                yield _Spot(found[0], block.start, block.start + end, score, block=index)
        for begin in _inner_lines(block):
            found = _match(plan, block.text[begin:])
            if found is not None:
                score, end = _judge(plan, *found, block, following, begin)
                start = block.start + begin
                # a line that merely begins with a reference has no title after it
                yield _Spot(found[0], start, start + end, score - 0.7, block=index)


def _inner_lines(block: Block) -> Iterator[int]:
    """Where lines within a block begin with what may be a heading that was joined to the text before it."""
    for begin in block.line_starts[1:]:
        if "tem" in block.text[begin : begin + 16].casefold():
            yield begin
    if len(block.line_starts) < 2:
        for match in _BREAK.finditer(block.text):
            yield match.end()


def _rows(block: Block, index: int, plan: _Plan, blocks: Sequence[Block]) -> Iterator[_Spot]:
    assert block.table is not None
    if "tem" not in block.text.casefold():
        return
    found: list[_Spot] = []
    rows = block.table.by_row()
    for row in rows.values():
        cells = [cell for cell in row if cell.text.strip()]
        for position, cell in enumerate(cells[:4]):
            match = _match(plan, " ".join(each.text for each in cells[position:]))
            if match is None:
                continue
            following = "" if index + 1 == len(blocks) else blocks[index + 1].text
            score, _ = _judge(plan, *match, block, following if len(rows) == 1 else "")
            long = sum(len(each.text) for each in cells) > 3 * _LONGEST
            found.append(
                _Spot(match[0], cell.start, cells[-1].end, score - (1.0 if long else 0.0), block=index)
            )
            break
    many = len({spot.order for spot in found}) >= _LISTED
    for spot in found:
        if many:
            spot.listed = True
            spot.score -= 5.0
    yield from found


def _judge(
    plan: _Plan,
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
        score += 3.0
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
    if block.table is None and len(text) > _LONGEST:
        score -= 1.0 if named is not None and _set_off(rest.lstrip(_LEADS)) else 3.0
    if _CROSS.match(rest) and not match["mark"].strip() and named is None:
        score -= 4.0
    if _CONTINUED.search(block.text[:_LONGEST]) and block.table is None:
        score -= 2.5
    if block.table is None and len(block.text) < _LONGEST and _ENDS_IN_PAGE.search(block.text):
        score -= 0.8
    if not match["mark"].strip() and named is None:
        score -= 0.5
    return score, max(length, 1)


def _set_off(rest: str) -> bool:
    """Whether a title in capitals stands before the first stop of a text."""
    title = re.split(r"[.:–—]\s", rest, maxsplit=1)[0]
    words = [word for word in re.findall(r"[^\W\d_]+", title) if len(word) > 3]
    return len(title) < 180 and sum(word[0].isupper() for word in words) >= 0.6 * len(words)


def _mark_runs(document: Document, spots: list[_Spot]) -> None:
    """Headings one after another with nothing but page numbers and parts between are a list of contents."""
    run: list[_Spot] = []

    def close() -> None:
        if len({spot.order for spot in run}) >= _LISTED:
            for spot in run:
                spot.listed = True
                spot.score -= 4.0

    for spot in spots:
        if spot.listed:
            continue
        if run:
            between = document.text[run[-1].end : max(spot.start, run[-1].end)]
            short = len(between) < _BETWEEN and _is_no_text(between)
            if short and len(run) > 1 and spot.order == run[0].order:
                # a part's own list, begun anew by its first heading
                for each in run:
                    each.score -= 1.5
            if not short or spot.order[0] <= run[-1].order[0] or _SAYING.search(between):
                close()
                run = []
        run.append(spot)
    close()


_SAYING = re.compile(
    r"\b(?:is|are|was|were|has|have|incorporated|omitted|reserved|refer|see|we|our)\b", re.IGNORECASE
)


def _is_no_text(between: str) -> bool:
    """Whether what stands between two headings is the end of a title, parts and page numbers at most."""
    words = re.sub(r"(?i)part\s+[ivx]+|page|\d+|\W+", " ", between)
    ended = re.search(r"[a-z][.;]\s*\n|\b(?:none|not applicable)\b", between, re.I)
    return len(words.split()) < 22 and ended is None


def _follow_links(document: Document, plan: _Plan, spots: list[_Spot]) -> Iterator[_Spot]:
    """Where the links of listed rows lead: strengthens the headings there, or makes spots of their own."""
    anchors = {
        name: block.start for block in document.blocks if block.anchor for name in block.anchor.split()
    }
    if not anchors:
        return
    links = sorted(
        (link.start, anchors[link.target[1:]])
        for link in document.links
        if link.start >= 0 and link.target[:1] == "#" and link.target[1:] in anchors
    )
    starts = [start for start, _ in links]
    unlisted = sorted((spot for spot in spots if not spot.listed), key=lambda spot: spot.start)
    for row in [spot for spot in spots if spot.listed]:
        first = bisect_left(starts, row.start)
        last = bisect_left(starts, max(row.end, row.start + 1))
        if first == last:
            continue
        targets = [target for _, target in links[first:last]]
        target = max(targets, key=targets.count)
        near = [
            spot
            for spot in unlisted
            if spot.order[0] in row.order and target - 60 <= spot.start <= target + _NEAR
        ]
        if near:
            for spot in near[:1]:
                spot.score += 0.0 if spot.linked else 3.0
                spot.linked = True
        elif target > row.end or target < row.start - 400:
            yield _Spot(row.order, target, target, 1.8, linked=True)


def _titled(document: Document, plan: _Plan) -> Iterator[_Spot]:
    """Headings that are a listed title without its number."""
    for index, block in enumerate(document.blocks):
        if block.kind != "heading" or len(block.text) > _LONGEST:
            continue
        for order, title in enumerate(plan.titles):
            match = title.match(block.text.lstrip()) if title is not None else None
            if match is not None and len(match[0]) > 0.7 * len(block.text.strip()):
                yield _Spot((order,), block.start, block.end, 0.9 + 0.3 / block.level, block=index)
                break


def _each_once(spots: list[_Spot]) -> list[_Spot]:
    """The first spot of each section, in the order of the document."""
    first: dict[tuple[int, ...], _Spot] = {}
    for spot in spots:
        first.setdefault(spot.order, spot)
    return sorted(first.values(), key=lambda spot: (spot.start, spot.order))


def _best_sequence(spots: list[_Spot]) -> list[_Spot]:
    """The spots in strictly rising order of section and place with the highest total score."""
    best: list[float] = []
    before: list[int] = []
    # of each last section: the spots in place order, so that only the best so far of lower ones is asked
    champion: dict[int, tuple[float, int]] = {}
    for index, spot in enumerate(spots):
        total, previous = 0.0, -1
        for last, (sum_so_far, at) in champion.items():
            if last < spot.order[0] and sum_so_far > total and spots[at].start < spot.start:
                total, previous = sum_so_far, at
        best.append(total + spot.score)
        before.append(previous)
        held = champion.get(spot.order[-1])
        if held is None or best[index] > held[0] + 1e-9:
            champion[spot.order[-1]] = (best[index], index)
    if not spots:
        return []
    at = max(range(len(spots)), key=lambda index: (best[index], -index))
    chosen: list[_Spot] = []
    while at >= 0:
        chosen.append(spots[at])
        at = before[at]
    return [spot for spot in reversed(chosen) if spot.score > 0]


def _sections(document: Document, specs: Sequence[Mapping[str, Any]], chosen: list[_Spot]) -> list[Section]:
    found: list[Section] = []
    close = _closing(document, chosen)
    for index, spot in enumerate(chosen):
        end = next((each.start for each in chosen[index + 1 :] if each.start > spot.start), close)
        for order in spot.order:
            spec = specs[order]
            section = Section(
                str(spec["id"]),
                str(spec.get("title") or spec["id"]),
                int(spec.get("level", 1)),
                spot.start,
                end,
                confidence=_confidence(spot),
            )
            found.append(placed(document, section))
    return found


def _confidence(spot: _Spot) -> float:
    """What a score has been worth: a titled, set-off, linked heading is near certain."""
    if spot.listed:
        return 0.2
    steps = ((1.0, 0.3), (2.0, 0.5), (3.0, 0.8), (3.5, 0.9), (4.0, 0.95), (5.5, 0.98))
    sure = 0.25
    for least, value in steps:
        if spot.score >= least:
            sure = value
    return min(sure, 0.9) if len(spot.order) > 1 else sure


def _closing(document: Document, chosen: list[_Spot]) -> int:
    """Where the last section ends: at the signatures, else with the document."""
    if not chosen:
        return len(document.text)
    for block in document.blocks_between(chosen[-1].end + 1, len(document.text)):
        if block.table is None and len(block.text) < 40 and _AFTER.match(block.text):
            return block.start
    return len(document.text)
