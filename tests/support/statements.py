"""Statements of a made-up company, as tables with two or three years."""

from __future__ import annotations

from typing import Any

from neuraldocflow.extraction.candidates import STRATEGIES, Context
from neuraldocflow.extraction.model import Block, Document
from neuraldocflow.extraction.profile import Field
from tests.support.documents import document, table

BALANCE = (
    ("", "December 31, 2024", "December 31, 2023"),
    ("Cash and cash equivalents", "$ 120", "$ 100"),
    ("Accounts receivable, net", "300", "280"),
    ("Total current assets", "420", "380"),
    ("Goodwill", "580", "580"),
    ("Total assets", "$ 1,000", "$ 960"),
    ("Accounts payable", "$ 90", "$ 85"),
    ("Total current liabilities", "200", "190"),
    ("Total liabilities", "600", "590"),
    ("Additional paid-in capital", "150", "140"),
    ("Retained earnings", "250", "230"),
    ("Total stockholders' equity", "400", "370"),
    ("Total liabilities and stockholders' equity", "$ 1,000", "$ 960"),
)
INCOME = (
    ("", "2024", "2023", "2022"),
    ("Revenue", "$ 2,000", "$ 1,900", "$ 1,800"),
    ("Cost of revenue", "1,200", "1,150", "1,100"),
    ("Operating income", "500", "450", "400"),
    ("Interest expense", "(40)", "(38)", "(36)"),
    ("Income before income taxes", "460", "412", "364"),
    ("Provision for income taxes", "110", "100", "90"),
    ("Net income", "$ 350", "$ 312", "$ 274"),
    ("Earnings per share:", "", "", ""),
    ("Basic", "$ 3.55", "$ 3.10", "$ 2.70"),
    ("Diluted", "$ 3.50", "$ 3.05", "$ 2.65"),
    ("Weighted-average shares outstanding:", "", "", ""),
    ("Basic", "98.6", "100.6", "101.5"),
    ("Diluted", "100.0", "102.3", "103.4"),
)
CASH = (
    ("", "2024", "2023", "2022"),
    ("Net income", "$ 350", "$ 312", "$ 274"),
    ("Depreciation and amortization", "60", "58", "55"),
    ("Changes in operating assets and liabilities", "(20)", "10", "(5)"),
    ("Net cash provided by operating activities", "390", "380", "324"),
    ("Capital expenditures", "(90)", "(80)", "(70)"),
    ("Net cash used in investing activities", "(110)", "(95)", "(70)"),
    ("Net cash used in financing activities", "(260)", "(250)", "(200)"),
    ("Cash and cash equivalents at beginning of year", "100", "65", "11"),
    ("Cash and cash equivalents at end of year", "$ 120", "$ 100", "$ 65"),
)
Rows = tuple[tuple[str, ...], ...]


def changed(rows: Rows, was: str, *by: tuple[str, ...]) -> Rows:
    """The rows with others in place of the first one labelled ``was``."""
    at = next(index for index, row in enumerate(rows) if row[0] == was)
    return (*rows[:at], *by, *rows[at + 1 :])


def report(
    balance: Rows = BALANCE,
    income: Rows = INCOME,
    cash: Rows = CASH,
    unit: str = "(in millions, except per share data)",
) -> Document:
    def titled(title: str, rows: Rows) -> list[Block | str]:
        return ["MOSSWELL LANTERN WORKS", f"CONSOLIDATED {title}", unit, table(*rows)]

    return document(
        "Item 8. Financial Statements and Supplementary Data",
        *titled("BALANCE SHEETS", balance),
        *titled("STATEMENTS OF INCOME", income),
        *titled("STATEMENTS OF CASH FLOWS", cash),
    )


def figure(made: Document, line: str, year_end: str | None = "2024-12-31") -> Any:
    context = Context([], found={"fiscal_year_end": year_end})
    per_share = line.startswith("eps")
    found = list(
        STRATEGIES["statement"](
            made, {"line": line}, Field(line, "decimal" if per_share else "money"), context
        )
    )
    return max(found, key=lambda each: each.score).value if found else None
