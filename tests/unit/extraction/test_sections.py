"""Sections: the tree of headings, and the Items of annual reports at their true beginnings."""

from __future__ import annotations

from itertools import pairwise

import pytest

from neuraldocflow.extraction.model import Block, Document, Link
from neuraldocflow.extraction.sections import find
from tests.support.filings import (
    COVER,
    ITEMS,
    SAYING,
    annual_report,
    block,
    body,
    contents,
    document,
    sections,
    table,
)


def assert_items(filing: Document, items: tuple[tuple[str, str], ...] = ITEMS) -> None:
    """Every Item is found, begins with its own heading and ends where the next begins."""
    found = sections(filing)
    assert list(found) == [f"item_{number.lower()}" for number, _ in items]
    ordered = list(found.values())
    for section, (number, title) in zip(ordered, items, strict=True):
        opening = " ".join(filing.text[section.start : section.start + 200].split()).casefold()
        assert opening.replace("item ", "item").startswith(f"item{number}".casefold())
        assert title.casefold() in opening
        assert SAYING in filing.text[section.start : section.end]
    for section, following in pairwise(ordered):
        assert section.end == following.start


def test_the_headings_of_a_document_are_a_tree() -> None:
    plain = document(
        [
            block("1. Scope", "heading", level=1),
            "Words.",
            block("1.1 Terms", "heading", level=2),
            "More words.",
            block("2. Fees", "heading", level=1),
            "Last words.",
        ]
    )
    found = find(plain)
    assert [(each.id, each.level) for each in found] == [("1", 1), ("1_1", 2), ("2", 1)]
    assert found[0].end == found[2].start
    assert found[1].end == found[2].start
    assert found[2].end == len(plain.text)


@pytest.mark.parametrize("later", [[], [block("Scope", "heading", level=2), "More words."]])
def test_what_no_heading_stands_above_is_a_section_without_title(later: list[str | Block]) -> None:
    plain = document(["An agreement.", "First words.", *later])
    opening, *others = find(plain)
    assert (opening.id, opening.title, opening.level) == ("opening", "", 1)
    assert plain.text[opening.start : opening.end].split() == ["An", "agreement.", "First", "words."]
    assert [each.title for each in others] == ["Scope"] * bool(later)


def test_the_same_heading_twice_has_two_ids() -> None:
    found = find(document([block("Notes", "heading", level=1), "a", block("Notes", "heading", level=1), "b"]))
    assert [each.id for each in found] == ["notes", "notes_2"]


def test_an_outline_serves_where_nothing_looks_like_a_heading() -> None:
    plain = document(["Scope of work", "Words.", "Fees and terms", "Words."])
    plain.outline = [(1, "Scope of work", "page:1"), (1, "Fees and terms", "page:2")]
    assert [each.title for each in find(plain)] == ["Scope of work", "Fees and terms"]


def test_items_begin_at_their_headings_not_in_the_table_of_contents() -> None:
    assert_items(document([*COVER, contents(), *body()]))


def test_a_table_of_contents_in_lines_is_none_of_the_items() -> None:
    listed = [f"Item {number}. {title} {3 + at}" for at, (number, title) in enumerate(ITEMS)]
    assert_items(document([*COVER, *listed, *body()]))


@pytest.mark.parametrize(
    "form",
    [
        "ITEM {number}. {title}",
        "Item {number}: {title}",
        "Item {number} — {title}",
        "Item {number}.{title}",
        "Item{number}. {title}",
    ],
)
def test_headings_of_many_forms(form: str) -> None:
    assert_items(document([*COVER, contents(), *body(form=form)]))


def test_plain_paragraphs_serve_as_headings() -> None:
    blocks = [block(each.text) for each in body()]
    assert_items(document([*COVER, contents(), *blocks]))


@pytest.mark.parametrize("page", [True, False])
def test_a_heading_may_be_the_first_line_of_its_text(page: bool) -> None:
    blocks: list[Block | str] = []
    for number, title in ITEMS:
        heading, lines = f"Item {number}. {title}", [f"{SAYING} "] * 4
        starts = [0, *(len(heading) + 1 + at * len(lines[0]) for at in range(len(lines)))]
        told = {"line_starts": starts} if page else {"line_starts": [0], "breaks": (starts[1],)}
        blocks += [block(f"{heading} {''.join(lines)}", **told), SAYING]
    assert_items(document([*COVER, contents(), *blocks]))


def test_headings_in_layout_tables() -> None:
    blocks: list[Block | str] = []
    for number, title in ITEMS:
        blocks += [table([[f"Item {number}.", title]]), SAYING, SAYING]
    filing = document([*COVER, contents(), *blocks])
    assert list(sections(filing)) == [f"item_{number.lower()}" for number, _ in ITEMS]
    assert all(SAYING in filing.text[each.start : each.end] for each in sections(filing).values())


def test_number_and_title_in_two_blocks() -> None:
    blocks: list[Block | str] = []
    for number, title in ITEMS:
        blocks += [block(f"Item {number}.", "heading", level=2), title, SAYING, SAYING]
    assert_items(document([*COVER, contents(), *blocks]))


def test_page_headers_repeat_a_title_without_moving_its_section() -> None:
    blocks: list[Block | str] = []
    for each in body():
        blocks.append(each)
        if each.kind == "heading":
            heading = each.text
        else:
            blocks += [block(f"{heading.upper()} (continued)"), SAYING]
    assert_items(document([*COVER, contents(), *blocks]))


def test_page_headers_of_the_number_alone_move_nothing() -> None:
    blocks: list[Block | str] = []
    for each in body():
        if each.kind == "heading":
            number = each.text.split(".")[0]
        blocks += [each, "PART II", number] if each.kind != "heading" else [each]
    filing = document([*COVER, contents(), *blocks])
    assert_items(filing)


@pytest.mark.parametrize(
    ("heading", "section"),
    [
        ("PART I, ITEM 1. BUSINESS", "item_1"),
        ("ITEM 7(A). QUANTITATIVE AND QUALITATIVE DISCLOSURES ABOUT MARKET RISK", "item_7a"),
        ("Item 9A(T). Controls and Procedures", "item_9a"),
        ("ITEM 6. (REMOVED AND RESERVED)", "item_6"),
        ("Item 1. Description of Business", "item_1"),
        ("Item\u00a02.\u00a0\u00a0Properties", "item_2"),
    ],
)
def test_a_heading_in_another_dress(heading: str, section: str) -> None:
    found = sections(document([block(heading, "heading"), SAYING, SAYING]))
    assert list(found) == [section]


def test_a_text_that_refers_to_an_item_is_not_its_heading() -> None:
    blocks = body()
    at = next(index for index, each in enumerate(blocks) if each.text.startswith("Item 2."))
    blocks.insert(at, block("Item 7 of this report describes our results. " + SAYING * 4))
    blocks.insert(at, block("Item 8, Financial Statements, holds the notes that we refer to. " + SAYING * 4))
    assert_items(document([*COVER, contents(), *blocks]))


@pytest.mark.parametrize(
    "shared", ["Items 1 and 2.", "Items 1. and 2.", "ITEM 1. AND ITEM 2.", "Item 1 & 2."]
)
def test_items_that_share_a_heading_share_a_section(shared: str) -> None:
    items = (
        ("1", "Business"),
        ("3", "Legal Proceedings"),
        ("4", "Mine Safety Disclosures"),
        ("7", "Management's Discussion"),
    )
    blocks = body(items)
    blocks[0] = block(f"{shared} Business and Properties", "heading", level=2)
    found = sections(document([*COVER, *blocks]))
    assert list(found) == ["item_1", "item_2", "item_3", "item_4", "item_7"]
    assert found["item_1"].start == found["item_2"].start
    assert found["item_1"].end == found["item_3"].start


@pytest.mark.parametrize(
    "heading", ["Items 10 through 14. Left Out", "ITEMS 10-14. Left Out", "Items 10 – 14"]
)
def test_a_heading_of_a_range_is_that_of_all_its_items(heading: str) -> None:
    found = sections(document([*COVER, *body(ITEMS[:3]), block(heading, "heading"), SAYING]))
    assert list(found)[3:] == ["item_10", "item_11", "item_12", "item_13", "item_14"]


@pytest.mark.parametrize("mark", [" -", ". –"])
def test_a_dash_before_a_number_of_the_title_makes_no_range(mark: str) -> None:
    heading = f"Item 5{mark} 10 Years of the Market for Our Common Stock"
    found = sections(document([block(heading, "heading"), SAYING, SAYING]))
    assert list(found) == ["item_5"]


def test_other_labels_than_item() -> None:
    specs = [
        {"id": "scope", "label": "article", "number": "1", "title": "Scope", "pattern": "scope"},
        {"id": "fees", "label": "article", "number": "2", "title": "Fees", "pattern": "fees"},
    ]
    plain = document(
        [block("Article 1. Scope", "heading"), SAYING, block("ARTICLE 2 - FEES", "heading"), SAYING]
    )
    found = find(plain, specs)
    assert [each.id for each in found] == ["scope", "fees"]
    assert plain.text[found[1].start :].startswith("ARTICLE 2")


def test_an_item_that_is_missing_is_not_made_up() -> None:
    items = tuple(each for each in ITEMS if each[0] not in ("1B", "6"))
    assert_items(document([*COVER, contents(), *body(items)]), items)


def test_links_of_the_table_of_contents_lead_to_sections_without_number() -> None:
    blocks: list[Block | str] = []
    for number, title in ITEMS:
        words = f"Our {title.split()[0].lower()} in full"
        blocks += [block(words, "heading", level=2, anchor=f"a{number}"), SAYING, SAYING]
    filing = document([*COVER, contents(), *blocks])
    listing = next(each for each in filing.blocks if each.table is not None)
    assert listing.table is not None
    filing.links = [
        Link(f"#a{ITEMS[cell.row][0]}", cell.text, start=cell.start, end=cell.end)
        for cell in listing.table.cells
        if cell.column == 1
    ]
    found = sections(filing)
    assert len(found) == len(ITEMS)
    assert filing.text[found["item_1a"].start :].startswith("Our risk in full")


def test_a_list_on_a_parts_first_page_is_none_of_its_items() -> None:
    blocks: list[Block | str] = []
    for number, title in ITEMS:
        if number in ("5", "9"):
            first = [each[0] for each in ITEMS].index(number)
            blocks.append("PART II")
            blocks += [block(f"Item {each[0]}. {each[1]}", "heading") for each in ITEMS[first : first + 2]]
        blocks += [block(f"Item {number}. {title}", "heading"), SAYING, SAYING]
    assert_items(document([*COVER, contents(), *blocks]))


def test_an_index_of_cross_references_leads_in_the_reports_own_order() -> None:
    shuffled = [*ITEMS[8:], *ITEMS[:8]]
    blocks: list[Block | str] = []
    for number, title in shuffled:
        words = f"How we see {title.split()[0].lower()}"
        blocks += [block(words, "heading", level=2, anchor=f"a{number}"), SAYING, SAYING]
    filing = document([*COVER, *blocks, "Form 10-K Cross-Reference Index", contents()])
    index = next(each for each in filing.blocks if each.table is not None)
    assert index.table is not None
    filing.links = [
        Link(f"#a{ITEMS[cell.row][0]}", cell.text, start=cell.start, end=cell.end)
        for cell in index.table.cells
        if cell.column == 1
    ]
    found = sections(filing)
    assert list(found) == [f"item_{number.lower()}" for number, _ in shuffled]
    assert filing.text[found["item_7"].start :].startswith("How we see management's")
    assert max(each.confidence for each in found.values()) < 0.6


def test_an_index_may_have_its_links_in_rows_below_an_items_own() -> None:
    blocks: list[Block | str] = []
    rows: list[list[str]] = []
    for number, title in ITEMS:
        words = f"How we see {title.split()[0].lower()}"
        blocks += [block(words, "heading", level=2, anchor=f"a{number}"), SAYING, SAYING]
        rows += [[f"Item {number}.", title, ""], ["", f"About a{number}", "Pages 3-9"]]
    filing = document([*COVER, *blocks, "Form 10-K Cross-Reference Index", table(rows)])
    index = next(each for each in filing.blocks if each.table is not None)
    assert index.table is not None
    filing.links = [
        Link(f"#a{ITEMS[cell.row // 2][0]}", cell.text, start=cell.start, end=cell.end)
        for cell in index.table.cells
        if cell.column == 2
    ]
    found = sections(filing)
    assert list(found) == [f"item_{number.lower()}" for number, _ in ITEMS]
    assert filing.text[found["item_7"].start :].startswith("How we see management's")


def test_links_of_a_pdf_lead_to_places_of_its_text() -> None:
    blocks: list[Block | str] = []
    for number, title in ITEMS:
        blocks += [block(f"Our {title.split()[0].lower()} in full, {number}", "heading"), SAYING, SAYING]
    filing = document([*COVER, contents(), *blocks])
    listing = next(each for each in filing.blocks if each.table is not None)
    assert listing.table is not None
    goals = [each.start for each in filing.blocks if " in full, " in each.text]
    filing.links = [
        Link("page:2", "", start=cell.start, end=cell.end, goal=goals[cell.row])
        for cell in listing.table.cells
        if cell.column == 1
    ]
    assert [each.start for each in sections(filing).values()] == goals


def test_of_several_titles_that_fit_a_heading_the_one_that_begins_like_it_counts() -> None:
    titles = [title for _, title in ITEMS[:-1]]
    blocks = [block(each, "heading", level=2) for title in titles for each in (title, SAYING)]
    filing = document([*COVER, *blocks, block("Exhibits", "heading", level=2), SAYING])
    assert "item_15" in sections(filing)
    assert "item_14" not in sections(filing)


def test_doubt_shows_where_only_a_title_speaks_for_a_section() -> None:
    sure = sections(annual_report())
    blocks: list[Block | str] = []
    for _, title in ITEMS:
        blocks += [block(title, "heading", level=2), SAYING, SAYING]
    doubtful = sections(document([*COVER, *blocks]))
    assert min(each.confidence for each in sure.values()) >= 0.9
    assert doubtful
    assert max(each.confidence for each in doubtful.values()) < 0.6


def test_the_last_item_ends_at_the_signatures() -> None:
    filing = document([*COVER, contents(), *body(), block("SIGNATURES", "heading", level=2), "Signed."])
    assert filing.text[sections(filing)["item_15"].end :].startswith("SIGNATURES")


def test_a_document_without_items_has_no_sections_of_a_report() -> None:
    assert sections(document(["A letter.", "With best regards."])) == {}
