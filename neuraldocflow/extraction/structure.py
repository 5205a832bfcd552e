"""From lines to structure: reading order, paragraphs, headings, list items, rejoined words.

Everything here is geometry and text over :class:`~neuraldocflow.extraction.pdf.page.TextLine`; nothing knows
about PDF itself.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise

from neuraldocflow.extraction.model import Block, Box, Line
from neuraldocflow.extraction.patterns import regex
from neuraldocflow.extraction.pdf.page import PageContent, TextLine

_BULLETS = "•●○▪■□◦‣➢➤►▶❖◆✓✔✗✘·"
_LIST_MARK = regex(
    rf"(?:[{_BULLETS}–—*o]|[-]|\(?(?:\d{{1,2}}|[a-z]|[ivx]{{1,4}})\)|\d{{1,2}}\.|[a-z]\.)(?=\s|$)"
)
_BULLET = regex(rf"[{_BULLETS}☐☑☒\uf0b7\uf0a7](?:\s|$)")
_NUMBERED_HEADING = regex(
    r"(?:item\s+\d{1,2}[a-c]?\b|part\s+[ivx]+\b|article\s+(?:[ivx]+|\d+)\b|section\s+\d+(?:\.\d+)*\b"
    r"|exhibit\s+[a-z0-9.-]+\b|schedule\s+[a-z0-9.-]+\b|[ivx]{1,5}\.\s+[a-z]|\d+(?:\.\d+)*\.?\s+[A-Z])",
    re.IGNORECASE,
)
_SENTENCE_END = (".", "!", "?", ":", ";", ".”", '."', ".)")
_WORD = regex(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_BREAKABLE = regex(r"([^\W\d_]+)[-\u2010\u00ad]$")
_HYPHENS = "-\u2010\u00ad"
_OWN_LABEL = regex(r"[A-Z][\w .#/&-]{0,40}:(?:\s|$)")
_UNSPACED = regex(r"[\u2e80-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]")
"""Chinese and Japanese letters and signs, between which a line's end is no space."""
_APART = 2.5
"""In sizes of the type: what has a label of its own and stands so far to the right is a line of its own."""
_WORDY = 20
"""Characters; lines that are longer look like running text."""
_FIRST_WORD = regex(r"[^\W\d_]+")


def body_size(pages: Iterable[PageContent]) -> float:
    """The font size most characters have; 10 where there are none."""
    count: Counter[float] = Counter()
    for page in pages:
        for line in page.lines:
            count[round(line.size, 1)] += len(line.text)
    return count.most_common(1)[0][0] if count else 10.0


def wide_leading(pages: Iterable[PageContent]) -> float:
    """The gap between lines, in sizes of their type, of a text set with double spacing; else 0.

    Lines of running text with one gap between most of them, the most of which go on within a sentence.
    """
    gaps: Counter[float] = Counter()
    goes_on: Counter[float] = Counter()
    for page in pages:
        for before, line in pairwise([line for line in page.lines if len(line.text) > 2 * _WORDY]):
            gap = (line.y0 - before.y1) / max(line.size, 1.0)
            if -0.5 < gap < 2 and abs(before.size - line.size) < 0.5:
                gaps[round(gap, 1)] += 1
                goes_on[round(gap, 1)] += line.text[0].islower()
    if not gaps:
        return 0.0
    gap, count = gaps.most_common(1)[0]
    sure = gap > 0.7 and count >= 10 and count > 0.6 * gaps.total() and goes_on[gap] > 0.5 * count
    return gap if sure else 0.0


def reading_order(lines: list[TextLine]) -> list[TextLine]:
    """The lines as they are where their order makes sense on the page, else by recursive cuts of the page.

    The content stream's order is right in nearly every document; it is doubted when the text goes up without
    going to the right more often than one column change or a header written late explains, or when running
    text goes up over such text.
    """
    jumps = [
        at
        for at, (before, after) in enumerate(pairwise(lines), 1)
        if after.y1 <= before.y1 - 0.5 * before.size and after.x0 < before.x1
    ]
    if not jumps:
        return lines
    if len(jumps) <= 2 and len(lines) > 20:
        ends = [*jumps[1:], len(lines)]
        if not any(_goes_over(lines, start, end) for start, end in zip(jumps, ends, strict=True)):
            return lines
    return _cut(sorted(lines, key=lambda line: (line.y0, line.x0)), 0)


def _goes_over(lines: list[TextLine], start: int, end: int) -> bool:
    """Whether running text from ``start`` to ``end`` stands over such text that comes before it."""
    first = lines[start]
    below = [
        line for line in lines[:start] if line.y0 > first.y1 and line.x0 < first.x1 and line.x1 > first.x0
    ]
    if _wordy(below) < 3:
        return False
    top = min(line.y0 for line in below if len(line.text) > _WORDY)
    return _wordy([line for line in lines[start:end] if line.y1 < top]) >= 3


def _cut(lines: list[TextLine], depth: int) -> list[TextLine]:
    """Recursive X-Y cut (Nagy and Seth, 1984): columns first where a gutter runs through, then bands."""
    if len(lines) < 2 or depth > 12:
        return _rows(lines)
    gutter = _widest_gap([(line.x0, line.x1) for line in lines])
    if gutter is not None and gutter[0] > 8:
        left = [line for line in lines if line.x1 <= gutter[1] + 0.1]
        right = [line for line in lines if line.x1 > gutter[1] + 0.1]
        if min(_wordy(left), _wordy(right)) >= 3:
            return _cut(left, depth + 1) + _cut(right, depth + 1)
    band = _widest_gap([(line.y0, line.y1) for line in lines])
    if band is not None and band[0] > 2:
        above = [line for line in lines if line.y1 <= band[1] + 0.1]
        below = [line for line in lines if line.y1 > band[1] + 0.1]
        return _cut(above, depth + 1) + _cut(below, depth + 1)
    return _rows(lines)


def _wordy(lines: list[TextLine]) -> int:
    """How many lines look like running text, which columns consist of and table columns do not."""
    return sum(1 for line in lines if len(line.text) > _WORDY)


def _widest_gap(intervals: list[tuple[float, float]]) -> tuple[float, float] | None:
    """(width, start) of the widest stretch no interval covers."""
    best: tuple[float, float] | None = None
    reach: float | None = None
    for start, end in sorted(intervals):
        if reach is not None and start > reach and (best is None or start - reach > best[0]):
            best = (start - reach, reach)
        reach = end if reach is None else max(reach, end)
    return best


def _rows(lines: list[TextLine]) -> list[TextLine]:
    """Top to bottom, and left to right among lines on about the same baseline."""
    ordered: list[TextLine] = []
    row: list[TextLine] = []
    for line in sorted(lines, key=lambda line: (line.y1, line.x0)):
        if row and line.y1 - row[0].y1 > 0.4 * max(row[0].size, 1):
            ordered.extend(sorted(row, key=lambda one: one.x0))
            row = []
        row.append(line)
    ordered.extend(sorted(row, key=lambda one: one.x0))
    return ordered


def same_row(one: TextLine, other: TextLine) -> bool:
    """Whether ``other`` goes on to the right of ``one`` on the same baseline."""
    if other.x0 < one.x1 - 1:  # so it is for nearly every line of a paragraph
        return False
    overlap = min(one.y1, other.y1) - max(one.y0, other.y0)
    return overlap > 0.6 * min(one.y1 - one.y0, other.y1 - other.y0)


class Paragraphs:
    """Groups the lines of a page into blocks. ``size`` is the body's font size in points."""

    def __init__(self, size: float, known: Callable[[str], bool], leading: float = 0.0) -> None:
        self._size = size
        self._leading = leading
        self._known = known
        self._sideways = False
        """Whether most of the page's lines are not upright."""

    def of(self, lines: list[TextLine], page: int) -> list[Block]:
        blocks: list[Block] = []
        self._sideways = 2 * sum(line.upright for line in lines) < len(lines)
        rows: list[list[TextLine]] = []
        left = right = 0.0
        before: TextLine | None = None
        for line in lines:
            beside = before is not None and same_row(before, line)
            if before is None or self._starts(before, line, beside, left, right):
                if rows:
                    blocks.append(self._block(rows, page))
                rows = [[line]]
                left, right = line.x0, line.x1
            else:
                if beside and not (
                    line.x0 - before.x1 > _APART * before.size and _OWN_LABEL.match(line.text)
                ):
                    rows[-1].append(line)
                else:
                    rows.append([line])
                left, right = min(left, line.x0), max(right, line.x1)
            before = line
        if rows:
            blocks.append(self._block(rows, page))
        return blocks

    def _starts(self, before: TextLine, line: TextLine, beside: bool, left: float, right: float) -> bool:
        """Whether the line begins a new paragraph after ``before``, in whose row it may stand; left and right
        bound the one so far."""
        if beside:
            # A bullet and its text, a line that justification tore apart, a label and its value.
            near = line.x0 - before.x1 <= 2.5 * before.size or _LIST_MARK.fullmatch(before.text)
            return not (near or before.block == line.block)
        size = max(before.size, line.size, 1.0)
        gap = line.y0 - before.y1
        spaced = self._leading > 0 and abs(gap - self._leading * size) < 0.15 * size
        if gap < -1.5 * size or (gap > 0.75 * size and not spaced):
            return True
        if abs(before.size - line.size) > 0.12 * size or before.upright != line.upright:
            return True
        if before.bold != line.bold and (before.bold or not line.text[:1].islower()):
            return True
        if _BULLET.match(line.text):
            return True
        text = before.text
        if spaced and line.x0 < before.x0 - 3 * size and before.x1 < line.x1 - 3 * size:
            return True  # a title in the middle
        if before.block == line.block or spaced:
            if _LIST_MARK.match(line.text) and (text.endswith(_SENTENCE_END) or _LIST_MARK.match(text)):
                return True
            if line.x0 > left + 1.2 * size and text.endswith(_SENTENCE_END) and before.x0 <= left + 1:
                return True
            return before.x1 < right - 0.25 * (right - left) and text.endswith(_SENTENCE_END)
        if gap > 0.45 * size or text.endswith(_SENTENCE_END):
            return True
        return not (line.text[:1].islower() and before.x1 > left + 0.6 * (right - left))

    def _block(self, rows: list[list[TextLine]], page: int) -> Block:
        lines = [_joined(row) for row in rows]
        text, starts = join_lines([line.text for line in lines], self._known)
        group = rows[0] if len(rows) == 1 else [piece for row in rows for piece in row]
        block = Block("paragraph", text, page, _around(group), lines, starts)
        self._classify(block, group)
        return block

    def _classify(self, block: Block, group: list[TextLine]) -> None:
        text = block.text
        words = len(text)
        size = max([line.size for line in group if len(line.text) > 1] or [line.size for line in group])
        if words <= 200 and (group[0].upright or self._sideways) and any(ch.isalpha() for ch in text):
            bold = all(line.bold for line in group)
            larger = size >= 1.15 * self._size
            numbered = _NUMBERED_HEADING.match(text) is not None
            capitals = text.isupper() and words > 3
            sentence = text.endswith((".", ";", ",")) and not numbered
            if (larger and not sentence) or (bold and not sentence) or (numbered and capitals):
                block.kind = "heading"
                block.level = 1
                return
        if _LIST_MARK.match(text) and len(text) > 3:
            block.kind = "list_item"
            block.level = 1


def _joined(row: list[TextLine]) -> Line:
    """The pieces of a row as one line, a space between them."""
    if len(row) == 1:
        return Line(row[0].text, row[0].bbox, row[0].spans)
    spans = [span for piece in row for span in piece.spans]
    first, second = row[:2]
    large = len(first.text) == 1 and first.text.isupper() and first.size > 1.8 * second.size
    glue = "" if large and second.text[0].islower() and second.x0 - first.x1 < 0.7 * second.size else " "
    return Line(glue.join([first.text, " ".join([piece.text for piece in row[1:]])]), _around(row), spans)


def _around(pieces: list[TextLine]) -> Box:
    x0, y0, x1, y1 = zip(*[piece.bbox for piece in pieces], strict=True)
    return min(x0), min(y0), max(x1), max(y1)


def join_lines(texts: list[str], known: Callable[[str], bool]) -> tuple[str, list[int]]:
    """The lines as one text and where each starts in it; a hyphen that only broke a word is dropped.

    ``known`` says whether the document has a word elsewhere: it decides between "agree-/ment" and
    "long-/term".
    """
    if len(texts) == 1:
        return texts[0], [0]
    parts: list[str] = []
    starts: list[int] = []
    position = 0
    for index, text in enumerate(texts):
        starts.append(position)
        if index + 1 == len(texts):
            parts.append(text)
            break
        glue = "" if _UNSPACED.match(text[-1]) and _UNSPACED.match(texts[index + 1]) else " "
        if text[-1] in _HYPHENS and text[-2:-1].isalnum():
            glue = ""
            if _only_broke(text, texts[index + 1], known):
                text = text[:-1]
        parts.append(text + glue)
        position += len(text) + len(glue)
    return "".join(parts), starts


def _only_broke(before: str, after: str, known: Callable[[str], bool]) -> bool:
    """Whether the hyphen at the end of ``before`` is not part of the word."""
    head, tail = _BREAKABLE.search(before), _FIRST_WORD.match(after)
    if head is None or tail is None or not tail[0][0].islower():
        return False
    if before[-1] == "\u00ad":
        return True
    one, two = head[1].lower(), tail[0].lower()
    word = before[before.rfind(" ") + 1 : head.start()]
    if word[-1:] in (".", "@", "_") or "/" in word:
        return False  # of an address
    compound = word[-1:] == "-" or (after[tail.end() : tail.end() + 1] == "-" and known(two))
    if compound and not known(one + two):
        return False
    if known(one + two):
        return True
    if known(f"{one}-{two}"):
        return False
    return not (known(one) and known(two))


def vocabulary(pages: Iterable[PageContent]) -> Callable[[str], bool]:
    """Says whether the document has a word (lower case) inside a line; collected at the first question."""
    words: set[str] | None = None
    kept = list(pages)

    def known(word: str) -> bool:
        nonlocal words
        if words is None:
            text = "\n".join([line for page in kept for line in _unbroken(page)])
            words = set(_WORD.findall(text.lower()))
        return word in words

    return known


def _unbroken(page: PageContent) -> Iterator[str]:
    """The lines without the parts of words that a line's end broke, which are no words of the document."""
    broken = False
    for line in page.lines:
        text = line.text.partition(" ")[2] if broken else line.text
        broken = line.text[-1] in _HYPHENS
        yield text.rpartition(" ")[0] if broken else text


def rank_headings(blocks: Iterable[Block]) -> None:
    """Sets the levels of headings: by size, then capitals; 1 is the most prominent look, 6 the least."""
    headings = [block for block in blocks if block.kind == "heading"]
    looks = {id(block): (-round(block.size), not block.bold, not block.text.isupper()) for block in headings}
    order = {look: rank for rank, look in enumerate(sorted(set(looks.values())), 1)}
    for block in headings:
        block.level = min(order[looks[id(block)]], 6)
