"""What stands around a PDF's text: links, form fields, annotations, images of text."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import pymupdf
from pymupdf import mupdf

from neuraldocflow.extraction.model import Block, Box, Document, Fact, Line, Link
from neuraldocflow.extraction.patterns import regex
from neuraldocflow.extraction.pdf.jumps import Goal, Jump
from neuraldocflow.extraction.pdf.open import MUPDF_ERRORS
from neuraldocflow.extraction.pdf.page import turned

_WIDGET, _LINK, _POPUP = pymupdf.PDF_ANNOT_WIDGET, pymupdf.PDF_ANNOT_LINK, pymupdf.PDF_ANNOT_POPUP
_MOST = 20_000
_JUMPS = 1000
"""The most links whose places in the text are sought."""
_NAMED = "#nameddest="
_INNER = regex(r"#page=(\d+)")


def read_around(document: Document, opened: Any) -> list[Jump]:
    """Adds links, facts of form fields and annotations; text of filled fields the pages do not show too.

    Call before ``finish()``; :func:`place_facts` and ``place_jumps`` set offsets after it.
    """
    jumps: list[Jump] = []
    names: dict[str, Goal] | None = None
    for index in range(opened.page_count):
        try:
            kinds = {kind for _, kind, _ in opened.page_annot_xrefs(index)}
            if not kinds:
                continue
            page = opened[index]
            turn = page.rotation_matrix if page.rotation else None
            if _LINK in kinds:
                if names is None:
                    names = _named_goals(document, opened)
                document.links.extend(_links(opened, page, names, jumps))
            if _WIDGET in kinds:
                document.facts.extend(_form_fields(page, turn))
            if kinds - {_LINK, _WIDGET, _POPUP}:
                document.furniture.extend(_annotations(page, turn))
        except MUPDF_ERRORS:
            document.warnings.append(("annotations", f"Annotations of page {index + 1} cannot be read."))
        if len(document.links) > _MOST:
            break
    return jumps


def _named_goals(document: Document, opened: Any) -> dict[str, Goal]:
    """The 1-based page of each named destination, those without one left out, and the height on it."""
    try:
        named = opened.resolve_names()
    except MUPDF_ERRORS:
        return {}
    return {
        name: (place["page"] + 1, document.pages[place["page"]].height - place.get("to", (0, 0))[1])
        for name, place in named.items()
        if 0 <= place.get("page", -1) < len(document.pages)
    }


def _links(opened: Any, page: Any, names: dict[str, Goal], jumps: list[Jump]) -> list[Link]:
    """MuPDF's own list: by PyMuPDF's each link asks for all annotations of its page."""
    found: list[Link] = []
    link = mupdf.fz_load_links(page.this)
    while link.m_internal and len(found) < 2000:
        target = link.m_internal.uri or ""
        goal: Goal | None = None
        inner = _INNER.match(target)
        number: int | None = None
        if inner is not None:
            number = int(inner[1])
        elif target.startswith(_NAMED):
            goal = names.get(unquote(target.removeprefix(_NAMED)))
            number = None if goal is None else goal[0]
        elif target and not target.startswith("#") and not mupdf.fz_is_external_link(target):
            number = opened.resolve_link(target)[0] + 1 or None
        if target:
            found.append(Link(target if number is None else f"page:{number}", "", page.number + 1))
            if goal is not None and not page.rotation and len(jumps) < _JUMPS:
                place = link.rect()
                jumps.append(Jump(found[-1], (place.x0, place.y0, place.x1, place.y1), *goal))
        link = link.next()
    return found


def _form_fields(page: Any, turn: Any) -> list[Fact]:
    found: list[Fact] = []
    given: str | bool
    for widget in page.widgets():
        value = widget.field_value
        if widget.field_type_string in ("CheckBox", "RadioButton"):
            checked = value not in (False, None, "", "Off", "No")
            raw, given = ("☒" if checked else "☐"), bool(checked)
        elif value in (None, "", []) or widget.field_type_string in ("Button", "Signature"):
            continue
        else:
            raw = ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
            given = raw
        found.append(
            Fact(
                widget.field_name or "",
                raw,
                given,
                context={"type": widget.field_type_string, "label": widget.field_label or ""},
                page=page.number + 1,
                bbox=turned(tuple(widget.rect), turn),
            )
        )
    return found


def _annotations(page: Any, turn: Any) -> list[Block]:
    found: list[Block] = []
    for annotation in page.annots():
        text = (annotation.info.get("content") or "").strip()
        if annotation.type[0] == _POPUP or not text:
            continue
        box: Box = turned(tuple(annotation.rect), turn)
        found.append(Block("annotation", text, page.number + 1, box, [Line(text, box, [])], [0]))
    return found


def unseen_fields(document: Document) -> list[Block]:
    """A block for each filled text field that has no appearance, so that no block of its page shows it."""
    texts: dict[int, str] = {}
    for block in document.blocks:
        if block.page is not None:
            words = block.text if block.table is None else " ".join(c.text for c in block.table.cells)
            texts[block.page] = texts.get(block.page, "") + " " + words
    found: list[Block] = []
    for fact in document.facts:
        folded = " ".join(fact.raw.split())
        if fact.page is None or isinstance(fact.value, bool) or not folded:
            continue
        if folded not in texts.get(fact.page, ""):
            found.append(
                Block("form_field", folded, fact.page, fact.bbox, [Line(folded, fact.bbox, [])], [0])
            )
    return found


def place_facts(document: Document) -> None:
    """Sets start and end of each form field's value: in the nearest block of its page that holds it."""
    by_page: dict[int, list[Block]] = {}
    for block in document.blocks:
        if block.page is not None:
            by_page.setdefault(block.page, []).append(block)
    for fact in document.facts:
        folded = " ".join(fact.raw.split())
        if fact.page is None or not folded or fact.bbox is None:
            continue
        holding = [block for block in by_page.get(fact.page, ()) if folded in block.text and block.bbox]
        if holding:
            box = fact.bbox
            block = min(holding, key=lambda one: _distance(one.bbox, box))
            fact.start = block.start + block.text.index(folded)
            fact.end = fact.start + len(folded)


def _distance(one: Box | None, other: Box) -> float:
    if one is None:
        return float("inf")
    return abs(one[1] + one[3] - other[1] - other[3]) + abs(one[0] - other[0])


def shows_image(page: Any) -> bool:
    """Whether images cover most of the page, as on a scan."""
    try:
        area = page.rect.width * page.rect.height
        covered = 0.0
        for kind, box in page.get_bboxlog():
            if kind == "fill-image":
                x0, y0 = max(box[0], page.rect.x0), max(box[1], page.rect.y0)
                x1, y1 = min(box[2], page.rect.x1), min(box[3], page.rect.y1)
                covered += max(x1 - x0, 0) * max(y1 - y0, 0)
    except MUPDF_ERRORS:
        return False
    return bool(covered > 0.5 * area)


def draws_glyphs(page: Any) -> bool:
    """Whether the page sets visible type at all."""
    try:
        return any(kind in ("fill-text", "stroke-text") for kind, _ in page.get_bboxlog())
    except MUPDF_ERRORS:
        return False
