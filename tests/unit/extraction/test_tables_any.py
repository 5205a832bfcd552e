"""Whatever stands on a page, or between PRE tags: tables are whole, apart, and nothing is lost by them."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from neuraldocflow.extraction.html.reader import read
from neuraldocflow.extraction.html.typed import typed_tables
from neuraldocflow.extraction.model import Table
from neuraldocflow.extraction.pdf.page import PageContent, Ruling, TextLine
from neuraldocflow.extraction.pdf.tables import find_tables

_WORDS = (
    "Item",
    "Amount due",
    "1,204",
    "$ 12.50",
    "(3)",
    "—",
    "4",
    "By: x",
    "10.2*",
    "a long text that goes on",
    "%",
    "2031",
)


@st.composite
def pages(draw: st.DrawFn) -> PageContent:
    lines: list[TextLine] = []
    pitch = draw(st.sampled_from((12, 14, 20)))
    words = draw(st.sampled_from((_WORDS, ("Item", "Amount due", "a long text that goes on", "Bo"))))
    shifts = draw(st.sampled_from(((0,), (0, 0, 0, 7, 40))))
    for row in range(draw(st.integers(1, 12))):
        size, bold = draw(
            st.sampled_from(((10.0, False), (10.0, False), (10.0, True), (7.0, False), (14.0, True)))
        )
        for column in draw(st.lists(st.integers(0, 4), max_size=5, unique=True)):
            text = draw(st.sampled_from(words))
            x0 = 40 + 110 * column + draw(st.sampled_from(shifts))
            y0 = 60 + pitch * row
            lines.append(TextLine(x0, y0, x0 + 5 * len(text), y0 + size, text, [], size, bold, row))
    rules = [
        Ruling(40.0, y, x1, y + 0.7, 0, False)
        for y, x1 in draw(st.lists(st.tuples(_HEIGHTS, _ENDS), max_size=6))
    ]
    return PageContent(1, 612, 792, lines=lines, rulings=rules)


_HEIGHTS, _ENDS = st.sampled_from((72.0, 86.0, 100.0, 180.0)), st.sampled_from((150.0, 400.0, 560.0))


def whole(table: Table) -> bool:
    places = [(cell.row, cell.column) for cell in table.cells]
    inside = all(0 <= row < table.n_rows and 0 <= column < table.n_columns for row, column in places)
    return inside and len(set(places)) == len(places) and table.header_rows <= table.n_rows


@given(pages())
def test_tables_of_any_page_are_whole_and_no_line_is_in_two(page: PageContent) -> None:
    found = find_tables(page)
    taken = [id(line) for _, lines in found for line in lines]
    assert len(taken) == len(set(taken))
    assert all(whole(table) for table, _ in found)
    for table, lines in found:
        words = sorted(re.findall(r"\w+", " ".join(cell.text for cell in table.cells)))
        assert words == sorted(re.findall(r"\w+", " ".join(line.text for line in lines)))


_LINES = st.lists(
    st.lists(st.tuples(st.sampled_from((*_WORDS, "", "-----")), st.integers(1, 12)), max_size=5).map(
        lambda parts: "".join(text + " " * gap for text, gap in parts)
    ),
    max_size=30,
)


@given(_LINES)
def test_tables_of_any_preformatted_text_are_apart_and_all_words_are_kept(lines: list[str]) -> None:
    end = 0
    for first, last, table in typed_tables(lines):
        assert end <= first < last <= len(lines)
        assert whole(table)
        end = last
    document = read(("<pre>" + "\n".join(lines) + "</pre>").encode())
    assert sorted(re.findall(r"\w+", document.text)) == sorted(re.findall(r"\w+", " ".join(lines)))


def test_long_preformatted_text_is_looked_at_page_by_page() -> None:
    lines = [
        f"Row {number}               1,204      {number}" if number % 40 else "" for number in range(1000)
    ]
    found = typed_tables(lines)
    assert sum(table.n_rows for _, _, table in found) == sum(map(bool, lines))
    assert {first for first, _, _ in found} >= {1, 281}
