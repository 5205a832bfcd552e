"""Figures of statements whose lines have other names than most, or none: what they add up tells them."""

from __future__ import annotations

import pytest

from tests.support.statements import BALANCE, CASH, INCOME, changed, figure, report


@pytest.mark.parametrize(
    "rows",
    [
        [("Premiums earned", "$ 2,000", "$ 1,900", "$ 1,800")],
        [
            ("Premiums earned", "$ 1,500", "$ 1,400", "$ 1,300"),
            ("Fees", "500", "500", "500"),
            ("All of it", "2,000", "1,900", "1,800"),
        ],
        [
            ("Rental income", "$ 1,500", "$ 1,400", "$ 1,300"),
            ("Royalties", "500", "500", "500"),
            ("", "2,000", "1,900", "1,800"),
        ],
        [("Total revenues from operations", "$ 2,000", "$ 1,900", "$ 1,800")],
    ],
)
def test_revenue_is_what_comes_in_above_the_costs(rows: list[tuple[str, ...]]) -> None:
    assert figure(report(income=changed(INCOME, "Revenue", *rows)), "revenue") == 2_000_000_000


@pytest.mark.parametrize(
    "label",
    [
        "Net income and comprehensive income",
        "Income attributable to Mosswell Lantern Works",
        "Net loss and total comprehensive loss",
    ],
)
def test_net_income_may_be_named_with_other_income(label: str) -> None:
    made = report(
        income=changed(INCOME, "Net income", (label, "$ 350", "$ 312", "$ 274")), cash=CASH[:1] + CASH[2:]
    )
    assert figure(made, "net_income") == 350_000_000


@pytest.mark.parametrize(
    ("was", "label", "name", "value"),
    [
        ("Total assets", "", "total_assets", 1_000_000_000),
        ("Total assets", "Assets, total", "total_assets", 1_000_000_000),
        ("Total stockholders' equity", "Total net assets", "stockholders_equity", 400_000_000),
        ("Total stockholders' equity", "Total Mosswell equity", "stockholders_equity", 400_000_000),
        (
            "Total stockholders' equity",
            "Total shareholders' (deficit) equity",
            "stockholders_equity",
            400_000_000,
        ),
        ("Cash and cash equivalents", "Unrestricted cash and cash equivalents", "cash", 120_000_000),
        ("Cash and cash equivalents", "Cash on hand", "cash", 120_000_000),
        (
            "Cash and cash equivalents",
            "Cash and balances due from depository institutions",
            "cash",
            120_000_000,
        ),
        (
            "Cash and cash equivalents",
            "Cash and cash equivalents, including restricted cash of $2",
            "cash",
            120_000_000,
        ),
    ],
)
def test_lines_of_the_balance_sheet_have_many_names(was: str, label: str, name: str, value: float) -> None:
    row = next(row for row in BALANCE if row[0] == was)
    made = report(balance=changed(BALANCE, was, (label, *row[1:])), cash=CASH[:-2])
    assert figure(made, name) == value


def test_restricted_cash_alone_is_not_the_cash() -> None:
    made = report(
        balance=changed(BALANCE, "Cash and cash equivalents", ("Restricted cash", "$ 120", "$ 100")),
        cash=CASH[:-2],
    )
    assert figure(made, "cash") is None


@pytest.mark.parametrize(("line", "value"), [("eps_basic", 3.55), ("eps_diluted", 3.5)])
def test_earnings_per_depositary_unit_are_told_by_their_heading(line: str, value: float) -> None:
    made = report(
        income=changed(INCOME, "Earnings per share:", ("Net income per depositary unit:", "", "", ""))
    )
    assert figure(made, line) == value
