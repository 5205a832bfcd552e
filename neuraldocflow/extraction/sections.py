"""The section tree of a document: headings, a table of contents, or a profile's own numbered sections."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .model import Document
from .patterns import regex


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


_NUMBER = regex(
    r"(?:(?:section|article|part|chapter|item)\s+)?"
    r"(\d{1,3}(?:\.\d{1,3}){0,4}|[IVXL]{1,7}|[A-Z])(?:[.):]|\s+-|\s+(?=[A-Z]))\s*",
    re.IGNORECASE,
)
_SLUG = regex(r"[^a-z0-9]+")
_MOST = 2000
"""The most sections told of one document without a profile's list."""


def find(document: Document, specs: Sequence[Mapping[str, Any]] = ()) -> list[Section]:
    """The sections in order. ``specs`` is a profile's ``sections`` list; without it, the headings decide."""
    if specs:
        # sections_numbered speaks of Section, so it can only be loaded once this module is
        from .sections_numbered import find_numbered

        return find_numbered(document, specs)
    return _tree(document)


def _tree(document: Document) -> list[Section]:
    """A section for each heading, reaching to the next heading of the same or a higher level; before them one
    without title that has the text no heading stands above, be it all there is."""
    headings = [
        (block.start, max(block.level, 1), " ".join(block.text.split()))
        for block in document.blocks
        if block.kind == "heading" and block.text.strip()
    ]
    headings = headings[:_MOST] or _outlined(document)
    found: list[Section] = []
    first = headings[0][0] if headings else len(document.text)
    if document.text[:first].strip():
        found.append(placed(document, Section("opening", "", 1, 0, first)))
    seen: dict[str, int] = {}
    for index, (start, level, text) in enumerate(headings):
        end = next((other for other, rank, _ in headings[index + 1 :] if rank <= level), len(document.text))
        name = _name(text)
        seen[name] = seen.get(name, 0) + 1
        unique = name if seen[name] == 1 else f"{name}_{seen[name]}"
        found.append(placed(document, Section(unique, text, level, start, end, confidence=0.8)))
    return found


def _outlined(document: Document) -> list[tuple[int, int, str]]:
    """Headings by the document's outline, each at the first block after the last that reads like it."""
    by_word: dict[str, list[tuple[int, str]]] = {}
    for block in document.blocks if document.outline else ():
        words = block.text[:200].casefold().split()
        if words:
            by_word.setdefault(words[0], []).append((block.start, " ".join(words)))
    found: list[tuple[int, int, str]] = []
    position = 0
    for level, title, _ in document.outline[:_MOST]:
        wanted = title.casefold().split()
        for start, opening in by_word.get(wanted[0], ())[:_MOST] if wanted else ():
            if start >= position and opening.startswith(" ".join(wanted)[:180]):
                found.append((start, max(level, 1), " ".join(title.split())))
                position = start + 1
                break
    return found


def _name(text: str) -> str:
    """An id: the heading's number where it has one, else its first words."""
    match = _NUMBER.match(text)
    words = match[1] if match else " ".join(text.split()[:8])
    return _SLUG.sub("_", words.casefold()).strip("_") or "section"


def placed(document: Document, section: Section) -> Section:
    """The section with its first and last page, where the document has pages."""
    first = document.block_at(section.start)
    section.page_start = first.page if first is not None else None
    last = document.block_at(max(section.end - 1, section.start))
    section.page_end = last.page if last is not None else None
    return section
