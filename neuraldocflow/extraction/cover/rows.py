"""Rows of a cover page's tables in a PDF, where each line of a cell is a row of its own at first."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise

from ..model import Cell

Rows = list[list[Cell]]
_LEADING = 0.18
"""Space between the lines of a cell, at most, in heights of a line; rows stand further apart."""
_WIDE, _PADDED = 0.55, 0.2
"""Where lines are set wider than their type: their space at most, and how much more rows have at least."""


def as_close_as_lines(rows: Rows) -> list[bool]:
    """For each row but the first whether it stands as close to the one before as lines of a cell do."""
    heights = [cell.bbox[3] - cell.bbox[1] for row in rows for cell in row if cell.bbox is not None]
    height = min(heights, default=0.0)
    gaps = [_gap(above, below) for above, below in pairwise(rows)]
    apart = sorted(gap for gap in gaps if 0.0 <= gap < math.inf)
    limit = _LEADING * height
    if apart and apart[0] >= limit:
        for narrow, wide in pairwise(apart):
            if narrow <= _WIDE * height and wide - narrow >= _PADDED * height:
                limit = (narrow + wide) / 2
                break
    return [gap < limit for gap in gaps]


def _gap(above: list[Cell], below: list[Cell]) -> float:
    upper = [cell.bbox[3] for cell in above if cell.bbox is not None]
    lower = [cell.bbox[1] for cell in below if cell.bbox is not None]
    return min(lower) - max(upper) if upper and lower else math.inf


def joined(rows: Rows, close: Iterable[bool]) -> Rows:
    """The rows with those that stand close joined, each column's texts one after the other."""
    apart = rows[:1]
    for near, row in zip(close, rows[1:], strict=True):
        if near:
            apart[-1] = _as_one(apart[-1], row)
        else:
            apart.append(row)
    return apart


def _as_one(above: list[Cell], below: list[Cell]) -> list[Cell]:
    whole = {cell.column: cell for cell in above}
    for cell in below:
        first = whole.get(cell.column)
        if first is None or first.bbox is None or cell.bbox is None:
            whole[cell.column] = cell
            continue
        box = (first.bbox[0], first.bbox[1], max(first.bbox[2], cell.bbox[2]), cell.bbox[3])
        whole[cell.column] = replace(first, text=f"{first.text} {cell.text}", bbox=box)
    return [whole[column] for column in sorted(whole)]
