"""What the columns of a clinical table hold: its header row and the role of each column."""

from __future__ import annotations

from dataclasses import dataclass

from .clinical_terms import column_role
from .model import Cell, Table


@dataclass(slots=True)
class Layout:
    """The row with the headers (-1: none), each column's role, the columns with names, best first."""

    header_row: int
    roles: dict[int, str]
    names: list[int]
    n_columns: int

    def continues(self, before: Layout) -> bool:
        """Whether this is the table before it going on over a page: no header, or a part of the same one."""
        return (
            self.n_columns == before.n_columns
            and len(self.roles) < len(before.roles)
            and all(role in (before.roles.get(column), "group") for column, role in self.roles.items())
        )


def layout_of(table: Table, kind: str) -> Layout:
    """The layout by the row among the first whose cells name the most roles."""
    rows = table.by_row()
    best = Layout(-1, {}, [], table.n_columns)
    for number in sorted(rows)[: max(table.header_rows, 2)]:
        headers = _header_texts(rows[number], kind, table.n_columns)
        ranked: list[tuple[int, int]] = []
        roles: dict[int, str] = {}
        for column, text in headers.items():
            role, rank = column_role(text, kind)
            if role == "name":
                ranked.append((rank, column))
            elif role:
                roles[column] = role
        ranked.sort()
        if ranked:
            roles[ranked[0][1]] = "name"
        declared = number < table.header_rows or any(cell.header for cell in rows[number])
        alone = len(headers) == 1 and table.n_columns > 1
        if not alone and roles and (len(roles) >= 2 or declared) and len(roles) > len(best.roles):
            best = Layout(number, roles, [column for _, column in ranked], table.n_columns)
    if best.header_row < 0 and table.header_rows:
        best.header_row = table.header_rows - 1
    return best


def _header_texts(row: list[Cell], kind: str, n_columns: int) -> dict[int, str]:
    """Header texts by column; one that runs into the empty cell after it is parted."""
    found = {cell.column: cell.text for cell in row if cell.text.strip()}
    filled = set(found)
    for cell in row:
        after = cell.column + cell.colspan
        empty = after < n_columns and after not in filled and len(filled) > 1
        words = cell.text.split()
        if not empty or len(words) < 2:
            continue
        for count in range(len(words) - 1, 0, -1):
            left, right = " ".join(words[:count]), " ".join(words[count:])
            if column_role(left, kind)[0] and column_role(right, kind)[0] not in (None, "name"):
                found[cell.column], found[after] = left, right
                break
    return found


def names_columns(row: list[Cell], kind: str) -> bool:
    """Whether a row is a header, such as one that comes again where two tables ran together."""
    roles = [column_role(cell.text, kind)[0] for cell in row if cell.text.strip()]
    return len(roles) >= 3 and "name" in roles and None not in roles
