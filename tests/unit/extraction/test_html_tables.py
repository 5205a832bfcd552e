from __future__ import annotations

from neuraldocflow.extraction.html.reader import read
from neuraldocflow.extraction.model import Document, Table
from tests.support.html import page, table

STATEMENT = """
<p><b>Made-up statements of income</b></p><p>(in millions, except per share amounts)</p>
<table>
<tr><td style="width:1%"/><td style="width:60%"/><td/><td/><td/><td/><td/><td/><td/><td/></tr>
<tr><td colspan="3"></td><td colspan="7"><b>Year ended June 30,</b></td></tr>
<tr><td colspan="3"></td><td colspan="3"><b>2024</b></td><td></td><td colspan="3"><b>2023</b></td></tr>
<tr><td colspan="3">Revenue</td><td>$</td><td>1,234</td><td></td><td></td><td>$</td><td>998</td>
    <td></td></tr>
<tr><td></td><td colspan="2">Cost of rope</td><td colspan="2">(1,000</td><td>)</td><td></td>
    <td colspan="2">(900</td><td>)</td></tr>
<tr><td colspan="3">Margin</td><td colspan="2">19</td><td>%</td><td></td>
    <td colspan="2">10</td><td>%</td></tr>
<tr><td colspan="3">Income per share</td><td>$</td><td>2.10</td><td></td><td></td><td>$</td><td>—</td>
    <td></td></tr>
</table>"""


def only_table(document: Document) -> Table:
    (found,) = document.tables()
    return found


def test_figures_split_over_cells_are_one_and_spacer_columns_vanish() -> None:
    found = only_table(read(page(STATEMENT)))
    assert found.grid() == [
        ["", "Year ended June 30,", ""],
        ["", "2024", "2023"],
        ["Revenue", "$ 1,234", "$ 998"],
        ["Cost of rope", "(1,000)", "(900)"],
        ["Margin", "19%", "10%"],
        ["Income per share", "$ 2.10", "$ —"],
    ]


def test_a_statement_knows_its_headers_scale_and_caption() -> None:
    found = only_table(read(page(STATEMENT)))
    assert found.header() == ["", "Year ended June 30, 2024", "Year ended June 30, 2023"]
    assert (found.scale, found.currency) == (1e6, "USD")
    assert found.caption == "Made-up statements of income (in millions, except per share amounts)"


def test_cells_know_where_they_stand_in_the_text() -> None:
    document = read(page(f"<p>Before</p>{STATEMENT}"))
    for cell in only_table(document).cells:
        assert document.text[cell.start : cell.end] == cell.text


def test_rows_and_columns_spanned_are_taken() -> None:
    source = (
        "<table><tr><th rowspan=2>Name</th><th colspan=2>Dose</th></tr>"
        "<tr><th>Morning</th><th>Night</th></tr>"
        "<tr><td rowspan=2>Placebo</td><td>1</td><td>2</td></tr><tr><td>3</td><td>4</td></tr></table>"
    )
    found = only_table(read(page(source)))
    assert found.grid()[2:] == [["Placebo", "1", "2"], ["", "3", "4"]]
    assert found.header() == ["Name", "Dose Morning", "Dose Night"]
    assert found.cells[0].rowspan == 2


def test_a_row_of_years_is_a_header_whatever_is_below() -> None:
    source = (
        "<table><tr><td></td><td colspan=2>Year ended June 30,</td></tr>"
        "<tr><td></td><td>2024</td><td>2023</td></tr>"
        "<tr><td>Life</td><td>5 to 7 years</td><td>6 years</td></tr>"
        "<tr><td>Kind</td><td>hemp</td><td>hemp</td></tr></table>"
    )
    assert only_table(read(page(source))).header() == [
        "",
        "Year ended June 30, 2024",
        "Year ended June 30, 2023",
    ]


def test_marked_header_rows_and_captions_are_believed() -> None:
    source = (
        "<table><caption>Problems</caption><thead><tr><td>Name</td><td>Since</td></tr></thead>"
        "<tbody><tr><td>Hay fever</td><td>2019</td></tr></tbody></table>"
    )
    document = read(page(source))
    found = only_table(document)
    assert (found.header_rows, found.caption) == (1, "Problems")
    assert found.body() == [["Hay fever", "2019"]]
    assert [(block.kind, block.text) for block in document.blocks] == [
        ("caption", "Problems"),
        ("table", "Name\tSince\nHay fever\t2019"),
    ]


def test_one_column_under_a_header_is_a_table_still() -> None:
    found = only_table(read(page("<table><tr><th>Allergy</th></tr><tr><td>Dust</td></tr></table>")))
    assert (found.n_columns, found.header_rows) == (1, 1)


def test_values_over_their_labels_have_no_header() -> None:
    found = only_table(
        read(
            page(
                table(("<b>Utopia</b>", "<b>12-3456789</b>"), ("(State of founding)", "(Identification No.)"))
            )
        )
    )
    assert found.header_rows == 0


def test_a_table_of_one_cell_or_column_flows() -> None:
    document = read(page(table(("<h2>Title</h2><p>One</p><p>Two</p>",)) + table(("Three",), ("Four",))))
    assert [block.kind for block in document.blocks] == ["heading", *["paragraph"] * 4]


def test_bullets_and_markers_in_a_column_are_list_items() -> None:
    document = read(page(table(("•", "First thing"), ("•", "Second thing"))))
    assert [(block.kind, block.text) for block in document.blocks] == [
        ("list_item", "• First thing"),
        ("list_item", "• Second thing"),
    ]


def test_a_heading_laid_out_in_cells_is_one_line() -> None:
    document = read(
        page(table(("<b>Item 1A.</b>", "<b>Risks</b>")) + "<p>There are some risks in the trade.")
    )
    first = document.blocks[0]
    assert (first.kind, first.text) == ("heading", "Item 1A. Risks")


def test_a_table_around_tables_flows_and_they_stay() -> None:
    inner = table(("Name", "Ada"), ("Born", "1815"))
    document = read(page(f"<table><tr><td>Left</td><td><p>Above</p>{inner}</td></tr></table>"))
    assert [block.kind for block in document.blocks] == ["paragraph", "paragraph", "table"]
    assert only_table(document).grid() == [["Name", "Ada"], ["Born", "1815"]]


def test_columns_of_lines_beside_one_another_flow_one_after_the_other() -> None:
    beside = table(("Quill<br>1 Lane<br>Utopia", "Order: 7<br>Date: May 2"))
    document = read(page(beside + table(("Quill", "Order: 8")) + table(("1.", "Bring<br>tea"))))
    assert [block.text for block in document.blocks] == [
        "Quill 1 Lane Utopia",
        "Order: 7 Date: May 2",
        "Quill Order: 8",
        "1. Bring tea",
    ]


def test_lists_and_lines_inside_a_cell_are_parted_by_spaces() -> None:
    found = only_table(
        read(page(table(("Plan", "<ul><li>Rest</li><li>Water</li></ul>"), ("Address", "1 Lane<br>Utopia"))))
    )
    assert found.grid() == [["Plan", "Rest Water"], ["Address", "1 Lane Utopia"]]


def test_columns_that_are_each_half_empty_stay_two() -> None:
    source = "<table><tr><td colspan=3>All of it</td></tr>" + "".join(
        f"<tr><td>{name}</td><td>{left}</td><td>{right}</td></tr>"
        for name, left, right in (("a", "1", ""), ("b", "", "2"), ("c", "3", ""))
    )
    assert only_table(read(page(source + "</table>"))).n_columns == 3


def test_hidden_rows_and_cells_are_no_part_of_it() -> None:
    source = (
        "<table><tr><td>a</td><td hidden>x</td><td>b</td></tr>"
        "<tr style='display:none'><td>y</td><td>z</td></tr>"
        "<tr><td>c</td><td>d</td></tr></table>"
    )
    assert only_table(read(page(source))).grid() == [["a", "b"], ["c", "d"]]


def test_rows_left_open_are_closed_by_the_next() -> None:
    assert only_table(read(b"<table><tr><td>a<td><b>b<tr><td>c<td>d")).grid() == [["a", "b"], ["c", "d"]]


def test_absurd_spans_are_cut() -> None:
    source = "<table><tr><td colspan=99999 rowspan=99999>a</td></tr><tr><td>b</td><td>c</td></tr></table>"
    document = read(page(source))
    assert document.text.split() == ["a", "b", "c"]


def test_anchors_and_links_inside_a_table_work() -> None:
    document = read(page(table(("<a href='#x'>Item 1</a>", "3"), ("<span id=y>Item 2</span>", "4"))))
    (link,) = document.links
    assert document.text[link.start : link.end] == "Item 1"
    assert document.blocks[0].anchor == "y"


TYPED = """
<pre>
                          STATEMENTS OF INVENTED INCOME
                (Dollars in thousands, except per share data)

                                       Years ended December 31,
                                    ----------------------------
                                        2001             2000
                                    -----------      -----------
Net sales                           $   412,331      $   398,120
Cost of ropes &amp; twine                 290,114          281,009
                                    -----------      -----------
Gross profit                        $   122,217      $   117,111
                                    ===========      ===========

The notes are part of these statements.
</pre>"""


def test_columns_set_by_spaces_are_a_table() -> None:
    document = read(page(TYPED))
    found = only_table(document)
    assert found.grid()[-3:] == [
        ["Net sales", "$ 412,331", "$ 398,120"],
        ["Cost of ropes & twine", "290,114", "281,009"],
        ["Gross profit", "$ 122,217", "$ 117,111"],
    ]
    assert (found.scale, found.currency) == (1000.0, "USD")
    assert document.blocks[-1].text == "The notes are part of these statements."
    cell = next(cell for cell in found.cells if cell.text == "281,009")
    assert document.text[cell.start : cell.end] == "281,009"
