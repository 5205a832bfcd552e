"""A linear model over words and word pairs of sentences: features, and scores by dictionary look-ups.

The weights are data (:meth:`LinearModel.from_form`), quantised to whole numbers with a scale for each class;
training makes its matrix of the very :func:`features` scored here.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

Weights = Mapping[str, int]
"""Of each feature: its weights for all classes side by side in one whole number, so that one addition adds
them all."""
Sums = list[float]

OWN, BEFORE, AFTER, HEADING = "", "<", ">", "#"
"""Prefixes of features: of the sentence, the one before it, the one after it, and the heading above."""
GROUPS = {OWN: 1.0, BEFORE: 0.4, AFTER: 0.4, HEADING: 0.6}
"""The length of each group's part of a sentence's vector."""

_WORDS = re.compile(r"[a-z]+|[0-9]+|\$|%")
_BITS = 32
_FULL, _HALF = 1 << _BITS, 1 << _BITS - 1
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
    """Weights by group and feature: a whole number for each class, times the class' scale."""

    classes: tuple[str, ...]
    scales: tuple[float, ...]
    intercepts: tuple[float, ...]
    weights: Mapping[str, Weights]

    @classmethod
    def from_form(cls, form: Mapping[str, Any]) -> LinearModel:
        """Of the stored form: ``weights`` holds for each feature a flat list class, weight, class, weight…"""
        groups: dict[str, dict[str, int]] = {prefix: {} for prefix in GROUPS}
        for feature, flat in form["weights"].items():
            prefix = feature[0] if feature[0] in GROUPS else OWN
            packed = 0
            for number, weight in zip(flat[::2], flat[1::2], strict=True):
                packed += weight << number * _BITS
            groups[prefix][feature[len(prefix) :]] = packed
        return cls(tuple(form["classes"]), tuple(form["scales"]), tuple(form["intercepts"]), groups)

    def scores(self, told: Sequence[Sequence[str]], headings: Sequence[Sequence[str]]) -> list[list[float]]:
        """The decision values of a document's sentences, a list of one number a class for each."""
        singles = [single(sentence) for sentence in told]
        before = [self._sums(BEFORE, names) for names in singles[:-1]]
        after = [self._sums(AFTER, names) for names in singles[1:]]
        under: dict[tuple[str, ...], Sums] = {}
        found: list[list[float]] = []
        for index, (sentence, heading) in enumerate(zip(told, headings, strict=True)):
            above = tuple(heading)
            if above not in under:
                under[above] = self._sums(HEADING, paired(above))
            parts = [self._sums(OWN, paired(sentence)), under[above]]
            if index:
                parts.append(before[index - 1])
            if index + 1 < len(told):
                parts.append(after[index])
            found.append(
                [
                    sum(values) * scale + intercept
                    for scale, intercept, *values in zip(self.scales, self.intercepts, *parts, strict=True)
                ]
            )
        return found

    def _sums(self, group: str, names: Sequence[str]) -> Sums:
        """What a group's features add to each class, before scales."""
        if not names:
            return [0.0] * len(self.classes)
        total = sum(filter(None, map(self.weights[group].get, names)))
        count, value = len(self.classes), GROUPS[group] / math.sqrt(len(names))
        raised = total + (_HALF << count * _BITS) // (_FULL - 1)  # by a half for each class: none is negative
        lanes = struct.unpack(f"<{count}I", raised.to_bytes(count * _BITS // 8, "little"))
        return [(lane - _HALF) * value for lane in lanes]
