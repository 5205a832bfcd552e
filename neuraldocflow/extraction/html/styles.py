"""Style sheets of HTML: which of their rules are for an element, by its name, its classes and its id."""

from __future__ import annotations

import re
from itertools import chain, islice

from neuraldocflow.extraction.patterns import regex

_COMMENT = regex(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_AT_RULE = regex(r"@[^{};@]*\{(?:[^{}]*\{[^{}]*\})*+[^{}]*\}")
_ALONE = regex(r"([a-z0-9]*|\*)((?:[.#][\w-]+)+)", re.IGNORECASE)
"""A selector of an element by what is written on it, wherever it stands."""
_INSIDE = regex(r"[\s>+~]([a-z0-9]*)(\.[\w-]+)$", re.IGNORECASE)
"""The end of a selector of an element that stands in, or behind, others."""
_NAME = regex(r"[.#][\w-]+")
_MATTERS = regex(
    r"(?<![\w-])(?:display|visibility|white-space|font[\w-]*|(?:margin|padding)-left)\s*:[^;]*", re.IGNORECASE
)
"""Of what rules say; the rest, as of colours, is nothing to a text."""
_DISPLAY = regex(r"(?<![\w-])(display|visibility|font-size)\s*:\s*([^;]*)", re.IGNORECASE)
_HIDDEN = regex(r"display:none\b|visibility:hidden\b|font-size:0(?:p[tx]|em|%)?$")
_HINT = regex(
    r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?:p[tx]|em|%)?\s*(?:;|!|$)", re.IGNORECASE
)
_LONGEST = 500_000
_MOST_RULES = 5000
_MOST_OF_A_NAME = 100
"""Rules by one name; each costs a little at every element of that name."""
_MOST_OF_AN_ELEMENT = 300
_LONGEST_RULE = 500

Rule = tuple[tuple[int, int, bool], int, frozenset[str], str]
"""How many ids and names and whether a tag it asks for, its number, those but the first, and what it says."""


class StyleSheet:
    """Rules by the first class or id they ask for."""

    def __init__(self) -> None:
        self._rules: dict[str, list[Rule]] = {}
        self._count = 0
        self.by_tag = False
        """Whether rules ask for elements' names too."""

    def learn(self, css: str) -> None:
        """Takes a style sheet's rules; those for print or phones are left."""
        for rule in _AT_RULE.sub(" ", _COMMENT.sub(" ", css[:_LONGEST])).split("}"):
            selectors, brace, said = rule.partition("{")
            if brace and ("." in selectors or "#" in selectors):
                said = ";".join(_MATTERS.findall(said))[-_LONGEST_RULE:]
                for selector in selectors.rpartition(";")[2].split(",") if said else ():
                    self._take(selector.strip(), said)

    def _take(self, selector: str, said: str) -> None:
        if self._count >= _MOST_RULES:
            return
        if alone := _ALONE.fullmatch(selector):
            tag, names = alone[1].lower().strip("*"), _NAME.findall(alone[2])
        elif (inside := _INSIDE.search(selector)) and not hides(said):
            # What such a rule hides is hidden in some places only, and which they are is not known here.
            tag, names = inside[1].lower(), [inside[2]]
        else:
            return
        self._count += 1
        rules = self._rules.setdefault(names[0], [])
        if len(rules) < _MOST_OF_A_NAME:
            weight = sum(name.startswith("#") for name in names), len(names), bool(tag)
            asked = frozenset([*names[1:], tag] if tag else names[1:])
            self.by_tag = self.by_tag or bool(tag)
            rules.append((weight, self._count, asked, said))

    def style(self, values: dict[str, str], tag: str = "") -> str:
        """What the rules say of an element with these attributes, the strongest last."""
        if not self._rules:
            return ""
        names = [f"#{values['id']}"] if "id" in values else []
        names += [f".{name}" for name in values.get("class", "").split()[:20]]
        known = {*names, tag}
        rules = chain.from_iterable(self._rules.get(name, ()) for name in names)
        found = [rule for rule in islice(rules, _MOST_OF_AN_ELEMENT) if rule[2] <= known]
        found.sort(key=lambda rule: rule[:2])
        return ";".join([rule[3] for rule in found])


def hides(style: str) -> bool:
    """Whether the last words of a style are that nothing is shown; ``!important`` ones count as last."""
    if _HINT.search(style) is None:
        return False
    last: dict[str, tuple[str, bool]] = {}
    for name, value in _DISPLAY.findall(style.lower()):
        word, mark, _ = value.partition("!")
        if mark or not last.get(name, ("", False))[1]:
            last[name] = (word.strip(), bool(mark))
    return any(_HIDDEN.match(f"{name}:{word}") for name, (word, _) in last.items())
