"""A linear model over words and word pairs of sentences: features, and scores by dictionary look-ups.

The weights are data (:meth:`LinearModel.from_form`), quantised to whole numbers with a scale for each class;
training makes its matrix of the very :func:`features` scored here.
"""

from __future__ import annotations

import itertools
import math
import struct
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

from .patterns import regex

OWN, BEFORE, AFTER, HEADING = "", "<", ">", "#"
"""Prefixes of features: of the sentence, the one before it, the one after it, and the heading above."""
GROUPS = {OWN: 1.0, BEFORE: 0.4, AFTER: 0.4, HEADING: 0.6}
"""The length of each group's part of a sentence's vector."""

_WORDS = regex(r"[a-z]+|[0-9]+|\$|%")
_PLACES = (OWN, BEFORE, AFTER)
"""The groups a word's packed weights are for, in their order."""
_BITS = 32
_RAISED = 1 << 20
"""More than any sum of a sentence's weights: at most 800 features of 127 each."""
_ONE = 1 << 36
"""How much features count is told in whole numbers of which this is one."""
_KEPT = 400
"""Words of a sentence that count; longer ones are lists."""


def words(text: str) -> list[str]:
    """Lower-case words; every number is ``0``."""
    return ["0" if word[0] < ":" and word[0] > "/" else word for word in _WORDS.findall(text.lower())[:_KEPT]]


def single(told: Sequence[str]) -> list[str]:
    """The distinct words, in order."""
    return list(dict.fromkeys(told))


def paired(told: Sequence[str]) -> list[str]:
    """The distinct words and pairs of words that follow each other."""
    return list(dict.fromkeys([*told, *map(" ".join, pairwise(told))]))


def features(told: Sequence[Sequence[str]], headings: Sequence[Sequence[str]]) -> Iterator[dict[str, float]]:
    """The features of each sentence of a document, given the words of sentences and of their headings."""
    for index, (sentence, heading) in enumerate(zip(told, headings, strict=True)):
        found: dict[str, float] = {}
        for prefix, names in (
            (OWN, paired(sentence)),
            (BEFORE, single(told[index - 1]) if index else []),
            (AFTER, single(told[index + 1]) if index + 1 < len(told) else []),
            (HEADING, paired(heading)),
        ):
            if names:
                value = GROUPS[prefix] / math.sqrt(len(names))
                for name in names:
                    found[prefix + name] = value
        yield found


@dataclass(frozen=True, slots=True)
class LinearModel:
    """Weights by feature: whole numbers, one a class, times the class' scale.

    A feature's weights stand side by side in one whole number (:func:`_packed`), so that one addition adds
    those of all classes, and one multiplication weighs them. A word has three sets of them: as part of a
    sentence, of the one before it and of the one after it.
    """

    classes: tuple[str, ...]
    scales: tuple[float, ...]
    intercepts: tuple[float, ...]
    numbers: Mapping[str, int]
    """Of each word the model knows."""
    weights: Mapping[int, int]
    """By a word's number, or a pair's (:func:`_pairs`)."""
    of_headings: Mapping[int, int]

    @classmethod
    def from_form(cls, form: Mapping[str, Any]) -> LinearModel:
        """Of the stored form: ``weights`` holds for each feature a flat list class, weight, class, weight…"""
        count = len(form["classes"])
        numbers: dict[str, int] = {}
        weights: dict[int, int] = defaultdict(int)
        of_headings: dict[int, int] = defaultdict(int)
        for feature, flat in form["weights"].items():
            group = feature[0] if feature[0] in GROUPS else OWN
            told = [numbers.setdefault(word, len(numbers)) for word in feature[len(group) :].split(" ")]
            (name,) = _pairs(told) or told
            if group == HEADING:
                of_headings[name] += _packed(flat)
            else:
                weights[name] += _packed(flat, _lanes(count) * _PLACES.index(group))
        scales, intercepts = tuple(form["scales"]), tuple(form["intercepts"])
        return cls(tuple(form["classes"]), scales, intercepts, numbers, dict(weights), dict(of_headings))

    def scores(self, told: Sequence[Sequence[str]], headings: Sequence[Sequence[str]]) -> list[list[float]]:
        """The decision values of a document's sentences, a list of one number a class for each."""
        # words of this document alone have numbers too: how many different ones there are counts
        number = defaultdict(itertools.count(len(self.numbers)).__next__, self.numbers).__getitem__
        under = {above: self._under(list(map(number, above))) for above in set(map(tuple, headings))}
        scales = [scale / _ONE for scale in self.scales]
        parts = [self._parts(list(map(number, sentence))) for sentence in told]
        found: list[list[float]] = []
        for index, heading in enumerate(headings):
            even, odd, raised = parts[index][0]
            for other, group in ((index - 1, 1), (index + 1, 2)):
                if 0 <= other < len(parts):
                    more_even, more_odd, more_raised = parts[other][group]
                    even, odd, raised = even + more_even, odd + more_odd, raised + more_raised
            lanes = zip(_unpacked(even, odd, len(self.classes)), scales, under[tuple(heading)], strict=True)
            found.append([(lane - raised) * scale + extra for lane, scale, extra in lanes])
        return found

    def _parts(self, sentence: Sequence[int]) -> tuple[_Part, _Part, _Part]:
        """What a sentence adds to the classes: for itself, for the one after it and for the one before it."""
        words, pairs = set(sentence), _pairs(sentence)
        total = sum(filter(None, map(self.weights.get, words)))
        total += sum(filter(None, map(self.weights.get, pairs)))
        total += _raised(_lanes(len(self.classes)) * len(_PLACES))
        own = round(GROUPS[OWN] * _ONE / math.sqrt(len(words) + len(pairs) or 1))
        beside = round(GROUPS[BEFORE] * _ONE / math.sqrt(len(words) or 1))
        width = _lanes(len(self.classes)) * _BITS
        every_other = _every_other(_lanes(len(self.classes)))
        return (
            _part(total, own, every_other),
            _part(total >> width, beside, every_other),
            _part(total >> 2 * width, beside, every_other),
        )

    def _under(self, heading: Sequence[int]) -> list[float]:
        """What a heading and the class itself add to each class."""
        names = {*heading, *_pairs(heading)}
        lanes = _lanes(len(self.classes))
        total = sum(filter(None, map(self.of_headings.get, names))) + _raised(lanes)
        even, odd, raised = _part(total, 1, _every_other(lanes))
        value = GROUPS[HEADING] / math.sqrt(len(names) or 1)
        sums = _unpacked(even, odd, len(self.classes))
        return [
            (lane - raised) * value * scale + intercept
            for lane, scale, intercept in zip(sums, self.scales, self.intercepts, strict=True)
        ]


_Part = tuple[int, int, int]
"""Packed sums, times how much a feature counts: of classes 0, 2, 4…, of classes 1, 3, 5…, each with room for
the product, and what each was raised by."""


def _part(total: int, value: int, every_other: int) -> _Part:
    return (total & every_other) * value, (total >> _BITS & every_other) * value, _RAISED * value


def _pairs(numbers: Sequence[int]) -> set[int]:
    """A number for each pair of words that follow each other, beyond those of words."""
    return {first + 1 << _BITS | second for first, second in pairwise(numbers)}


def _lanes(classes: int) -> int:
    """How many places classes take up: an even number."""
    return classes + classes % 2


def _packed(flat: Sequence[int], first: int = 0) -> int:
    """A feature's weights (class, weight, class, weight…) side by side, class 0 at place ``first``."""
    pairs = zip(flat[::2], flat[1::2], strict=True)
    return sum(weight << (first + number) * _BITS for number, weight in pairs)


@cache
def _raised(lanes: int) -> int:
    """What raises packed sums by ``_RAISED`` each, so that none is negative and takes from the next."""
    return _RAISED * (((1 << lanes * _BITS) - 1) // ((1 << _BITS) - 1))


@cache
def _every_other(lanes: int) -> int:
    """The places 0, 2, 4… of packed sums."""
    return ((1 << _BITS) - 1) * (((1 << lanes * _BITS) - 1) // ((1 << 2 * _BITS) - 1))


def _unpacked(even: int, odd: int, classes: int) -> list[int]:
    """The sums of all classes, of those of every other one."""
    lanes = _lanes(classes)
    found = [0] * lanes
    for first, packed in enumerate((even, odd)):
        told = packed.to_bytes(lanes * _BITS // 8, "little")
        found[first::2] = struct.unpack(f"<{lanes // 2}Q", told)
    return found[:classes]
