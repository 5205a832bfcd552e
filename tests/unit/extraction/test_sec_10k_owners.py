"""Figures of the owners and of the whole group, per share and not, told apart by where they stand."""

from __future__ import annotations

import pytest

from tests.support.statements import BALANCE, CASH, INCOME, changed, figure, report


@pytest.mark.parametrize(
    ("own", "whole"),
    [
        ("Mosswell shareholders' equity", "Total shareholders' equity"),
        ("Mosswell share of equity", "Total equity"),
        ("Stockholders' equity attributable to Mosswell", "Total stockholders' equity"),
    ],
)
def test_equity_of_the_owners_is_what_others_interests_are_added_to(own: str, whole: str) -> None:
    balance = changed(
        BALANCE,
        "Total stockholders' equity",
        (own, "400", "370"),
        ("Noncontrolling interests", "25", "20"),
        (whole, "425", "390"),
    )
    assert figure(report(balance=balance), "stockholders_equity") == 400_000_000


def test_equity_of_common_holders_alone_is_not_all_the_owners() -> None:
    balance = changed(
        BALANCE,
        "Total stockholders' equity",
        ("Total common stockholders' equity", "360", "330"),
        ("Total Mosswell stockholders' equity", "400", "370"),
        ("Noncontrolling interests", "25", "20"),
        ("Total equity", "425", "390"),
    )
    assert figure(report(balance=balance), "stockholders_equity") == 400_000_000


def test_net_income_per_share_is_not_net_income() -> None:
    income = changed(
        INCOME,
        "Net income",
        ("Mosswell's net income", "$ 350", "$ 312", "$ 274"),
        ("Of others", "5", "4", "3"),
    )
    income = changed(
        income,
        "Basic",
        ("Basic earnings per share", "", "", ""),
        ("Income from continuing operations", "$ 3.75", "$ 3.30", "$ 2.90"),
        ("Net income", "3.55", "3.10", "2.70"),
    )
    made = report(income=income, cash=changed(CASH, "Net income"))
    assert figure(made, "net_income") == 350_000_000
    assert figure(made, "eps_basic") == 3.55


def test_a_line_of_dashes_is_no_heading_of_the_lines_below_it() -> None:
    income = changed(
        INCOME,
        "Basic",
        ("Earnings per common share, basic:", "", "", ""),
        ("Continuing operations", "$ 3.55", "$ 3.10", "$ 2.70"),
        ("Discontinued operations", "—", "—", "—"),
        ("Net income of Mosswell's holders", "$ 3.55", "$ 3.10", "$ 2.70"),
    )
    assert figure(report(income=income), "eps_basic") == 3.55


def test_a_total_without_a_name_adds_up_a_line_that_has_a_dash() -> None:
    income = changed(
        changed(INCOME, "Basic"),
        "Diluted",
        ("Diluted", "", "", ""),
        ("Continuing operations", "$ 3.50", "$ 3.05", "$ 2.75"),
        ("Discontinued operations", "—", "—", "(0.10)"),
        ("", "$ 3.50", "$ 3.05", "$ 2.65"),
    )
    assert figure(report(income=income), "eps_diluted") == 3.5


def test_earnings_under_a_heading_per_share_are_the_basic_ones() -> None:
    income = changed(changed(INCOME, "Basic"), "Diluted")
    income = changed(
        income,
        "Earnings per share:",
        ("Per common share information", "", "", ""),
        ("Earnings", "$ 3.55", "$ 3.10", "$ 2.70"),
        ("Diluted earnings", "3.50", "3.05", "2.65"),
    )
    made = report(income=income)
    assert figure(made, "eps_basic") == 3.55
    assert figure(made, "eps_diluted") == 3.5


def test_a_footnotes_mark_that_lost_its_raising_is_no_part_of_a_name() -> None:
    income = changed(INCOME, "Net income", ("Profit1", "$ 350", "$ 312", "$ 274"))
    income = changed(income, "Diluted", ("Profit per share — diluted2", "$ 3.50", "$ 3.05", "$ 2.65"))
    made = report(income=income, cash=changed(CASH, "Net income"))
    assert figure(made, "net_income") == 350_000_000
    assert figure(made, "eps_diluted") == 3.5


def test_a_total_below_a_sum_of_some_revenues_is_the_revenue() -> None:
    rows = [
        ("Lamp fees", "$ 700", "$ 650", "$ 600"),
        ("Oil commissions", "300", "280", "260"),
        ("Noninterest revenue", "1,000", "930", "860"),
        ("Interest income", "1,600", "1,500", "1,400"),
        ("Interest expense", "600", "530", "460"),
        ("Total net revenue", "2,000", "1,900", "1,800"),
    ]
    assert figure(report(income=changed(INCOME, "Revenue", *rows)), "revenue") == 2_000_000_000


def test_cash_flows_may_be_called_by_their_kinds_alone() -> None:
    names = {
        "Net cash provided by operating activities": "Net cash from operations",
        "Net cash used in investing activities": "Net cash used in investing",
        "Net cash used in financing activities": "Net cash used in financing",
    }
    cash = tuple((names.get(row[0], row[0]), *row[1:]) for row in CASH)
    assert figure(report(cash=cash), "operating_cash_flow") == 390_000_000


def test_what_a_bank_lends_for_is_not_its_revenue() -> None:
    rows = [
        ("Interest on loans", "$ 1,500", "$ 1,400", "$ 1,300"),
        ("Interest on securities", "500", "500", "500"),
        ("Total interest income", "2,000", "1,900", "1,800"),
        ("Total interest expense", "700", "600", "500"),
        ("Net interest income", "1,300", "1,300", "1,300"),
    ]
    assert figure(report(income=changed(INCOME, "Revenue", *rows)), "revenue") is None


def test_net_income_available_for_common_holders_is_the_owners_where_others_have_a_share() -> None:
    income = changed(
        INCOME,
        "Net income",
        ("Net income", "$ 362", "$ 320", "$ 280"),
        ("Net income attributable to noncontrolling interests", "12", "8", "6"),
        ("Net income available for Mosswell common stockholders", "350", "312", "274"),
    )
    assert figure(report(income=income, cash=changed(CASH, "Net income")), "net_income") == 350_000_000


def test_a_name_that_begins_in_the_line_above_tells_which_earnings_per_share_they_are() -> None:
    income = changed(
        INCOME,
        "Diluted",
        ("Earnings per common share assuming dilution attributable to", "", "", ""),
        ("Mosswell Lantern Works common shareholders", "$ 3.50", "$ 3.05", "$ 2.65"),
    )
    assert figure(report(income=income), "eps_diluted") == 3.5


@pytest.mark.parametrize("others_first", [False, True])
def test_net_income_may_be_told_by_whose_it_is_below_a_heading(others_first: bool) -> None:
    whose = [
        ("Holders of Mosswell", "350", "312", "274"),
        ("Noncontrolling interests", "12", "8", "6"),
    ]
    income = changed(
        INCOME,
        "Net income",
        ("Net income", "$ 362", "$ 320", "$ 280"),
        ("Net income attributable to:", "", "", ""),
        *(reversed(whose) if others_first else whose),
    )
    assert figure(report(income=income, cash=changed(CASH, "Net income")), "net_income") == 350_000_000


def test_earnings_may_be_per_basic_share() -> None:
    income = changed(
        changed(changed(INCOME, "Basic"), "Diluted"),
        "Earnings per share:",
        ("Net earnings of Mosswell per basic common share", "$ 3.55", "$ 3.10", "$ 2.70"),
        ("Net earnings of Mosswell per diluted common share", "$ 3.50", "$ 3.05", "$ 2.65"),
    )
    assert figure(report(income=income), "eps_basic") == 3.55
    assert figure(report(income=income), "eps_diluted") == 3.5


def test_a_name_that_goes_on_in_the_next_line_tells_whose_net_income_it_is() -> None:
    income = changed(
        INCOME,
        "Net income",
        ("Net income", "$ 362", "$ 320", "$ 280"),
        ("Net income attributable to noncontrolling interests", "12", "8", "6"),
        ("Net income attributable to holders of the Mosswell Lantern", "", "", ""),
        ("Works", "350", "312", "274"),
    )
    assert figure(report(income=income, cash=changed(CASH, "Net income")), "net_income") == 350_000_000


def test_a_heading_per_share_may_take_two_lines() -> None:
    income = changed(
        INCOME,
        "Earnings per share:",
        ("Income per share attributable to Mosswell common and special", "", "", ""),
        ("Stock (Note 8)", "", "", ""),
    )
    income = changed(income, "Basic", ("Basic income", "$ 3.55", "$ 3.10", "$ 2.70"))
    income = changed(income, "Diluted", ("Diluted income", "3.50", "3.05", "2.65"))
    assert figure(report(income=income), "eps_basic") == 3.55
    assert figure(report(income=income), "eps_diluted") == 3.5


def test_the_first_year_may_stand_in_the_head_of_the_labels() -> None:
    head = ("Years ended Amount January 31, 2025", "", "Share", "February 2, 2024", "Share")
    income = tuple((row[0], row[1], row[1] and "66.8", row[2], row[2] and "66.6") for row in INCOME[1:])
    assert figure(report(income=(head, *income)), "revenue", "2025-01-31") == 2_000_000_000
