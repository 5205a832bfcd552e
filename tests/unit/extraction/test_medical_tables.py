"""Lists and measurements in the tables of clinical documents, whatever their layout."""

from __future__ import annotations

import pytest
from support.clinical_records import found, heading, measures, names, paragraph, record, table

from neuraldocflow.extraction.model import Block, Cell, Document, Table


@pytest.mark.parametrize(
    "title",
    [
        "Allergies, Adverse Reactions, Alerts",
        "ALLERGIES AND ADVERSE REACTIONS",
        "Allergies",
        "Drug Allergies",
        "Intolerances",
    ],
)
def test_a_section_is_known_by_its_meaning_not_its_wording(title: str) -> None:
    document = record(heading(title), table(["Substance", "Reaction"], ["Quinzine", "Hives"]))
    assert names(document, "allergies") == ["Quinzine"]


def test_the_coded_description_is_the_name_and_translations_are_its_codes() -> None:
    document = record(
        heading("Problems"),
        table(
            ["Group Description", "Code System", "Code", "Code Description", "Date and Time", "Status"],
            ["Sneezing group", "SNOMED-CT", "100001", "Seasonal sneezing", "05-05-2020", "Active"],
            ["", "ICD-10-CM", "J99", "Sneezing, other", "", ""],
        ),
    )
    assert names(document, "problems") == ["Seasonal sneezing"]
    (value,) = found(document, "clinical_details", sections=["problems"])
    assert [code["code"] for code in value["codes"]] == ["100001", "J99"]
    assert (value["status"], value["date"]) == ("Active", "2020-05-05")


def test_a_spanning_row_above_the_header_is_no_entry() -> None:
    document = record(
        heading("Medications"),
        table(
            ["Expired", "", ""],
            ["Name", "Start Date", "SIG"],
            ["Fablox Oral Tablet 5 mg", "1/2/2020", "take 1 tablet by oral route twice daily"],
        ),
    )
    (value,) = found(document, "clinical_details", sections=["medications"])
    assert value["name"] == "Fablox Oral Tablet 5 mg"
    assert (value["dose"], value["route"], value["frequency"]) == ("1 tablet", "by oral route", "twice daily")


def test_an_entry_listed_twice_is_one_name() -> None:
    document = record(
        heading("Immunizations"),
        table(["Vaccine", "Date", "Status"], ["Flu X", "2019", "Completed"], ["Flu X", "2020", "Completed"]),
    )
    assert names(document, "immunizations") == ["Flu X"]


def test_what_was_refused_was_not_done() -> None:
    document = record(
        heading("Immunizations"), table(["Vaccine", "Status"], ["Flu X", "Completed"], ["Pox Y", "Refused"])
    )
    assert names(document, "immunizations") == ["Flu X"]


def test_a_scheduled_procedure_is_not_among_those_done() -> None:
    document = record(
        heading("History of Procedures"),
        table(["Description", "Order Status"], ["Knee look", "Reviewed"], ["Ear look", "Scheduled"]),
    )
    assert names(document, "procedures", done_only=True) == ["Knee look"]
    assert names(document, "procedures") == ["Knee look", "Ear look"]


@pytest.mark.parametrize("text", ["No known allergies", "NKDA", "None recorded", "Not available."])
def test_a_statement_of_absence_is_no_allergy(text: str) -> None:
    document = record(heading("Allergies"), table(["Date", "Allergies"], ["1/1/2020", text]))
    assert names(document, "allergies") == []
    assert names(record(heading("Allergies"), paragraph(text)), "allergies") == []


def test_a_field_may_keep_the_statement_that_there_is_none() -> None:
    document = record(
        heading("Medications"), table(["Date", "Medications"], ["1/1/2020", "No known medications"])
    )
    assert names(document, "medications", keep_absence=True) == ["No known medications"]
    assert names(document, "medications") == []


def test_family_history_is_not_the_patients_problems() -> None:
    document = record(heading("Family history"), table(["Diagnosis", "Age"], ["Gout", "57"]))
    assert names(document, "problems") == []


def test_a_table_under_no_heading_is_known_by_its_columns() -> None:
    document = record(table(["Medication", "Dose", "Frequency"], ["Fablox", "5 mg", "daily"]))
    assert names(document, "medications") == ["Fablox"]


def test_tables_run_together_are_parted_at_their_titles() -> None:
    document = record(
        heading("Medications"),
        table(
            ["Medication", "Dose"],
            ["Fablox", "5 mg"],
            ["Problems", ""],
            ["Problem", "Status"],
            ["Gout", "Active"],
        ),
    )
    assert names(document, "medications") == ["Fablox"]
    assert names(document, "problems") == ["Gout"]


def test_a_table_goes_on_over_a_page_under_the_same_columns() -> None:
    header = ["Group Description", "Code", "Code Description", "Date", "Status"]
    document = record(
        heading("Problems"),
        table(header, ["A", "1", "Gout", "1/1/2020", "Active"], page=1),
        table(["B", "2", "Hiccups", "1/2/2020", "Active"], header_rows=0, page=2),
    )
    assert names(document, "problems") == ["Gout", "Hiccups"]


def test_a_measurement_has_its_unit_from_its_own_column() -> None:
    document = record(
        heading("Vital Signs"),
        table(["Vital Sign", "Value", "Unit", "Date"], ["BMI", "21.1", "kg/m2", "1/1/2020"]),
    )
    assert measures(document, "vital_signs") == [("BMI", "21.1", "kg/m2")]


def test_dates_as_columns_give_a_measurement_each() -> None:
    document = record(
        heading("Vital Signs"),
        table(["Date / Time:", "Nov 14, 2019", "April 7, 2020"], ["Height", "177 cm", "178 cm"]),
    )
    assert measures(document, "vital_signs") == [("Height", "177", "cm"), ("Height", "178", "cm")]


def test_vital_signs_as_columns_take_the_unit_of_the_cell_or_the_header() -> None:
    document = record(
        heading("Vitals"), table(["Date", "HR(bpm)", "WT", "Temp"], ["1/1/2020", "72", "80 kg", ""])
    )
    assert measures(document, "vital_signs") == [("HR", "72", "bpm"), ("WT", "80", "kg")]


def test_a_blood_pressure_is_two_measurements() -> None:
    document = record(
        heading("Vital Signs"), table(["Vital Sign", "Value"], ["Blood Pressure", "132/86 mmHg"])
    )
    assert measures(document, "vital_signs") == [
        ("Blood Pressure Systolic", "132", "mmHg"),
        ("Blood Pressure Diastolic", "86", "mmHg"),
    ]


def test_a_reference_range_behind_the_name_gives_the_unit() -> None:
    document = record(
        heading("Results"),
        table(["LAB", ""], ["HGB (12-16 g/dl)", "13.2"], ["PLT (135-145 10+3/ul)", "123 (L)"]),
    )
    assert measures(document, "results") == [("HGB", "13.2", "g/dl"), ("PLT", "123", "10+3/ul")]


def test_a_panel_in_one_cell_is_a_result_each() -> None:
    document = record(
        heading("Results Summary"),
        table(
            ["Data and Description", "Results"],
            ["1/1/2020 8:59 AM", "Hgb Bld-mCnc 12.60 g/dL\nHct Fr Bld 44.50 %"],
        ),
    )
    assert measures(document, "results") == [("Hgb Bld-mCnc", "12.60", "g/dL"), ("Hct Fr Bld", "44.50", "%")]


def test_a_finding_in_words_is_a_qualitative_result() -> None:
    document = record(heading("Results"), table(["Test", "Value", "Units"], ["Pox antigen", "negative", ""]))
    assert measures(document, "results") == []
    (value,) = found(document, "clinical_measures", sections=["results"], not_numeric=True)
    assert value["value"] == "negative"


def test_a_table_of_contents_opens_no_section() -> None:
    titles = ["Allergies", "Medications", "Problems", "Procedures", "Results"]
    document = record(*map(paragraph, titles), heading("Allergies"), paragraph("Quinzine"))
    assert names(document, "allergies") == ["Quinzine"]
    assert names(document, "results") == []


def test_a_header_that_comes_again_is_no_entry() -> None:
    header = ["Name", "Start Date", "SIG"]
    document = record(
        heading("Medications"),
        table(header, ["Fablox", "1/2/2020", ""], ["Expired", "", ""], header, ["Bazlox", "1/2/2019", ""]),
    )
    assert names(document, "medications") == ["Fablox", "Bazlox"]


def test_results_with_a_column_for_each_date_are_measured_on_it() -> None:
    rows = [["Test", "1/2/2020", "3/4/2020"], ["Sodium", "139 mmol/L", "141 mmol/L"]]
    document = record(heading("Lab Results"), table(*rows))
    assert measures(document, "results") == [("Sodium", "139", "mmol/L"), ("Sodium", "141", "mmol/L")]
    values = found(document, "clinical_measures", sections=["results"], numeric_only=True)
    assert [value["date"] for value in values] == ["2020-01-02", "2020-03-04"]


def test_the_unit_behind_a_name_is_no_part_of_it() -> None:
    rows = [["Analyte", "Result", "Ref. Range"], ["Glucose (mg/dL)", "104 H", "70-99"]]
    document = record(heading("Laboratory Results"), table(*rows))
    (value,) = found(document, "clinical_measures", sections=["results"], numeric_only=True)
    assert (value["name"], value["value"], value["unit"]) == ("Glucose", "104", "mg/dL")
    assert value["flag"] == "H"


def test_a_type_is_no_name_where_another_column_holds_it() -> None:
    rows = [["Allergy Type", "Causative Agent", "Reaction"], ["Drug allergy", "Quinzine", "Hives"]]
    assert names(record(heading("Allergies"), table(*rows)), "allergies") == ["Quinzine"]


def test_labels_beside_values_are_an_entry_for_each_run() -> None:
    rows = [["Substance", "Quinzine"], ["Reaction", "Hives"], ["Substance", "Latex"], ["Reaction", "Rash"]]
    document = record(heading("Allergies"), table(*rows, header_rows=0))
    assert names(document, "allergies") == ["Quinzine", "Latex"]
    values = found(document, "clinical_details", sections=["allergies"])
    assert [value["reaction"] for value in values] == ["Hives", "Rash"]


def test_lines_of_a_cell_that_stands_alone_are_entries() -> None:
    cells = [Cell(0, 0, "Substance"), Cell(0, 1, "Reaction"), Cell(1, 0, "Quinzine Latex", breaks=(9,))]
    shown = Block("table", "", table=Table(cells, 2, 2, header_rows=1))
    assert names(record(heading("Allergies"), shown), "allergies") == ["Quinzine", "Latex"]


def test_a_reactions_type_is_not_the_reaction() -> None:
    document = record(
        heading("Allergies"),
        table(["Agent", "Reaction Type", "Reactions"], ["Quinzine", "Intolerance", "Cough"]),
    )
    (told,) = found(document, "clinical_details", sections=["allergies"])
    assert told["reaction"] == "Cough"


def test_the_patients_particulars_under_a_laboratorys_name_are_no_results() -> None:
    document = record(
        heading("Test Reference Laboratory", 2),
        table(["Patient Name: Mock, Testo", "Collected: 06/03/2014"], ["Patient ID", "00177"], header_rows=0),
        heading("Panel"),
        table(["Test", "Result"], ["Glucose", "104 mg/dL"]),
    )
    assert measures(document, "results") == [("Glucose", "104", "mg/dL")]
    assert found(document, "clinical_measures", sections=["results"], not_numeric=True) == []


def test_headers_written_as_one_word_are_known() -> None:
    document = record(
        heading("Medications"),
        table(
            ["Material", "RxnormCode", "GenericName", "ProductStrength", "StartDate", "StopDate"],
            ["Fablox oral tablet", "RxNorm: 100001", "fabloxin", "5 mg", "Not Indicated", "2020-01-02"],
        ),
    )
    (value,) = found(document, "clinical_details", sections=["medications"])
    assert (value["name"], value["strength"], value["dose"]) == ("Fablox oral tablet", "5 mg", "5 mg")
    assert (value["end_date"], value.get("date")) == ("2020-01-02", None)
    assert value["codes"] == [{"system": "RxNorm", "code": "100001"}]


def test_a_cell_with_name_directions_and_supply_is_told_apart() -> None:
    text = "FABLOX, 50MG (Oral Tablet) 1 (one) Tablet daily for 5 days Quantity: 5 Refills: 0"
    document = record(heading("Medications"), table(["Name", "Dates"], [text, "2-Mar-2020"]))
    (value,) = found(document, "clinical_details", sections=["medications"])
    assert value["name"] == "FABLOX, 50MG (Oral Tablet)"
    assert value["directions"] == "1 (one) Tablet daily for 5 days"
    assert (value["dose"], value["route"], value["frequency"]) == ("1 (one) Tablet", "Oral", "daily")


@pytest.mark.parametrize(
    ("details", "told"),
    [
        ("Status: Active", {"status": "Active"}),
        ("Started 13-May-2020 Active", {"status": "Active", "date": "2020-05-13"}),
        ("Completed:2-Mar-2020", {"status": "Completed", "date": "2020-03-02"}),
        ("Resolved: 2-Mar-2020", {"end_date": "2020-03-02"}),
        (
            "Started 13-May-2020 Active Generic allowed",
            {"status": "Active", "date": "2020-05-13", "comment": "Generic allowed"},
        ),
        ("• Started 13-May-2020 Comments: two at first", {"date": "2020-05-13", "comment": "two at first"}),
        ("seen by the school nurse", {"comment": "seen by the school nurse"}),
    ],
)
def test_a_cell_of_details_is_read_by_its_labels(details: str, told: dict[str, str]) -> None:
    document = record(heading("Problems"), table(["Name", "Dates", "Details"], ["Gout", "", details]))
    (value,) = found(document, "clinical_details", sections=["problems"])
    assert value == {"name": "Gout", **told}


def test_tables_run_together_have_the_columns_of_their_own_headers() -> None:
    document = record(
        heading("Medications"),
        table(
            ["Active", "", "", ""],
            ["Name", "Start Date", "", "SIG"],
            ["Fablox", "1/2/2020", "", "take 1 tablet daily"],
            ["Expired", "", "", ""],
            ["Name", "Start Date", "SIG", "Comments"],
            ["Bazlox", "1/2/2019", "take 2 tablets daily", "bitter"],
        ),
    )
    values = found(document, "clinical_details", sections=["medications"])
    assert [(v["name"], v["directions"], v.get("comment")) for v in values] == [
        ("Fablox", "take 1 tablet daily", None),
        ("Bazlox", "take 2 tablets daily", "bitter"),
    ]


def test_codes_at_the_top_of_a_page_belong_to_the_last_entry_of_the_page_before() -> None:
    header = ["Group Description", "Code System", "Code", "Code Description", "Date", "Status"]
    document = record(
        heading("Problems"),
        table(header, ["A", "SNOMED-CT", "100001", "Gout", "1/1/2020", "Active"], page=1),
        table(header, ["", "ICD-10-CM", "M10", "Gout, unspecified", "", ""], page=2),
    )
    (value,) = found(document, "clinical_details", sections=["problems"])
    assert [code["code"] for code in value["codes"]] == ["100001", "M10"]


def test_a_row_alone_between_tables_is_a_result() -> None:
    document = record(
        heading("Results"),
        table(["ALT", "31.0"], ["AST", "18.0"], header_rows=0),
        paragraph("Blood Count"),
        paragraph("White Count 7.7 K/uL"),
        paragraph(
            "The sample of 3 May was discussed with 2 colleagues and will be taken again in 4.5 weeks."
        ),
    )
    assert measures(document, "results") == [("White Count", "7.7", "K/uL")]


def test_a_tables_headers_taken_for_a_heading_open_no_section() -> None:
    document = record(
        heading("Vital Signs"),
        heading("Date Test Result Details", 4),
        table(["Pulse", "72 bpm", "sitting"], ["Weight", "80 kg", ""], header_rows=0),
    )
    assert measures(document, "vital_signs") == [("Pulse", "72", "bpm"), ("Weight", "80", "kg")]
    assert measures(document, "results") == []


def test_a_laboratory_report_shown_as_one_table_has_its_head_and_its_results() -> None:
    shown = table(
        ["Patient Name MOCK, TESTO J", "", "Collected 02/27/2024", ""],
        ["Date of Birth 04/09/1948", "", "Ordering Physician TEST, ANN MD", ""],
        ["Final Report", "", "", ""],
        ["Test Name", "Result", "Flag", "Reference Interval Lab"],
        ["Glucose", "112", "H", "mg/dL 65 - 99"],
        ["Sugar ratio", "18", "", "6 - 22"],
        header_rows=0,
    )
    document = record(heading("TEST CLINICAL LABORATORIES", 2), shown)
    assert found(document, "clinical_head", role="patient_name") == ["TESTO J MOCK"]
    assert found(document, "clinical_head", role="birth_date") == ["1948-04-09"]
    values = found(document, "clinical_measures", sections=["results"])
    assert [(v["name"], v["value"], v["unit"], v["reference_range"]) for v in values] == [
        ("Glucose", "112", "mg/dL", "65 - 99"),
        ("Sugar ratio", "18", None, "6 - 22"),
    ]


def test_a_sex_before_a_reference_range_is_no_unit() -> None:
    document = record(heading("Results"), table(["HGB (M 13-18 g/dl; F 12-16 g/dl)", "13.2"], header_rows=0))
    assert measures(document, "results") == [("HGB", "13.2", "g/dl")]


def test_diagnoses_beside_their_labels_may_be_several() -> None:
    rows = [["Primary diagnosis", "Gout, chronic"], ["Comorbidities", "COPD; hiccups; dry skin"]]
    document = record(heading("Diagnoses"), table(*rows, header_rows=0))
    assert names(document, "diagnoses") == ["Gout, chronic", "COPD", "hiccups", "dry skin"]


def test_days_without_a_year_are_columns_of_occasions() -> None:
    rows = [["", "11-Jun", "Day 4"], ["CRP (mg/L)", "218", "96"], ["WCC (10^9/L)", "17.4", "11.2"]]
    document = record(heading("Investigations"), table(*rows))
    values = found(document, "clinical_measures", sections=["results"])
    assert [(v["name"], v["value"], v["unit"], v["date"]) for v in values] == [
        ("CRP", "218", "mg/L", "11-Jun"),
        ("CRP", "96", "mg/L", "Day 4"),
        ("WCC", "17.4", "10^9/L", "11-Jun"),
        ("WCC", "11.2", "10^9/L", "Day 4"),
    ]


def test_a_table_of_vital_signs_is_known_by_its_columns() -> None:
    document = record(
        heading("Note", 1), heading("On leaving"), table(["BP", "Pulse", "Temp"], ["124/68", "76", "36.6 C"])
    )
    assert [value for _, value, _ in measures(document, "vital_signs")] == ["124", "68", "76", "36.6"]


def test_a_line_that_begins_with_a_dose_is_no_part_of_the_name_above() -> None:
    cell = Cell(1, 0, "Fablox 2 grams IV 2 grams IV QD", breaks=(18,))
    shown = Block(
        "table", "", table=Table([Cell(0, 0, "Name"), Cell(0, 1, "Dates"), cell], 2, 2, header_rows=1)
    )
    (value,) = found(record(heading("Medications"), shown), "clinical_details", sections=["medications"])
    assert (value["name"], value["directions"]) == ("Fablox 2 grams IV", "2 grams IV QD")


def test_a_name_in_a_column_of_dates_is_no_date() -> None:
    document = record(
        heading("Problems"),
        table(["Name", "Dates", "Details"], ["Gout", "Mock, Tessa Dr", "Onset: 2 Mar 2020"]),
    )
    (value,) = found(document, "clinical_details", sections=["problems"])
    assert value["date"] == "2020-03-02"


def test_an_encounter_is_named_by_the_first_line_of_its_cell() -> None:
    cells = [
        Cell(0, 0, "Outpatient Encounter Diagnosis: Gout Mock, Tessa", breaks=(11, 37)),
        Cell(0, 1, "13-May-2020 to 14-May-2020"),
        Cell(1, 0, "Inpatient"),
        Cell(1, 1, "2-Mar-2020"),
    ]
    document = record(
        heading("Report", 1), heading("Encounters"), Block("table", "", table=Table(cells, 2, 2))
    )
    values = found(document, "clinical_details", sections=["encounters"])
    assert [(v["name"], v["date"]) for v in values] == [
        ("Outpatient", "2020-05-13"),
        ("Inpatient", "2020-03-02"),
    ]


def test_columns_with_the_date_behind_their_title_are_occasions() -> None:
    rows = [
        ["Test", "Current result 05 May 2024", "Previous result 12 Jan 2024", "Units", "Ref. range"],
        ["Haemoglobin", "102 L", "118", "g/L", "115-165"],
    ]
    document = record(heading("Laboratory Results", 1), table(*rows))
    values = found(document, "clinical_measures", sections=["results"])
    assert [(v["value"], v["unit"], v["date"], v.get("flag")) for v in values] == [
        ("102", "g/L", "2024-05-05", "L"),
        ("118", "g/L", "2024-01-12", None),
    ]


def test_the_patients_particulars_below_the_title_of_a_list_are_read() -> None:
    document = record(
        heading("Laboratory Results", 1),
        table(["Name:", "Testo Mock"], ["DOB:", "12 Mar 1956"], ["Location:", "Ward 7"], header_rows=0),
        table(["Test", "Result"], ["Glucose", "104 mg/dL"]),
    )
    assert head_of(document) == ["Testo Mock", "1956-03-12"]
    assert measures(document, "results") == [("Glucose", "104", "mg/dL")]
    assert found(document, "clinical_measures", sections=["results"], not_numeric=True) == []


def head_of(document: Document) -> list[str]:
    return [found(document, "clinical_head", role=role)[0] for role in ("patient_name", "birth_date")]
