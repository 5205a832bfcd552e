"""Annual reports: the cover page by its captions, statements by their rows, tagged facts by their period."""

from __future__ import annotations

from typing import Any

import pytest

from neuraldocflow.extraction.model import Fact
from tests.support.filings import (
    COVER,
    accounts,
    annual_report,
    balance_sheet,
    block,
    cash_flows,
    document,
    fields,
    income_statement,
    table,
    values,
)

COVER_VALUES = {
    "registrant_name": "LANTERN HARBOR FERRIES, INC.",
    "commission_file_number": "001-99887",
    "fiscal_year_end": "2024-09-28",
    "state_of_incorporation": "Nevada",
    "irs_employer_number": "98-7654321",
    "address_line1": "12 Quay Street",
    "city": "Port Lantern",
    "state": "Oregon",
    "zip": "97003",
    "phone": "5035550142",
    "securities": ["Common Stock, $0.01 par value"],
    "trading_symbols": ["LHFX"],
    "exchanges": ["The Nasdaq Stock Market LLC"],
    "well_known_seasoned_issuer": "No",
    "filer_category": "Accelerated filer",
    "shell_company": False,
    "public_float": 412_500_000,
    "shares_outstanding": [31_204_877],
}
STATEMENT_VALUES = {
    "revenue": 100_500_000,
    "net_income": 29_000_000,
    "eps_basic": 0.94,
    "eps_diluted": 0.91,
    "total_assets": 200_000_000,
    "total_liabilities": 92_000_000,
    "stockholders_equity": 104_000_000,
    "cash": 12_300_000,
    "operating_cash_flow": 41_250_000,
}


def replaced(*pairs: tuple[str, str]) -> list[str]:
    """The cover with some of its lines changed."""
    changes = dict(pairs)
    return [changes.get(line, line) for line in COVER]


@pytest.mark.parametrize(("name", "value"), list(COVER_VALUES.items()))
def test_the_cover_page_is_read_by_its_captions(name: str, value: Any) -> None:
    assert values(annual_report())[name] == value


@pytest.mark.parametrize(("name", "value"), list(STATEMENT_VALUES.items()))
def test_figures_come_from_the_statements_in_plain_units(name: str, value: Any) -> None:
    assert values(annual_report())[name] == value


def test_every_value_stands_where_its_provenance_says() -> None:
    filing = annual_report()
    for found in fields(filing).values():
        for value in found.values:
            assert value.provenance, found.field.name
            first = value.raw.split()[0].strip("$(),")
            assert any(first in place.text for place in value.provenance), found.field.name


def test_the_auditor_signs_the_report() -> None:
    assert values(annual_report())["auditor"] == "Pell & Marrow LLP"


def test_a_cover_in_layout_tables() -> None:
    cover = [
        *COVER[:6],
        table(
            [
                ["Nevada", "98-7654321"],
                ["(State or other jurisdiction of incorporation)", "(I.R.S. Employer Identification No.)"],
                ["12 Quay Street, Port Lantern, Oregon", "97003"],
                ["(Address of principal executive offices)", "(Zip Code)"],
            ]
        ),
        *COVER[10:12],
        table(
            [
                ["Title of each class", "Trading Symbol", "Name of each exchange on which registered"],
                ["Common Stock, $0.01 par value", "LHFX", "New York Stock Exchange"],
                ["4.25% Notes due 2031", "LHFX31", "New York Stock Exchange"],
            ],
            1,
        ),
        *COVER[14:],
    ]
    found = values(annual_report(cover))
    assert found["state_of_incorporation"] == "Nevada"
    assert found["zip"] == "97003"
    assert found["city"] == "Port Lantern"
    assert found["securities"] == ["Common Stock, $0.01 par value", "4.25% Notes due 2031"]
    assert found["trading_symbols"] == ["LHFX", "LHFX31"]
    assert found["exchanges"] == ["New York Stock Exchange"]


def test_street_and_city_on_one_line_are_told_apart() -> None:
    line = COVER[8]
    found = values(annual_report(replaced((line, "12 Quay Street Port Lantern, OR 97003-1122"))))
    assert (found["address_line1"], found["city"]) == ("12 Quay Street", "Port Lantern")
    assert (found["state"], found["zip"]) == ("OR", "97003-1122")


@pytest.mark.parametrize(
    ("boxes", "category"),
    [
        ("☒ Large accelerated filer ☐ Accelerated filer ☐ Non-accelerated filer", "Large accelerated filer"),
        (
            "Large accelerated filer [ ] Accelerated filer [ ] Non-accelerated filer [X]",
            "Non-accelerated filer",
        ),
        ("Large accelerated filer o Accelerated filer o Non-accelerated filer þ", "Non-accelerated filer"),
        ("Large accelerated filer ¨ Accelerated filer x Non-accelerated filer ¨", "Accelerated filer"),
    ],
)
def test_the_marked_box_says_the_category(boxes: str, category: str) -> None:
    assert values(annual_report(replaced((COVER[17], boxes))))["filer_category"] == category


@pytest.mark.parametrize(
    ("answer", "value"),
    [("Yes ☒ No ☐", "Yes"), ("☐ Yes ☒ No", "No"), ("Yes [X] No [ ]", "Yes"), ("[x] Yes [ ] No", "Yes")],
)
def test_yes_or_no_by_the_mark(answer: str, value: str) -> None:
    line = COVER[15]
    changed = replaced((line, line.replace("Yes ☐ No ☒", answer)))
    assert values(annual_report(changed))["well_known_seasoned_issuer"] == value


def test_no_answer_without_a_mark() -> None:
    line = COVER[15]
    changed = replaced((line, line.replace("Yes ☐ No ☒", "Yes No")))
    assert values(annual_report(changed))["well_known_seasoned_issuer"] is None


def test_two_classes_of_shares_are_two_counts() -> None:
    text = "On November 15, 2024, 31,204,877 Class A shares and 1,000,250 Class B shares were outstanding."
    assert values(annual_report(replaced((COVER[20], text))))["shares_outstanding"] == [31_204_877, 1_000_250]


def test_the_latest_year_is_the_fiscal_years_column_wherever_it_stands() -> None:
    found = values(annual_report())
    assert found["total_assets"] == 200_000_000  # right-hand column of the balance sheet
    assert found["operating_cash_flow"] == 41_250_000  # left-hand column of the cash flows


def test_a_unit_in_the_heading_row_is_the_scale() -> None:
    rows = [
        ["Millions, Except Per Share Amounts", "2024", "2023"],
        ["Operating revenues", "$ 900", "$ 850"],
        ["Cost of services", "500", "480"],
        ["Income before income taxes", "300", "290"],
        ["Net loss", "(45)", "(12)"],
        ["Loss per share, basic", "(1.25)", "(0.33)"],
        ["Loss per share, diluted", "(1.25)", "(0.33)"],
    ]
    found = values(annual_report(statements=[block("Consolidated Statements of Operations"), table(rows, 1)]))
    assert found["revenue"] == 900_000_000
    assert found["net_income"] == -45_000_000
    assert (found["eps_basic"], found["eps_diluted"]) == (-1.25, -1.25)


def test_the_parents_own_statements_are_not_the_consolidated_ones() -> None:
    parent = [
        block("Schedule I - Condensed Financial Information of Parent (In thousands) Balance Sheets"),
        table(
            [
                ["", "2024", "2023"],
                ["Total current assets", "1,000", "900"],
                ["Total assets", "5,000", "4,500"],
                ["Total current liabilities", "300", "280"],
                ["Total liabilities", "700", "650"],
                ["Retained earnings", "4,000", "3,600"],
                ["Total stockholders' equity", "4,300", "3,850"],
            ],
            1,
        ),
    ]
    found = values(annual_report(statements=[*parent, *accounts()]))
    assert found["total_assets"] == 200_000_000
    assert found["stockholders_equity"] == 104_000_000


def test_statements_in_plain_lines() -> None:
    lines = [
        block("CONSOLIDATED BALANCE SHEETS (in thousands)"),
        block("2024 2023"),
        block("Cash and cash equivalents $ 12,300 $ 9,100"),
        block("Total current assets 45,000 40,000"),
        block("Goodwill 10,000 10,000"),
        block("Total assets $ 200,000 $ 190,000"),
        block("Accounts payable 8,000 7,000"),
        block("Total current liabilities 31,000 30,000"),
        block("Total liabilities 92,000 90,000"),
        block("Retained earnings 68,000 60,000"),
        block("Total stockholders' equity 108,000 100,000"),
    ]
    found = values(annual_report(statements=lines))
    assert found["total_assets"] == 200_000_000
    assert found["cash"] == 12_300_000
    assert found["stockholders_equity"] == 108_000_000


def test_the_names_of_a_banks_lines() -> None:
    rows = [
        ["(in millions)", "2024", "2023"],
        ["Cash and due from banks", "$ 1,200", "$ 1,100"],
        ["Loans, net", "40,000", "38,000"],
        ["Total assets", "60,000", "58,000"],
        ["Total deposits", "48,000", "47,000"],
        ["Total liabilities", "54,000", "52,500"],
        ["Retained earnings", "4,000", "3,700"],
        ["Total shareholders' equity", "6,000", "5,500"],
    ]
    found = values(
        annual_report(statements=[block("Consolidated Statements of Financial Condition"), table(rows, 1)])
    )
    assert found["cash"] == 1_200_000_000
    assert found["total_liabilities"] == 54_000_000_000
    assert found["stockholders_equity"] == 6_000_000_000


def test_nothing_is_made_up_without_statements() -> None:
    found = values(annual_report(statements=[]))
    assert {name: found[name] for name in STATEMENT_VALUES} == dict.fromkeys(STATEMENT_VALUES)


def fact(name: str, value: Any, raw: str = "", **context: Any) -> Fact:
    return Fact(name, raw or str(value), value, 0, 1, {"members": {}, **context})


YEAR = {"start": "2023-10-01", "end": "2024-09-28"}


def test_tagged_facts_win_and_are_of_the_fiscal_year() -> None:
    filing = annual_report()
    filing.facts = [
        fact("dei:DocumentPeriodEndDate", "2024-09-28", **YEAR),
        fact("dei:EntityRegistrantName", "Lantern Harbor Ferries", **YEAR),
        fact("us-gaap:Revenues", 90_000, start="2022-10-02", end="2023-09-30", unit="USD"),
        fact("us-gaap:Revenues", 25_000, start="2024-07-01", end="2024-09-28", unit="USD"),
        fact("us-gaap:Revenues", 100_777, **YEAR, unit="USD"),
        fact("us-gaap:Assets", 190_000, instant="2023-09-30", unit="USD"),
        fact("us-gaap:Assets", 200_777, instant="2024-09-28", unit="USD"),
        fact("dei:CityAreaCode", "503", **YEAR),
        fact("dei:LocalPhoneNumber", "555-0199", **YEAR),
        fact("dei:EntityCentralIndexKey", "0000424242", **YEAR),
    ]
    found = values(filing)
    assert found["revenue"] == 100_777
    assert found["total_assets"] == 200_777
    assert found["registrant_name"] == "Lantern Harbor Ferries"
    assert found["phone"] == "5035550199"
    assert found["cik"] == "0000424242"
    assert found["net_income"] == 29_000_000  # not tagged: from the statements


def test_a_fact_of_a_part_is_not_the_whole() -> None:
    filing = annual_report()
    part = fact("us-gaap:Revenues", 80_100, **YEAR, unit="USD")
    part.context["members"] = {"srt:ProductOrServiceAxis": "x:FaresMember"}
    filing.facts = [fact("dei:DocumentPeriodEndDate", "2024-09-28", **YEAR), part]
    assert values(filing)["revenue"] == 100_500_000


def test_cash_alone_is_a_part_where_the_sum_is_tagged_too() -> None:
    filing = annual_report()
    now = {"instant": "2024-09-28", "unit": "USD"}
    filing.facts = [
        fact("dei:DocumentPeriodEndDate", "2024-09-28", **YEAR),
        fact("us-gaap:Cash", 250, **now),
        fact("us-gaap:CashCashEquivalentsAndShortTermInvestments", 5_488, **now),
    ]
    assert values(filing)["cash"] == 5_488


def test_a_comma_tagged_with_a_city_is_not_of_its_name() -> None:
    filing = annual_report()
    filing.facts = [fact("dei:EntityAddressCityOrTown", "Millbrook,", **YEAR)]
    assert values(filing)["city"] == "Millbrook"


def test_an_empty_document_has_no_values() -> None:
    assert all(not found.values for found in fields(document([])).values())


def test_statements_alone_give_their_figures() -> None:
    filing = document(
        ["Consolidated Statements (in thousands)", income_statement(), balance_sheet(), cash_flows()]
    )
    found = values(filing)
    assert found["revenue"] == 100_500_000
    assert found["cash"] == 12_300_000
