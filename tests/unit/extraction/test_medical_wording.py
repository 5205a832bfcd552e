"""Ways clinical documents write sodium, units, doses and identifiers."""

from __future__ import annotations

import pytest
from support.clinical_records import found, heading, measures, record, table

from neuraldocflow.extraction.clinical_doses import dosing
from neuraldocflow.extraction.clinical_identity import identifiers
from neuraldocflow.extraction.clinical_parts import Part
from neuraldocflow.extraction.clinical_terms import ABSENCE


@pytest.mark.parametrize("name", ["Na", "NA", "Na+", "Na, serum"])
def test_sodium_is_no_absence_beside_a_quantity(name: str) -> None:
    document = record(
        heading("Results"),
        table(["Test", "Value"], [name, "140 mmol/L"], ["Glucose", "90 mg/dL"]),
    )
    assert measures(document, "results") == [(name, "140", "mmol/L"), ("Glucose", "90", "mg/dL")]


@pytest.mark.parametrize("text", ["NA", "n/a", "N/A today", "na.", "N.A."])
def test_not_applicable_alone_is_an_absence(text: str) -> None:
    assert ABSENCE.match(text)


@pytest.mark.parametrize(
    "unit", ["m[IU]/L", "u[IU]/mL", "k[IU]/L", "10*3/uL", "cells/{HPF}", "mL/min/{1.73_m2}"]
)
def test_units_with_brackets_inside_are_whole(unit: str) -> None:
    document = record(heading("Results"), table(["Test", "Value"], ["Thyrotest", f"2.5 {unit}"]))
    assert measures(document, "results") == [("Thyrotest", "2.5", unit)]


def test_a_flag_in_brackets_is_no_unit() -> None:
    document = record(heading("Results"), table(["Test", "Value"], ["Thyrotest", "2.5 [H]"]))
    assert measures(document, "results") == [("Thyrotest", "2.5", None)]


@pytest.mark.parametrize(
    ("directions", "dose"),
    [
        ("take 250 mg/5 mL by mouth", "250 mg/5 mL"),
        ("take 10 mg/325 mg daily", "10 mg/325 mg"),
        ("take .5 mg daily", ".5 mg"),
        ("inject 5 mg/kg once", "5 mg/kg"),
        ("take 1.5 tablets daily", "1.5 tablets"),
    ],
)
def test_a_dose_is_whole(directions: str, dose: str) -> None:
    assert dosing(directions, "Fablox")["dose"] == dose


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("MRN: PT_00123", ["PT_00123"]),
        ("12/34567", ["12/34567"]),
        ("12345678 (Memorial Hospital)", ["12345678"]),
        ("MRN#12345, SSN: 000-00-1234", ["12345", "000-00-1234"]),
        ("NHS 943 476 5919", ["943 476 5919"]),
        ("(Memorial Hospital)", []),
    ],
)
def test_an_identifier_is_whole_and_without_its_issuer(text: str, told: list[str]) -> None:
    assert [part.text for part in identifiers(Part(text, 0, len(text)))] == told


@pytest.mark.parametrize(
    ("written", "date"), [("3/4/45", "1945-03-04"), ("3/4/15", "2015-03-04"), ("3/4/2045", "2045-03-04")]
)
def test_nobody_is_born_after_the_record(written: str, date: str) -> None:
    document = record(
        heading("Test Clinic: Health Summary", 1),
        table(
            ["Patient", "Testo Mock"], ["DOB", written], ["Encounter Date", "March 1, 2020"], header_rows=0
        ),
    )
    assert found(document, "clinical_head", role="birth_date") == [date]
