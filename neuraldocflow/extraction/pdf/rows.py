"""Rows of a page and the pieces in them: what unruled tables are made of."""

from __future__ import annotations

from bisect import bisect
from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise

from neuraldocflow.extraction.patterns import regex
from neuraldocflow.extraction.pdf.page import PageContent, Ruling, TextLine
from neuraldocflow.extraction.pdf.rulings import SNAP, THIN, Edge, cell_text, merge_edges

_CODES = "USD|EUR|GBP|CHF|CAD|AUD|JPY"
"""Named: other words of three letters before a figure are references."""
NUMBER = regex(
    rf"(?:[-–—−]\s?(?=[$€£¥]))?(?:(?:{_CODES})\s)?[$€£¥]?\s*\(?\s*[$€£¥]?\s*[-–—−]?\s*"
    # a minus sign behind it only after decimals: "333-" is a word's beginning
    r"(?:\d{1,3}(?:[.'’ ]\d{3})*,\d\d[-–—−]?|\d{1,3}(?:\.\d{3})+(?:,\d+)?"
    r"|\d{1,3}(?:['’]\d{3})+(?:\.\d\d[-–—−]?)?|\d[\d,]*(?:\.\d+[-–—−]?)?|\.\d+)"
    rf"\s*\)?\s*(?:%|bps|x|[$€£¥]|{_CODES}|CR|DR)?\s*\)?(?:\s*\(?[a-z\d*†]\))?"
    r"|[-–—]{1,2}\s*%?|[$€£¥]\s*[-–—]{1,2}|N/?[AM]|\*",
)
_SIGNS = tuple("$€£¥")
_COSMETIC = regex(r"[$€£¥(]|[)%]+|\)\s*%|pts?|bps")
_FOLLOWED = regex(r"(.*\S)\s+([$€£¥])")
_PREFIX = regex(r"[$€£¥(]")
_MOST_SIDES = 400

Row = list[TextLine]


@dataclass(slots=True, eq=False)
class Piece:
    """What stands in one cell of one row: a number with its signs, or words."""

    x0: float
    x1: float
    lines: list[TextLine]
    text: str
    numeric: bool

    @property
    def start(self) -> float:
        """Where a figure begins without the sign before it, which may stand under the column to its left."""
        sign = self.numeric and len(self.lines) > 1 and _PREFIX.fullmatch(self.lines[0].text) is not None
        return self.lines[1].x0 if sign else self.x0


def bands_of(rulings: list[Ruling]) -> list[tuple[float, float]]:
    """(y0, y1) of shaded rows: filled boxes of a row's height, those at one height taken together."""
    spans = {(round(r.y0, 1), round(r.y1, 1)) for r in rulings if 5 < r.y1 - r.y0 < 60 and r.x1 - r.x0 > 3}
    bands: list[tuple[float, float]] = []
    # The smaller first: what covers several rows is no row.
    for y0, y1 in sorted(spans, key=lambda span: (span[1] - span[0], span)):
        at = bisect(bands, (y0, y1))
        if (at == 0 or bands[at - 1][1] <= y0 + 1) and (at == len(bands) or bands[at][0] >= y1 - 1):
            bands.insert(at, (y0, y1))
    return bands


def gaps_between_boxes(rulings: list[Ruling]) -> list[float]:
    """The heights between boxes as wide as one another below one another, each with rules of its own."""
    down = [Edge((r.x0 + r.x1) / 2, r.y0, r.y1) for r in rulings if r.x1 - r.x0 <= THIN and r.y1 - r.y0 > 4]
    if not 2 <= len(down) <= _MOST_SIDES:
        return []
    sides = merge_edges(down)
    across = merge_edges([Edge((r.y0 + r.y1) / 2, r.x0, r.x1) for r in rulings if r.y1 - r.y0 <= THIN])

    def widths(x: float, y: float) -> set[int]:
        return {round((e.end - x) / SNAP) for e in across if abs(e.at - y) < SNAP and abs(e.start - x) < SNAP}

    return sorted(
        {
            (upper.end + lower.start) / 2
            for upper, lower in pairwise(sides)
            if upper.at == lower.at
            and lower.start - upper.end > SNAP
            and widths(upper.at, upper.end) & widths(lower.at, lower.start)
        }
    )


def several_rows(lines: list[TextLine]) -> bool:
    """Whether numbers stand below one another, so that what shades them is more than one row."""
    numbers = [line for line in lines if NUMBER.fullmatch(line.text)]
    return any(
        other.y1 - one.y1 > 0.7 * one.size and one.x0 < other.x1 and other.x0 < one.x1
        for one in numbers
        for other in numbers
    )


def rows_of(lines: list[TextLine], bands: list[tuple[float, float]]) -> list[Row]:
    """The lines by rows, top to bottom, left to right: those in one shaded band, else on one baseline."""
    in_band: dict[float, list[TextLine]] = defaultdict(list)
    for line in lines:
        middle = (line.y0 + line.y1) / 2
        at = bisect(bands, (middle, float("inf"))) - 1
        in_band[bands[at][0] if at >= 0 and middle <= bands[at][1] else -1.0].append(line)
    keyed: list[tuple[float, float, TextLine]] = []
    for top, members in in_band.items():
        band = -1.0 if top >= 0 and several_rows(members) else top
        keyed.extend((band, (line.y0 + line.y1) / 2, line) for line in members)
    rows: list[Row] = []
    last_band, last_middle = -1.0, 0.0
    for band_top, middle, line in sorted(keyed, key=lambda entry: entry[1]):
        joins = rows and (
            (band_top >= 0 and band_top == last_band)
            or (band_top == last_band and middle - last_middle < 0.45 * max(line.size, 1))
        )
        if joins:
            rows[-1].append(line)
        else:
            rows.append([line])
            last_middle = middle
        last_band = band_top
    return rows


def _signs_trail(row: Row) -> bool:
    """Whether the signs of a row's figures stand behind them, each of the figure before it."""
    first = next((line.text for line in row if any(sign in line.text for sign in _SIGNS)), "")
    found = _FOLLOWED.fullmatch(first)
    if found is None or found[1][:1] in _SIGNS or NUMBER.fullmatch(found[1]) is None:
        return False
    return row[-1].text[-1:] in _SIGNS


def pieces_of(row: Row) -> list[Piece]:
    """The row's cells: currency, bracket and percent signs joined to their number, stacked lines joined."""
    pieces: list[Piece] = []
    running = (
        len(row) > 1
        and sum(len(line.text) for line in row) > 55
        and any(line.text[0].islower() for line in row)
        and sum(line.x1 - line.x0 for line in row)
        > 0.8 * (max(line.x1 for line in row) - min(line.x0 for line in row))
        and not any(NUMBER.fullmatch(line.text) for line in row)
    )
    carried = ""
    ordered = sorted(row, key=lambda one: (one.x0, one.y0))
    trails = _signs_trail(ordered)
    for line in ordered:
        text, x1 = line.text, line.x1
        before = pieces[-1] if pieces else None
        following = None if trails else _FOLLOWED.fullmatch(text)
        if following is not None and NUMBER.fullmatch(following[1]):
            # The sign of the next column's figure, which stood close enough to be of one line.
            x1 = line.x0 + (line.x1 - line.x0) * len(following[1]) / len(text)
            text = following[1]
        sign, carried = carried, following[2] if following is not None and text != line.text else ""
        stacked = before is not None and line.x0 < before.x1 - 1
        trailing = (
            before is not None
            and before.numeric
            and _COSMETIC.fullmatch(text) is not None
            and _PREFIX.fullmatch(text) is None
            and line.x0 - before.x1 < 2.5 * line.size
        )
        prefixed = (
            before is not None
            and _PREFIX.fullmatch(before.text) is not None
            and NUMBER.fullmatch(text) is not None
        )
        if before is not None and _raised(before, line):
            before.lines.append(line)
            before.text += f" {text}"
        elif before is not None and running and _torn(before, line):
            before.lines.append(line)
            before.x1 = max(before.x1, x1)
            before.text += f" {text}"
        elif before is not None and (stacked or trailing or prefixed):
            before.lines.append(line)
            before.x1 = max(before.x1, x1)
            if stacked:
                ordered = sorted(before.lines, key=lambda one: (round(one.y0 / 3), one.x0))
                before.text = cell_text(ordered)
                before.numeric = False
            else:
                before.text = f"{before.text} {text}" if prefixed and len(text) > 1 else before.text + text
                before.numeric = True
        else:
            numeric = NUMBER.fullmatch(text) is not None
            if numeric:
                text = text.replace("( ", "(").replace(" )", ")").replace(" %", "%")
                text = f"{sign} {text}" if sign and not text.startswith(sign) else text
            pieces.append(Piece(line.x0, x1, [line], text, numeric))
    return pieces


def pieced(page: PageContent, lines: list[TextLine]) -> list[list[Piece]]:
    """The rows of some lines of a page, each as its pieces."""
    return [pieces_of(row) for row in rows_of(lines, bands_of(page.rulings))]


def _torn(before: Piece, line: TextLine) -> bool:
    """Whether justification tore the line from the piece: words on both sides of a small gap."""
    return (
        not before.numeric
        and before.lines[-1].block == line.block
        and 0 <= line.x0 - before.x1 <= 1.3 * line.size
        and NUMBER.fullmatch(line.text) is None
        and _PREFIX.fullmatch(before.text) is None
    )


def _raised(before: Piece, line: TextLine) -> bool:
    """Whether the line is a footnote's mark behind the piece: short, small and near."""
    return (
        len(line.text) <= 5
        and line.size <= 0.8 * before.lines[0].size
        and -1 <= line.x0 - before.x1 < 0.8 * before.lines[0].size
    )


def is_bold(row: list[Piece]) -> bool:
    """Whether all of a row's text is bold."""
    return all(line.bold for piece in row for line in piece.lines)
