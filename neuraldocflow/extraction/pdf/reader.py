"""Reads PDFs into the document model: each page once, with boxes, structure, tables and forms.

Pages are read by MuPDF into lines and rulings (:mod:`.page`); running lines are set apart over all pages
(:mod:`..furniture`); the rest becomes tables (:mod:`.tables`) and blocks (:mod:`..structure`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from neuraldocflow.errors import Corrupt, OutOfMemory, Timeout
from neuraldocflow.extraction import language, ocr
from neuraldocflow.extraction.furniture import take_furniture
from neuraldocflow.extraction.model import Block, Document, Page, Table
from neuraldocflow.extraction.pdf.around import (
    draws_glyphs,
    place_facts,
    read_around,
    shows_image,
    unseen_fields,
)
from neuraldocflow.extraction.pdf.boxes import CharacterBoxes
from neuraldocflow.extraction.pdf.jumps import place_jumps
from neuraldocflow.extraction.pdf.open import MUPDF_ERRORS, metadata_of, open_pdf, outline_of
from neuraldocflow.extraction.pdf.page import PageContent, TextLine, read_page
from neuraldocflow.extraction.pdf.sideways import set_back, set_upright
from neuraldocflow.extraction.pdf.tables import describe_tables, find_tables, table_block
from neuraldocflow.extraction.structure import (
    Paragraphs,
    body_size,
    rank_headings,
    reading_order,
    vocabulary,
    wide_leading,
)
from neuraldocflow.limits import TEXT_TOLD, Limits

Progress = Callable[[str, int, int, dict[str, Any] | None], None]

_LITTLE_TEXT = 40
"""Characters; a page with fewer is looked at for an image of text."""
_LARGEST_SIDE = 1_000_000.0
"""Points. PDF itself allows 14,400; beyond this no box means anything."""


def read(
    source: bytes | Path,
    limits: Limits | None = None,
    progress: Progress | None = None,
    *,
    tables: bool = True,
) -> Document:
    """The document of a PDF. ``tables=False`` leaves tables as text, which costs less.

    Raises Empty, Encrypted, Corrupt, TooManyPages, Timeout and OutOfMemory.
    """
    limits = limits or Limits()
    try:
        return _read(source, limits, progress, tables)
    except MemoryError as error:
        raise OutOfMemory("Reading the PDF needed more memory than allowed.") from error


def _read(source: bytes | Path, limits: Limits, progress: Progress | None, tables: bool) -> Document:
    deadline = time.monotonic() + limits.max_seconds
    opened = open_pdf(source, limits)
    total = opened.page_count
    pages: list[Page] = []
    contents: list[PageContent] = []
    unreadable: list[int] = []
    scans = Scans()
    unknown: dict[int, int] = {}
    for index in range(total):
        if time.monotonic() > deadline:
            raise Timeout(f"Reading stopped at page {index + 1} of {total} after {limits.max_seconds:g} s.")
        content = _content(opened, index, tables)
        if content is None:
            unreadable.append(index + 1)
            content = PageContent(index + 1, 0.0, 0.0)
        shown = Page(index + 1, content.width, content.height, content.rotation)
        if sum(len(line.text) for line in content.lines) < _LITTLE_TEXT and content.width:
            content = _of_an_image(opened, shown, content, scans, deadline)
        if content.unknown:
            unknown[index + 1] = content.unknown
        contents.append(content)
        pages.append(shown)
        if progress is not None:
            progress("reading", index + 1, total, {"page": index + 1, "text": _beginning(content)})
    if len(unreadable) == total:
        raise Corrupt("None of the PDF's pages can be read.")

    document = Document("pdf", [], pages, metadata=metadata_of(opened), outline=outline_of(opened))
    document.furniture = take_furniture(contents)
    document.blocks, document.tables_ms = _blocks(contents, tables, deadline)
    jumps = read_around(document, opened)
    document.blocks.extend(unseen_fields(document))
    document.blocks.sort(key=lambda block: block.page or 0)
    _warn(document, opened, unreadable, scans, unknown)
    document.char_boxes = CharacterBoxes(opened)
    document.finish()
    place_facts(document)
    place_jumps(document, jumps)
    document.language = language.detect(document.text)
    return document


def _beginning(content: PageContent) -> str:
    """A page's first lines, in the order of its content stream: what can be shown while the rest is read."""
    lines, length = [], 0
    for line in content.lines:
        lines.append(line.text)
        length += len(line.text)
        if length > TEXT_TOLD:
            break
    return "\n".join(lines)


def _content(opened: Any, index: int, tables: bool) -> PageContent | None:
    """One page's content; None where MuPDF cannot make a page of it."""
    try:
        page = opened[index]
        rect = page.rect
        if not (0 < rect.width <= _LARGEST_SIDE and 0 < rect.height <= _LARGEST_SIDE):
            return None
        return read_page(page, index + 1, rect.width, rect.height, page.rotation, rulings_too=tables)
    except MUPDF_ERRORS as error:
        if "malloc" in str(error):
            raise OutOfMemory("Reading the PDF needed more memory than allowed.") from error
        return None


def _blocks(contents: list[PageContent], tables: bool, deadline: float) -> tuple[list[Block], float]:
    """Paragraphs, headings, list items and tables in reading order; milliseconds spent on tables."""
    spent = 0.0
    paragraphs = Paragraphs(body_size(contents), vocabulary(contents), wide_leading(contents))
    blocks: list[Block] = []
    for content in contents:
        if time.monotonic() > deadline:
            raise Timeout(f"Reading stopped at the structure of page {content.number}.")
        width, height = content.width, content.height
        course = set_upright(content)
        began = time.perf_counter()
        found = _tables_of(content) if tables else []
        spent += time.perf_counter() - began
        made = _blocks_of(content, paragraphs, found)
        set_back(made, course, width, height)
        blocks += made
    rank_headings(blocks)
    describe_tables(blocks)
    return blocks, spent * 1000


def _blocks_of(
    content: PageContent, paragraphs: Paragraphs, tables: list[tuple[Table, list[TextLine]]]
) -> list[Block]:
    """A page's blocks, each of its tables where the first of its lines would be."""
    owner = {id(line): table for table, lines in tables for line in lines}
    blocks: list[Block] = []
    run: list[TextLine] = []
    placed: set[int] = set()
    for line in reading_order(content.lines):
        table = owner.get(id(line))
        if table is None:
            run.append(line)
        elif id(table) not in placed:
            placed.add(id(table))
            blocks.extend(paragraphs.of(run, content.number))
            run = []
            blocks.append(table_block(table))
    blocks.extend(paragraphs.of(run, content.number))
    return blocks


def _tables_of(content: PageContent) -> list[tuple[Table, list[TextLine]]]:
    """The tables of a page. Lines in typed columns come apart where a table takes something of them."""
    whole = content.lines
    if not any(line.parts for line in whole):
        return find_tables(content)
    content.lines = [part for line in whole for part in line.parts or (line,)]
    found = find_tables(content)
    taken = {id(line) for _, lines in found for line in lines}
    content.lines = []
    for line in whole:
        content.lines += (line,) if taken.isdisjoint(map(id, line.parts)) else line.parts
    return found


@dataclass(slots=True)
class Scans:
    """What became of the pages that only show an image of text."""

    missed: list[int] = field(default_factory=list)
    recognised: list[int] = field(default_factory=list)
    blank: list[int] = field(default_factory=list)
    """Pages with glyphs of which no text came."""


def _of_an_image(
    opened: Any, shown: Page, content: PageContent, scans: Scans, deadline: float
) -> PageContent:
    """The page by OCR where it is a scan and Tesseract is there; else as it was, and noted."""
    try:
        page = opened[shown.number - 1]
    except MUPDF_ERRORS:
        return content  # a repair while it was read has taken the page away
    if not shows_image(page):
        if not content.lines and draws_glyphs(page):
            scans.blank.append(shown.number)
        return content
    shown.needs_ocr = True
    if ocr.available():
        made = ocr.recognise(page, shown.number, deadline - time.monotonic())
        if made is not None:
            content, shown.ocr_confidence = made
            scans.recognised.append(shown.number)
            return content
    scans.missed.append(shown.number)
    return content


def _warn(
    document: Document, opened: Any, unreadable: list[int], scans: Scans, unknown: dict[int, int]
) -> None:
    warn = document.warnings.append
    if opened.is_repaired:
        warn(("repaired", "The PDF's structure was damaged; it was repaired while reading."))
    if unreadable:
        warn(("unreadable_page", f"No content could be read from page {_list(unreadable)}."))
    if scans.missed:
        warn(("needs_ocr", f"An image of text, without the text itself, is page {_list(scans.missed)}."))
    if scans.recognised:
        warn(("ocr", f"The text was recognised in an image on page {_list(scans.recognised)}."))
    if scans.blank:
        warn(("no_text", f"Glyphs without a meaning as text are all there is on page {_list(scans.blank)}."))
    if sum(unknown.values()) > 20:
        warn(("unknown_characters", f"Characters without a meaning are on page {_list(list(unknown))}."))


def _list(numbers: list[int]) -> str:
    return ", ".join(str(number) for number in numbers[:10]) + ("…" if len(numbers) > 10 else "")
