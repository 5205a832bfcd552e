"""Figures of the consolidated statements: the right table, the right row, the fiscal year's column."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ..candidates import Candidate, Context, strategy
from ..model import Document
from ..patterns import regex
from ..statement.lined import lined_sheets
from ..statement.lines import LINES, PER_SHARE, Line
from ..statement.owners import owners_equity
from ..statement.rows import Number, Row, Sheet, sheets
from ..statement.top import top_line

if TYPE_CHECKING:
    from ..profile import Field

_MARKS: dict[str, tuple[tuple[str, float], ...]] = {
    "balance": (
        (r"^total assets$", 3.0),
        (r"^total liabilities", 2.0),
        (r"^total (?:current )?(?:assets|liabilities)$", 1.0),
        (r"^total .{0,60}(?:equity|deficit|capital)", 1.5),
        (
            r"^(?:retained earnings|accumulated deficit|reinvested earnings|additional paid"
            r"|earnings reinvested)",
            1.0,
        ),
        (r"^(?:goodwill|accounts payable|total deposits|deposits|treasury stock)", 0.5),
    ),
    "income": (
        (r"^(?:total )?(?:net )?(?:operating )?(?:revenues?|sales)\b", 1.5),
        (r"\bnet (?:income|earnings|loss|\(loss\))", 1.5),
        (
            r"(?:income|earnings|loss|\(loss\)).{0,30} before .{0,40}tax"
            r"|provision for .{0,12}income tax|income tax",
            1.5,
        ),
        (
            r"^(?:cost of|operating income|income from operations|total (?:operating )?"
            r"(?:costs|expenses)|interest)",
            1.0,
        ),
        (r"\bdiluted\b", 1.5),
        (r"\bbasic\b", 1.0),
    ),
    "cash": (
        (r"operating activities|^net cash (?:from|provided|used).{0,30} operations$", 2.0),
        (r"investing activities|^net cash .{4,40} investing$", 2.0),
        (r"financing activities|^net cash .{4,40} financing$", 2.0),
        (r"^depreciation", 1.0),
        (r"(?:end|beginning) of (?:the )?(?:year|period)", 1.0),
    ),
}
_KINDS = {
    kind: tuple((regex(pattern), weight) for pattern, weight in marks) for kind, marks in _MARKS.items()
}
_TITLES = {
    "balance": regex(
        r"balance\s+sheets?|statements?\s+of\s+(?:financial\s+(?:condition|position)|condition)", re.I
    ),
    "income": regex(
        r"statements?\s+of\s+(?:consolidated\s+)?(?:operations|income|earnings"
        r"|comprehensive\s+(?:income|loss)|loss)|income\s+statements?",
        re.I,
    ),
    "cash": regex(r"statements?\s+of\s+(?:consolidated\s+)?cash\s+flows?|cash\s+flows?\s+statements?", re.I),
}
_WRONG = regex(
    r"parent\s+(?:company|only)|parent-only|condensed\s+financial\s+information"
    r"|schedule\s+i\b|pro\s+forma|guarantor|"
    r"unaudited|selected\s+(?:consolidated\s+)?(?:financial|quarterly)|quarterly"
    r"|discontinued\s+operations\s+(?:were|are)|"
    r"three\s+months|equity\s+method\s+invest|variable\s+interest"
    r"|summari[sz]ed\s+financial|non-?gaap|as\s+reported",
    re.I,
)


_PARTS = regex(
    r"(?:income|earnings|loss|profit).*(?:non-?controlling|minority)|^(?:non-?controlling|minority) inter"
)
_WHOLE = regex(r"(?:consolidated )?net (?:income|earnings|loss|profit|\(loss\)|[ /,()-]|and|or)+")
_LESSER = 0.12
"""How much less sure of its kind a table may be than the best one."""
_NEXT_PAGE = 7000
"""Characters within which a statement's second part follows its first."""


@strategy("statement")
def statement(
    document: Document, spec: dict[str, Any], field: Field, context: Context
) -> Iterator[Candidate]:
    """The figure of ``line`` for the fiscal year, from the best rows of the statements that hold it."""
    line = LINES[str(spec["line"])]
    year = _fiscal_year(context)
    found: list[Candidate] = []
    statements = _statements(document, context)
    best = {kind: _best_of(statements, kind) for kind in line.kinds}
    for sheet in statements:
        kind = max(line.kinds, key=lambda each: sheet.kinds.get(each, 0.0))
        quality = sheet.kinds.get(kind, 0.0)
        leader = best[kind]
        if not quality or leader is None:
            continue
        # a line that the statement itself lacks is not looked for in lesser tables, but on its next page
        follows = 0 <= sheet.start - leader.start < _NEXT_PAGE
        if quality < leader.kinds[kind] - _LESSER and not follows:
            continue
        # what stands in its own statement is preferred over where else it is told
        quality *= 1.0 if kind == line.kinds[0] else 0.8
        if not sheet.years and len(sheet.number_columns()) > 1:
            # the first column is the latest year's mostly, not always
            quality *= 0.75
        for order, (row, weight) in enumerate(zip(sheet.rows, _weights(line, kind, sheet.rows), strict=True)):
            number = sheet.number(row, year) if weight else None
            if number is None or not _fits(line, row, number):
                continue
            score = quality * weight - 0.0005 * order
            found.append(
                _candidate(
                    line,
                    sheet,
                    number.value,
                    number.text,
                    (number.start, number.end),
                    score,
                    document,
                    context,
                )
            )
    found.sort(key=lambda candidate: -candidate.score)
    yield from found[:4]


def _fits(line: Line, row: Row, number: Number) -> bool:
    """Whether a number is of the line's sort: an amount per share, or one that is not."""
    small = abs(number.value) < 100_000 and ("." in number.text or abs(number.value) < 100)
    return small if line.plain else not (small and PER_SHARE.search(row.under))


def _weights(line: Line, kind: str, rows: Sequence[Row]) -> list[float]:
    """How likely each row is the line: by its name, and by what it adds up."""
    parts = any(_PARTS.search(row.label) for row in rows)
    weights = [_weight(line, row, parts) for row in rows]
    if line is LINES["net_income"]:
        for at, row in enumerate(rows):
            if "attributable to" in row.under and row.under != (rows[at - 2].under if at > 1 else ""):
                # whose it is stands in the rows below the heading, or goes on in the next line
                told = _weight(line, Row(f"{row.under} {row.label}", row.numbers), parts)
                weights[at] = max(weights[at], told)
    top = top_line(rows) if line is LINES["revenue"] and kind == "income" else None
    if top is not None:
        at = next(at for at, row in enumerate(rows) if row is top[0])
        if top[1] > 0.9:
            # what adds up the other lines of income is the whole, if no total is told below it
            weights = [
                weight if order > at and row.label.startswith("total") else min(weight, 0.88)
                for order, (row, weight) in enumerate(zip(rows, weights, strict=True))
            ]
        weights[at] = max(_weight(line, top[0], parts), top[1])
    owned = owners_equity(rows) if line is LINES["stockholders_equity"] else None
    if owned is not None:
        own, whole = owned
        weights[own], weights[whole] = max(weights[own], 0.97), min(weights[whole], 0.78)
    return weights


def _weight(line: Line, row: Row, parts: bool) -> float:
    label = f"total {row.under}" if row.label in ("total", "totals") and row.under else row.label
    text = f"{row.under}|{label}" if line.plain else label
    if not label or (line.never is not None and line.never.search(text)):
        return 0.0
    weight = max((weight for pattern, weight in line.names if pattern.search(text)), default=0.0)
    if parts and line is LINES["net_income"] and _WHOLE.fullmatch(label):
        # with shares of others told apart, the plain line is the whole group's, not the owners'
        weight = min(weight, 0.78)
    return weight * (0.6 if "continuing" in text else 1.0)


def _best_of(statements: list[Sheet], kind: str) -> Sheet | None:
    held = [sheet for sheet in statements if kind in sheet.kinds]
    return max(held, key=lambda sheet: (sheet.kinds[kind], -sheet.start), default=None)


def _candidate(
    line: Line,
    sheet: Sheet,
    value: float,
    text: str,
    place: tuple[int, int],
    score: float,
    document: Document,
    context: Context,
) -> Candidate:
    scale = 1.0 if line.plain else sheet.scale or _usual_scale(document, context)
    amount = round(value * scale, 4)
    told: dict[str, Any] = {"scale": scale}
    if not line.plain:
        told["currency"] = sheet.currency or "USD"
    whole = int(amount) if amount.is_integer() and not line.plain else amount
    return Candidate(text, max(min(score, 0.97), 0.05), *place, value=whole, context=told)


def _fiscal_year(context: Context) -> int | None:
    told = str(context.found.get("fiscal_year_end") or "")
    return int(told[:4]) if told[:4].isdecimal() else None


def _statements(document: Document, context: Context) -> list[Sheet]:
    """Sheets that are a statement by their rows, title and place; ``kinds`` says how surely of which kind."""
    if "statements" not in context.cache:
        found = [sheet for sheet in sheets(document) if _classify(document, sheet, context)]
        for kind in _KINDS:
            if not any(sheet.kinds.get(kind, 0.0) >= 0.6 for sheet in found):
                start, end = _accounts(document, context)
                if "lined" not in context.cache:
                    context.cache["lined"] = [
                        sheet
                        for sheet in lined_sheets(document, start, end)
                        if _classify(document, sheet, context)
                    ]
        context.cache["statements"] = found + context.cache.get("lined", [])
    statements: list[Sheet] = context.cache["statements"]
    return statements


def _accounts(document: Document, context: Context) -> tuple[int, int]:
    """Where the accounts stand: from Item 8 on, or anywhere where it is not known."""
    starts = [section.start for section in context.sections if section.id in ("item_8", "item_15")]
    return (min(starts), len(document.text)) if starts else (0, len(document.text))


def _classify(document: Document, sheet: Sheet, context: Context) -> bool:
    labels = [row.label for row in sheet.rows] + [row.under for row in sheet.rows]
    start, _ = _accounts(document, context)
    wrong = _WRONG.search(sheet.title[-_NEAR_TITLE:]) is not None
    for kind, marks in _KINDS.items():
        points = sum(weight for pattern, weight in marks if any(pattern.search(label) for label in labels))
        if points < 4.0:
            continue
        share = min(points / 7.0, 1.0)
        titled = _TITLES[kind].search(sheet.title) is not None
        quality = 0.55 + 0.2 * share + (0.15 if titled else 0.0) + (0.08 if sheet.start >= start else -0.1)
        if len(sheet.rows) < 8:
            quality -= 0.1
        quality -= 0.3 if wrong else 0.0
        quality -= 0.1 if sheet.lined else 0.0
        sheet.kinds[kind] = max(quality, 0.1)
    return bool(sheet.kinds)


_NEAR_TITLE = 260


def _usual_scale(document: Document, context: Context) -> float:
    """The scale that most statements tell, for one that tells none."""
    if "usual_scale" not in context.cache:
        scales = [sheet.scale for sheet in _statements(document, context) if sheet.scale and sheet.kinds]
        context.cache["usual_scale"] = max(set(scales), key=scales.count) if scales else 1.0
    return float(context.cache["usual_scale"])
