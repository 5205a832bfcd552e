"""Texts on which a regular expression may backtrack without end, made from the expression itself.

What repeats in it is repeated, behind a text that leads there, and the end then does not match. Run as a
program it tries patterns on them, and the kernel ends it where one takes too long. It knows the standard
library alone, and starts at once.
"""

from __future__ import annotations

import json
import re
import signal
import sys
from collections.abc import Iterator, Sequence
from itertools import product
from re import _constants as code  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

SECONDS = 3.0
"""Of processor time that one pattern may take: what else the machine does makes no difference."""
_LETTERS = "a1 -.,:/bAé_\n!"
"""Tried in this order where a pattern takes one of many characters; the first few, each as the favourite."""
_FAVOURITES = 4
_TIMES = 48
"""How often something is repeated. What doubles with each time never ends; what grows with a power of them,
as three runs of white space one after the other, does, and is met in good patterns."""
_LONG, _LEAD = 400, 300
"""The most characters of what is repeated, and of the text before it."""
_ANY_PATTERN = ("a" * 1500, "a " * 750, "1" * 1500, "1," * 750, ": " * 750, "Aa1 -,." * 200, " " * 1500)
_REPEATS = (code.MAX_REPEAT, code.MIN_REPEAT)

Parts = Sequence[tuple[Any, Any]]


def hard_texts(pattern: str) -> Iterator[str]:
    """Texts that are hard for any pattern, and those that are hard for this one."""
    yield from (f"{each}\x00" for each in _ANY_PATTERN)
    parsed = _parser.parse(pattern, re.IGNORECASE | re.MULTILINE)
    told = set()
    for letter, least in product(_LETTERS[:_FAVOURITES], (0, 1)):
        for lead, unit in _repeated(parsed, "", letter, least):
            if (text := f"{lead}{unit * _TIMES}\x00") not in told:
                told.add(text)
                yield text


def _repeated(parts: Parts, lead: str, letter: str, least: int) -> Iterator[tuple[str, str]]:
    """What may repeat, each with a text that leads there."""
    for kind, value in parts:
        if kind in _REPEATS:
            unit = _sample(value[2], letter, least) or _sample(value[2], letter, 1)
            if value[1] > 1 and unit:
                yield lead, unit[:_LONG]
            yield from _repeated(value[2], lead, letter, least)
        else:
            for inner in _inside(kind, value):
                yield from _repeated(inner, lead, letter, least)
        lead = (lead + _sample([(kind, value)], letter, least))[-_LEAD:]


def _inside(kind: Any, value: Any) -> Sequence[Parts]:
    """The sequences within a part that is none of those that repeat."""
    if kind is code.SUBPATTERN:
        return [value[3]]
    if kind is code.BRANCH:
        return list(value[1])
    if kind in (code.ASSERT, code.ASSERT_NOT):
        return [value[1]]
    if kind is code.GROUPREF_EXISTS:
        return [each for each in value[1:] if each is not None]
    return [value] if kind is code.ATOMIC_GROUP else []


def _sample(parts: Parts, letter: str, least: int) -> str:
    """A text that a sequence matches, as a rule: of what may be left out ``least``, ``letter`` if it fits."""
    text = ""
    for kind, value in parts:
        if kind is code.LITERAL:
            text += chr(value)
        elif kind is code.NOT_LITERAL:
            text += next(each for each in letter + _LETTERS if ord(each) != value)
        elif kind is code.ANY:
            text += letter
        elif kind is code.IN:
            text += next((each for each in letter + _LETTERS if _is_in(each, value)), _first_of(value))
        elif kind is code.BRANCH:
            several = [_sample(branch, letter, least) for branch in value[1]]
            text += next((each for each in several if each.startswith(letter)), several[0])
        elif kind in (*_REPEATS, code.POSSESSIVE_REPEAT):
            text += _sample(value[2], letter, least) * min(max(value[0], min(least, value[1])), _LEAD)
        elif kind in (code.SUBPATTERN, code.ATOMIC_GROUP):
            text += _sample(_inside(kind, value)[0], letter, least)
        text = text[:_LONG]
    return text


def _is_in(character: str, kinds: Parts) -> bool:
    """Whether a set of characters has one; its case is ignored."""
    negated: bool = kinds[0][0] is code.NEGATE
    either = {character.lower(), character.upper()}
    return negated != any(_matches(each, kind, value) for each in either for kind, value in kinds)


def _matches(character: str, kind: Any, value: Any) -> bool:
    if kind is code.LITERAL:
        return character == chr(value)
    if kind is code.RANGE:
        return bool(value[0] <= ord(character) <= value[1])
    if kind is code.CATEGORY:
        return re.match(_CATEGORIES[value], character) is not None
    return False


_CATEGORIES = {
    code.CATEGORY_DIGIT: r"\d",
    code.CATEGORY_NOT_DIGIT: r"\D",
    code.CATEGORY_SPACE: r"\s",
    code.CATEGORY_NOT_SPACE: r"\S",
    code.CATEGORY_WORD: r"\w",
    code.CATEGORY_NOT_WORD: r"\W",
}


def _first_of(kinds: Parts) -> str:
    """The first character that a set names."""
    for kind, value in kinds:
        if kind in (code.LITERAL, code.RANGE):
            return chr(value if kind is code.LITERAL else value[0])
    return ""


def main() -> None:
    """Patterns as JSON in; the number of each, before it is tried, out."""
    for number, text in enumerate(json.load(sys.stdin)):
        pattern = re.compile(text, re.IGNORECASE | re.MULTILINE)
        print(number, flush=True)
        signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)  # its signal ends the process
        for hard in hard_texts(text):
            pattern.search(hard)


if __name__ == "__main__":
    main()
