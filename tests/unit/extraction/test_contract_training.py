from __future__ import annotations

import pytest

from neuraldocflow.profiles import forms
from neuraldocflow.training.corpus import Labelled
from neuraldocflow.training.fields import extract_fields, fit, left_out_error, table
from tests.support.contracts import supply_agreement

TRUTH = {
    "document_name": "Widget Supply Agreement",
    "parties": ["Bluefin Widgets, Incorporated", "Granite & Moss Co."],
    "agreement_date": "2017-03-06",
    "effective_date": "2017-03-06",
    "expiration_date": "2020-03-06",
    "renewal_term": "successive 1 year",
    "renewal_notice_period": "60 days",
    "governing_law": "Nevada",
}


@pytest.fixture(scope="module")
def contracts() -> list[Labelled]:
    return [
        Labelled(f"Filer{number}_1.pdf", f"filer{number}", supply_agreement(), TRUTH, {}, {})
        for number in range(12)
    ]


def test_the_profiles_fields_are_judged_by_the_truth(contracts: list[Labelled]) -> None:
    tally = extract_fields(contracts[:1], forms()["contract_analysis"])
    wrong = {name for (_, name, _), counts in tally.counts.items() if counts.wrong or counts.missed}
    assert wrong == {"governing_law"}
    assert tally.total("contract_analysis").right == 8


def test_confidence_is_what_scores_were_worth(contracts: list[Labelled]) -> None:
    judged = extract_fields(contracts, forms()["contract_analysis"]).judged
    points = fit(judged)
    assert points["governing_law"][-1][1] < 0.3
    assert points["document_name"][-1][1] > 0.9
    assert left_out_error(contracts, judged) < 0.2


def test_the_table_has_a_row_for_each_field_and_for_all(contracts: list[Labelled]) -> None:
    told = table(extract_fields(contracts[:2], forms()["contract_analysis"]), 0.031)
    assert "| parties | 1.000 | 1.000 | 1.000 | 4 |" in told
    assert "| governing_law | 0.000 | 0.000 | 0.000 | 2 |" in told
    assert told.endswith("left-out filers: 0.031.")
