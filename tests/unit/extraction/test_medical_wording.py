"""Ways clinical documents write sodium, units, doses and identifiers."""

from __future__ import annotations

import pytest
from support.clinical_records import found, heading, item, measures, names, record, table

from neuraldocflow.extraction.clinical.codes import split_codes
from neuraldocflow.extraction.clinical.dates import DATE
from neuraldocflow.extraction.clinical.doses import dosing
from neuraldocflow.extraction.clinical.identity import identifiers
from neuraldocflow.extraction.clinical.parts import Part
from neuraldocflow.extraction.clinical.terms import ABSENCE


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


@pytest.mark.parametrize("unit", ["[lb_av]", "[in_us]", "mm2", "m2", "cm²"])
def test_a_unit_is_not_cut_where_a_shorter_one_ends(unit: str) -> None:
    document = record(heading("Vital Signs"), table(["Vital Sign", "Value"], ["Size", f"16.5 {unit}"]))
    assert measures(document, "vital_signs") == [("Size", "16.5", unit)]


def test_a_blood_pressure_may_have_decimals() -> None:
    document = record(heading("Vital Signs"), table(["Vital Sign", "Value"], ["BP", "120.0/80.5 mm[Hg]"]))
    assert [value for _, value, _ in measures(document, "vital_signs")] == ["120.0", "80.5"]


def test_a_flag_between_stars_may_say_that_it_is_critical() -> None:
    document = record(heading("Results"), table(["Test", "Value"], ["Thyrotest", "9.5 mg/dL *>HHI*"]))
    (value,) = found(document, "clinical_measures", sections=["results"], numeric_only=True)
    assert value["flag"] == ">HHI"


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


def test_a_route_the_directions_leave_out_is_the_one_in_the_name() -> None:
    assert dosing("1 (one) Tablet daily", "Fablox (Oral Tablet)")["route"] == "Oral"
    assert dosing("apply to the nostrils nasally", "Fablox Oral Gel")["route"] == "nasally"


def test_every_few_minutes_is_a_frequency() -> None:
    assert dosing("0.4 mg, SL, Q5min", "Fablox")["frequency"] == "Q5min"


@pytest.mark.parametrize(
    "text",
    ["11-July-2013", "Aug-06-2012/12:13:00", "6 August 2012", "Thursday, December 20, 2012", "Spring 2010"],
)
def test_a_date_is_one_in_whatever_order(text: str) -> None:
    assert DATE.match(text)


def test_a_name_with_a_year_behind_it_is_no_date() -> None:
    assert not DATE.match("Fluvax 2012-2013")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("MRN: PT_00123", ["PT_00123"]),
        ("12/34567", ["12/34567"]),
        ("12345678 (Memorial Hospital)", ["12345678"]),
        ("MRN#12345, SSN: 000-00-1234", ["12345", "000-00-1234"]),
        ("NHS 943 476 5919", ["943 476 5919"]),
        ("(Memorial Hospital)", []),
        ("2.100", []),
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


def test_codes_that_share_one_pair_of_brackets_are_taken_apart() -> None:
    text = "Hiccups, chronic (786.8, R06.6)"
    name, codes = split_codes(Part(text, 0, len(text)))
    assert name.text == "Hiccups, chronic"
    assert codes == [{"system": "ICD-9", "code": "786.8"}, {"system": "ICD-10", "code": "R06.6"}]


def test_numbers_in_brackets_that_are_no_codes_stay_in_the_name() -> None:
    text = "Pox vaccine (100, 200)"
    assert split_codes(Part(text, 0, len(text))) == (Part(text, 0, len(text)), [])


def test_a_dash_may_stand_between_a_medication_and_its_dose() -> None:
    document = record(
        heading("Medications"),
        item("Fablox - 20mg by mouth once daily"),
        item("Bazlox - 36 units every evening"),
        item("Quuxol - 10 mg Oral Tablet"),
    )
    assert names(document, "medications") == ["Fablox", "Bazlox", "Quuxol - 10 mg Oral Tablet"]
    first, *_ = found(document, "clinical_details", sections=["medications"])
    assert (first["dose"], first["route"], first["frequency"]) == ("20mg", "by mouth", "once daily")


def test_a_number_is_a_result_where_it_is_judged_in_words() -> None:
    document = record(
        heading("Results"),
        item("Thyrotest - 6 m[IU]/L (abnormal, high alert)"),
        item("Clotratio - 3.5 (abnormal, high alert)"),
        item("Mock scan - 2 (old) shadows"),
    )
    assert measures(document, "results") == [("Thyrotest", "6", "m[IU]/L"), ("Clotratio", "3.5", None)]
    flags = [each["flag"] for each in found(document, "clinical_measures", sections=["results"])]
    assert flags == ["abnormal, high alert"] * 2


@pytest.mark.parametrize(
    ("name", "value", "unit"),
    [
        ("Heart Rate", "80", "beats per minute"),
        ("Respiratory Rate", "18", "breaths per minute"),
        ("Weight", "88000", "gms"),
        ("O2 Saturation", "95", "percent"),
        ("Temperature", "37.2", "degrees C"),
    ],
)
def test_units_may_be_written_out(name: str, value: str, unit: str) -> None:
    document = record(heading("Vital Signs"), table(["Vital Sign", "Value"], [name, f"{value} {unit}"]))
    assert measures(document, "vital_signs") == [(name, value, unit)]


@pytest.mark.parametrize(
    ("directions", "route", "frequency"),
    [
        ("Take 1 tablet every day by oral route.", "by oral route", "every day"),
        ("INSTILL 4 DROPS TO LEFT EAR TWICE DAILY", "TO LEFT EAR", "TWICE DAILY"),
        ("1 drop in right eye 4 times a day", "in right eye", "4 times a day"),
        ("1 tablet by mouth everyday at bedtime", "by mouth", "everyday at bedtime"),
    ],
)
def test_routes_and_frequencies_of_other_forms(directions: str, route: str, frequency: str) -> None:
    told = dosing(directions, "Fablox")
    assert (told["route"], told["frequency"]) == (route, frequency)


def test_a_code_behind_a_test_is_no_range() -> None:
    document = record(
        heading("Results"),
        table(
            ["Test Item", "Value"],
            ["Mockose (test code = 41653-7)", "=5.0 mg/dL"],
            ["Testin (4544-3)", "> 9"],
        ),
    )
    first, second = found(document, "clinical_measures", sections=["results"])
    assert first["codes"] == [{"system": "LOINC", "code": "41653-7"}]
    assert (first["name"], first["value"]) == ("Mockose", "5.0")
    assert "reference_range" not in first
    assert (second["value"], second.get("reference_range")) == (">9", None)


@pytest.mark.parametrize("unit", ["G/l", "T/L", "Gpt/l", "G/µl"])
def test_counts_of_cells_have_units_of_powers_of_ten(unit: str) -> None:
    document = record(heading("Laboratory"), item(f"Na 138 mmol/l, Mockocytes 8.1 {unit}, Hb 13.2 g/dl"))
    assert measures(document, "results")[1:] == [("Mockocytes", "8.1", unit), ("Hb", "13.2", "g/dl")]


@pytest.mark.parametrize("shown", ["mg/dL", "mg/dL (calc)"])
def test_a_unit_may_be_all_that_stands_where_the_range_does(shown: str) -> None:
    document = record(
        heading("Results"),
        table(["Test", "Value", "Reference Range"], ["Thyrotest", "108", shown], ["Glucose", "90", "65-99"]),
    )
    value, other = found(document, "clinical_measures", sections=["results"], numeric_only=True)
    assert (value["unit"], value.get("reference_range")) == ("mg/dL", None)
    assert other["reference_range"] == "65-99"


@pytest.mark.parametrize("often", ["three times daily", "1-0-1", "0-0-1-0", "2 times a day"])
def test_how_often_a_medication_is_taken_is_no_part_of_its_name(often: str) -> None:
    document = record(heading("Medications"), item(f"Fablox 875/125 mg {often}"))
    (entry,) = found(document, "clinical_details", sections=["medications"])
    assert (entry["name"], entry["frequency"]) == ("Fablox 875/125 mg", often)
