from __future__ import annotations

from neuraldocflow.extraction.pdf.reader import read
from tests.support.pdf import PdfBuilder

PEOPLE = ("Name", "Role", "What they do")


def people(builder: PdfBuilder, top: float = 100) -> PdfBuilder:
    for x, head in zip((72, 200, 300), PEOPLE, strict=True):
        builder.text(x, top, head, 10, bold=True)
    builder.text(72, top + 22, "Ada Invented", 10).text(200, top + 22, "Chair", 10)
    builder.text(300, top + 22, "She leads the meetings, and takes", 10).text(
        300, top + 34, "care of the minutes.", 10
    )
    builder.text(72, top + 56, "Bo Reed", 10).text(200, top + 56, "Treasurer", 10).text(
        300, top + 56, "Accounts.", 10
    )
    return builder


def test_words_below_bold_heads_are_a_table_with_cells_of_several_lines() -> None:
    builder = people(PdfBuilder().page().text(72, 60, "Who is who in the society, as of now.", 10))
    builder.text(72, 200, "This paragraph goes over the whole width and is of no table whatever it says.", 10)
    document = read(builder.done())
    (table,) = document.tables()
    assert table.grid() == [
        list(PEOPLE),
        ["Ada Invented", "Chair", "She leads the meetings, and takes care of the minutes."],
        ["Bo Reed", "Treasurer", "Accounts."],
    ]
    assert table.header_rows == 1
    assert [block.kind for block in document.blocks if block.table is None] == ["paragraph", "paragraph"]


def test_two_columns_of_words_and_titles_over_groups_of_rows() -> None:
    builder = (
        PdfBuilder().page().text(72, 100, "No.", 10, bold=True).text(120, 100, "What it is", 10, bold=True)
    )
    for at, cells in enumerate(
        [("1a", "A cup"), ("Things that are lent out",), ("1b", "A plate"), ("2", "A spoon of tin")]
    ):
        builder.row(120 + 18 * at, *zip((72.0, 120.0), cells, strict=False))
    (table,) = read(builder.done()).tables()
    assert table.grid()[1:] == [
        ["1a", "A cup"],
        ["Things that are lent out", ""],
        ["1b", "A plate"],
        ["2", "A spoon of tin"],
    ]


def test_running_text_below_two_headings_is_no_table() -> None:
    builder = (
        PdfBuilder().page().text(72, 100, "Overview", 11, bold=True).text(330, 100, "Strategy", 11, bold=True)
    )
    line = "words that run on and on in this column here"
    for at in range(8):
        builder.row(116 + 13 * at, (72, line), (330, line))
    assert not list(read(builder.done()).tables())


def test_blocks_to_sign_in_below_names_are_no_table() -> None:
    builder = (
        PdfBuilder()
        .page()
        .text(72, 100, "ROPE LTD", 11, bold=True)
        .text(330, 100, "TWINE INC", 11, bold=True)
    )
    for at, label in enumerate(("By:", "Name:", "Title:", "Date:")):
        builder.row(120 + 18 * at, (72, f"{label} ________"), (330, f"{label} ________"))
    assert not list(read(builder.done()).tables())


def test_numbered_headings_are_no_heads() -> None:
    builder = (
        PdfBuilder().page().text(72, 100, "(a)", 11, bold=True).text(110, 100, "Of delivery", 11, bold=True)
    )
    for at, label in enumerate(("(i)", "(ii)", "(iii)")):
        builder.row(120 + 18 * at, (72, label), (110, "the goods are delivered in time"))
    assert not list(read(builder.done()).tables())


def test_heads_of_figures_stay_with_these() -> None:
    builder = PdfBuilder().page()
    for x, words in ((250, ("Gross", "carrying", "amount")), (400, ("Net", "carrying", "amount"))):
        for at, word in enumerate(words):
            builder.text(x, 100 + 12 * at, word, 10, bold=True)
    for at, label in enumerate(("Patents", "Software", "Licences")):
        builder.row(140 + 16 * at, (72, label), (250, "1,204"), (400, "604"))
    (table,) = read(builder.done()).tables()
    assert table.grid()[0] == ["", "Gross carrying amount", "Net carrying amount"]


def test_a_number_before_a_title_and_its_page_is_a_column_of_its_own() -> None:
    builder = PdfBuilder().page()
    for at in range(1, 7):
        builder.row(100 + 16 * at, (72, str(at)), (100, f"What chapter {at} tells"), (480, str(10 * at)))
    (table,) = read(builder.done()).tables()
    assert table.grid()[1] == ["2", "What chapter 2 tells", "20"]


def test_labels_over_larger_values_and_the_rows_of_a_bill_below_them() -> None:
    builder = PdfBuilder().page()
    labels, values = ("Invoice number", "Due date", "Amount due"), ("INV-2041", "11 June 2031", "$1,250.00")
    for x, label, value in zip((72, 200, 330), labels, values, strict=True):
        builder.text(x, 100, label, 7).text(x, 111, value, 10)
    for x, head in zip((72, 300, 380, 460), ("Description", "Qty", "Rate", "Amount"), strict=True):
        builder.text(x, 140, head, 7)
    for at, (what, more) in enumerate((("A logo", "Three drafts"), ("Cards", "500 pieces"))):
        top = 160 + 40 * at
        builder.text(72, top, what, 10).text(72, top + 11, more, 7)
        for x, figure in zip((306, 384, 464), ("1", "$800.00", "$800.00"), strict=True):
            builder.text(x, top + 5, figure, 10)
    strip, bill = read(builder.done()).tables()
    assert strip.grid() == [list(labels), list(values)]
    assert bill.grid() == [
        ["Description", "Qty", "Rate", "Amount"],
        ["A logo Three drafts", "1", "$800.00", "$800.00"],
        ["Cards 500 pieces", "1", "$800.00", "$800.00"],
    ]


def test_posts_in_bold_type_with_their_years_are_no_heads() -> None:
    builder = PdfBuilder().page()
    for at, post in enumerate(("Engineer, Rope Ltd", "Clerk, Twine Inc", "School of Knots")):
        top = 100 + 60 * at
        builder.text(72, top, post, 10, bold=True).text(400, top, f"20{at + 10} - 20{at + 12}", 10, bold=True)
        builder.text(90, top + 16, "Built a thing that works", 10).text(90, top + 30, "Taught others", 10)
    assert not list(read(builder.done()).tables())


def test_a_heading_ends_a_table_and_heads_of_two_lines_begin_one() -> None:
    builder = (
        PdfBuilder().page().text(200, 98, "Dose and", 10, bold=True).text(200, 109, "route", 10, bold=True)
    )
    builder.text(72, 98, "Medication", 10, bold=True).text(300, 98, "How often", 10, bold=True)
    builder.row(126, (72, "Metformin extended"), (200, "500 mg by"), (300, "Twice a day"))
    builder.row(138, (72, "release"), (200, "mouth")).row(
        154, (72, "Lisinopril"), (200, "10 mg"), (300, "Daily")
    )
    builder.text(72, 184, "Allergies", 14, bold=True)
    builder.text(72, 210, "Substance", 10, bold=True).text(150, 210, "Reaction", 10, bold=True)
    builder.row(226, (72, "Penicillin"), (150, "Hives")).row(242, (72, "Peanuts"), (150, "Swelling"))
    medications, allergies = read(builder.done()).tables()
    assert medications.grid() == [
        ["Medication", "Dose and route", "How often"],
        ["Metformin extended release", "500 mg by mouth", "Twice a day"],
        ["Lisinopril", "10 mg", "Daily"],
    ]
    assert allergies.grid() == [["Substance", "Reaction"], ["Penicillin", "Hives"], ["Peanuts", "Swelling"]]


def test_strips_whose_columns_were_written_one_by_one() -> None:
    builder = PdfBuilder().page()
    patient, visit = (
        [("Patient", "Ada Quill"), ("Born", "14 July 1961")],
        [("Visit", "2 May"), ("Place", "Oak St")],
    )
    for top, strip in ((100, patient), (126, visit)):
        for x, (label, value) in zip((72, 240), strip, strict=True):
            builder.text(x, top, label, 7).text(x, top + 11, value, 10)
    first, second = read(builder.done()).tables()
    assert first.grid() == [["Patient", "Born"], ["Ada Quill", "14 July 1961"]]
    assert second.grid() == [["Visit", "Place"], ["2 May", "Oak St"]]
