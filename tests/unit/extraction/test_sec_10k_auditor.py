"""The auditor of made-up companies: who signs the report, in several settings."""

from __future__ import annotations

import pytest

from neuraldocflow.extraction.candidates import STRATEGIES, Context
from neuraldocflow.extraction.model import Document
from neuraldocflow.extraction.profile import Field
from tests.support.documents import document, table

REPORT = (
    "Report of Independent Registered Public Accounting Firm",
    "To the Shareholders and the Board of Directors of Mosswell Lantern Works, Inc.",
    "Opinion on the Financial Statements",
    "We have audited the accompanying consolidated balance sheets of Mosswell Lantern Works, Inc.",
)
SINCE = "We have served as the Company’s auditor since 2011."


def auditor(made: Document) -> str | None:
    found = list(STRATEGIES["auditor"](made, {}, Field("auditor"), Context([])))
    for each in found:
        assert each.raw == " ".join(made.text[each.start : each.end].split())
    return max(found, key=lambda each: each.score).raw if found else None


@pytest.mark.parametrize(
    "firm",
    [
        "Fennel & Marsh LLP",
        "Fennel & Marsh, LLP",
        "FENNEL LLP",
        "Fennel US LLP",
        "Fennel USA, P.C.",
        "Fennel Marsh, PLLC",
        "FennelMarsh+Dale, PC",
        "F&M CPAS, PLLC",
        "Fennel Marsh & Company, P.A.",
        "Fennel Marsh AG",
        "Fennel Marsh L.L.P.",
        "Fennel, Marsh & Dale, LLC",
        "Fennel Marsh",
        "Fennel Marsh & Associates",
        "Fennel van der Marsh LLP",
        "Fennel & Associates II, PLLC",
    ],
)
def test_the_firm_that_signs_the_report(firm: str) -> None:
    assert auditor(document(*REPORT, f"/s/ {firm}", "Portland, Oregon", "November 20, 2024", SINCE)) == firm


@pytest.mark.parametrize(
    "below",
    ["\nPortland, Oregon\nNovember 20, 2024", " (PCAOB ID: 4711)", " (PCAOB ID: 4711)\nPortland, Oregon"],
)
def test_a_firm_without_a_form_is_told_by_what_stands_behind_its_signature(below: str) -> None:
    assert auditor(document(*REPORT, f"/s/ Fennel & Marsh{below}", "Assets")) == "Fennel & Marsh"


@pytest.mark.parametrize(
    "told", ["; Portland, Oregon; PCAOB ID: 4711", ", Portland, OR, Auditor Firm ID: 4711"]
)
def test_an_index_may_name_the_firm_with_its_place_and_number(told: str) -> None:
    entry = f"Report of Independent Registered Public Accounting Firm (Fennel & Marsh LLP{told})"
    assert auditor(document("Index to Financial Statements", entry, "F-2")) == "Fennel & Marsh LLP"


def test_the_city_on_the_line_of_the_signature_is_not_the_firm() -> None:
    assert (
        auditor(document(*REPORT, "/s/ Fennel & Marsh LLP Portland, Oregon November 20, 2024", SINCE))
        == "Fennel & Marsh LLP"
    )


def test_a_signature_in_capitals() -> None:
    assert auditor(document(*REPORT, "/S/ FENNEL & MARSH LLP", SINCE)) == "FENNEL & MARSH LLP"


def test_a_signature_without_its_mark() -> None:
    assert auditor(document(*REPORT, "Fennel & Marsh LLP", "Portland, Oregon", SINCE)) == "Fennel & Marsh LLP"


def test_officers_signatures_are_not_the_auditors() -> None:
    made = document(
        *REPORT,
        "/s/ Fennel & Marsh LLP",
        SINCE,
        "SIGNATURES",
        "/s/ Ada Lark",
        "Chief Executive Officer",
        "/s/ Ben Rook",
    )
    assert auditor(made) == "Fennel & Marsh LLP"


def test_the_registrants_own_name_is_not_the_auditors() -> None:
    made = document("Mosswell Lantern Works, LLC", *REPORT, "/s/ Fennel & Marsh LLP", SINCE)
    assert auditor(made) == "Fennel & Marsh LLP"


def test_an_index_of_exhibits_names_the_firm_where_the_report_is_elsewhere() -> None:
    made = document(
        "Exhibits",
        table(
            ("23.1", "Consent of Fennel & Marsh LLP, Independent Registered Public Accounting Firm"),
            header_rows=0,
        ),
    )
    assert auditor(made) == "Fennel & Marsh LLP"


def test_the_firm_with_its_id_of_the_oversight_board() -> None:
    made = document(
        "Our independent registered public accounting firm is Fennel & Marsh LLP (PCAOB ID 9912)."
    )
    assert auditor(made) == "Fennel & Marsh LLP"


def test_a_table_of_auditor_information() -> None:
    made = document(
        table(
            ("Auditor Name", "Auditor Location", "Auditor Firm ID"),
            ("Fennel & Marsh LLP", "Portland, Oregon", "9912"),
        )
    )
    assert auditor(made) == "Fennel & Marsh LLP"


def test_no_report_no_auditor() -> None:
    assert auditor(document("Lanterns", "/s/ Ada Lark", "Chief Executive Officer")) is None


def test_a_firm_without_a_form_signs_over_the_place_and_day() -> None:
    assert (
        auditor(document(*REPORT, "/s/ Fennel Marsh", "Portland, Oregon", "November 20, 2004"))
        == "Fennel Marsh"
    )
    officer = ("/s/ Ada Fennel", "Chief Executive Officer", "November 20, 2004")
    assert auditor(document(*REPORT, *officer)) is None
