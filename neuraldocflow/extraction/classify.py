"""Which profile a document belongs to, by the weighted signals of each."""

from __future__ import annotations

import math
from collections.abc import Mapping

from .model import Document
from .profile import Profile

GENERIC = "generic"
_FIRST = 40_000
"""Characters looked at: what a document is shows at its beginning."""
_HALF = 4.0
"""The sum of weights at which a document is as likely as not of the profile's type."""


def score(document: Document, profile: Profile) -> float:
    """How likely the document is of the profile's type, 0..1, by the weights of the signals it shows."""
    if document.kind not in profile.formats or not profile.detect:
        return 0.0
    text = document.text[:_FIRST]
    total = sum(
        signal.weight
        for signal in profile.detect
        if document.kind in signal.formats and signal.pattern.search(text)
    )
    return 1 / (1 + math.exp(-1.2 * (total - _HALF)))


def classify(document: Document, profiles: Mapping[str, Profile]) -> tuple[str, float]:
    """The likeliest profile's name and its score; ``generic`` with one minus it where none is likely."""
    scores = {name: score(document, profile) for name, profile in profiles.items() if name != GENERIC}
    best = max(scores, key=lambda name: scores[name], default=GENERIC)
    likely = scores.get(best, 0.0)
    return (best, likely) if likely >= 0.5 else (GENERIC, 1 - likely)
