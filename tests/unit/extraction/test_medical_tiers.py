"""Which of a record's lists count: what was stopped or not done, lists under headings of headings."""

from __future__ import annotations

from typing import Any

import pytest
from support.clinical_records import found, heading, item, names, paragraph, record, table

from neuraldocflow.extraction import extract
from neuraldocflow.profiles import load

HEAD = heading("Test Clinic Health Summary", 1)


def values(html: str, field: str) -> list[Any]:
    result = extract(f"<h1>Test Clinic</h1>{html}".encode(), load(), "medical_record")
    return [each["value"] for each in result["extractedData"]["fields"][field]]


def test_a_medication_that_was_stopped_is_listed_with_its_status() -> None:
    document = record(
        HEAD,
        heading("Medications"),
        table(["Name", "Status"], ["Fablox 5 mg", "aborted"], ["Bazlox 7 mg", "not taken"]),
    )
    assert names(document, "medications") == ["Fablox 5 mg"]
    (value,) = found(document, "clinical_details", sections=["medications"])
    assert value["status"] == "aborted"


def test_a_procedure_that_was_stopped_was_not_done() -> None:
    document = record(
        HEAD,
        heading("Procedures"),
        table(["Procedure", "Status"], ["Knee look", "aborted"], ["Ear look", ""]),
    )
    assert names(document, "procedures", done_only=True) == ["Ear look"]


@pytest.mark.parametrize(
    "name",
    [
        "NEGATED: Immunization was not given, see comment, Pox Y",
        "Pox Y was not administered",
        "Pox Y (declined)",
        "Pox Y - not given",
    ],
)
def test_a_name_may_say_itself_that_it_was_not_done(name: str) -> None:
    document = record(
        HEAD, heading("Immunizations"), table(["Vaccine", "Date"], ["Flu X", "2019"], [name, "2020"])
    )
    assert names(document, "immunizations", done_only=True) == ["Flu X"]


def test_an_operation_told_among_past_illnesses_is_a_procedure() -> None:
    past = "<h2>Past Medical History</h2><ul><li>Fictional fever</li><li>Appendectomy (1998)</li>"
    past += "<li>Total knee replacement</li><li>Pain after surgery</li></ul>"
    assert values(past, "problems") == ["Fictional fever", "Pain after surgery"]
    assert values(past, "procedures") == ["Appendectomy", "Total knee replacement"]


@pytest.mark.parametrize("status", ["Due", "Overdue", "Planned"])
def test_a_vaccine_that_is_due_was_not_given(status: str) -> None:
    document = record(
        HEAD, heading("Immunizations"), table(["Vaccine", "Status"], ["Flu X", "Given"], ["Pox Y", status])
    )
    assert names(document, "immunizations", done_only=True) == ["Flu X"]


def test_a_heading_above_headings_is_no_list() -> None:
    document = record(
        HEAD,
        heading("Problems"),
        heading("Diagnoses", 4),
        table(["Diagnosis", "Date"], ["Mock cough", "2019"]),
    )
    assert found(document, "clinical_items", sections=["problems", "diagnoses"]) == ["Mock cough"]


def test_surgical_history_is_of_the_procedures_whatever_else_stands_there() -> None:
    html = (
        "<h3>Procedures</h3><p>Surgical History</p>"
        "<table><tr><th>Date</th><th>Name</th></tr><tr><td>2001</td><td>Knee mending</td></tr></table>"
        "<p>Procedure Notes</p><p>None recorded.</p>"
    )
    assert values(html, "procedures") == ["Knee mending"]


def test_concerns_are_problems_only_where_there_is_no_problem_list() -> None:
    concerns = "<h3>Health Concerns</h3><table><tr><th>Concern</th><th>Status</th></tr>"
    concerns += "<tr><td>Weight to be watched</td><td>Active</td></tr></table>"
    problems = "<h3>Problems</h3><table><tr><th>Problem</th><th>Status</th></tr>"
    problems += "<tr><td>Mock cough</td><td>Active</td></tr></table>"
    assert values(problems + concerns, "problems") == ["Mock cough"]
    assert values(concerns, "problems") == ["Weight to be watched"]


def test_two_pressures_in_a_cell_are_those_of_the_blood() -> None:
    html = (
        "<h3>Vitals</h3><table><tr><th>Date</th><th>Pulse</th><th>Systolic And Diastolic</th></tr>"
        "<tr><td>11/10/2019</td><td>76 /min</td><td>130/ 70 mm[Hg]</td></tr></table>"
    )
    assert [(each["name"], each["value"]) for each in values(html, "vital_signs")] == [
        ("Pulse", "76"),
        ("Blood Pressure Systolic", "130"),
        ("Blood Pressure Diastolic", "70"),
    ]


def test_a_condition_is_a_problem_where_a_list_stands_below() -> None:
    listed = record(HEAD, heading("Condition"), item("Mock cough"), item("Testing sneeze"))
    assert names(listed, "problems") == ["Mock cough", "Testing sneeze"]
    stable = record(HEAD, heading("Condition"), paragraph("Stable"))
    assert names(stable, "problems") == []
    printed = record(HEAD, heading("Condition"), paragraph("Mock cough"))
    for block, left in zip(printed.blocks, (40.0, 40.0, 64.0), strict=True):
        block.bbox = (left, 0.0, 100.0, 10.0)
    assert names(printed, "problems") == ["Mock cough"]
