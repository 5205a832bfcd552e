"""Fictional annual reports built from blocks: no reader is needed to test what reads them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import yaml

from neuraldocflow.extraction.candidates import Context
from neuraldocflow.extraction.fields import Found, find_fields
from neuraldocflow.extraction.model import Block, BlockKind, Cell, Document, Fact, Link, Table
from neuraldocflow.extraction.profile import Profile
from neuraldocflow.extraction.sections import Section
from neuraldocflow.extraction.sections import find as find_sections

PROFILE = Path(__file__).parents[2] / "profiles" / "sec_10k.yaml"

ITEMS = (
    ("1", "Business"),
    ("1A", "Risk Factors"),
    ("1B", "Unresolved Staff Comments"),
    ("2", "Properties"),
    ("3", "Legal Proceedings"),
    ("4", "Mine Safety Disclosures"),
    ("5", "Market for Registrant's Common Equity"),
    ("6", "[Reserved]"),
    ("7", "Management's Discussion and Analysis of Financial Condition"),
    ("7A", "Quantitative and Qualitative Disclosures about Market Risk"),
    ("8", "Financial Statements and Supplementary Data"),
    ("9", "Changes in and Disagreements with Accountants"),
    ("9A", "Controls and Procedures"),
    ("15", "Exhibits and Financial Statement Schedules"),
)

COVER = (
    "FORM 10-K",
    "☒ ANNUAL REPORT PURSUANT TO SECTION 13 OR 15(d) OF THE SECURITIES EXCHANGE ACT OF 1934",
    "For the fiscal year ended September 28, 2024",
    "Commission File Number: 001-99887",
    "LANTERN HARBOR FERRIES, INC.",
    "(Exact name of registrant as specified in its charter)",
    "Nevada 98-7654321",
    "(State or other jurisdiction of incorporation or organization) (I.R.S. Employer Identification No.)",
    "12 Quay Street, Suite 400, Port Lantern, Oregon 97003",
    "(Address of principal executive offices) (Zip Code)",
    "Registrant's telephone number, including area code: (503) 555-0142",
    "Securities registered pursuant to Section 12(b) of the Act:",
    "Title of each class Trading Symbol(s) Name of each exchange on which registered",
    "Common Stock, $0.01 par value LHFX The Nasdaq Stock Market LLC",
    "Securities registered pursuant to Section 12(g) of the Act: None",
    "Indicate by check mark if the registrant is a well-known seasoned issuer, as defined in Rule 405. "
    "Yes ☐ No ☒",
    "Indicate by check mark whether the registrant is a large accelerated filer, an accelerated filer, a "
    "non-accelerated filer, a smaller reporting company. See the definitions of “large accelerated filer,” "
    "“accelerated filer” and “smaller reporting company” in Rule 12b-2 of the Exchange Act.",
    "Large accelerated filer ☐ Accelerated filer ☒ Non-accelerated filer ☐ Smaller reporting company ☐",
    "Indicate by check mark whether the registrant is a shell company. Yes ☐ No ☒",
    "The aggregate market value of the common stock held by non-affiliates, based on the closing price of "
    "$14.20 on March 29, 2024, was approximately $412.5 million.",
    "As of November 15, 2024, there were 31,204,877 shares of common stock outstanding.",
    "DOCUMENTS INCORPORATED BY REFERENCE",
)

SAYING = "The fleet sailed on all days of the year and the company is content with how the harbor was run."


def block(text: str, kind: BlockKind = "paragraph", **more: Any) -> Block:
    return Block(kind, text, **more)


def table(rows: Sequence[Sequence[str]], header_rows: int = 0, **more: Any) -> Block:
    """A table block; empty texts are no cells, as in a reader's tables."""
    cells = [
        Cell(row, column, text, header=row < header_rows)
        for row, texts in enumerate(rows)
        for column, text in enumerate(texts)
        if text
    ]
    width = max(len(row) for row in rows)
    return Block("table", "", table=Table(cells, len(rows), width, header_rows=header_rows, **more))


def document(
    blocks: Iterable[Block | str], links: Sequence[Link] = (), facts: Sequence[Fact] = ()
) -> Document:
    held = [each if isinstance(each, Block) else block(each) for each in blocks]
    return Document("html", held, links=list(links), facts=list(facts)).finish()


def contents(items: Sequence[tuple[str, str]] = ITEMS) -> Block:
    return table([[f"Item {number}.", title, str(3 + at)] for at, (number, title) in enumerate(items)])


def body(items: Sequence[tuple[str, str]] = ITEMS, form: str = "Item {number}. {title}") -> list[Block]:
    """A heading and two paragraphs for each Item."""
    blocks: list[Block] = []
    for number, title in items:
        blocks.append(block(form.format(number=number, title=title), "heading", level=2))
        blocks += [block(SAYING), block(f"See Item 1A of this report. {SAYING}")]
    return blocks


def income_statement(**more: Any) -> Block:
    return table(
        [
            ["(In thousands, except per share amounts)", "2024", "2023", "2022"],
            ["Revenues:"],
            ["Passenger fares", "$ 80,100", "$ 71,000", "$ 65,000"],
            ["Freight", "20,400", "19,000", "18,000"],
            ["Total revenues", "100,500", "90,000", "83,000"],
            ["Cost of revenues", "60,000", "55,000", "52,000"],
            ["Operating income", "40,500", "35,000", "31,000"],
            ["Income before income taxes", "38,000", "33,000", "29,000"],
            ["Provision for income taxes", "8,000", "7,000", "6,000"],
            ["Net income", "30,000", "26,000", "23,000"],
            ["Net income attributable to noncontrolling interests", "1,000", "900", "800"],
            ["Net income attributable to Lantern Harbor", "$ 29,000", "$ 25,100", "$ 22,200"],
            ["Earnings per share:"],
            ["Basic", "$ 0.94", "$ 0.82", "$ 0.73"],
            ["Diluted", "$ 0.91", "$ 0.80", "$ 0.71"],
            ["Weighted average shares outstanding:"],
            ["Basic", "30,851", "30,610", "30,411"],
            ["Diluted", "31,868", "31,375", "31,268"],
        ],
        1,
        **more,
    )


def balance_sheet() -> Block:
    return table(
        [
            ["", "September 30, 2023", "September 28, 2024"],
            ["ASSETS"],
            ["Cash and cash equivalents", "$ 9,100", "$ 12,300"],
            ["Restricted cash", "400", "500"],
            ["Total current assets", "40,000", "45,000"],
            ["Goodwill", "10,000", "10,000"],
            ["Total assets", "$ 190,000", "$ 200,000"],
            ["LIABILITIES AND EQUITY"],
            ["Accounts payable", "7,000", "8,000"],
            ["Total current liabilities", "30,000", "31,000"],
            ["Total liabilities", "90,000", "92,000"],
            ["Retained earnings", "60,000", "68,000"],
            ["Total Lantern Harbor stockholders’ equity", "96,000", "104,000"],
            ["Noncontrolling interests", "4,000", "4,000"],
            ["Total equity", "100,000", "108,000"],
            ["Total liabilities and equity", "$ 190,000", "$ 200,000"],
        ],
        1,
    )


def cash_flows() -> Block:
    return table(
        [
            ["", "2024", "2023", "2022"],
            ["Cash flows from operating activities:"],
            ["Net income", "$ 30,000", "$ 26,000", "$ 23,000"],
            ["Depreciation and amortization", "9,000", "8,500", "8,000"],
            ["Net cash provided by operating activities", "41,250", "36,000", "33,000"],
            ["Net cash used in investing activities", "(20,000)", "(18,000)", "(15,000)"],
            ["Net cash used in financing activities", "(18,050)", "(17,000)", "(16,000)"],
            ["Cash and cash equivalents at end of year", "$ 12,300", "$ 9,100", "$ 8,100"],
        ],
        1,
    )


def accounts() -> list[Block]:
    """The auditor's report and the three statements, in thousands."""
    return [
        block("Report of Independent Registered Public Accounting Firm", "heading", level=3),
        block("We have audited the consolidated balance sheets of Lantern Harbor Ferries, Inc."),
        block("/s/ Pell & Marrow LLP"),
        block("CONSOLIDATED STATEMENTS OF INCOME (In thousands, except per share amounts)"),
        income_statement(),
        block("CONSOLIDATED BALANCE SHEETS (In thousands)"),
        balance_sheet(),
        block("CONSOLIDATED STATEMENTS OF CASH FLOWS (In thousands)"),
        cash_flows(),
    ]


def annual_report(
    cover: Sequence[str | Block] = COVER, statements: Sequence[Block] | None = None
) -> Document:
    blocks: list[Block | str] = [*cover, contents()]
    for each in body():
        blocks.append(each)
        if each.text.startswith("Item 8."):
            blocks += accounts() if statements is None else statements
    return document(blocks)


def profile() -> Profile:
    return Profile.from_dict(yaml.safe_load(PROFILE.read_text(encoding="utf-8")))


def sections(filing: Document) -> dict[str, Section]:
    return {section.id: section for section in find_sections(filing, profile().sections)}


def fields(filing: Document) -> dict[str, Found]:
    chosen = profile()
    context = Context(find_sections(filing, chosen.sections))
    return {found.field.name: found for found in find_fields(filing, chosen, context)}


def values(filing: Document) -> dict[str, Any]:
    return {name: found.value for name, found in fields(filing).items()}
