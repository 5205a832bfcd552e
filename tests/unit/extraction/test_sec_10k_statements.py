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


@pytest.mark.parametrize("written", ["−{}", "$ −{}", "−${}", "‑{}", "{}-"])
def test_a_loss_is_negative_with_any_minus_and_never_the_year_before(written: str) -> None:
    numbers = (written.format(350), "$ 312", "$ 274")
    income = changed(INCOME, "Net income", ("Net income (loss)", *numbers))
    made = report(income=income, cash=changed(CASH, "Net income"))
    assert figure(made, "net_income") == -350_000_000


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


def with_header(*headers: tuple[str, ...]) -> Rows:
    return (*headers, *INCOME[1:])


@pytest.mark.parametrize(
    ("header", "year_end"),
    [
        ([("", "Years Ended December 31,", "", ""), ("", "2024", "2023", "2022")], "2024-12-31"),
        (
            [("Fiscal years ended", "September 28,\n2024", "September 30,\n2023", "September 24,\n2022")],
            "2024-09-28",
        ),
        ([("", "Fiscal 2024", "Fiscal 2023", "Fiscal 2022")], "2025-02-01"),
        ([("(52 weeks)", "2024", "2023", "2022")], "2025-01-31"),
        (
            [("", "Year ended June 30, 2024", "Year ended June 30, 2023", "Year ended June 30, 2022")],
            "2024-06-30",
        ),
        ([("For the year", "FY24", "FY23", "FY22")], "2024-12-31"),
    ],
)
def test_columns_are_dated_in_many_ways(header: list[tuple[str, ...]], year_end: str) -> None:
    made = report(income=with_header(*header))
    assert figure(made, "revenue", year_end) == 2_000_000_000
    assert figure(made, "eps_basic", year_end) == 3.55


def test_a_column_of_notes_holds_no_figures() -> None:
    income = tuple(
        (row[0], str(index) if index % 3 == 1 else "", *row[1:]) for index, row in enumerate(INCOME)
    )
    made = report(income=((("", "Note", *INCOME[0][1:])), *income[1:]))
    assert figure(made, "revenue") == 2_000_000_000
    assert figure(made, "net_income") == 350_000_000


def test_currency_signs_and_parentheses_may_have_cells_of_their_own() -> None:
    def spread(row: tuple[str, ...]) -> tuple[str, ...]:
        cells = [row[0]]
        for text in row[1:]:
            sign, amount = ("$", text.lstrip("$ ")) if text.startswith("$") else ("", text)
            cells += [sign, amount.rstrip(")"), ")" if amount.endswith(")") else ""]
        return tuple(cells)

    income = changed(INCOME, "Net income", ("Net loss", "$ (350)", "$ (312)", "$ 274"))
    made = report(income=tuple(spread(row) for row in income), cash=CASH[3:])
    assert figure(made, "revenue") == 2_000_000_000
    assert figure(made, "net_income") == -350_000_000


def test_changes_beside_the_years_are_not_the_years() -> None:
    income = tuple((*row, "5.3%", "6%") for row in INCOME[1:])
    made = report(income=((*INCOME[0], "2024 vs. 2023", "2023 vs. 2022"), *income))
    assert figure(made, "revenue") == 2_000_000_000
    assert figure(made, "eps_diluted") == 3.5


def test_a_dash_in_the_latest_year_is_not_the_year_before() -> None:
    balance = changed(BALANCE, "Cash and cash equivalents", ("Cash and cash equivalents", "—", "$ 100"))
    assert figure(report(balance=balance, cash=CASH[:-2]), "cash") is None


def test_statements_in_one_table_are_told_apart_by_their_titles() -> None:
    """As a reader of PDF sees statements that follow one another on a page."""
    swapped = tuple((row[0], "", *row[1:3]) for row in BALANCE)
    rows = (
        *swapped,
        ("", "CONSOLIDATED STATEMENTS OF INCOME"),
        ("", "(in thousands)"),
        *INCOME,
        ("", "CONSOLIDATED STATEMENTS OF CASH FLOWS (in thousands)"),
        *CASH,
    )
    made = document(
        "Item 8. Financial Statements", "CONSOLIDATED BALANCE SHEETS", "(in millions)", table(*rows)
    )
    assert figure(made, "total_assets") == 1_000_000_000
    assert figure(made, "revenue") == 2_000_000
    assert figure(made, "operating_cash_flow") == 390_000


def test_a_column_of_notes_is_no_year_where_the_header_names_none() -> None:
    notes = {"Cash and cash equivalents": "3", "Goodwill": "4", "Accounts payable": "5", "Total assets": "6"}
    balance = tuple((row[0], notes.get(row[0], ""), *row[1:]) for row in BALANCE[1:])
    made = report(balance=(("", "Notes", "This year", "Last year"), *balance))
    assert figure(made, "cash") == 120_000_000
    assert figure(made, "total_assets") == 1_000_000_000


@pytest.mark.parametrize("title", ["CONSOLIDATED BALANCE SHEETS (continued)", "Balance sheets data:"])
def test_a_title_in_the_middle_of_a_statement_does_not_take_its_years(title: str) -> None:
    older_first = tuple((row[0], *reversed(row[1:3])) for row in BALANCE)
    made = report(balance=(*older_first[:4], ("", title), *older_first[4:]))
    assert figure(made, "total_assets") == 1_000_000_000


def test_years_that_a_row_names_do_not_begin_another_statement() -> None:
    older_first = tuple((row[0], *reversed(row[1:3])) for row in BALANCE)
    lines = ["  ".join(each for each in row if each) for row in older_first]
    lines.insert(4, "7% notes due 2033 through 2035")
    made = document("CONSOLIDATED BALANCE SHEETS", "(In millions)", *lines)
    assert figure(made, "total_assets") == 1_000_000_000


def test_a_line_of_many_references_to_notes_is_read_at_once() -> None:
    notes = " ".join(f"(Note {number})" for number in range(1, 38))
    assert (
        figure(document("CONSOLIDATED BALANCE SHEETS", f"Commitments {notes} and x", *["x"] * 3), "cash")
        is None
    )
