"""Exact boxes of characters, read again from the page only when somebody asks where a value stands."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import pymupdf

from neuraldocflow.extraction.model import Block, Box
from neuraldocflow.extraction.pdf_open import MUPDF_ERRORS
from neuraldocflow.extraction.pdf_page import turned

RAW_FLAGS = pymupdf.TEXTFLAGS_TEXT & ~pymupdf.TEXT_PRESERVE_LIGATURES
_PAGES_KEPT = 4

Char = tuple[str, Box]


class CharacterBoxes:
    """Boxes of ranges of blocks of one PDF. Keeps the characters of the last few pages asked for."""

    def __init__(self, document: Any) -> None:
        self._document = document
        self._pages: OrderedDict[int, list[tuple[Box, list[Char]]]] = OrderedDict()

    def __call__(self, block: Block, first: int, last: int) -> list[tuple[int, Box]]:
        """(page, box) of each line, or cell, that ``block.text[first:last]`` touches."""
        assert block.page is not None
        found: list[tuple[int, Box]] = []
        for text, box, start in _pieces(block):
            if start < last and start + len(text) > first:
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

    def _inside(self, page: int, box: Box) -> list[Char]:
        """The visible characters whose middle lies in the box, in reading order of the page's lines."""
        x0, y0, x1, y1 = box[0] - 1, box[1] - 1, box[2] + 1, box[3] + 1
        found: list[tuple[float, float, list[Char]]] = []
        for line_box, chars in self._lines(page):
            if line_box[0] > x1 or line_box[2] < x0 or line_box[1] > y1 or line_box[3] < y0:
                continue
            inside = [
                char
                for char in chars
                if x0 <= (char[1][0] + char[1][2]) / 2 <= x1 and y0 <= (char[1][1] + char[1][3]) / 2 <= y1
            ]
            if inside:
                found.append((round((line_box[1] + line_box[3]) / 2 / 4), line_box[0], inside))
        found.sort(key=lambda entry: entry[:2])
        return [char for _, _, chars in found for char in chars]

    def _lines(self, number: int) -> list[tuple[Box, list[Char]]]:
        if number in self._pages:
            self._pages.move_to_end(number)
            return self._pages[number]
        lines: list[tuple[Box, list[Char]]] = []
        try:
            page = self._document[number - 1]
            turn = page.rotation_matrix if page.rotation else None
            raw = page.get_textpage(flags=RAW_FLAGS).extractRAWDICT()
            for block in raw["blocks"]:
                for line in block.get("lines", ()):
                    chars = [
                        (char["c"], turned(char["bbox"], turn))
                        for span in line["spans"]
                        for char in span["chars"]
                        if not char["c"].isspace()
                    ]
                    if chars:
                        lines.append((turned(line["bbox"], turn), chars))
        except MUPDF_ERRORS:
            lines = []
        self._pages[number] = lines
        while len(self._pages) > _PAGES_KEPT:
            self._pages.popitem(last=False)
        return lines


def _pieces(block: Block) -> list[tuple[str, Box, int]]:
    """(text, box, offset in the block's text) of the block's cells or lines that have a box."""
    if block.table is not None:
        return [
            (cell.text, cell.bbox, cell.start - block.start)
            for cell in block.table.cells
            if cell.bbox is not None and cell.text
        ]
    pieces: list[tuple[str, Box, int]] = []
    for index, (line, start) in enumerate(zip(block.lines, block.line_starts, strict=True)):
        end = block.line_starts[index + 1] if index + 1 < len(block.line_starts) else len(block.text)
        if line.bbox is not None:
            pieces.append((block.text[start:end].rstrip(), line.bbox, start))
    return pieces
