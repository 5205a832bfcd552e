"""Rows of clinical tables by the roles of their columns, and the rows that speak of others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from ..model import Cell
from ..patterns import regex
from .codes import Code, column_codes
from .columns import Layout, Rows, column_role, names_columns
from .dates import BLANK_DATE
from .lines import told_in_details
from .parts import Entry, Part, part_of
from .terms import NOT_GIVEN

_REMARK = regex(
    r"\s*(?P<word>sig|directions?|instructions?|comments?|notes?|overview|indications?|reason|reactions?|severity|status)"
    r"\s*:\s*(?=\S)",
    re.IGNORECASE,
)
_LABEL = regex(_REMARK.pattern.removesuffix(r"(?=\S)"), re.IGNORECASE)
"""The label of a remark with the remark in the cell beside it."""
_REMARK_ROLES = {
    "sig": "directions",
    "direction": "directions",
    "instruction": "directions",
    "comment": "comment",
    "note": "comment",
    "overview": "comment",
    "indication": "indication",
    "reason": "indication",
    "reaction": "reaction",
}


def parted_at_headers(rows: Rows, kind: str) -> list[Rows]:
    """The rows in parts, another where headers come that differ from those before: two tables run together.

    The row with a single cell above such headers is their title and goes with them.
    """
    parts: list[Rows] = [{}]
    before: dict[int, str] | None = None
    title: int | None = None
    for number, row in rows.items():
        headers = {cell.column: cell.text for cell in row if cell.text.strip()}
        if names_columns(row, kind):
            if before is not None and headers != before:
                parts.append({title: parts[-1].pop(title)} if title is not None else {})
            before = headers
        parts[-1][number] = row
        title = number if len(headers) == 1 else None
    return parts


def parted_beside(rows: Rows, kind: str, width: int) -> list[tuple[int, Rows]]:
    """The rows in parts, each with its width: of lists beside each other, ``Drug | Dose | Drug | Dose``."""
    for row in list(rows.values())[:2]:
        titles = {cell.column: cell.text.lower() for cell in row if cell.text.strip()}
        if len(titles) < width or not any(column_role(title, kind)[0] == "name" for title in titles.values()):
            continue
        for each in (n for n in range(2, width // 2 + 1) if width % n == 0):
            if all(titles[column] == titles[column % each] for column in range(width)):
                return [(each, _columns_from(rows, first, each)) for first in range(0, width, each)]
    return [(width, rows)]


def _columns_from(rows: Rows, first: int, width: int) -> Rows:
    """Some neighbouring columns of the rows, counted from the first of them."""
    return {
        number: [
            replace(cell, column=cell.column - first) for cell in row if 0 <= cell.column - first < width
        ]
        for number, row in rows.items()
    }


def body_rows(rows: Rows, layout: Layout) -> Iterator[tuple[int, list[Cell]]]:
    """The rows below the headers; headers that come again, and the titles over them, are left out."""
    repeated = {number for number, row in rows.items() if names_columns(row, layout.kind)}
    for number, row in rows.items():
        if number <= layout.header_row or number in repeated or not any(cell.text.strip() for cell in row):
            continue
        if number + 1 in repeated and sum(bool(cell.text.strip()) for cell in row) == 1:
            continue
        yield number, row


def row_parts(row: list[Cell], layout: Layout) -> dict[str, Part]:
    """What a row says, by role: of several columns of a role the first that is filled."""
    found: dict[str, Part] = {}
    for role, text in _told_by_cells(row, layout):
        if role in ("date", "end_date") and (BLANK_DATE.search(text.text) or not re.search(r"\d", text.text)):
            continue
        if role and role not in found and text.text and not (role != "name" and NOT_GIVEN.match(text.text)):
            found[role] = text
    if "comment" in found:
        found = {**told_in_details(found.pop("comment")), **found}
    return found


def _told_by_cells(row: list[Cell], layout: Layout) -> Iterator[tuple[str | None, Part]]:
    """The role and the text of each cell; of one that bars part as they do its title, those of each part."""
    for cell in row:
        parts = parts_by_bars(cell, layout)
        if not parts:
            yield layout.roles.get(cell.column), part_of(cell)
        for title, part in parts:
            role = column_role(title, layout.kind)[0]
            if role != "name":
                yield role, part
        if parts and layout.roles.get(cell.column) == "name":
            yield "name", name_part(cell, layout)


def parts_by_bars(cell: Cell, layout: Layout) -> list[tuple[str, Part]]:
    """Each part of ``Hives | Mild`` with its title, where the column's is ``Reaction | Severity``."""
    titles = layout.titles.get(cell.column, "").split("|")
    if len(titles) < 2 or cell.text.count("|") != len(titles) - 1:
        return []
    whole = part_of(cell)
    pieces = [whole.cut(*match.span()) for match in re.finditer(r"[^|]*(?:\||$)", whole.text)]
    return [(title, piece.trimmed(" |")) for title, piece in zip(titles, pieces, strict=False)]


def name_part(cell: Cell, layout: Layout) -> Part:
    """What of a cell names an entry: of parts by bars the one whose title says so most surely."""
    ranked = [
        (rank, part)
        for title, part in parts_by_bars(cell, layout)
        for role, rank in [column_role(title, layout.kind)]
        if role == "name"
    ]
    return min(ranked, key=lambda pair: pair[0])[1] if ranked else part_of(cell)


def row_codes(row: list[Cell], layout: Layout) -> list[Code]:
    """The codes of all columns of codes."""
    system = next((cell.text for cell in row if layout.roles.get(cell.column) == "code_system"), "")
    return [
        code
        for cell in row
        if layout.roles.get(cell.column) == "code" and not NOT_GIVEN.match(cell.text)
        for code in column_codes(part_of(cell), layout.titles.get(cell.column, ""), system.strip())
    ]


def joins(row: list[Cell], layout: Layout, broken: Entry) -> bool:
    """Whether a row is the rest of an entry that a page's end broke; what it says is put behind the name.

    Nothing in the row says when, what state or how much, as that entry does of itself.
    """
    told = {layout.roles.get(cell.column): part_of(cell) for cell in row if cell.text.strip()}
    said = len(_TELLING & broken.parts.keys()) + bool(broken.codes)
    if "name" not in told or _TELLING & told.keys() or said < 2:
        return False
    name = f"{broken.name.text} {told['name'].text}"
    broken.name = replace(broken.name, text=name)
    return True


_TELLING = frozenset(
    {"date", "end_date", "status", "code", "value", "unit", "reference_range", "dose", "directions"}
)
"""Roles of what nearly each row of a list has."""


def is_translation(parts: dict[str, Part], codes: list[Code], layout: Layout) -> bool:
    """Whether a row only gives another code for the entry above: a code, but no date, status or group."""
    if not codes or "name" not in parts:
        return False
    leading = {"group", "date", "status"} & set(layout.roles.values())
    return len(leading) >= 2 and not leading & set(parts)


def _remark_role(word: str) -> str:
    word = word.lower().rstrip("s")
    return _REMARK_ROLES.get(word, word)


class Remarks:
    """Rows with a single cell: the title of the group below, or a remark on the entry above."""

    def __init__(self, n_columns: int, previous: Entry | None = None) -> None:
        """``previous`` is the entry above the first row, where the table goes on over a page."""
        self.n_columns = n_columns
        self.group: Part | None = None
        self.previous = previous

    def takes(self, row: list[Cell]) -> bool:
        """Whether a row is no entry of its own; what it says is kept."""
        filled = [cell for cell in row if cell.text.strip()]
        if len(filled) == 2 and self.previous is not None and (label := _LABEL.fullmatch(filled[0].text)):
            self.previous.parts.setdefault(_remark_role(label["word"]), part_of(filled[1]))
            return True
        if len(filled) != 1 or self.n_columns < 2:
            return False
        text = part_of(filled[0])
        remark = _REMARK.match(text.text)
        if remark is not None and self.previous is not None:
            self.previous.parts.setdefault(
                _remark_role(remark["word"]), text.cut(remark.end(), len(text.text))
            )
            return True
        if filled[0].colspan < self.n_columns:
            return False
        self.group = text
        self.previous = None
        return True

    def told(self) -> dict[str, Part]:
        """What the row of a group says of those below it."""
        return {"group": self.group} if self.group is not None else {}
