"""Clearly fictional clinical documents, built block by block as a reader would hand them over."""

from __future__ import annotations

from typing import Any, cast

from neuraldocflow.extraction.candidates import STRATEGIES, Context
from neuraldocflow.extraction.model import Block, Cell, Document, Table
from neuraldocflow.extraction.strategies import clinical

assert clinical


def heading(text: str, level: int = 3) -> Block:
    return Block("heading", text, level=level)


def paragraph(text: str) -> Block:
    return Block("paragraph", text)


def item(text: str) -> Block:
    return Block("list_item", text, level=1)


def table(*rows: list[str], header_rows: int = 1, page: int | None = None) -> Block:
    """Rows of texts; the first ``header_rows`` are the header."""
    width = max(len(row) for row in rows)
    cells = [
        Cell(number, column, text, header=number < header_rows)
        for number, row in enumerate(rows)
        for column, text in enumerate(row)
    ]
    return Block("table", "", table=Table(cells, len(rows), width, page=page, header_rows=header_rows))


def record(*blocks: Block) -> Document:
    return Document("html", list(blocks)).finish()


def found(document: Document, strategy: str, **spec: Any) -> list[Any]:
    """The values a strategy finds; each must stand in the text where it says it does."""
    candidates = list(STRATEGIES[strategy](document, spec, cast(Any, None), Context([])))
    for candidate in candidates:
        shown = " ".join(document.text[candidate.start : candidate.end].split())
        assert shown in " ".join(candidate.raw.split()) or candidate.raw.startswith(shown)
    return [candidate.value for candidate in candidates]


def names(document: Document, kind: str, **spec: Any) -> list[str]:
    return found(document, "clinical_items", sections=[kind], **spec)


def measures(document: Document, kind: str) -> list[tuple[str, str, str | None]]:
    values = found(document, "clinical_measures", sections=[kind], numeric_only=True)
    return [(value["name"], value["value"], value["unit"]) for value in values]
