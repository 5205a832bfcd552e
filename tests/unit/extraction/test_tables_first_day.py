"""Tables and pairs of ordinary bills, forms and statements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pymupdf
import pytest

from neuraldocflow.extraction.candidates import Context
from neuraldocflow.extraction.html.reader import read as read_html
from neuraldocflow.extraction.model import Document
from neuraldocflow.extraction.pdf.reader import read as read_pdf
from neuraldocflow.extraction.pdf.rows import NUMBER
from neuraldocflow.extraction.profile import Field
from neuraldocflow.extraction.strategies.tables import key_values

Row = tuple[float, str, list[tuple[Any, str]]]
"""Height, font, and the texts: at x, ending at -x, or around (x,)."""


def pdf(rows: Sequence[Row], rotate: int = 0) -> Document:
    made = pymupdf.open()
    page = made.new_page()
    page.set_rotation(rotate)
    for y, font, texts in rows:
        for x, text in texts:
            width = pymupdf.Font(font).text_length(text, 10)
            left = x[0] - width / 2 if isinstance(x, tuple) else -x - width if x < 0 else x
            at = pymupdf.Point(left, y) * page.derotation_matrix
            if rotate:
                page.insert_text(at, text, fontsize=10, fontname=font, rotate=rotate)
            else:  # which knows the sign of the euro
                writer = pymupdf.TextWriter(page.rect)
                writer.append(at, text, font=pymupdf.Font(font), fontsize=10)
                writer.write_text(page)
    return read_pdf(made.tobytes())


def grid(xs: Sequence[Any], rows: Sequence[Sequence[str]], y: float = 100) -> list[Row]:
    """Rows below one another, the first in bold type."""
    return [
        (y + 15 * at, "helv" if at else "hebo", [(x, text) for x, text in zip(xs, row, strict=True) if text])
        for at, row in enumerate(rows)
    ]


def tables(document: Document) -> list[list[list[str]]]:
    return [block.table.grid() for block in document.blocks if block.table is not None]


def pairs(document: Document) -> dict[str, str]:
    found = key_values(document, {}, Field("pairs"), Context([]))
    return {each.value["name"]: each.value["value"] for each in found}


@pytest.mark.parametrize(
    "amounts", [("USD 2,850.00", "USD 320.40"), ("-$12.00", "-$45.20"), ("2.850,00 €", "1.320,40 €")]
)
def test_amounts_are_figures_however_their_currency_is_written(amounts: tuple[str, str]) -> None:
    named = list(zip(("Gross pay", "Income tax"), amounts, strict=True))
    found = pdf(
        [(100 + 15 * at, "helv", [(50, name), (-300, text)]) for at, (name, text) in enumerate(named)]
    )
    assert pairs(found) == dict(named)


def test_a_sign_behind_its_figure_stays_with_it() -> None:
    rows = [
        ["Item", "Qty", "Unit price", "Amount"],
        ["Screw", "2", "10.00 €", "20.00 €"],
        ["Nut", "10", "5.50 €", "55.00 €"],
        ["", "", "Total", "75.00 €"],
    ]
    assert tables(pdf(grid((50, -270, -390, -500), rows))) == [rows]


def test_a_sign_before_its_figure_stays_with_that() -> None:
    rows = [["", "2024", "2023"], ["Lease cost $", "8,847 $", "10,550"], ["Total $", "17,157 $", "18,918"]]
    ((_, first, second),) = tables(pdf(grid((50, -300, -400), rows)))
    assert [first[1:], second[1:]] == [["8,847", "$ 10,550"], ["17,157", "$ 18,918"]]


def test_heads_belong_to_the_columns_they_stand_over() -> None:
    rows = [["Description", "Quantity", "Unit price", "Amount"], ["Widget", "2", "10.00", "20.00"]]
    rows += [["Gadget", "10", "5.50", "55.00"]]
    assert tables(pdf(grid((50, (300,), (390,), (490,)), rows))) == [rows]


def test_the_total_below_items_of_words_is_a_row_of_its_own() -> None:
    rows = [
        ["Item", "Colour", "Size", "Qty"],
        ["Shirt", "Blue", "M", "2"],
        ["Trousers", "Black", "32/34", "1"],
        ["Jacket", "Grey", "L", "1"],
        ["", "", "Total pieces", "4"],
    ]
    assert tables(pdf(grid((50, 250, 350, 450), rows))) == [rows]


def test_two_tables_with_columns_elsewhere_are_two() -> None:
    bill = [
        ["Description", "Qty", "Price", "Amount"],
        ["Pens", "10", "1.50", "15.00"],
        ["Desk", "1", "9.00", "9.00"],
    ]
    vat = [
        ["VAT summary", "Rate", "Net", "VAT"],
        ["Standard", "20%", "20.00", "4.00"],
        ["Zero", "0%", "4.00", "0.00"],
    ]
    rows = grid((50, -300, -400, -520), bill) + grid((50, -200, -270, -345), vat, 172)
    assert tables(pdf(rows)) == [bill, vat]


def test_what_is_named_beside_an_address_is_a_pair_of_its_own() -> None:
    rows: list[Row] = [
        (80, "helv", [(50, "Acme Ltd"), (350, "Date: 12 March 2026")]),
        (94, "helv", [(50, "12 High Street"), (350, "Due: 12 April 2026")]),
    ]
    assert pairs(pdf(rows)) == {"Date": "12 March 2026", "Due": "12 April 2026"}


def test_groups_below_the_heads_and_labels_in_lower_case_are_rows() -> None:
    rows = [["Product", "Code", "Price"], ["Phones", "", ""], ["Galaxy S24", "1002", "899.00"]]
    rows += [["Tablets", "", ""], ["iPad Air", "2001", "699.00"]]
    assert tables(pdf(grid((50, -400, -500), rows))) == [rows]
    years = [["Expense", "Budget"], ["Rent", "2000"], ["Food", "500"]]
    assert tables(pdf(grid((50, -300), years))) == [years]


def test_numbers_of_accounts_and_cards_are_one_cell() -> None:
    rows = [["Account", "Number", "Balance"], ["Current", "1234 5678 9012 3456", "1,250.00"]]
    rows += [["Card", "4111 1111 1111 1111", "-320.10"]]
    assert tables(pdf(grid((50, 200, -420), rows))) == [rows]


@pytest.mark.parametrize("rotate", [0, 90, 270])
def test_typed_columns_are_found_on_a_turned_page_too(rotate: int) -> None:
    lines = ["Account          Opening     Closing", "Cash            1,200.00    1,050.00"]
    lines += ["Receivables     5,400.00    5,000.00"]
    found = pdf([(100 + 12 * at, "cour", [(50, line)]) for at, line in enumerate(lines)], rotate)
    assert tables(found) == [[line.split() for line in lines]]


def test_an_empty_value_takes_none_from_further_on() -> None:
    rows = [
        "Invoice number|1042|Date|2026-03-12",
        "PO number||Due date|2026-04-12",
        "Customer|C-77|Terms|30 days",
    ]
    told = "".join("<tr>" + "".join(f"<td>{each}" for each in row.split("|")) for row in rows)
    assert pairs(read_html(f"<table>{told}</table>".encode())) == {
        "Invoice number": "1042",
        "Date": "2026-03-12",
        "Due date": "2026-04-12",
        "Customer": "C-77",
        "Terms": "30 days",
    }


def test_a_form_below_its_title_is_one_and_so_are_totals_with_a_rate() -> None:
    form = b"<table><tr><th colspan=2>Patient details<tr><td>Name<td>Ann Smith<tr><td>Sex<td>F</table>"
    assert pairs(read_html(form)) == {"Name": "Ann Smith", "Sex": "F"}
    bill = (
        b"<table><tr><th>Item<th>Qty<th>Price<th>Amount<tr><td>Pen<td>2<td>1.00<td>2.00"
        b"<tr><td>Ink<td>1<td>5.00<td>5.00<tr><td>Subtotal<td><td><td>7.00"
        b"<tr><td>VAT<td><td>20%<td>1.40<tr><td>Total<td><td><td>8.40</table>"
    )
    assert pairs(read_html(bill)) == {"Subtotal": "7.00", "Total": "8.40"}


def test_preformatted_columns_may_be_set_by_tabs() -> None:
    found = read_html(b"<pre>\nItem\t\tQty\tPrice\nWidget blue\t2\t10.00\nPen\t\t10\t5.50\n</pre>")
    assert tables(found) == [[["Item", "Qty", "Price"], ["Widget blue", "2", "10.00"], ["Pen", "10", "5.50"]]]


def test_a_row_of_thousands_of_figures_is_no_table_and_takes_no_time() -> None:
    row = "   ".join(["1.00"] * 20_000)
    assert tables(read_html(f"<pre>\n{row}\n{row}\n{row}\n</pre>".encode())) == []


@pytest.mark.parametrize("items", [1, 2])
@pytest.mark.parametrize("first", ["#1", "SKU A-10", "Date 03.01.2025"])
def test_a_bill_of_an_item_or_two_has_the_columns_that_its_head_names(items: int, first: str) -> None:
    head, begun = first.replace("#", "# ").split()
    rows = [(head, "Description", "Qty", "Unit price", "Amount")]
    rows += [(f"{begun}{item}", f"Consulting {item}", "3", "106.80", "320.40") for item in range(items)]
    total = ("", "Total", "", "", "320.40")
    assert tables(pdf(grid((50, 120, -330, -400, -480), [*rows, total]))) == [[*map(list, rows), [*total]]]


@pytest.mark.parametrize(
    "amounts",
    [
        ("1'106.80", "3'320.40"),
        ("1 245,00 €", "1 878,48 €"),
        ("45.20-", "1,320.40-"),
        ("45,20-", "1.320,40-"),
        ("954.80 CR", "45.20 DR"),
    ],
)
def test_totals_are_figures_as_several_countries_and_banks_write_them(amounts: tuple[str, str]) -> None:
    rows = [("Item", "Quantity", "Amount"), ("Paper", "2", "45.00"), ("Ink", "1", amounts[0])]
    total = ("Total", "", amounts[1])
    document = pdf(grid((50, -330, -480), [*rows, total]))
    assert tables(document) == [[*map(list, rows), [*total]]]
    assert pairs(document)["Total"] == amounts[1]


def test_a_word_that_goes_on_in_the_next_line_is_no_negative_figure() -> None:
    assert NUMBER.fullmatch("333-") is None  # the beginning of a file number
