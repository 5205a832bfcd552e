"""Draws what was found onto its PDF: a box around every value, labelled, coloured by confidence.

``python -m neuraldocflow.extraction.annotate FILE`` reads a result and writes the PDF.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pymupdf

from neuraldocflow.errors import InvalidRequest
from neuraldocflow.extraction.model import Box
from neuraldocflow.extraction.pdf.open import MUPDF_ERRORS, open_pdf
from neuraldocflow.limits import Limits

_SURE, _LIKELY, _DOUBTFUL = (0.0, 0.5, 0.2), (0.8, 0.5, 0.0), (0.8, 0.1, 0.1)
_CLAUSE = (0.2, 0.3, 0.8)
_LABEL_SIZE = 5.5
_MOST_BOXES = 5000


@dataclass(frozen=True, slots=True)
class Mark:
    """One box to draw: ``page`` is 1-based, ``first`` says whether the label belongs here."""

    page: int
    box: Box
    label: str
    confidence: float
    clause: bool
    first: bool


def annotate(source_pdf: bytes | Path, result: Mapping[str, Any]) -> bytes:
    """The PDF with each field's and clause's provenance boxed. ``result`` is the result of contract 4.

    Green: confidence of 0.9 and more; amber: of 0.6 and more; red: less; blue: clauses. Raises InvalidRequest
    where the source is no PDF, since DOCX and HTML have no pages to draw on.
    """
    head = source_pdf[:1024] if isinstance(source_pdf, bytes) else _head(source_pdf)
    if b"%PDF" not in head:
        raise InvalidRequest("Only a PDF can be annotated: DOCX and HTML have no pages to draw on.")
    document = open_pdf(source_pdf, Limits(max_pages=1_000_000))
    by_page: dict[int, list[Mark]] = {}
    for count, mark in enumerate(marks_of(result.get("extractedData") or {})):
        if count >= _MOST_BOXES:
            break
        by_page.setdefault(mark.page, []).append(mark)
    for number, marks in sorted(by_page.items()):
        if 1 <= number <= document.page_count:
            _draw(document[number - 1], marks)
    try:
        return bytes(document.tobytes(garbage=1, deflate=True, encryption=pymupdf.PDF_ENCRYPT_NONE))
    except MUPDF_ERRORS as error:
        raise InvalidRequest("The PDF is too damaged to be written again with boxes in it.") from error


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(1024)


def marks_of(data: Mapping[str, Any]) -> Iterator[Mark]:
    """The boxes of an ``extractedData``: of fields, of list fields' items, and of clauses."""
    for name, value in (data.get("fields") or {}).items():
        yield from _of_value(name, value, clause=False)
    for kind, clauses in (data.get("clauses") or {}).items():
        yield from _of_value(kind, clauses, clause=True)


def _of_value(name: str, value: Any, *, clause: bool) -> Iterator[Mark]:
    if isinstance(value, list):
        for item in value:
            yield from _of_value(name, item, clause=clause)
        return
    if not isinstance(value, Mapping):
        return
    confidence = float(value.get("confidence") or 0.0)
    first = True
    for place in value.get("provenance") or ():
        page, box = place.get("page"), place.get("bbox")
        if page and box and len(box) == 4:
            left, top, right, bottom = (float(side) for side in box)
            yield Mark(int(page), (left, top, right, bottom), name, confidence, clause, first)
            first = False
    inner = value.get("value")
    if isinstance(inner, list):
        yield from _of_value(name, inner, clause=clause)


def _draw(page: Any, marks: list[Mark]) -> None:
    """Boxes first, then labels where they cover neither words nor one another."""
    turn = page.derotation_matrix
    occupied = [pymupdf.Rect(word[:4]) * page.rotation_matrix for word in page.get_text("words")]
    if not page.is_wrapped:
        page.wrap_contents()
    shape = page.new_shape()
    labels: list[tuple[Any, str, tuple[float, float, float]]] = []
    for mark in marks:
        colour = _colour(mark)
        rect = pymupdf.Rect(mark.box) + pymupdf.Rect(-1, -1, 1, 1)
        shape.draw_rect(rect * turn)
        shape.finish(color=colour, fill=colour, width=0.6, fill_opacity=0.08, stroke_opacity=0.9)
        if mark.first:
            text = f"{mark.label} {mark.confidence:.2f}"
            place = _place(page, rect, text, occupied)
            occupied.append(place)
            labels.append((place, text, colour))
    for place, text, colour in labels:
        shape.draw_rect(place * turn)
        shape.finish(color=None, fill=(1, 1, 1), width=0, fill_opacity=0.85)
        shape.insert_text(
            pymupdf.Point(place.x0 + 1, place.y1 - 1.6) * turn,
            text,
            fontsize=_LABEL_SIZE,
            color=colour,
            rotate=page.rotation,
        )
    shape.commit()


def _place(page: Any, rect: Any, text: str, occupied: list[Any]) -> Any:
    """The free place for a label nearest the box: above, below, right, left; else above, a little smaller."""
    wide = pymupdf.get_text_length(text, fontsize=_LABEL_SIZE) + 2
    tall = _LABEL_SIZE + 1.5
    choices = [
        pymupdf.Rect(x, y, x + wide, y + tall)
        for x, y in (
            (rect.x0, rect.y0 - tall),
            (rect.x0, rect.y1),
            (rect.x1 + 1, rect.y0 + (rect.height - tall) / 2),
            (rect.x0 - wide - 1, rect.y0 + (rect.height - tall) / 2),
            (rect.x1 - wide, rect.y0 - tall),
            (rect.x1 - wide, rect.y1),
        )
    ]
    inside = [choice for choice in choices if page.rect.contains(choice)] or choices[:1]
    return min(
        inside, key=lambda choice: sum(abs(choice & other) for other in occupied if choice.intersects(other))
    )


def _colour(mark: Mark) -> tuple[float, float, float]:
    if mark.clause:
        return _CLAUSE
    if mark.confidence >= 0.9:
        return _SURE
    return _LIKELY if mark.confidence >= 0.6 else _DOUBTFUL


if __name__ == "__main__":
    sys.stdout.buffer.write(annotate(Path(sys.argv[1]), json.load(sys.stdin)))
