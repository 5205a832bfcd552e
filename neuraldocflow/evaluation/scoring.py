"""When a value is right: text folded, numbers within a tenth of a percent, lists item by item."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Any

_SAME = {
    "incorporated": "inc",
    "corporation": "corp",
    "company": "co",
    "limited": "ltd",
    "&": "and",
}
_STATES = """Alabama AL|Alaska AK|Arizona AZ|Arkansas AR|California CA|Colorado CO|Connecticut CT|Delaware DE
Florida FL|Georgia GA|Hawaii HI|Idaho ID|Illinois IL|Indiana IN|Iowa IA|Kansas KS|Kentucky KY|Louisiana LA
Maine ME|Maryland MD|Massachusetts MA|Michigan MI|Minnesota MN|Mississippi MS|Missouri MO|Montana MT
Nebraska NE|Nevada NV|New Hampshire NH|New Jersey NJ|New Mexico NM|New York NY|North Carolina NC
North Dakota ND|Ohio OH|Oklahoma OK|Oregon OR|Pennsylvania PA|Rhode Island RI|South Carolina SC
South Dakota SD|Tennessee TN|Texas TX|Utah UT|Vermont VT|Virginia VA|Washington WA|West Virginia WV
Wisconsin WI|Wyoming WY|District of Columbia DC"""
_STATE_CODES = {
    name.lower(): code.lower()
    for name, code in (entry.rsplit(" ", 1) for line in _STATES.split("\n") for entry in line.split("|"))
}
_WORDS = re.compile(r"[^\W_]+|&")


def tokens(text: str) -> list[str]:
    """Lower-case words without punctuation; company forms and ``&`` by one spelling."""
    plain = unicodedata.normalize("NFKC", text).lower().replace("'", "").replace("’", "")
    return [_SAME.get(word, word) for word in _WORDS.findall(plain)]


def token_f1(one: str, other: str) -> float:
    """The F1 of two texts' words, each counted as often as it stands."""
    a, b = Counter(tokens(one)), Counter(tokens(other))
    common = sum((a & b).values())
    if not common:
        return 1.0 if not a and not b else 0.0
    precision, recall = common / sum(a.values()), common / sum(b.values())
    return 2 * precision * recall / (precision + recall)


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value)
    try:
        return float(str(value).replace(",", "").replace("$", ""))
    except ValueError:
        return None


def same(truth: Any, value: Any) -> bool:
    """Whether a scalar is right."""
    if isinstance(truth, bool) or isinstance(value, bool):
        return _as_boolean(truth) == _as_boolean(value)
    if isinstance(truth, int | float):
        number = _number(value)
        return number is not None and abs(number - truth) <= 0.001 * abs(truth)
    one, other = _number(truth), _number(value)
    if isinstance(value, int | float) and one is not None:
        return same(one, value)
    if one is not None and other is not None and abs(one - other) > 0.001 * abs(one):
        return False
    if _told_by_marks(str(truth), str(value)):
        return False
    a, b = " ".join(tokens(str(truth))), " ".join(tokens(str(value)))
    return (
        a == b or _STATE_CODES.get(a, a) == _STATE_CODES.get(b, b) or a.replace(" ", "") == b.replace(" ", "")
    )


_FIGURE = re.compile(r"\d[\d,]*(?:\.\d+)?")
_SIGN = re.compile(r"^\s*[<>≤≥−-]|(?<=\w)[+−-]\s*$")


def _told_by_marks(one: str, other: str) -> bool:
    """Whether two texts differ by what folding takes away: a point (1.25 mg, 12.5 mg) or a sign (<5, A-)."""
    if _signs(one) != _signs(other):
        return True
    pairs = [[float(each.replace(",", "")) for each in _FIGURE.findall(text)] for text in (one, other)]
    return len(pairs[0]) == len(pairs[1]) and pairs[0] != pairs[1]


def _signs(text: str) -> list[str]:
    return [sign.strip().replace("−", "-") for sign in _SIGN.findall(text)]


def _as_boolean(value: Any) -> str:
    word = str(value).strip().lower()
    return {"yes": "true", "no": "false"}.get(word, word)


def same_item(truth: Any, value: Any) -> bool:
    """Whether a list's item is right: texts by their words, measurements by name and value, other objects by
    all that the truth says of them."""
    if isinstance(truth, dict):
        if not isinstance(value, dict):
            return False
        if not truth.keys() >= {"name", "value"}:
            return all(
                same(told, value.get(key)) or _alike(told, value.get(key)) for key, told in truth.items()
            )
        return token_f1(str(truth["name"]), str(value.get("name", ""))) >= 0.8 and same(
            truth["value"], value.get("value")
        )
    return _alike(truth, value) if _has_words(truth) else same(truth, value)


def _alike(truth: Any, value: Any) -> bool:
    """Whether two texts with words are alike; of those without, one figure may be all the difference, or the
    order of day and month."""
    return _has_words(truth) and value is not None and token_f1(truth, str(value)) >= 0.8


def _has_words(text: Any) -> bool:
    return isinstance(text, str) and re.search(r"[^\W\d_]", text) is not None


def match_items(truth: Sequence[Any], values: Sequence[Any]) -> tuple[list[bool], list[Any]]:
    """For each value whether it matches an item of the truth, and the items that none matches; each item is
    matched once."""
    left = list(truth)
    verdicts: list[bool] = []
    for value in values:
        at = next((index for index, item in enumerate(left) if item == value), None)
        if at is None:
            at = next((index for index, item in enumerate(left) if same_item(item, value)), None)
        verdicts.append(at is not None)
        if at is not None:
            del left[at]
    return verdicts, left


_REACH = 200
"""Characters a section may begin off its place."""
_ALIKE = 0.75
_COMPARED, _EXTRA = 14, 6
"""Words compared, and those that may come in between."""


def begins_alike(text: str, starts_with: str) -> bool:
    """Whether a section's text begins where the truth says, give or take 200 characters."""
    return _stands_near_start(text, starts_with) or _stands_near_start(starts_with, text)


def _stands_near_start(text: str, opening: str) -> bool:
    """Whether the first words of ``opening`` stand, in order, within the first 200 characters of ``text``.

    A word more or less (a page's header, another way to write a name) does not count against it.
    """
    plain = re.sub(r"^\W*(?:\d+\s+)?table of contents", "", opening[:600], flags=re.IGNORECASE)
    wanted, words = tokens(plain)[:_COMPARED], tokens(text[:1200])
    away = 0
    for first in range(len(words)):
        if away > _REACH or not wanted:
            return False
        there = words[first : first + len(wanted) + _EXTRA]
        if there[0] == wanted[0] and _in_order(wanted, there) >= _ALIKE * len(wanted):
            return True
        away += len(words[first]) + 1
    return False


def _in_order(wanted: Sequence[str], words: Sequence[str]) -> int:
    """How many of the wanted words stand among the words in the same order."""
    blocks = SequenceMatcher(None, wanted, words, autojunk=False).get_matching_blocks()
    return sum(block.size for block in blocks)
