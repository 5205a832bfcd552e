"""How right tables are: each cell with the one before it in its row, found again or not.

The truth is a document's ``tables`` (each a list of rows of texts) where its truth file has them; else, for
a file with an HTML file of its own name beside it, the ``<table>`` markup of that HTML, read here by the
standard library's parser alone. Cells without a letter or digit (currency signs, brackets, dashes, bullets)
do not count, since filings put them into columns of their own; nor do tables that only place text (fewer than
two rows of two cells).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from html.parser import HTMLParser
from pathlib import Path

from .measures import Counts
from .scoring import tokens

Rows = list[list[str]]
_VOID = frozenset(("area", "base", "br", "col", "hr", "img", "input", "link", "meta", "wbr"))
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_BREAKS = frozenset(("br", "p", "div", "li", "tr", "td", "th"))


class _Markup(HTMLParser):
    """The rows of each table that holds no other table, hidden text left out."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: list[Rows] = []
        self._open: list[Rows] = []
        self._outer: set[int] = set()
        self._cell: list[str] | None = None
        self._hidden: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._hidden or tag in ("script", "style") or _HIDDEN.search(dict(attrs).get("style") or ""):
            if tag not in _VOID:
                self._hidden.append(tag)
            return
        if tag == "table":
            self._close_cell()
            self._outer.update(id(each) for each in self._open)
            self._open.append([])
        elif tag == "tr" and self._open:
            self._close_cell()
            self._open[-1].append([])
        elif tag in ("td", "th") and self._open:
            self._close_cell()
            self._cell = []
        elif tag in _BREAKS and self._cell is not None:
            self._cell.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if self._hidden:
            if tag in self._hidden:
                while self._hidden.pop() != tag:
                    pass
        elif tag in ("td", "th", "tr"):
            self._close_cell()
        elif tag == "table" and self._open:
            self._close_cell()
            table = self._open.pop()
            if id(table) not in self._outer:
                self.tables.append(table)

    def handle_data(self, data: str) -> None:
        if self._cell is not None and not self._hidden:
            self._cell.append(data)

    def _close_cell(self) -> None:
        if self._cell is None:
            return
        if self._open:
            if not self._open[-1]:
                self._open[-1].append([])
            self._open[-1][-1].append("".join(self._cell))
        self._cell = None


def marked_up(path: Path) -> list[Rows]:
    """The tables of an HTML file. Raises OSError."""
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    markup = _Markup()
    markup.feed(text)
    markup.close()
    return markup.tables


def truth_of(path: Path, told: Sequence[Rows] | None) -> list[Rows] | None:
    """The tables a file should have: as told, else those of the HTML beside it; None where neither is."""
    if told is not None:
        return list(told)
    sibling = path.with_suffix(".html")
    return marked_up(sibling) if sibling.is_file() else None


def compare(truth: Iterable[Rows], found: Iterable[Rows]) -> Counts:
    """Cells (each with the one before it in its row) right, given but not there, and missed."""
    wanted, given = Counter(_pairs(truth)), Counter(_pairs(found))
    right = (wanted & given).total()
    return Counts(right, given.total() - right, wanted.total() - right)


def _pairs(tables: Iterable[Rows]) -> Iterable[tuple[str, str]]:
    for table in tables:
        rows = [cells for cells in (_cells(row) for row in table) if cells]
        if sum(len(row) > 1 for row in rows) < 2:
            continue
        for row in rows:
            yield from zip(["", *row], row, strict=False)


def _cells(row: Sequence[str]) -> list[str]:
    """A row's cells as scoring reads them, without those that say nothing."""
    folded = ("".join(tokens("" if text is None else str(text))) for text in row)
    return [text for text in folded if text]
