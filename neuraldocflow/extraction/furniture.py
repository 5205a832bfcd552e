"""Running headers, footers and page numbers: recognised over all pages and set apart from the text."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from itertools import pairwise
from statistics import median

from neuraldocflow.extraction.model import Block, Line
from neuraldocflow.extraction.patterns import lowered, regex
from neuraldocflow.extraction.pdf.page import PageContent, Ruling, TextLine
from neuraldocflow.extraction.running_values import LABELLED, tells_values

_MARGIN = 0.11
"""The part of the page's height, at the top and at the bottom, where running lines stand."""
_CELL = 6
"""Points; what is as wide and as tall may be a table's cell."""
_STAMP = 24
"""Points; what is set aslant in so large a type is a watermark or a stamp."""
_GAP = 3.2
"""Points between the cells that a browser prints below one another."""
_DIGITS = regex(r"\d+")
_COUNTS = regex(r"[^\W\d_]|^[-–—]\s*\d+\s*[-–—]$")
"""A text whose digits may count along: one with a letter, or a page's number between dashes."""
_HEADING = regex(r"(?:item|note|part|section|article|chapter|exhibit|schedule|annex|appendix)s?\s+\d")
_YEAR = regex(r"(?:19|20)\d\d")
_ROMAN = regex(r"[ivxlc]{1,7}", re.IGNORECASE)
_PAGE_NUMBER = regex(
    r"(?:page\s*)?[-–—|(\[]*\s*(?:[A-Z]{1,2}-)?(?P<n>\d{1,4})\s*[-–—|)\]]*(?:\s*(?:of|/)\s*\d{1,4})?",
    re.IGNORECASE,
)

_Place = tuple[str, int]
"""A text and where it stands."""


def take_furniture(pages: list[PageContent]) -> list[Block]:
    """Removes running lines from the pages and gives them back as header and footer blocks."""
    taken: dict[int, set[int]] = defaultdict(set)
    for marks in (_numbers_of_lines(pages), _numbers_in_margins(pages), _numbers_in_sequence(pages)):
        for index, lines in marks.items():
            taken[index] |= lines
    for index, lines in _repeated(pages, taken).items():
        taken[index] |= lines
    _leave_values(pages, taken)
    for index, page in enumerate(pages):
        taken[index] |= {id(line) for line in page.lines if line.slanted and line.size >= _STAMP}
    _leave_headings(pages, taken)
    found: list[Block] = []
    for index, page in enumerate(pages):
        if not taken[index]:
            continue
        kept: list[TextLine] = []
        for line in page.lines:
            if id(line) in taken[index]:
                kind = "header" if line.y1 < page.height / 2 else "footer"
                found.append(
                    Block(
                        "header" if kind == "header" else "footer",
                        line.text,
                        page.number,
                        line.bbox,
                        [Line(line.text, line.bbox, line.spans)],
                        [0],
                    )
                )
            else:
                kept.append(line)
        page.lines = kept
    return found


def _leave_values(pages: list[PageContent], taken: dict[int, set[int]]) -> None:
    """Leaves running lines that tell values where they stand first: they may stand nowhere else."""
    for index, page in enumerate(pages):
        labelled = [line for line in page.lines if id(line) in taken[index] and LABELLED.search(line.text)]
        if tells_values([line.text for line in labelled]):
            taken[index] -= {id(line) for line in labelled}
            return


def _leave_headings(pages: list[PageContent], taken: dict[int, set[int]]) -> None:
    """Leaves a numbered heading where its running line stands first, if it stands nowhere else."""
    first: dict[str, tuple[int, int]] = {}
    for index, page in enumerate(pages):
        for line in page.lines if taken[index] else ():
            if id(line) in taken[index] and _HEADING.match(line.text.lower()):
                first.setdefault(line.text.lower(), (index, id(line)))
    if not first:
        return
    for index, page in enumerate(pages):
        for line in page.lines:
            if id(line) not in taken[index]:
                first.pop(line.text.lower(), None)
    for index, line_id in first.values():
        taken[index].discard(line_id)


def _margins(page: PageContent) -> list[TextLine]:
    top, bottom = page.height * _MARGIN, page.height * (1 - _MARGIN)
    return [line for line in page.lines if line.y1 <= top or line.y0 >= bottom]


def _outside_tables(page: PageContent) -> list[TextLine]:
    """The lines in a page's margins that are in no cell of a table."""
    tallest = page.height / 2  # what is taller is the page's background
    cells = [r for r in page.rulings if _CELL < r.y1 - r.y0 < tallest and r.x1 - r.x0 > _CELL]
    return [line for line in _margins(page) if not cells or not _in_a_table(line, page, cells)]


def _in_a_table(line: TextLine, page: PageContent, cells: list[Ruling]) -> bool:
    """Whether a line in a margin stands in a shaded cell, from which others go on into the page.

    So do the headers of a table that a browser prints again on each page, and what often stands below them.
    """
    below = line.y1 < page.height / 2
    at = next((r for r in cells if r.x0 <= line.x0 + 1 and line.x1 <= r.x1 + 1 and _holds(r, line)), None)
    while at is not None and (
        at.y1 <= page.height * _MARGIN if below else at.y0 >= page.height * (1 - _MARGIN)
    ):
        gaps = [(r.y0 - at.y1 if below else at.y0 - r.y1, r) for r in cells if abs(r.x0 - at.x0) < 1.5]
        at = next((r for gap, r in gaps if 0 <= gap <= _GAP), None)
    return at is not None


def _holds(box: Ruling, line: TextLine) -> bool:
    return box.y0 <= line.y0 + 1 and line.y1 <= box.y1 + 1


def _repeated(pages: list[PageContent], numbers: dict[int, set[int]]) -> dict[int, set[int]]:
    """Lines in the margins whose text, digits folded, stands at the same height on many pages.

    Many is: at least three pages and a fifth of them; odd and even pages may differ. What shares a row with
    figures that neither repeat nor are the pages' ``numbers`` is a cell of a table, and stays.
    """
    places: dict[_Place, set[int]] = defaultdict(set)
    margins = [[(line, _places(line)) for line in _outside_tables(page)] for page in pages]
    for index, lines in enumerate(margins):
        for _, stands in lines:
            for place in stands:
                places[place].add(index)
    need = max(3, len(pages) * 0.2)
    found: dict[int, set[int]] = {}
    for index, lines in enumerate(margins):
        again = {id(line) for line, stands in lines if any(len(places[place]) >= need for place in stands)}
        again -= _years_in_rows([line for line, _ in lines])
        running = again | numbers.get(index, set())
        values = [line for line, _ in lines if id(line) not in running and _DIGITS.search(line.text)]
        found[index] = {
            id(line)
            for line, _ in lines
            if id(line) in again and not any(_share_a_row(line, value) for value in values)
        }
    return found


def _share_a_row(one: TextLine, other: TextLine) -> bool:
    overlap = min(one.y1, other.y1) - max(one.y0, other.y0)
    return overlap > 0.5 * min(one.y1 - one.y0, other.y1 - other.y0)


def _places(line: TextLine) -> tuple[_Place, _Place]:
    """The folded text in two overlapping 6-point bins, so that neighbours across a bin's edge still meet."""
    folded = _folded(line.text)
    return (folded, int(line.y0 // 6) * 2), (folded, int((line.y0 + 3) // 6) * 2 + 1)


def _folded(text: str) -> str:
    """The text without what counts along with the pages, as numbers of Items, notes and the like do not.

    Bare digits are as they stand: page numbers are told by their counting, and others are values.
    """
    lower = text.lower()
    counts = _COUNTS.search(lower) and not _HEADING.match(lower)
    return _DIGITS.sub("0", lower) if counts else lower


def _numbers_in_margins(pages: list[PageContent]) -> dict[int, set[int]]:
    """Lone numbers in the margins that count along with the pages, on three of them at least."""
    offsets: Counter[int] = Counter()
    found: list[tuple[int, int, int]] = []
    for index, page in enumerate(pages):
        lines = _margins(page)
        heads = _years_in_rows(lines)
        for line in lines:
            number = _number(line.text) if id(line) not in heads else None
            if number is not None:
                offsets[number - index] += 1
                found.append((index, number - index, id(line)))
    need = min(3, len(pages))
    marks: dict[int, set[int]] = defaultdict(set)
    for index, offset, line_id in found:
        if offsets[offset] >= need and len(pages) > 1:
            marks[index].add(line_id)
    return marks


def _numbers_of_lines(pages: list[PageContent]) -> dict[int, set[int]]:
    """Numbers of lines, as pleadings have them: from 1 on, evenly down the left margin, on several pages."""
    found: dict[int, set[int]] = {}
    for index, page in enumerate(pages):
        column = [line for line in page.lines if line.x1 < 0.2 * page.width and line.text.isdecimal()]
        column.sort(key=lambda line: line.y1)
        if len(column) < 20 or [line.text for line in column] != [str(n + 1) for n in range(len(column))]:
            continue
        steps = [below.y1 - line.y1 for line, below in pairwise(column)]
        heights = [line.y1 for line in page.lines if len(line.text) > 40]
        beside = sum(any(abs(line.y1 - height) < 2.5 for height in heights) for line in column)
        if max(steps) - min(steps) < 2 and 3 * beside > len(column):
            found[index] = {id(line) for line in column}
    return found if len(found) > 1 else {}


def _years_in_rows(lines: list[TextLine]) -> set[int]:
    """Years beside one another: the heads of a table's columns, which on three pages seem to count along."""
    years = [line for line in lines if _YEAR.fullmatch(line.text)]
    return {
        id(line) for line in years if any(other is not line and _share_a_row(line, other) for other in years)
    }


def _number(text: str) -> int | None:
    if len(text) > 24:
        return None
    match = _PAGE_NUMBER.fullmatch(text)
    if match is not None:
        return int(match["n"])
    return _roman(text) if _ROMAN.fullmatch(text.strip("-–— ")) else None


def _roman(text: str) -> int:
    values = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}
    total = 0
    digits = [values[ch] for ch in lowered(text).strip("-–— ")]
    for one, following in zip(digits, [*digits[1:], 0], strict=True):
        total += -one if one < following else one
    return total


def _numbers_in_sequence(pages: list[PageContent]) -> dict[int, set[int]]:
    """Page numbers of an inner pagination, as in a document printed by a browser: anywhere on the page.

    Lone numbers on a row of their own that count up one by one through the document (a step of two is
    allowed: a page may hide its number), five at least; and the short line that stands next to most of them.
    """
    alone = [
        (index, position, number)
        for index, page in enumerate(pages)
        for position, number in _lone_numbers(page)
    ]
    chain = _longest_count(alone)
    if len(chain) < 5 or _are_steps(pages, chain):
        return {}
    marks: dict[int, set[int]] = defaultdict(set)
    neighbours: Counter[str] = Counter()
    beside: list[tuple[int, TextLine]] = []
    for index, position, _ in chain:
        lines = pages[index].lines
        marks[index].add(id(lines[position]))
        for near in (position - 1, position + 1):
            line = _line_near(pages, index, near)
            if line is not None and len(line[1].text) <= 80:
                neighbours[_folded(line[1].text)] += 1
                beside.append(line)
    for page_index, line_beside in beside:
        if neighbours[_folded(line_beside.text)] >= max(4, len(chain) * 0.3):
            marks[page_index].add(id(line_beside))
    return marks


def _are_steps(pages: list[PageContent], chain: list[tuple[int, int, int]]) -> bool:
    """Whether numbers count what is on a page: many to each, as large as its text. Small ones mark notes."""
    shown = {index for index, _, _ in chain}
    if len(chain) <= 3 * len(shown):
        return False
    of_text = [line.size for index in shown for line in pages[index].lines if len(line.text) > 20]
    least = 0.8 * median(of_text) if of_text else 0.0
    return 2 * sum(pages[index].lines[position].size > least for index, position, _ in chain) > len(chain)


def _line_near(pages: list[PageContent], index: int, position: int) -> tuple[int, TextLine] | None:
    """The line at a position of a page, or the neighbouring page's outermost one when it is past the end."""
    if position < 0:
        return (index - 1, pages[index - 1].lines[-1]) if index and pages[index - 1].lines else None
    if position >= len(pages[index].lines):
        later = index + 1
        return (later, pages[later].lines[0]) if later < len(pages) and pages[later].lines else None
    return index, pages[index].lines[position]


def _lone_numbers(page: PageContent) -> list[tuple[int, int]]:
    """(position among the page's lines, number) of the numbers that have a row to themselves."""
    found: list[tuple[int, int]] = []
    for position, line in enumerate(page.lines):
        text = line.text
        if len(text) > 4 or not text.isdecimal():
            continue
        if any(
            other is not line and other.y0 < line.y1 - 1 and other.y1 > line.y0 + 1
            for other in page.lines[max(0, position - 4) : position + 5]
        ):
            continue
        found.append((position, int(text)))
    return found


def _longest_count(alone: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """The longest subsequence that counts up by one or two."""
    best: dict[int, tuple[int, int]] = {}
    previous: list[int] = []
    end, longest = -1, 0
    for at, (_, _, number) in enumerate(alone):
        before = max((best[step] for step in (number - 1, number - 2) if step in best), default=(0, -1))
        length = before[0] + 1
        previous.append(before[1])
        if number not in best or best[number][0] <= length:
            best[number] = (length, at)
        if length > longest:
            longest, end = length, at
    chain: list[tuple[int, int, int]] = []
    while end >= 0:
        chain.append(alone[end])
        end = previous[end]
    return chain[::-1]
