"""The generic strategies: labels, patterns, nearness, sections, tables, tagged values."""

from __future__ import annotations

from typing import Any

import pytest

from neuraldocflow.extraction.candidates import STRATEGIES, Candidate, Context
from neuraldocflow.extraction.model import Block, Document, Fact
from neuraldocflow.extraction.profile import Field
from neuraldocflow.extraction.sections import Section
from tests.support.documents import document, on_page, paragraph, table


def candidates(
    made: Document, strategy: str, sections: list[Section] | None = None, kind: str = "string", **spec: Any
) -> list[Candidate]:
    found = list(STRATEGIES[strategy](made, spec, Field("f", kind), Context(sections or [])))
    for each in found:
        if each.start >= 0 and each.value is None:
            assert made.text[each.start : each.end] == each.raw
    return sorted(found, key=lambda each: -each.score)


def raws(made: Document, strategy: str, **spec: Any) -> list[str]:
    return [each.raw for each in candidates(made, strategy, **spec)]


def test_a_label_with_a_colon_in_its_line() -> None:
    made = document("Invoice number: A-17", "The invoice number is on the first page")
    assert raws(made, "label", text="Invoice number")[0] == "A-17"


def test_a_value_ends_where_the_next_label_begins() -> None:
    assert raws(document("Number: A-17   Date: May 2"), "label", text="Number") == ["A-17"]


def test_a_label_and_its_value_in_neighbouring_cells() -> None:
    made = document(table(("Customer", "Ada Lark"), ("Total due", "$ 12.50"), header_rows=0))
    assert raws(made, "label", text=["Total due", "Amount due"])[0] == "$ 12.50"


def test_a_currency_beside_a_label_is_a_sign_of_an_amount_and_a_value_of_a_text() -> None:
    for row in (("Total due", "EUR", "12.50"), ("Total due (EUR)", "12.50"), ("Total due: EUR", "12.50")):
        made = document(table(("Customer", "Ada Lark", ""), row, header_rows=0))
        best = candidates(made, "label", text="Total due", kind="money")[0]
        assert (best.raw, best.context["currency"]) == ("12.50", "EUR")
    made = document(table(("Currency", "EUR", "Date"), ("Number", "A-17", ""), header_rows=0))
    assert raws(made, "label", text="Currency")[0] == "EUR"
    assert raws(document("Currency: EUR"), "label", text="Currency")[0] == "EUR"


def test_a_value_below_its_label_in_a_column() -> None:
    made = document(table(("Number", "Date"), ("A-17", "May 2, 2024")))
    assert raws(made, "label", text="Date", side="below") == ["May 2, 2024"]


def test_a_value_beside_and_one_above_its_label_on_a_page() -> None:
    made = document("start")
    made.blocks = [
        on_page("Larkspur", (50, 80, 120, 92)),
        on_page("(Exact name)", (50, 94, 120, 106)),
        on_page("Fax", (50, 200, 90, 212)),
        on_page("555", (200, 200, 240, 212)),
    ]
    made.finish()
    assert raws(made, "label", text="Exact name", side="above") == ["Larkspur"]
    assert raws(made, "label", text="Fax", side="right") == ["555"]


def test_a_label_s_value_must_look_like_its_pattern() -> None:
    made = document("Reference: to be given", "Reference: REF-99 of May")
    assert raws(made, "label", text="Reference", pattern=r"REF-\d+") == ["REF-99"]


def test_a_pattern_gives_its_group_and_earlier_matches_first() -> None:
    made = document("Order 12 replaces Order 11.")
    assert raws(made, "pattern", pattern=r"order (?P<value>\d+)") == ["12", "11"]


def test_a_pattern_within_a_section_only() -> None:
    made = document("Price 1", "Terms", "Price 2")
    terms = Section("terms", "Terms", 1, 8, len(made.text))
    assert [each.raw for each in candidates(made, "pattern", [terms], pattern=r"\d", section="terms")] == [
        "2"
    ]


def test_the_nearest_match_is_the_likeliest() -> None:
    made = document("On 1 May it rained. The agreement ends on 7 June, and on 9 July we met.")
    found = raws(made, "proximity", near="ends on", pattern=r"\d \w+")
    assert found[0] == "7 June"


def test_the_text_of_a_section_without_its_heading() -> None:
    made = document("Scope", "All of it.", "Other")
    scope = Section("scope", "Scope", 1, 0, 16)
    assert [each.raw for each in candidates(made, "section", [scope], id="scope")] == ["All of it."]
    found = candidates(made, "section", [scope], id="scope", pattern=r"^\w+")
    assert [each.raw for each in found] == ["All"]


def test_the_text_of_a_section_whose_heading_runs_into_it() -> None:
    made = document("1. Term. It lasts 3 years.", "Other")
    term = Section("term", "Term", 1, 0, 27)
    assert [each.raw for each in candidates(made, "section", [term], id="term", pattern=r"\d years")] == [
        "3 years"
    ]


def test_tagged_values_of_the_file() -> None:
    made = document("x")
    made.facts = [Fact("form.Total", "12", "12"), Fact("form.Name", " ", " ")]
    assert [each.raw for each in candidates(made, "fact", name="total|name")] == ["12"]


def test_a_cell_where_a_row_meets_a_column_with_the_table_s_scale() -> None:
    made = document(table(("", "2024", "2023"), ("Revenue", "12", "11"), ("Costs", "9", "8"), scale=1e6))
    found = candidates(made, "table_cell", row="^revenue", column="2023")
    assert [each.raw for each in found] == ["11"]
    assert found[0].context["scale"] == 1e6


def test_a_heading_is_no_cell_below_it() -> None:
    rows = ("Employee", "Pay date"), ("Ada Lark", "28 Feb 2031"), ("Bo Reed", "1 Mar 2031")
    for marked in (0, 1):
        made = document(table(*rows, header_rows=marked))
        assert raws(made, "table_cell", row=".", column="pay date") == ["28 Feb 2031", "1 Mar 2031"]
        assert raws(made, "table_cell", row=".", column="employee") == ["Ada Lark", "Bo Reed"]
        assert raws(made, "table_cell", row="^ada") == ["28 Feb 2031"]


def test_the_value_of_a_heading_stands_below_it_and_not_in_the_heading_beside() -> None:
    heads, row = ("Employee", "Employee no.", "Pay date"), ("Ada Lark", "0417", "28 Feb 2031")
    made = document(table(heads, row))
    assert raws(made, "label", text="Employee")[0] == "Ada Lark"
    assert raws(made, "label", text="Employee", side="right")[0] == "Employee no."
    form = document(table(("Employee:", "Ada Lark"), ("Number:", "0417")))
    assert raws(form, "label", text="Employee")[0] == "Ada Lark"


def test_rows_of_a_table_become_objects_and_a_total_ends_them() -> None:
    made = document(
        table(("Item", "Qty", "Amount"), ("Bolt", "4", "2.00"), ("Nut", "6", "1.20"), ("Total", "", "3.20"))
    )
    columns = {"description": "item|description", "quantity": "qty", "amount": "amount"}
    found = candidates(made, "table_rows", columns=columns, until="^total")
    assert [each.value for each in found] == [
        {"description": "Bolt", "quantity": "4", "amount": "2.00"},
        {"description": "Nut", "quantity": "6", "amount": "1.20"},
    ]
    assert len(found[0].ranges) == 2


def test_pairs_of_names_and_values() -> None:
    made = document("Vessel: Heron", "It said: nothing that one could call a pair of a name and a value")
    made.blocks.append(table(("Port:", "Lisbon"), header_rows=0))
    made.finish()
    found = [each.value for each in candidates(made, "key_values")]
    assert {"name": "Vessel", "value": "Heron"} in found
    assert {"name": "Port", "value": "Lisbon"} in found


def pairs(*parts: Block | str) -> dict[str, str]:
    found = [each.value for each in candidates(document(*parts), "key_values")]
    return {each["name"]: each["value"] for each in found}


def test_pairs_of_one_line_are_told_one_by_one() -> None:
    assert pairs("Order: 88120 Date: 2031-02-14") == {"Order": "88120", "Date": "2031-02-14"}
    assert pairs("Weight: 12 kg | Parcels: 3 | Ref. No.: QX-9") == {
        "Weight": "12 kg",
        "Parcels": "3",
        "Ref. No.": "QX-9",
    }
    assert pairs("Order: Blue Kettle Date: none") == {"Order": "Blue Kettle Date: none"}


def lined(*lines: str) -> Block:
    """A paragraph whose author began another line for each text, as ``<br>`` does."""
    made = paragraph(" ".join(lines))
    made.breaks = tuple(sum(len(line) + 1 for line in lines[:number]) for number in range(1, len(lines)))
    return made


def test_a_line_that_begins_with_a_name_ends_the_value_of_the_line_above() -> None:
    address = lined(
        "Quill & Co.", "1 Lane, Utopia", "Rechnungsnr.: R-7", "Fällig am: 3. Mai 2031", "Ort : Wien"
    )
    assert pairs(address) == {"Rechnungsnr.": "R-7", "Fällig am": "3. Mai 2031", "Ort": "Wien"}
    assert pairs(lined("Address: 1 Lane", "Utopia", "Übergabe:")) == {"Address": "1 Lane Utopia"}
    assert raws(document(lined("Our ref: AB/1", "Your ref: CD/9")), "label", text="Our ref") == ["AB/1"]
    made = table(("", "17"), header_rows=0)
    cells = made.table.cells if made.table is not None else []
    cells[0].text, cells[0].breaks = "Name: Date:", (6,)
    assert pairs(made) == {"Date": "17"}
    assert raws(document(made), "label", text=["Name", "Date"]) == ["17"]


def test_dots_may_part_a_name_from_its_value() -> None:
    assert pairs("Weight ........ 12.5 kg", "Colour . . . . . blue") == {
        "Weight": "12.5 kg",
        "Colour": "blue",
    }
    assert pairs("Definitions ........ 12", "Term . . . . . . . . 3") == {}


def test_a_form_of_two_columns_has_a_pair_in_each_row() -> None:
    rows = ("Full name", "Ada Quill"), ("Joined on", "2031-09-01"), ("Kind", "Family")
    assert pairs(table(*rows, header_rows=0)) == dict(rows)
    assert pairs(table(("Item", "Price"), *rows, header_rows=1)) == {}
    assert pairs(table(*rows, ("", "2"), header_rows=0)) == {}


def test_a_form_of_two_pairs_a_row_has_both() -> None:
    rows = ("Name", "Ada Quill", "Number", "0417"), ("Code", "12 L", "Paid on", "28/06/2031")
    assert pairs(table(*rows, header_rows=0)) == {
        "Name": "Ada Quill",
        "Number": "0417",
        "Code": "12 L",
        "Paid on": "28/06/2031",
    }
    assert pairs(table(("Ada", "Quill", "Bo", "Reed"), ("Cy", "Vane", "Di", "Moss"), header_rows=0)) == {}
    assert pairs(table(("Bolt 3", "4", "Nut", "6"), ("Pin", "2", "Cap", "1"), header_rows=0)) == {}


def test_a_single_row_below_heads_is_pairs() -> None:
    heads, row = ("Ship via", "Terms", "Buyer"), ("Rail", "30 days", "A. Quill")
    assert pairs(table(heads, row)) == dict(zip(heads, row, strict=True))
    assert pairs(table(heads, row, row)) == {}


def test_the_totals_below_the_rows_of_a_bill_are_pairs() -> None:
    rows = ("Item", "Qty", "Amount"), ("Bolt", "4", "$2.00"), ("Washer", "", "$1.00"), ("Nut", "6", "$1.20")
    totals = ("Subtotal", "", "$4.20"), ("", "Tax (5 %)", "0.21 EUR"), ("Thank you", "", "Please pay")
    assert pairs(table(*rows, *totals)) == {"Subtotal": "$4.20", "Tax (5 %)": "0.21 EUR"}
    assert pairs(table(("Item", "Qty", "Amount"), ("Bolt", "", "$2.00"), ("Nut", "", "$1.20"))) == {}


def test_a_label_that_tells_of_a_number_or_a_date_needs_no_colon() -> None:
    assert pairs(
        "Invoice # INV-42", "Due date 14 March 2031", "PO number PO-7", "Customer ID 0091", "Date 1/2/31"
    ) == {
        "Invoice #": "INV-42",
        "Due date": "14 March 2031",
        "PO number": "PO-7",
        "Customer ID": "0091",
        "Date": "1/2/31",
    }
    assert pairs("Page No. 3", "The number 3 is prime", "Effective date of the merger", "Up to date") == {}


def test_a_caption_is_no_pair() -> None:
    assert pairs("Table 1: Accuracy by model", "Figure 2: A heron", "Tables: 3") == {"Tables": "3"}


def test_blanks_for_a_signature_are_no_value() -> None:
    assert pairs("Signature: ____________", "Receipt: 0091") == {"Receipt": "0091"}


def test_a_label_beside_a_label_has_no_value() -> None:
    assert pairs(table(("Order No.:", "Customer:", "x"), header_rows=0)) == {"Customer": "x"}


def test_the_title_is_the_highest_heading_at_the_beginning() -> None:
    made = document(paragraph("Part", "heading", 2), paragraph("The Report", "heading", 1))
    made.metadata["title"] = "untitled"
    assert raws(made, "document_title")[0] == "The Report"


@pytest.mark.parametrize(
    "title",
    ["untitled", "about:blank", "https://example.org/a?b", "Microsoft Word - bill 3.docx", "bill.pdf"],
)
def test_what_a_program_that_prints_made_up_is_no_title(title: str) -> None:
    made = document("Nothing that looks like a heading stands here.")
    made.metadata["title"] = title
    assert raws(made, "document_title") == []
    made.metadata["title"] = "Bill of 3 May"
    assert raws(made, "document_title") == ["Bill of 3 May"]


@pytest.mark.parametrize(
    ("line", "kind", "raw"),
    [
        ("VAT 20%", "money", "12.80"),
        ("VAT (20%)", "money", "12.80"),
        ("VAT @ 20 %:", "money", "12.80"),
        ("VAT (20%): 9.50", "money", "9.50"),
        ("VAT (2 items): 9.50", "money", "9.50"),
        ("VAT (2 items)", "money", "12.80"),
        ("VAT (20%)", "percent", "20%"),
        ("VAT (20%): 9.50", "percent", "20%"),
        ("VAT (included)", "string", "12.80"),
        ("VAT (included): yes", "boolean", "yes"),
        ("VAT (yes)", "boolean", "(yes)"),
        ("VAT (1,200)", "money", "(1,200)"),
        ("VAT (1,200)", "string", "(1,200)"),
    ],
)
def test_a_remark_behind_a_label_belongs_to_it(line: str, kind: str, raw: str) -> None:
    made = document(table((line, "12.80"), ("Total", "76.80"), header_rows=0))
    assert candidates(made, "label", text="VAT", kind=kind)[0].raw == raw


@pytest.mark.parametrize(
    ("line", "kind", "raw"),
    [("Due date (March 5, 2024)", "date", "March 5, 2024"), ("Term (12 months)", "integer", "12 months")],
)
def test_what_stands_in_parentheses_behind_a_label_is_its_value_where_nothing_else_is(
    line: str, kind: str, raw: str
) -> None:
    (found,) = candidates(document(line), "label", text=line.partition(" (")[0], kind=kind)
    assert (found.raw, found.score < 0.5) == (raw, True)


def test_the_currency_of_a_remark_is_that_of_the_amount() -> None:
    for line in ("Total (in EUR): 5.00", "Total (EUR): 5.00"):
        found = candidates(document(line), "label", text="Total", kind="money")[0]
        assert (found.raw, found.context) == ("5.00", {"currency": "EUR"})
