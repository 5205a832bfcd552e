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
from ..units import currency_named, parse_scale

if TYPE_CHECKING:
    from ..profile import Field

_NEXT_LABEL = regex(r"\s{3,}|\t|\s\|\s|;\s|\s{2,}(?=[A-Z][\w ]{1,30}:)|\s(?=(?:[A-Z][\w.#]* ?){1,4}:\s)")
_REMARK = regex(
    r"(?P<said>\((?=[^()]*(?:[^\W\d_]|%))[^()]{1,40}\)|(?P<rate>[@(]?\s?\d[\d.,]*\s?%\)?))"
    r"\s*(?:(?P<mark>[:#=])\s*|$)"
)
"""What may stand behind a label and belongs to it: ``Total (2 items)``, ``Name (print):``, ``VAT 20%``."""
_REMARKED = frozenset({"string", "integer", "decimal", "percent", "date"})
"""Types whose values don't stand in parentheses behind a label, as ``Hazardous (no)`` does."""
_BESIDE_HEAD, _IN_HEAD = 0.5, 0.4
"""What a column heading's neighbour, and the rest of it, are worth: as a rule the value stands below."""
_IN_REMARK = 0.4
"""What a remark behind a label is worth as its value: less than what stands beside or below."""
_SIDES = {"right": (beside, 0.85), "below": (below, 0.7), "above": (above, 0.7)}


@strategy("label")
def label(document: Document, spec: dict[str, Any], field: Field, context: Context) -> Iterator[Candidate]:
    """Values with one of the labels; a label with a colon in the same line is the strongest sign."""
    labels = [spec["text"]] if isinstance(spec["text"], str) else list(spec["text"])
    words = "|".join(re.escape(each).replace(r"\ ", r"\s+") for each in sorted(labels, key=len, reverse=True))
    name = re.compile(rf"(?<!\w)(?:{words})(?!\w)\s*(?P<mark>[:#=]|\bis\b|[-–—](?=\s))?\s*", re.IGNORECASE)
    value = re.compile(spec["pattern"], re.IGNORECASE) if spec.get("pattern") else None
    sides = spec.get("side", ["right", "below"])
    kind = (field.items or field).type
    found = pieces(document, context)
    for index, piece in ((at, part) for at, whole in enumerate(found) for part in by_labels(whole)):
        for match in name.finditer(piece.text):
            first = not piece.text[: match.start()].strip(" \t•*-–(")
            mark, at, sign = match["mark"], match.end(), None
            remark = _REMARK.match(piece.text, at) if mark is None else None
            if remark is not None and not (value is not None and value.search(remark[0])):
                if kind == "percent" and "%" in remark[0]:  # "VAT (20%)" is not 20 % less
                    score = 0.9 if remark["mark"] else 0.6
                    yield from _valued(piece, *_bare(remark), value, spec, score)
                    continue
                if _is_of_label(remark, kind):
                    if remark["mark"] is None and kind != "money":  # "Due date (March 5)" may be all there is
                        yield from _valued(piece, *_bare(remark), value, spec, _IN_REMARK)
                    mark, at = remark["mark"], remark.end()
                    sign = _currency_of(remark["said"] or "") if kind == "money" else None
            if not first and mark is None:
                continue
            rest = piece.text[at:]
            if rest.strip(" .:_-)") and (kind != "money" or currency_named(rest) is None):
                score = (0.9 if mark else _IN_HEAD if _is_head(piece) else 0.6) - (0.0 if first else 0.1)
                inline = piece if sign is None else replace(piece, currency=sign)
                yield from _valued(inline, at, _inline_end(rest, at), value, spec, score)
            elif first and piece.end == found[index].end:
                sign = sign or (currency_named(rest) if kind == "money" else None)  # "Total: EUR" is a label
                for side in [sides] if isinstance(sides, str) else sides:
                    look, score = _SIDES[side]
                    look = amount_beside if kind == "money" and look is beside else look
                    other = look(index, found)
                    if other is not None:
                        heads = side == "right" and _is_head(piece) and _is_head(other)
                        score = _BESIDE_HEAD if heads else score
                        if sign is not None and other.currency is None:
                            other = replace(other, currency=sign)
                        yield from _valued(other, 0, len(other.text), value, spec, score)


def _is_head(piece: Piece) -> bool:
    """Whether it is the heading of a table's column, without the colon of a form's label."""
    return piece.cell is not None and piece.cell.header and not piece.text.rstrip().endswith(":")


def _is_of_label(remark: re.Match[str], kind: str) -> bool:
    """Whether what stands behind a label belongs to it, and is no value of its field."""
    if kind == "money":
        return True
    said = remark["said"] is not None and "%" not in remark["said"]
    return said and (remark["mark"] is not None or kind in _REMARKED)


def _bare(remark: re.Match[str]) -> tuple[int, int]:
    """Where a rate in parentheses stands without them."""
    group = "said" if remark["said"] is not None else "rate"
    text = remark[group]
    first = remark.start(group) + len(text) - len(text.lstrip("(@ "))
    return first, remark.end(group) - len(text) + len(text.rstrip(") "))


def _currency_of(said: str) -> str | None:
    return currency_named(said) or parse_scale(said)[1]


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
