"""Where a report's balance sheet, income statement and cash flow statement stand, with their rows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from .candidates import Context
from .model import Block, Document
from .pieces import pieces
from .statement_rows import Row, current, rows_of_pieces, rows_of_table

_TITLES = {
    "balance": re.compile(
        r"\bbalance\s+sheets?\b|\bstatements?\s+of\s+(?:\w+\s+)?(?:financial\s+(?:position|condition)|condition|assets\s+and\s+liabilities)",
        re.I,
    ),
    "income": re.compile(
        r"\bstatements?\s+of\s+(?:\w+\s+){0,2}(?:income|earnings|operations|net\s+(?:income|loss)|profit)\b|\b(?:income|operating|earnings)\s+statements?\b|"
        r"\bstatements?\s+of\s+(?:\w+\s+)?comprehensive\s+(?:income|loss)",
        re.I,
    ),
    "cash_flow": re.compile(
        r"\bstatements?\s+of\s+(?:\w+\s+)?cash\s*-?\s*flows?\b|\bcash\s+flows?\s+statements?\b", re.I
    ),
}
_OF_PART = re.compile(
    r"parent\s+(?:company|only)|registrant\s+only|condensed\s+(?:financial\s+)?information|pro\s?-?\s?forma|guarantor|subsidiary\s+issuer|"
    r"discontinued|unaudited|selected|segment|quarterly|acquire[dr]|purchase\s+price|summari[sz]ed|consolidating|variable\s+interest",
    re.I,
)
_ANCHORS = {
    "balance": [
        r"^total\s+assets\b",
        r"liabilities\s+and\s+.*(?:equity|deficit|capital|investment)",
        r"^(?:retained\s+earnings|accumulated\s+deficit|earnings\s+reinvested)",
        r"^accounts\s+payable|^deposits|^accrued|payable",
        r"^(?:total\s+)?cash\b",
        r"accumulated\s+other\s+comprehensive|paid-?\s?in",
    ],
    "income": [
        r"\b(?:sales|revenues?)\b",
        r"income\s+tax",
        r"^net\s+(?:\(?(?:income|earnings|loss))",
        r"\bbasic\b",
        r"\bdilut",
        r"^interest\s+expense|^operating\s+(?:income|profit)|before\s+(?:provision|income|tax)",
        r"^(?:cost|selling|general|total\s+(?:costs|expenses|operating))",
    ],
    "cash_flow": [
        r"operating\s+activities",
        r"investing\s+activities",
        r"financing\s+activities",
        r"\b(?:beginning|end)\b.*\b(?:year|period)|(?:year|period)\b.*\b(?:beginning|end)",
        r"^depreciation",
        r"\b(?:increase|decrease|change)\b.*\bcash",
    ],
}
_COMPILED = {kind: [re.compile(each, re.I) for each in several] for kind, several in _ANCHORS.items()}
_ROUGHLY = re.compile(
    r"total\s+assets|liabilities\s+and|income\s+tax|dilut|(?:operating|investing|financing)\s+activities|net\s+(?:income|earnings|loss)",
    re.I,
)
_SHARES_SCALE = re.compile(
    r"\b(?:and\s+)?(?:shares?|share\s+(?:data|amounts))\s+(?:are\s+)?(?:in\s+)?(?:thousands|millions|billions)",
    re.I,
)
_SCALE = re.compile(r"\b(thousand|million|billion)s?\b|[$(]\s?0{3}[’']?s?\b|\b0{3}[’']s\b", re.I)
_SCALES = {"thousand": 1e3, "million": 1e6, "billion": 1e9}


@dataclass(slots=True)
class Statement:
    """Rows that are (part of) a statement; ``score`` says how surely they are the report's own."""

    kind: str
    rows: list[Row]
    score: float
    scale: float | None
    start: int
    full: int = 1
    first: bool = True
    column: float | None = None


@dataclass(slots=True)
class _Before:
    """What stands over a table: its title lines."""

    text: str = ""
    years: list[int] = field(default_factory=list)


def statements(document: Document, context: Context) -> list[Statement]:
    """All statements and parts of them, the surest first; found once a document."""
    if "statements" not in context.cache:
        found = list(_from_tables(document))
        found.extend(_from_lines(document, context, found))
        scale = next(
            (
                each.scale
                for each in sorted(found, key=_by_score)
                if each.scale is not None and each.score > 0.6
            ),
            None,
        )
        for each in found:
            each.scale = each.scale if each.scale is not None else scale
        context.cache["statements"] = sorted(found, key=_by_score)
    done: list[Statement] = context.cache["statements"]
    return done


def _by_score(statement: Statement) -> tuple[float, int]:
    return -statement.score, statement.start


def _from_tables(document: Document) -> Iterator[Statement]:
    blocks = document.blocks
    for index, block in enumerate(blocks):
        if block.table is None or not _ROUGHLY.search(block.text):
            continue
        rows = rows_of_table(block.table)
        before = _before(blocks, index)
        scale = scale_of(block.text[:300].split("\n", 3)[:3]) or block.table.scale or scale_of([before.text])
        yield from _judged(rows, before, scale, block.start, 1.0)


def _before(blocks: list[Block], index: int) -> _Before:
    """The short texts right over a table: title, company, dates, units."""
    texts: list[str] = []
    table = blocks[index].table
    if table is not None and table.caption:
        texts.append(table.caption)
    for block in reversed(blocks[max(index - 6, 0) : index]):
        if (block.table is not None and len(block.text) > 300) or len(block.text) > 400:
            break
        texts.insert(0, block.text)
    text = "\n".join(texts)[-800:]
    return _Before(text, [int(year) for year in re.findall(r"(?<!\d)((?:19|20)\d{2})(?!\d)", text[-250:])])


def _judged(
    rows: list[Row], before: _Before, scale: float | None, start: int, most: float
) -> Iterator[Statement]:
    """The statements that rows can be: by their title and by the lines that such a statement has."""
    if not rows:
        return
    full, first, column = current(rows, before.years)
    labels = [row.label for row in rows]
    for kind, anchors in _COMPILED.items():
        hits = sum(any(anchor.search(label) for label in labels) for anchor in anchors)
        titles = list(_TITLES[kind].finditer(before.text))
        others = [each for other in _TITLES if other != kind for each in _TITLES[other].finditer(before.text)]
        titled = bool(titles) and (not others or titles[-1].end() >= max(each.end() for each in others))
        if hits < 2 or (hits < 3 and not titled):
            continue
        score = (
            0.4 * min(hits / len(anchors), 1.0) + (0.35 if titled else 0.0) + 0.1 * min(len(rows) / 20, 1.0)
        )
        score += 0.1 if titled and re.search(r"consolidated", before.text, re.I) else 0.0
        score -= 0.3 if _OF_PART.search(before.text[-300:]) else 0.0
        yield Statement(kind, rows, max(score, 0.05) * most, scale, start, full, first, column)


def _from_lines(document: Document, context: Context, known: list[Statement]) -> Iterator[Statement]:
    """Statements that were not seen as tables: the lines after a title on a page, or the next ones."""
    wanted = [kind for kind in _TITLES if max((s.score for s in known if s.kind == kind), default=0.0) < 0.7]
    if not wanted:
        return
    found = pieces(document, context)
    pages: set[int | None] = set()
    for index, piece in enumerate(found):
        if len(piece.text) > 160 or (piece.table is not None and piece.table.n_rows > 8):
            continue
        kinds = [kind for kind in wanted if _TITLES[kind].search(piece.text)]
        if not kinds or (piece.page is not None and piece.page in pages):
            continue
        pages.add(piece.page)
        end = index + 1
        while end < min(index + 400, len(found)) and (found[end].page == piece.page):
            end += 1
        lines = found[index:end] if piece.page is not None else found[index : index + 200]
        if sum(any(letter.isdigit() for letter in each.text) for each in lines) < 12:
            continue
        if piece.page is not None:
            lines = sorted(lines, key=lambda each: _height(each.bbox))
        rows = rows_of_pieces(lines)
        texts = [each.text for each in found[max(index - 3, 0) : index + 8]]
        told = [int(year) for text in texts for year in re.findall(r"(?<!\d)((?:19|20)\d{2})(?!\d)", text)]
        scale = scale_of(texts)
        yield from (
            each
            for each in _judged(rows, _Before(piece.text, told), scale, piece.start, 0.8)
            if each.kind in wanted
        )


def _height(box: tuple[float, float, float, float] | None) -> tuple[float, float]:
    return (round((box[1] + box[3]) / 2 / 3), box[0]) if box is not None else (0.0, 0.0)


def scale_of(texts: list[str]) -> float | None:
    """What "in millions" or "(000's)" in these texts multiplies amounts by; the units of shares don't count."""
    for text in texts:
        match = _SCALE.search(_SHARES_SCALE.sub(" ", text))
        if match is not None:
            return _SCALES.get((match[1] or "thousand").lower())
    return None
