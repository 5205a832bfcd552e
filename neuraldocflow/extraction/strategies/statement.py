"""Figures of the consolidated statements: the right table, the right row, the fiscal year's column."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..candidates import Candidate, Context, strategy
from ..model import Document
from ..statement_rows import Row, Sheet, lined_sheets, sheets

if TYPE_CHECKING:
    from ..profile import Field

_MARKS: dict[str, tuple[tuple[str, float], ...]] = {
    "balance": (
        (r"^total assets$", 3.0),
        (r"^total liabilities", 2.0),
        (r"^total (?:current )?(?:assets|liabilities)$", 1.0),
        (r"^total .{0,60}(?:equity|deficit|capital)", 1.5),
        (
            r"^(?:retained earnings|accumulated deficit|reinvested earnings|additional paid|earnings reinvested)",
            1.0,
        ),
        (r"^(?:goodwill|accounts payable|total deposits|deposits|treasury stock)", 0.5),
    ),
    "income": (
        (r"^(?:total )?(?:net )?(?:operating )?(?:revenues?|sales)\b", 1.5),
        (r"\bnet (?:income|earnings|loss|\(loss\))", 1.5),
        (
            r"(?:income|earnings|loss|\(loss\)).{0,30} before .{0,40}tax|provision for .{0,12}income tax|income tax",
            1.5,
        ),
        (
            r"^(?:cost of|operating income|income from operations|total (?:operating )?(?:costs|expenses)|interest)",
            1.0,
        ),
        (r"\bdiluted\b", 1.5),
        (r"\bbasic\b", 1.0),
    ),
    "cash": (
        (r"(?:cash|net).{0,60}operating activities|operating activities", 2.0),
        (r"investing activities", 2.0),
        (r"financing activities", 2.0),
        (r"^depreciation", 1.0),
        (r"(?:end|beginning) of (?:the )?(?:year|period)", 1.0),
    ),
}
_KINDS = {
    kind: tuple((re.compile(pattern), weight) for pattern, weight in marks) for kind, marks in _MARKS.items()
}
_TITLES = {
    "balance": re.compile(
        r"balance\s+sheets?|statements?\s+of\s+(?:financial\s+(?:condition|position)|condition)", re.I
    ),
    "income": re.compile(
        r"statements?\s+of\s+(?:consolidated\s+)?(?:operations|income|earnings|comprehensive\s+(?:income|loss)|loss)|income\s+statements?",
        re.I,
    ),
    "cash": re.compile(
        r"statements?\s+of\s+(?:consolidated\s+)?cash\s+flows?|cash\s+flows?\s+statements?", re.I
    ),
}
_WRONG = re.compile(
    r"parent\s+(?:company|only)|parent-only|condensed\s+financial\s+information|schedule\s+i\b|pro\s+forma|guarantor|"
    r"unaudited|selected\s+(?:consolidated\s+)?(?:financial|quarterly)|quarterly|discontinued\s+operations\s+(?:were|are)|"
    r"three\s+months|equity\s+method\s+invest|variable\s+interest|summari[sz]ed\s+financial|non-?gaap|as\s+reported",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Line:
    """How a line of a statement is called: patterns with weights, and what it must not say."""

    kinds: tuple[str, ...]
    names: tuple[tuple[re.Pattern[str], float], ...]
    never: re.Pattern[str] | None = None
    plain: bool = False
    """Not scaled: amounts per share."""


def _line(kinds: str, names: Sequence[tuple[str, float]], never: str = "", plain: bool = False) -> Line:
    return Line(
        tuple(kinds.split()),
        tuple((re.compile(pattern), weight) for pattern, weight in names),
        re.compile(never) if never else None,
        plain,
    )


_OWNERS = (
    r"(?:stock|share)(?:holders?|owners?)'?s?'?|owners?'?s?'?|members?'?s?'?|partners?'?s?'?|unit ?holders?'?"
)
_EARNED = r"(?:(?:income|earnings|profit|loss|\(loss\)|\(losses\)|losses)[ /,-]*(?:and |or )?)+"
_SHARE = r"(?:per (?:common |ordinary |basic |diluted |limited partner |class a )*(?:share|unit|stock)|earnings per|eps\b)"
LINES: dict[str, Line] = {
    "revenue": _line(
        "income",
        [
            (
                r"^total (?:net )?(?:operating )?(?:revenues?|sales)(?: and other(?: income)?|,? net.{0,30})?$",
                1.0,
            ),
            (r"^total (?:net )?(?:revenues?|sales)(?: and .{3,30}|, .{3,30}| \(.{3,30}\))?$", 0.97),
            (r"^(?:net |operating )?(?:revenues?|sales)(?: \(.{0,40}\)|, net| net)?$", 0.96),
            (r"^(?:net )?(?:operating )?revenues?,? net of .{0,40}$", 0.96),
            (r"^(?:net )?(?:sales|revenues?) (?:and|to|from) .{3,50}$", 0.85),
            (r"^(?:net )?(?:operating )?(?:sales|revenues?)\b.{0,40}$", 0.75),
            (r"^total (?:interest|investment)(?: and dividend| and fee)? income$", 0.6),
        ],
        r"cost|expense(?!.*net of interest)|deferred|marketing|percent|%|growth|per share|tax|gain|loss|before|"
        r"excess|provision|interest income, net|allowance",
    ),
    "net_income": _line(
        "income cash",
        [
            (
                rf"^(?:consolidated )?net {_EARNED}(?:attributable|applicable) to (?!.*(?:common|ordinary|non-?controlling|minority|preferred|redeemable)).{{2,80}}$",
                1.0,
            ),
            (rf"^(?:consolidated )?net {_EARNED}$", 0.95),
            (rf"^net {_EARNED}(?:for the (?:year|period)|\(.{{0,30}}\))$", 0.93),
            (
                rf"^(?:consolidated |total )?net {_EARNED}(?:including|before) (?:attribution|non-?controlling|allocation).{{0,60}}$",
                0.8,
            ),
            (r"^(?:profit|income|loss|\(loss\) profit|profit \(loss\)) (?:for|attributable).{0,60}$", 0.8),
            (
                rf"^net {_EARNED}(?:attributable|available|applicable|allocable) to .{{0,40}}(?:common|ordinary).{{0,60}}$",
                0.72,
            ),
            (r"^net (?:increase|decrease) in net assets (?:resulting )?from operations", 0.7),
        ],
        r"attributable to (?:the )?(?:redeemable )?(?:non-?controlling|minority)|per (?:common |ordinary )?(?:share|unit)|continuing|discontinued|adjust|"
        r"comprehensive|% of|percent|margin|participating|to reconcile|equity in",
    ),
    "eps_basic": _line(
        "income",
        [
            (rf"{_SHARE}.*\|(?:.*\b)?basic\b", 1.0),
            (rf"\|.*\bbasic\b.*{_SHARE}|\|.*{_SHARE}.*\bbasic\b", 1.0),
            (r"\|basic(?: and diluted)?(?: \(.{0,40}\))?$", 0.9),
            (rf"\|(?:net )?{_EARNED}{_SHARE}(?: \(.{{0,30}}\))?$", 0.7),
        ],
        r"weighted|average|outstanding|shares used|dividend|discontinued|cumulative|\|diluted(?! and basic)",
        plain=True,
    ),
    "eps_diluted": _line(
        "income",
        [
            (rf"{_SHARE}.*\|(?:.*\b)?(?:diluted|assuming dilution|fully diluted)\b", 1.0),
            (
                rf"\|.*\b(?:diluted|assuming dilution)\b.*{_SHARE}|\|.*{_SHARE}.*\b(?:diluted|assuming dilution)\b",
                1.0,
            ),
            (r"\|(?:basic and )?diluted(?: \(.{0,40}\))?$", 0.9),
            (rf"\|(?:net )?{_EARNED}{_SHARE}(?: \(.{{0,30}}\))?$", 0.6),
        ],
        r"weighted|average|outstanding|shares used|dividend|discontinued|cumulative|effect of|\|basic(?! and)",
        plain=True,
    ),
    "total_assets": _line(
        "balance", [(r"^total assets$", 1.0), (r"^total assets\b.{0,40}$", 0.8)], r"current|liabilit|net of"
    ),
    "total_liabilities": _line(
        "balance",
        [(r"^total liabilities$", 1.0), (r"^(?:total )?liabilities, total$|^liabilities$", 0.8)],
        r"current|and|equity",
    ),
    "stockholders_equity": _line(
        "balance",
        [
            (
                rf"^total (?!.*non-?controlling)(?:.{{0,70}}\s)?(?:{_OWNERS}) (?:equity|deficit|investment|capital|\(deficit\)|deficiency)(?: \(.{{0,24}}\)|,? net)?$",
                1.0,
            ),
            (
                rf"^total (?:common )?(?:{_OWNERS}) (?:equity|deficit|investment|capital)\b(?! and non).{{0,30}}$",
                0.92,
            ),
            (r"^total (?:equity|deficit|capital)(?: attributable to .{2,60}| \(deficit\))?$", 0.85),
            (rf"^(?:common )?(?:{_OWNERS}) (?:equity|deficit|capital)(?:, net| \(deficit\))?$", 0.8),
            (
                rf"^total (?:{_OWNERS}) equity(?: \(deficit\))? (?:and|including) non-?controlling.{{0,30}}$",
                0.7,
            ),
        ],
        r"liabilities|temporary|redeemable|preferred|per share",
    ),
    "cash": _line(
        "balance cash",
        [
            (
                r"^(?:total )?cash and (?:cash )?equivalents\b(?!.*(?:beginning|restricted|short|segregated)).{0,60}$",
                1.0,
            ),
            (r"^cash$", 0.9),
            (
                r"^cash and (?:due from banks|temporary cash investments|temporary investments)\b.{0,40}$",
                0.85,
            ),
            (r"^cash and (?:short-term|marketable|interest)", 0.6),
            (r"^cash,? (?:and )?cash equivalents.{0,60}$", 0.55),
        ],
        r"beginning|increase|decrease|change|effect|restricted|net cash|start of|held for sale|discontinued",
    ),
    "operating_cash_flow": _line(
        "cash",
        [
            (
                r"^(?:total )?(?:net )?cash (?:flows? )?(?:\(?(?:provided|used|generated|from|required|required for|inflow|outflow)\b.{0,60}) (?:operating activities|operations)$",
                1.0,
            ),
            (r"^(?:net )?(?:cash|funds).{0,60}operating activities$", 0.95),
            (r"^(?:net )?cash.{0,70}(?:operating activities|operations)\b.{0,40}$", 0.8),
        ],
        r"adjust|reconcile|changes? in|discontinued|before|investing|financing",
    ),
}


@strategy("statement")
def statement(
    document: Document, spec: dict[str, Any], field: Field, context: Context
) -> Iterator[Candidate]:
    """The figure of ``line`` for the fiscal year, from the best rows of the statements that hold it."""
    line = LINES[str(spec["line"])]
    year = _fiscal_year(context)
    found: list[Candidate] = []
    for sheet in _statements(document, context):
        kind = max(line.kinds, key=lambda each: sheet.kinds.get(each, 0.0))
        quality = sheet.kinds.get(kind, 0.0)
        if not quality:
            continue
        # what stands in its own statement is preferred over where else it is told
        quality *= 1.0 if kind == line.kinds[0] else 0.8
        for order, row in enumerate(sheet.rows):
            weight = _weight(line, row)
            number = sheet.number(row, year) if weight else None
            if number is None or (line.plain and not _per_share(number.value, number.text)):
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


def _per_share(value: float, text: str) -> bool:
    return abs(value) < 100_000 and ("." in text or abs(value) < 100)


def _weight(line: Line, row: Row) -> float:
    text = f"{row.under}|{row.label}" if line.plain else row.label
    if not row.label or (line.never is not None and line.never.search(text)):
        return 0.0
    weight = max((weight for pattern, weight in line.names if pattern.search(text)), default=0.0)
    return weight * (0.6 if line.plain and "continuing" in text else 1.0)


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
    return int(told[:4]) if told[:4].isdigit() else None


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
