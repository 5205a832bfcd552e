"""Ruled tables: from rulings to edges, from edges to cells, as small functions over plain numbers."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from dataclasses import dataclass, replace
from itertools import pairwise

from neuraldocflow.extraction.model import Box, Cell, Table
from neuraldocflow.extraction.patterns import regex
from neuraldocflow.extraction.pdf.page import PageContent, Ruling, TextLine

THIN = 2.5
"""Points; a thinner shape is a line."""
SNAP = 3.2
"""Points; edges closer than this are one, which closes the cell spacing browsers draw."""
_OPEN = 12.0
"""Points; lines across that reach further than this beyond all lines down have a column there."""
_FIGURES = regex(r"[$€£¥().,\d%\s–—−-]+")
_SIGNS = "$€£¥()% "
_MOST_EDGES = 4000
_MOST_UNITS = 20_000


@dataclass(frozen=True, slots=True)
class Edge:
    """A horizontal or vertical stretch at ``at`` from ``start`` to ``end``."""

    at: float
    start: float
    end: float


def edges_of(rulings: list[Ruling], width: float, height: float) -> tuple[list[Edge], list[Edge]]:
    """(horizontal, vertical) edges: thin shapes as they are, boxes of cell size by their sides."""
    across: list[Edge] = []
    down: list[Edge] = []
    shaded = {id(r) for r in shaded_cells(rulings)}
    for r in rulings:
        wide, tall = r.x1 - r.x0, r.y1 - r.y0
        if tall <= THIN and wide > 6:
            across.append(Edge((r.y0 + r.y1) / 2, r.x0, r.x1))
        elif wide <= THIN and tall > 4:
            down.append(Edge((r.x0 + r.x1) / 2, r.y0, r.y1))
        elif (
            (r.stroked or id(r) in shaded)
            and wide > 10
            and tall > 6
            and not (wide > 0.9 * width and tall > 0.9 * height)
        ):
            across += [Edge(r.y0, r.x0, r.x1), Edge(r.y1, r.x0, r.x1)]
            down += [Edge(r.x0, r.y0, r.y1), Edge(r.x1, r.y0, r.y1)]
    return across, down


def shaded_cells(rulings: list[Ruling]) -> list[Ruling]:
    """Filled boxes that are the cells of a table set apart by narrow gaps, as browsers print spaced cells.

    Boxes that touch are only the stripes of a statement, whose columns the text shows better. A box as wide
    as the row beside it is a cell that spans its columns.
    """
    rows: dict[tuple[float, float], list[Ruling]] = defaultdict(list)
    for r in rulings:
        if not r.stroked and r.x1 - r.x0 > 10 and 6 < r.y1 - r.y0 < 300:
            rows[round(r.y0, 1), round(r.y1, 1)].append(r)
    spaced, alone = [], []
    for row in rows.values():
        row.sort(key=lambda r: r.x0)
        gaps = [after.x0 - before.x1 for before, after in pairwise(row)]
        if gaps and all(0.5 <= gap <= SNAP for gap in gaps):
            spaced.append(row)
        elif not gaps:
            alone.append(row[0])
    spaced += _spanning(alone, spaced)
    tops, bottoms = [row[0].y0 for row in spaced], [row[0].y1 for row in spaced]
    found: list[Ruling] = []
    for row in spaced:
        above = any(0.5 <= row[0].y0 - bottom <= SNAP for bottom in bottoms)
        below = any(0.5 <= top - row[0].y1 <= SNAP for top in tops)
        if above or below:
            found.extend(row)
    return found


def _spanning(alone: list[Ruling], spaced: list[list[Ruling]]) -> list[list[Ruling]]:
    """Which of the boxes that stand alone are rows of a table: above or below one of the same width."""
    edges = {
        (round(y), round(row[0].x0), round(row[-1].x1)) for row in spaced for y in (row[0].y0, row[0].y1)
    }
    found: list[list[Ruling]] = []
    for r in sorted(alone, key=lambda r: r.y0):
        near = {(round(y) + by, round(r.x0), round(r.x1)) for y in (r.y0, r.y1) for by in range(-3, 4)}
        if edges & near:
            found.append([r])
            edges |= {(round(y), round(r.x0), round(r.x1)) for y in (r.y0, r.y1)}
    return found


def snap(values: list[float], tolerance: float = SNAP) -> list[float]:
    """Sorted positions with runs of neighbours within the tolerance replaced by their mean."""
    groups: list[list[float]] = []
    for value in sorted(values):
        if groups and value - groups[-1][-1] <= tolerance:
            groups[-1].append(value)
        else:
            groups.append([value])
    return [sum(group) / len(group) for group in groups]


def nearest(positions: list[float], value: float) -> int:
    """The index of the nearest of sorted positions, of two as near the lower."""
    index = bisect_left(positions, value)
    if index == len(positions) or (index and value - positions[index - 1] <= positions[index] - value):
        return index - 1
    return index


def merge_edges(edges: list[Edge]) -> list[Edge]:
    """Edges at one position joined where they touch; positions snapped."""
    positions = snap([edge.at for edge in edges])
    at: dict[float, list[Edge]] = defaultdict(list)
    for edge in edges:
        at[positions[nearest(positions, edge.at)]].append(edge)
    merged: list[Edge] = []
    for position in positions:
        start = end = None
        for edge in sorted(at[position], key=lambda one: one.start):
            if start is not None and end is not None and edge.start <= end + SNAP:
                end = max(end, edge.end)
            else:
                if start is not None and end is not None:
                    merged.append(Edge(position, start, end))
                start, end = edge.start, edge.end
        if start is not None and end is not None:
            merged.append(Edge(position, start, end))
    return merged


def clusters(across: list[Edge], down: list[Edge]) -> list[tuple[list[Edge], list[Edge]]]:
    """Groups of edges that cross or touch one another: one for each table."""
    parent = list(range(len(across) + len(down)))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    ordered = sorted(enumerate(down, len(across)), key=lambda one: one[1].at)
    places = [v.at for _, v in ordered]
    for i, h in enumerate(across):
        for j, v in ordered[bisect_left(places, h.start - SNAP) : bisect_right(places, h.end + SNAP)]:
            if v.start - SNAP <= h.at <= v.end + SNAP and root(i) != root(j):
                parent[root(j)] = root(i)
    grouped: dict[int, tuple[list[Edge], list[Edge]]] = defaultdict(lambda: ([], []))
    for index in range(len(parent)):
        kind = 0 if index < len(across) else 1
        grouped[root(index)][kind].append(across[index] if kind == 0 else down[index - len(across)])
    return [group for group in grouped.values() if len(group[0]) >= 2 and len(group[1]) >= 2]


def cells_of(across: list[Edge], down: list[Edge]) -> tuple[list[float], list[float], list[Cell]]:
    """(xs, ys, cells without text): the grid's units joined wherever no edge stands between two."""
    xs, ys = snap([edge.at for edge in down]), snap([edge.at for edge in across])
    columns, rows = len(xs) - 1, len(ys) - 1
    if columns < 1 or rows < 1 or columns * rows > _MOST_UNITS:
        return xs, ys, []
    lying: dict[int, list[Edge]] = defaultdict(list)
    standing: dict[int, list[Edge]] = defaultdict(list)
    for edge in across:
        lying[nearest(ys, edge.at)].append(edge)
    for edge in down:
        standing[nearest(xs, edge.at)].append(edge)

    def walled(edges: list[Edge], start: float, end: float) -> bool:
        middle = (start + end) / 2
        return any(edge.start <= middle <= edge.end for edge in edges)

    owner: dict[tuple[int, int], tuple[int, int]] = {}
    cells: list[Cell] = []
    for row in range(rows):
        for column in range(columns):
            if (row, column) in owner:
                continue
            right = column
            while (
                right + 1 < columns
                and (row, right + 1) not in owner
                and not walled(standing[right + 1], ys[row], ys[row + 1])
            ):
                right += 1
            below = row
            while below + 1 < rows and not any(
                walled(lying[below + 1], xs[c], xs[c + 1]) or (below + 1, c) in owner
                for c in range(column, right + 1)
            ):
                below += 1
            for r in range(row, below + 1):
                for c in range(column, right + 1):
                    owner[r, c] = (row, column)
            box: Box = (xs[column], ys[row], xs[right + 1], ys[below + 1])
            cells.append(Cell(row, column, "", below - row + 1, right - column + 1, bbox=box))
    return xs, ys, cells


def ruled_tables(page: PageContent) -> list[tuple[Table, list[TextLine]]]:
    """The tables that rulings draw, each with the lines its cells took."""
    across, down = edges_of(page.rulings, page.width, page.height)
    if len(across) < 2 or len(down) < 2 or len(across) + len(down) > _MOST_EDGES:
        return []
    found: list[tuple[Table, list[TextLine]]] = []
    for lying, standing in clusters(merge_edges(across), merge_edges(down)):
        made = grids(page, lying, standing)
        if made and (sides := _open_sides(lying, standing)):
            made = grids(page, lying, [*standing, *sides]) or made
        found.extend(made)
    return found


def grids(page: PageContent, across: list[Edge], down: list[Edge]) -> list[tuple[Table, list[TextLine]]]:
    """The tables of edges that cross or touch, filled."""
    xs, ys, cells = cells_of(across, down)
    found: list[tuple[Table, list[TextLine]]] = []
    for first, last in stacked_grids(cells, len(ys) - 1):
        part = [replace(c, row=c.row - first) for c in cells if first <= c.row < last]
        made = _filled(page, xs, ys[first : last + 1], part)
        if made is not None:
            found.append(made)
    return found


def _open_sides(across: list[Edge], down: list[Edge]) -> list[Edge]:
    """The sides that nobody drew: where nearly all of many lines across end, beyond the outermost line down.

    That line parts all the rows: one that is shorter bounds the shading of some cells.
    """
    if len(across) < 6:
        return []
    top, bottom = min(edge.at for edge in across), max(edge.at for edge in across)
    first, last = min(down, key=lambda edge: edge.at), max(down, key=lambda edge: edge.at)
    found: list[Edge] = []
    for ends, outermost, beyond in (
        ([edge.start for edge in across], first, -_OPEN),
        ([edge.end for edge in across], last, _OPEN),
    ):
        side = sorted(ends)[len(ends) // 2]
        alike = sum(1 for end in ends if abs(end - side) <= SNAP)
        whole = outermost.end - outermost.start > 0.9 * (bottom - top)
        if whole and 5 * alike >= 4 * len(ends) and (side - outermost.at) / beyond > 1:
            found.append(Edge(side, top, bottom))
    return found


def stacked_grids(cells: list[Cell], n_rows: int) -> list[tuple[int, int]]:
    """(first, last) rows of the grids that stand on one another: where all columns end and others begin.

    A grid has two rows at least.
    """
    starts: list[set[int]] = [set() for _ in range(n_rows)]
    joined: set[int] = set()
    for cell in cells:
        for row in range(cell.row, cell.row + cell.rowspan):
            if cell.column:
                starts[row].add(cell.column)
        joined.update(range(cell.row + 1, cell.row + cell.rowspan))
    cuts = [0]
    for row in range(2, n_rows - 1):
        above, below = starts[row - 1], starts[row]
        if above and below and not above & below and row not in joined and row - cuts[-1] >= 2:
            cuts.append(row)
    return list(pairwise([*cuts, n_rows]))


def _filled(
    page: PageContent, xs: list[float], ys: list[float], cells: list[Cell]
) -> tuple[Table, list[TextLine]] | None:
    """The grid with the page's lines in it; None where it is a frame or a form rather than a table."""
    if len(cells) < 4 or len(xs) < 3 or len(ys) < 3:
        return None
    inside: dict[int, list[TextLine]] = defaultdict(list)
    taken: list[TextLine] = []
    in_row: dict[int, list[tuple[int, Box]]] = defaultdict(list)
    for index, cell in enumerate(cells):
        if cell.bbox is not None:
            for row in range(cell.row, cell.row + cell.rowspan):
                in_row[row].append((index, cell.bbox))
    for line in page.lines:
        x, y = (line.x0 + line.x1) / 2, (line.y0 + line.y1) / 2
        if not (xs[0] - 1 <= x <= xs[-1] + 1 and ys[0] - 1 <= y <= ys[-1] + 1):
            continue
        touched = {
            index: box
            for row in range(bisect_left(ys, y - 1) - 1, bisect_right(ys, y + 1))
            for index, box in in_row.get(row, ())
            if box[0] < line.x1 - 2 and box[2] > line.x0 + 2
        }
        crossed = sorted(touched.items())
        if not crossed:
            continue
        taken.append(line)
        for (index, _), part in zip(crossed, parted(line, [box[2] for _, box in crossed[:-1]]), strict=True):
            if part is not None:
                inside[index].append(part)
    filled = [(cells[index], lines) for index, lines in sorted(inside.items())]
    if len(filled) < 4 or len({c.column for c, _ in filled}) < 2 or len({c.row for c, _ in filled}) < 2:
        return None
    if sum(len(line.text) for line in taken) > 250 * len(filled):
        return None
    stacked = sum(_stacked_figures(lines) for _, lines in filled)
    telling = sum(1 for line in taken if line.text.strip(_SIGNS))
    if 2 * stacked > telling or (stacked and all(_FIGURES.fullmatch(line.text) for line in taken)):
        # Shading around whole columns of a statement, whose rows the text shows better.
        return None
    rows = {row: at for at, row in enumerate(sorted({cell.row for cell, _ in filled}))}
    columns = {column: at for at, column in enumerate(sorted({cell.column for cell, _ in filled}))}
    made: list[Cell] = []
    for cell, lines in filled:
        cell.text = cell_text(lines)
        cell.bbox = bounds(lines)
        cell.rowspan = sum(1 for row in rows if cell.row <= row < cell.row + cell.rowspan)
        cell.colspan = sum(1 for column in columns if cell.column <= column < cell.column + cell.colspan)
        cell.row, cell.column = rows[cell.row], columns[cell.column]
        cell.header = all(line.bold for line in lines)
        made.append(cell)
    header_rows = bold_rows(made, len(rows))
    for cell in made:
        cell.header = cell.row < header_rows
    confidence = 0.7 + 0.28 * min(1.0, len(filled) / max(len(rows) * len(columns), 1))
    table = Table(
        made,
        len(rows),
        len(columns),
        page.number,
        (xs[0], ys[0], xs[-1], ys[-1]),
        header_rows,
        confidence=round(confidence, 3),
    )
    return table, taken


def bold_rows(cells: list[Cell], n_rows: int) -> int:
    """How many rows at the top are all bold; more than one where a cell of the row before spans others."""
    count = 0
    while count < n_rows - 1:
        row = [cell for cell in cells if cell.row == count]
        spanned = any(cell.row == count - 1 and cell.rowspan + cell.colspan > 2 for cell in cells)
        if not all(cell.header for cell in row) or (len(row) < 2 if count == 0 else not spanned):
            break
        count += 1
    return count


def _stacked_figures(lines: list[TextLine]) -> int:
    """How many figures a cell holds below one another, where it holds nothing but several rows of figures."""
    if len(lines) < 2 or not all(_FIGURES.fullmatch(line.text) for line in lines):
        return 0
    figures = [line for line in lines if line.text.strip(_SIGNS)]
    rows = sum(1 for above, below in pairwise(figures) if below.y0 - above.y0 > 0.7 * above.size)
    return rows + 1 if rows else 0


def parted(line: TextLine, edges: list[float]) -> list[TextLine | None]:
    """The line's parts left and right of each edge, cut at the spaces nearest; None for a part without words.

    MuPDF makes one line of cells that stand close together. Places of words are estimated by their share of
    the line's characters, which is exact enough to tell words apart.
    """
    if not edges:
        return [line]
    words = line.text.split(" ")
    step = (line.x1 - line.x0) / max(len(line.text), 1)
    groups: list[list[tuple[float, float, str]]] = [[] for _ in range(len(edges) + 1)]
    x = line.x0
    for word in words:
        end = x + len(word) * step
        groups[sum(1 for edge in edges if (x + end) / 2 > edge)].append((x, end, word))
        x = end + step
    bounds_of = [line.x0, *edges, line.x1]
    parts: list[TextLine | None] = []
    for at, group in enumerate(groups):
        if not group:
            parts.append(None)
            continue
        left = line.x0 if at == 0 else max(group[0][0], bounds_of[at])
        right = line.x1 if at == len(edges) else max(left, min(group[-1][1], bounds_of[at + 1]))
        text = " ".join(word for _, _, word in group)
        parts.append(
            TextLine(left, line.y0, right, line.y1, text, line.spans, line.size, line.bold, line.block)
        )
    return parts


def cell_text(lines: list[TextLine]) -> str:
    """The lines of a cell as one text; nothing is put behind a hyphen at a line's end."""
    text = ""
    for line in lines:
        broken = len(text) > 1 and text[-1] == "-" and text[-2].isalnum()
        text += line.text if not text or broken else f" {line.text}"
    return text


def bounds(lines: list[TextLine]) -> Box:
    """The box around some lines; ``lines`` is not empty."""
    return (
        min(line.x0 for line in lines),
        min(line.y0 for line in lines),
        max(line.x1 for line in lines),
        max(line.y1 for line in lines),
    )
