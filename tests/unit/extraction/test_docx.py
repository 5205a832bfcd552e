from __future__ import annotations

import pytest

from neuraldocflow.extraction.docx.reader import read
from neuraldocflow.extraction.model import Document
from tests.support.docx import (
    STRICT_W,
    W,
    files,
    level,
    listed,
    numbering,
    package,
    paragraph,
    part,
    run,
    simple,
    style,
    styles,
)


def texts(document: Document) -> list[str]:
    return [block.text for block in document.blocks]


def body_text(*content: str, **parts: str) -> str:
    return read(simple("".join(content), parts)).text


def test_paragraphs_are_blocks_with_paths_and_offsets() -> None:
    document = read(simple(paragraph("One ", "and  two") + "<w:p/>" + paragraph("Three")))
    assert texts(document) == ["One and two", "Three"]
    assert [block.path for block in document.blocks] == ["body/p[1]", "body/p[2]"]
    for block in document.blocks:
        assert document.text[block.start : block.end] == block.text


def test_tabs_breaks_and_special_characters_are_text() -> None:
    inner = (
        "<w:r><w:t>A</w:t><w:tab/><w:t>B</w:t><w:br/><w:t>C</w:t><w:noBreakHyphen/><w:t>D</w:t>"
        '<w:sym w:font="Wingdings" w:char="F0FE"/></w:r>'
    )
    assert body_text(f"<w:p>{inner}</w:p>") == "A B C-D☒"


def test_characters_of_symbol_fonts_are_what_they_look_like() -> None:
    wingdings = '<w:rFonts w:ascii="Wingdings" w:hAnsi="Wingdings"/>'
    assert (
        body_text(paragraph(run("þ", wingdings), " yes ", run("\uf0a8", wingdings), " no þ"))
        == "☒ yes ☐ no þ"
    )


def test_styles_inherit_level_weight_and_size() -> None:
    sheet = styles(
        "<w:docDefaults><w:rPrDefault><w:rPr><w:sz w:val='22'/></w:rPr></w:rPrDefault></w:docDefaults>",
        style(
            "H1",
            "heading 1",
            "<w:pPr><w:outlineLvl w:val='0'/></w:pPr><w:rPr><w:b/><w:sz w:val='32'/></w:rPr>",
        ),
        style("Mine", "My title", based_on="H1"),
        style("Thin", "Thin title", "<w:rPr><w:b w:val='0'/></w:rPr>", based_on="Mine"),
    )
    document = read(
        simple(
            paragraph("A title", style="Mine") + paragraph("B", style="Thin") + paragraph("Text"),
            {"styles": sheet},
        )
    )
    assert [(block.kind, block.level, block.bold, block.size) for block in document.blocks] == [
        ("heading", 1, True, 16.0),
        ("heading", 1, False, 16.0),
        ("paragraph", 0, False, 11.0),
    ]


def test_styles_based_on_each_other_in_a_circle_are_read() -> None:
    sheet = styles(style("A", "heading 2", based_on="B"), style("B", "Other", based_on="A"))
    assert body_text(paragraph("Words", style="A"), styles=sheet) == "Words"


def test_a_heading_too_long_for_one_is_a_paragraph() -> None:
    sheet = styles(style("H1", "heading 1"))
    document = read(simple(paragraph("A clause of many words. " * 20, style="H1"), {"styles": sheet}))
    assert document.blocks[0].kind == "paragraph"


def test_list_labels_are_counted_as_shown() -> None:
    lists = numbering(
        level(0, "decimal", "%1."), level(1, "lowerLetter", "(%2)"), level(2, "upperRoman", "%1.%3")
    )
    body = "".join(
        listed(text, 1, at)
        for text, at in (("a", 0), ("b", 1), ("c", 1), ("d", 2), ("e", 0), ("f", 1), ("g", 2), ("h", 2))
    )
    document = read(simple(body, {"numbering": lists}))
    assert texts(document) == ["1. a", "(a) b", "(b) c", "1.I d", "2. e", "(a) f", "2.I g", "2.II h"]
    assert {block.kind for block in document.blocks} == {"list_item"}
    assert [block.level for block in document.blocks][:4] == [1, 2, 2, 3]


def test_a_level_without_a_start_begins_at_zero() -> None:
    lists = numbering('<w:lvl w:ilvl="0"><w:numFmt w:val="ordinal"/><w:lvlText w:val="%1"/></w:lvl>')
    assert body_text(listed("a", 1) + listed("b", 1), numbering=lists) == "0th a\n1st b"


def test_levels_that_are_skipped_count_and_bullets_have_no_number() -> None:
    lists = numbering(
        level(0, "decimal", "%1."), level(1, "bullet", "\uf0b7"), level(2, "lowerLetter", "%1.%2.%3"),
        level(3, "decimal", "%1.%3.%4"),
    )  # fmt: skip
    items = (("a", 0), ("b", 2), ("c", 0), ("d", 3), ("e", 2))
    body = "".join(listed(text, 1, at) for text, at in items)
    assert body_text(body, numbering=lists) == "1. a\n1..a b\n2. c\n2.a.1 d\n2..b e"


def test_a_list_may_start_again_and_share_its_count() -> None:
    start = '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="5"/></w:lvlOverride>'
    lists = numbering(level(0, "decimal", "%1)"), overrides={2: start, 3: ""})
    document = read(
        simple(listed("a", 1) + listed("b", 2) + listed("c", 2) + listed("d", 3), {"numbering": lists})
    )
    assert texts(document) == ["1) a", "5) b", "6) c", "7) d"]


def test_numbering_by_style_belongs_to_its_level() -> None:
    sheet = styles(
        style("C1", "Clause 1", "<w:pPr><w:numPr><w:numId w:val='1'/></w:numPr></w:pPr>"),
        style("C2", "Clause 2", "<w:pPr><w:numPr><w:numId w:val='1'/></w:numPr></w:pPr>", based_on="C1"),
    )
    lists = numbering(
        level(0, "decimal", "%1.", "<w:pStyle w:val='C1'/>"),
        level(1, "decimal", "%1.%2", "<w:pStyle w:val='C2'/>"),
    )
    body = paragraph("Terms", style="C1") + paragraph("Words", style="C2") + paragraph("More", style="C2")
    assert body_text(body, styles=sheet, numbering=lists) == "1. Terms\n1.1 Words\n1.2 More"


def test_bullets_drawn_with_letters_are_bullets() -> None:
    letters = numbering(level(0, "bullet", "o"), level(1, "bullet", "§"), level(2, "bullet", "-"))
    body = "".join(listed(text, 1, number) for number, text in enumerate(("Tea", "Milk", "Salt")))
    assert texts(read(simple(body, {"numbering": letters}))) == ["• Tea", "• Milk", "- Salt"]


def test_legal_numbering_bullets_and_lists_switched_off() -> None:
    lists = numbering(
        level(0, "upperRoman", "%1."),
        level(1, "decimal", "%1.%2", "<w:isLgl/>"),
        level(2, "bullet", "\uf0b7"),
    )
    off = paragraph("plain", properties='<w:numPr><w:numId w:val="0"/></w:numPr>')
    body = listed("a", 1) + listed("b", 1, 1) + listed("c", 1, 2) + off
    assert body_text(body, numbering=lists) == "I. a\n1.1 b\n• c\nplain"


def test_figures_set_higher_are_none_of_the_number_before() -> None:
    note = run("2", '<w:vertAlign w:val="superscript"/>')
    low = run("2", '<w:vertAlign w:val="subscript"/>')
    assert body_text(paragraph("Fees of 3,500", note, run(" a year"))) == "Fees of 3,500² a year"
    assert body_text(paragraph("Fees", note, " 3,500 ", note, "1", low)) == "Fees2 3,500 212"


def test_tracked_changes_are_read_as_accepted() -> None:
    body = paragraph(
        "The price is ",
        '<w:del w:id="1"><w:r><w:delText>ten</w:delText></w:r></w:del>',
        f'<w:ins w:id="2">{run("twelve")}</w:ins>',
        f'<w:moveFrom w:id="3">{run(" gone")}</w:moveFrom><w:moveTo w:id="4">{run(" crowns")}</w:moveTo>',
    )
    assert body_text(body) == "The price is twelve crowns"


def test_a_deleted_paragraph_mark_joins_two_paragraphs() -> None:
    first = paragraph("One", properties='<w:rPr><w:del w:id="1"/></w:rPr>')
    assert body_text(first, paragraph("sentence.")) == "One sentence."


def test_old_properties_of_a_change_do_not_count() -> None:
    change = "<w:rPrChange><w:rPr><w:b/><w:vanish/></w:rPr></w:rPrChange>"
    document = read(simple(paragraph(run("Words that stay", change))))
    assert (document.text, document.blocks[0].bold) == ("Words that stay", False)


def test_what_only_a_web_page_hides_is_read_as_it_is_printed() -> None:
    assert body_text(paragraph("Chapter one", run(" 7", "<w:webHidden/>"))) == "Chapter one 7"


def test_hidden_text_is_left_out() -> None:
    assert (
        body_text(paragraph("Seen", run(" unseen", "<w:vanish/>"), run(" again", "<w:vanish w:val='0'/>")))
        == "Seen again"
    )


def test_field_codes_are_left_out_and_results_kept() -> None:
    def char(kind: str) -> str:
        return f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>'

    code = '<w:r><w:instrText> HYPERLINK "http://example.org/a" </w:instrText></w:r>'
    document = read(
        simple(paragraph("See ", char("begin"), code, char("separate"), "the page", char("end"), "."))
    )
    assert document.text == "See the page."
    (link,) = document.links
    assert (link.target, document.text[link.start : link.end]) == ("http://example.org/a", "the page")


def test_links_and_bookmarks_meet() -> None:
    body = paragraph(
        f'<w:hyperlink w:anchor="here">{run("Item 1")}</w:hyperlink>',
        " ",
        f'<w:hyperlink r:id="x">{run("out")}</w:hyperlink>',
    ) + paragraph('<w:bookmarkStart w:id="0" w:name="here"/>', "Item 1")
    document = read(simple(body, links={"x": "http://example.org"}))
    assert [(link.target, link.text) for link in document.links] == [
        ("#here", "Item 1"),
        ("http://example.org", "out"),
    ]
    assert document.blocks[1].anchor == "here"


def test_a_link_at_a_numbered_paragraph_s_start_leaves_its_label_out() -> None:
    lists = numbering(level(0, "decimal", "%1."))
    numbered = '<w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr>'
    body = paragraph(f'<w:hyperlink w:anchor="a">{run("Terms")}</w:hyperlink>', properties=numbered)
    document = read(simple(body, {"numbering": lists}))
    assert (document.text, document.links[0].text) == ("1. Terms", "Terms")


def test_content_controls_are_facts_with_their_place() -> None:
    def control(properties: str, content: str) -> str:
        return f"<w:sdt><w:sdtPr>{properties}</w:sdtPr><w:sdtContent>{content}</w:sdtContent></w:sdt>"

    body = (
        paragraph(
            "Client: ", control('<w:alias w:val="Client name"/><w:tag w:val="client"/>', run("Rope Ltd"))
        )
        + control('<w:tag w:val="terms"/>', paragraph("First.") + paragraph("Second."))
        + paragraph(
            control(
                '<w:tag w:val="signed"/><w14:checkbox><w14:checked w14:val="1"/></w14:checkbox>', run("☒")
            )
        )
        + paragraph(
            control('<w:tag w:val="when"/><w:date w:fullDate="2024-06-30T00:00:00Z"/>', run("30 June"))
        )
        + paragraph("x", control('<w:tag w:val="empty"/><w:showingPlcHdr/>', run("Click here")))
    )
    document = read(simple(body))
    assert {fact.name: fact.value for fact in document.facts} == {
        "client": "Rope Ltd",
        "terms": "First.\nSecond.",
        "signed": True,
        "when": "2024-06-30",
        "empty": None,
    }
    client = next(fact for fact in document.facts if fact.name == "client")
    assert document.text[client.start : client.end] == "Rope Ltd"


def test_word_s_own_prompt_in_a_control_is_no_text() -> None:
    def control(*content: str, empty: bool = True) -> str:
        prompts = "<w:sdtPr><w:showingPlcHdr/></w:sdtPr>" if empty else "<w:sdtPr/>"
        return f"<w:sdt>{prompts}<w:sdtContent>{''.join(content)}</w:sdtContent></w:sdt>"

    body = (
        paragraph("Tenant: ", control(run("Click or tap here to enter text.")))
        + paragraph("Datum: ", control(run("Klicken Sie hier, um ein Datum einzugeben.")), " (Tag)")
        + paragraph("Client: ", control(run("Rope Ltd")))  # filled by a program that left the mark
        + paragraph("Steps: ", control(run("Click the button."), empty=False))
    )
    assert texts(read(simple(body))) == [
        "Tenant:",
        "Datum: (Tag)",
        "Client: Rope Ltd",
        "Steps: Click the button.",
    ]


def test_a_tab_before_a_label_is_as_good_as_a_line() -> None:
    tab = "<w:r><w:tab/></w:r>"
    document = read(simple(paragraph("Name:", tab, "Ada Quill", tab, tab, "Date of Issue:", tab, "5 May")))
    assert texts(document) == ["Name: Ada Quill Date of Issue: 5 May"]
    assert document.blocks[0].breaks == (16,)


def test_the_choice_of_a_form_s_list_is_shown_though_its_text_is_nowhere() -> None:
    def listed(chosen: str) -> str:
        entries = "".join(f'<w:listEntry w:val="{each}"/>' for each in ("Whole life", "Term", "None"))
        data = f'<w:ffData><w:name w:val="Plan"/><w:ddList>{chosen}{entries}</w:ddList></w:ffData>'
        return (
            f'<w:r><w:fldChar w:fldCharType="begin">{data}</w:fldChar></w:r>'
            "<w:r><w:instrText> FORMDROPDOWN </w:instrText></w:r>"
            '<w:r><w:fldChar w:fldCharType="end"/></w:r>'
        )

    for chosen, shown in (
        ('<w:result w:val="1"/><w:default w:val="2"/>', "Term"),
        ('<w:default w:val="2"/>', "None"),
        ("", "Whole life"),
        ('<w:result w:val="9"/>', ""),
    ):
        document = read(simple(paragraph("Plan: ", listed(chosen))))
        assert document.text == f"Plan: {shown}".strip()
        assert [(fact.name, fact.value) for fact in document.facts] == [("Plan", shown)]


def test_a_text_box_is_read_once_after_its_paragraph() -> None:
    box = f"<w:txbxContent>{paragraph('In the box')}</w:txbxContent>"
    both = f"<mc:Choice>{box}</mc:Choice><mc:Fallback>{box}</mc:Fallback>"
    choice = f"<mc:AlternateContent>{both}</mc:AlternateContent>"
    assert body_text(paragraph("Before ", f"<w:r>{choice}</w:r>", "after")) == "Before after\nIn the box"


def test_footnotes_come_last_and_headers_and_comments_are_set_apart() -> None:
    notes = part(
        "footnotes",
        f'<w:footnote w:type="separator" w:id="-1">{paragraph("-")}</w:footnote>'
        f'<w:footnote w:id="1">{paragraph("<w:r><w:footnoteRef/></w:r>", " A small remark.")}</w:footnote>',
    )
    parts = {
        "footnotes": notes,
        "header1": part("hdr", paragraph("Rope Ltd")),
        "header2": part("hdr", paragraph("Rope Ltd")),
        "footer1": part("ftr", paragraph("Page")),
        "comments": part("comments", f'<w:comment w:id="0">{paragraph("Is it so?")}</w:comment>'),
    }
    document = read(simple(paragraph("Words"), parts))
    assert [(block.kind, block.text) for block in document.blocks] == [
        ("paragraph", "Words"),
        ("footnote", "1 A small remark."),
    ]
    assert [(block.kind, block.text) for block in document.furniture] == [
        ("header", "Rope Ltd"),
        ("footer", "Page"),
        ("annotation", "Is it so?"),
    ]


def test_a_header_that_tells_values_is_read_before_the_body() -> None:
    header = part("hdr", paragraph("Patient: Testo Mock  DOB: 04/09/1948") + paragraph("Rope Clinic"))
    document = read(simple(paragraph("Words"), {"header1": header, "header2": header}))
    assert document.text == "Patient: Testo Mock DOB: 04/09/1948\nWords"
    assert [block.text for block in document.furniture] == ["Rope Clinic"]


def test_metadata_is_of_the_package() -> None:
    assert read(simple(paragraph("Words"))).metadata == {"title": "An invented title", "author": "A. Nobody"}


def test_the_strict_namespace_is_read_alike() -> None:
    made = files(paragraph("A strict word"))
    assert (
        read(package({name: text.replace(W, STRICT_W) for name, text in made.items()})).text
        == "A strict word"
    )


def test_the_document_part_is_found_by_its_relationship() -> None:
    made = files(paragraph("Elsewhere"))
    made["text/main.xml"] = made.pop("word/document.xml")
    made["_rels/.rels"] = made["_rels/.rels"].replace("word/document.xml", "/text/main.xml")
    assert read(package(made)).text == "Elsewhere"


@pytest.mark.parametrize(
    ("number", "form", "label"),
    [
        (28, "lowerLetter", "bb"),
        (1994, "upperRoman", "MCMXCIV"),
        (3, "decimalZero", "03"),
        (12, "ordinal", "12th"),
        (22, "ordinal", "22nd"),
    ],
)
def test_numbers_are_written_in_their_format(number: int, form: str, label: str) -> None:
    start = f'<w:lvlOverride w:ilvl="0"><w:startOverride w:val="{number}"/></w:lvlOverride>'
    lists = numbering(level(0, form, "%1"), overrides={2: start})
    assert body_text(listed("x", 2), numbering=lists) == f"{label} x"


def test_line_breaks_are_known_beside_the_text() -> None:
    document = read(
        simple("<w:p><w:r><w:t>one</w:t><w:tab/><w:t>two</w:t><w:br/><w:t>three</w:t></w:r></w:p>")
    )
    assert (document.blocks[0].text, document.blocks[0].breaks) == ("one two three", (8,))
