"""PDFs of every day: newsletters, instructions, drafts, pleadings, forms, and pages set sideways."""

from __future__ import annotations

import io
import textwrap

import pymupdf
import pytest

from neuraldocflow.extraction.model import Document
from neuraldocflow.extraction.pdf.reader import read

RAIN = (
    "Rainfall in the valley was measured at eleven stations during the spring season. The observed "
    "quantities were higher than the average of the previous decade, particularly in the northern "
    "districts where several streams overflowed. "
)
BOARD = (
    "The committee considered the report of the treasurer and noted that the balance of the account had "
    "risen over the year. Members thanked the volunteers for their continuing effort. "
)


def story(html: str, boxes: list[tuple[float, float, float, float]], css: str = "") -> Document:
    """Pages of text that flows through the same boxes on each."""
    made, more = io.BytesIO(), 1
    text, writer = pymupdf.Story(html, user_css=f"body{{font-size:10pt}} {css}"), pymupdf.DocumentWriter(made)
    while more:
        device = writer.begin_page(pymupdf.Rect(0, 0, 595, 842))
        for box in boxes:
            if more:
                more, _ = text.place(pymupdf.Rect(*box))
                text.draw(device)
        writer.end_page()
    writer.close()
    return read(made.getvalue())


def lines(*given: tuple[float, float, str, float], pages: int = 1, font: str = "tiro") -> Document:
    """The same lines on each page: x, y, text, size."""
    made = pymupdf.open()
    for _ in range(pages):
        page = made.new_page()
        for x, y, text, size in given:
            page.insert_text((x, y), text, fontsize=size, fontname=font)
    return read(made.tobytes())


def shown(document: Document) -> list[tuple[str, str]]:
    return [(block.kind, block.text) for block in document.blocks]


WHOLE = [(60.0, 60.0, 535.0, 780.0)]


def test_justified_columns_are_text_and_no_tables() -> None:
    columns = [(50.0, 80.0, 210.0, 790.0), (225.0, 80.0, 385.0, 790.0), (400.0, 80.0, 560.0, 790.0)]
    articles = "".join(f"<h2>{head}</h2><p>{(RAIN + BOARD) * 4}</p>" for head in ("Fair", "Road", "Diary"))
    document = story(articles, columns, "p{text-align:justify}")
    assert {block.kind for block in document.blocks} == {"heading", "paragraph"}
    assert [block.text for block in document.blocks if block.kind == "heading"] == ["Fair", "Road", "Diary"]
    assert "The observed quantities were higher than the average of the previous decade" in document.text


def test_numbers_of_steps_and_what_stands_below_them_stay() -> None:
    steps = [
        each
        for at in range(6)
        for each in (
            (60.0, 130.0 + 80 * at, str(at + 1), 16.0),
            (60.0, 150.0 + 80 * at, f"Do what the letter says under {'abcdef'[at]}.", 11.0),
            (60.0, 164.0 + 80 * at, "This takes about ten minutes.", 11.0),
        )
    ]
    document = lines(*steps)
    assert document.furniture == []
    assert document.text.count("This takes about ten minutes.") == 6
    assert [block.text for block in document.blocks if block.text.isdecimal()] == list("123456")


@pytest.mark.parametrize("rotate", [90, 270])
def test_a_page_set_sideways_is_read_in_order_and_its_boxes_are_where_it_shows_them(rotate: int) -> None:
    made = pymupdf.open()
    page = made.new_page()
    html = f"<h1>Rain by station</h1><p>{RAIN * 2}</p><ul><li>one item</li><li>two items</li></ul>"
    page.insert_htmlbox((60, 60, 535, 780), html, rotate=rotate)
    document = read(made.tobytes())
    assert [kind for kind, _ in shown(document)] == ["heading", "paragraph", "list_item", "list_item"]
    assert document.blocks[1].text == RAIN.strip() + " " + RAIN.strip()
    found = document.blocks[0].bbox
    (searched,) = page.search_for("Rain by station")
    assert found is not None
    assert searched.intersects(pymupdf.Rect(*found))
    assert abs(pymupdf.Rect(*found).height - searched.height) < 3


def test_text_of_double_spacing_is_in_paragraphs_and_numbers_of_its_lines_are_none() -> None:
    said = textwrap.wrap((RAIN + BOARD) * 6, 75)[:28]
    spaced = [(90.0, 80.0 + 24 * at, text, 11.0) for at, text in enumerate(said)]
    document = lines(*spaced)
    assert shown(document) == [("paragraph", " ".join(said))]
    numbers = [(60.0, y, str(at + 1), 10.0) for at, (_, y, _, _) in enumerate(spaced)]
    numbered = lines(*numbers, *spaced, pages=2)
    assert [block.text for block in numbered.blocks] == [" ".join(said)] * 2


def test_lines_of_chinese_are_joined_without_a_space() -> None:
    text = (
        "本次会议于二〇二五年三月十四日在北京召开,会议由张主任主持。与会人员讨论了下一年度的工作计划,并一致同意增加预算。"
        * 2
    )
    (block,) = story(f"<p>{text}</p>", WHOLE).blocks
    assert block.text == text


def test_bullets_of_many_forms_part_items() -> None:
    bullets = "○➢✓□❖►"
    document = story("<p>" + "<br>".join(f"{each} item of it" for each in bullets) + "</p>", WHOLE)
    assert shown(document) == [("list_item", f"{each} item of it") for each in bullets]


def test_ticks_of_a_forms_boxes_are_ticks() -> None:
    made = pymupdf.open()
    page = made.new_page()
    for at, (label, value) in enumerate((("Newsletter", True), ("Family", False))):
        page.insert_text((75, 111 + 25 * at), label, fontsize=10)
        box = pymupdf.Widget()
        box.field_name, box.field_type, box.field_value = label, pymupdf.PDF_WIDGET_TYPE_CHECKBOX, value
        box.rect = pymupdf.Rect(50, 100 + 25 * at, 64, 114 + 25 * at)
        page.add_widget(box)
    assert [block.text for block in read(made.tobytes()).blocks][:2] == ["✓ Newsletter", "Family"]


def test_a_watermark_and_a_stamp_at_the_side_are_no_headings() -> None:
    made = pymupdf.open()
    page = made.new_page()
    stamp = pymupdf.TextWriter(page.rect)
    stamp.append((120, 450), "DRAFT", fontsize=100)
    stamp.write_text(page, morph=(pymupdf.Point(300, 420), pymupdf.Matrix(45)))
    page.insert_text((25, 600), "arXiv:2501.01234v1 [cs.CL] 3 Jan 2025", fontsize=16, rotate=90)
    page.insert_htmlbox((60, 60, 535, 780), f"<h1>Policy</h1><p>{RAIN * 5}</p>")
    document = read(made.tobytes())
    assert [block.text for block in document.blocks if block.kind == "heading"] == ["Policy"]
    assert [block.text for block in document.furniture] == ["DRAFT"]


@pytest.mark.parametrize(
    ("broken", "whole"),
    [
        ("The agree-<br>ment. We agree.", "The agreement. We agree."),
        ("See https://example.org/a-<br>b/c now.", "See https://example.org/a-b/c now."),
        ("The state-<br>of-the-art device, of course.", "The state-of-the-art device, of course."),
        ("A right-of-<br>use asset, for use.", "A right-of-use asset, for use."),
    ],
)
def test_a_hyphen_at_a_lines_end_stays_where_it_is_of_the_word(broken: str, whole: str) -> None:
    assert story(f"<p>{broken}</p>", WHOLE).text.strip() == whole


def test_a_large_first_letter_is_of_its_word() -> None:
    said = [
        "nce upon a time the valley had a river that flowed to the sea,",
        "and the people who lived there fished",
    ]
    document = lines((60, 122, "O", 44), *((97, 98 + 13 * at, text, 11) for at, text in enumerate(said)))
    assert document.text.startswith("Once upon a time")
