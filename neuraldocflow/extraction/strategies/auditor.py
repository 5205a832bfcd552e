"""The auditor's name: the signature under the report of the registered public accounting firm."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..candidates import Candidate, Context, strategy
from ..model import Document

if TYPE_CHECKING:
    from ..profile import Field

_FIRM = (
    r"(?P<firm>[A-Z][\w&.,'’-]*(?:\s+(?:[A-Z&][\w&.,'’-]*|and|of)){0,6}?\s*,?\s*"
    r"(?:LLP|L\.L\.P\.?|PLLC|P\.L\.L\.C\.?|LLC|P\.?C\.?|P\.?A\.?|PLC|CPAs?|& Co"
    r"(?:mpany)?\.?|S\.C\.|AG|Ltd\.?))(?![\w&])"
)
_REPORT = re.compile(
    r"reports?\s+of\s+independent\s+(?:registered\s+)?(?:public\s+)?"
    r"(?:accounting\s+firm|accountants|auditors)|"
    r"independent\s+auditor(?:s[’']?|[’']s)?\s+report",
    re.I,
)
_SIGNED = re.compile(rf"(?:/\s?s\s?/|\bs/)\s*{_FIRM}")
_LONE = re.compile(rf"^\s*{_FIRM}\s*$")
_NAMED = re.compile(
    rf"(?:auditor\s+(?:name|firm)\s*:?\s*|(?:audited\s+by|consent\s+of)\s+){_FIRM}"
    rf"|{_FIRM.replace('firm', 'before')},?\s+(?:an\s+|our\s+|the\s+"
    rf"(?:Company[’']s\s+)?)?independent\s+(?:registered\s+)?(?:public\s+)?account"
)
_REACH = 16_000


@strategy("auditor")
def auditor(document: Document, spec: dict[str, Any], field: Field, context: Context) -> Iterator[Candidate]:
    """Signatures within or under the auditor's report first, then where the firm is named as the auditor."""
    text = document.text
    reports = [match.start() for match in _REPORT.finditer(text)]
    found: dict[str, Candidate] = {}
    for match in _SIGNED.finditer(text):
        near = any(0 < match.start() - report < _REACH for report in reports)
        _add(found, match, "firm", 0.93 if near else 0.7)
    for match in _NAMED.finditer(text):
        _add(found, match, "firm" if match["firm"] else "before", 0.6)
    if not any(candidate.score > 0.9 for candidate in found.values()):
        for block in document.blocks:
            lone = _LONE.match(block.text) if len(block.text) < 60 else None
            if lone is not None and any(0 < block.start - report < _REACH for report in reports):
                name = " ".join(lone["firm"].split())
                at = block.start + lone.start("firm")
                found.setdefault(name, Candidate(name, 0.8, at, at + len(lone["firm"])))
    yield from sorted(found.values(), key=lambda candidate: (-candidate.score, candidate.start))[:4]


def _add(found: dict[str, Candidate], match: re.Match[str], group: str, score: float) -> None:
    name = " ".join(match[group].split())
    held = found.get(name)
    if held is None:
        found[name] = Candidate(name, score, match.start(group), match.end(group))
    elif held.score < score:
        held.score, held.start, held.end = score, match.start(group), match.end(group)
