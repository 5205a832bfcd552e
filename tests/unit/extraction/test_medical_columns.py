"""What the columns of clinical tables hold, by headers as different systems word them."""

from __future__ import annotations

import pytest
from support.clinical_records import found, heading, measures, names, record, table

from neuraldocflow.extraction.model import Block, Cell, Table


def test_a_header_that_asks_is_not_the_name_of_what_is_listed() -> None:
    document = record(
        heading("Medications"),
        table(
            ["Ordered Medication Name", "Start Date", "Current Medication?", "Frequency"],
            ["Fablox 5 mg tablet", "2020-01-02", "Yes", "daily"],
            ["Bazlox 7 mg tablet", "2020-03-04", "No", "weekly"],
        ),
    )
    assert names(document, "medications") == ["Fablox 5 mg tablet", "Bazlox 7 mg tablet"]


@pytest.mark.parametrize("headers", [["Problem SNOMED Code", "", "Onset Date"], ["", "Status", "Onset"]])
def test_headers_of_which_a_page_shows_some_are_those_of_the_table_before(headers: list[str]) -> None:
    document = record(
        heading("Problems"),
        table(
            ["Name", "Problem SNOMED Code", "Status", "Onset Date"],
            ["Testing sneeze", "100001", "Active", "05/05/2020"],
            page=1,
        ),
        table(["", *headers], ["Mock cough", "100002", "Active", "06/06/2020"], page=2),
    )
    assert names(document, "problems") == ["Testing sneeze", "Mock cough"]
    assert [each["date"] for each in found(document, "clinical_details", sections=["problems"])] == [
        "2020-05-05",
        "2020-06-06",
    ]


def test_who_tells_and_the_number_of_a_row_are_not_what_is_listed() -> None:
    document = record(
        heading("Problems"),
        table(["ID", "Date", "Source"], ["Test Valley 117", "05/05/2020", "Test Valley Clinic"]),
    )
    assert names(document, "problems") == []


def test_a_plan_may_stand_under_a_title_of_remarks() -> None:
    document = record(
        heading("Test Clinic"),
        heading("Plan of Care"),
        table(["Date", "Details"], ["05/05/2020", "Mock scan of the testing knee"]),
    )
    assert names(document, "plan") == ["Mock scan of the testing knee"]


def test_a_header_above_concerns_is_none_of_them() -> None:
    document = record(
        heading("Health Concerns"),
        table(
            ["Related Concern", "Status", "Recorded by"],
            ["Mock cough", "Active", "Testo Mock"],
            ["Social Concern", "Status", "Recorded by"],
            ["Testing sneeze", "Active", "Testo Mock"],
        ),
    )
    assert names(document, "health_concerns") == ["Mock cough", "Testing sneeze"]


def test_a_column_of_two_titles_has_a_part_for_each() -> None:
    document = record(
        heading("Allergies"),
        table(
            ["Allergy Type | Allergen", "Reaction | Severity", "Status"],
            ["Food allergy | Quince", "Hives | Moderate", "Active"],
            ["Drug allergy | Quinzine | Extra", "Hives", "Active"],
        ),
    )
    first, second = found(document, "clinical_details", sections=["allergies"])
    assert (first["name"], first["reaction"], first["severity"]) == ("Quince", "Hives", "Moderate")
    assert second["name"] == "Drug allergy | Quinzine | Extra"


def test_a_comment_beside_its_label_is_a_remark_on_the_row_above() -> None:
    document = record(
        heading("Medications"),
        table(
            ["Medication", "Dose", "Status"], ["Fablox 5 mg", "5 mg", "Active"], ["Comment:", "With food", ""]
        ),
    )
    (value,) = found(document, "clinical_details", sections=["medications"])
    assert (value["name"], value["comment"]) == ("Fablox 5 mg", "With food")


def test_when_it_was_counts_before_when_it_was_written_down() -> None:
    document = record(
        heading("Allergies"),
        table(
            ["Allergen", "Documentation Date", "Start Date", "Organization Details"],
            ["Quinzine", "11/10/2019", "10/07/2015", "Test Valley Clinic"],
        ),
    )
    (value,) = found(document, "clinical_details", sections=["allergies"])
    assert (value["date"], value["location"]) == ("2015-10-07", "Test Valley Clinic")


def test_a_date_alone_may_be_the_one_of_writing() -> None:
    document = record(heading("Vitals"), table(["Recorded Date", "Pulse"], ["11/10/2019", "76 /min"]))
    (value,) = found(document, "clinical_measures", sections=["vital_signs"])
    assert (value["name"], value["date"]) == ("Pulse", "2019-11-10")


def test_the_first_day_of_the_calendar_is_no_date() -> None:
    document = record(
        heading("Problems"),
        table(["Problem", "Date", "Status"], ["Mock cough", "1/1/0001 12:00:00 AM", "Active"]),
    )
    (value,) = found(document, "clinical_details", sections=["problems"])
    assert value == {"name": "Mock cough", "status": "Active"}


def test_the_severity_of_pain_is_measured() -> None:
    document = record(
        heading("Vitals"),
        table(["Date", "Pain severity - 0-10 rating", "Pulse"], ["11/10/2019", "4", "76 /min"]),
    )
    assert measures(document, "vital_signs") == [
        ("Pain severity - 0-10 rating", "4", None),
        ("Pulse", "76", "/min"),
    ]


def test_what_is_normal_may_be_said_twice() -> None:
    document = record(
        heading("Results"),
        table(["Test", "Value", "Reference Range"], ["Mock ketones (Neg)", "50", "Neg"]),
    )
    assert measures(document, "results") == [("Mock ketones", "50", None)]


def test_an_overview_below_a_problem_speaks_of_it() -> None:
    document = record(
        heading("Problems"),
        Block(
            "table",
            "",
            table=Table(
                [
                    Cell(0, 0, "Active Problems", header=True),
                    Cell(0, 1, "Noted Date", header=True),
                    Cell(1, 0, "Mock cough"),
                    Cell(1, 1, "5/5/2020"),
                    Cell(2, 0, "Overview: dry at night", colspan=2),
                    Cell(3, 0, "Testing sneeze"),
                    Cell(3, 1, "6/6/2020"),
                ],
                4,
                2,
                header_rows=1,
            ),
        ),
    )
    first, second = found(document, "clinical_details", sections=["problems"])
    assert first["comment"] == "dry at night"
    assert second == {"name": "Testing sneeze", "date": "2020-06-06"}


def test_lists_beside_each_other_are_read_one_after_the_other() -> None:
    document = record(
        heading("Medications"),
        table(
            ["Drug", "Dose", "Drug", "Dose"], ["Fablox", "5 mg", "Bazlox", "7 mg"], ["Quuxol", "9 mg", "", ""]
        ),
        heading("Results"),
        table(["Test", "Value", "Test", "Value"], ["Testin", "5 mg/dL", "Mockose", "7 mg/dL"]),
    )
    told = [
        (each["name"], each["dose"]) for each in found(document, "clinical_details", sections=["medications"])
    ]
    assert told == [("Fablox", "5 mg"), ("Quuxol", "9 mg"), ("Bazlox", "7 mg")]
    assert [each[:2] for each in measures(document, "results")] == [("Testin", "5"), ("Mockose", "7")]


def test_a_first_row_with_a_dose_is_no_header() -> None:
    document = record(
        heading("Medications"),
        table(["Fablox 5 mg tablet", "once daily", "Active"], ["Bazlox 7 mg tablet", "once daily", "Active"]),
    )
    assert names(document, "medications") == ["Fablox 5 mg tablet", "Bazlox 7 mg tablet"]


def test_a_test_stands_in_the_next_column_of_names_where_the_first_is_blank() -> None:
    document = record(
        heading("Results"),
        table(
            ["Test Description", "Test Item", "Value", "Reference Range"],
            ["Mock panel", "", "", ""],
            ["", "Testin", "5.0 mg/dL", "1-9"],
            ["", "Mockose", "7.0 mg/dL", "1-9"],
        ),
    )
    assert [each[:2] for each in measures(document, "results")] == [("Testin", "5.0"), ("Mockose", "7.0")]


def test_a_title_may_say_of_what_laboratory_test_it_has_the_result() -> None:
    document = record(
        heading("Results"),
        table(["Lab Test Name", "Lab Test Result", "Lab Test Unit"], ["Testin", "13.2", "g/dL"]),
    )
    assert measures(document, "results") == [("Testin", "13.2", "g/dL")]


def test_rows_may_be_numbered_in_a_column_without_a_title() -> None:
    document = record(
        heading("Allergies"),
        table(["1", "Quinzine", "Rash"], ["2", "Latexol", "Hives"], header_rows=0),
    )
    assert names(document, "allergies") == ["Quinzine", "Latexol"]


def test_a_row_that_a_page_broke_is_one_entry() -> None:
    document = record(
        heading("Problems"),
        table(
            ["Name", "Code", "Status", "Provider"],
            ["Mock cough without", "100001", "Active", "Mock"],
            page=1,
        ),
        table(
            ["Name", "Code", "Status", "Provider"],
            ["sneezing", "", "", "Testo, MD"],
            ["Testing fever", "100002", "Active", "Mock"],
            page=2,
        ),
        heading("Results"),
        table(["Test", "Value", "Date"], ["Mock", "5 mg/dL", "5/5/2020"], page=2),
        table(["Test", "Value", "Date"], ["width", "", ""], ["Testin", "6 mg/dL", "5/5/2020"], page=3),
    )
    assert names(document, "problems") == ["Mock cough without sneezing", "Testing fever"]
    assert [each[:2] for each in measures(document, "results")] == [("Mock width", "5"), ("Testin", "6")]
