"""Sections that a profile lists by number and title, such as the Items of an annual report.

Every place where a section might begin is scored by what speaks for it — its title, its look, a link in the
table of contents that leads there — and against it — a row of the table of contents, a cross reference.
The sequence in the listed order with the highest total wins (dynamic programming).
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .model import Document
from .patterns import regex
from .sections import Section, placed
from .sections_spots import LISTED, LONGEST, Plan, Spot, plan_of, set_off, spots_of

_AFTER = regex(r"\s*(?:signatures?|exhibit\s+index|index\s+to\s+exhibits)\s*$", re.IGNORECASE)
_NEAR = 320
"""Characters after a link's target within which its heading stands."""
_INDEXED = 8
"""So many Items led to by links make an index of cross references."""
_MOST_OF = 0.6
"""Share of the listed sections that make a sequence whole."""
_BETWEEN = 400
"""Characters that may stand between two headings of a list, at most."""


def find_numbered(document: Document, specs: Sequence[Mapping[str, Any]]) -> list[Section]:
    """The listed sections that the document has, in order; ``confidence`` says what speaks for each.

    A spec has ``id``, ``title``, ``number`` ("1A"), optionally ``label`` (what stands before the number,
    default "item"), ``pattern`` (what the title's words match) and ``level``.
    """
    plan = plan_of(specs)
    spots = list(spots_of(document, plan))
    _mark_runs(document, spots)
    led = list(_follow_links(document, plan, spots))
    indexed = len({spot.order for spot in spots if spot.listed}) >= _INDEXED
    spots = [spot for spot in spots + led if spot.score > -1.5]
    if len({spot.order for spot in spots if spot.score >= 2.0 and not spot.listed}) < 4:
        if len({spot.order for spot in led}) >= _INDEXED:
            # an index of cross references: the report tells its Items in an order of its own
            return _sections(document, specs, _each_once(led))
        titled = list(_titled(document, plan))
        _mark_runs(document, titled)
        titled = [spot for spot in titled if not spot.listed]
        if indexed:
            return _sections(document, specs, _each_once(titled))
        spots += titled
    chosen = _best_sequence(sorted(spots, key=lambda spot: spot.start))
    return _sections(document, specs, chosen)


def _mark_runs(document: Document, spots: list[Spot]) -> None:
    """Headings one after another with nothing but page numbers and parts between are a list of contents."""
    run: list[Spot] = []

    def close() -> None:
        if len({spot.order for spot in run}) >= LISTED:
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


_SAYING = regex(
    r"\b(?:is|are|was|were|has|have|incorporated|omitted|reserved|refer|see|we|our)\b", re.IGNORECASE
)


def _is_no_text(between: str) -> bool:
    """Whether what stands between two headings is the end of a title, parts and page numbers at most."""
    words = re.sub(r"(?i)part\s+[ivx]+|page|\d+|\W+", " ", between)
    ended = re.search(r"[a-z][.;]\s*\n|\b(?:none|not applicable)\b", between, re.I)
    return len(words.split()) < 22 and ended is None


def _follow_links(document: Document, plan: Plan, spots: list[Spot]) -> Iterator[Spot]:
    """Where the links of listed rows lead: strengthens the headings there, or makes spots of their own."""
    anchors = {
        name: block.start for block in document.blocks if block.anchor for name in block.anchor.split()
    }
    links = sorted(
        (link.start, goal)
        for link in document.links
        if link.start >= 0
        and (goal := anchors.get(link.target[1:], -1) if link.target[:1] == "#" else link.goal) >= 0
    )
    if not links:
        return
    starts = [start for start, _ in links]
    unlisted = sorted((spot for spot in spots if not spot.listed), key=lambda spot: spot.start)
    rows = [spot for spot in spots if spot.listed]
    for at, row in enumerate(rows):
        first = bisect_left(starts, row.start)
        last = bisect_left(starts, max(row.end, row.start + 1))
        if first == last and document.kind != "pdf":
            # an index may have the links in rows of what the Item consists of, below its own; in lines of a
            # page these can't be told from a title's first line
            below = rows[at + 1].start if at + 1 < len(rows) else math.inf
            end = min(below, document.blocks[row.block].end)
            last = min(bisect_left(starts, end), first + 1)
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
            yield Spot(row.order, target, target, 1.8, linked=True)


def _titled(document: Document, plan: Plan) -> Iterator[Spot]:
    """Headings, and lines of capitalised words, that are a listed title without its number."""
    for index, block in enumerate(document.blocks):
        text = block.text.strip()
        heading = block.kind == "heading"
        if block.table is not None or len(text) > LONGEST or not (heading or block.kind == "paragraph"):
            continue
        fitting: list[tuple[bool, int]] = []
        for order, title in enumerate(plan.titles):
            match = title.match(text) if title is not None else None
            if match is None:
                continue
            whole = len(match[0]) > (0.7 if heading else 0.95) * len(text)
            begun = text.casefold().startswith(plan.words[order]) and set_off(text)
            if whole or (begun and text[-1] not in ".:;,"):
                fitting.append((not begun, order))
        if fitting:
            # of titles that fit, the one that begins like the text
            _, order = min(fitting)
            score = 0.9 + 0.3 / max(block.level, 1) if heading else 0.8
            yield Spot((order,), block.start, block.end, score, block=index)


def _each_once(spots: list[Spot]) -> list[Spot]:
    """The first spot of each section, in the order of the document."""
    first: dict[tuple[int, ...], Spot] = {}
    for spot in spots:
        first.setdefault(spot.order, spot)
    return sorted(first.values(), key=lambda spot: (spot.start, spot.order))


def _best_sequence(spots: list[Spot]) -> list[Spot]:
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
        # "Items 1 and 2" is followed by Item 1A
        held = champion.get(spot.order[0])
        if held is None or best[index] > held[0] + 1e-9:
            champion[spot.order[0]] = (best[index], index)
    if not spots:
        return []
    at = max(range(len(spots)), key=lambda index: (best[index], -index))
    chosen: list[Spot] = []
    while at >= 0:
        chosen.append(spots[at])
        at = before[at]
    return [spot for spot in reversed(chosen) if spot.score > 0]


def _sections(document: Document, specs: Sequence[Mapping[str, Any]], chosen: list[Spot]) -> list[Section]:
    found: list[Section] = []
    taken: set[int] = set()
    close = _closing(document, chosen)
    strong = sum(len(spot.order) for spot in chosen if spot.score >= 2.0 and not spot.listed)
    whole = strong >= _MOST_OF * len(specs)
    for index, spot in enumerate(chosen):
        end = next((each.start for each in chosen[index + 1 :] if each.start > spot.start), close)
        for order in spot.order:
            if order in taken:
                continue
            taken.add(order)
            spec = specs[order]
            section = Section(
                str(spec["id"]),
                str(spec.get("title") or spec["id"]),
                int(spec.get("level", 1)),
                spot.start,
                end,
                confidence=_confidence(spot, whole),
            )
            found.append(placed(document, section))
    return found


def _confidence(spot: Spot, whole: bool) -> float:
    """What a score has been worth: a titled, set-off, linked heading is near certain.

    ``whole``: it stands in a sequence that holds most of the list, so chance is unlikely.
    """
    if spot.listed:
        return 0.2
    steps = ((1.0, 0.3), (2.0, 0.5), (3.0, 0.8), (3.5, 0.9), (4.0, 0.95), (5.5, 0.98))
    sure = 0.25
    for least, value in steps:
        if spot.score >= least:
            sure = value
    if whole and spot.score >= 2.0:
        sure = 1.0 - (1.0 - sure) / 2
    return min(sure, 0.9) if len(spot.order) > 1 else sure


def _closing(document: Document, chosen: list[Spot]) -> int:
    """Where the last section ends: at the signatures, else with the document."""
    if not chosen:
        return len(document.text)
    for block in document.blocks_between(chosen[-1].end + 1, len(document.text)):
        if block.table is None and len(block.text) < 40 and _AFTER.match(block.text):
            return block.start
    return len(document.text)
