"""Which profile a document belongs to, by the weighted signals of each."""

from __future__ import annotations

import math
from collections.abc import Mapping

from .model import Document
from .profile import Profile

GENERIC = "generic"
_SHARE, _OVERLAP = 40_000, 5_000
"""Characters looked at together, and how many of them the next look has too."""
_SURE = 0.99
"""How likely a type must be by what stands further down, where others are quoted too."""
_HALF = 4.0
"""The sum of weights at which a document is as likely as not of the profile's type."""


def score(document: Document, profile: Profile, start: int = 0) -> float:
    """How likely the document is of the profile's type, 0..1, by the weights of the signals it shows in the
    40,000 characters from ``start`` on: what a document is shows at its beginning."""
    if document.kind not in profile.formats or not profile.detect:
        return 0.0
    text = document.text[start : start + _SHARE]
    total = sum(
        signal.weight
        for signal in profile.detect
        if document.kind in signal.formats and signal.pattern.search(text)
    )
    return 1 / (1 + math.exp(-1.2 * (total - _HALF)))


def classify(document: Document, profiles: Mapping[str, Profile]) -> tuple[str, float]:
    """The likeliest profile's name and its score; ``generic`` with one minus it where none is likely.

    Where the beginning shows none, profiles that say so are looked for further down: a report may have a
    letter in front of it.
    """
    known = {name: profile for name, profile in profiles.items() if name != GENERIC}
    first = _likeliest(document, known, 0)
    if first[1] >= 0.5:
        return first
    for start in range(_SHARE - _OVERLAP, len(document.text), _SHARE - _OVERLAP):
        known = {name: profile for name, profile in known.items() if profile.detect_within > start}
        if not known:
            break
        found = _likeliest(document, known, start)
        if found[1] >= _SURE:
            return found
    return GENERIC, 1 - first[1]


def _likeliest(document: Document, profiles: Mapping[str, Profile], start: int) -> tuple[str, float]:
    scores = {name: score(document, profile, start) for name, profile in profiles.items()}
    best = max(scores, key=lambda name: scores[name], default=GENERIC)
    return best, scores.get(best, 0.0)
