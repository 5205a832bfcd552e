"""Tables of a page: ruled ones by their rulings, unruled ones by columns of numbers that line up.

Works on the lines already read; a page without rulings that cross and without rows of several pieces costs
next to nothing.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections import Counter, defaultdict
from itertools import compress, pairwise

from neuraldocflow.extraction import units
from neuraldocflow.extraction.model import Block, Box, Cell, Table
from neuraldocflow.extraction.patterns import regex
from neuraldocflow.extraction.pdf.columns import columns_apart, columns_of, only_dashes
from neuraldocflow.extraction.pdf.exhibits import exhibit_lists
from neuraldocflow.extraction.pdf.headed import headed_tables
from neuraldocflow.extraction.pdf.ladders import laddered_tables
from neuraldocflow.extraction.pdf.page import PageContent, TextLine
from neuraldocflow.extraction.pdf.rows import Piece, gaps_between_boxes, is_bold, pieced
from neuraldocflow.extraction.pdf.rulings import bounds, ruled_tables
from neuraldocflow.extraction.pdf.stacks import joined_cells, parts_of

_YEAR = regex(r"(?:19|20)\d\d")
_TYPED_RULE = regex(r"(?:- )?[-=]{3,}(?: +[-=]{3,})*")
_SCALE_HINT = regex(
    r"thousand|milli|billion|[$€]|dollar|euro|USD|EUR|GBP|TCHF|tausend|tsd|mio|mrd", re.IGNORECASE
)

_ALIGNED = 4
"""Labels from which on those that begin at one place are a column."""
_MOST_EDGES = 8
_MOST_PIECES = 100
"""Of a row: no table is as wide, and pieces of rows are compared with one another."""
_COLUMN = 6
"""Lines from which on what they fill is a column of running text."""
_LARGER = 1.1
"""How much larger the type of a heading is than that of the rows below it."""
_MUCH_LARGER = 1.3
_BULLETS = frozenset("•●▪■◦‣·")


def find_tables(page: PageContent) -> list[tuple[Table, list[TextLine]]]:
    """The page's tables from top to bottom, each with the lines it consists of. No line is in two tables."""
    found = ruled_tables(page) if len(page.rulings) >= 4 else []
    used = {id(line) for _, lines in found for line in lines}
    for table, lines in laddered_tables(page):
        if used.isdisjoint(map(id, lines)):
            found.append((table, lines))
            used.update(map(id, lines))
    free = [line for line in page.lines if id(line) not in used and line.upright]
    rows = pieced(page, free) if _many_in_rows(free, up=True) else None
    if rows and (made := headed_tables(page, rows)):
        found += made
        free, rows = _without(free, made), None
    if made := exhibit_lists(page, free):
        found += made
        free, rows = _without(free, made), None
    if _many_in_rows(free):
        found += unruled_tables(page, free, rows)
    found.sort(key=lambda entry: entry[0].bbox[1] if entry[0].bbox else 0.0)
    return found


def _without(lines: list[TextLine], tables: list[tuple[Table, list[TextLine]]]) -> list[TextLine]:
    used = {id(line) for _, taken in tables for line in taken}
    return [line for line in lines if id(line) not in used]


def _many_in_rows(lines: list[TextLine], *, up: bool = False) -> bool:
    """Whether two rows at least have several pieces: read in stream order, which keeps a row together, or
    goes ``up`` again to the next of some columns."""
    return sum(_beside(before, line, up) for before, line in pairwise(lines)) >= 2


def _beside(before: TextLine, line: TextLine, up: bool) -> bool:
    higher = before.y1 - line.y1
    if line.x0 > before.x1 and abs(higher) < line.size * 0.5:
        return True
    return up and line.x0 > before.x0 and higher > line.size * 0.5


def unruled_tables(
    page: PageContent, lines: list[TextLine], rows: list[list[Piece]] | None = None
) -> list[tuple[Table, list[TextLine]]]:
    """Tables among lines no other table has taken; ``rows`` are these lines' where they are known."""
    kept = _without_prose(lines, page.width)
    if rows is None or kept is not lines:
        rows = pieced(page, kept)
    rules: list[TextLine] = []
    if any(_TYPED_RULE.fullmatch(row[0].text) for row in rows):
        ruled = [all(_TYPED_RULE.fullmatch(piece.text) for piece in row) for row in rows]
        rules = [line for row in compress(rows, ruled) for piece in row for line in piece.lines]
        rows = [row for row, is_rule in zip(rows, ruled, strict=True) if not is_rule]
    found: list[tuple[Table, list[TextLine]]] = []
    for first, last in _regions(rows, gaps_between_boxes(page.rulings)):
        for part in parts_of(joined_cells(rows[first:last]), columns_of):
            made = _table(page, part)
            if made is not None:
                top, bottom = min(line.y0 for line in made[1]), max(line.y1 for line in made[1])
                made[1].extend(line for line in rules if top < line.y0 < bottom)
                found.append(made)
    return found


def _without_prose(lines: list[TextLine], width: float) -> list[TextLine]:
    """The lines without the running text of a page of two columns, which would share rows with a table.

    Such text is justified: both columns are about as wide, and many lines of each fill theirs.
    """
    full = [line for line in lines if len(line.text) > 25 and line.x1 - line.x0 > width / 3]
    counts = Counter((round(line.x0), round(line.x1)) for line in full)
    columns = [edges for edges, count in counts.most_common(4) if count >= _COLUMN]
    if not any(
        left[1] < right[0] and abs(left[1] - left[0] - right[1] + right[0]) < 0.1 * (left[1] - left[0])
        for left in columns
        for right in columns
    ):
        return lines
    filling = Counter(
        line.block for line in full if any(abs(line.x0 - x0) + abs(line.x1 - x1) < 3 for x0, x1 in columns)
    )
    sizes = Counter(line.block for line in lines)
    return [line for line in lines if 2 * filling[line.block] < sizes[line.block]]


def _regions(rows: list[list[Piece]], gaps: list[float]) -> list[tuple[int, int]]:
    """(first, last) of runs of rows that make a table: numbers in columns, labels alone allowed between.

    None goes over a gap between two boxes; ``gaps`` are their heights.
    """
    tabular = [_tabular(row) for row in rows]
    found: list[tuple[int, int]] = []
    index = 0
    while index < len(rows):
        if not tabular[index]:
            index += 1
            continue
        end, quiet, scan = index + 1, 0, index + 1
        while scan < len(rows) and quiet <= 3:
            if _far_apart(rows[scan - 1], rows[scan]) or _opens_another(rows, scan):
                break
            if gaps and bisect(gaps, _middle(rows[scan - 1])) < bisect(gaps, _middle(rows[scan])):
                break
            if tabular[scan]:
                end, quiet = scan + 1, 0
            elif len(rows[scan]) == 1 and len(rows[scan][0].text) > 110:
                break
            else:
                quiet += 1
            scan += 1
        last = rows[end - 1]
        while end < len(rows) and rows[end][0].x0 > last[0].x0 + 20 and _all_go_on(rows[end - 1], rows[end]):
            end += 1
        beside = rows[end - 2 : end + 1]
        if end - index > 1 and len(beside) == 3 and len(beside[0]) == len(beside[2]) == 1:
            end += _goes_on(beside[0][0], beside[2][0])  # figures that stand beside the middle of a label
        if sum(tabular[index:end]) >= 2:
            found.append((_with_header(rows, index, found[-1][1] if found else 0), end))
        index = end
    return found


def _tabular(row: list[Piece]) -> bool:
    """Whether the row has a label and numbers, several numbers, or three short pieces."""
    row = [piece for piece in row if piece.text not in _BULLETS]
    if not 2 <= len(row) <= _MOST_PIECES:
        return False
    numbers = sum(1 for piece in row if piece.numeric)
    figures = numbers >= 2 and all(piece.numeric for piece in row[1:])
    if not figures and all(right.x0 - left.x1 < 1.2 * left.lines[0].size for left, right in pairwise(row)):
        # Prose in which a number was set apart.
        return False
    if len(row) == 2 and numbers == 1:
        return row[1].numeric and not row[0].numeric and len(row[0].text) > 1
    return numbers >= 2 or (len(row) >= 3 and all(len(piece.text) <= 60 for piece in row))


def _far_apart(above: list[Piece], below: list[Piece]) -> bool:
    bottom = max(line.y1 for piece in above for line in piece.lines)
    top = min(line.y0 for piece in below for line in piece.lines)
    return top - bottom > 3.0 * below[0].lines[0].size


def _middle(row: list[Piece]) -> float:
    return (row[0].lines[0].y0 + row[0].lines[0].y1) / 2


def _opens_another(rows: list[list[Piece]], number: int) -> bool:
    """Whether a row is a heading between two tables: words alone, in larger type than the heads below them.

    Headings inside a table, such as "Assets", may be somewhat larger too, but have no heads of their own.
    """
    row = rows[number]
    below = rows[number + 1] if number + 1 < len(rows) else []
    if len(row) != 1 or row[0].numeric or len(below) < 2:
        return False
    heads = not any(piece.numeric for piece in below)
    return _size(row) > (_LARGER if heads else _MUCH_LARGER) * _size(below)


def _size(row: list[Piece]) -> float:
    return max(line.size for piece in row for line in piece.lines)


def _with_header(rows: list[list[Piece]], first: int, floor: int) -> int:
    """Goes up over the rows that stand above the numbers' columns only: the column heads."""
    numeric = [piece for piece in rows[first] if piece.numeric]
    edge = min((piece.x0 for piece in (numeric or rows[first][1:])), default=0.0)
    start = first
    for index in range(first - 1, max(floor, first - 6) - 1, -1):
        row = rows[index]
        if _far_apart(row, rows[index + 1]) or (len(row) == 1 and len(row[0].text) > 70):
            break
        if _opens_another(rows, index):
            break
        if any(len(piece.text) > 70 or ": " in piece.text for piece in row):
            break
        if not numeric and not _over_one_each(row, rows[first : first + 2]):
            break
        if len(row) == 1 and row[0].x0 < edge - 60:
            # A heading inside the table, such as "Assets", if column heads stand above it; else its title.
            continue
        if not any(piece.x1 > edge - 2 for piece in row):
            break
        start = index
    return start


def _over_one_each(heads: list[Piece], rows: list[list[Piece]]) -> bool:
    """Whether each of some words stands over just one piece, as the heads of columns do: of the first of some
    rows, or where it has none there of the next, as one of two lines beside heads of one does."""

    def under(head: Piece) -> int:
        counts = (sum(head.x1 > piece.x0 and head.x0 < piece.x1 for piece in row) for row in rows)
        return next(filter(None, counts), 0)

    return all(under(head) == 1 for head in heads)


def _table(page: PageContent, rows: list[list[Piece]]) -> tuple[Table, list[TextLine]] | None:
    columns = columns_apart(rows)
    if not columns or len(columns) > 40:
        return None
    rows = _joined_words(_joined_labels(_joined_heads(rows), columns[0][0]))
    left = min(row[0].x0 for row in rows)
    has_labels = any(p.x1 <= columns[0][0] + 2 and not p.numeric for row in rows for p in row[:2])
    edges = _label_edges(rows, columns[0][0]) if has_labels else []
    offset = 1 + len(edges) if has_labels else 0
    cells: list[Cell] = []
    taken: list[TextLine] = []
    agreeing = numbers = 0
    for number, row in enumerate(rows):
        at: dict[int, list[Piece]] = defaultdict(list)
        for piece in row:
            covered = [i for i, (x0, x1) in enumerate(columns) if piece.x1 > x0 and piece.start < x1]
            if piece.numeric:
                numbers += 1
                agreeing += len(covered) == 1
            if (
                piece.start < columns[0][0] - 2
                and has_labels
                and not (covered and piece.x0 > left + 40 and (not at or _heads(piece, row, columns[0])))
            ):
                at[bisect(edges, piece.x0 + 2)].append(piece)
            elif covered:
                ends = {abs(columns[i][1] - piece.x1): i for i in reversed(covered)}
                at[(ends[min(ends)] if piece.numeric else covered[0]) + offset].append(piece)
            else:
                middle = (piece.x0 + piece.x1) / 2
                nearest = min(range(len(columns)), key=lambda i: abs(sum(columns[i]) / 2 - middle))
                at[nearest + offset].append(piece)
        for column, pieces in sorted(at.items()):
            lines = [line for piece in pieces for line in piece.lines]
            taken.extend(lines)
            span = 1
            if len(pieces) == 1 and column >= offset and not pieces[0].numeric:
                span = max(1, sum(1 for x0, x1 in columns if pieces[0].x1 > x0 and pieces[0].x0 < x1))
            text = " ".join(piece.text for piece in pieces)
            cells.append(Cell(number, column, text, 1, span, bbox=bounds(lines)))
    header_rows = _header_rows(rows)
    for cell in cells:
        cell.header = cell.row < header_rows
    if not cells or len(rows) < 2 or (numbers == 0 and len(rows) < 3):
        return None
    if numbers < 0.15 * len(taken) and sum(len(line.text) for line in taken) > 30 * len(taken):
        # Prose in columns.
        return None
    share = agreeing / numbers if numbers else 0.5
    confidence = round(0.35 + 0.5 * share + min(len(rows), 10) * 0.01, 3)
    table = Table(
        cells,
        len(rows),
        len(columns) + offset,
        page.number,
        bounds(taken),
        header_rows,
        confidence=confidence,
    )
    return table, taken


def _heads(piece: Piece, row: list[Piece], column: tuple[float, float]) -> bool:
    """Whether words that begin before the first column of figures are over it, or end with it, far from any
    before."""
    before = row[row.index(piece) - 1]
    inside = min(piece.x1, column[1]) - max(piece.x0, column[0])
    over = 2 * inside > piece.x1 - piece.x0 or abs(piece.x1 - column[1]) < 1
    over = over or (inside > 0 and not any(each.numeric for each in row))
    return over and piece.x0 - before.x1 > 2 * piece.lines[0].size


def _label_edges(rows: list[list[Piece]], edge: float) -> list[float]:
    """Where further columns of labels begin before the figures: titles behind numbers, as in contents, and
    what stands below a head of its own in most rows, as where a bill has one item."""
    second = [
        piece.x0
        for row in rows
        for left, piece in pairwise(row)
        if piece.x0 < edge - 2 and not piece.numeric and piece.x0 - left.x1 > 0.5 * piece.lines[0].size
    ]
    labelled = sum(row[0].x0 < edge - 2 for row in rows)
    counts = Counter(map(round, second))
    alone = Counter(round(row[0].x0) for row in rows)
    least = max(_ALIGNED, 0.3 * labelled)
    own = set() if any(piece.numeric for piece in rows[0]) else {round(piece.x0) for piece in rows[0][1:]}
    enough = max(2, 1 + sum(len(row) > 2 and row[-1].numeric for row in rows) / 2)
    found = [
        x
        for x, count in counts.items()
        if (count >= _ALIGNED and count + alone[x] >= least) or (x in own and count >= enough)
    ]
    if len(found) > _MOST_EDGES:
        return []
    return sorted(
        x for x in found if 3 * sum(p.x0 < x - 2 and p.x1 > x + 2 for row in rows for p in row) < counts[x]
    )


def _joined_heads(rows: list[list[Piece]]) -> list[list[Piece]]:
    """Column heads of several lines made one piece: where each stands over just one of the row below."""
    first = _header_rows(rows)
    joined: list[list[Piece]] = rows[:1]
    for number in range(1, len(rows)):
        row, above = rows[number], joined[-1]
        if number < first and not any(piece.numeric for piece in above):
            over = [[p for p in above if p.x1 > q.x0 and p.x0 < q.x1] for q in row]
            under = [[q for q in row if p.x1 > q.x0 and p.x0 < q.x1] for p in above]
            near = all(_tight(p, q) for q, found in zip(row, over, strict=True) for p in found)
            if (
                near
                and not _over_all(above, row)
                and any(over)
                and all(len(found) <= 1 for found in (*over, *under))
            ):
                for piece, found in zip(row, over, strict=True):
                    if found:
                        found[0].lines += piece.lines
                        found[0].text = f"{found[0].text} {piece.text}"
                        found[0].x0, found[0].x1 = min(found[0].x0, piece.x0), max(found[0].x1, piece.x1)
                        found[0].numeric = False
                    else:
                        above.append(piece)
                above.sort(key=lambda piece: piece.x0)
                continue
        joined.append(row)
    return joined


def _is_continued(text: str) -> bool:
    """Whether a label's line begins with a word in lower case; pH and iPad begin labels."""
    return text[:1].islower() and text.split(" ", 1)[0].islower()


def _over_all(above: list[Piece], row: list[Piece]) -> bool:
    """Whether a lone head stands in the middle over several, whose heads all of them have in common."""
    off = above[0].x0 + above[-1].x1 - row[0].x0 - row[-1].x1
    return len(above) == 1 and len(row) > 1 and abs(off) < 4 * row[0].lines[0].size


def _tight(above: Piece, below: Piece) -> bool:
    """Whether one stands under the other as lines of one text do."""
    size = above.lines[-1].size
    return below.lines[0].y0 - above.lines[-1].y1 < 0.35 * size and below.lines[0].size < 1.1 * size


def _joined_labels(rows: list[list[Piece]], edge: float) -> list[list[Piece]]:
    """Rows with a label of several lines made one: the rest of a label starts in lower case, or is dots."""
    joined: list[list[Piece]] = []
    for row in rows:
        before = joined[-1] if joined else None
        if (
            before is not None
            and row[0].x0 < edge
            and not row[0].numeric
            and (_is_continued(row[0].text) or row[0].text.startswith(". "))
            and before[0].x0 < edge
            and not before[0].numeric
            and (len(row) == 1 or len(before) == 1)
        ):
            head = [piece for piece in before if piece.x0 < row[0].x0 + 2 or piece is before[0]][-1]
            head.lines += row[0].lines
            head.text = f"{head.text} {row[0].text}"
            head.x1 = max(head.x1, row[0].x1)
            before.extend(row[1:])
        else:
            joined.append(row)
    return joined


def _joined_words(rows: list[list[Piece]]) -> list[list[Piece]]:
    """Rows whose cells of words go on below made one: nothing stands in their first column there."""
    left = min(row[0].x0 for row in rows)
    joined: list[list[Piece]] = []
    for row in rows:
        before = joined[-1] if joined else row
        if before[0].x0 < row[0].x0 - 20 and row[0].x0 > left + 20 and _all_go_on(before, row):
            for piece in row:
                above = next(each for each in before if _goes_on(each, piece))
                above.lines += piece.lines
                above.text = f"{above.text} {piece.text}"
                above.x1 = max(above.x1, piece.x1)
        else:
            joined.append(row)
    return joined


def _all_go_on(above: list[Piece], below: list[Piece]) -> bool:
    return all(any(_goes_on(piece, other) for piece in above) for other in below)


def _goes_on(above: Piece, below: Piece) -> bool:
    """Whether words go on where others of one text stand above."""
    return not above.numeric and not below.numeric and abs(above.x0 - below.x0) < 2 and _tight(above, below)


def _header_rows(rows: list[list[Piece]]) -> int:
    """How many rows stand before the first with a label and a number that is no year."""
    if only_dashes(rows):
        return 1 if len(rows) > 2 else 0
    for number, row in enumerate(rows):
        if number and row[0].x0 <= rows[0][0].x0 + 2 and is_bold(rows[0]) and not is_bold(row):
            return number  # below the heads, where labels begin, and not in their type
        if any(piece.numeric and _YEAR.fullmatch(piece.text) is None for piece in row):
            return number if number <= 5 else 0
        if (len(row) > 1 or number) and row[0].text.endswith(":"):
            return number if number <= 5 else 0
    return 1 if len(rows) > 2 else 0


def describe_tables(blocks: list[Block]) -> None:
    """Gives tables their caption, scale and currency from what stands above, and marks continuations."""
    for index, block in enumerate(blocks):
        table = block.table
        if table is None:
            continue
        above = [near for near in blocks[max(0, index - 3) : index] if near.table is None]
        before = blocks[index - 1] if index else None
        if before is not None and before.table is not None and _continues(before.table, table):
            table.continues = True
            table.scale, table.currency = before.table.scale, before.table.currency
        elif above and len(above[-1].text) <= 200 and above[-1].page == block.page:
            titles = [near.text for near in above if len(near.text) <= 200 and near.page == block.page]
            table.caption = " ".join(titles[-2:])
        heads = [cell.text for cell in table.cells if cell.row <= table.header_rows]
        words = " ".join([*(near.text[-300:] for near in above), *heads])
        if _SCALE_HINT.search(words):
            scale, currency = units.parse_scale(words)
            table.scale = scale if scale is not None else table.scale
            table.currency = currency or table.currency


def _continues(before: Table, table: Table) -> bool:
    """Whether two tables with nothing between them, on two pages, have the same columns."""
    return (
        before.page is not None
        and table.page == before.page + 1
        and table.n_columns == before.n_columns
        and before.bbox is not None
        and table.bbox is not None
        and abs(before.bbox[2] - table.bbox[2]) < 8
    )


def table_block(table: Table) -> Block:
    """The block that stands for the table in the document."""
    box: Box | None = table.bbox
    return Block("table", "", table.page, box, table=table)
