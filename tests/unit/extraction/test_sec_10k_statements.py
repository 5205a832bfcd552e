"""Figures of the financial statements in annual reports of made-up companies."""

from __future__ import annotations

import pytest

from tests.support.documents import document, table
from tests.support.statements import BALANCE, CASH, INCOME, Rows, changed, figure, report


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("revenue", 2_000_000_000),
        ("net_income", 350_000_000),
        ("eps_basic", 3.55),
        ("eps_diluted", 3.50),
        ("total_assets", 1_000_000_000),
        ("total_liabilities", 600_000_000),
        ("stockholders_equity", 400_000_000),
        ("cash", 120_000_000),
        ("operating_cash_flow", 390_000_000),
    ],
)
def test_the_latest_years_figures_are_in_plain_units(line: str, value: float) -> None:
    assert figure(report(), line) == value


def test_a_loss_is_negative() -> None:
    income = changed(INCOME, "Net income", ("Net loss", "$ (350)", "$ (312)", "$ (274)"))
    income = changed(
        income, "Basic", ("Net loss per share, basic and diluted", "$ (3.55)", "$ (3.10)", "$ (2.70)")
    )
    made = report(income=changed(income, "Diluted"), cash=changed(CASH, "Net income"))
    assert figure(made, "net_income") == -350_000_000
    assert figure(made, "eps_basic") == -3.55
    assert figure(made, "eps_diluted") == -3.55


def test_liabilities_without_a_total_are_not_made_up() -> None:
    made = report(balance=changed(BALANCE, "Total liabilities"))
    assert figure(made, "total_liabilities") is None


def test_the_current_year_may_stand_last() -> None:
    income = tuple((row[0], *reversed(row[1:])) for row in INCOME)
    assert figure(report(income=income), "revenue") == 2_000_000_000


@pytest.mark.parametrize(
    ("unit", "scale"),
    [
        ("(Dollars in thousands, except per share amounts)", 1e3),
        ("(In thousands, except share and per share data)", 1e3),
        ("(In millions, except share data in thousands)", 1e6),
        ("Millions of dollars, except per share amounts", 1e6),
        ("(Thousands of Dollars)", 1e3),
        ("($ in millions)", 1e6),
        ("(000's omitted)", 1e3),
        ("($000s, except per share data)", 1e3),
        ("(U.S. dollars in billions)", 1e9),
        ("(Shares in thousands, dollars in millions)", 1e6),
        ("(in U.S. dollars)", 1.0),
    ],
)
def test_the_unit_over_the_statement_scales_amounts_but_not_those_per_share(unit: str, scale: float) -> None:
    made = report(unit=unit)
    assert figure(made, "revenue") == 2_000 * scale
    assert figure(made, "eps_basic") == 3.55


def test_statements_of_the_parent_alone_are_not_the_groups() -> None:
    parent = changed(BALANCE, "Total assets", ("Total assets", "$ 777", "$ 700"))
    made = document(
        *report().blocks,
        "Schedule I - Condensed Financial Information of the Registrant (Parent Company Only)",
        "BALANCE SHEETS (in millions)",
        table(*parent),
    )
    assert figure(made, "total_assets") == 1_000_000_000


def test_statements_in_plain_lines_are_read_too() -> None:
    def lines(rows: Rows) -> list[str]:
        return ["  ".join(each for each in row if each) for row in rows]

    made = document(
        "Item 8. Financial Statements",
        "CONSOLIDATED BALANCE SHEETS",
        "(In millions)",
        *lines(BALANCE),
        "CONSOLIDATED STATEMENTS OF INCOME",
        "(In millions, except per share data)",
        *lines(INCOME),
    )
    assert figure(made, "total_assets") == 1_000_000_000
    assert figure(made, "revenue") == 2_000_000_000
    assert figure(made, "eps_diluted") == 3.5


def test_a_document_without_statements_has_no_figures() -> None:
    made = document("Lanterns", table(("Model", "2024", "2023"), ("Brass", "12", "10"), ("Tin", "40", "41")))
    assert figure(made, "revenue") is None


@pytest.mark.parametrize(
    "between", [(), ("72",), ("MOSSWELL LANTERN WORKS", "CONSOLIDATED STATEMENTS OF CASH FLOWS (continued)")]
)
@pytest.mark.parametrize("heading", [False, True])
def test_a_statement_goes_on_in_a_second_table(between: tuple[str, ...], heading: bool) -> None:
    rows = tuple((row[0], *reversed(row[1:])) for row in CASH)
    income = tuple((row[0], *reversed(row[1:])) for row in INCOME)
    second = (rows[0], *rows[5:]) if heading else rows[5:]
    made = document(
        "CONSOLIDATED STATEMENTS OF CASH FLOWS",
        "(in thousands)",
        table(*rows[:5]),
        *between,
        table(*second, header_rows=int(heading)),
        "CONSOLIDATED STATEMENTS OF INCOME",
        "(in thousands)",
        table(*income[:6]),
        *(each.replace("CASH FLOWS", "INCOME") for each in between),
        table(*((income[0], *income[6:]) if heading else income[6:]), header_rows=int(heading)),
    )
    assert figure(made, "operating_cash_flow") == 390_000
    assert figure(made, "net_income") == 350_000
    assert figure(made, "eps_diluted") == 3.5


def test_a_statement_after_another_is_not_its_continuation() -> None:
    made = report()
    assert figure(made, "cash") == 120_000_000
    assert figure(made, "operating_cash_flow") == 390_000_000
