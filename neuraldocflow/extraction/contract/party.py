"""Which names in a contract are its parties: each with what speaks for it, and how to tell them apart."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from ..candidates import Candidate
from ..model import Document
from ..patterns import regex
from ..ranking import Facts, around, crossed, facts, tokens
from .head import Opening
from .names import BELOW, names_of, signed_at
from .parties import (
    ALL_NAMED,
    BODY_SAID,
    CORPORATE,
    DEFINED,
    FOR_ANOTHER,
    PLACED,
    ROLE,
    by_lines,
    by_rules,
    list_of,
    named_in,
)

_AND = regex(r"\s(?:and|AND|&)\s+")
_SMALL = regex(r"\b[a-z]{3,}\b")
_OFFICIAL = regex(
    r"\b(?:Commission|Exchange|Court|Department|Act|Board|Code|Internal|Revenue|Government|Stock"
    r"|Securities|Bankruptcy)\b",
    re.IGNORECASE,
)
_WORD = regex(r"[^\W_]+|&")
_ONE_FORM = {"incorporated": "inc", "corporation": "corp", "company": "co", "limited": "ltd", "&": "and"}


@dataclass(slots=True)
class _Name:
    """A name: its best place (the opening's, else the first), and how often each way found it."""

    value: str
    start: int
    end: int
    how: Counter[str] = field(default_factory=Counter)
    score: float = 0.0

    @property
    def opens(self) -> bool:
        return "opening" in self.how


def parties(document: Document, opening: Opening | None) -> list[Candidate]:
    """Every name that may be a party's, once; what :func:`by_rules` would choose has its score."""
    text = by_lines(document)
    named = list(named_in(list_of(text[opening.parties : opening.end]))) if opening is not None else []
    rules = {_folded(str(each.value)): each for each in by_rules(document, opening, named)}
    signed = signed_at(text)
    names: dict[str, _Name] = {}
    for how, (value, start, end, score) in names_of(text, opening, named, signed):
        key = _folded(value)
        if len(key) > 1:
            known = names.setdefault(key, _Name(value, start, end))
            known.how[how] += 1
            known.score = max(known.score, score)
    for key, each in rules.items():
        names.setdefault(key, _Name(str(each.value), each.start, each.end))
    below = f" {_folded(text[signed : signed + BELOW])} " if signed < len(text) else ""
    opened, ruled = min(sum(each.opens for each in names.values()), 3), min(len(rules), 5)
    order = sorted(each.start for each in names.values() if each.opens)
    chosen = list(rules)
    found: list[Candidate] = []
    for key, name in names.items():
        where = _where(name, opening)
        rule = rules.get(key)
        about = facts(
            {
                **{f"by {how}": min(times, 3) for how, times in name.how.items()},
                **_place(name, opening),
                **_look(name.value),
                **_after(text, name.end),
                "where": where,
                "opened": opened,
                "ruled": ruled,
                "has opening": opening is not None,
                "order": order.index(name.start) if name.start in order else -1,
                "score": round(name.score * 10),
                "rule": min(chosen.index(key), 5) if rule is not None else -1,
                "rule score": round(rule.score * 10) if rule is not None else -1,
                "signs": f" {key} " in below,
                "signatures": bool(below),
                "part": any(key != other and f" {key} " in f" {other} " for other in names),
                "whole": any(key != other and f" {other} " in f" {key} " for other in names),
                "names": len(names) // 4,
            }
        )
        features = about | crossed(f"{ruled}{opening is not None}{opened}", about)
        features |= crossed(f"{rule is not None}{'opening' if name.opens else where}", about)
        features |= around(text, name.start, name.end, 0.5)
        features |= _words_of(name.value)
        raw, score = text[name.start : name.end], rule.score if rule is not None else 0.0
        found.append(Candidate(raw, score, name.start, name.end, name.value, features=features))
    return found


def apart(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Of names that share a place or words, the likeliest; in the order in which they are named."""
    kept: list[Candidate] = []
    for each in sorted(candidates, key=lambda each: -each.score):
        if not any(_same(each, other) for other in kept):
            kept.append(each)
    return sorted(kept, key=lambda each: each.start)


def _same(one: Candidate, other: Candidate) -> bool:
    a, b = f" {_folded(str(one.value))} ", f" {_folded(str(other.value))} "
    return a in b or b in a or (one.start < other.end and other.start < one.end)


def _folded(text: str) -> str:
    """Lower-case words with company forms by one spelling, without a leading "the"."""
    plain = text.lower().replace("'", "").replace("’", "")
    words = (_ONE_FORM.get(word, word) for word in _WORD.findall(plain))
    return " ".join(words).removeprefix("the ")


def _where(name: _Name, opening: Opening | None) -> str:
    return "in" if opening is not None and opening.parties <= name.start < opening.end else "out"


def _place(name: _Name, opening: Opening | None) -> Facts:
    if opening is None:
        return {"at": name.start}
    after = name.start - opening.parties
    length = max(opening.end - opening.parties, 1)
    return {
        "at": name.start,
        "from opening": after,
        "above": after < 0,
        "share": 8 * after // length if 0 <= after < length else -1,
    }


def _look(name: str) -> Facts:
    return {
        "words": len(name.split()),
        "letters": len(name) // 4,
        "corporate": CORPORATE.search(name) is not None,
        "capitals": name.isupper(),
        "figures": any(letter.isdigit() for letter in name),
        "and": _AND.search(name) is not None,
        "comma": "," in name,
        "small": len(_SMALL.findall(name)),
        "the": name.lower().startswith("the "),
        "official": _OFFICIAL.search(name) is not None,
    }


def _after(text: str, end: int) -> Facts:
    after = text[end : end + 260]
    defined = DEFINED.search(after)
    return {
        "body said": BODY_SAID.match(after) is not None,
        "placed": PLACED.match(after) is not None,
        "defined": defined.start() if defined is not None else -1,
        "role": ROLE.match(after) is not None,
        "for another": FOR_ANOTHER.match(after) is not None,
        "all named": ALL_NAMED.match(after) is not None,
        "line ends": after[:1] in ("", "\n"),
    }


def _words_of(name: str) -> dict[str, float]:
    said = tokens(name)
    return {f"n {word}": 0.5 for word in (*said, f"^{said[0]}", f"{said[-1]}$", " ".join(said[-2:]))}
