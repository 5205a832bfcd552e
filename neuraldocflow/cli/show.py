"""How results and documents look on a terminal."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from neuraldocflow.wording import counted, harmless

MARKS = {"completed": "done", "partial": "partial", "failed": "failed"}
_WIDE = 240
"""Characters a line may have where no terminal shows it."""
_COLOURS = {"completed": "green", "partial": "yellow", "failed": "red"}


class _Console(Console):
    """Nothing that is shown controls the terminal: names and values come from whoever sent a document."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for text, style, control in super().render(renderable, options):
            yield Segment(text if control else harmless(text), style, control)

    def on_broken_pipe(self) -> None:
        """Nothing more is shown; the program's entry point knows what a reader that has gone means."""
        self.quiet = True
        raise


def console(stderr: bool = False) -> Console:
    """A console that respects NO_COLOR and narrow terminals; what reads a pipe has lines of any width.
    ``a[final].pdf`` and ``b:100:.pdf`` are names: no markup, no emoji."""
    made = _Console(stderr=stderr, highlight=False, markup=False, emoji=False)
    if not made.is_terminal and "COLUMNS" not in os.environ:
        made.width = _WIDE
    return made


def table(*columns: str) -> Table:
    """A table that is narrowed by more lines in its cells, never by leaving out what stands in them."""
    made = Table()
    for column in columns:
        made.add_column(column, overflow="fold")
    return made


def seconds(milliseconds: float | None) -> str:
    """``0.9 s``, ``12 s``, ``3 min``, ``5 h``, ``4 d``; nothing where unknown."""
    if milliseconds is None:
        return ""
    value = milliseconds / 1000
    if value < 10:
        return f"{value:.1f} s"
    for unit, length in (("s", 1), ("min", 60), ("h", 3600)):
        if value < 120 * length:
            return f"{value / length:.0f} {unit}"
    return f"{value / 86400:.0f} d"


def fields_of(result: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that have a value."""
    data = result.get("extractedData") or {}
    return {name: found for name, found in (data.get("fields") or {}).items() if found}


def line_of(result: Mapping[str, Any]) -> Text:
    """A document in one line: name, how it ended, time, fields, confidence, where doubt is."""
    metadata, status = result.get("metadata") or {}, result["status"]
    name = str(metadata.get("filename") or result.get("jobId", "")).replace("\n", " ")
    line = Text(f"{name}  ")
    line.append(MARKS.get(status, status), style=_COLOURS.get(status, ""))
    if result.get("error"):
        error = result["error"]
        return line.append(f"  {error['code']}: {error['message']}")
    data = result.get("extractedData") or {}
    took = seconds((metadata.get("timings") or {}).get("totalMs"))
    line.append(f"  {took} · {data.get('documentType')} · {counted(len(fields_of(result)), 'field')}")
    if data.get("clauses"):
        kinds = sum(bool(found) for found in data["clauses"].values())
        line.append(f" · {counted(kinds, 'clause kind')}")
    line.append(f" · {data.get('confidence', 0):.2f}")
    failed = [each for each in result.get("validationResults") or () if not each["passed"]]
    errors = [each for each in failed if each["severity"] == "error"]
    if errors:
        line.append(f"  {errors[0]['message']}", style="yellow")
    return line


def fields_table(result: Mapping[str, Any]) -> Table:
    """Field, value, confidence, page: the least sure first, for that is where a person is needed."""
    metadata = result.get("metadata") or {}
    table = Table(title=str(metadata.get("filename") or ""), title_justify="left", expand=False)
    table.add_column("field", overflow="fold", min_width=8)
    table.add_column("value", overflow="fold", min_width=8, max_width=70)
    table.add_column("confidence", overflow="fold", min_width=4, justify="right")
    table.add_column("page", overflow="fold", min_width=4, justify="right")
    rows = [
        (name, value)
        for name, found in fields_of(result).items()
        for value in (found if isinstance(found, list) else [found])
    ]
    for name, value in sorted(rows, key=lambda row: row[1]["confidence"]):
        places = value.get("provenance") or []
        page = next((str(place["page"]) for place in places if place.get("page")), "")
        table.add_row(name, Text(_plain(value["value"])), f"{value['confidence']:.2f}", page)
    return table


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_plain(inner)}" for key, inner in value.items() if inner)
    if isinstance(value, list):
        return "; ".join(_plain(each) for each in value)
    if isinstance(value, float) and value.is_integer():
        return f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
