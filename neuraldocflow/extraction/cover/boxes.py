"""Check boxes of a cover page: which of several labels the mark belongs to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from ..patterns import regex
from .page import Cover
from .rows import as_close_as_lines, joined

_ON = (
    r"☒|☑|✓|✔|√|✗|✘|🗹|⌧|■|⊠|✅|[\uf052\uf078\uf0fc-\uf0fe]|þ|ý|\[\s?[xX✓√]\s?\]|\(\s?[xX]\s?\)"
    r"|(?<![A-Za-z])[xXR](?![A-Za-z])"
)
_OFF = (
    r"☐|□|◻|⬜|▢|[\uf06f\uf071\uf0a3\uf0a8]|¨|❑|❏|\[\s?_*\s?\]|\(\s?\)|(?<![A-Za-z])[oO£q](?![A-Za-z])"
    r"|_{2,}"
)
"""Marks as they are drawn, the letters that symbol fonts draw them by, and their codes of private use."""
_YES_NO = regex(rf"(?P<yes>\byes\b)|(?P<no>\bno\b(?!\.?\s*\d))|(?P<on>{_ON})|(?P<off>{_OFF})", re.IGNORECASE)
_BOX = regex(rf"{_ON}|{_OFF}")
_HEADS = regex(r"^\W*yes\s+no\W*$", re.IGNORECASE | re.MULTILINE)
_CATEGORY = regex(
    rf"(?P<large>\blarge\s+accelerated\s+filer)|(?P<non>\bnon-?\s?accelerated\s+filer)|"
    rf"(?P<accelerated>\baccelerated\s+filer)|(?P<smaller>\bsmaller\s+reporting\s+company)|"
    rf"(?P<emerging>\bemerging\s+growth\s+company)|(?P<on>{_ON})|(?P<off>{_OFF})",
    re.IGNORECASE,
)
_TITLES = {
    "large": "Large accelerated filer",
    "accelerated": "Accelerated filer",
    "non": "Non-accelerated filer",
    "smaller": "Smaller reporting company",
}
_BESIDE = 30
"""Characters between a box and its label, at most."""
Choice = tuple[int, int, str, float]
"""Start, end, what is chosen, score."""


def yes_or_no(cover: Cover, asked: re.Pattern[str]) -> Iterator[Choice]:
    """The answer to the question that ``asked`` matches in."""
    for match in asked.finditer(cover.text):
        end = min((start for start, _ in cover.of("check") if start > match.end()), default=match.end() + 300)
        tokens = [
            (each.start(), each.end(), str(each.lastgroup))
            for each in _YES_NO.finditer(cover.text, match.end(), min(end, match.end() + 400))
        ]
        pair = tokens[:2]
        if {kind for _, _, kind in pair} == {"on", "off"} and _HEADS.search(cover.text, 0, match.start()):
            # two boxes in columns headed by "Yes" and "No"
            yield pair[0][0], pair[1][1], "Yes" if pair[0][2] == "on" else "No", 0.9
            return
        kinds = {kind for _, _, kind in tokens}
        if not {"yes", "no", "on"} <= kinds:
            continue
        chosen = _marked(tokens, ("yes", "no"))
        if chosen is not None:
            start, stop, kind = chosen
            yield start, stop, kind.capitalize(), 0.95
            return


def _marked(tokens: list[tuple[int, int, str]], labels: tuple[str, ...]) -> tuple[int, int, str] | None:
    """The label whose mark is set: marks stand all before or all after their labels."""
    sides = {True: 0.0, False: 0.0}
    for index, token in enumerate(tokens):
        if token[2] not in labels:
            continue
        for before, at in ((True, index - 1), (False, index + 1)):
            if 0 <= at < len(tokens) and tokens[at][2] in ("on", "off"):
                gap = token[0] - tokens[at][1] if before else tokens[at][0] - token[1]
                sides[before] += 1.0 / (1.0 + gap)
    # a mark stands nearer to its own label than to the next one's
    before = sides[True] > sides[False]
    for index, token in enumerate(tokens):
        if token[2] not in labels:
            continue
        at = index - 1 if before else index + 1
        if 0 <= at < len(tokens) and tokens[at][2] == "on":
            return token
    return None


def filer_category(cover: Cover) -> Iterator[Choice]:
    """The category whose box is marked, in the first group of boxes that names large accelerated filers."""
    for table in cover.tables:
        # a label in a narrow column is broken over lines
        rows = [row for row in table.by_row().values() if row]
        close = as_close_as_lines(rows)
        boxed = [any(_BOX.fullmatch(cell.text.strip()) for cell in row) for row in rows]
        if any(near and all(pair) for near, pair in zip(close, pairwise(boxed), strict=True)):
            continue
        if any(close) and any("filer" in cell.text.casefold() for cell in table.cells):
            found = _category("\n".join(cell.text for row in joined(rows, close) for cell in row))
            if found is not None:
                yield table.cells[0].start, table.cells[-1].end, _TITLES[found[2]], 0.94
                return
    found = _category(cover.text)
    if found is not None:
        yield found[0], found[1], _TITLES[found[2]], 0.94


def _category(text: str) -> tuple[int, int, str] | None:
    groups: list[list[tuple[int, int, str]]] = []
    for each in _CATEGORY.finditer(text):
        token = each.start(), each.end(), str(each.lastgroup)
        if groups and token[0] - groups[-1][-1][1] < 120:
            groups[-1].append(token)
        else:
            groups.append([token])
    labels = (*_TITLES, "emerging")
    for group in groups:
        group = _beside_marks(text, group)
        kinds = {kind for _, _, kind in group}
        if "on" not in kinds or not kinds & {"large", "accelerated"}:
            continue
        chosen = _marked(group, labels)
        if chosen is not None and chosen[2] in _TITLES:
            return chosen
    return None


def _beside_marks(text: str, group: list[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """The marks and the labels beside one: the question before the boxes names the categories too."""
    marks = [(start, end) for start, end, kind in group if kind in ("on", "off")]

    def beside(first: int, second: int) -> bool:
        # a sentence's end stands between the question and the first box
        return 0 <= second - first <= _BESIDE and "." not in text[first:second].rstrip(". ")

    return [
        token
        for token in group
        if token[2] in ("on", "off")
        or any(beside(token[1], start) or beside(end, token[0]) for start, end in marks)
    ]
