"""Tables whose rows are ruled and whose columns are not: the rules across are cut where cells meet.

So browsers and Word draw cells with a border above or below only. Such a cell may have any number of lines,
which the text alone would not tell from rows.
"""

from __future__ import annotations

from bisect import bisect
from collections import Counter, defaultdict
from itertools import pairwise

from neuraldocflow.extraction.model import Table
from neuraldocflow.extraction.pdf.page import PageContent, TextLine
from neuraldocflow.extraction.pdf.rows import NUMBER, several_rows
from neuraldocflow.extraction.pdf.rulings import SNAP, THIN, Edge, grids, nearest, snap

Levels = list[tuple[float, list[Edge]]]
"""Heights with the pieces of the rules there."""

_LEAST = 4
"""Rules from which on they are rows."""
_WHOLE = 0.8
"""Share of the width that each rule covers at least."""
_MOST = 0.6
"""Share of the rules that are cut where columns meet."""
_MOST_RULES, _MOST_LINES, _MOST_CUTS = 4000, 2000, 40


def laddered_tables(page: PageContent) -> list[tuple[Table, list[TextLine]]]:
    """The tables between such rules, each with the lines its cells took."""
    rules = [
        Edge((r.y0 + r.y1) / 2, r.x0, r.x1) for r in page.rulings if r.y1 - r.y0 <= THIN and r.x1 - r.x0 > 3
    ]
    found: list[tuple[Table, list[TextLine]]] = []
    if len(rules) > _MOST_RULES or len(page.lines) > _MOST_LINES:
        return found
    for whole in _ladders(rules):
        ladder, rows = _with_text(whole, page.lines)
        xs = _columns(ladder, rows) if len(ladder) >= _LEAST else []
        if len(xs) > 2:
            ruled = [y for y, _ in ladder]
            ys = [*_above(ruled, xs, page.lines), *ruled]
            across = [Edge(y, xs[0], xs[-1]) for y in ys]
            found += grids(page, across, [Edge(x, ys[0], ys[-1]) for x in xs])
    return found


def _with_text(ladder: Levels, lines: list[TextLine]) -> tuple[Levels, list[list[TextLine]]]:
    """The rules, and the lines of text between each two of them.

    Without a first or last stretch that has figures one below another: it is what stands above or below the
    table up to another rule of its width.
    """
    ys = [y for y, _ in ladder]
    rows: list[list[TextLine]] = [[] for _ in ys[1:]]
    for line in lines:
        row = bisect(ys, (line.y0 + line.y1) / 2) - 1
        if 0 <= row < len(rows):
            rows[row].append(line)
    if several_rows(rows[-1]):
        ladder, rows = ladder[:-1], rows[:-1]
    if rows and several_rows(rows[0]):
        ladder, rows = ladder[1:], rows[1:]
    return ladder, rows


def _ladders(rules: list[Edge]) -> list[Levels]:
    """Runs of rules below one another that begin and end at the same places, each of them nearly whole."""
    ys = snap([rule.at for rule in rules], 1.0)
    at: dict[int, list[Edge]] = defaultdict(list)
    for rule in rules:
        at[nearest(ys, rule.at)].append(rule)
    runs: list[Levels] = []
    before: tuple[float, float] | None = None
    for number, y in enumerate(ys):
        pieces = at[number]
        start, end = min(each.start for each in pieces), max(each.end for each in pieces)
        if before is None or abs(start - before[0]) > SNAP or abs(end - before[1]) > SNAP:
            runs.append([])
            before = (start, end)
        runs[-1].append((y, pieces))
    return [run for run in runs if len(run) >= _LEAST and all(_is_whole(pieces) for _, pieces in run)]


def _is_whole(pieces: list[Edge]) -> bool:
    width = max(each.end for each in pieces) - min(each.start for each in pieces)
    return sum(each.end - each.start for each in pieces) >= _WHOLE * width


def _columns(ladder: Levels, rows: list[list[TextLine]]) -> list[float]:
    """The sides of the columns: where most rules are cut and no text stands; [] where it is no such table."""
    left, right = min(each.start for each in ladder[0][1]), max(each.end for each in ladder[0][1])
    inside = [[line for line in row if line.x1 > left + 2 and line.x0 < right - 2] for row in rows]
    if 2 * sum(map(_goes_on_beside, rows, inside)) > sum(map(bool, inside)) or any(map(several_rows, inside)):
        return []  # such as the totals of a statement, between which there are lines without rules
    rows, lines = inside, [line for row in inside for line in row]
    ends = [{x for each in pieces for x in (each.start, each.end)} for _, pieces in ladder]
    places = snap([x for each in ends for x in each if left + SNAP < x < right - SNAP], 1.0)
    counts = Counter(place for each in ends for place in {nearest(places, x) for x in each if places})
    cuts = sorted(places[place] for place, count in counts.items() if count >= _MOST * len(ladder))
    sides = [left]
    for x in cuts if len(cuts) <= _MOST_CUTS else ():
        before = any(sides[-1] <= (line.x0 + line.x1) / 2 < x for line in lines)
        after = any((line.x0 + line.x1) / 2 > x for line in lines)
        crossing = [line for line in lines if line.x0 < x - 1 and line.x1 > x + 1]
        if before and after and 3 * len(crossing) <= len(rows) and all(_is_gap(line, x) for line in crossing):
            sides.append(x)
    sides.append(right)
    figures = [[line for line in row if NUMBER.fullmatch(line.text)] for row in rows]
    cells = [{bisect(sides, (line.x0 + line.x1) / 2) for line in row} for row in figures]
    one_each = all(len(row) == len(found) for row, found in zip(figures, cells, strict=True))
    # what is figures for the most part is shown better by them
    return sides if one_each and 2 * sum(map(len, figures)) < len(lines) else []


def _goes_on_beside(row: list[TextLine], inside: list[TextLine]) -> bool:
    """Whether a row has words beside the rules, on a line with those between them."""
    beside = [line for line in row if line not in inside]
    return any(
        abs(one.y0 + one.y1 - line.y0 - line.y1) < 0.6 * line.size for one in beside for line in inside
    )


def _is_gap(line: TextLine, x: float) -> bool:
    """Whether a line has a space about there: MuPDF makes one of cells that stand close together."""
    step = (line.x1 - line.x0) / len(line.text)
    at = int((x - line.x0) / step)
    return " " in line.text[max(at - 1, 0) : at + 2]


def _above(ys: list[float], xs: list[float], lines: list[TextLine]) -> list[float]:
    """The top of a first row that has a rule below it only, as each cell has; it is no higher than others."""
    top = ys[0] - min(below - above for above, below in pairwise(ys))
    first = [
        line
        for line in lines
        if top < (line.y0 + line.y1) / 2 < ys[0] and line.x1 > xs[0] and line.x0 < xs[-1]
    ]
    cells = {bisect(xs, (line.x0 + line.x1) / 2) for line in first}
    beside = any(line.x0 < xs[0] - 2 or line.x1 > xs[-1] + 2 or line.y0 < top - 2 for line in first)
    crossing = any(line.x0 < x - 1 and line.x1 > x + 1 for line in first for x in xs[1:-1])
    return [top] if len(cells) > 1 and len(cells) == len(first) and not beside and not crossing else []
