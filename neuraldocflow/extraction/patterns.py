"""Regular expressions that are compiled when first used, and some that are tried only where one of the
words they begin with stands.

A process starts with hundreds of them, which takes longer to compile than most documents to read, and a
document needs few. ``re`` tries a pattern that ignores case at every character. Most of ours begin with one
of a few words, and to find those in a lower-case text takes a fiftieth of that. Which words they are is read
from the pattern.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from re import _parser  # type: ignore[attr-defined]
from typing import Any, AnyStr, cast

_MOST = 24
_SHORTEST = 2
_TAKEN_FOR = str.maketrans("İıſ\N{KELVIN SIGN}", "iisk")


def regex(pattern: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """What :func:`re.compile` makes of the same arguments, made when first used."""
    return cast("re.Pattern[AnyStr]", _Later(pattern, flags))


def lowered(text: str) -> str:
    """A match of a pattern that ignores case, in the letters of the pattern.

    ``re`` takes İ and ı for an i, ſ for an s and the sign of kelvins for a k, which ``str.lower`` does not.
    """
    return text.translate(_TAKEN_FOR).lower()


class _Later:
    """A pattern's attributes, each found once."""

    def __init__(self, pattern: str | bytes, flags: int) -> None:
        self.pattern = pattern
        self._given = flags

    @cached_property
    def _compiled(self) -> re.Pattern[Any]:
        return re.compile(self.pattern, self._given)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._compiled, name)
        setattr(self, name, found)
        return found


class Pattern:
    """What :func:`regex` makes of the same arguments, and sooner done with a text."""

    def __init__(self, pattern: str, flags: int = 0) -> None:
        self._compiled = regex(pattern, flags)

    @cached_property
    def _folds(self) -> bool:
        return bool(self._compiled.flags & re.IGNORECASE)

    @cached_property
    def _starts(self) -> tuple[str, ...]:
        return beginnings(self._compiled.pattern, self._compiled.flags)

    def search(self, text: str, start: int = 0, end: int | None = None) -> re.Match[str] | None:
        """The first match, as :meth:`re.Pattern.search` gives it."""
        return next(self.finditer(text, start, end), None)

    def finditer(self, text: str, start: int = 0, end: int | None = None) -> Iterator[re.Match[str]]:
        """All matches, as :meth:`re.Pattern.finditer` gives them."""
        last = len(text) if end is None else end
        searched = text[start:last].lower() if self._folds else text[start:last]
        if not self._starts or len(searched) != last - start:  # a few letters become two in lower case
            yield from self._compiled.finditer(text, start, last)
            return
        done = start
        for place in _places(searched, self._starts):
            if start + place >= done:
                match = self._compiled.match(text, start + place, last)
                if match is not None:
                    yield match
                    done = match.end()


def _places(text: str, words: Sequence[str]) -> list[int]:
    """Where any of the words stands, in order."""
    found: list[int] = []
    for word in words:
        at = text.find(word)
        while at >= 0:
            found.append(at)
            at = text.find(word, at + 1)
    found.sort()
    return found


def beginnings(pattern: str, flags: int = 0) -> tuple[str, ...]:
    """Texts of which every match begins with one, in lower case where case is ignored; none where the
    pattern does not tell, or tells too many or too short ones."""
    compiled = _parser.parse(pattern, flags)
    found = _of_sequence(compiled)
    if compiled.state.flags & re.IGNORECASE:
        found = {each.lower() for each in found}
    if len(found) > _MOST or any(len(each) < _SHORTEST for each in found):
        return ()
    return tuple(
        sorted(each for each in found if not any(each.startswith(other) for other in found - {each}))
    )


def _of_sequence(parts: Sequence[tuple[Any, Any]]) -> set[str]:
    """What a sequence begins with; longer texts where several parts are sure of theirs."""
    found = {""}
    for kind, value in parts:
        if kind in (_parser.AT, _parser.ASSERT, _parser.ASSERT_NOT):
            continue  # takes up nothing
        more, whole = _of_part(kind, value)
        longer = {one + other for one in found for other in more}
        if not more or len(longer) > _MOST:
            break
        found = longer
        if not whole:
            break
    return found


def _of_part(kind: Any, value: Any) -> tuple[set[str], bool]:
    """What a part begins with, none where that can't be told, and whether that is all of it."""
    if kind is _parser.LITERAL:
        return {chr(value)}, True
    if kind is _parser.SUBPATTERN:
        return _of_sequence(value[3]), _is_plain(value[3])
    if kind is _parser.BRANCH:
        several = [_of_sequence(branch) for branch in value[1]]
        return set().union(*several), all(map(_is_plain, value[1]))
    if kind in (_parser.MAX_REPEAT, _parser.MIN_REPEAT, _parser.POSSESSIVE_REPEAT) and value[0] > 0:
        return _of_sequence(value[2]), False
    return set(), False


def _is_plain(parts: Sequence[tuple[Any, Any]]) -> bool:
    """Whether a sequence is nothing but literal texts, so that what it begins with is all of it."""
    return all(
        kind is _parser.LITERAL
        or (kind is _parser.SUBPATTERN and _is_plain(value[3]))
        or (kind is _parser.BRANCH and all(map(_is_plain, value[1])))
        for kind, value in parts
    )
