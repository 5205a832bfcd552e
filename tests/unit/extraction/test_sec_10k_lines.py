"""What the lines of statements are called in reports of many trades."""

from __future__ import annotations

import pytest

from tests.support.statements import BALANCE, CASH, INCOME, changed, figure, report


@pytest.mark.parametrize(
    "label",
    [
        "Net sales",
        "Net revenues",
        "Revenues",
        "Sales",
        "Total revenues",
        "Total net revenue",
        "Total net sales",
        "Total operating revenues",
        "Operating revenues",
        "Total sales and revenues",
        "Sales to customers",
        "Total revenues, net of interest expense",
        "Total revenues net of interest expense",
        "Revenues, net",
        "Net operating revenues",
        "Total revenues and other income",
        "Sales and other operating revenues",
        "Total revenues and other",
        "REVENUES, NET OF INTEREST EXPENSE",
        "Revenue (Note 3)",
        "Net sales and operating revenues",
        "Total net revenues",
        "Total Company revenues",
        "Net revenue",
        "Total revenue, net",
        "Consolidated revenues",
        "Total revenues (including $12 from related parties)",
        "Revenues from contracts with customers",
    ],
)
def test_revenue_has_many_names(label: str) -> None:
    assert (
        figure(report(income=changed(INCOME, "Revenue", (label, *INCOME[1][1:]))), "revenue") == 2_000_000_000
    )


@pytest.mark.parametrize(
    "rows",
    [
        [
            ("Revenues:",),
            ("Product", "1,500", "1,400", "1,300"),
            ("Service", "500", "500", "500"),
            ("Total", "2,000", "1,900", "1,800"),
        ],
        [
            ("Product revenue", "1,500", "1,400", "1,300"),
            ("Service revenue", "500", "500", "500"),
            ("Total revenue", "2,000", "1,900", "1,800"),
        ],
        [
            ("Net sales", "1,900", "1,800", "1,700"),
            ("Membership fees", "100", "100", "100"),
            ("Total revenue", "2,000", "1,900", "1,800"),
        ],
        [
            ("Total interest income", "900", "800", "700"),
            ("Interest expense", "200", "150", "100"),
            ("Net interest income", "700", "650", "600"),
            ("Total noninterest income", "1,300", "1,250", "1,200"),
            ("Total revenue", "2,000", "1,900", "1,800"),
        ],
        [
            ("Premiums", "1,700", "1,600", "1,500"),
            ("Net investment income", "300", "310", "300"),
            ("Net investment gains (losses)", "—", "(10)", "—"),
            ("Total revenues", "2,000", "1,900", "1,800"),
        ],
        [
            ("Electric operating revenues", "1,500", "1,400", "1,300"),
            ("Gas operating revenues", "500", "500", "500"),
            ("Total operating revenues", "2,000", "1,900", "1,800"),
        ],
        [
            ("Revenues",),
            ("Rental revenues", "1,900", "1,800", "1,700"),
            ("Other revenues", "100", "100", "100"),
            ("Total revenues", "2,000", "1,900", "1,800"),
        ],
    ],
)
def test_the_total_of_revenues_is_the_revenue(rows: list[tuple[str, ...]]) -> None:
    padded = [row + ("",) * (4 - len(row)) for row in rows]
    assert figure(report(income=changed(INCOME, "Revenue", *padded)), "revenue") == 2_000_000_000


@pytest.mark.parametrize(
    "label",
    [
        "Net earnings",
        "Net income (loss)",
        "Net (loss) income",
        "NET EARNINGS",
        "Net income attributable to Mosswell Lantern Works",
        "Net earnings attributable to the Company",
        "Net income attributable to the Company's shareholders",
        "Net income for the year",
        "Net earnings (loss)",
        "Net income/(loss)",
        "Consolidated net income",
        "Profit for the year",
        "Net Income Attributable to Mosswell, Inc. and Subsidiaries",
        "Net income available to common stockholders",
    ],
)
def test_net_income_has_many_names(label: str) -> None:
    without = changed(CASH, "Net income")
    made = report(income=changed(INCOME, "Net income", (label, *INCOME[7][1:])), cash=without)
    assert figure(made, "net_income") == 350_000_000


def test_net_income_is_what_the_parents_owners_have() -> None:
    rows = [
        ("Net income", "$ 360", "$ 322", "$ 284"),
        ("Less: net income attributable to noncontrolling interests", "10", "10", "10"),
        ("Net income attributable to Mosswell", "$ 350", "$ 312", "$ 274"),
        ("Preferred dividends", "5", "5", "5"),
        ("Net income available to common stockholders", "$ 345", "$ 307", "$ 269"),
    ]
    assert figure(report(income=changed(INCOME, "Net income", *rows)), "net_income") == 350_000_000


@pytest.mark.parametrize(
    ("heading", "basic", "diluted"),
    [
        ("Net income per common share:", "Basic", "Diluted"),
        ("Per share amounts", "Basic earnings per share", "Diluted earnings per share"),
        ("", "Basic net income per share", "Diluted net income per share"),
        ("", "Earnings per common share - basic", "Earnings per common share - assuming dilution"),
        ("", "Net income per share – Basic", "Net income per share – Diluted"),
        ("Earnings per share", "Basic earnings", "Diluted earnings"),
        ("Net earnings per common share:", "Basic (in dollars per share)", "Diluted (in dollars per share)"),
        ("", "Basic EPS", "Diluted EPS"),
        ("", "Basic Earnings Per Common Share", "Diluted Earnings Per Common Share"),
        ("Earnings per common unit", "Basic", "Diluted"),
        ("", "Earnings per share of common stock - basic", "Earnings per share of common stock - diluted"),
        ("", "Earnings per average common share", "Diluted earnings per average common share"),
    ],
)
def test_earnings_per_share_have_many_names(heading: str, basic: str, diluted: str) -> None:
    rows = [row for row in INCOME if row[0] not in ("Earnings per share:", "Basic", "Diluted")]
    at = rows.index(("Weighted-average shares outstanding:", "", "", ""))
    rows[at:at] = [
        *([(heading, "", "", "")] if heading else []),
        (basic, "$ 3.55", "$ 3.10", "$ 2.70"),
        (diluted, "$ 3.50", "$ 3.05", "$ 2.65"),
    ]
    made = report(income=(*rows, *INCOME[-2:]))
    assert (figure(made, "eps_basic"), figure(made, "eps_diluted")) == (3.55, 3.5)


def test_earnings_per_share_in_groups_are_the_net_ones() -> None:
    rows = [row for row in INCOME if row[0] not in ("Earnings per share:", "Basic", "Diluted")]
    at = rows.index(("Weighted-average shares outstanding:", "", "", ""))
    rows[at:at] = [
        ("Basic earnings per share:", "", "", ""),
        ("Continuing operations", "$ 3.75", "$ 3.10", "$ 2.70"),
        ("Discontinued operations", "(0.20)", "—", "—"),
        ("Net earnings per share", "$ 3.55", "$ 3.10", "$ 2.70"),
        ("Diluted earnings per share:", "", "", ""),
        ("Continuing operations", "$ 3.70", "$ 3.05", "$ 2.65"),
        ("Discontinued operations", "(0.20)", "—", "—"),
        ("Net earnings per share", "$ 3.50", "$ 3.05", "$ 2.65"),
    ]
    made = report(income=(*rows, *INCOME[-2:]))
    assert (figure(made, "eps_basic"), figure(made, "eps_diluted")) == (3.55, 3.5)


@pytest.mark.parametrize(
    "label",
    [
        "Total shareholders’ equity",
        "Total shareowners' equity",
        "Total share-owners' equity",
        "Total stockholders' equity (deficit)",
        "Total equity",
        "Total Mosswell Lantern Works stockholders' equity",
        "Total Mosswell, Inc. Shareholders' Equity",
        "Shareholders' equity",
        "Total stockholders’ investment",
        "Total shareholders' investment",
        "Total partners' capital",
        "Total common shareholders' equity",
        "Total stockholder's equity",
        "Total shareholders' equity attributable to Mosswell",
        "Total common stockholders' equity",
        "Total Company shareholders' equity",
        "Total members' equity",
        "Mosswell shareholders' equity",
        "Common shareholders' equity",
        "Total common equity",
    ],
)
def test_equity_has_many_names(label: str) -> None:
    made = report(balance=changed(BALANCE, "Total stockholders' equity", (label, "400", "370")))
    assert figure(made, "stockholders_equity") == 400_000_000


def test_equity_is_without_the_part_of_others() -> None:
    rows = [
        ("Total Mosswell shareholders' equity", "400", "370"),
        ("Noncontrolling interests", "10", "10"),
        ("Total equity", "410", "380"),
    ]
    made = report(balance=changed(BALANCE, "Total stockholders' equity", *rows))
    assert figure(made, "stockholders_equity") == 400_000_000


@pytest.mark.parametrize(
    "label",
    [
        "Net cash flows from operating activities",
        "Cash provided by operating activities",
        "Net cash provided by (used in) operating activities",
        "Net cash from operating activities",
        "Cash generated by operating activities",
        "Net cash provided by operations",
        "Total operating activities",
        "TOTAL OPERATING ACTIVITIES",
        "Cash flows from operating activities",
        "Net cash flow provided by operating activities",
        "Cash provided by operations",
        "Net Cash Provided By (Used For) Operating Activities",
        "Net cash and cash equivalents provided by operating activities",
        "Cash flow from operations",
        "Operating cash flow",
    ],
)
def test_operating_cash_flow_has_many_names(label: str) -> None:
    made = report(
        cash=changed(CASH, "Net cash provided by operating activities", (label, "390", "380", "324"))
    )
    assert figure(made, "operating_cash_flow") == 390_000_000


def test_cash_flow_of_all_operations_comes_before_the_continuing_ones() -> None:
    rows = [
        ("Net cash provided by operating activities - continuing operations", "400", "390", "334"),
        ("Net cash used in operating activities - discontinued operations", "(10)", "(10)", "(10)"),
        ("Net cash provided by operating activities", "390", "380", "324"),
    ]
    made = report(cash=changed(CASH, "Net cash provided by operating activities", *rows))
    assert figure(made, "operating_cash_flow") == 390_000_000


@pytest.mark.parametrize(
    "label",
    [
        "Cash and equivalents",
        "Cash",
        "Cash and due from banks",
        "Cash & cash equivalents",
        "Cash and temporary investments",
        "Cash and cash equivalents (Note 2)",
        "Cash and cash equivalents, excluding restricted cash",
    ],
)
def test_cash_has_many_names(label: str) -> None:
    made = report(
        balance=changed(BALANCE, "Cash and cash equivalents", (label, "$ 120", "$ 100")), cash=CASH[:-2]
    )
    assert figure(made, "cash") == 120_000_000


def test_total_liabilities_may_say_what_is_among_them() -> None:
    label = "Total liabilities (including $5 of consolidated funds and trusts)"
    made = report(balance=changed(BALANCE, "Total liabilities", (label, "600", "590")))
    assert figure(made, "total_liabilities") == 600_000_000
