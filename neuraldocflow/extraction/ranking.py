"""Candidates ranked by what was learned: a linear model over named features tells how likely each is right.

Features are the words around a candidate and facts about it. Training makes its matrix of the very features
that are weighed here; the weights are data of a profile, as :data:`Form` says.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from .candidates import Candidate
from .patterns import regex

Features = dict[str, float]
Facts = dict[str, bool | int | str]
Form = Mapping[str, Any]
"""``weights`` by feature as whole numbers, their ``scale``, an ``intercept``, and ``least``, the probability
from which on a candidate is worth telling."""

_TOKEN = regex(r"[A-Za-z]+|\d+|[^\w\s]|\n")
_REACH = 90
"""Characters around a candidate that are looked at."""
_WORDS = 8
"""Words around it, and how many of them count by their exact distance."""
_NEAR = 3


def tokens(text: str) -> list[str]:
    """Lower-case words and single signs, line breaks among them; every number is ``0``."""
    return ["0" if each.isdigit() else each.lower() for each in _TOKEN.findall(text)]


def around(text: str, start: int, end: int, weight: float = 1.0) -> Features:
    """The words before and after a range, alone, by their distance, and as pairs and triples."""
    before = tokens(text[max(start - _REACH, 0) : start])[-_WORDS:]
    after = tokens(text[end : end + _REACH])[:_WORDS]
    found: Features = {}
    for side, told, nearest in (("<", before, before[::-1]), (">", after, after)):
        for index, word in enumerate(nearest):
            found[side + word] = weight
            if index < _NEAR:
                found[f"{side}{index}{word}"] = weight
        for size in (2, 3):
            for index in range(len(told) - size + 1):
                found[side + " ".join(told[index : index + size])] = weight
    return found


def facts(told: Mapping[str, bool | int | str]) -> Features:
    """Facts as features: what is true by its name, words by name and word, numbers by name and size.

    Numbers below 8 are told apart, larger ones by their power of two.
    """
    found: Features = {}
    for name, value in told.items():
        if value is True:
            found[name] = 1.0
        elif isinstance(value, str):
            found[f"{name}={value}"] = 1.0
        elif value is not False:
            size = abs(value)
            told_size = str(size) if size < 8 else f"2^{size.bit_length() - 1}"
            found[f"{name}={'-' if value < 0 else ''}{told_size}"] = 1.0
    return found


def crossed(key: str, features: Iterable[str]) -> Features:
    """The features once more, told apart by a key."""
    return {f"{key}|{name}": 1.0 for name in features}


def probability(form: Form, features: Features) -> float:
    """How likely a candidate with these features is right."""
    weights: Mapping[str, int] = form["weights"]
    total = sum(weights[name] * value for name, value in features.items() if name in weights)
    return 1.0 / (1.0 + math.exp(-max(min(total * form["scale"] + form["intercept"], 30.0), -30.0)))


def ranked(candidates: Iterable[Candidate], form: Form) -> list[Candidate]:
    """Those worth telling, with their probabilities as scores."""
    found: list[Candidate] = []
    for each in candidates:
        each.score = probability(form, each.features)
        if each.score >= form["least"]:
            found.append(each)
    return found
