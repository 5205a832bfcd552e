"""Exact boxes of characters, read again from the page only when somebody asks where a value stands."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

import pymupdf
from pymupdf import mupdf

from neuraldocflow.extraction.model import Block, Box
from neuraldocflow.extraction.pdf.open import MUPDF_ERRORS

RAW_FLAGS = pymupdf.TEXTFLAGS_TEXT & ~pymupdf.TEXT_PRESERVE_LIGATURES
_PAGES_KEPT = 4

Char = tuple[str, Box]


class CharacterBoxes:
    """Boxes of ranges of blocks of one PDF. Keeps the text of the last few pages asked for."""

    def __init__(self, document: Any) -> None:
        self._document = document
        self._pages: OrderedDict[int, Any] = OrderedDict()

    def __call__(self, block: Block, first: int, last: int) -> list[tuple[int, Box]]:
        """(page, box) of each line, or cell, that ``block.text[first:last]`` touches."""
        assert block.page is not None
        found: list[tuple[int, Box]] = []
        for text, box, start in _pieces(block, first, last):
            part = text[max(first - start, 0) : last - start]
            if part.strip():
                before = text[: max(first - start, 0)]
                found.append((block.page, self._exact(block.page, box, text, before, part)))
        if not found and block.bbox is not None:
            found.append((block.page, block.bbox))
        return found

    def _exact(self, page: int, box: Box, text: str, before: str, part: str) -> Box:
        """The union of the characters' boxes, or ``box`` where they are other than the text says."""
        if not before.strip() and len(part.strip()) == len(text.strip()):
            return box
        chars = self._inside(page, box)
        shown = "".join(ch for ch, _ in chars)
        wanted = "".join(part.split())
        skipped = len("".join(before.split()))
        if shown[skipped : skipped + len(wanted)] != wanted:
            skipped = shown.find(wanted)
            if skipped < 0:
                return box
        boxes = [char_box for _, char_box in chars[skipped : skipped + len(wanted)]]
        return (
            min(b[0] for b in boxes),
            min(b[1] for b in boxes),
            max(b[2] for b in boxes),
            max(b[3] for b in boxes),
        )

    def _inside(self, number: int, box: Box) -> list[Char]:
        """The visible characters whose middle lies in the box, in reading order of the page's lines."""
        x0, y0, x1, y1 = box[0] - 1, box[1] - 1, box[2] + 1, box[3] + 1
        found: list[tuple[float, float, list[Char]]] = []
        for line in self._lines(number, (x0, y0, x1, y1)):
            inside = [
                (char["c"], char["bbox"])
                for span in line["spans"]
                for char in span["chars"]
                if not char["c"].isspace()
                and x0 <= (char["bbox"][0] + char["bbox"][2]) / 2 <= x1
                and y0 <= (char["bbox"][1] + char["bbox"][3]) / 2 <= y1
            ]
            if inside:
                left, top, _, bottom = line["bbox"]
                found.append((round((top + bottom) / 2 / 4), left, inside))
        found.sort(key=lambda entry: entry[:2])
        return [char for _, _, chars in found for char in chars]

    def _lines(self, number: int, box: Box) -> list[Any]:
        """Lines of characters in a box. Only that part of the page is turned into objects: those of a whole
        page take a hundred times as long."""
        try:
            text = self._text(number)
            area = text.m_internal.mediabox
            area.x0, area.y0, area.x1, area.y1 = box
            blocks = pymupdf.TextPage(text).extractRAWDICT()["blocks"]
        except MUPDF_ERRORS:
            return []
        return [line for block in blocks for line in block.get("lines", ())]

    def _text(self, number: int) -> Any:
        """The page's text as it is seen: turned where the page is.

        Never by a display list: MuPDF 1.28 frees memory twice where it makes one of a page whose structure
        tree is damaged.
        """
        if number not in self._pages:
            page = self._document[number - 1].this
            text = mupdf.FzStextPage(mupdf.fz_bound_page(page))
            device = mupdf.fz_new_stext_device(text, mupdf.FzStextOptions(RAW_FLAGS))
            mupdf.fz_run_page(page, device, mupdf.FzMatrix(), mupdf.FzCookie())
            mupdf.fz_close_device(device)
            self._pages[number] = text
            if len(self._pages) > _PAGES_KEPT:
                self._pages.popitem(last=False)
        self._pages.move_to_end(number)
        return self._pages[number]


def _pieces(block: Block, first: int, last: int) -> Iterator[tuple[str, Box, int]]:
    """(text, box, offset in the block's text) of the cells or lines with a box that a range touches."""
    if block.table is not None:
        begin, end = block.start + first, block.start + last
        for cell in block.table.cells:
            if cell.start < end and cell.end > begin and cell.bbox is not None:
                yield cell.text, cell.bbox, cell.start - block.start
        return
    ends = [*block.line_starts[1:], len(block.text)]
    for line, start, end in zip(block.lines, block.line_starts, ends, strict=True):
        if start < last and line.bbox is not None:
            text = block.text[start:end].rstrip()
            if start + len(text) > first:
                yield text, line.bbox, start
