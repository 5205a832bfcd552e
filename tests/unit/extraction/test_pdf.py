from __future__ import annotations

from pathlib import Path

import pymupdf
import pytest

from neuraldocflow.extraction import ocr
from neuraldocflow.extraction.pdf.reader import read
from neuraldocflow.page_image import draw
from tests.support.pdf import PdfBuilder, broken_structure, simple


def inside(inner: tuple[float, ...], outer: tuple[float, ...], slack: float = 1.5) -> bool:
    return (
        inner[0] >= outer[0] - slack
        and inner[1] >= outer[1] - slack
        and inner[2] <= outer[2] + slack
        and inner[3] <= outer[3] + slack
    )


def test_lines_of_a_paragraph_become_one_block_with_a_box() -> None:
    source = (
        PdfBuilder().page().lines(72, 100, ["The fictional agreement was", "signed in a quiet room."]).done()
    )
    document = read(source)
    assert [block.text for block in document.blocks] == [
        "The fictional agreement was signed in a quiet room."
    ]
    block = document.blocks[0]
    assert block.page == 1
    assert block.bbox is not None
    assert inside(block.bbox, (72, 88, 250, 120), 3)
    assert document.text[block.start : block.end] == block.text


def test_a_broken_word_is_rejoined_and_a_compound_keeps_its_hyphen() -> None:
    source = (
        PdfBuilder()
        .page()
        .lines(
            72, 100, ["They reached an agree-", "ment about the long-", "term plan, long and in any term."]
        )
        .done()
    )
    assert read(source).text == "They reached an agreement about the long-term plan, long and in any term."


def test_a_word_goes_on_where_something_is_drawn_between_its_letters() -> None:
    builder = PdfBuilder().page()
    x = 72.0
    for words in ("the (Term", ") ends August 1, 20", "24", ", or", " later."):
        builder.text(x, 100, words).rule(x, 102, x + 5, 102)
        x += pymupdf.get_text_length(words, fontsize=11)
    builder.text(72, 200, "20").rule(72, 202, 80, 202).text(90, 200, "24")
    document = read(builder.done())
    texts = [(block.text, len(block.lines[0].spans)) for block in document.blocks]
    assert texts == [("the (Term) ends August 1, 2024, or later.", 5), ("20 24", 2)]
    start = document.text.index("2024")
    (place,) = document.provenance(start, start + 4)
    assert place.bbox is not None
    assert inside(place.bbox, (72, 88, x, 105))


def test_a_line_is_one_piece_of_a_row_where_a_word_of_it_is_underlined() -> None:
    builder = PdfBuilder().page()
    x = 72.0
    for words in ("Plan of ", "the Company", " as amended"):
        builder.text(x, 100, words, 10).rule(x + 2, 102, x + 20, 102)
        x += pymupdf.get_text_length(words, fontsize=10)
    builder.row(100, (300, "10-Q"), (400, "001")).row(116, (72, "Another plan"), (300, "8-K"), (400, "002"))
    builder.row(132, (72, "A third plan"), (300, "8-K"), (400, "003"))
    (table,) = read(builder.done()).tables()
    assert table.grid()[0] == ["Plan of the Company as amended", "10-Q", "001"]


def test_figures_set_higher_are_none_of_the_number_before() -> None:
    builder = PdfBuilder().page().html(72, 100, "Fees of 3,500<sup>2</sup> a year<sup>1</sup> and 10<b>5</b>")
    document = read(builder.done())
    assert document.text == "Fees of 3,500² a year1 and 105"
    (block,) = document.blocks
    assert "".join(span.text for line in block.lines for span in line.spans).strip() == document.text


def test_a_line_set_twice_in_one_place_is_read_once() -> None:
    builder = PdfBuilder().page()
    for shift in (0.0, 0.3, 0.6):
        builder.text(72 + shift, 100, "Bold by force", 12).text(72, 120 - shift, "A second line", 12)
    builder.text(72, 140, "A second line", 12)
    text = read(builder.done(), tables=False).text
    assert (text.count("Bold by force"), text.count("A second line")) == (1, 2)


def test_a_value_has_a_box_that_hugs_it() -> None:
    document = read(PdfBuilder().page().text(72, 100, "Signed on 3 March 2031 in Rivertown").done())
    start = document.text.index("3 March 2031")
    (place,) = document.provenance(start, start + len("3 March 2031"))
    assert place.text == "3 March 2031"
    assert place.bbox is not None
    assert place.bbox[0] > 120
    assert place.bbox[2] < 200


def test_a_page_with_a_broken_structure_tree_is_read_and_drawn(tmp_path: Path) -> None:
    file = tmp_path / "tagged.pdf"
    file.write_bytes(broken_structure("Signed on 3 March 2031 in Rivertown"))
    document = read(file)
    start = document.text.index("3 March 2031")
    (place,) = document.provenance(start, start + len("3 March 2031"))
    assert place.bbox is not None
    assert 120 < place.bbox[0] < place.bbox[2] < 205
    with pymupdf.open(stream=draw(file, 1)) as image:
        assert image[0].rect.height > image[0].rect.width


def test_boxes_are_those_of_a_rotated_page_as_it_is_shown() -> None:
    source = PdfBuilder().page(rotation=90).text(72, 100, "Sideways words").done()
    document = read(source)
    assert (document.pages[0].width, document.pages[0].height) == (792, 612)
    start = document.text.index("words")
    (place,) = document.provenance(start, start + 5)
    assert place.bbox is not None
    # What stood 72 to the right and 100 down stands, turned clockwise, 692 to the right and 72 down.
    assert inside(place.bbox, (680, 72, 705, 160), 5)


def test_running_lines_and_page_numbers_are_set_apart() -> None:
    builder = PdfBuilder()
    for number in range(1, 7):
        builder.page().text(72, 30, "Example Works Ltd").text(300, 770, f"Page {number} of 6")
        builder.text(72, 300, f"Body of part {'abcdef'[number - 1]}.")
    document = read(builder.done())
    assert "Example Works" not in document.text
    assert "Page 3" not in document.text
    assert [block.text for block in document.blocks] == [f"Body of part {letter}." for letter in "abcdef"]
    assert {block.kind for block in document.furniture} == {"header", "footer"}
    assert len(document.furniture) == 12


def test_page_numbers_of_letters_that_only_look_roman_are_read_too() -> None:
    builder = PdfBuilder()
    for number in range(1, 4):
        builder.page().html(72, 20, "İ").text(72, 300, f"Body of part {'abc'[number - 1]}.")
    document = read(builder.done())
    assert [block.text for block in document.blocks] == [f"Body of part {letter}." for letter in "abc"]


def test_running_lines_that_tell_values_stay_where_they_stand_first() -> None:
    builder = PdfBuilder()
    for number in range(1, 5):
        builder.page().text(72, 30, "Patient: Testo Mock").text(300, 30, "DOB: 04/09/1948")
        builder.text(72, 45, "Example Clinic").text(72, 770, f"Source: Example, page {number}")
        builder.text(72, 300, f"Body of part {'abcd'[number - 1]}.")
    document = read(builder.done())
    assert document.text.count("Patient: Testo Mock") == 1
    assert document.text.index("DOB: 04/09/1948") < document.text.index("Body of part a")
    assert "Example" not in document.text


def test_cells_of_a_long_table_are_no_running_lines() -> None:
    builder = PdfBuilder()
    for number in range(1, 6):
        builder.page().text(72, 30, "Example Works Ltd").text(500, 30, f"{number}")
        for row in range(54):
            name = "abcde"[number - 1] + "klmnop"[row % 6] + "uvwxyz"[row // 9]
            builder.row(60 + 13 * row, (72, f"Item {name}"), (300, f"1{number}.{row:02d}"), (450, "Active"))
    document = read(builder.done())
    assert document.text.count("Active") == 5 * 54
    assert "11.00" in document.text
    assert [block.text for block in document.furniture if block.page == 2] == ["Example Works Ltd", "2"]


def test_years_over_columns_at_the_tops_of_pages_are_no_page_numbers() -> None:
    builder = PdfBuilder()
    for number in range(1, 5):
        builder.page().row(60, (300, "2032"), (380, "2031"), (460, "2030"))
        builder.row(80, (72, "Rent"), (300, f"{number},104"), (380, f"{number},101"), (460, f"{number},090"))
        builder.row(96, (72, "Wages"), (300, f"{number},204"), (380, f"{number},201"), (460, f"{number},190"))
    document = read(builder.done())
    assert [table.grid()[0] for table in document.tables()] == [["", "2032", "2031", "2030"]] * 4
    assert not document.furniture


def test_headings_at_the_tops_of_pages_are_no_running_lines_for_counting_up() -> None:
    builder = PdfBuilder()
    for number in range(1, 7):
        builder.page().text(72, 40, f"Item {number}.").text(300, 770, f"Page {number} of 6")
        builder.text(72, 300, f"Body of part {'abcdef'[number - 1]}.")
    document = read(builder.done())
    assert [block.text for block in document.blocks][::2] == [f"Item {number}." for number in range(1, 7)]
    assert len(document.furniture) == 6


def test_a_numbered_heading_that_every_page_repeats_stays_where_it_stands_first() -> None:
    builder = PdfBuilder()
    for number in range(1, 7):
        builder.page().text(72, 40, "Item 1A. Risk Factors")
        builder.text(72, 300, f"Body of part {'abcdef'[number - 1]}.")
    document = read(builder.done())
    assert [block.text for block in document.blocks[:2]] == ["Item 1A. Risk Factors", "Body of part a."]
    assert document.text.count("Item 1A.") == 1


def test_a_numbered_running_line_is_none_of_the_text_where_its_heading_stands_too() -> None:
    builder = PdfBuilder()
    for number in range(1, 7):
        builder.page().text(72, 40, "Item 1A. Risk Factors")
        builder.text(72, 300, f"Body of part {'abcdef'[number - 1]}.")
        if number == 2:
            builder.text(72, 330, "Item 1A. Risk Factors")
    document = read(builder.done())
    assert document.text.count("Item 1A.") == 1
    assert document.text.index("Item 1A.") > document.text.index("Body of part b.")


def test_numbers_of_an_inner_pagination_are_set_apart_wherever_they_stand() -> None:
    builder = PdfBuilder()
    for number in range(1, 9):
        height = 200 + 37 * number
        builder.page().text(72, height - 60, f"Some prose, variant {'abcdefgh'[number - 1]}, goes here.")
        builder.text(300, height, str(number)).text(
            72, height + 80, f"And more, as {'hgfedcba'[number - 1]} has it, follows."
        )
    document = read(builder.done())
    assert [block.text for block in document.furniture] == [str(number) for number in range(1, 9)]


def test_two_columns_are_read_one_after_the_other_even_when_written_row_by_row() -> None:
    builder = PdfBuilder().page()
    left = [f"left column sentence part {letter} goes" for letter in "abcdef"]
    right = [f"right column sentence part {letter} goes" for letter in "abcdef"]
    for number in reversed(range(6)):
        builder.text(50, 100 + 14 * number, left[number]).text(330, 100 + 14 * number, right[number])
    text = read(builder.done(), tables=False).text.replace("\n", " ")
    assert text.index(left[5]) < text.index(right[0])
    assert text.index(left[0]) < text.index(left[5])


def test_a_text_that_is_written_after_what_stands_below_it_comes_first() -> None:
    builder = PdfBuilder().page()
    left = [f"lower left column part {letter} goes on" for letter in "abcdefghij"]
    right = [f"lower right column part {letter} goes on" for letter in "abcdefghij"]
    upper = [f"the text in the frame on top, its part {letter}, goes on here" for letter in "abcd"]
    builder.lines(50, 400, left).lines(60, 100, upper).lines(330, 400, right)
    builder.text(50, 60, "A late title that is long")
    text = read(builder.done(), tables=False).text.replace("\n", " ")
    assert text.startswith("A late title")
    assert text.index(upper[3]) < text.index(left[0])
    assert text.index(left[9]) < text.index(right[0])


def test_headings_have_levels_by_their_look() -> None:
    builder = PdfBuilder().page().text(72, 80, "Large Title", 20).text(72, 130, "Smaller Title", 15)
    builder.lines(72, 170, ["Body text of an invented report that goes on", "for a second line of words."])
    document = read(builder.done())
    assert [(block.kind, block.level) for block in document.blocks] == [
        ("heading", 1),
        ("heading", 2),
        ("paragraph", 0),
    ]


def test_filled_form_fields_are_facts_and_text() -> None:
    builder = (
        PdfBuilder().page().text(72, 100, "Applicant:").field("applicant", "Ada Example", (140, 88, 300, 104))
    )
    document = read(builder.done())
    (fact,) = document.facts
    assert (fact.name, fact.value) == ("applicant", "Ada Example")
    assert document.text[fact.start : fact.end] == "Ada Example"
    assert document.text.count("Ada Example") == 1


def test_annotations_are_set_apart_and_links_kept() -> None:
    builder = PdfBuilder().page().text(72, 100, "See the site.").note(300, 300, "A remark in the margin")
    document = read(builder.link((72, 90, 140, 104), "https://example.org/").done())
    assert [(b.kind, b.text) for b in document.furniture] == [("annotation", "A remark in the margin")]
    assert [(link.target, link.page) for link in document.links] == [("https://example.org/", 1)]
    assert "remark" not in document.text


def test_outline_and_metadata_are_given() -> None:
    builder = PdfBuilder().page().text(72, 100, "One").page().text(72, 100, "Two")
    builder.document.set_toc([[1, "First", 1], [2, "Second", 2]])
    builder.document.set_metadata({"title": "An invented title", "creationDate": "D:20310203040506"})
    document = read(builder.done())
    assert document.outline == [(1, "First", "page:1"), (2, "Second", "page:2")]
    assert document.metadata["title"] == "An invented title"
    assert document.metadata["created"] == "2031-02-03T04:05:06"


def test_a_scan_says_so_where_there_is_no_ocr(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "available", lambda: False)
    document = read(PdfBuilder().scan("Scanned words").done())
    assert document.pages[0].needs_ocr
    assert document.pages[0].ocr_confidence is None
    assert [code for code, _ in document.warnings] == ["needs_ocr"]
    assert document.text == ""


def test_recognised_words_carry_tesseracts_confidence() -> None:
    from neuraldocflow.extraction.pdf.page import PageContent

    head = "level\tpage\tblock\tpar\tline\tword\tleft\ttop\twidth\theight\tconf\ttext"
    rows = ["5\t1\t1\t1\t1\t1\t200\t400\t100\t40\t90\tfour", "5\t1\t1\t1\t1\t2\t320\t400\t100\t40\t50\twide"]
    content = PageContent(1, 612, 792)
    assert ocr.lines_of_tsv("\n".join([head, *rows]), content) == pytest.approx(0.7)
    (line,) = content.lines
    assert line.text == "four wide"
    assert line.bbox == pytest.approx((72, 144, 151.2, 158.4))


def test_reading_twice_gives_the_same() -> None:
    source = simple("Deterministic words, twice.")
    one, two = read(source), read(source)
    assert one.text == two.text
    assert [block.bbox for block in one.blocks] == [block.bbox for block in two.blocks]


def test_progress_counts_the_pages() -> None:
    seen: list[tuple[str, int, int]] = []
    builder = PdfBuilder().page().page()
    read(builder.done(), progress=lambda stage, done, total, _: seen.append((stage, done, total)))
    assert seen == [("reading", 1, 2), ("reading", 2, 2)]


def test_a_numbered_line_in_capitals_is_a_heading_without_any_look_of_one() -> None:
    builder = PdfBuilder().page().text(72, 100, "II. TERM AND RENEWAL")
    builder.text(72, 130, "The term of this invented agreement is ten years from its date.")
    assert [block.kind for block in read(builder.done()).blocks] == ["heading", "paragraph"]


def test_links_inside_the_document_name_their_page() -> None:
    builder = PdfBuilder().page().text(72, 100, "Go on").page().text(72, 100, "Here")
    first = builder.document[0]
    first.insert_link({"kind": pymupdf.LINK_GOTO, "from": pymupdf.Rect(72, 90, 140, 104), "page": 1})
    assert [link.target for link in read(builder.done()).links] == ["page:2"]
