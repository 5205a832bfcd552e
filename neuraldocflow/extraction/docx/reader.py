"""Reads DOCX into the document model, from the XML itself.

The package and its relationships (:mod:`.package`), styles with what they inherit (:mod:`.styles`),
list labels as Word counts them (:mod:`.numbering`); the text is a flow of events (:mod:`.flow`,
:mod:`.runs`, :mod:`.structure`), so that neither size nor depth of the XML costs memory. Tracked
changes are read as accepted; headers, footers and comments are set apart, but for headers that tell values.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from neuraldocflow.errors import Corrupt, OutOfMemory, Timeout
from neuraldocflow.extraction import language
from neuraldocflow.extraction.docx import runs, structure, xml
from neuraldocflow.extraction.docx.chunks import chunk_nodes
from neuraldocflow.extraction.docx.flow import CLOSES, OPENS, Flow, Shared
from neuraldocflow.extraction.docx.numbering import Numbering
from neuraldocflow.extraction.docx.package import ZIP_ERRORS, Package, Relation, metadata_of, open_package
from neuraldocflow.extraction.docx.styles import styles_of
from neuraldocflow.extraction.flow.headings import find_headings
from neuraldocflow.extraction.flow.pieces import Places, blocks_of
from neuraldocflow.extraction.flow.tables import describe_tables
from neuraldocflow.extraction.model import Block, BlockKind, Document, Fact, Link
from neuraldocflow.extraction.running_values import LABELLED, tells_values
from neuraldocflow.limits import Limits

Progress = Callable[[str, int, int, dict[str, Any] | None], None]

_W = (
    "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
    "http://purl.oclc.org/ooxml/wordprocessingml/main",
)
_MATH = (
    "http://schemas.openxmlformats.org/officeDocument/2006/math",
    "http://purl.oclc.org/ooxml/officeDocument/math",
)
_COMPATIBILITY = "http://schemas.openxmlformats.org/markup-compatibility/2006"
_WORD_2010 = "http://schemas.microsoft.com/office/word/2010/wordml"
_SKIPPED = """
pPrChange rPrChange sectPrChange tblPrChange tblPrExChange tcPrChange trPrChange tblGridChange numberingChange
rt delText delInstrText sectPr tblGrid pBdr tabs fonts"""
_HANDLERS = (runs, structure)  # they register what each element does


def read(
    source: bytes | Path,
    limits: Limits | None = None,
    progress: Progress | None = None,
) -> Document:
    """The document of a DOCX. Blocks have paths such as ``body/p[12]``, no pages and no boxes.

    Raises Empty, Encrypted, Corrupt, Bomb, Timeout and OutOfMemory.
    """
    limits = limits or Limits()
    try:
        return _read(source, limits, progress)
    except MemoryError as error:
        raise OutOfMemory("Reading the DOCX needed more memory than allowed.") from error


def _read(source: bytes | Path, limits: Limits, progress: Progress | None) -> Document:
    deadline = time.monotonic() + limits.max_seconds
    package = open_package(source, limits, deadline)
    try:
        document = _document(package, progress)
    finally:
        package.archive.close()
    if time.monotonic() > deadline:
        raise Timeout(f"Reading stopped after {limits.max_seconds:g} s.")
    return document


def _document(package: Package, progress: Progress | None) -> Document:
    main = package.main_part()
    relations = package.relations(main)
    shared = Shared(
        styles_of(package.tree(_part(relations, "styles"), "styles")),
        Numbering(package.tree(_part(relations, "numbering"), "numbering")),
        partial(chunk_nodes, package),
    )
    body = Flow(shared, relations)
    _read_part(package, main, body)
    if progress is not None:
        progress("reading", 1, 2, None)
    blocks = blocks_of(body.nodes, "body")
    find_headings(blocks)
    for kind in ("footnotes", "endnotes"):
        blocks.extend(_side_part(package, shared, _part(relations, kind), kind, "footnote"))
    furniture = _furniture(package, relations, shared)
    told = _values_in(furniture)
    document = Document("docx", [*told, *blocks], metadata=metadata_of(package))
    document.furniture = [block for block in furniture if block.kind != "paragraph"]
    describe_tables(document.blocks)
    document.finish()
    _place(document, shared)
    document.language = language.detect(document.text)
    if package.damaged:
        parts = ", ".join(sorted(set(package.damaged)))
        document.warnings.append(("damaged_part", f"Parts of the DOCX could not be read: {parts}."))
    if not document.text:
        document.warnings.append(("no_text", "The DOCX holds no text."))
    if progress is not None:
        progress("reading", 2, 2, None)
    return document


def _part(relations: dict[str, Relation], kind: str) -> str:
    """The part a document has one of; ``""`` where it has none."""
    return next((one.target for one in relations.values() if one.kind == kind and not one.external), "")


def _read_part(package: Package, part: str, flow: Flow) -> None:
    """Sends a part's events to the flow. Raises Corrupt, Bomb and Timeout."""

    def start(name: str, attributes: dict[str, str]) -> None:
        if flow.skip:
            flow.skip += 1
        elif (handler := _STARTS.get(name)) is not None:
            handler(flow, attributes)

    def end(name: str) -> None:
        if flow.skip:
            flow.skip -= 1
        elif (handler := _ENDS.get(name)) is not None:
            handler(flow)

    def text(data: str) -> None:
        if flow.text is not None:
            flow.text.append(data)

    try:
        with package.open(part) as file:
            xml.parse(file, start, end, text, package.deadline)
    except ZIP_ERRORS as error:
        raise Corrupt("A part of the DOCX cannot be unpacked.") from error
    flow.close_paragraph()


def _side_part(package: Package, shared: Shared, part: str, name: str, kind: BlockKind | None) -> list[Block]:
    """The blocks of a part beside the body; [] where it is missing or damaged, which is noted."""
    if not package.has(part):
        return []
    flow = Flow(shared, package.relations(part), kind)
    try:
        _read_part(package, part, flow)
    except Corrupt:
        package.damaged.append(name)
    return blocks_of(flow.nodes, name)


def _furniture(package: Package, relations: dict[str, Relation], shared: Shared) -> list[Block]:
    """Headers, footers (each text once) and comments."""
    found: list[Block] = []
    seen: set[tuple[str, str]] = set()
    kinds: tuple[tuple[str, BlockKind], ...] = (
        ("header", "header"),
        ("footer", "footer"),
        ("comments", "annotation"),
    )
    for name, kind in kinds:
        for number, relation in enumerate([one for one in relations.values() if one.kind == name], start=1):
            own = Shared(shared.styles, Numbering(None), shared.chunk)
            path = name if name == "comments" else f"{name}[{number}]"
            for block in _side_part(package, own, relation.target, path, kind):
                if name == "comments" or (kind, block.text) not in seen:
                    seen.add((kind, block.text))
                    found.append(block)
    return found


def _values_in(furniture: list[Block]) -> list[Block]:
    """The headers and footers that tell what the document is of, as paragraphs of it."""
    labelled = [
        block for block in furniture if block.kind in ("header", "footer") and LABELLED.search(block.text)
    ]
    if not tells_values([block.text for block in labelled]):
        return []
    for block in labelled:
        block.kind = "paragraph"
    return labelled


def _place(document: Document, shared: Shared) -> None:
    """Gives links and controls their place in the text."""
    places = Places(shared.order)
    text = document.text
    for target, first, last in shared.links:
        start, end = places.span(first, last)
        document.links.append(Link(target, text[max(start, 0) : max(end, 0)][:500], None, start, end))
    room = 8_000_000
    for control in shared.controls:
        start, end = places.span(control.start, control.end)
        raw = text[max(start, 0) : max(end, 0)][: 20_000 if room > 0 else 200]
        room -= len(raw)
        value = control.value if control.value is not None else None if control.empty else raw
        document.facts.append(Fact(control.name, "" if control.empty else raw, value, start, end))
    document.facts.sort(key=lambda fact: (fact.start, -fact.end))


def _choose(flow: Flow, attributes: dict[str, str]) -> None:
    """Of alternative contents the first is read: a text box stands in each of them."""
    if flow.choices:
        flow.skip = int(flow.choices[-1])
        flow.choices[-1] = True


def _skip(flow: Flow, attributes: dict[str, str]) -> None:
    flow.skip = 1


def _open_choices(flow: Flow, attributes: dict[str, str]) -> None:
    flow.choices.append(False)


def _close_choices(flow: Flow) -> None:
    if flow.choices:
        flow.choices.pop()


_STARTS = {
    **{f"{uri} {name}": _skip for uri in _W for name in _SKIPPED.split()},
    **{f"{uri} {name}": handler for uri in _W for name, handler in OPENS.items()},
    **{f"{uri} t": OPENS["t"] for uri in _MATH},
    f"{_COMPATIBILITY} AlternateContent": _open_choices,
    f"{_COMPATIBILITY} Choice": _choose,
    f"{_COMPATIBILITY} Fallback": _choose,
    f"{_WORD_2010} checked": OPENS["checked"],
}
_ENDS = {
    **{f"{uri} {name}": handler for uri in _W for name, handler in CLOSES.items()},
    **{f"{uri} t": CLOSES["t"] for uri in _MATH},
    f"{_COMPATIBILITY} AlternateContent": _close_choices,
}
