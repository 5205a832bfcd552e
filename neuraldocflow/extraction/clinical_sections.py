"""A clinical document in its sections: headings by their wording, with tables that stand under none."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from .clinical_terms import is_bare_title, kind_of_header, section_kind, title_words
from .clinical_values import Part
from .model import Block, Document, Table

LISTS = frozenset(
    {
        "allergies",
        "medications",
        "problems",
        "procedures",
        "vital_signs",
        "results",
        "immunizations",
        "diagnoses",
    }
)
_DOCUMENT = re.compile(r"\b(?:note|summary|report|record|document|letter)\b", re.IGNORECASE)
_RUN_IN = re.compile(r"\s*(?P<title>[A-Za-z][A-Za-z ,&/'-]{2,48}?)\s*:\s+(?=\S)")


@dataclass(slots=True)
class ClinicalSection:
    """A part of the document of one kind. ``kind`` is None under a heading of no known kind."""

    kind: str | None
    title: str
    level: int = 0
    tables: list[Table] = field(default_factory=list)
    texts: list[Part] = field(default_factory=list)
    items: list[Part] = field(default_factory=list)


def clinical_sections(document: Document) -> list[ClinicalSection]:
    """The sections in order; the first holds what stands before any heading."""
    current = ClinicalSection("head", "")
    found = [current]
    titles = _title_blocks(document)
    first = next((i for i, block in enumerate(document.blocks) if block.kind == "heading"), -1)
    for index, block in enumerate(document.blocks):
        if index in titles:
            kind = section_kind(block.text)
            if (
                index == first
                and block.level <= 1
                and (kind not in LISTS or _DOCUMENT.search(block.text) or not is_bare_title(block.text))
            ):
                kind = "head"  # the document's own title
            inner = block.kind == "heading" and 0 < current.level < block.level
            if kind is None and inner:
                continue
            current = ClinicalSection(kind, block.text, block.level if block.kind == "heading" else 0)
            found.append(current)
        elif block.table is not None:
            current = _place_table(block.table, current, found)
        elif block.text.strip():
            current = _place_text(block, current, found)
    return found


def _title_blocks(document: Document) -> set[int]:
    """Indexes of the blocks that open a section: headings, and bare titles outside a table of contents."""
    bare = [
        index
        for index, block in enumerate(document.blocks)
        if block.kind == "heading"
        or (
            block.kind == "paragraph"
            and block.table is None
            and section_kind(block.text) is not None
            and is_bare_title(block.text)
        )
    ]
    headings = {title_words(block.text) for block in document.blocks if block.kind == "heading"}
    chosen = {
        index
        for index in bare
        if document.blocks[index].kind == "heading"
        or title_words(document.blocks[index].text) not in headings
    }
    run: list[int] = []
    for index in [*bare, -1]:
        if run and index == run[-1] + 1:
            run.append(index)
            continue
        if (
            len(run) >= 4
        ):  # titles with nothing between them are a table of contents; the last may open its part
            chosen.difference_update(i for i in run[:-1] if document.blocks[i].kind != "heading")
        run = [index]
    return chosen


def _place_table(table: Table, current: ClinicalSection, found: list[ClinicalSection]) -> ClinicalSection:
    """Puts a table under the current section, or what stands below a title row of it under that title."""
    for title, part in _split_at_titles(table):
        if title:
            current = ClinicalSection(section_kind(title), title)
            found.append(current)
        kind = None
        if current.kind in (None, "head"):
            rows = part.grid()[: max(part.header_rows, 1)]
            kind = next((k for k in (kind_of_header(row) for row in rows) if k), None)
        if kind is not None:
            found.append(ClinicalSection(kind, part.caption or "", tables=[part]))
        elif part.cells:
            current.tables.append(part)
    return current


def _split_at_titles(table: Table) -> list[tuple[str, Table]]:
    """A table in parts: a row with nothing but a section's title opens a new one (tables run together)."""
    rows = table.by_row()
    parts: list[tuple[str, list[int]]] = [("", [])]
    for number, row in rows.items():
        texts = [cell.text for cell in row if cell.text.strip()]
        title = texts[0] if len(texts) == 1 and table.n_columns > 1 else ""
        if title and is_bare_title(title) and section_kind(title):
            parts.append((title, []))
        else:
            parts[-1][1].append(number)
    if len(parts) == 1:
        return [("", table)]
    found = []
    for index, (title, numbers) in enumerate(parts):
        first = numbers[0] if numbers else 0
        cells = [replace(cell, row=cell.row - first) for number in numbers for cell in rows[number]]
        headers = min(table.header_rows, len(numbers)) if index == 0 else 0
        found.append((title, replace(table, cells=cells, n_rows=len(numbers), header_rows=headers)))
    return found


def _place_text(block: Block, current: ClinicalSection, found: list[ClinicalSection]) -> ClinicalSection:
    """Puts a text under the current section, or under one its own run-in title opens (``Allergies: …``)."""
    part = Part(block.text, block.start, block.end)
    match = _RUN_IN.match(block.text)
    open_to_run_ins = current.kind in (None, "head") or current.level == 0
    if open_to_run_ins and match and is_bare_title(match["title"]) and (kind := section_kind(match["title"])):
        section = ClinicalSection(kind, match["title"])
        section.texts.append(part.cut(match.end(), len(block.text)))
        found.append(section)
        return section
    (current.items if block.kind == "list_item" else current.texts).append(part)
    return current
