"""A clinical document in its sections: headings by their wording, with tables that stand under none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from ..model import Block, Document, Table
from ..patterns import regex
from .columns import column_role, kind_of_header
from .identity import is_letterhead
from .lines import TOLD_BELOW, remarks
from .parts import Part, part_of
from .terms import ABSENCE, DENIED, clause_before, is_bare_title, section_kind, title_words
from .values import named_quantities, named_vitals

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
        "health_concerns",
    }
)
_OPENING = LISTS | {"encounters"}
"""Kinds a document's first heading may open; under any other stand the patient's particulars."""
_IN_LINES = frozenset({"allergies", "medications", "immunizations", "vital_signs", "plan"})
"""Lists that letters give in a line behind their title, wherever they stand."""
_DOCUMENT = regex(r"\b(?:note|summary|report|record|document|letter)\b", re.IGNORECASE)
CONTENTS = regex(r"\s*(?:table of )?contents\s*", re.IGNORECASE)
_RUN_IN = regex(r"(?:^|\n|(?P<inside>(?<=[.;]) ))\s*(?P<title>[A-Z][A-Za-z ,&/'-]{2,48}?)\s*:(?:\s+(?=\S)|$)")
CLOSING = regex(
    r"\s*(?:(?:yours|kind|best|warm|with)\b.{0,20}(?:sincerely|faithfully|truly|regards|wishes)|sincerely|regards"
    r"|(?:electronically |e-?)?signed (?:by|on)\b|dictated (?:by|on)\b|cc:)",
    re.IGNORECASE,
)
_LONG = 12
"""Words from which on a paragraph after such a line is a sentence of its own."""
_PAGE = regex(r"\s*page \d+(?: of \d+)?\s*", re.IGNORECASE)


@dataclass(slots=True)
class ClinicalSection:
    """A part of the document of one kind. ``kind`` is None under a heading of no known kind."""

    kind: str | None
    title: str
    level: int = 0
    tables: list[Table] = field(default_factory=list)
    texts: list[Part] = field(default_factory=list)
    items: list[Part] = field(default_factory=list)
    run_in: bool = False
    """Its title stands before its text in one line."""

    @property
    def is_empty(self) -> bool:
        return not (self.tables or self.texts or self.items)


def clinical_sections(document: Document) -> list[ClinicalSection]:
    """The sections in order; the first holds what stands before any heading."""
    current = ClinicalSection("head", "")
    found = [current]
    titles = _title_blocks(document)
    edges = _right_edges(document)
    first = next((i for i, block in enumerate(document.blocks) if block.kind == "heading"), -1)
    for index, block in enumerate(document.blocks):
        if index in titles:
            kind = section_kind(block.text) or _kind_of_list(document, index)
            if index == first and (
                kind not in _OPENING
                or (_is_document_title(block) and not _patient_told(document, index))
                or is_letterhead(block.text)
            ):
                kind = "head"
            elif CONTENTS.fullmatch(block.text):
                kind = "contents"
            elif block.kind == "heading" and _is_inner(block, current):
                told = TOLD_BELOW.fullmatch(block.text) or TOLD_BELOW.fullmatch(current.title)
                if current.kind == "medications" and told and kind in (None, "medications"):
                    current = ClinicalSection(current.kind, block.text, current.level)
                    found.append(current)
                    continue
                if current.kind and _names_columns(block.text, current.kind):
                    continue  # the headers of a table that a reader of pages took from it
                if kind is None and _is_spoken_of(document, index, current.kind):
                    current.texts.append(part_of(block))
                    continue
                kind = kind or section_kind(f"{current.title} {block.text}")
                if kind is None or kind == current.kind:
                    continue
            level = block.level if block.kind == "heading" else 0
            current = ClinicalSection(kind, block.text, level)
            found.append(current)
        elif block.table is not None:
            current = _place_table(block.table, current, found)
        elif block.text.strip() and not _PAGE.fullmatch(block.text):
            current = _place_text(block, part_of(block, edges.get(_column(block), 0.0)), current, found)
    return [*found, *_in_prose(found)]


_STATE = regex(
    r"\W*(?:stable|good|fair|guarded|critical|serious|poor|improv\w+|satisfactory|unchanged|alert|ambulatory)\b",
    re.IGNORECASE,
)
"""What a patient's condition is, in a word."""


def _is_spoken_of(document: Document, index: int, kind: str | None) -> bool:
    """Whether a heading in a list names an entry: what stands below says something of one."""
    below = document.blocks[index + 1] if index + 1 < len(document.blocks) else None
    if kind not in LISTS or below is None or below.kind not in ("paragraph", "list_item"):
        return False
    return remarks(part_of(below), kind) is not None


def _kind_of_list(document: Document, index: int) -> str | None:
    """The kind of the list below a title that says too little: a condition may be stable, or have a name."""
    if index + 1 == len(document.blocks) or title_words(document.blocks[index].text) != "condition":
        return None
    title, below = document.blocks[index : index + 2]
    if _STATE.match(below.text):
        return None
    # a printed list may have lost its marks
    indented = title.bbox and below.bbox and below.bbox[0] >= title.bbox[0] + _INDENT
    return "problems" if below.kind in ("list_item", "table") or indented else None


_ALLERGIC = regex(
    r"\ballergic to (?P<list>(?:(?!,? (?:but|and (?:not|is|has|was|he|she))\b)[^.;\n]){3,120})",
    re.IGNORECASE,
)
_PROSE = (None, "head", "reason", "narrative", "physical_exam")
"""Kinds of sections whose sentences may tell what was measured."""


_LABORATORY = regex(r"\b(?:lab(?:s|oratory)?|blood (?:tests?|work|results)|bloods|investigations)\b", re.I)
_SENTENCES = regex(r".+?(?:[.;](?=\s)|$)", re.DOTALL)


def _in_prose(found: list[ClinicalSection]) -> Iterator[ClinicalSection]:
    """Allergies and measurements that a letter tells in its sentences, where it lists none of the kind."""
    kinds = {section.kind for section in found}
    for section in found:
        for text in section.texts:
            if "allergies" not in kinds and section.kind != "family_history":
                for match in _ALLERGIC.finditer(text.text):
                    if DENIED.search(clause_before(text.text, match.start())):
                        continue
                    yield ClinicalSection("allergies", "", texts=[text.cut(*match.span("list"))], run_in=True)
            if "vital_signs" not in kinds and section.kind in _PROSE and len(named_vitals(text)) >= 2:
                yield ClinicalSection("vital_signs", "", texts=[text], run_in=True)
            if "results" not in kinds and section.kind in _PROSE and _LABORATORY.search(text.text):
                parts = [text.cut(*match.span()) for match in _SENTENCES.finditer(text.text)]
                yield ClinicalSection("results", "", texts=[each for each in parts if _measures(each)])


def _measures(sentence: Part) -> bool:
    """Whether a sentence tells what a laboratory measured: in a unit that no dose has."""
    units = [amount.unit.text for _, amount in named_quantities(sentence) if amount.unit]
    return any("/" in unit or unit == "%" for unit in units) and not named_vitals(sentence)


_INDENT = 16
"""Points; blocks that begin within these of one another are of one column."""


def _column(block: Block) -> tuple[int, int]:
    """The page of a block and the place of its left edge."""
    return block.page or 0, int(block.bbox[0] // _INDENT) if block.bbox else 0


def _right_edges(document: Document) -> dict[tuple[int, int], float]:
    """How far to the right the blocks reach that begin at a place or near it."""
    edges: dict[tuple[int, int], float] = {}
    for block in document.blocks:
        if block.bbox is not None:
            page, place = _column(block)
            for near in (place - 1, place, place + 1):
                edges[page, near] = max(edges.get((page, near), 0.0), block.bbox[2])
    return edges


def _is_document_title(block: Block) -> bool:
    """Whether a first heading that names a list is the whole document's, as in "Medication Record"."""
    return block.level <= 1 and (bool(_DOCUMENT.search(block.text)) or not is_bare_title(block.text))


_BORN = regex(r"\b(?:DOB|D\.O\.B\.|date of birth|birth ?date|born)\W+\w*\d", re.IGNORECASE)


def _patient_told(document: Document, index: int) -> bool:
    """Whether the patient is told above a heading: then it is no title of the whole document."""
    return any(_BORN.search(block.text) for block in document.blocks[:index])


def _is_inner(block: Block, current: ClinicalSection) -> bool:
    """Whether a heading parts the current section rather than ends it."""
    return 0 < current.level < block.level and current.kind != "contents"


def _names_columns(title: str, kind: str) -> bool:
    """Whether a title is nothing but a table's headers in a row: ``Date Test Result Details``."""
    words = title.split()
    return len(words) >= 3 and all(column_role(word, kind)[0] for word in words)


_NUMBERED = regex(r"\s*\(?(?P<number>\d{1,2})[.)]\s")


def _begins_a_list(document: Document, index: int) -> bool:
    """Whether a heading is rather the first item of the list below it: ``1. Scan`` above ``2. Biopsy``."""
    one = _NUMBERED.match(document.blocks[index].text)
    after = document.blocks[index + 1] if one and index + 1 < len(document.blocks) else None
    other = _NUMBERED.match(after.text) if after is not None and after.kind == "list_item" else None
    return bool(one and other and int(one["number"]) + 1 == int(other["number"]))


def _title_blocks(document: Document) -> set[int]:
    """Indexes of the blocks that open a section: headings, and bare titles outside a table of contents."""
    bare = [
        index
        for index, block in enumerate(document.blocks)
        if (block.kind == "heading" and not _begins_a_list(document, index))
        or (
            block.kind == "paragraph"
            and block.table is None
            and section_kind(block.text) is not None
            and is_bare_title(block.text)
        )
    ]
    headings = {title_words(document.blocks[i].text) for i in bare if document.blocks[i].kind == "heading"}
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


_FEWEST_HEADERS = 3
_WHO = regex(
    r"\W*(?:(?:patient )?name|patient|d\.?o\.?b\.?|date of birth|birth ?date|sex|gender|mrn)\W*", re.I
)


def _tells_who(table: Table) -> bool:
    """Whether a table's labels ask for the patient's particulars."""
    first = [cell for cell in table.cells if cell.row < _FEWEST_HEADERS]
    return sum(_WHO.fullmatch(cell.text) is not None for cell in first) >= 2


def _place_table(table: Table, current: ClinicalSection, found: list[ClinicalSection]) -> ClinicalSection:
    """Puts a table under the current section, or what stands below a title row of it under that title."""
    for title, part in _split_at_titles(table, inner=current.kind in (None, "head", "contents")):
        if title:
            current = ClinicalSection(section_kind(title), title)
            found.append(current)
        kind = None
        if current.run_in:  # what a line lists behind its title ends with the line
            current = _plain_section(found)
        if current.kind in (None, "head", "contents"):
            rows = part.grid()[: max(part.header_rows, 1)]
            kind = next((k for k in (kind_of_header(row) for row in rows) if k), None)
        if kind is None and current.kind in LISTS and _tells_who(part):
            found.append(ClinicalSection("head", "", tables=[part]))
        elif kind is not None:
            found.append(ClinicalSection(kind, part.caption or "", tables=[part]))
        elif part.cells:
            current.tables.append(part)
    return current


def _split_at_titles(table: Table, inner: bool) -> list[tuple[str, Table]]:
    """A table in parts: a row with nothing but a section's title opens a new one (tables run together).

    ``inner``: so do the headers of a known kind of list, below other rows.
    """
    rows = table.by_row()
    parts: list[tuple[str, list[int]]] = [("", [])]
    for number, row in rows.items():
        texts = [cell.text for cell in row if cell.text.strip()]
        title = texts[0] if len(texts) == 1 and table.n_columns > 1 else ""
        if title and is_bare_title(title) and section_kind(title):
            parts.append((title, []))
        elif inner and parts[-1][1] and len(texts) >= _FEWEST_HEADERS and kind_of_header(texts):
            parts.append(("", [number]))
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


def _place_text(
    block: Block, whole: Part, current: ClinicalSection, found: list[ClinicalSection]
) -> ClinicalSection:
    """Puts a text under the current section, or under those its run-in titles open (``Allergies: …``)."""
    if CLOSING.match(block.text):
        return _plain_section(found)
    none = bool(current.run_in and current.texts and ABSENCE.match(current.texts[-1].text))
    if current.run_in and block.kind == "paragraph" and (none or len(block.text.split()) > _LONG):
        current = _plain_section(found)  # a letter that goes on after what it lists in a line
    inside = False
    around = current
    for match, text in _parted_at_titles(whole, current):
        if match is not None:
            title = match["title"]
            current = ClinicalSection(section_kind(title), title, run_in=bool(text.text))
            found.append(current)
            inside = match["inside"] is not None and not title.isupper()
        if text.text:
            is_item = block.kind in ("list_item", "heading")  # a heading that opens nothing begins a list
            (current.items if is_item else current.texts).append(text)
    aside = current.kind == "family_history" or _tells_of_a_procedure(current.title)
    if current.run_in and aside and around.level > 0:
        return around  # a line amid a list, which goes on below it
    return _plain_section(found) if inside else current


def _plain_section(found: list[ClinicalSection]) -> ClinicalSection:
    """A new section of no kind, for what belongs to none."""
    found.append(ClinicalSection(None, ""))
    return found[-1]


def _parted_at_titles(whole: Part, current: ClinicalSection) -> Iterator[tuple[re.Match[str] | None, Part]]:
    """A text in parts, each with the run-in title it stands under (None: it has none)."""
    position = 0
    before: re.Match[str] | None = None
    for match in _RUN_IN.finditer(whole.text) if current.kind != "contents" else ():
        if _opens(match, current):
            if match.start() > 0:
                yield before, whole.cut(position, match.start())
            position, before = match.end(), match
    yield before, whole.cut(position, len(whole.text))


_OF_A_PROCEDURE = regex(
    r"(?:type of )?an(?:a)?esthesia(?: type)?|estimated blood loss|blood loss|ebl"
    r"|(?:surgical )?complications?"
    r"|specimens?(?: removed| sent)?|(?:operative |intraoperative )?findings|drains?(?: placed)?|implants?"
    r"|(?:iv )?fluids|urine output|tourniquet(?: time)?|disposition|technique|assistants?"
    r"|description(?: of (?:the )?(?:procedure|operation|surgery))?"
    r"|(?:procedure|operation) (?:details|in detail)"
)
"""Titles of what an operative note tells of a procedure it has named."""


def _opens(match: re.Match[str], current: ClinicalSection) -> bool:
    """Whether a title with a colon opens a section.

    In capitals it does. Else it has to be nothing but a title; and in the midst of a paragraph, or under a
    heading of a known kind, to be one of a list that stands in a line.
    """
    title = match["title"]
    kind = section_kind(title)
    if current.kind in ("procedures", "procedure_note") and _tells_of_a_procedure(title):
        return match["inside"] is None
    if kind is None or title.isupper():
        return kind is not None
    under = current.kind not in (None, "head") and current.level > 0
    if not is_bare_title(title) or (under and kind == current.kind):
        return False
    if under:  # what relatives have is not the patient's, whatever it stands under
        return kind in _IN_LINES or kind == "family_history"
    return match["inside"] is None or kind in LISTS | {"plan"}


def _tells_of_a_procedure(title: str) -> bool:
    return _OF_A_PROCEDURE.fullmatch(title_words(title)) is not None
