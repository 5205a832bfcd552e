"""Printed clinical documents: shaded cells, labels beside values, letters."""

from __future__ import annotations

import pymupdf
from support.clinical_records import found, measures, names

from neuraldocflow.extraction.model import Document
from neuraldocflow.extraction.pdf import reader as pdf
from neuraldocflow.limits import Limits

GOLD, PALE = (1, 0.84, 0), (1, 1, 0.8)


def shaded(page: pymupdf.Page, top: float, rows: list[list[str]], gap: float = 1.5) -> float:
    """Draws a table as browsers print spaced cells, each a filled box; returns its bottom.

    The only cell of a row spans the columns.
    """
    width = 150.0
    columns = max(len(row) for row in rows)
    for number, row in enumerate(rows):
        for column, text in enumerate(row):
            left = 40 + column * (width + gap)
            spanned = columns if len(row) == 1 else 1
            box = pymupdf.Rect(left, top, left + spanned * (width + gap) - gap, top + 20)
            page.draw_rect(box, color=None, fill=PALE if number else GOLD)
            page.insert_text(
                (left + 4, top + 14), text, fontsize=8, fontname="hebo" if not number else "helv"
            )
        top += 20 + gap
    return top


def read(document: pymupdf.Document) -> Document:
    return pdf.read(document.tobytes(), Limits(), None)


def record() -> Document:
    made = pymupdf.open()
    page = made.new_page()
    page.insert_text((40, 40), "Test Clinic Health Summary", fontsize=14, fontname="hebo")
    bottom = shaded(
        page, 60, [["Patient", "Mr. Testo Mock"], ["Date of birth", "April 9, 1948"], ["Sex", "Male"]]
    )
    page.insert_text((40, bottom + 24), "Medications", fontsize=12, fontname="hebo")
    rows = [["Group", "Code Description", "Status"], ["Foo", "Fablox 5 MG Oral Tablet", "Active"]]
    bottom = shaded(page, bottom + 36, [*rows, ["", "Bazlox 7 MG Oral Tablet", "Active"]])
    page.insert_text((40, bottom + 24), "Vital Signs", fontsize=12, fontname="hebo")
    shaded(
        page,
        bottom + 36,
        [["Vital Sign", "Value", "Unit"], ["Heart Rate", "76", "/min"], ["BMI", "21.1", "kg/m2"]],
    )
    return read(made)


def test_shaded_cells_are_read_as_the_table_they_are() -> None:
    document = record()
    assert names(document, "medications") == ["Fablox 5 MG Oral Tablet", "Bazlox 7 MG Oral Tablet"]
    assert measures(document, "vital_signs") == [("Heart Rate", "76", "/min"), ("BMI", "21.1", "kg/m2")]


def test_a_cell_that_spans_the_columns_does_not_end_a_shaded_table() -> None:
    made = pymupdf.open()
    page = made.new_page()
    page.insert_text((40, 40), "Results", fontsize=12, fontname="hebo")
    rows = [["Test", "Value", "Date"], ["Mock panel"], ["Testin", "50", "2020"], ["Mockose", "100", "2020"]]
    shaded(page, 60, rows)
    document = read(made)
    assert measures(document, "results") == [("Testin", "50", None), ("Mockose", "100", None)]
    groups = {each["group"] for each in found(document, "clinical_measures", sections=["results"])}
    assert groups == {"Mock panel"}


def test_a_printed_record_names_its_patient() -> None:
    document = record()
    assert found(document, "clinical_head", role="patient_name") == ["Testo Mock"]
    assert found(document, "clinical_head", role="birth_date") == ["1948-04-09"]
    assert found(document, "clinical_head", role="sex") == ["male"]


def test_a_clinic_letter_is_read_line_by_line() -> None:
    made = pymupdf.open()
    page = made.new_page()
    lines = [
        "Test Valley Clinic",
        "RE: Testo Mock  DOB: 04/09/1948  MRN: 778812",
        "Dear colleague,",
        "Allergies: Quinzine, latex.",
        "Vital Signs: BP 120/80 mmHg, HR 72 bpm.",
        "Kind regards,",
    ]
    for number, line in enumerate(lines):
        page.insert_text((60, 80 + 40 * number), line, fontsize=11)
    document = read(made)
    assert found(document, "clinical_head", role="patient_name") == ["Testo Mock"]
    assert found(document, "clinical_head", role="identifiers") == ["778812"]
    assert names(document, "allergies") == ["Quinzine", "latex"]
    assert [value for _, value, _ in measures(document, "vital_signs")] == ["120", "80", "72"]


def test_bold_labels_tell_several_particulars_in_one_line() -> None:
    made = pymupdf.open()
    page = made.new_page()
    page.insert_text((40, 40), "Test Clinic Health Summary", fontsize=14, fontname="hebo")
    left = 40.0
    for text, font in (
        ("Patient", "hebo"),
        ("Testo Mock", "helv"),
        ("Date of birth", "hebo"),
        ("April 9, 1948", "helv"),
        ("Sex", "hebo"),
        ("Male", "helv"),
    ):
        page.insert_text((left, 80), text, fontsize=9, fontname=font)
        left += pymupdf.get_text_length(text, fontname=font, fontsize=9) + 4
    document = read(made)
    assert found(document, "clinical_head", role="patient_name") == ["Testo Mock"]
    assert found(document, "clinical_head", role="birth_date") == ["1948-04-09"]
    assert found(document, "clinical_head", role="sex") == ["male"]


def test_headers_that_come_again_on_each_page_are_no_running_lines() -> None:
    made = pymupdf.open()
    for number in range(4):
        page = made.new_page()
        top = 30.0
        if number == 0:
            page.insert_text((40, 40), "Problems", fontsize=12, fontname="hebo")
            top = 50.0
        rows = [[f"Mock cough {number}{row}", "Active", "05/05/2020"] for row in "abc"]
        shaded(page, top, [["Name", "Status", "Onset Date"], *rows])
    document = read(made)
    assert names(document, "problems") == [f"Mock cough {n}{row}" for n in range(4) for row in "abc"]
    dates = [each.get("date") for each in found(document, "clinical_details", sections=["problems"])]
    assert dates == ["2020-05-05"] * 12
