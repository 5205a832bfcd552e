"""How the lines of financial statements are called, whatever the trade: weighted names and exclusions.

Labels come in lower case (see ``statement_rows.label_of``); a line per share is matched with the heading
above it, as ``heading|label``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..patterns import regex


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
        tuple((regex(pattern), weight) for pattern, weight in names),
        regex(never) if never else None,
        plain,
    )


_OWNERS = (
    r"(?:stock|share)[- ]?(?:holders?|owners?)'?s?'?|owners?'?s?'?|members?'?s?'?|partners?'?s?'?"
    r"|unit ?holders?'?"
)
_EARNED = r"(?:(?:income|earnings|profit|loss|\(loss\)|\(losses\)|losses)[ /,-]*(?:and |or )?)+"
_SHARE = (
    r"(?:per (?:average |equivalent |outstanding |common |ordinary |basic |diluted |(?:american )?depositary "
    r"|limited partner(?:ship)? |class a )*(?:share|unit|stock)|earnings per|eps\b)"
)
PER_SHARE = regex(_SHARE)
_COUNTS = r"weighted|average (?:number|.{0,24}\bshares\b)|outstanding|shares used"
LINES: dict[str, Line] = {
    "revenue": _line(
        "income",
        [
            (
                r"^total (?:net )?(?:operating )?(?:revenues?|sales)(?: and other(?: income)?"
                r"|,? net.{0,30})?$",
                1.0,
            ),
            (r"^total (?:net )?(?:revenues?|sales)(?: and .{3,30}|, .{3,30}| \(.{3,60}\))?$", 0.97),
            (r"^total (?:net )?(?:revenues?|sales) from .{3,30}$", 0.93),
            (r"^(?:net |operating )?(?:revenues?|sales)(?: \(.{0,40}\)|, net| net)?$", 0.96),
            (r"^(?:net )?(?:operating )?revenues?,? net of .{0,40}$", 0.96),
            (
                r"^(?:total )?(?:company|consolidated|group) (?:net )?(?:operating )?(?:revenues?|sales)$",
                0.96,
            ),
            (r"^(?:net )?(?:sales|revenues?) (?:and|to|from) .{3,50}$", 0.85),
            (r"^(?:net )?(?:operating )?(?:sales|revenues?)\b.{0,40}$", 0.75),
            (r"^total (?:investment )?income$", 0.6),
        ],
        r"cost|(?<!net of interest )expense|deferred|marketing|percent|%|growth"
        r"|per share|tax|gain|loss|before|"
        r"excess|provision|interest income, net|allowance",
    ),
    "net_income": _line(
        "income cash",
        [
            (
                rf"^(?:consolidated )?net {_EARNED}(?:attributable|applicable) to (?!.*(?:common"
                rf"|ordinary|non-?controlling|minority|preferred|redeemable)).{{2,80}}$",
                1.0,
            ),
            (rf"^(?!.*(?:non-?controlling|minority|affiliate|investee)).{{2,60}}'s? net {_EARNED}$", 0.97),
            (rf"^(?:consolidated )?net {_EARNED}$", 0.95),
            (rf"^net {_EARNED}(?:for the (?:year|period)|\(.{{0,30}}\))$", 0.93),
            (rf"^net {_EARNED}and (?:total )?comprehensive {_EARNED}$", 0.93),
            (
                rf"^(?:consolidated )?{_EARNED}attributable to (?!.*(?:non-?controlling|minority|preferred"
                r"|redeemable|discontinued)).{2,80}$",
                0.9,
            ),
            (
                rf"^(?:consolidated |total )?net {_EARNED}(?:including|before) (?:attribution"
                rf"|non-?controlling|allocation).{{0,60}}$",
                0.72,
            ),
            (r"^(?:profit|income|loss|\(loss\) profit|profit \(loss\)) (?:for|attributable).{0,60}$", 0.8),
            (
                rf"^net {_EARNED}(?:attributable |available |applicable |allocable )?(?:to|for) .{{0,40}}"
                rf"(?:common|ordinary).{{0,60}}$",
                0.85,
            ),
            (r"^profit(?: \(loss\))?$", 0.8),
            (r"^net (?:increase|decrease) in net assets (?:resulting )?from operations", 0.7),
        ],
        r"attributable to (?:the )?(?:redeemable )?(?:non-?controlling|minority)|per "
        r"(?:common |ordinary )?(?:share|unit)|continuing|discontinued|adjust|"
        r"(?<!and )(?<!total )comprehensive|% of|percent|margin|participating|to reconcile|equity in",
    ),
    "eps_basic": _line(
        "income",
        [
            (rf"{_SHARE}.*\|(?:.*\b)?basic\b", 1.0),
            (rf"\|.*\bbasic\b.*{_SHARE}|\|.*{_SHARE}.*\bbasic\b|\|.*\bper basic\b", 1.0),
            (r"\|basic(?: and diluted)?(?: \(.{0,40}\))?$", 0.9),
            (r"\bbasic\b.*\|(?:total|net)\b", 0.9),
            (rf"\bbasic\b.*{_SHARE}.*\||{_SHARE}[^|]*\bbasic\b[^|]*\|", 0.65),
            (rf"\|(?:net )?{_EARNED}{_SHARE}(?: \(.{{0,30}}\))?$", 0.7),
            (rf"^(?!.*dilut).*{_SHARE}.*\|(?:net )?{_EARNED}$", 0.6),
        ],
        rf"{_COUNTS}|dividend|discontinued|cumulative|\|(?!.*\bbasic\b).*\b(?:diluted|dilution)\b",
        plain=True,
    ),
    "eps_diluted": _line(
        "income",
        [
            (rf"{_SHARE}.*\|(?:.*\b)?(?:diluted|assuming dilution|fully diluted)\b", 1.0),
            (
                rf"\|.*\b(?:diluted|assuming dilution)\b.*{_SHARE}|\|.*{_SHARE}.*\b(?:diluted"
                rf"|assuming dilution)\b|\|.*\bper diluted\b",
                1.0,
            ),
            (r"\|(?:basic and )?diluted(?: \(.{0,40}\))?$", 0.9),
            (r"\bdiluted\b.*\|(?:total|net)\b", 0.9),
            (
                rf"\bdiluted\b.*{_SHARE}.*\||{_SHARE}[^|]*\b(?:diluted|assuming dilution)\b[^|]*\|",
                0.65,
            ),
            (rf"\|(?:net )?{_EARNED}{_SHARE}(?: \(.{{0,30}}\))?$", 0.6),
        ],
        rf"{_COUNTS}|dividend|discontinued|cumulative|effect of|\|(?!.*\b(?:diluted|dilution)\b).*\bbasic\b",
        plain=True,
    ),
    "total_assets": _line(
        "balance",
        [(r"^total assets$", 1.0), (r"^total assets\b.{0,40}$", 0.8), (r"^assets, total$", 0.8)],
        r"current|liabilit|net of",
    ),
    "total_liabilities": _line(
        "balance",
        [
            (r"^total liabilities(?: \(.{2,60}\))?$", 1.0),
            (r"^(?:total )?liabilities, total$|^liabilities$", 0.8),
        ],
        r"current|\band\b(?!.*\))|equity",
    ),
    "stockholders_equity": _line(
        "balance",
        [
            (
                rf"^total (?!common |.*non-?controlling)(?:.{{0,70}}\s)?(?:{_OWNERS}) (?:equity|deficit"
                rf"|investment|capital|\((?:deficit|deficiency)\)(?: equity)?|deficiency)"
                rf"(?: \(.{{0,24}}\)|,? net)?$",
                1.0,
            ),
            (
                rf"^total (?:common )?(?:{_OWNERS}) (?:equity|deficit|investment|capital)\b"
                rf"(?! and non).{{0,30}}$",
                0.92,
            ),
            (
                r"^(?:total )?.{2,40} share of equity$"
                r"|^(?:total )?equity attributable to (?!.*non-?controlling)",
                0.95,
            ),
            (rf"^(?!total)(?!.*(?:non-?controlling|other|equity in)).{{2,60}}\s(?:{_OWNERS}) equity$", 0.93),
            (
                r"^total (?:common )?(?:equity|deficit|capital)"
                r"(?: attributable to .{2,60}|[ /]\(deficit\))?$",
                0.85,
            ),
            (rf"^(?:common )?(?:{_OWNERS}) (?:equity|deficit|capital)(?:, net| \(deficit\))?$", 0.8),
            (
                r"^(?:total )?net assets$|^total capital deficit$"
                r"|^total (?!.*non-?controlling).{2,40} equity$",
                0.75,
            ),
            (
                rf"^total (?:{_OWNERS}) equity(?: \(deficit\))? (?:and|including) non-?controlling.{{0,30}}$",
                0.7,
            ),
        ],
        r"liabilities|temporary|mezzanine|redeemable|preferred|per share",
    ),
    "cash": _line(
        "balance cash",
        [
            (
                r"^(?:total |unrestricted )?cash and (?:cash )?equivalents\b(?!.*(?:beginning|short"
                r"|segregated)).{0,60}$",
                1.0,
            ),
            (r"^cash$", 0.9),
            (
                r"^cash and (?:(?:balances )?due from (?:banks|depository institutions)"
                r"|temporary cash investments|temporary investments|bank balances|cash items)\b.{0,40}$"
                r"|^cash (?:on hand|(?:in|at) banks?)\b.{0,30}$",
                0.85,
            ),
            (r"^cash and (?:short-term|marketable|interest)", 0.6),
            (r"^cash,? (?:and )?cash equivalents.{0,60}$", 0.55),
        ],
        r"beginning|increase|decrease|change|effect|^(?!.*(?:includ|exclud)).*(?<!un)restricted|net cash"
        r"|start of|held (?:for sale|in trust|by)|discontinued",
    ),
    "operating_cash_flow": _line(
        "cash",
        [
            (
                r"^(?:total )?(?:net )?cash (?:flows? )?(?:\(?(?:provided|used|generated|from"
                r"|required|required for|inflow|outflow)\b.{0,60}) (?:operating activities|operations)$",
                1.0,
            ),
            (r"^(?:net )?(?:cash|funds).{0,60}operating activities$", 0.95),
            (r"^total (?:from |provided by |cash .{0,30})?operating activities$", 0.93),
            (r"^(?:net )?operating cash flows?$", 0.7),
            (r"^(?:net )?cash.{0,70}(?:operating activities|operations)\b.{0,40}$", 0.8),
        ],
        r"adjust|reconcile|changes? in|discontinued|before|investing|financing",
    ),
}
