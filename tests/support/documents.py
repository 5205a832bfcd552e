"""Document models made by hand: text blocks and tables, without a file."""

from __future__ import annotations

from collections.abc import Sequence

from neuraldocflow.extraction.model import Block, BlockKind, Box, Cell, Document, Table


def paragraph(text: str, kind: BlockKind = "paragraph", level: int = 0) -> Block:
    return Block(kind, text, level=level)


def table(
    *rows: Sequence[str], header_rows: int = 1, scale: float | None = None, currency: str | None = None
) -> Block:
    """A table of rows of texts; its first row is the header."""
    cells = [
        Cell(row, column, text, header=row < header_rows)
        for row, texts in enumerate(rows)
        for column, text in enumerate(texts)
    ]
    width = max(len(texts) for texts in rows)
    made = Table(cells, len(rows), width, header_rows=header_rows, scale=scale, currency=currency)
    return Block("table", "", table=made)


def document(*blocks: Block | str) -> Document:
    """A finished document without pages; a plain text is a paragraph."""
    made = [paragraph(each) if isinstance(each, str) else each for each in blocks]
    for number, block in enumerate(made, 1):
        block.path = f"body/p[{number}]"
    return Document("html", made).finish()


def on_page(text: str, box: Box, page: int = 1, kind: BlockKind = "paragraph") -> Block:
    """A block of one line at a place of a page."""
    return Block(kind, text, page=page, bbox=box)
