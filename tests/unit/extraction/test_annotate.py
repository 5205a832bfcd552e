from __future__ import annotations

from typing import Any

import pymupdf
import pytest

from neuraldocflow.errors import InvalidRequest
from neuraldocflow.extraction.annotate import annotate, marks_of
from neuraldocflow.extraction.pdf.reader import read
from tests.support.pdf import PdfBuilder


def result_for(source: bytes, words: str, confidence: float) -> dict[str, Any]:
    document = read(source)
    start = document.text.index(words)
    places = [place.to_dict() for place in document.provenance(start, start + len(words))]
    found = {"value": words, "confidence": confidence, "provenance": places}
    return {"extractedData": {"fields": {"signer": found}, "clauses": {}}}


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_the_box_is_drawn_where_the_value_stands(rotation: int) -> None:
    source = PdfBuilder().page(rotation=rotation).text(200, 300, "Signed by Ada Example today").done()
    result = result_for(source, "Ada Example", 0.95)
    page = pymupdf.open(stream=annotate(source, result))[0]
    box = pymupdf.Rect(result["extractedData"]["fields"]["signer"]["provenance"][0]["bbox"])
    drawn = [pymupdf.Rect(d["rect"]) * page.rotation_matrix for d in page.get_drawings() if d.get("color")]
    assert any(abs(rect.x0 - box.x0) < 2 and abs(rect.y1 - box.y1) < 2 for rect in drawn)
    assert "signer 0.95" in page.get_text()


def test_the_label_does_not_cover_the_words() -> None:
    source = PdfBuilder().page().text(200, 300, "Signed by Ada Example today").done()
    page = pymupdf.open(stream=annotate(source, result_for(source, "Ada Example", 0.95)))[0]
    label = page.search_for("signer 0.95")[0]
    words = page.search_for("Signed by Ada Example today")[0]
    assert abs(label & words) < 0.2 * abs(label)


def test_list_items_and_clauses_are_marked() -> None:
    place = {"page": 2, "bbox": [1, 2, 3, 4], "text": "x"}
    item = {"value": "x", "confidence": 0.5, "provenance": [place]}
    marks = list(
        marks_of({"fields": {"names": [item, item], "none": None}, "clauses": {"insurance": [item]}})
    )
    assert [(mark.label, mark.clause, mark.page) for mark in marks] == [
        ("names", False, 2),
        ("names", False, 2),
        ("insurance", True, 2),
    ]


def test_something_without_pages_is_refused() -> None:
    with pytest.raises(InvalidRequest):
        annotate(b"<html><body>words</body></html>", {"extractedData": {"fields": {}}})
