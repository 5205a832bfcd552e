"""Links within a PDF: where they stand in the text and where they lead, as a browser prints them."""

from __future__ import annotations

from neuraldocflow.extraction.model import Block, Document, Line, Link, Page
from neuraldocflow.extraction.pdf.jumps import Jump, place_jumps

TITLES = [f"{letter * 3} matters of note" for letter in "ABCDEFGH"]
SHRUNK, MARGIN = 0.9, 28.0


def line(text: str, page: int, top: float) -> Block:
    box = (72.0, top, 300.0, top + 12)
    return Block("paragraph", text, page, box, [Line(text, box, [])], [0])


def report(headings: list[str]) -> tuple[Document, list[Jump]]:
    """A list of titles with links, and what they lead to: two headings a page, each with a text below it."""
    blocks = [line(title, 1, 100 + 20 * at) for at, title in enumerate(TITLES)]
    jumps: list[Jump] = []
    for at, heading in enumerate(headings):
        page, top = 2 + at // 2, 150 + 300 * (at % 2) + 7 * at
        blocks += [line(heading, page, top), line(f"What there is to say of it, {at}.", page, top + 20)]
        # the print is smaller than what the destination is reckoned by, and has a margin
        said = (top - MARGIN) / SHRUNK
        box = (72.0, 100 + 20 * at, 300.0, 112 + 20 * at)
        jumps.append(Jump(Link(f"page:{page}", "", 1), box, page, said))
    made = Document("pdf", blocks, [Page(number, 612, 792) for number in range(1, 7)]).finish()
    return made, jumps


def led(made: Document, jumps: list[Jump]) -> list[tuple[str, str]]:
    """The words of each link, and the line it leads to."""
    place_jumps(made, jumps)
    links = [jump.link for jump in jumps]
    return [
        (made.text[link.start : link.end], made.text[link.goal :].split("\n")[0] if link.goal >= 0 else "")
        for link in links
    ]


def test_links_lead_to_their_headings_whatever_the_prints_scale() -> None:
    assert led(*report(TITLES)) == [(title, title) for title in TITLES]


def test_where_some_headings_read_like_their_links_the_others_are_found_too() -> None:
    headings = [*TITLES[:6], "How we fared", "A word to end"]
    assert led(*report(headings))[6:] == [(TITLES[6], "How we fared"), (TITLES[7], "A word to end")]


def test_a_mark_at_a_pages_end_leads_to_the_next_page() -> None:
    made, jumps = report(TITLES)
    jumps[1].top = 800.0
    assert led(made, jumps)[1] == (TITLES[1], TITLES[2])


def test_links_lead_nowhere_where_no_heading_tells_the_scale() -> None:
    headings = [f"How we fared, {number}" for number in range(8)]
    assert {goal for _, goal in led(*report(headings))} == {""}


def test_a_link_to_a_pages_top_leads_there_whatever_the_scale() -> None:
    made, jumps = report([f"How we fared, {number}" for number in range(8)])
    for jump in jumps[::2]:
        jump.top = 0.0
    assert [goal for _, goal in led(made, jumps)][:4] == ["How we fared, 0", "", "How we fared, 2", ""]


def test_a_document_without_links_is_left_as_it_is() -> None:
    made, _ = report(TITLES)
    place_jumps(made, [])
    assert made.links == []
