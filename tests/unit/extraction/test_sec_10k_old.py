"""An annual report as they were filed in the 1990s: plain text set in columns, between PRE tags."""

from __future__ import annotations

from typing import Any

import pytest

from neuraldocflow.extraction.html import reader as html
from neuraldocflow.extraction.model import Document
from neuraldocflow.limits import Limits
from tests.support.filings import sections, values

FILED = """\
<HTML><BODY><PRE>
                       SECURITIES AND EXCHANGE COMMISSION
                             Washington, D.C. 20549

                                   FORM 10-K

[X] ANNUAL REPORT PURSUANT TO SECTION 13 OR 15(d) OF THE SECURITIES EXCHANGE ACT OF 1934
    For the fiscal year ended December 31, 1997
                                       OR
[ ] TRANSITION REPORT PURSUANT TO SECTION 13 OR 15(d)

                        Commission file number 1-99871

                           BRASSWICK LANTERN CORPORATION
             (Exact name of registrant as specified in its charter)

           DELAWARE                                   99-1234567
(State or other jurisdiction of                    (I.R.S. Employer
 incorporation or organization)                   Identification No.)

     44 Foundry Road, Millbrook, Ohio                    44999
(Address of principal executive offices)               (Zip Code)

Registrant's telephone number, including area code:  (330) 555-0100

Securities registered pursuant to Section 12(b) of the Act:

                                                  Name of each exchange
      Title of each class                          on which registered
Common Stock, par value $1 per share             New York Stock Exchange

Indicate by check mark whether the registrant (1) has filed all reports.  Yes [X]  No [ ]

The aggregate market value of voting stock held by nonaffiliates at March 2, 1998 was $123,456,000.
Number of shares of common stock outstanding at March 2, 1998: 8,765,432

                      DOCUMENTS INCORPORATED BY REFERENCE
Portions of the proxy statement.

                                     PART I

ITEM 1.  BUSINESS

General. The company makes lanterns and has made them for a long time in Ohio.
It sells them to stores.

ITEM 2.  PROPERTIES

The company owns a foundry.

ITEM 3.  LEGAL PROCEEDINGS

None that matter.

ITEM 4.  SUBMISSION OF MATTERS TO A VOTE OF SECURITY HOLDERS

None.

                                    PART II

ITEM 5.  MARKET FOR THE REGISTRANT'S COMMON EQUITY AND RELATED STOCKHOLDER MATTERS

The stock is listed.

ITEM 7.  MANAGEMENT'S DISCUSSION AND ANALYSIS

Sales rose since people bought lanterns.

ITEM 8.  FINANCIAL STATEMENTS AND SUPPLEMENTARY DATA

                     CONSOLIDATED BALANCE SHEETS
                       (In thousands)
                                              December 31,
                                            1997         1996
                                          --------     --------
Cash and cash equivalents                 $  1,234     $  1,111
Accounts receivable                          5,000        4,900
                                          --------     --------
  Total current assets                       9,000        8,500
Goodwill                                     1,000        1,000
                                          --------     --------
Total assets                              $ 50,000     $ 48,000
                                          ========     ========
Accounts payable                          $  3,000     $  2,900
  Total current liabilities                  7,000        6,800
Total liabilities                           20,000       19,000
Retained earnings                           25,000       24,000
Total shareholders' equity                  30,000       29,000
                                          --------     --------
                                          $ 50,000     $ 48,000

                     CONSOLIDATED STATEMENTS OF INCOME
                (In thousands, except per share amounts)
                                            Year ended December 31,
                                            1997      1996      1995
Net sales                                 $ 70,000  $ 66,000  $ 61,000
Cost of sales                               50,000    47,000    44,000
Income before income taxes                   9,000     8,000     7,000
Provision for income taxes                   3,000     2,700     2,400
Net income                                $  6,000  $  5,300  $  4,600
Net income per share - basic              $    .68  $    .60  $    .52
Net income per share - diluted            $    .67  $    .59  $    .51

ITEM 9.  CHANGES IN AND DISAGREEMENTS WITH ACCOUNTANTS

None.
</PRE></BODY></HTML>
"""


@pytest.fixture(scope="module")
def filing() -> Document:
    return html.read(FILED.encode(), Limits(), None)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("registrant_name", "BRASSWICK LANTERN CORPORATION"),
        ("commission_file_number", "1-99871"),
        ("fiscal_year_end", "1997-12-31"),
        ("state_of_incorporation", "DELAWARE"),
        ("irs_employer_number", "99-1234567"),
        ("address_line1", "44 Foundry Road"),
        ("city", "Millbrook"),
        ("zip", "44999"),
        ("exchanges", ["New York Stock Exchange"]),
        ("public_float", 123_456_000),
        ("shares_outstanding", [8_765_432]),
        ("revenue", 70_000_000),
        ("net_income", 6_000_000),
        ("eps_basic", 0.68),
        ("eps_diluted", 0.67),
        ("total_assets", 50_000_000),
        ("total_liabilities", 20_000_000),
        ("stockholders_equity", 30_000_000),
        ("cash", 1_234_000),
    ],
)
def test_an_old_filing_in_columns_of_text(filing: Document, name: str, value: Any) -> None:
    assert values(filing)[name] == value


def test_what_the_form_did_not_ask_then_is_not_there(filing: Document) -> None:
    found = values(filing)
    absent = ("well_known_seasoned_issuer", "filer_category", "shell_company", "operating_cash_flow")
    assert [found[name] for name in absent] == [None] * 4


def test_items_of_an_old_filing(filing: Document) -> None:
    found = sections(filing)
    assert list(found) == [f"item_{number}" for number in (1, 2, 3, 4, 5, 7, 8, 9)]
    assert filing.text[found["item_4"].start :].startswith("ITEM 4. SUBMISSION OF MATTERS")
    assert "Total assets" in filing.text[found["item_8"].start : found["item_8"].end]


def test_totals_without_names_names_over_two_lines_and_notes_in_old_columns() -> None:
    filed = (
        FILED.replace(
            "Cash and cash equivalents                 $", "Cash and cash equivalents (Note 2)        $"
        )
        .replace(
            "Total assets                              $ 50,000",
            "                                          $ 50,000",
        )
        .replace(
            "                     CONSOLIDATED STATEMENTS OF INCOME",
            """\
                  CONSOLIDATED STATEMENTS OF CASH FLOWS
              YEARS ENDED DECEMBER 31, 1997, 1996 AND 1995
                            (In thousands)

                                            1997      1996      1995
Cash flows from operating activities:
  Net income                              $  6,000  $  5,300  $  4,600
  Depreciation                               1,500     1,400     1,300
    Net cash provided by operating
      activities                             7,500     6,700     5,900
    Net cash used in investing
      activities                            (2,000)   (1,900)   (1,800)
Cash and cash equivalents at end of year  $  1,234  $  1,111  $    900

                     CONSOLIDATED STATEMENTS OF INCOME""",
        )
    )
    found = values(html.read(filed.encode(), Limits(), None))
    assert found["total_assets"] == 50_000_000
    assert found["cash"] == 1_234_000
    assert found["operating_cash_flow"] == 7_500_000
    assert found["revenue"] == 70_000_000
