"""The lines of financial statements that mean a field, by the words of their labels."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .statement_rows import Row

_NET = r"(?:net|consolidated\s+net)\s+(?:\(?(?:income|earnings|profits?|loss(?:es)?)\)?(?:\s*(?:/|or|and)?\s*\(?(?:income|earnings|loss(?:es)?)\)?)?)"
_OWNERS = r"(?:stock|share|unit)\s?-?\s?(?:holders|owners)|shareowners|members|partners|owners"


@dataclass(frozen=True, slots=True)
class Line:
    """What a field's line is called: patterns of falling preference, and what it is never called."""

    statement: str
    names: tuple[re.Pattern[str], ...]
    never: re.Pattern[str]
    per_share: bool = False


def _line(statement: str, names: list[str], never: str, per_share: bool = False) -> Line:
    return Line(
        statement, tuple(re.compile(name, re.I) for name in names), re.compile(never, re.I), per_share
    )


_REVENUE = r"(?:sales|revenues?)"
_TAIL = r"(?:\s*[,(–—-].*)?$"
LINES = {
    "revenue": _line(
        "income",
        [
            rf"^total\s+(?:net\s+|operating\s+|company\s+|consolidated\s+)*(?:{_REVENUE}|net\s+{_REVENUE})(?:\s+and\s+(?:other\s+(?:income|revenues?)|{_REVENUE}))?(?:,?\s+net(?:\s+of\s+interest\s+expense)?|\s+net\s+of\s+interest\s+expense)?{_TAIL}",
            rf"^(?:consolidated\s+)?(?:net\s+(?:operating\s+)?{_REVENUE}|{_REVENUE},?\s+net(?:\s+of\s+interest\s+expense)?|net\s+sales\s+and\s+(?:other\s+)?(?:operating\s+)?revenues?){_TAIL}",
            rf"^(?:operating\s+|consolidated\s+|gross\s+|group\s+)?{_REVENUE}(?:\s+(?:to\s+customers|and\s+other\s+(?:operating\s+)?(?:revenues?|income)|and\s+(?:operating\s+)?revenues?|from\s+contracts?\s+with\s+customers))?{_TAIL}",
            rf"^(?:rental|contract|service|product|net\s+product|subscription|collaboration|license|royalty)\s+(?:and\s+\w+\s+)?{_REVENUE}{_TAIL}",
            rf"^total\s+(?:\w+\s+){{0,3}}{_REVENUE}",
        ],
        r"\b(?:costs?|expenses?|deferred|unearned|percent|per\s+share|non-?\s?interest|interest\s+(?:revenue|income)|excess|before|over|marketing|other\s+revenues?$|related\s+part|affiliates?|growth|increase|taxes?\b(?!.*net))\b|%|of\s+(?:net\s+)?(?:sales|revenues?)$",
    ),
    "net_income": _line(
        "income",
        [
            rf"^{_NET}\s*,?\s*(?:(?:which\s+is|that\s+is)\s+)?(?:attributable|allocable|available|applicable)\s+to\s+(?!.*(?:common|(?:{_OWNERS})|ordinary))",
            rf"^{_NET}{_TAIL}",
            rf"^{_NET}\s+for\s+the\s+(?:year|period)$|^(?:profit|loss|income|earnings)\s*(?:\(loss\)|/\(loss\))?\s+for\s+the\s+(?:year|period)$",
            rf"^{_NET}\s*,?\s*(?:attributable|allocable|available|applicable)\s+to",
            rf"^(?:consolidated\s+{_NET}|{_NET}\s*,?\s+(?:including|before)\s+.*non-?controlling)",
        ],
        r"non-?controlling|minority|redeemable|per\s+(?:\w+\s+){0,3}(?:share|unit)|\bfrom\b|before|discontinued|preferred|participating|adjust|comprehensive|%|\bto\s+common\b.*\bper\b",
    ),
    "eps_basic": _line(
        "income",
        [
            r"^(?=.*\bbasic)(?!.*\b(?:continuing|discontinued)\b)",
            r"^(?=.*\b(?:net|total)\b)(?!.*\b(?:dilut|continuing|discontinued))",
            r"^(?=.*\bbasic)(?=.*\bcontinuing)",
        ],
        r"discontinued|weighted|average|\bshares\s+(?:outstanding|used)|number\s+of|dividends?|distributed|cumulative\s+effect|pro\s?forma",
        per_share=True,
    ),
    "eps_diluted": _line(
        "income",
        [
            r"^(?=.*\b(?:diluted|assuming\s+dilution))(?!.*\b(?:continuing|discontinued)\b)",
            r"^(?=.*\b(?:diluted|assuming\s+dilution))(?=.*\bcontinuing)",
        ],
        r"discontinued|weighted|average|\bshares\s+(?:outstanding|used)|number\s+of|dividends?|distributed|cumulative\s+effect|pro\s?forma|dilutive\s+effect",
        per_share=True,
    ),
    "total_assets": _line(
        "balance",
        [r"^total\s+assets\b", r"^assets,?\s+total$"],
        r"current|segment|identifiable|under|liabilit|net\s+of|measured|%|held",
    ),
    "total_liabilities": _line(
        "balance",
        [r"^total\s+liabilities$", r"^liabilities,?\s+total$", r"^total\s+liabilities\s*[,(–—-](?!.*equity)"],
        r"current|equity|deficit|capital|investment|subject|measured|%|\bnet\s+assets",
    ),
    "stockholders_equity": _line(
        "balance",
        [
            rf"^total\s+(?:[\w&.,’'()/-]+\s+){{0,8}}?(?:{_OWNERS})\s?[’'`´]?\s?s?[’'`´]?\s+(?:\(?deficit\)?\s+|\(?deficiency\)?\s+)?(?:equity|investment|capital|interests?|\(?deficit\)?|\(?deficiency\)?|funds)|^total\s+(?:equity|deficit)\s+attributable\s+to",
            rf"^(?:{_OWNERS})\s?[’'`´]?\s?s?[’'`´]?\s+(?:equity|investment|capital|\(?deficit\)?)(?:\s*[,(–—-].*)?$",
            r"^total\s+(?:[\w&.,’'-]+\s+){0,4}?(?:common\s+)?(?:stock\s+)?(?:equity|deficit|capital|capitalization)(?:\s+\(?deficit\)?)?$",
        ],
        r"liabilit|non-?controlling|minority|redeemable|temporary|mezzanine|before|preferred\s+(?:stock|shares)|convertible|other\s+than|%",
    ),
    "cash": _line(
        "balance",
        [
            r"^(?:total\s+)?cash\s+and\s+(?:cash\s+|temporary\s+cash\s+)?(?:equivalents|investments)\b(?!.*(?:restricted|marketable|short))",
            r"^cash(?:\s+and\s+cash\s+equivalents)?(?:\s*\(.*)?$",
            r"^(?:total\s+)?cash\s+and\s+(?:due\s+from|balances|deposits|bank|short|marketable)",
            r"^(?:total\s+)?cash,\s+cash\s+equivalents",
        ],
        r"\bheld\s+(?:for|in|by)|escrow|segregated|collateral|^restricted|%|increase|decrease|change|period|year\b",
    ),
    "operating_cash_flow": _line(
        "cash_flow",
        [
            r"^(?:total\s+)?(?:net\s+)?cash\b.{0,90}\boperat(?:ing\s+activities|ions)\b(?!.*\b(?:continuing|discontinued)\b)",
            r"^total\s+(?:(?:from|provided\s+by|cash\s+\w+\s+by)\s+)?operating\s+activities|^net\s+(?:\w+\s+){1,6}operating\s+activities",
            r"^(?=.*\bcash\b)(?=.*\boperat)(?=.*\bcontinuing)",
            r"^operating\s+activities$",
        ],
        r"adjust|reconcil|investing|financing|before|excluding|discontinued|changes?\s+in\b|effect",
    ),
}


def rank(line: Line, row: Row) -> int | None:
    """How well a row's label means the line: 0 is best; None where it does not."""
    label = row.label
    if line.per_share:
        return _rank_per_share(line, row)
    if row.per_share:
        return None
    if re.fullmatch(r"total|totals", label, re.I) and row.heading:
        label = f"total {row.heading.rstrip(':')}"
    label = re.sub(r"[’‘`´]", "'", label).rstrip(":; ")
    return _first(line, label)


def _first(line: Line, text: str) -> int | None:
    if line.never.search(text):
        return None
    return next((index for index, name in enumerate(line.names) if name.search(text)), None)


def _rank_per_share(line: Line, row: Row) -> int | None:
    """Earnings a share: the label says basic or diluted, or the heading over it does."""
    whole = f"{row.heading} {row.label}"
    per_share = row.per_share or re.search(r"\bper\b.{0,40}\b(?:share|unit|stock|ads)\b|\bEPS\b", whole, re.I)
    if not per_share or line.never.search(row.label):
        return None
    own = re.search(r"\bbasic|\bdilut", row.label, re.I)
    text = row.label if own else whole
    if line.never.search(text) or not re.search(r"\bbasic|\bdilut", text, re.I):
        return _plain_per_share(row)
    found = _first(line, text)
    if found is None:
        return None
    # under a heading that says basic, the last line is the net one
    return found if own else found + (0 if re.search(r"\bnet\b|\btotal\b", row.label, re.I) else 2)


def _plain_per_share(row: Row) -> int | None:
    """One figure for both, as where nothing dilutes."""
    return (
        6
        if re.search(r"^(?:net|earnings|income|loss)\b.*\bper\b.*\b(?:share|unit)", row.label, re.I)
        else None
    )
