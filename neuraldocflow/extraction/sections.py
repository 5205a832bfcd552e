"""The section tree of a document: headings, a table of contents, or a profile's own heading patterns."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Section:
    """A part of the document: ``start``/``end`` are offsets in ``Document.text``, heading included."""

    id: str
    title: str
    level: int
    start: int
    end: int
    page_start: int | None = None
    page_end: int | None = None
    confidence: float = 1.0
