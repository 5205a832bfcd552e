"""Runs of text on their way from markup to blocks and cells, and the marks that remember places in them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from neuraldocflow.extraction.model import Block, BlockKind, Cell, Line, Span

Mark = tuple[int, int]
"""(number of the piece in source order, offset in its text); the piece may still be being written."""


@dataclass(slots=True)
class Piece:
    """A paragraph's worth of text; ``runs`` are (offset, bold, italic, size)."""

    text: str
    kind: BlockKind
    level: int
    runs: list[tuple[int, bool, bool, float]]
    anchors: list[str] = field(default_factory=list)
    breaks: tuple[int, ...] = ()
    """Offsets at which the author began another line."""
    owner: Block | Cell | None = None
    offset: int = 0

    @property
    def bold(self) -> bool:
        return all(run[1] for run in self.runs)

    def start(self) -> int:
        """Offset in the document's text, once that is laid out; -1 where it is not part of it."""
        owner = self.owner
        return -1 if owner is None or owner.start < 0 else owner.start + self.offset


Node = list[Piece] | Block
"""Pieces that make one block, or a block that is made already (a table)."""


def text_of(nodes: list[Node]) -> str:
    """The text of a cell that holds no table."""
    return " ".join([piece.text for node in nodes if isinstance(node, list) for piece in node])


def own(owner: Block | Cell, nodes: list[Node], position: int) -> int:
    """Says where in ``owner``'s text the pieces stand from ``position`` on and its lines begin; their end."""
    breaks: list[int] = []
    for number, node in enumerate(nodes):
        if isinstance(node, list):
            if number:
                breaks.append(position)
            for piece in node:
                piece.owner, piece.offset = owner, position
                breaks.extend(position + at for at in piece.breaks)
                position += len(piece.text) + 1
    if breaks:
        owner.breaks += tuple(breaks)
    return position - 1


def block_of(pieces: list[Piece]) -> Block:
    """The block of pieces joined by spaces: one line, with its spans."""
    first = pieces[0]
    spans: list[Span] = []
    for number, piece in enumerate(pieces):
        ends = [run[0] for run in piece.runs[1:]] + [len(piece.text)]
        for (start, bold, italic, size), end in zip(piece.runs, ends, strict=True):
            text = piece.text[start:end]
            if end == len(piece.text) and number < len(pieces) - 1:
                text += " "
            spans.append(Span(text, None, "", size, bold, italic))
    text = first.text if len(pieces) == 1 else " ".join([piece.text for piece in pieces])
    anchors = [anchor for piece in pieces for anchor in piece.anchors]
    block = Block(first.kind, text, lines=[Line(text, None, spans)], line_starts=[0], level=first.level)
    block.anchor = " ".join(anchors[:20]) or None
    own(block, [pieces], 0)
    return block


def blocks_of(nodes: list[Node], part: str) -> list[Block]:
    """The blocks of a part of a document, each with its path: an element and its number among its kind."""
    counts: Counter[str] = Counter()
    blocks: list[Block] = []
    for node in nodes:
        block = block_of(node) if isinstance(node, list) else node
        element = "table" if block.table is not None else _ELEMENTS.get(block.kind, "p")
        counts[element] += 1
        block.path = f"{part}/{element}[{counts[element]}]"
        blocks.append(block)
    return blocks


_ELEMENTS = {"heading": "h", "list_item": "li"}


class Places:
    """Marks as offsets of the document's text, once it is laid out."""

    def __init__(self, order: list[Piece]) -> None:
        self._order: list[Piece] = [piece for piece in order if piece.start() >= 0]
        self._starts: list[int] = [piece.start() for piece in self._order]
        seen = 0
        self._index: list[int] = []
        for piece in order:
            self._index.append(seen)
            seen += piece.start() >= 0

    def span(self, start: Mark, end: Mark) -> tuple[int, int]:
        """(start, end) of what stands between two marks; (-1, -1) where there is nothing."""
        first = self._at(start[0])
        offset = start[1]
        while first < len(self._order) and offset >= len(self._order[first].text):
            first, offset = first + 1, 0
        last, until = self._at(end[0]), end[1]
        if last >= len(self._order) or until == 0:
            last, until = min(last, len(self._order)) - 1, 1 << 60
        if first >= len(self._order) or last < first:
            return -1, -1
        text = self._order[first].text
        while offset < len(text) - 1 and text[offset] == " ":
            offset += 1
        begin = self._starts[first] + offset
        finish = self._starts[last] + min(until, len(self._order[last].text))
        return (begin, finish) if begin < finish else (-1, -1)

    def _at(self, number: int) -> int:
        return self._index[number] if number < len(self._index) else len(self._order)
