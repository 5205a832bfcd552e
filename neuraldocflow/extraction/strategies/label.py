"""``label``: a value with its name beside it, below it or before it in the same line.

Settings: ``text`` (one or several labels), ``pattern`` (what the value looks like, its group ``value`` or the
whole match), ``side`` (``right``, ``below``, ``above`` or a list; default right, then below), ``length`` (the
longest value, 120 characters).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..candidates import Candidate, Context, strategy
from ..model import Document
from ..patterns import regex
from ..pieces import Piece, above, amount_beside, below, beside, by_labels, pieces
from ..units import currency_named

if TYPE_CHECKING:
    from ..profile import Field

_NEXT_LABEL = regex(r"\s{3,}|\t|\s\|\s|;\s|\s{2,}(?=[A-Z][\w ]{1,30}:)|\s(?=(?:[A-Z][\w.#]* ?){1,4}:\s)")
_SIDES = {"right": (beside, 0.85), "below": (below, 0.7), "above": (above, 0.7)}


@strategy("label")
def label(document: Document, spec: dict[str, Any], field: Field, context: Context) -> Iterator[Candidate]:
    """Values with one of the labels; a label with a colon in the same line is the strongest sign."""
    labels = [spec["text"]] if isinstance(spec["text"], str) else list(spec["text"])
    words = "|".join(re.escape(each).replace(r"\ ", r"\s+") for each in sorted(labels, key=len, reverse=True))
    name = re.compile(rf"(?<!\w)(?:{words})(?!\w)\s*(?P<mark>[:#=]|\bis\b|[-–—](?=\s))?\s*", re.IGNORECASE)
    value = re.compile(spec["pattern"], re.IGNORECASE) if spec.get("pattern") else None
    sides = spec.get("side", ["right", "below"])
    money = (field.items or field).type == "money"
    found = pieces(document, context)
    for index, piece in ((at, part) for at, whole in enumerate(found) for part in by_labels(whole)):
        for match in name.finditer(piece.text):
            first = not piece.text[: match.start()].strip(" \t•*-–(")
            if not first and match["mark"] is None:
                continue
            rest = piece.text[match.end() :]
            sign = currency_named(rest) if money else None  # "Total (EUR)" is a label
            if rest.strip(" .:_-)") and sign is None:
                score = (0.9 if match["mark"] else 0.6) - (0.0 if first else 0.1)
                yield from _valued(piece, match.end(), _inline_end(rest, match.end()), value, spec, score)
            elif first and piece.end == found[index].end:
                for side in [sides] if isinstance(sides, str) else sides:
                    look, score = _SIDES[side]
                    look = amount_beside if money and look is beside else look
                    other = look(index, found)
                    if other is not None:
                        if sign is not None and other.currency is None:
                            other = replace(other, currency=sign)
                        yield from _valued(other, 0, len(other.text), value, spec, score)


def _inline_end(rest: str, offset: int) -> int:
    stop = _NEXT_LABEL.search(rest)
    return offset + (stop.start() if stop and stop.start() else len(rest))


def _valued(
    piece: Piece, first: int, last: int, value: re.Pattern[str] | None, spec: dict[str, Any], score: float
) -> Iterator[Candidate]:
    text = piece.text[first:last]
    if value is not None:
        match = value.search(text)
        if match is None:
            return
        group = "value" if "value" in value.groupindex else 0
        first, text = first + match.start(group), match[group]
    stripped = text.strip()
    if not stripped or len(stripped) > spec.get("length", 120):
        return
    start = piece.start + first + text.index(stripped)
    context: dict[str, Any] = {}
    if piece.table is not None:
        context = {"scale": piece.table.scale, "currency": piece.table.currency}
    if piece.currency is not None:
        context["currency"] = piece.currency
    yield Candidate(stripped, score, start, start + len(stripped), context=context)
