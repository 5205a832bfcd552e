"""One page read once: its lines and its rulings from a single pass of MuPDF's interpreter."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import pairwise
from typing import Any

import pymupdf

from neuraldocflow.extraction.model import Box, Span
from neuraldocflow.extraction.pdf.figures import figures_of, parted, typed_columns
from neuraldocflow.extraction.symbols import above, signs_of

TEXT_FLAGS = pymupdf.TEXTFLAGS_TEXT & ~pymupdf.TEXT_PRESERVE_LIGATURES
"""No images, ligatures spelt out."""
PAGE_FLAGS = TEXT_FLAGS | pymupdf.TEXT_COLLECT_VECTORS
"""Rulings and shading come with the text instead of by a second pass."""

_BOLD, _ITALIC = pymupdf.TEXT_FONT_BOLD, pymupdf.TEXT_FONT_ITALIC
_RAISED = pymupdf.TEXT_FONT_SUPERSCRIPT
_VECTOR = 3
_signs = lru_cache(1000)(signs_of)  # by the names of fonts, which are few
_UNKNOWN = "�"


@dataclass(slots=True, eq=False)
class TextLine:
    """A run of text on one baseline without a wide gap: a line of a paragraph, or one cell of a table."""

    x0: float
    y0: float
    x1: float
    y1: float
    text: str
    spans: list[Span]
    size: float
    bold: bool
    block: int
    """Number of the block MuPDF put it in."""
    upright: bool = True
    course: int = 0
    """1 where it goes up the page, -1 where it goes down."""
    slanted: bool = False
    parts: tuple[TextLine, ...] = ()
    """What spaces alone set apart in a line of a typewriter's type: cells, where they are of a table."""

    @property
    def bbox(self) -> Box:
        return (self.x0, self.y0, self.x1, self.y1)


@dataclass(slots=True, eq=False)
class Ruling:
    """A filled or stroked shape as its box: a line where it is thin, shading where it is not."""

    x0: float
    y0: float
    x1: float
    y1: float
    color: int
    stroked: bool


@dataclass(slots=True, eq=False)
class PageContent:
    """What was read from one page, in the order of its content stream, in displayed page space."""

    number: int
    width: float
    height: float
    rotation: int = 0
    lines: list[TextLine] = field(default_factory=list)
    rulings: list[Ruling] = field(default_factory=list)
    unknown: int = 0
    """Characters without a Unicode meaning."""


def read_page(
    page: Any, number: int, width: float, height: float, rotation: int, *, rulings_too: bool = True
) -> PageContent:
    """Lines, spans and (unless not wanted) rulings of a page; raises what PyMuPDF raises."""
    content = PageContent(number, width, height, rotation)
    turn = page.rotation_matrix if rotation else None
    lines, rulings = content.lines, content.rulings
    runs: list[tuple[int, int, int]] = []
    seen: dict[str, TextLine] = {}
    textpage = page.get_textpage(flags=PAGE_FLAGS if rulings_too else TEXT_FLAGS)
    for at, block in enumerate(textpage.extractDICT()["blocks"]):
        if block["type"] == _VECTOR:
            x0, y0, x1, y1 = block["bbox"] if turn is None else turned(block["bbox"], turn)
            rulings.append(Ruling(x0, y0, x1, y1, block.get("color", 0), block.get("stroked", False)))
            continue
        block_number = block["number"]
        begin = len(lines)
        for position, line in enumerate(block.get("lines", ())):
            made = _text_line(line, block_number, turn)
            if made is not None:
                before = seen.get(made.text)
                if before is not None and _over(before, made):
                    continue
                seen[made.text] = made
                if _UNKNOWN in made.text:
                    content.unknown += made.text.count(_UNKNOWN)
                plain = made.upright
                if plain and (figures_of(made.text) or (rulings_too and typed_columns(made.spans))):
                    runs.append((len(lines), at, position))
                elif not position and lines and _goes_on(lines[-1], made) and not figures_of(lines[-1].text):
                    made = _one_of(lines.pop(), made)
                    block_number = made.block
                lines.append(made)
        if not runs or runs[-1][0] < begin:
            _mend(lines, begin)
    if runs:
        _take_apart(lines, runs, textpage.extractRAWDICT()["blocks"], turn)
    return content


def _mend(lines: list[TextLine], begin: int) -> None:
    """Joins what justification tore apart in a block: pieces with one gap between them that fill the width
    which whole lines of the block have."""
    own = lines[begin:]
    if len(own) < 4:
        return
    x0, x1 = min(line.x0 for line in own), max(line.x1 for line in own)
    whole = [line for line in own if line.x0 < x0 + 1 and line.x1 > x1 - 1 and len(line.text) > 12]
    if len(whole) < 2 or len(whole) == len(own):
        return
    rows: list[list[TextLine]] = []
    for line in own:
        if rows and abs(line.y1 - rows[-1][-1].y1) < 0.1 * line.size and line.x0 > rows[-1][-1].x1:
            rows[-1].append(line)
        else:
            rows.append([line])
    made: list[TextLine] = []
    for row in rows:
        gaps = [after.x0 - before.x1 for before, after in pairwise(row)]
        fills = row[0].x0 < x0 + 1 and row[-1].x1 > x1 - 1 and row[0].upright
        if gaps and fills and max(gaps) - min(gaps) < 0.6 and max(gaps) < 3 * row[0].size:
            spans = [span for piece in row for span in piece.spans]
            text = " ".join([piece.text for piece in row])
            made.append(replace(row[0], x1=row[-1].x1, text=text, spans=spans))
        else:
            made += row
    lines[begin:] = made


def _over(before: TextLine, line: TextLine) -> bool:
    """Whether a line of the same text was set over another, as bold type, or a shadow, is made of plain."""
    near = 0.1 * line.size
    return abs(line.x0 - before.x0) < near and abs(line.y1 - before.y1) < near


def _goes_on(before: TextLine, line: TextLine) -> bool:
    """Whether the line is the rest of the one before: MuPDF ends lines where something is drawn.

    What is drawn amid a line is what underlines a word of it, or shades it.
    """
    size = before.size
    return (
        abs(line.x0 - before.x1) < 0.05 * size
        and abs(line.y1 - before.y1) < 0.1 * size
        and abs(line.size - size) < 0.05 * size
        and line.upright
        and before.upright
    )


def _one_of(before: TextLine, line: TextLine) -> TextLine:
    """Both as one line, with a space between them only where there is one."""
    spaced = before.spans[-1].text[-1:].isspace() or line.spans[0].text[:1].isspace()
    return replace(
        before,
        y0=min(before.y0, line.y0),
        x1=line.x1,
        y1=max(before.y1, line.y1),
        text=f"{before.text} {line.text}" if spaced else before.text + line.text,
        spans=before.spans + line.spans,
        bold=before.bold and line.bold,
    )


def _take_apart(
    lines: list[TextLine], runs: list[tuple[int, int, int]], blocks: list[dict[str, Any]], turn: Any
) -> None:
    """Puts a line for each figure in place of each run of them, and notes what typed columns hold.

    ``runs``: a line's index, and where its characters are.
    """
    for index, block, position in reversed(runs):
        line = lines[index]
        figures = figures_of(line.text)
        raw = blocks[block]["lines"][position]
        found = parted(figures or typed_columns(line.spans), raw, lambda box: turned(box, turn))
        parts = [_part_of(line, *part) for part in found]
        if parts and figures:
            lines[index : index + 1] = parts
        else:
            line.parts = tuple(parts)


def _part_of(line: TextLine, x0: float, x1: float, text: str) -> TextLine:
    span = replace(line.spans[0], text=text, bbox=(x0, line.y0, x1, line.y1))
    return replace(line, x0=x0, x1=x1, text=text, spans=[span])


def _text_line(line: dict[str, Any], block: int, turn: Any) -> TextLine | None:
    """A line as MuPDF gives it, its spans of one look joined; None where it shows nothing."""
    given = line["spans"]
    for one in given:
        signs = _signs(one["font"])
        if signs is not None:
            one["text"] = one["text"].translate(signs)
    if len(given) == 1 and turn is None:
        # Most lines: no joining, no turning.
        only = given[0]
        text = " ".join(only["text"].split())
        if not text:
            return None
        flags = only["flags"]
        bold = bool(flags & _BOLD)
        x0, y0, x1, y1 = only["bbox"]
        if only["text"][-1].isspace() and not text[0].isalpha():
            x1 = min(x1, x0 + _widest(text, only["size"]))
        span = Span(only["text"], only["bbox"], only["font"], only["size"], bold, bool(flags & _ITALIC))
        return _laid(TextLine(x0, y0, x1, y1, text, [span], only["size"], bold, block), line["dir"])
    spans: list[Span] = []
    last: Span | None = None
    last_look: tuple[str, float, int] | None = None
    parts: list[str] = []
    for one in given:
        text = one["text"]
        look = (one["font"], one["size"], one["flags"])
        if look[2] & _RAISED and last is not None and look[1] < last.size and last.text[-1:].isdigit():
            text = above(text)
        box = one["bbox"]
        if last is not None and (look == last_look or text.isspace()):
            last.text += text
            old = last.bbox
            if old is not None:
                last.bbox = (
                    min(old[0], box[0]),
                    min(old[1], box[1]),
                    max(old[2], box[2]),
                    max(old[3], box[3]),
                )
        else:
            flags = look[2]
            last = Span(text, box, look[0], look[1], bool(flags & _BOLD), bool(flags & _ITALIC))
            last_look = look
            spans.append(last)
        parts.append(text)
    text = " ".join("".join(parts).split())
    if not text:
        return None
    x0, y0, x1, y1 = line["bbox"]
    direction = line["dir"]
    if turn is None and given[-1]["text"].isspace():
        # blanks of the cells that follow, which may reach into the next column
        x1 = max(one["bbox"][2] for one in given if not one["text"].isspace())
    if turn is not None:
        x0, y0, x1, y1 = turned((x0, y0, x1, y1), turn)
        for made in spans:
            if made.bbox is not None:
                made.bbox = turned(made.bbox, turn)
        heading = pymupdf.Point(direction) * pymupdf.Matrix(turn.a, turn.b, turn.c, turn.d, 0, 0)
        direction = (heading.x, heading.y)
    if len(spans) == 1:
        size, bold = spans[0].size, spans[0].bold
    else:
        size = max(made.size for made in spans)
        bold = all(made.bold for made in spans if not made.text.isspace())
    return _laid(TextLine(x0, y0, x1, y1, text, spans, size, bold, block), direction)


def _laid(line: TextLine, direction: tuple[float, float]) -> TextLine:
    """The line, noting how it runs."""
    x, y = direction
    if x <= 0.9:
        line.upright = False
        line.course = -round(y) if abs(y) > 0.9 else 0
    line.slanted = abs(x) > 0.2 and abs(y) > 0.2
    return line


def _widest(text: str, size: float) -> float:
    """How wide a figure can be: its box has the space behind it too, which may reach into the next column."""
    return size * sum(
        0.6 if letter.isdigit() or letter in "$–" else 0.95 if letter in "%—" else 0.4 for letter in text
    )


def turned(box: Box, turn: Any) -> Box:
    """A box of the unrotated page as the page is shown; ``turn`` is the rotation matrix, or None."""
    if turn is None:
        return box
    rect = (pymupdf.Rect(box) * turn).normalize()
    return (rect.x0, rect.y0, rect.x1, rect.y1)
