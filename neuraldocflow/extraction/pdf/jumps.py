"""Where the links within a PDF stand in its text and where they lead, as those of a table of contents do."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple

from neuraldocflow.extraction.model import Block, Box, Document, Link

Goal = tuple[int, float]
"""A page and how far below its top a destination is said to be, in points."""
_ABOVE = 3.0
"""Points that a line may begin above the destination that marks it."""
_WORDS = 8
"""Characters that a heading has at least to be known by a link's words."""
_APART = 60.0
"""Points between two destinations from which on their headings tell the scale."""
_ENOUGH, _MOST = 5, 80
"""Headings to tell the scale by: as many are needed, and no more are looked at."""
_TOP = 0.0
"""How far below a page's top a destination is at most that leads to the page as a whole."""
_RUNNING = 8
"""Pages with a link to one place from which on it is a running line's."""
_OFF, _AGREE = 20.0, 0.6
"""Points that headings may be off their places, and the share of them that has to be closer."""


@dataclass(slots=True, eq=False)
class Jump:
    """A link to a named destination: the box it stands in, and where it is said to lead."""

    link: Link
    box: Box
    page: int
    top: float


class _Boxed(NamedTuple):
    """A line of a text, or a table's cell: what stands at a height of a page."""

    box: Box
    start: int
    end: int


def place_jumps(document: Document, jumps: list[Jump]) -> None:
    """Sets start, end and goal of the links, once the document has its text."""
    jumps = _told_once(jumps)
    asked = {page for jump in jumps for page in (jump.link.page, jump.page, jump.page + 1)}
    pages: dict[int, list[_Boxed]] = {}
    for block in document.blocks if jumps else ():
        if block.page is not None and block.page in asked:
            pages.setdefault(block.page, []).extend(_boxed(block))
    for jump in jumps:
        x, y = (jump.box[0] + jump.box[2]) / 2, (jump.box[1] + jump.box[3]) / 2
        for each in pages.get(jump.link.page or 0, ()):
            if each.box[0] <= x <= each.box[2] and each.box[1] <= y <= each.box[3]:
                jump.link.start, jump.link.end = each.start, each.end
                break
    printed = _as_printed(document, jumps, pages)
    # a page's top is its top in any scale
    known = jumps if printed is not None else [jump for jump in jumps if jump.top <= _TOP]
    scale, margin = printed or (1.0, 0.0)
    for jump in known:
        top = margin + scale * jump.top - _ABOVE
        below = [(each.box[1], each.start) for each in pages.get(jump.page, ()) if each.box[1] > top]
        # what marks a page's end marks what begins on the next page
        after = below or [(each.box[1], each.start) for each in pages.get(jump.page + 1, ())]
        jump.link.goal = min(after, default=(0.0, -1))[1]


def _told_once(jumps: list[Jump]) -> list[Jump]:
    """The jumps without those that many pages repeat, such as back to the table of contents."""
    sources: dict[Goal, set[int | None]] = defaultdict(set)
    for jump in jumps:
        sources[jump.page, jump.top].add(jump.link.page)
    return [jump for jump in jumps if len(sources[jump.page, jump.top]) <= _RUNNING]


def _boxed(block: Block) -> Iterator[_Boxed]:
    if block.table is not None:
        for cell in block.table.cells:
            if cell.bbox is not None:
                yield _Boxed(cell.bbox, cell.start, cell.end)
        return
    for line, begin in zip(block.lines, block.line_starts, strict=False):
        if line.bbox is not None:
            start = block.start + begin
            yield _Boxed(line.bbox, start, start + len(line.text))


def _as_printed(
    document: Document, jumps: list[Jump], pages: dict[int, list[_Boxed]]
) -> tuple[float, float] | None:
    """Scale and margin of the print, which a browser leaves out of account in its destinations.

    Told by headings that read like the links to them; None where too few do, or they tell different things.
    """
    pairs = sorted(set(_headings(document, jumps, pages)))[:_MOST]
    slopes = [
        (below - above) / (lower - upper)
        for number, (upper, above) in enumerate(pairs)
        for lower, below in pairs[bisect_left(pairs, (upper + _APART, 0.0), number) :]
    ]
    if len(pairs) < _ENOUGH or not slopes:
        return None
    scale = median(slopes)
    margins = sorted(height - scale * top for top, height in pairs)
    middle = median(margins)
    near = [margin for margin in margins if abs(margin - middle) < _OFF]
    if scale < 0.5 or len(near) < _AGREE * len(margins):
        return None
    # a mark may stand some lines above its heading, hardly below it
    return scale, near[len(near) // 10]


def _headings(
    document: Document, jumps: list[Jump], pages: dict[int, list[_Boxed]]
) -> Iterator[tuple[float, float]]:
    """Where destinations are said to be, and the heights of the lines that read like the links to them."""
    for jump in jumps:
        words = " ".join(document.text[max(jump.link.start, 0) : max(jump.link.end, 0)].split()).casefold()
        if len(words) < _WORDS:
            continue
        alike = [
            each.box[1]
            for each in pages.get(jump.page, ())
            if each.end - each.start < len(words) + _WORDS * 2
            and words in " ".join(document.text[each.start : each.end].split()).casefold()
        ]
        if len(alike) == 1:
            yield jump.top, alike[0]
