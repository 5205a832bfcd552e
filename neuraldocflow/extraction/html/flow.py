"""HTML's tags and text as a flow of pieces: no tree is built, nothing recurses, every tag costs the same."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from neuraldocflow.extraction.flow.layout import nodes_of
from neuraldocflow.extraction.flow.pieces import Mark, Node, Piece
from neuraldocflow.extraction.html.elements import (
    BLOCKS,
    BOLD,
    HEADINGS,
    ITALIC,
    PREFORMATTED,
    TABLE,
    UNSHOWN,
    VOID,
)
from neuraldocflow.extraction.html.tables import RawCell, RawTable, place, span
from neuraldocflow.extraction.html.text import Look, Looks, unescape
from neuraldocflow.extraction.html.typed import typed_tables
from neuraldocflow.extraction.html.xbrl import Facts, Tagged
from neuraldocflow.extraction.model import BlockKind, Table
from neuraldocflow.extraction.patterns import regex
from neuraldocflow.extraction.symbols import above

_HEADING_SIZES = {1: 24.0, 2: 18.0, 3: 14.0, 4: 12.0, 5: 10.0, 6: 8.0}
_DEEPEST_TABLE = 30
_OPENS = regex(r"\s*(?:item\s+\d{1,2}[a-c]?\b|part\s+[ivx]{1,4}\b)", re.IGNORECASE)
_APART = regex(r"\S[ \t]{4,}\S|\S[ \t]{3}[^\sa-z]|[^\sa-z,;][ \t]{3}\S|\A[\W_]+\Z")
"""In a line of preformatted text: columns, or nothing but rules. Justified text has three spaces too."""


@dataclass(slots=True)
class RawLink:
    target: str
    start: Mark
    end: Mark


TextLook = tuple[bool, bool, float, dict[int, str] | None, bool]
"""Bold, italic, size, what its characters stand for in a font of symbols, and whether it is set higher."""
Open = tuple[str, TextLook, bool, int, bool, tuple[bool, bool], Any]
"""An open element: its name; look, hidden, heading level and pre before it; whether what stands beside it
stands apart and whether it has lines of its own; what its end does."""


class Flow:
    """Takes start tags, end tags and text in order; leaves nodes, links and facts."""

    def __init__(self, looks: Looks, facts: Facts) -> None:
        self.body: list[Node] = []
        self.order: list[Piece] = []
        self.links: list[RawLink] = []
        self.facts = facts
        self.language = ""
        self.looks = looks
        self._sink = self.body
        self._stack: list[Open] = []
        self._open: dict[str, int] = {}
        self._tables: list[RawTable] = []
        self._too_deep = 0
        self._bold = self._italic = self._hidden = self._pre = self._raised = False
        self._spreads = False
        self._size = 0.0
        self._heading = 0
        self._symbols: dict[int, str] | None = None
        self._lists = 0
        self._item = False
        self._kind: BlockKind = "paragraph"
        self._parts: list[str] = []
        self._length = 0
        self._space = self._break = False
        self._breaks: list[int] = []
        self._line_bold: bool | None = None
        self._runs: list[tuple[int, bool, bool, float]] = []
        self._anchors: list[str] = []

    def text(self, data: str) -> None:
        """Text as written in the source."""
        if self._hidden:
            if self.facts.listening is not None:
                self.facts.listening.append(unescape(data))
            return
        if "&" in data or not data.isascii():
            data = unescape(data)
        if self._symbols:
            data = data.translate(self._symbols)
        if self._pre and "\n" in data:
            self._preformatted(data)
            return
        words = data.split()
        if not words:
            self._space = True
            return
        core = " ".join(words)
        broken = self._break
        if broken:
            self._after_break(core)
        if self._length and (self._space or data[0].isspace()):
            self._parts.append(" ")
            self._length += 1
            if broken:
                self._breaks.append(self._length)
        look = (self._bold, self._italic, self._size)
        if not self._runs or self._runs[-1][1:] != look:
            self._runs.append((self._length, *look))
        if self._raised and self._parts and self._parts[-1][-1].isdigit():
            core = above(core)
        self._parts.append(core)
        self._length += len(core)
        self._line_bold = self._bold if self._line_bold is None else self._line_bold and self._bold
        self._space = data[-1].isspace()

    def _after_break(self, core: str) -> None:
        """A line break parts a bold line from what is not, and what opens an Item; else it is a space."""
        self._break = False
        self._space = True
        if self._line_bold is not None and (self._line_bold != self._bold or _OPENS.match(core)):
            self.flush()
        self._line_bold = None

    def _preformatted(self, data: str) -> None:
        """Lines of old text filings: blank ones part paragraphs, columns are tables, short ones alone."""
        pre, self._pre = self._pre, False
        lines = data.split("\n")
        whole = ["", *lines[1:]] if self._length else lines  # what goes on behind a tag stands further right
        tables = {} if self._tables else {each.first: each for each in typed_tables(whole)}
        after = 0
        for number, line in enumerate(lines):
            if number in tables:
                after = tables[number].last
                self._typed(tables[number].table)
            if number < after:
                continue
            words = line.strip()
            apart = _APART.search(words) is not None
            if number:
                if apart or self._ended:
                    self.flush()
                self._space = True
            self._ended = apart or len(words) < 50
            if words:
                self.text(line.replace("&", "&amp;"))
            elif number:
                self.flush()
        self._pre = pre

    def _typed(self, table: Table) -> None:
        """A table of preformatted text, as one of tags."""
        cells = table.by_row()
        self.start("table", "")
        for row in range(table.n_rows):
            self.start("thead" if row < table.header_rows else "tbody", "")
            self.start("tr", "")
            column = 0
            for cell in sorted(cells.get(row, ()), key=lambda each: each.column):
                for _ in range(column, cell.column):
                    self.start("td", "")
                self.start("td", f' colspan="{cell.colspan}"')
                self.text(cell.text.replace("&", "&amp;"))
                column = cell.column + cell.colspan
        self.end("table")
        self._ended = True

    _ended = False
    """Whether nothing goes on from the latest line of preformatted text."""

    def mark(self) -> Mark:
        """The place where the next text goes."""
        return len(self.order), self._length

    def start(self, name: str, raw: str) -> None:
        """A start tag."""
        look = self.looks.of(raw, name)
        if ":" in name:
            self._prefixed(name, look)
            return
        if name in TABLE:
            self._table_tag(name, look)
            return
        values = look.values
        if "id" in values and not self._hidden:
            self._anchors.append(values["id"])
        self._space = self._space or self._spreads
        if name in BLOCKS:
            self._block_tag(name, look)
        elif look.lines or look.gap:
            self._space, self._break = True, self._break or look.lines
        if name == "br":
            self._line_break()
        elif name == "input":
            self._input(look)
        elif (
            name == "img"
            and values.get("alt")
            and not self._hidden
            and not self._length
            and len(values["alt"]) < 4
            and sum(map(str.isalnum, values["alt"])) < 2
        ):
            self.text(values["alt"])  # a bullet or a check box drawn as an image
        if name in VOID or look.closed:
            return
        closing: Any = None
        if name == "a":
            if self._open.get("a"):
                self.end("a")
            if values.get("name") and values["name"] != values.get("id"):
                self._anchors.append(values["name"])
            if values.get("href") and not self._hidden:
                closing = RawLink(values["href"], self.mark(), self.mark())
        elif look.shows:
            closing = (look.shows, self.mark())
        self._push(name, look, closing)
        if name in HEADINGS:
            self._heading = int(name[1])
            self._size = look.size or _HEADING_SIZES[self._heading]
        elif name in PREFORMATTED and look.pre is None:
            self._pre = True

    def _push(self, name: str, look: Look, closing: Any) -> None:
        look_before = (self._bold, self._italic, self._size, self._symbols, self._raised)
        beside = self._spreads, look.lines and name not in BLOCKS and not look.hidden
        self._stack.append((name, look_before, self._hidden, self._heading, self._pre, beside, closing))
        self._spreads = look.spreads
        self._open[name] = self._open.get(name, 0) + 1
        if look.bold is not None:
            self._bold = look.bold
        elif name in BOLD:
            self._bold = True
        if look.italic is not None:
            self._italic = look.italic
        elif name in ITALIC:
            self._italic = True
        if look.size is not None:
            self._size = look.size
        if look.symbols is not None:
            self._symbols = look.symbols
        if look.pre is not None:
            self._pre = look.pre
        if look.raised or name == "sup":
            self._raised = True
        if look.hidden or name in UNSHOWN or (name == "dialog" and "open" not in look.values):
            self._hidden = True

    def _block_tag(self, name: str, look: Look) -> None:
        self.flush()
        if self._open.get("p"):
            self.end("p")
        if name == "li":
            self._item = True
        elif name in ("ul", "ol", "menu", "dir"):
            self._lists += 1
        elif name == "figcaption":
            self._kind = "caption"
        elif name in ("html", "body") and not self.language:
            self.language = look.values.get("lang") or look.values.get("xml:lang") or ""
        if name == "body" and self._open.get("head"):
            self.end("head")

    def _line_break(self) -> None:
        if self._hidden:
            return
        if self._break and not self._tables:
            self.flush()
        self._break = self._space = True

    def _input(self, look: Look) -> None:
        """A form's field as a reader sees it: a box, ticked or not, or the value in it."""
        kind = look.values.get("type", "text").lower()
        if kind in ("checkbox", "radio"):
            self.text(" ☒ " if "checked" in look.values else " ☐ ")
        elif kind in ("text", "date", "number", "email", "tel", "") and look.values.get("value"):
            self.text(f" {look.values['value'].replace('&', '&amp;')} ")

    def _prefixed(self, name: str, look: Look) -> None:
        """A tag of inline XBRL, or of a kind unknown."""
        local = name.rpartition(":")[2]
        hides = name in ("ix:header", "ix:hidden")
        tagged = self.facts.open(local, look.values, self.mark(), self._hidden or hides)
        if look.closed:
            self.facts.close(local, tagged, self.mark())
        else:
            self._push(name, look, tagged or local)
            self._hidden = self._hidden or hides

    def end(self, name: str) -> None:
        """An end tag; one that closes nothing still ends a paragraph."""
        if name in TABLE:
            self._table_end(name)
            return
        if name in BLOCKS:
            self.flush()
            if name in ("ul", "ol", "menu", "dir"):
                self._lists = max(self._lists - 1, 0)
        elif name == "br":
            self._line_break()
        if not self._open.get(name) or (self._tables and self._tables[-1].cell is None):
            return
        while self._stack:
            if self._pop() == name:
                break

    def _pop(self) -> str:
        name, before, hidden, self._heading, self._pre, beside, closing = self._stack.pop()
        self._spreads, lines = beside
        self._space = self._space or self._spreads or lines
        self._break = self._break or (lines and not hidden)
        self._bold, self._italic, self._size, self._symbols, self._raised = before
        if name in self._open:
            self._open[name] -= 1
        if closing is not None:
            if isinstance(closing, RawLink):
                closing.end = self.mark()
                self.links.append(closing)
            elif isinstance(closing, tuple):
                self.facts.shown[closing[0]] = (closing[1], self.mark())
            else:
                tagged = closing if isinstance(closing, Tagged) else None
                self.facts.close(name.rpartition(":")[2], tagged, self.mark())
        self._hidden = hidden
        return name

    def _pop_to(self, depth: int) -> None:
        while len(self._stack) > depth:
            self._pop()

    def flush(self) -> None:
        """Ends the paragraph."""
        self._space = self._break = False
        self._line_bold = None
        if not self._length:
            return
        kind: BlockKind = self._kind
        level = 0
        if self._heading:
            kind, level = "heading", self._heading
        elif self._item:
            kind, level = "list_item", max(self._lists, 1)
        piece = Piece("".join(self._parts), kind, level, self._runs, self._anchors, tuple(self._breaks))
        self.order.append(piece)
        self._sink.append([piece])
        self._kind, self._item = "paragraph", False
        self._parts, self._runs, self._anchors, self._length, self._breaks = [], [], [], 0, []

    def _table_tag(self, name: str, look: Look) -> None:
        if name == "table":
            self._table_start(look)
            return
        self.flush()
        if not self._tables or self._too_deep:
            return
        table = self._tables[-1]
        self._close_cell(table)
        if "id" in look.values and not self._hidden:
            self._anchors.append(look.values["id"])
        if name in ("thead", "tbody", "tfoot"):
            table.in_head = name == "thead"
            return
        if name == "tr":
            self._pop_to(table.depth + 1)
            table.grid.next_row()
            if not look.closed:
                self._push_bare(look, name)
            return
        cell = RawCell(
            len(self._stack),
            span(look, "colspan"),
            span(look, "rowspan"),
            name == "th",
            look.hidden or self._hidden,
        )
        table.in_caption = name == "caption"
        self._kind = "caption" if table.in_caption else "paragraph"
        table.cell = cell
        self._push_bare(look, name)
        self._sink = table.caption if table.in_caption else cell.nodes
        self._open = {}
        if look.closed:
            self._close_cell(table)

    def _push_bare(self, look: Look, name: str) -> None:
        """Opens a table's part: its end is found by the table, not by its name."""
        self._push("", look, None)
        del self._open[""]
        self._bold = self._bold or (name == "th" and look.bold is None)

    def _table_start(self, look: Look) -> None:
        if self._open.get("p"):
            self.end("p")
        self.flush()
        if len(self._tables) >= _DEEPEST_TABLE:
            self._too_deep += 1
            return
        if "id" in look.values and not self._hidden:
            self._anchors.append(look.values["id"])
        self._tables.append(RawTable(len(self._stack), self._sink, self._open))
        self._push_bare(look, "table")

    def _table_end(self, name: str) -> None:
        if not self._tables:
            self.flush()
            return
        table = self._tables[-1]
        if self._too_deep:
            self.flush()
            self._too_deep -= name == "table"
        elif name == "table":
            self._close_table()
        else:
            self.flush()
            self._close_cell(table)
            if name == "tr":
                self._pop_to(table.depth + 1)
            elif name == "thead":
                table.in_head = False

    def _close_cell(self, table: RawTable) -> None:
        if table.cell is None:
            return
        self.flush()
        self._pop_to(table.cell.depth)
        self._kind = "paragraph"
        if not table.in_caption:
            place(table, table.cell)
        table.cell = None
        self._sink = table.outer
        self._open = table.open

    def _close_table(self) -> None:
        table = self._tables.pop()
        self._close_cell(table)
        self.flush()
        self._pop_to(table.depth)
        self._sink = table.outer
        self._sink.extend(nodes_of(table.grid, table.caption, table.head_rows))

    def finish(self) -> None:
        """The end of the source: everything still open is closed."""
        self.flush()
        while self._tables:
            self._close_table()
        self._pop_to(0)
        self.flush()
