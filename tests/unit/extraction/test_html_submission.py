"""Files as the SEC's EDGAR gives them: a whole submission in one, and filings of plain text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuraldocflow.extraction.html import reader as html
from neuraldocflow.extraction.html.submission import main_document
from neuraldocflow.extraction.sniff import sniff
from tests.support.filings import values

HEADER = """\
-----BEGIN PRIVACY-ENHANCED MESSAGE-----
Proc-Type: 2001,MIC-CLEAR

<SEC-DOCUMENT>0000424242-02-000001.txt : 20020301
<SEC-HEADER>0000424242-02-000001.hdr.sgml : 20020301
CONFORMED SUBMISSION TYPE:	10-K
FISCAL YEAR END:			1231
</SEC-HEADER>
"""
TEXT = """\
<DOCUMENT>
<TYPE>10-K
<SEQUENCE>1
<FILENAME>annual.txt
<TEXT>
<PAGE>
                       SECURITIES AND EXCHANGE COMMISSION
                             Washington, D.C. 20549
                                   FORM 10-K

                   For the fiscal year ended December 31, 2001

                        Commission file number 1-99871

                           BRASSWICK LANTERN & SONS CORPORATION
             (Exact name of registrant as specified in its charter)

ITEM 1.  BUSINESS

The company makes lanterns, of which some have fewer than <2> wicks,
and sells them.

ITEM 8.  FINANCIAL STATEMENTS AND SUPPLEMENTARY DATA

<TABLE>
<CAPTION>
                    CONSOLIDATED STATEMENTS OF INCOME
                             (In thousands)
- -------------------------------------------------------------------------------
Year Ended December 31                               1999       2000       2001
- -------------------------------------------------------------------------------
<S>                                               <C>        <C>        <C>
Net sales                                        $ 61,000   $ 66,000   $ 70,000
Cost of sales                                      44,000     47,000     50,000
- -------------------------------------------------------------------------------
Income before income taxes                          7,000      8,000      9,000
Provision for income taxes                          2,400      2,700      3,000
- -------------------------------------------------------------------------------
Net income                                       $  4,600   $  5,300   $  6,000
===============================================================================
</TABLE>
<PAGE>
<TABLE>
<CAPTION>
                           CONSOLIDATED BALANCE SHEETS
                             (In thousands)
- -------------------------------------------------------------------------------
December 31                                                     2000       2001
- -------------------------------------------------------------------------------
<S>                                                          <C>        <C>
Cash and cash equivalents                                   $  1,111   $  1,234
Accounts receivable                                            4,900      5,000
Total assets                                                $ 48,000   $ 50,000
Common stock, shares authorized 12,000; shares issued
    and outstanding 5,283 and 5,383                            9,100      9,200
Total shareholders' equity                                    29,000     30,000
- -------------------------------------------------------------------------------
</TABLE>
</TEXT>
</DOCUMENT>
"""
EXHIBIT = """\
<DOCUMENT>
<TYPE>EX-23
<TEXT>
We consent. Total assets $ 99,999 $ 99,998
</TEXT>
</DOCUMENT>
"""


@pytest.mark.parametrize("filed", [HEADER + TEXT + EXHIBIT, TEXT], ids=["submission", "document"])
def test_a_filing_of_plain_text_has_the_values_of_its_last_year(filed: str) -> None:
    assert sniff(filed.encode(), "full-submission.txt") == "html"
    document = html.read(filed.encode())
    found = values(document)
    expected = {
        "registrant_name": "BRASSWICK LANTERN & SONS CORPORATION",
        "fiscal_year_end": "2001-12-31",
        "revenue": 70_000_000,
        "net_income": 6_000_000,
        "cash": 1_234_000,
        "total_assets": 50_000_000,
        "stockholders_equity": 30_000_000,
    }
    assert {name: found[name] for name in expected} == expected
    assert "fewer than <2> wicks, and sells them." in document.text
    assert "consent" not in document.text
    assert "CONFORMED" not in document.text


def test_what_is_left_out_is_said() -> None:
    warnings = html.read((HEADER + TEXT + EXHIBIT).encode()).warnings
    assert warnings == [("other_documents", "A submission of 2 documents: the first (10-K) was read.")]
    assert html.read(TEXT.encode()).warnings == []


def test_the_first_document_of_a_submission_may_be_html() -> None:
    filed = (
        HEADER + "<DOCUMENT>\n<TYPE>10-K\n<TEXT>\n<html><p>One <b>and</b> only</html>\n</TEXT>\n" + EXHIBIT
    )
    document = html.read(filed.encode())
    assert [block.text for block in document.blocks] == ["One and only"]


def test_a_page_may_begin_with_any_number_of_comments() -> None:
    page = "<!-- one of many -->" * 500 + "<p>Words"
    assert main_document(page) == (page, None)


@given(st.text() | st.lists(st.sampled_from(["<DOCUMENT>", "<TYPE>X\n", "<TEXT>", "</TEXT>", "a<b", "\n"])))
def test_any_other_file_comes_back_as_it_is(parts: str | list[str]) -> None:
    text = "".join(parts)
    main, left = main_document(text)
    assert main == text or text.lstrip().startswith("<DOCUMENT>")
    assert left is None or text.count("<DOCUMENT>") > 1
