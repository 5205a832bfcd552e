"""The cover page of annual reports: check boxes and what its sentences and lists say."""

from __future__ import annotations

import pytest

from neuraldocflow.extraction.model import Block, Cell, Table
from tests.support.covers import BOXES, END, LISTING, NAME, TOP, cover, told
from tests.support.documents import document, table


@pytest.mark.parametrize(
    ("boxes", "answer"),
    [
        ("Yes ☒ No ☐", "Yes"),
        ("☒ Yes ☐ No", "Yes"),
        ("Yes [X] No [ ]", "Yes"),
        ("Yes [ ] No [X]", "No"),
        ("Yes x No o", "Yes"),
        ("Yes ¨ No x", "No"),
        ("Yes þ No o", "Yes"),
        ("☐ Yes ☒ No", "No"),
        ("Yes: ☒ No: ☐", "Yes"),
        ("Yes √ No ☐", "Yes"),
        ("YES ☑ NO ☐", "Yes"),
        ("Yes  X   No  ___", "Yes"),
        ("Yes ___ No _X_", "No"),
        ("Yes ◻ No ⌧", "No"),
        ("Yes □ No ■", "No"),
        ("Yes \uf0fe No \uf0a8", "Yes"),
    ],
)
def test_check_boxes_are_drawn_in_many_ways(boxes: str, answer: str) -> None:
    asked = (
        "Indicate by check mark if the registrant is a well-known seasoned issuer, as defined in Rule 405. "
        + boxes
    )
    assert told(cover(boxes=(asked, *BOXES[1:])), "well_known_seasoned_issuer") == answer


@pytest.mark.parametrize(
    ("boxes", "answer"),
    [
        (
            ("Large accelerated filer ☒ Accelerated filer ☐ Non-accelerated filer ☐",),
            "Large accelerated filer",
        ),
        (
            ("☒ Large accelerated filer", "☐ Accelerated filer", "☐ Non-accelerated filer"),
            "Large accelerated filer",
        ),
        (
            (
                "☐ Large accelerated filer ☐ Accelerated filer ☒ Non-accelerated filer ☒ Smaller "
                "reporting company",
            ),
            "Non-accelerated filer",
        ),
        (
            ("Large Accelerated Filer", "☐", "Accelerated Filer", "☐", "Non-accelerated Filer", "☒"),
            "Non-accelerated filer",
        ),
        (
            (
                "Large accelerated filer x Accelerated filer o",
                "Non-accelerated filer o (Do not check if a smaller reporting company) Smaller "
                "reporting company o",
            ),
            "Large accelerated filer",
        ),
        (
            (
                "Large accelerated filer [ ] Accelerated filer [X]",
                "Non-accelerated filer [ ] Smaller reporting company [ ]",
            ),
            "Accelerated filer",
        ),
    ],
)
def test_the_marked_filer_category_counts(boxes: tuple[str, ...], answer: str) -> None:
    assert told(cover(boxes=(*BOXES[:3], *boxes, BOXES[4])), "filer_category") == answer


def test_labels_of_filer_categories_may_be_broken_over_a_pages_lines() -> None:
    lines = (
        (0, ("", "", "Non-", "", "Smaller", "")),
        (10, ("Large", "", "accelerated", "", "reporting", "")),
        (20, ("accelerated filer ☐", "Accelerated filer ☐", "filer", "☒", "company", "☐")),
    )
    cells = [
        Cell(row, column, text, bbox=(80 * column, top, 80 * column + 70, top + 10))
        for row, (top, texts) in enumerate(lines)
        for column, text in enumerate(texts)
        if text
    ]
    boxes = Block("table", "", table=Table(cells, 3, 6))
    made = document(*TOP, *NAME, *LISTING, *BOXES[:3], boxes, BOXES[4], *END)
    assert told(made, "filer_category") == "Non-accelerated filer"


def test_filer_categories_may_stand_in_a_table_of_boxes() -> None:
    grid = table(
        ("Large accelerated filer", "☐", "Accelerated filer", "☐"),
        ("Non-accelerated filer", "☒", "Smaller reporting company", "☒"),
        ("", "", "Emerging growth company", "☐"),
        header_rows=0,
    )
    made = document(*TOP, *NAME, *LISTING, *BOXES[:3], grid, BOXES[4], *END)
    assert told(made, "filer_category") == "Non-accelerated filer"


@pytest.mark.parametrize(
    ("sentence", "value"),
    [
        (
            "The aggregate market value of common stock held by non-affiliates on June 30, "
            "2024 was $1,234,567,890.",
            1_234_567_890,
        ),
        (
            "Aggregate market value of the voting common equity held by non-affiliates "
            "computed by reference to the price of $12.50 at which it was last sold: $98,765,432",
            98_765_432,
        ),
        (
            "At June 28, 2024, the aggregate market value of the registrant’s common stock "
            "held by non-affiliates (based on $40.00 per share) was about $2.75 billion.",
            2_750_000_000,
        ),
        (
            "The aggregate market value of the voting and non-voting common equity held by "
            "nonaffiliates was approximately $815 million. For this purpose directors are affiliates.",
            815_000_000,
        ),
        (
            "State the aggregate market value of the common equity held by non-affiliates. Common Stock, one "
            "dollar par value—$412,500,000 as of March 30, 2024.",
            412_500_000,
        ),
        (
            "Class of stock and number of shares held by non-affiliates Market value held by non-affiliates "
            "Common Stock, 31,205,000 shares $498,200,000",
            498_200_000,
        ),
    ],
)
def test_the_public_float_is_the_market_value_held_by_others(sentence: str, value: float) -> None:
    assert told(cover(end=(sentence, *END[1:])), "public_float") == value


@pytest.mark.parametrize(
    ("sentence", "values"),
    [
        ("Number of shares of common stock outstanding as of November 15, 2024: 24,561,778", [24_561_778]),
        (
            "At November 15, 2024, 20,000,111 shares of Class A common stock and 4,561,667 "
            "shares of Class B common stock were outstanding.",
            [20_000_111, 4_561_667],
        ),
        (
            "The registrant had 24.6 million shares of common stock outstanding on November 15, 2024.",
            [24_600_000],
        ),
        (
            "24,561,778 shares of common stock, $0.01 par value, were issued and outstanding "
            "as of November 15, 2024.",
            [24_561_778],
        ),
        (
            "As of November 15, 2024, the number of shares outstanding of the registrant’s "
            "common stock, par value $0.01 per share, was 24,561,778.",
            [24_561_778],
        ),
        ("As of November 15, 2024, there were 25000000 shares of common stock outstanding.", [25_000_000]),
        ("As of November 15, 2024 shares of common stock outstanding were 24,561,778.", [24_561_778]),
        (
            "As of November 15, 2024, there were 2,456 million shares of Class A stock outstanding and 861 "
            "million shares of Class B stock outstanding.",
            [2_456_000_000, 861_000_000],
        ),
        (
            "The number of shares outstanding as of November 15, 2024 was 24,561,778 (which number includes "
            "1,204,310 issued shares held by the registrant).",
            [24_561_778],
        ),
        (
            "The number of shares of common stock outstanding on November 15, 2024 was 24,561,778, of which "
            "1,204,310 were held by a trust.",
            [24_561_778],
        ),
        (
            "At November 15, 2024, 24,561,778 shares of common stock were outstanding, after deducting "
            "1,204,310 shares held in treasury.",
            [24_561_778],
        ),
        (
            "As of November 15, 2024, there were 24,561,778 shares outstanding, consisting of 20,000,111 "
            "outstanding shares of Class A Common Stock and 4,561,667 outstanding shares of Class B Common "
            "Stock.",
            [20_000_111, 4_561_667],
        ),
        (
            "As of November 15, 2024 there were 14,201,337.52 common units outstanding.",
            [14_201_337.52],
        ),
        (
            "As of June 1, 2024, 3,204,118 shares of common stock were outstanding and the aggregate market "
            "value of the shares held by nonaffiliates was approximately $28,750,000.",
            [3_204_118],
        ),
    ],
)
def test_shares_outstanding_are_told_for_each_class(sentence: str, values: list[float]) -> None:
    assert told(cover(end=(END[0], sentence, *END[2:])), "shares_outstanding") == values


@pytest.mark.parametrize(
    "words",
    [
        "For the fiscal year ended: December 31, 2024",
        "For the year ended December 31, 2024",
        "FOR THE FISCAL YEAR ENDED DECEMBER 31, 2024",
        "For the Fiscal Year Ended\nDecember 31, 2024",
    ],
)
def test_the_fiscal_year_end_follows_its_words(words: str) -> None:
    top = tuple(words if each.startswith("For the fiscal") else each for each in TOP)
    assert "31, 2024" in told(cover(top=top), "fiscal_year_end")


@pytest.mark.parametrize(
    "words",
    [
        "Commission file number 1-9912",
        "Commission File No. 1-9912",
        "(Commission File Number) 1-9912",
        "1-9912\n(Commission File Number)",
        "COMMISSION FILE NUMBER: 1-9912",
    ],
)
def test_the_file_number_stands_by_its_caption(words: str) -> None:
    assert told(cover(top=(*TOP[:-1], words)), "commission_file_number") == "1-9912"


def test_securities_in_plain_lines_are_read_too() -> None:
    listing = (
        "Securities registered pursuant to Section 12(b) of the Act:",
        "Title of each class Trading Symbol(s) Name of each exchange on which registered",
        "Common Stock, $0.01 par value MLWK New York Stock Exchange",
        "Securities registered pursuant to Section 12(g) of the Act: None",
    )
    made = cover(listing=listing)
    assert told(made, "securities") == ["Common Stock, $0.01 par value"]
    assert told(made, "trading_symbols") == ["MLWK"]
    assert told(made, "exchanges") == ["New York Stock Exchange"]


def test_a_page_without_captions_tells_nothing() -> None:
    made = document("A memorandum", "Lanterns are sold by the dozen.")
    assert [told(made, role) for role in ("registrant_name", "state", "filer_category", "public_float")] == [
        None
    ] * 4


def test_a_transition_report_ends_with_its_period() -> None:
    top = tuple(
        "For the transition period from July 1, 2024 to December 31, 2024"
        if each.startswith("For the")
        else each
        for each in TOP
    )
    assert told(cover(top=top), "fiscal_year_end") == "December 31, 2024"


def test_the_empty_line_for_a_transition_period_says_nothing() -> None:
    made = cover(top=(*TOP[:-1], "For the transition period from ______ to ______", TOP[-1]))
    assert told(made, "fiscal_year_end") == "September 28, 2024"


def test_a_day_may_stand_before_its_month() -> None:
    top = tuple(
        "For the financial year ended 30 June 2024" if each.startswith("For the") else each for each in TOP
    )
    assert told(cover(top=top), "fiscal_year_end") == "30 June 2024"


def test_boxes_before_the_filer_categories_follow_a_sentence_that_names_them() -> None:
    grid = table(
        ("☐", "Large accelerated filer", "☐", "Accelerated filer"),
        ("☒", "Non-accelerated filer", "☒", "Smaller reporting company"),
        ("", "", "☒", "Emerging growth company"),
        header_rows=0,
    )
    question = BOXES[2].split(" See the definitions")[0]
    made = document(*TOP, *NAME, *LISTING, *BOXES[:2], question, grid, BOXES[4], *END)
    assert told(made, "filer_category") == "Non-accelerated filer"


def test_several_registrants_are_asked_whether_they_are_shell_companies() -> None:
    asked = "Indicate by check mark whether the registrants are shell companies (Rule 12b-2). Yes ☐ No ☒"
    assert told(cover(boxes=(*BOXES[:4], asked)), "shell_company") is False


@pytest.mark.parametrize("documents", ["Portions of the proxy statement (Part III).", "None"])
def test_amounts_may_stand_below_the_documents_incorporated(documents: str) -> None:
    below = cover(end=("DOCUMENTS INCORPORATED BY REFERENCE:", documents, END[0], END[1], "Item 1. Business"))
    assert told(below, "public_float") == 412_500_000
    assert told(below, "shares_outstanding") == [24_561_778]


def test_no_documents_incorporated_are_no_public_float_of_nothing() -> None:
    untraded = "There was no market for the stock, so that no aggregate market value is given."
    made = cover(end=(untraded, END[1], "DOCUMENTS INCORPORATED BY REFERENCE: None"))
    assert told(made, "public_float") is None


def test_an_exchange_may_span_the_rows_of_several_securities() -> None:
    listed = table(
        ("Title of each class", "Trading Symbol", "Name of each exchange on which registered"),
        ("Class A Common Stock", "MLWK", "New York Stock Exchange"),
        ("4.125% Notes due 2031", "MLWK 31"),
    )
    assert listed.table is not None
    listed.table.cells[5].rowspan = 2
    made = cover(listing=(LISTING[0], listed, LISTING[2]))
    assert told(made, "securities") == ["Class A Common Stock", "4.125% Notes due 2031"]
    assert told(made, "trading_symbols") == ["MLWK", "MLWK 31"]


@pytest.mark.parametrize(("boxes", "answer"), [(("☑", "☐"), "Yes"), (("☐", "☑"), "No")])
def test_boxes_may_stand_in_columns_headed_by_the_answers(boxes: tuple[str, str], answer: str) -> None:
    questions = table(
        ("Indicate by check mark:", "YES", "NO"),
        ("• if the registrant is a well-known seasoned issuer, as defined in Rule 405.", *boxes),
        ("• if the registrant is not required to file reports.", "☐", "☑"),
    )
    made = document(*TOP, *NAME, *LISTING, questions, *BOXES[2:4], *END)
    assert told(made, "well_known_seasoned_issuer") == answer


def test_a_class_with_as_many_shares_as_the_others_together_is_no_total() -> None:
    counts = table(
        ("Class", "Outstanding at November 15, 2024"),
        ("Class A common stock", "30,000,000"),
        ("Class B common stock", "20,000,000"),
        ("Class C common stock", "10,000,000"),
    )
    made = document(*TOP, *NAME, *LISTING, *BOXES, END[0], counts, *END[2:])
    assert told(made, "shares_outstanding") == [30_000_000, 20_000_000, 10_000_000]


def test_shares_outstanding_may_stand_in_a_table_with_their_total() -> None:
    counts = table(
        ("Class", "Outstanding at November 15, 2024"),
        ("Class A common stock, without par value", "20,000,111"),
        ("Class B common stock, without par value", "4,561,667"),
        ("", "24,561,778"),
    )
    made = document(*TOP, *NAME, *LISTING, *BOXES, END[0], counts, *END[2:])
    assert told(made, "shares_outstanding") == [20_000_111, 4_561_667]


def test_a_state_before_the_house_number_is_no_part_of_the_street() -> None:
    registrant = (
        "Mosswell Lantern Works, Inc. (Exact name of registrant as specified in its charter) "
        "Oregon 12 Harbor Lane Astoria, Oregon 97103"
    )
    heads = ("Commission file number", "Registrants, addresses and states of incorporation")
    made = cover(name=(table(heads, ("1-99123", registrant), ("1-99124", "Other Lanterns")),))
    assert told(made, "address_line1") == "12 Harbor Lane"
    assert told(made, "city") == "Astoria"
