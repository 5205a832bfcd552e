from __future__ import annotations

from neuraldocflow.extraction.docx.reader import read
from neuraldocflow.extraction.model import Document, Table
from tests.support.docx import cell, level, listed, numbering, paragraph, row, run, simple, table


def only_table(document: Document) -> Table:
    (found,) = document.tables()
    return found


def test_rows_and_cells_stand_where_they_are() -> None:
    document = read(
        simple(paragraph("Above") + table(row("Name", "Born"), row("Ada", "1815")) + paragraph("Below"))
    )
    assert [block.kind for block in document.blocks] == ["paragraph", "table", "paragraph"]
    found = only_table(document)
    assert found.grid() == [["Name", "Born"], ["Ada", "1815"]]
    for one in found.cells:
        assert document.text[one.start : one.end] == one.text


def test_cells_merged_across_and_down_span() -> None:
    body = table(
        row(cell("Both", '<w:gridSpan w:val="2"/>'), "C"),
        row(cell("Tall", '<w:vMerge w:val="restart"/>'), "b", "c"),
        row(cell("", "<w:vMerge/>"), "d", "e"),
        row("f", "g", "h"),
    )
    found = only_table(read(simple(body)))
    assert found.grid() == [["Both", "", "C"], ["Tall", "b", "c"], ["", "d", "e"], ["f", "g", "h"]]
    assert (found.cells[0].colspan, found.cells[2].rowspan) == (2, 2)


def test_a_row_that_begins_later_is_indented() -> None:
    body = table(row("a", "b"), row("c", properties='<w:gridBefore w:val="1"/>'))
    assert only_table(read(simple(body))).grid() == [["a", "b"], ["", "c"]]


def test_rows_marked_as_headers_are_headers() -> None:
    head = row("Drug", "Dose", properties="<w:tblHeader/>")
    found = only_table(read(simple(table(head, row("Placebo", "1 mg"), row("Sugar", "2 mg")))))
    assert (found.header_rows, found.header()) == (1, ["Drug", "Dose"])


def test_deleted_rows_are_gone() -> None:
    body = table(row("a", "b"), row("x", "y", properties='<w:del w:id="1"/>'), row("c", "d"))
    assert only_table(read(simple(body))).grid() == [["a", "b"], ["c", "d"]]


def test_a_table_inside_a_cell_is_a_table_and_the_outer_flows() -> None:
    inner = table(row("a", "b"), row("c", "d"))
    document = read(
        simple(table(row(cell(paragraph("Left")), cell(paragraph("Right") + inner + paragraph("End")))))
    )
    assert [block.text for block in document.blocks] == ["Left", "Right", "a\tb\nc\td", "End"]


def test_paragraphs_of_a_cell_are_joined_by_spaces() -> None:
    body = table(row(cell(paragraph("One") + paragraph("two")), "x"), row("y", "z"))
    assert only_table(read(simple(body))).grid()[0] == ["One two", "x"]


def test_a_cell_s_list_labels_are_in_its_text() -> None:
    lists = numbering(level(0, "decimal", "%1."))
    body = table(row(cell(listed("Rest", 1) + listed("Water", 1)), "x"), row("y", "z"))
    assert only_table(read(simple(body, {"numbering": lists}))).grid()[0][0] == "1. Rest 2. Water"


def test_bold_rows_over_figures_are_headers_and_scale_is_known() -> None:
    def bold(text: str) -> str:
        return cell(paragraph(run(text, "<w:b/>")))

    body = paragraph("Costs (in thousands)") + table(
        row("", bold("2024"), bold("2023")), row("Rope", "$ 1,200", "$ 900"), row("Tar", "(30)", "(25)")
    )
    found = only_table(read(simple(body)))
    assert (found.header(), found.scale) == (["", "2024", "2023"], 1000.0)


def test_a_table_that_only_frames_a_text_flows() -> None:
    document = read(simple(table(row(cell(paragraph("One") + paragraph("Two"))))))
    assert [block.kind for block in document.blocks] == ["paragraph", "paragraph"]


def test_a_table_s_title_is_its_caption_and_no_text() -> None:
    title = '<w:tblPr><w:tblCaption w:val="For readers who cannot see"/></w:tblPr>'
    framed = read(simple(table(title, row(cell(paragraph("One") + paragraph("Two"))))))
    assert framed.text == "One\nTwo"
    document = read(simple(table(title, row("Name", "Born"), row("Ada", "1815"))))
    assert only_table(document).caption == "For readers who cannot see"
    assert document.text == "Name\tBorn\nAda\t1815"
