from __future__ import annotations

import pymupdf
import pytest

from neuraldocflow.extraction.model import Cell
from neuraldocflow.extraction.pdf.figures import figures_of
from neuraldocflow.extraction.pdf.reader import read
from neuraldocflow.extraction.pdf.rulings import (
    Edge,
    bold_rows,
    cells_of,
    clusters,
    merge_edges,
    snap,
    stacked_grids,
)
from tests.support.pdf import PdfBuilder


def test_positions_close_together_snap_to_one() -> None:
    assert snap([10.0, 11.0, 50.0, 52.0]) == [10.5, 51.0]


def test_touching_edges_merge_and_distant_ones_do_not() -> None:
    assert merge_edges([Edge(10, 0, 50), Edge(10, 51, 100), Edge(10, 200, 300)]) == [
        Edge(10, 0, 100),
        Edge(10, 200, 300),
    ]


def test_a_missing_edge_joins_cells() -> None:
    across = [Edge(0, 0, 100), Edge(20, 0, 100), Edge(40, 0, 100)]
    down = [Edge(0, 0, 40), Edge(50, 20, 40), Edge(100, 0, 40)]
    _, _, cells = cells_of(across, down)
    assert [(c.row, c.column, c.rowspan, c.colspan) for c in cells] == [
        (0, 0, 1, 2),
        (1, 0, 1, 1),
        (1, 1, 1, 1),
    ]


def test_edges_that_do_not_cross_are_two_tables() -> None:
    across = [Edge(0, 0, 50), Edge(20, 0, 50), Edge(0, 200, 250), Edge(20, 200, 250)]
    down = [Edge(0, 0, 20), Edge(50, 0, 20), Edge(200, 0, 20), Edge(250, 0, 20)]
    assert len(clusters(across, down)) == 2


def test_a_ruled_table_has_its_cells_once_and_its_lines_joined() -> None:
    builder = PdfBuilder().page().text(72, 60, "Before the table there is prose.")
    builder.grid([72, 200, 330], [100, 120, 150, 170])
    builder.text(80, 115, "Item", 10, bold=True).text(210, 115, "Remark", 10, bold=True)
    builder.row(132, (80, "Apples"), (210, "from the north")).row(144, (210, "and the south"))
    builder.row(165, (80, "Pears"), (210, "none")).text(72, 300, "After it there is more.")
    document = read(builder.done())
    (table,) = document.tables()
    assert table.grid() == [["Item", "Remark"], ["Apples", "from the north and the south"], ["Pears", "none"]]
    assert table.header_rows == 1
    assert document.text.count("Apples") == 1
    assert [block.kind for block in document.blocks] == ["paragraph", "table", "paragraph"]
    cell = next(cell for cell in table.cells if cell.text == "Pears")
    assert document.text[cell.start : cell.end] == "Pears"


def test_a_letter_on_a_ruling_is_of_no_cell() -> None:
    builder = PdfBuilder().page().grid([72, 200, 330], [100, 120, 140])
    builder.row(115, (80, "Item"), (198.9, "i"), (210, "North"))
    builder.row(135, (80, "Apples"), (210, "4"))
    document = read(builder.done())
    (table,) = document.tables()
    assert table.grid() == [["Item", "North"], ["Apples", "4"]]
    assert {block.text for block in document.blocks if block.table is None} == {"i"}


def statement() -> PdfBuilder:
    builder = (
        PdfBuilder().page().text(200, 60, "Statement of Invented Operations").text(240, 76, "(in millions)")
    )
    builder.row(100, (330, "2031"), (430, "2030"))
    builder.row(116, (72, "Revenue"), (300, "$"), (330, "1,204"), (400, "$"), (430, "1,101"))
    builder.row(132, (72, "Cost of the goods sold in the"))
    builder.row(144, (72, "ordinary course"), (330, "(310"), (352, ")"), (430, "(299"), (452, ")"))
    builder.row(160, (72, "Net income"), (300, "$"), (330, "894"), (400, "$"), (430, "802"))
    return builder


def test_an_unruled_statement_has_columns_with_signs_joined_to_numbers() -> None:
    (table,) = read(statement().done()).tables()
    assert table.grid()[-3:] == [
        ["Revenue", "$ 1,204", "$ 1,101"],
        ["Cost of the goods sold in the ordinary course", "(310)", "(299)"],
        ["Net income", "$ 894", "$ 802"],
    ]
    assert table.header() == ["", "2031", "2030"]


def test_units_above_the_table_set_its_scale() -> None:
    (table,) = read(statement().done()).tables()
    assert table.scale == 1e6
    assert table.currency == "USD"


def test_a_table_that_goes_on_over_the_page_says_so() -> None:
    builder = PdfBuilder()
    for _ in range(2):
        builder.page()
        for number in range(5):
            builder.row(100 + 16 * number, (72, f"Line {'abcde'[number]}"), (330, "1,200"), (430, "3,400"))
    first, second = read(builder.done()).tables()
    assert not first.continues
    assert second.continues


def test_prose_in_two_columns_is_no_table() -> None:
    builder = PdfBuilder().page()
    for number in range(12):
        builder.text(50, 100 + 14 * number, "words of the left column that go on for a while", 9)
        builder.text(330, 100 + 14 * number, "words of the right column that go on for a while", 9)
    assert list(read(builder.done()).tables()) == []


def test_bulleted_prose_beside_a_column_of_prose_is_no_table() -> None:
    builder = PdfBuilder().page()
    for number in range(10):
        y = 100 + 14 * number
        builder.text(50, y, "words of a column on the left side here", 9).text(320, y, "•", 9)
        builder.text(335, y, "words of a bulleted list on the right", 9)
    assert list(read(builder.done()).tables()) == []


def test_lines_of_a_cell_are_one_where_rows_stand_further_apart() -> None:
    builder = PdfBuilder().page()
    builder.row(80, (330, "Shares")).row(91, (330, "granted"), (430, "Price"))
    builder.row(112, (72, "Balance at the end of the")).row(
        123, (72, "First Quarter"), (330, "1,204"), (430, "11")
    )
    builder.row(144, (72, "Granted"), (330, "310"), (430, "12"))
    builder.row(165, (72, "Plans that Holders")).row(171, (330, "95"), (430, "14"))
    builder.row(176, (72, "Approved")).row(197, (72, "Total"), (330, "1,609"), (430, "11"))
    (table,) = read(builder.done()).tables()
    assert table.grid() == [
        ["", "Shares granted", "Price"],
        ["Balance at the end of the First Quarter", "1,204", "11"],
        ["Granted", "310", "12"],
        ["Plans that Holders Approved", "95", "14"],
        ["Total", "1,609", "11"],
    ]


def test_rows_as_close_as_lines_stay_rows() -> None:
    builder = PdfBuilder().page().row(80, (330, "2031"), (430, "2030"))
    for number, label in enumerate(("Assets", "Cash", "Land", "Total")):
        figures = () if number == 0 else ((330, f"{number}00"), (430, f"{number}50"))
        builder.row(92 + 12 * number, (72, label), *figures)
    (table,) = read(builder.done()).tables()
    assert table.grid()[1:] == [
        ["Assets", "", ""],
        ["Cash", "100", "150"],
        ["Land", "200", "250"],
        ["Total", "300", "350"],
    ]


def test_tables_one_below_the_other_keep_their_own_columns() -> None:
    builder = PdfBuilder().page()
    builder.row(80, (250, "2031"), (400, "2030"))
    builder.row(100, (72, "Rent"), (250, "1,204,000"), (400, "1,101,000"))
    builder.row(120, (72, "Wages"), (250, "2,310,000"), (400, "2,299,000"))
    builder.row(145, (245, "North"), (283, "South"), (350, "East"), (420, "West"))
    builder.row(165, (72, "Sites"), (250, "11"), (280, "12"), (350, "13"), (420, "14"))
    builder.row(185, (72, "Staff"), (250, "210"), (280, "220"), (350, "230"), (420, "240"))
    first, second = read(builder.done()).tables()
    assert first.grid()[-1] == ["Wages", "2,310,000", "2,299,000"]
    assert second.grid() == [
        ["", "North", "South", "East", "West"],
        ["Sites", "11", "12", "13", "14"],
        ["Staff", "210", "220", "230", "240"],
    ]


def test_the_sign_of_the_next_figure_is_not_part_of_a_figure() -> None:
    builder = PdfBuilder().page().row(80, (250, "2031"), (330, "2030"))
    builder.row(100, (72, "Rent"), (240, "$"), (250, "1,204 $"), (330, "1,101"))
    builder.row(120, (72, "Wages"), (250, "2,310"), (330, "2,299"))
    (table,) = read(builder.done()).tables()
    assert table.grid()[1:] == [["Rent", "$ 1,204", "$ 1,101"], ["Wages", "2,310", "2,299"]]


def test_a_row_without_gaps_is_of_the_table_where_all_behind_its_label_are_figures() -> None:
    builder = PdfBuilder().page().row(80, (250, "2031"), (311, "2030"))
    builder.row(100, (72, "Rent"), (250, "1,204"), (311, "1,101"))
    builder.row(116, (72, "Wages of those in the eastern yard"), (238, "31,112,310"), (299, "28,002,299"))
    builder.row(132, (238, "31,113,514"), (299, "28,003,400"))
    (table,) = read(builder.done()).tables()
    assert table.grid()[-2:] == [
        ["Wages of those in the eastern yard", "31,112,310", "28,002,299"],
        ["", "31,113,514", "28,003,400"],
    ]


def test_dots_that_a_label_left_for_the_next_line_are_no_row() -> None:
    builder = PdfBuilder().page().row(80, (250, "2031"), (330, "2030"))
    builder.row(100, (72, "Rent . . . . . . . . ."), (250, "1,204"), (330, "1,101"))
    builder.row(114, (72, "Wages of the yard . . . . . ."))
    builder.row(128, (72, ". . . ."), (250, "2,310"), (330, "2,299"))
    (table,) = read(builder.done()).tables()
    assert [row[1:] for row in table.grid()] == [["2031", "2030"], ["1,204", "1,101"], ["2,310", "2,299"]]
    assert table.grid()[-1][0].startswith("Wages of the yard")


def test_blanks_behind_a_figure_are_no_part_of_it() -> None:
    builder = PdfBuilder().page().row(80, (250, "2031"), (311, "2030"))
    for number, label in enumerate(("Rent", "Wages", "Power")):
        y = 100 + 16 * number
        builder.row(y, (72, label), (250, f"({number},104)\u00a0"))
        builder.text(284, y, "\u00a0" * 14, 9).row(y, (311, f"$ {number},101"))
    (table,) = read(builder.done()).tables()
    assert table.grid()[-1] == ["Power", "(2,104)", "$ 2,101"]


def test_a_frame_around_columns_of_figures_is_no_table_of_its_own() -> None:
    builder = PdfBuilder().page().grid([320, 400, 480], [70, 145])
    builder.rule(320, 125, 480, 125).row(85, (330, "2031"), (410, "2030"))
    for number, label in enumerate(("Rent", "Wages", "Total")):
        builder.row(102 + 17 * number, (72, label), (330, f"{number}00"), (410, f"{number}50"))
    (table,) = read(builder.done()).tables()
    assert table.grid()[-3:] == [["Rent", "000", "050"], ["Wages", "100", "150"], ["Total", "200", "250"]]


def test_a_frame_around_figures_and_dashes_is_no_table_of_its_own() -> None:
    builder = PdfBuilder().page().grid([320, 400, 480], [70, 90, 180]).row(85, (330, "Yard"), (410, "Barn"))
    for number, label in enumerate(("Rent", "Wages", "Power", "Total")):
        figures = ("-", "$ 450") if label == "Power" else (f"${number}00", "-")
        builder.row(107 + 17 * number, (72, label), (330, figures[0]), (410, figures[1]))
    (table,) = read(builder.done()).tables()
    assert table.grid()[-2:] == [["Power", "-", "$ 450"], ["Total", "$300", "-"]]


def test_a_head_in_the_middle_over_several_is_of_them_all() -> None:
    builder = PdfBuilder().page().row(80, (290, "Years ended May 31,"))
    builder.row(92, (250, "2031"), (325, "2030"), (400, "2029"))
    builder.row(104, (72, "Rent"), (250, "1,204"), (325, "1,101"), (400, "1,090"))
    builder.row(120, (72, "Wages"), (250, "2,310"), (325, "2,299"), (400, "2,180"))
    (table,) = read(builder.done()).tables()
    assert table.grid()[1] == ["", "2031", "2030", "2029"]


def test_figures_in_one_run_of_text_are_cells_of_their_columns() -> None:
    builder = PdfBuilder().page().row(80, (250, "2031"), (278, "2030"), (308, "2029"))
    for number, label in enumerate(("Rent", "Wages", "Power")):
        builder.row(100 + 16 * number, (72, label), (250, f"1,{number}04 1,{number}01 9{number}9"))
    (table,) = read(builder.done()).tables()
    assert table.grid()[-3:] == [
        ["Rent", "1,004", "1,001", "909"],
        ["Wages", "1,104", "1,101", "919"],
        ["Power", "1,204", "1,201", "929"],
    ]


@pytest.mark.parametrize(
    ("text", "figures"),
    [
        ("1,204 (310) 12.5%", ["1,204", "(310)", "12.5%"]),
        ("$ 1,204 $ 1,101", ["$ 1,204", "$ 1,101"]),
        ("(1,204) $ 1,101 $", ["(1,204)", "$ 1,101", "$"]),
        ("1,204 $", []),
        ("2031 2030 2029", ["2031", "2030", "2029"]),
        ("2031 – 2035", []),
        ("12 14", []),
        ("1,204", []),
        ("Rent 1,204 1,101", []),
    ],
)
def test_a_run_of_figures_is_nothing_but_figures(text: str, figures: list[str]) -> None:
    assert figures_of(text) == figures


def test_grids_that_stand_on_one_another_are_tables_of_their_own() -> None:
    upper = [Cell(row, column, "") for row in (0, 1) for column in (0, 2)]
    lower = [Cell(row, column, "") for row in (2, 3) for column in (0, 1, 3)]
    assert stacked_grids([*upper, *lower], 4) == [(0, 2), (2, 4)]
    assert stacked_grids(upper, 2) == [(0, 2)]
    joined = Cell(1, 0, "", rowspan=2)
    assert stacked_grids([*upper, joined, *lower], 4) == [(0, 4)]


def test_bold_rows_below_cells_that_span_are_headers_too() -> None:
    top = [Cell(0, 0, "", header=True, rowspan=2), Cell(0, 1, "", header=True, colspan=2)]
    second = [Cell(1, 1, "", header=True), Cell(1, 2, "", header=True)]
    body = [Cell(2, column, "") for column in range(3)]
    assert bold_rows([*top, *second, *body], 3) == 2
    plain = [Cell(row, column, "", header=row < 2) for row in range(3) for column in range(2)]
    assert bold_rows(plain, 3) == 1


def test_a_ruled_table_without_sides_has_its_outer_columns() -> None:
    builder = PdfBuilder().page()
    ys = [100.0 + 20 * number for number in range(7)]
    for y in ys:
        builder.rule(72, y, 400, y)
    for x in (160, 240, 320):
        builder.rule(x, ys[0], x, ys[-1])
    rows = [[f"Name {letter}", f"one {letter}", f"two {letter}", f"three {letter}"] for letter in "abcdef"]
    for y, row in zip(ys, rows, strict=False):
        builder.row(y + 14, *zip((80, 168, 248, 328), row, strict=True))
    (found,) = read(builder.done()).tables()
    assert found.grid() == rows


def test_a_table_in_one_of_two_columns_leaves_the_text_beside_it() -> None:
    builder = PdfBuilder().page()
    words = "lines of justified text that fill the column and go on"
    width = pymupdf.get_text_length(words, fontsize=10)
    builder.lines(50, 100, [words] * 30, 10).lines(70 + width, 100, [words] * 10, 10)
    rows = [["Pie", "84%", "12"], ["Bar", "61%", "33"], ["Line", "9%", "7"]]
    for number, (name, one, two) in enumerate(rows):
        builder.row(250 + 12.5 * number, (320, name), (400, one), (450, two))
    builder.lines(70 + width, 312.5, [words] * 10, 10)
    document = read(builder.done())
    (found,) = document.tables()
    assert found.grid() == rows
    assert document.text.count(words) == 50


def test_titles_behind_numbers_are_a_column_of_their_own() -> None:
    builder = PdfBuilder().page()
    for number in range(1, 7):
        builder.row(
            80 + 20 * number, (72, f"Item {number}."), (130, f"Title {number}"), (500, str(number * 7))
        )
    builder.row(220, (72, "Signatures"), (500, "49")).row(240, (130, "An annex"), (500, "50"))
    (table,) = read(builder.done()).tables()
    assert table.grid()[0] == ["Item 1.", "Title 1", "7"]
    assert table.grid()[6:] == [["Signatures", "", "49"], ["", "An annex", "50"]]


def test_words_that_go_on_below_are_of_the_cell_above() -> None:
    builder = PdfBuilder().page().row(100, (72, "No."), (130, "Exhibit"), (330, "Form"), (420, "Filed"))
    for number in range(3):
        y = 130 + 50 * number
        builder.row(y, (72, f"10.{number}*"), (130, "Agreement of two"), (330, "10-Q"), (420, "5/3/2024"))
        builder.row(y + 11, (130, "companies in full")).row(y + 22, (130, "Restated"))
    (table,) = read(builder.done()).tables()
    assert table.grid()[1:] == [
        [f"10.{number}*", "Agreement of two companies in full Restated", "10-Q", "5/3/2024"]
        for number in range(3)
    ]


def test_a_sign_under_the_end_of_the_column_before_joins_no_columns() -> None:
    builder = PdfBuilder().page().row(100, (72, "Assets"), (312, "Lost"), (375, "Net"))
    for number, y in enumerate((120, 140, 160)):
        builder.row(y, (72, f"Kind {number}"), (310, "(1,129)"), (370, "3,671"))
    builder.row(180, (72, "Other"), (340, "$"), (370, "1,147"))
    (table,) = read(builder.done()).tables()
    assert table.grid()[1:] == [
        *([f"Kind {number}", "(1,129)", "3,671"] for number in range(3)),
        ["Other", "", "$ 1,147"],
    ]


def ends_at(builder: PdfBuilder, x: float, y: float, words: str, bold: bool = False) -> None:
    font = pymupdf.Font("hebo" if bold else "helv")
    builder.text(x - font.text_length(words, 12), y, words, 12, bold)


def test_a_sum_that_reaches_under_the_column_before_joins_no_columns() -> None:
    builder = PdfBuilder().page().text(72, 100, "Description", 12, bold=True)
    for x, head in ((415, "Qty"), (496, "Unit price"), (562, "Amount")):
        ends_at(builder, x, 100, head, bold=True)
    items = [("Hammer", "3", "$19.99", "$59.97"), ("Nails of several lengths", "10", "$4.50", "$45.00")]
    for y, (label, *figures) in zip((124, 148), items, strict=True):
        builder.text(72, y, label, 12)
        for x, figure in zip((415, 496, 562), figures, strict=True):
            ends_at(builder, x, y, figure)
    builder.text(330, 172, "Subtotal", 12).text(330, 196, "Total due", 12, bold=True)
    ends_at(builder, 562, 172, "$10,104.97")
    ends_at(builder, 562, 196, "$110,104.97", bold=True)
    (table,) = read(builder.done()).tables()
    assert table.grid() == [
        ["Description", "Qty", "Unit price", "Amount"],
        ["Hammer", "3", "$19.99", "$59.97"],
        ["Nails of several lengths", "10", "$4.50", "$45.00"],
        ["Subtotal", "", "", "$10,104.97"],
        ["Total due", "", "", "$110,104.97"],
    ]


def test_rows_with_a_rule_below_each_are_a_table_beside_an_address() -> None:
    builder = PdfBuilder().page().lines(72, 99, ["Fictional Tools Ltd.", "12 Example Road", "Springfield"])
    rows = [
        ("Invoice #", "INV-42"),
        ("Date", "14 March 2031"),
        ("Due date", "13 April 2031"),
        ("PO no.", "7"),
    ]
    for number, (label, value) in enumerate(rows):
        y = 100 + 24 * number
        builder.row(y, (395, label), (472, value))
        builder.rule(390, y + 8, 467, y + 8).rule(467, y + 8, 566, y + 8)
    document = read(builder.done())
    (table,) = document.tables()
    assert table.grid() == [list(row) for row in rows]
    assert document.text.startswith("Fictional Tools Ltd. 12 Example Road")


def test_a_row_with_a_rule_below_it_is_parted_where_its_cells_stand_close() -> None:
    builder = PdfBuilder().page()
    for number, (label, value) in enumerate([("A", "one"), ("B", "two"), ("C", "three"), ("D", "four")]):
        y = 100 + 24 * number
        builder.row(y, (395, label), (472, value))
        builder.rule(390, y + 8, 467, y + 8).rule(467, y + 8, 566, y + 8)
    builder.row(196, (395, "Purchase orders"), (470, "five")).rule(390, 204, 467, 204).rule(
        467, 204, 566, 204
    )
    (table,) = read(builder.done()).tables()
    assert table.grid()[-1] == ["Purchase orders", "five"]


def test_rows_that_only_rules_across_part_have_cells_of_any_number_of_lines() -> None:
    builder = PdfBuilder().page().row(95, (76, "No."), (136, "Exhibit"))
    for number in range(5):
        top = 100 + 40 * number
        builder.rule(72, top, 130, top).rule(132, top, 500, top)
        builder.row(top + 13, (76, f"10.{number}"), (136, "Agreement of 5 May 2020 between two")).row(
            top + 24, (136, "companies, as it was amended and restated")
        )
    builder.rule(72, 300, 130, 300).rule(132, 300, 500, 300).text(72, 330, "What comes after it.")
    document = read(builder.done())
    (table,) = document.tables()
    assert table.grid() == [
        ["No.", "Exhibit"],
        *(
            [f"10.{number}", "Agreement of 5 May 2020 between two companies, as it was amended and restated"]
            for number in range(5)
        ),
    ]
    assert document.text.endswith("What comes after it.")


def test_rules_over_the_totals_of_a_statement_part_no_rows() -> None:
    builder = PdfBuilder().page()
    for number in range(5):
        top = 100 + 60 * number
        builder.rule(72, top, 298, top).rule(300, top, 398, top).rule(400, top, 500, top)
        builder.row(top + 13, (76, "Total"), (350, "1,100"), (450, "2,100"))
        builder.row(top + 33, (76, "Fees"), (350, "600"), (450, "700"))
        builder.row(top + 53, (76, "Rents"), (350, "500"), (450, "1,400"))
    (table,) = read(builder.done()).tables()
    assert table.grid()[:3] == [
        ["Total", "1,100", "2,100"],
        ["Fees", "600", "700"],
        ["Rents", "500", "1,400"],
    ]
    assert table.n_rows == 15


def exhibits(told: str) -> PdfBuilder:
    builder = PdfBuilder().page().row(60, (40, "Exhibit No."), (110, "Description"), (400, "Location"))
    y = 80.0
    for number in range(6):
        builder.row(y, (40, f"10({'abcdef'[number]})*"), (110, "Agreement between two invented companies,"))
        builder.row(y, (400, told)).row(y + 11, (110, "as amended and restated."), (400, "in 2024."))
        y += 26
    builder.row(y, (110, "Amendment to it."), (400, told)).row(y + 11, (400, "in 2025."))
    return builder.text(40, y + 60, "The signatures follow.", 10)


def test_a_list_of_exhibits_has_rows_where_lines_stand_further_apart() -> None:
    document = read(exhibits("Filed herewith").done())
    (table,) = document.tables()
    assert table.grid()[0] == ["Exhibit No.", "Description", "Location"]
    row = "Agreement between two invented companies, as amended and restated."
    assert table.grid()[1:7] == [[f"10({letter})*", row, "Filed herewith in 2024."] for letter in "abcdef"]
    assert table.grid()[7:] == [["", "Amendment to it.", "Filed herewith in 2025."]]
    assert table.header_rows == 1
    assert document.text.endswith("The signatures follow.")


def test_numbered_paragraphs_that_speak_of_no_exhibit_are_none() -> None:
    builder = PdfBuilder().page()
    for number in range(6):
        y = 80 + 30 * number
        builder.row(y, (40, f"10.{number}"), (110, "The parties agree that this is a clause,"))
        builder.row(y + 11, (110, "which goes on in a second line of text."))
    document = read(builder.done())
    assert not list(document.tables())
    assert "10.3 The parties agree that this is a clause, which goes on" in " ".join(document.text.split())


def test_a_heading_in_larger_type_stands_between_two_tables() -> None:
    builder = PdfBuilder().page()
    builder.row(100, (72, "Test"), (180, "Result"), (260, "Unit"), (340, "Reference"))
    builder.row(116, (72, "Sodium"), (180, "139"), (260, "mmol/L"), (340, "136 - 145"))
    builder.row(132, (72, "Potassium"), (180, "5.4"), (260, "mmol/L"), (340, "3.5 - 5.1"))
    builder.text(72, 156, "Complete Blood Count", 13, bold=True)
    builder.row(176, (72, "Test"), (200, "Result"), (300, "Unit"), (420, "Reference"))
    builder.row(192, (72, "WBC"), (200, "11.9"), (300, "10*3/uL"), (420, "4.0 - 11.0"))
    builder.row(208, (72, "Platelets"), (200, "245"), (300, "10*3/uL"), (420, "150 - 400"))
    document = read(builder.done())
    first, second = document.tables()
    assert first.grid()[1] == ["Sodium", "139", "mmol/L", "136 - 145"]
    assert second.grid()[:2] == [
        ["Test", "Result", "Unit", "Reference"],
        ["WBC", "11.9", "10*3/uL", "4.0 - 11.0"],
    ]
    assert [block.kind for block in document.blocks] == ["table", "heading", "table"]


def test_a_heading_without_heads_below_it_is_of_the_table() -> None:
    builder = PdfBuilder().page()
    builder.row(100, (330, "2031"), (430, "2030")).text(72, 116, "Revenue:", 13, bold=True)
    builder.row(132, (72, "Goods"), (330, "1,204"), (430, "1,101"))
    builder.text(72, 148, "Costs:", 13, bold=True).row(164, (72, "Wages"), (330, "604"), (430, "511"))
    (table,) = read(builder.done()).tables()
    assert [row[0] for row in table.grid()] == ["", "Revenue:", "Goods", "Costs:", "Wages"]


def test_a_form_in_four_columns_with_a_number_in_it_has_four_columns() -> None:
    builder = PdfBuilder().page()
    builder.row(100, (72, "Name:"), (150, "Ada Invented"), (300, "Number:"), (400, "00482913"))
    builder.row(116, (72, "Born:"), (150, "07/14/1961"), (300, "Sex:"), (400, "F"))
    builder.row(132, (72, "Collected:"), (150, "03/02/2023"), (300, "Ordered by:"), (400, "Quill Inventor"))
    (table,) = read(builder.done()).tables()
    assert table.grid()[:2] == [
        ["Name:", "Ada Invented", "Number:", "00482913"],
        ["Born:", "07/14/1961", "Sex:", "F"],
    ]


def test_a_head_in_the_middle_of_its_column_stands_above_what_is_left_in_it() -> None:
    builder = PdfBuilder().page()
    builder.row(100, (90, "Investigation"), (260, "Result"), (440, "Normal range"))
    for at, row in enumerate((("HbA1c", "48 mmol"), ("Urine", "Trace"), ("White cells", "7.2 x10^9/L"))):
        builder.row(116 + 16 * at, (72, row[0]), (200, row[1]), (360, "4 - 11 g"))
    (table,) = read(builder.done()).tables()
    assert table.grid()[:2] == [["Investigation", "Result", "Normal range"], ["HbA1c", "48 mmol", "4 - 11 g"]]


def test_a_row_that_begins_with_a_label_is_no_head() -> None:
    builder = PdfBuilder().page()
    builder.row(100, (72, "Order No.:"), (170, "R-5512"), (300, "Date:"), (400, "03/11/2022"))
    builder.row(116, (72, "Customer:"), (170, "Ada Invented"), (300, "Phone:"), (400, "(555) 010-2233"))
    builder.row(132, (72, "Vehicle:"), (170, "2014 wagon"), (300, "Mileage:"), (400, "88,410"))
    (table,) = read(builder.done()).tables()
    assert table.header_rows == 0
    assert table.grid()[0] == ["Order No.:", "R-5512", "Date:", "03/11/2022"]


def test_a_heading_in_much_larger_type_begins_another_table_without_heads() -> None:
    builder = PdfBuilder().page().row(100, (72, "Ada Invented"), (250, "Account 7781"), (420, "Branch 12"))
    builder.text(72, 130, "Summary", 16, bold=True)
    rows = ("Opening balance", "1,204.55"), ("Money in", "2,310.00"), ("Closing balance", "3,514.55")
    for at, (label, amount) in enumerate(rows):
        builder.row(150 + 16 * at, (72, label), (250, amount))
    document = read(builder.done())
    (table,) = document.tables()
    assert table.grid() == [list(row) for row in rows]
    assert table.header_rows == 0
    assert "Summary" in [block.text for block in document.blocks if block.kind == "heading"]


def test_boxes_below_one_another_are_tables_of_their_own() -> None:
    builder = PdfBuilder().page().grid([60, 520], [90, 160]).grid([60, 520], [172, 190])
    builder.row(105, (72, "Payments"), (220, "Amount"), (300, "Deductions"), (480, "Amount"))
    builder.row(121, (72, "Basic pay"), (220, "2,960.00"), (300, "Income tax"), (480, "382.40"))
    builder.row(137, (72, "Overtime"), (220, "166.50"), (300, "Insurance"), (480, "166.28"))
    builder.row(153, (72, "Total payments"), (220, "3,126.50"), (300, "Total deductions"), (480, "705.01"))
    builder.row(185, (72, "Gross to date"), (170, "9,200.00"), (250, "Tax to date"), (330, "1,120.00"))
    (table,) = read(builder.done()).tables()
    assert table.grid()[1:] == [
        ["Basic pay", "2,960.00", "Income tax", "382.40"],
        ["Overtime", "166.50", "Insurance", "166.28"],
        ["Total payments", "3,126.50", "Total deductions", "705.01"],
    ]


def test_heads_of_two_lines_beside_heads_of_one_are_one_row() -> None:
    builder = PdfBuilder().page().row(94, (300, "Reorder"), (400, "Unit"))
    builder.row(100, (72, "Code"), (150, "Product"), (480, "Value")).row(106, (300, "level"), (400, "cost"))
    for at in range(4):
        cells = (72, f"A-{at}"), (150, "Garden hose"), (300, "14"), (400, "12.50"), (480, "175.00")
        builder.row(126 + 18 * at, *cells)
    (table,) = read(builder.done()).tables()
    assert table.header_rows == 1
    assert table.grid()[0] == ["Code", "Product", "Reorder level", "Unit cost", "Value"]


TYPED = (
    "CORNER STORE            Date: 06/14/2031",
    "Item                 Qty        Price",
    "-----------------    ---     --------",
    "Latte, large           1         4.75",
    "Croissant              2         7.00",
    "                             --------",
    "Subtotal                        11.75",
    "TOTAL                          $12.76",
)


def test_what_spaces_set_apart_in_typewriter_s_type_is_in_columns() -> None:
    document = read(typed(*TYPED))
    (table,) = document.tables()
    assert table.grid() == [
        ["Item", "Qty", "Price"],
        ["Latte, large", "1", "4.75"],
        ["Croissant", "2", "7.00"],
        ["Subtotal", "", "11.75"],
        ["TOTAL", "", "$12.76"],
    ]
    assert document.blocks[0].text == "CORNER STORE Date: 06/14/2031"
    assert "--" not in document.text


def test_what_spaces_set_apart_stays_a_line_where_no_table_is() -> None:
    document = read(typed("1.       PURPOSE OF THE AGREEMENT", "By: Ada Invented        By: Bo Reed"))
    assert document.text == "1. PURPOSE OF THE AGREEMENT By: Ada Invented By: Bo Reed"


def typed(*lines: str) -> bytes:
    with pymupdf.open() as document:
        page = document.new_page()
        for number, line in enumerate(lines):
            page.insert_text((72, 100 + 13 * number), line, fontname="cour", fontsize=10)
        return bytes(document.tobytes())
