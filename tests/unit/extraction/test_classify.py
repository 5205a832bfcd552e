"""Which profile a document is taken to be of."""

from __future__ import annotations

import pytest

from neuraldocflow import profiles
from neuraldocflow.extraction import Profile
from neuraldocflow.extraction.classify import classify
from tests.support.covers import BOXES, END, LISTING, NAME, TOP
from tests.support.documents import document

PROFILES = {name: Profile.from_dict(form) for name, form in profiles.forms(()).items()}


def letter(length: int) -> list[str]:
    return ["To our shareholders", *["Lanterns were in favor again. " * 30] * (length // 900)]


@pytest.mark.parametrize("length", [0, 30_000, 39_000, 200_000])
def test_an_annual_report_may_begin_with_a_letter(length: int) -> None:
    kind, sure = classify(document(*letter(length), *TOP, *NAME, *LISTING, *BOXES, *END), PROFILES)
    assert kind == "sec_10k"
    assert sure > 0.9


def test_a_report_that_quotes_one_further_down_is_none() -> None:
    quoted = (
        "As told in our annual report on Form 10-K to the Securities and Exchange Commission, sales rose."
    )
    kind, _ = classify(document(*letter(60_000), quoted, *letter(60_000)), PROFILES)
    assert kind == "generic"


@pytest.mark.parametrize(
    "lines",
    [
        ("Patient: MOCK, Testa DOB: 1987-05-30", "Specimen: Serum", "Thyrotest 14 umol/L (0 - 21)"),
        (
            "OPERATIVE REPORT",
            "MEDICAL RECORD NO.: 0048812",
            "BIRTHDATE: 08/30/1967",
            "PREOPERATIVE DIAGNOSIS: Gout",
        ),
    ],
)
def test_laboratory_and_operative_reports_are_medical_records(lines: tuple[str, ...]) -> None:
    assert classify(document(*lines), PROFILES)[0] == "medical_record"


def test_a_short_contract_is_told_by_its_title() -> None:
    own = (
        "The Carrier moves the lanterns by road, and nowhere else. " * 4
        + "This Agreement ends with the year."
    )
    assert classify(document("Road Transportation Agreement", own), PROFILES)[0] == "contract_analysis"
    assert classify(document("On roads and lanterns", own), PROFILES)[0] == "generic"


_TERMS = (
    "This agreement is governed by the laws of Ruritania. Neither party assigns it without prior"
    " written consent. The parties agree that lanterns stay the seller's until they are paid."
)


@pytest.mark.parametrize(
    "lines",
    [
        ("Lantern Works Ltd", "TAX INVOICE", "Invoice no. 4711", "Lanterns 12.00", _TERMS),
        ("PURCHASE ORDER 4711", "To: Lantern Works Ltd", _TERMS),
        ("Privacy Policy", "Who we are", _TERMS),
        ("Invoice", "Patient: Rex, DOB 2019-04-01", "Vaccination, vaccines, allergies none known", "24.00"),
        (
            "Lantern Works closes its year",
            "Mocktown, May 2: Lantern Works today announced its results. See the annual report on"
            " Form 10-K filed with the Securities and Exchange Commission.",
        ),
        (
            "Lanterns and sleep in 40 patients",
            "Mock et al. https://doi.org/10.1/lantern",
            "Vital signs, medications and allergies were recorded (mg/dL, p < 0.05).",
        ),
    ],
)
def test_what_its_title_calls_otherwise_is_none_of_them(lines: tuple[str, ...]) -> None:
    assert classify(document(*lines), PROFILES)[0] == "generic"


@pytest.mark.parametrize("title", ["Purchase Order Agreement", "Invoice Factoring Contract"])
def test_a_contract_may_be_titled_by_what_it_is_about(title: str) -> None:
    assert classify(document(title, _TERMS), PROFILES)[0] == "contract_analysis"
