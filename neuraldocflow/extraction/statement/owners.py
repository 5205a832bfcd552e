"""Equity with and without the interests of others, told apart by its sums rather than by its names."""

from __future__ import annotations

from collections.abc import Sequence

from ..patterns import regex
from .rows import Row

_OTHERS = regex(r"(?:total )?(?:non-?redeemable )?(?:non-?controlling|minority) interests?\b")
_OWN = regex(r"equity|deficit|capital|holders|owners|members|partners|total")
_ROUNDING = 2.5
"""How far a sum of rounded numbers may be off, in their last digits."""


def owners_equity(rows: Sequence[Row]) -> tuple[int, int] | None:
    """The places of the owners' equity and of the whole: only the interests of others stand between them."""
    for at in range(1, len(rows) - 1):
        own, others, whole = rows[at - 1 : at + 2]
        if (
            not _OTHERS.match(others.label)
            or not _OWN.search(own.label)
            or not (len(own.numbers) == len(others.numbers) == len(whole.numbers))
        ):
            continue
        sums = [
            one.value + more.value - both.value
            for one, more, both in zip(own.numbers, others.numbers, whole.numbers, strict=True)
        ]
        if all(abs(off) <= _ROUNDING for off in sums):
            return at - 1, at + 1
    return None
