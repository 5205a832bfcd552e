"""What clinical extraction works with: pieces of text with their place, and the entries made of them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import pairwise

from ..model import Block, Cell, Line

MEASURED = ("vital_signs", "results")
"""Kinds of sections whose entries are measurements."""


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of text and where it stands in ``Document.text``."""

    text: str
    start: int
    end: int

    def cut(self, first: int, last: int) -> Part:
        """The piece from ``first`` to ``last`` of this text, white space at its ends left out."""
        piece = self.text[first:last]
        lead = len(piece) - len(piece.lstrip())
        piece = piece.strip()
        return Part(piece, self.start + first + lead, self.start + first + lead + len(piece))

    def trimmed(self, marks: str) -> Part:
        """The piece without these characters at its end."""
        return self.cut(0, len(self.text.rstrip(marks)))


def part_of(shown: Cell | Block, edge: float = 0.0) -> Part:
    """The text of a cell or a block; where its author began another line stands a newline, not a space.

    ``edge`` is how far to the right lines of its column reach, where that is known, in points.
    """
    text = shown.text
    for at in shown.breaks or (_breaks_on_page(shown, edge) if isinstance(shown, Block) else ()):
        text = f"{text[: at - 1]}\n{text[at:]}"
    return Part(text, shown.start, shown.end).cut(0, len(text))


def lines_of(part: Part) -> list[Part]:
    """The lines of a text that are not empty."""
    lines = (part.cut(*match.span()) for match in re.finditer(r"[^\n]+", part.text))
    return [line for line in lines if line.text]


def _breaks_on_page(block: Block, edge: float) -> list[int]:
    """Offsets of the lines that begin where the line before had room for their first word.

    Where there is one, lines that begin with a capital or a digit count too, as they do in a list.
    """
    lines = list(zip(block.lines, block.line_starts, strict=True))
    edge = max([edge, *(line.bbox[2] for line, _ in lines if line.bbox)])
    early = [_had_room(above, below, edge) for (above, _), (below, _) in pairwise(lines)]
    if not any(early):
        return []
    return [
        start
        for (line, start), room in zip(lines[1:], early, strict=True)
        if start > 0 and block.text[start - 1] == " " and (room or not line.text[:1].islower())
    ]


def _had_room(above: Line, below: Line, edge: float) -> bool:
    """Whether the first word of a line would have fitted at the end of the line above."""
    if above.bbox is None or below.bbox is None or not below.text or below.bbox[1] < above.bbox[3] - 2:
        return False
    letter = (below.bbox[2] - below.bbox[0]) / len(below.text)
    return above.bbox[2] + letter * (len(below.text.split(" ", 1)[0]) + 2) < edge


@dataclass(slots=True)
class Entry:
    """One item of a section. ``name`` is as written; ``parts`` holds what else is said of it, by role."""

    kind: str
    name: Part
    parts: dict[str, Part] = field(default_factory=dict)
    codes: list[dict[str, str]] = field(default_factory=list)
    """``{"system": …, "code": …}``; the system is "" where nothing tells it."""
    score: float = 0.9
    unit: str | None = None
    """Where it is not written beside the value: of the column header or the reference range."""
    absence: bool = False
    """It states that there is none."""
    explicit: bool = True
    """For a measurement: it is one, by its number and its unit, range or column."""

    def unit_text(self) -> str | None:
        return self.parts["unit"].text if "unit" in self.parts else self.unit
