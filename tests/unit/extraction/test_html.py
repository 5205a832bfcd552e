from __future__ import annotations

import time
from pathlib import Path

import pytest

from neuraldocflow.extraction.html.reader import read
from neuraldocflow.extraction.model import Document
from tests.support.html import page


def texts(document: Document) -> list[str]:
    return [block.text for block in document.blocks]


def kinds(document: Document) -> list[tuple[str, int, str]]:
    return [(block.kind, block.level, block.text) for block in document.blocks]


def test_block_elements_part_the_text_and_inline_ones_do_not() -> None:
    document = read(page("<p>One <i>and</i> the <b>sa</b>me.</p><div>Two<div>Three</div>Four</div>Five"))
    assert texts(document) == ["One and the same.", "Two", "Three", "Four", "Five"]


def test_white_space_is_folded_and_references_are_resolved() -> None:
    document = read(page("<p>  A&nbsp;&amp;\n  B &#8212; &eacute;t&#xe9;&#160; </p>"))
    assert document.text == "A & B — été"


def test_blocks_know_their_path_and_offsets() -> None:
    document = read(page("<h2>Title</h2><p>One</p><p>Two</p><ul><li>Item</li></ul>"))
    assert [block.path for block in document.blocks] == ["body/h[1]", "body/p[1]", "body/p[2]", "body/li[1]"]
    for block in document.blocks:
        assert document.text[block.start : block.end] == block.text
    assert document.provenance(6, 9)[0].block == "body/p[1]"


def test_marked_headings_and_list_items_keep_their_level() -> None:
    document = read(page("<h1>Top</h1><h3>Below</h3><ul><li>Outer<ol><li>Inner</ol></ul><p>After"))
    assert kinds(document) == [
        ("heading", 1, "Top"),
        ("heading", 3, "Below"),
        ("list_item", 1, "Outer"),
        ("list_item", 2, "Inner"),
        ("paragraph", 0, "After"),
    ]


def test_a_short_bold_line_is_a_heading_and_a_bold_word_is_not() -> None:
    document = read(
        page(
            '<div style="font-weight:700;font-size:14pt">PART I</div><div><b>Item 1. Trade</b></div>'
            "<p><b>Note:</b> this long sentence is not bold throughout and stays what it is.</p>"
            "<p><b>(a remark in brackets)</b></p><p>Plain words that follow it all.</p>"
        )
    )
    assert [kind for kind, _, _ in kinds(document)] == [
        "heading",
        "heading",
        "paragraph",
        "paragraph",
        "paragraph",
    ]
    assert document.blocks[0].level < document.blocks[1].level
    assert document.blocks[0].size == 14


def test_a_document_that_is_all_bold_has_no_headings_by_boldness() -> None:
    assert {kind for kind, _, _ in kinds(read(page("<b><p>One line<p>Another line</b>")))} == {"paragraph"}


def test_a_line_break_is_a_space_and_two_part_paragraphs() -> None:
    assert texts(read(page("<p>One<br>line<br><br>Another</p>"))) == ["One line", "Another"]


def test_a_bold_line_before_a_break_stands_alone() -> None:
    assert texts(read(page("<p><b>Item 2. Places</b><br>We own a shed.</p>"))) == [
        "Item 2. Places",
        "We own a shed.",
    ]


def test_classes_of_the_style_sheet_count() -> None:
    css = "<style>.strong{font-weight:bold} .gone{display:none} @media print{.shown{display:none}}</style>"
    document = read(
        page(
            '<p class="strong">A title</p><p class="gone">Gone</p><p class="shown">Some words, seen.</p>', css
        )
    )
    assert kinds(document) == [("heading", 1, "A title"), ("paragraph", 0, "Some words, seen.")]


@pytest.mark.parametrize(
    ("css", "shown"),
    [
        ("p.two, #three, .other { display: none }", ["One", "Four"]),
        (".menu .one, .menu > .two { display: none }", ["One", "Two", "Three", "Four"]),
        (".one { display: none } .one.four { display: block }", ["Two", "Three", "Four"]),
        (".one { display: none } .one { display: block }", ["One", "Two", "Three", "Four"]),
        (".one { visibility: hidden !important } .one { visibility: visible }", ["Two", "Three"]),
        ("/* .one { display: none } */ .two:hover { display: none }", ["One", "Two", "Three", "Four"]),
        (".two { font-size: 0 } #three { font-size: 0.5em }", ["One", "Three", "Four"]),
        ("#three { display: block } .third { display: none }", ["One", "Two", "Three", "Four"]),
        ("div.one, div#three { display: none } P.two { display: none }", ["One", "Three", "Four"]),
        (
            ".one { display: none } p.one { display: block } .one { color: red }",
            ["One", "Two", "Three", "Four"],
        ),
    ],
)
def test_rules_hide_what_they_are_for(css: str, shown: list[str]) -> None:
    body = '<p class="one">One</p><p class="two">Two</p><p id="three" class="third">Three</p>'
    body += '<p class="one four">Four</p>'
    assert texts(read(page(body, f"<style>{css}</style>"))) == shown


def test_what_a_style_says_last_counts() -> None:
    css = "<style>.small{font-size:8pt;font-weight:bold} .small.big{font-size:16pt;font-style:italic}</style>"
    body = (
        '<p class="small">A</p><p class="small big">B</p>'
        '<p class="small" style="font-size:12pt;font-weight:normal">C</p>'
    )
    blocks = read(page(body, css)).blocks
    assert [(block.size, block.bold) for block in blocks] == [(8, True), (16, True), (12, False)]


def test_style_sheets_cost_no_more_than_their_length() -> None:
    rules = "".join(f".c{n % 20}.d{n} {{ display: none }}" for n in range(5000))
    names = " ".join(f"c{n}" for n in range(20))
    body = "".join(f'<p id="p{n}" class="{names}">x</p>' for n in range(10_000))
    began = time.process_time()
    assert texts(read(page("<p>x</p>", f"<style>{'@media' * 80_000}</style>"))) == ["x"]
    assert len(read(page(body, f"<style>{rules}</style>")).blocks) == 10_000
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    "hidden",
    [
        "<script>var a = '<p>Hidden</p>';</script>",
        "<style>p { color: red }</style>",
        "<p hidden>Hidden</p>",
        '<div style="display: none"><p>Hidden</p><table><tr><td>Hidden</table></div>',
        "<!-- <p>Hidden</p> -->",
        "<template><p>Hidden</p></template>",
        "<noscript>Hidden</noscript>",
        "<?php Hidden ?>",
        "<svg><text>Hidden</text></svg>",
        "<math><annotation encoding='application/x-tex'>Hidden</annotation></math>",
        "<p><img src='chart.jpg' alt='283'></p>",
        "<dialog><p>Hidden</p></dialog>",
        "<p><select hidden><option>Hidden</select></p>",
        "<SCRIPT src='x'>Hidden</SCRIPT >",
    ],
)
def test_what_no_reader_sees_is_left_out(hidden: str) -> None:
    assert read(page(f"<p>Before</p>{hidden}<p>After</p>")).text == "Before\nAfter"


def test_form_fields_show_what_is_in_them() -> None:
    document = read(
        page('<p>Shell company: <input type=checkbox checked> Yes <input type="checkbox"/> No</p>')
    )
    assert document.text == "Shell company: ☒ Yes ☐ No"


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        (
            "<select><option>Ohio<option SELECTED value=ut>Utah &amp; more</option><option>Texas</select>",
            "Utah & more",
        ),
        ("<select name=s>\n<option>Ohio</option>\n<option>Utah</option></select>", "Ohio"),
        ("<select multiple><option selected>A<option>B<option selected=''>C</select>", "A C"),
        ("<select></select>", ""),
    ],
)
def test_a_list_of_options_shows_what_is_chosen(options: str, shown: str) -> None:
    assert read(page(f"<p>State: {options} end</p>")).text == f"State: {shown} end".replace("  ", " ")


def test_characters_of_symbol_fonts_are_what_they_look_like() -> None:
    source = (
        "<p>Yes <span style=\"font-family:'Wingdings',serif\">þ</span> no <font face=Wingdings>¨</font>"
        " &#61608; "
        "<span style='font-family:Wingdings'>o <span style='font-family:Arial'>o</span></span> þ</p>"
    )
    assert read(page(source)).text == "Yes ☒ no ☐ ☐ ☐ o þ"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("$3,500<sup>2</sup>", "$3,500²"),
        ("$3,500<sup><a href=#a>1, 2</a></sup> due", "$3,500¹, ² due"),
        ("8<span style='font-size:6pt; vertical-align: super'>12</span>", "8¹²"),
        ("8<span style='font-size:6pt;position:relative;top:-3pt;vertical-align:baseline'>1</span>.", "8¹."),
        ("10<sup>-3</sup> of 10<sup>+6</sup>", "10⁻³ of 10⁺⁶"),
        ("$3,500 <sup>2</sup> or 400<sup>(3)</sup>", "$3,500 2 or 400(3)"),
        ("May 5<sup>th</sup>, 20<sup></sup>24 at 10<b>5</b>", "May 5th, 2024 at 105"),
        ("Revenue<sup>1</sup> of H<sub>2</sub>O 1<sub>2</sub>", "Revenue1 of H2O 12"),
    ],
)
def test_figures_set_higher_are_none_of_the_number_before(body: str, text: str) -> None:
    assert read(f"<p>{body}</p>".encode()).text == text


def test_links_and_anchors_meet() -> None:
    document = read(
        page(
            '<p>See <a href="#here">Item 1</a> &amp; <a href="http://example.org/?a=1&amp;b=2">more</a></p>'
            '<a name="here"></a><p id="there">Item 1</p>'
        )
    )
    inner, outer = document.links
    assert (inner.target, document.text[inner.start : inner.end]) == ("#here", "Item 1")
    assert (outer.target, outer.text) == ("http://example.org/?a=1&b=2", "more")
    assert (document.blocks[1].anchor or "").split() == ["here", "there"]


def test_head_gives_metadata_and_language() -> None:
    document = read(
        b"<html lang=de-AT><head><title>Ein &Uuml;bung</title><meta name=author content='N. Niemand'></head>"
        b"<p>Kurz."
    )
    assert document.metadata == {"title": "Ein Übung", "author": "N. Niemand"}
    assert document.language == "de"


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<p>Größe — 5 €".encode(), "Größe — 5 €"),
        ("<p>Größe — 5 €".encode("windows-1252"), "Größe — 5 €"),
        ('<meta charset="iso-8859-1"><p>Größe – 5'.encode("windows-1252"), "Größe – 5"),
        ('<meta charset="iso-8859-1"><p>declared wrongly: Größe'.encode(), "declared wrongly: Größe"),
        ("<p>Größe".encode("utf-16"), "Größe"),
        ("<p>Größe".encode("utf-16-be"), "Größe"),
        ("<p>Größe".encode("utf-8-sig"), "Größe"),
        ('<?xml version="1.0" encoding="koi8-r"?><p>Слово'.encode("koi8-r"), "Слово"),
        (
            '<meta http-equiv=Content-Type content="text/html; charset=shift_jis"><p>鋼の板'.encode(
                "shift_jis"
            ),
            "鋼の板",
        ),
        (b'<meta charset="no-such-thing"><p>caf\xe9', "café"),
        ('<meta charset="utf-8"><p>Größe, Höhe, '.encode() + b"L\xe4nge", "Größe, Höhe, Länge"),
        ("<p>É, Ä, ".encode("windows-1252") + "Ü".encode(), "É, Ä, Ãœ"),
    ],
)
def test_any_encoding_declared_or_not(source: bytes, text: str) -> None:
    assert read(source).text == text


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<p>One<p>Two<div>Three", ["One", "Two", "Three"]),
        ("<b>One</i></b></p></div>Two", ["One", "Two"]),
        ("<p>One <b>two <i>three</b> four</p><p>five", ["One two three four", "five"]),
        ('<p title="a > b">One</p><p class=x/>Two', ["One", "Two"]),
        ("<p>1 < 2 and 3 > 2", ["1 < 2 and 3 > 2"]),
        ('<p title="never closed>One</p><p>Two', ["One", "Two"]),
        ("<p>Cut off <a href=", ["Cut off"]),
        ("<table><tr><td>One</table></td></tr></table><p>Two", ["One", "Two"]),
        ("</table></td>One<td>Two", ["One", "Two"]),
    ],
)
def test_broken_markup_is_read_as_a_browser_would(body: str, expected: list[str]) -> None:
    assert texts(read(body.encode())) == expected


def test_lines_of_an_old_text_filing_keep_apart() -> None:
    document = read(
        b"<pre>\n         ITEM 1.  TRADE\n\nThe company was founded long ago and has traded in ropes\n"
        b"of all kinds.\n</pre>"
    )
    assert texts(document) == [
        "ITEM 1. TRADE",
        "The company was founded long ago and has traded in ropes of all kinds.",
    ]


def test_justified_lines_of_an_old_text_filing_are_one_paragraph() -> None:
    old = (
        b"<pre>\nThe company has   traded in ropes of all kinds  and for a long\n"
        b"time, and it has sold   them,   as it says here, to everyone who asked.\n</pre>"
    )
    assert len(texts(read(old))) == 1


def test_columns_and_rules_of_an_old_text_filing_are_lines_of_their_own() -> None:
    document = read(
        b"<pre>\nThe company has traded in ropes of all kinds and for a long time, and in\n"
        b"-----------------------------------------------------------------\n"
        b"Ropes and other goods of hemp            of the north\n"
        b"Net of what was sent back to the company in spring\n</pre>"
    )
    assert [text.split()[0] for text in texts(document)] == ["The", "-" * 65, "Ropes", "Net"]


def test_a_file_is_read_from_its_path(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_bytes(page("<p>Words"))
    assert read(path).text == "Words"


def test_progress_ends_with_all_of_it() -> None:
    seen: list[tuple[str, int, int]] = []
    read(
        page("<p>Words" * 5000),
        progress=lambda stage, done, total, partial: seen.append((stage, done, total)),
    )
    assert seen[-1][1] == seen[-1][2]
    assert [done for _, done, _ in seen] == sorted(done for _, done, _ in seen)


def test_a_page_without_text_says_so() -> None:
    assert read(page("<img src=x>")).warnings[0][0] == "no_text"


def test_lines_the_author_broke_are_known_in_blocks_and_cells() -> None:
    rows = "<tr><th>Name</th><th>Since</th></tr><tr><td>A<br>B<p>C</p></td><td>2020</td></tr>"
    document = read(page(f"<p>one<br>two <b>three</b></p><table border='1'>{rows}</table>"))
    assert (document.blocks[0].text, document.blocks[0].breaks) == ("one two three", (4,))
    (table,) = document.tables()
    *_, cell, other = table.cells
    assert (cell.text, cell.breaks, other.breaks) == ("A B C", (2, 4), ())


def test_what_a_style_sets_on_lines_of_its_own_or_apart_is_not_run_together() -> None:
    sheet = "<style>.line{display:block} .row{display:flex} .cell{display:table-cell}</style>"
    lines = '<p><span class="line">Invoice 5</span><a class="line" href="x">Total 7</a>end</p>'
    apart = '<div class="row"><span>Due</span><b>May 2</b>now</div>'
    cells = '<p><i class="cell">K</i><i class="cell">V</i></p>'
    document = read(page(lines + apart + cells + "<p>one<span>word</span></p>", sheet))
    assert texts(document) == ["Invoice 5 Total 7 end", "Due May 2 now", "K V", "oneword"]
    assert document.blocks[0].breaks == (10, 18)


def test_lines_of_the_source_are_shown_where_a_style_says_so() -> None:
    mail = '<div class="mail">Dear Ann,\n\nOrder: 7\nDate: May 2\n</div>'
    kept = f"<style>.mail{{white-space:pre-wrap}}</style>{mail}"
    folded = '<p>one\ntwo</p><pre style="white-space:normal">three\nfour</pre>'
    inside = '<div style="white-space:pre">a\n<p style="white-space:normal">b\nc</p>d\ne</div>'
    assert texts(read(page(kept))) == ["Dear Ann,", "Order: 7", "Date: May 2"]
    assert texts(read(page(folded + inside))) == ["one two", "three four", "a", "b c", "d", "e"]


def test_changes_are_read_as_accepted() -> None:
    told = (
        "<p>made on <del>March 1, 2031</del><ins>April 2, 2031</ins></p><del><p>Gone.</p></del><p>Left.</p>"
    )
    assert texts(read(page(told))) == ["made on April 2, 2031", "Left."]
