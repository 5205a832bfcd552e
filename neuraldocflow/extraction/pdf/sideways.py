"""Pages whose text runs up or down them though they are not turned, as where a report sets a broad table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from neuraldocflow.extraction.model import Block, Box, Cell, Line, Table
from neuraldocflow.extraction.pdf.page import PageContent

_MOST = 0.9
"""The share of a page's letters that runs so."""


def set_upright(content: PageContent) -> int:
    """Turns such a page, so that what follows finds lines beside and below one another; the course that the
    text had, 0 for a page that stays as it is."""
    letters = sum(len(line.text) for line in content.lines)
    running = {way: sum(len(line.text) for line in content.lines if line.course == way) for way in (1, -1)}
    course = next((way for way, count in running.items() if count > _MOST * letters), 0)
    if course:
        for line in content.lines:
            line.x0, line.y0, line.x1, line.y1 = _turned(line.bbox, course, content.width, content.height)
            line.upright = line.course == course
        for ruling in content.rulings:
            box = (ruling.x0, ruling.y0, ruling.x1, ruling.y1)
            ruling.x0, ruling.y0, ruling.x1, ruling.y1 = _turned(box, course, content.width, content.height)
        content.width, content.height = content.height, content.width
    return course


def set_back(blocks: Iterable[Block], course: int, width: float, height: float) -> None:
    """Puts the boxes of what was read from a page that was turned where they are on it; ``width`` and
    ``height`` are the page's own."""
    if course:
        for block in blocks:
            for each in _with_boxes(block):
                if each.bbox is not None:
                    each.bbox = _turned(each.bbox, -course, height, width)


def _with_boxes(block: Block) -> Iterator[Block | Line | Table | Cell]:
    yield block
    yield from block.lines
    if block.table is not None:
        yield block.table
        yield from block.table.cells


def _turned(box: Box, course: int, width: float, height: float) -> Box:
    """A box of a page of this size, the page turned so that text of this course runs along it."""
    x0, y0, x1, y1 = box
    return (height - y1, x0, height - y0, x1) if course > 0 else (y0, width - x1, y1, width - x0)
