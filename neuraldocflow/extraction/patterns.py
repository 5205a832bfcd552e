"""Regular expressions that are run only on texts with a word they can't match without.

Most sentences have none of the words a pattern is about, and to look for words takes a fiftieth of what
``re`` takes for a pattern that ignores case. Which words those are is read from the pattern itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from re import _parser  # type: ignore[attr-defined]
from typing import Any

_MOST = 16
"""Words looked for at most; a pattern that needs one of more is run at once."""
_SHORTEST = 2


class Pattern:
    """What :func:`re.compile` makes of the same arguments, but soon done where it can't match."""

    __slots__ = ("_compiled", "_needles")

    def __init__(self, pattern: str, flags: int = 0) -> None:
        self._compiled = re.compile(pattern, flags)
        self._needles = needles(pattern, flags)

    def search(self, text: str, start: int = 0, end: int | None = None) -> re.Match[str] | None:
        """The first match, as :meth:`re.Pattern.search` gives it."""
        last = len(text) if end is None else end
        return self._compiled.search(text, start, last) if self._may(text, start, last) else None

    def finditer(self, text: str, start: int = 0, end: int | None = None) -> Iterator[re.Match[str]]:
        """All matches, as :meth:`re.Pattern.finditer` gives them."""
        last = len(text) if end is None else end
        return self._compiled.finditer(text, start, last) if self._may(text, start, last) else iter(())

    def _may(self, text: str, start: int, end: int) -> bool:
        if not self._needles:
            return True
        return any(map(text[start:end].lower().__contains__, self._needles))


def needles(pattern: str, flags: int = 0) -> tuple[str, ...]:
    """Lower-case texts of which every match has one at least; none where the pattern does not tell."""
    found = _of_sequence(_parser.parse(pattern, flags))
    return tuple(sorted(each for each in found if not any(other in each for other in found - {each})))


def _of_sequence(parts: Sequence[tuple[Any, Any]]) -> set[str]:
    """The most telling needles among those of the parts, all of which have to match."""
    best: set[str] = set()
    run = ""
    for kind, value in [*parts, (None, None)]:
        if kind is _parser.LITERAL:
            run += chr(value)
            continue
        best, run = _better(best, {run.lower()} if run else set()), ""
        if kind is not None:
            best = _better(best, _of_part(kind, value))
    return best


def _of_part(kind: Any, value: Any) -> set[str]:
    if kind is _parser.SUBPATTERN:
        return _of_sequence(value[3])
    if kind in (_parser.MAX_REPEAT, _parser.MIN_REPEAT, _parser.POSSESSIVE_REPEAT) and value[0] > 0:
        return _of_sequence(value[2])
    if kind is _parser.BRANCH:
        several = [_of_sequence(branch) for branch in value[1]]
        return set().union(*several) if all(several) else set()
    return set()


def _better(one: set[str], other: set[str]) -> set[str]:
    """Of two sets of needles the one with the longer shortest, then with the fewer."""
    usable = [
        each for each in (one, other) if each and len(each) <= _MOST and min(map(len, each)) >= _SHORTEST
    ]
    return max(usable, key=lambda each: (min(map(len, each)), -len(each)), default=set())
