"""The revenue of an income statement by where it stands: what comes in is told above the costs."""

from __future__ import annotations

from collections.abc import Sequence

from ..patterns import regex
from .rows import Row

_COSTS = regex(
    r"\bcosts?\b|expense|\bless\b|depreciation|amortization|salaries|compensation|administrati|research and"
    r"|selling,|provision|benefits|operating (?:income|loss|profit)|gross (?:profit|margin)|loss(?:es)? from"
    r"|purchased|\bfuel\b"
)
_COMES_IN = regex(r"revenue|\bsales\b|\bincome\b|\bfees\b|premium|royalt|\brent|commission|\bgrants?\b")
_YIELD = regex(r"\b(?:investment|dividend)")
_LENT = regex(r"\binterest (?:and .{0,20})?income")
"""What comes in from lending, of which the interest paid is no cost but taken off before the revenue."""
_ROUNDING = 2.5
"""How far a sum of rounded numbers may be off, in their last digits."""


def top_line(rows: Sequence[Row]) -> tuple[Row, float] | None:
    """What came in, with a weight: the only line above the costs, or the last that adds up others."""
    above: list[Row] = []
    for row in rows:
        if _COSTS.search(row.label) or _COSTS.search(row.under):
            break
        above.append(row)
    if not above:
        return None
    named = [row for row in above if _COMES_IN.search(f"{row.under} {row.label}")]
    if any(_LENT.search(f"{row.under} {row.label}") for row in above[-1:]):
        return None
    if len(above) == 1 and named:
        return above[0], 0.55 if _YIELD.search(above[0].label) else 0.8
    summed = [row for at, row in enumerate(above) if at > 1 and _adds_up(above[:at], row)]
    if summed and named:
        return summed[-1], 0.6 if _YIELD.search(summed[-1].label) else 0.97
    return None


def _adds_up(parts: Sequence[Row], total: Row) -> bool:
    """Whether a row is the sum of at least two rows that end just above it."""
    value, so_far = total.numbers[0].value, 0.0
    for count, row in enumerate(reversed(parts), 1):
        so_far += row.numbers[0].value
        if count > 1 and abs(so_far - value) <= _ROUNDING and value > 0:
            return True
    return False
