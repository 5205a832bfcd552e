"""The document model: what every reader produces and everything else reads.

A :class:`Document` is a list of blocks in reading order over one string, :attr:`Document.text`. Every later
step — sections, candidates, clauses — speaks in offsets of that string, and :meth:`Document.provenance`
turns a range of it into pages, boxes and snippets. Boxes are PDF points with the origin top left; documents
without pages (DOCX, HTML) have no boxes but a structural path for each block.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

Box = tuple[float, float, float, float]
"""x0, y0, x1, y1 in points, origin top left, of the page as it is shown (rotation applied)."""

Kind = Literal["pdf", "docx", "html"]
BlockKind = Literal[
    "paragraph",
    "heading",
    "list_item",
    "table",
    "caption",
    "footnote",
    "form_field",
    "annotation",
    "header",
    "footer",
]


@dataclass(slots=True)
class Span:
    """Characters of one font in one line."""

    text: str
    bbox: Box | None
    font: str
    size: float
    bold: bool
    italic: bool


@dataclass(slots=True)
class Line:
    """One line of text on a page, or one paragraph's run of text where there are no lines (DOCX, HTML)."""

    text: str
    bbox: Box | None
    spans: list[Span]

    @property
    def size(self) -> float:
        """The largest font size in the line, in points; 0 where unknown."""
        return max((span.size for span in self.spans), default=0.0)

    @property
    def bold(self) -> bool:
        """Whether all its visible characters are bold."""
        return bool(self.spans) and all(span.bold for span in self.spans if span.text.strip())


@dataclass(slots=True)
class Cell:
    """One cell of a table. ``start``/``end`` are offsets in :attr:`Document.text`, set by ``finish()``."""

    row: int
    column: int
    text: str
    rowspan: int = 1
    colspan: int = 1
    header: bool = False
    bbox: Box | None = None
    start: int = -1
    end: int = -1
    breaks: tuple[int, ...] = ()
    """Offsets in ``text`` at which its author began another line or paragraph (DOCX, HTML)."""


@dataclass(slots=True)
class Table:
    """A table as found: ``cells`` holds each visible cell once; :meth:`grid` is its rectangular form."""

    cells: list[Cell]
    n_rows: int
    n_columns: int
    page: int | None = None
    bbox: Box | None = None
    header_rows: int = 0
    caption: str | None = None
    scale: float | None = None
    """What "in millions" and the like multiply its numbers by, where the table or its caption says so."""
    currency: str | None = None
    """ISO 4217 code, where the table or its caption says so."""
    confidence: float = 1.0
    continues: bool = False
    """Whether it is the continuation of the table before it, over a page break."""

    def grid(self) -> list[list[str]]:
        """Rows of cell texts; a spanning cell's text stands in its first row and column, "" elsewhere."""
        rows = [[""] * self.n_columns for _ in range(self.n_rows)]
        for cell in self.cells:
            rows[cell.row][cell.column] = cell.text
        return rows

    def header(self) -> list[str]:
        """One text a column: the header rows joined downwards, a spanning header over all it spans."""
        columns: list[list[str]] = [[] for _ in range(self.n_columns)]
        for cell in sorted(self.cells, key=lambda c: (c.row, c.column)):
            if cell.row < self.header_rows and cell.text:
                for column in range(cell.column, min(cell.column + cell.colspan, self.n_columns)):
                    columns[column].append(cell.text)
        return [" ".join(parts) for parts in columns]

    def body(self) -> list[list[str]]:
        """:meth:`grid` without the header rows."""
        return self.grid()[self.header_rows :]

    def by_row(self) -> dict[int, list[Cell]]:
        """Cells of each row, in column order."""
        rows: dict[int, list[Cell]] = {}
        for cell in sorted(self.cells, key=lambda c: (c.row, c.column)):
            rows.setdefault(cell.row, []).append(cell)
        return rows

    def spanned_rows(self) -> dict[int, list[Cell]]:
        """:meth:`by_row`, with a cell that spans rows in each of them."""
        rows = self.by_row()
        if all(cell.rowspan == 1 for cell in self.cells):
            return rows
        found = {number: list(row) for number, row in rows.items()}
        for row in rows.values():
            for cell in row:
                for number in range(cell.row + 1, min(cell.row + cell.rowspan, self.n_rows)):
                    if number in found and all(
                        not cell.column <= other.column < cell.column + cell.colspan
                        for other in found[number]
                    ):
                        found[number].append(cell)
        return {number: sorted(row, key=lambda cell: cell.column) for number, row in found.items()}


@dataclass(slots=True)
class Block:
    """A paragraph, heading, list item or table. ``text`` is what stands in :attr:`Document.text`.

    Lines are joined with a space, a hyphen at a line's end that only broke the word is dropped, so that a
    pattern never has to think of line breaks; ``line_starts[i]`` is where line ``i`` begins in ``text``.
    A table's ``text`` has its cells joined by tabs and its rows by newlines.
    """

    kind: BlockKind
    text: str
    page: int | None = None
    """1-based."""
    bbox: Box | None = None
    lines: list[Line] = field(default_factory=list)
    line_starts: list[int] = field(default_factory=list)
    level: int = 0
    """Heading level (1 = highest) or list depth (1 = outermost); 0 otherwise."""
    path: str | None = None
    """Structural place in a document without pages, such as ``body/p[12]`` or ``body/tbl[3]``."""
    anchor: str | None = None
    """Ids of the element or bookmark that links point to, separated by spaces."""
    table: Table | None = None
    breaks: tuple[int, ...] = ()
    """Offsets in ``text`` at which its author began another line (DOCX, HTML)."""
    start: int = -1
    """Offset of ``text`` in :attr:`Document.text`, set by ``finish()``; -1 where it is not part of it."""

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    @property
    def size(self) -> float:
        return max((line.size for line in self.lines), default=0.0)

    @property
    def bold(self) -> bool:
        return bool(self.lines) and all(line.bold for line in self.lines)


@dataclass(slots=True)
class Link:
    """A link inside or out of the document: ``start``/``end`` in :attr:`Document.text` where known."""

    target: str
    """A URL, ``#anchor``, or ``page:N``."""
    text: str
    page: int | None = None
    start: int = -1
    end: int = -1
    goal: int = -1
    """Where in :attr:`Document.text` it leads, where that is known otherwise than by an anchor."""


@dataclass(slots=True)
class Fact:
    """One tagged value of the document itself: inline XBRL, an AcroForm field, a content control."""

    name: str
    """As tagged, such as ``dei:EntityRegistrantName`` or a form field's full name."""
    raw: str
    """The text as shown."""
    value: Any
    """Normalised by the tagging's own rules (scale and sign applied to numbers), else ``raw``."""
    start: int = -1
    end: int = -1
    context: dict[str, Any] = field(default_factory=dict)
    """Such as ``{"start": "2024-01-01", "end": "2024-12-31", "members": {...}, "unit": "USD"}``."""
    page: int | None = None
    bbox: Box | None = None


@dataclass(slots=True)
class Page:
    """One page: its number (1-based), its size in points as shown, and what was seen on it."""

    number: int
    width: float
    height: float
    rotation: int = 0
    needs_ocr: bool = False
    """It shows an image of text and holds little or no text itself."""
    ocr_confidence: float | None = None
    """Mean confidence 0..1 where its text came from OCR."""


@dataclass(slots=True)
class Provenance:
    """Where a value stands: a page and box, or a structural path, and the words there."""

    text: str
    page: int | None = None
    bbox: Box | None = None
    block: str | None = None

    def to_dict(self) -> dict[str, Any]:
        found: dict[str, Any] = {"page": self.page}
        if self.bbox is not None:
            found["bbox"] = [round(x, 2) for x in self.bbox]
        if self.block is not None:
            found["block"] = self.block
        found["text"] = self.text
        return found


CharBoxes = Callable[[Block, int, int], list[tuple[int, Box]]]
"""Given a block and a range of its text: the exact boxes, one a line touched, each with its page."""


@dataclass(slots=True)
class Document:
    """A document as read. Readers fill ``blocks`` (body, in reading order) and call :meth:`finish`."""

    kind: Kind
    blocks: list[Block]
    pages: list[Page] = field(default_factory=list)
    furniture: list[Block] = field(default_factory=list)
    """Running headers and footers, comments: set apart, not part of :attr:`text`."""
    metadata: dict[str, str] = field(default_factory=dict)
    """title, author, subject, keywords, creator, created, modified, as far as given."""
    outline: list[tuple[int, str, str]] = field(default_factory=list)
    """(level, title, target) with a target as in :class:`Link`."""
    links: list[Link] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    language: str | None = None
    """ISO 639-1."""
    warnings: list[tuple[str, str]] = field(default_factory=list)
    """(code, sentence) about the reading, such as ("repaired", "…") or ("needs_ocr", "…")."""
    tables_ms: float = 0.0
    """Milliseconds of the reading that went into finding tables."""
    char_boxes: CharBoxes | None = None
    """Exact boxes on demand, where the reader can give them; else :meth:`provenance` goes by lines."""
    text: str = ""
    _starts: list[int] = field(default_factory=list)

    def finish(self) -> Document:
        """Joins the blocks to :attr:`text` (one newline between blocks) and sets all offsets."""
        parts: list[str] = []
        position = 0
        self._starts = []
        for block in self.blocks:
            if block.table is not None:
                _lay_out_table(block, position)
            block.start = position
            self._starts.append(position)
            parts.append(block.text)
            position += len(block.text) + 1
        self.text = "\n".join(parts)
        return self

    def block_at(self, offset: int) -> Block | None:
        """The block that holds this offset of :attr:`text`."""
        index = bisect_right(self._starts, offset) - 1
        return self.blocks[index] if 0 <= index < len(self.blocks) else None

    def blocks_between(self, start: int, end: int) -> Iterator[Block]:
        """The blocks that touch the range, in order."""
        index = max(bisect_right(self._starts, start) - 1, 0)
        while index < len(self.blocks) and self.blocks[index].start < end:
            if self.blocks[index].end > start or self.blocks[index].start == start:
                yield self.blocks[index]
            index += 1

    def tables(self) -> Iterator[Table]:
        for block in self.blocks:
            if block.table is not None:
                yield block.table

    def provenance(self, start: int, end: int, snippet: int = 200) -> list[Provenance]:
        """Where ``text[start:end]`` stands: an entry for each block, or each line's box on a page."""
        found: list[Provenance] = []
        for block in self.blocks_between(start, end):
            first, last = max(start - block.start, 0), min(end - block.start, len(block.text))
            if first >= last:
                continue
            words = block.text[first:last][:snippet]
            if block.page is None:
                found.append(Provenance(words, block=block.path))
                continue
            boxes = (
                self.char_boxes(block, first, last)
                if self.char_boxes is not None
                else _line_boxes(block, first, last)
            )
            found.extend(Provenance(words, page=page, bbox=box) for page, box in boxes)
        return found


def _lay_out_table(block: Block, position: int) -> None:
    """Writes a table block's text and gives each cell its offsets."""
    table = block.table
    assert table is not None
    parts: list[str] = []
    length = 0
    rows = table.by_row()
    for number, row in enumerate(sorted(rows)):
        if number:
            parts.append("\n")
            length += 1
        for index, cell in enumerate(rows[row]):
            if index:
                parts.append("\t")
                length += 1
            cell.start = position + length
            cell.end = cell.start + len(cell.text)
            parts.append(cell.text)
            length += len(cell.text)
    block.text = "".join(parts)


def _line_boxes(block: Block, first: int, last: int) -> list[tuple[int, Box]]:
    """Boxes of the lines a range of a block touches; of its cells in a table; else the block's."""
    page = block.page
    assert page is not None
    if block.table is not None:
        return [
            (page, cell.bbox)
            for cell in block.table.cells
            if cell.bbox is not None and cell.start - block.start < last and cell.end - block.start > first
        ]
    found: list[tuple[int, Box]] = []
    for line, start in zip(block.lines, block.line_starts, strict=True):
        if line.bbox is not None and start < last and start + len(line.text) > first:
            found.append((page, line.bbox))
    if not found and block.bbox is not None:
        found.append((page, block.bbox))
    return found
