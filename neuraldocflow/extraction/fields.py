"""Fields of a document: candidates from a profile's strategies, normalised, ranked, with their places."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from dataclasses import field as attribute
from typing import Any

from .calibration import probability
from .candidates import STRATEGIES, Candidate, Context
from .model import Document, Provenance
from .normalise import day_first, normalise
from .profile import Field, Profile

_PLACES = 8
"""The most places told for one value."""
_RIVAL = 0.05
"""A rival this close to the best leaves the choice in doubt."""


@dataclass(slots=True)
class Value:
    """One value of a field, as decided."""

    value: Any
    raw: str
    confidence: float
    score: float
    """The strategy's own, before calibration."""
    strategy: str
    provenance: list[Provenance]
    told: dict[str, Any] = attribute(default_factory=dict)
    """What stands beside the value in the result, such as the currency."""

    def to_dict(self) -> dict[str, Any]:
        return {
            "value": self.value,
            "raw": self.raw,
            "confidence": round(self.confidence, 4),
            "provenance": [place.to_dict() for place in self.provenance],
            **self.told,
        }


@dataclass(slots=True)
class Found:
    """A field's values (at most one unless it is a list), or why there is none."""

    field: Field
    values: list[Value]
    reason: str = ""

    @property
    def value(self) -> Any:
        """The plain value, a list's values, or None."""
        if self.field.type == "list":
            return [each.value for each in self.values]
        return self.values[0].value if self.values else None

    def to_json(self) -> Any:
        """The field as it stands in a result."""
        if self.field.type == "list":
            return [each.to_dict() for each in self.values]
        return self.values[0].to_dict() if self.values else None


_LOOKED = {
    "auditor": "in the auditor's report",
    "clinical_head": "at the head of the record",
    "cover_page": "on the cover page",
    "statement": "in the financial statements",
}
"""Where strategies look that look in one place."""


def find_fields(document: Document, profile: Profile, context: Context) -> Iterator[Found]:
    """Each field of the profile in order; what was decided is in ``context.found`` for those after it."""
    for field in profile.fields:
        found = _find(document, field, context)
        context.found[field.name] = found.value
        yield found


def _find(document: Document, field: Field, context: Context) -> Found:
    refused = 0
    for name, spec in field.where:
        usable: list[tuple[Candidate, Any, dict[str, Any]]] = []
        for candidate in STRATEGIES[name](document, spec, field, context):
            candidate.strategy = name
            normal = _normal(document, candidate, field, context)
            if normal is None:
                refused += 1
            else:
                usable.append((candidate, *normal))
        if usable:
            chosen = _several(usable) if field.type == "list" else [_best(usable)]
            return Found(field, [_value(document, field, context, *each) for each in chosen])
    return Found(field, [], _why_absent(field, refused))


def _why_absent(field: Field, refused: int) -> str:
    """In the reader's words: where somebody would look who does not believe it."""
    if not field.where:
        return "the profile does not say where to look"
    if refused:
        kind = field.items.type if field.items is not None else field.type
        return f"what was found is no valid {kind}"
    last, _ = field.where[-1]
    return f"not found {_LOOKED.get(last, 'in the document')}"


def _normal(
    document: Document, candidate: Candidate, field: Field, context: Context
) -> tuple[Any, dict[str, Any]] | None:
    if candidate.value is not None:
        currency = candidate.context.get("currency")
        return candidate.value, {"currency": currency} if currency and field.type == "money" else {}
    if "day_first" not in context.cache:
        context.cache["day_first"] = day_first(document.text)
    return normalise(candidate.raw, field, {**candidate.context, "day_first": context.cache["day_first"]})


def _key(value: Any) -> str:
    return value.casefold() if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)


Usable = tuple[Candidate, Any, dict[str, Any]]


def _best(usable: list[Usable]) -> Usable:
    """The best-scored candidate. Others with its value strengthen it; a close rival weakens it."""
    best = max(usable, key=lambda each: each[0].score)
    own = _key(best[1])
    rivals = [each[0].score for each in usable if _key(each[1]) != own]
    agreeing = sum(_key(each[1]) == own for each in usable) - 1
    candidate = best[0]
    if rivals and max(rivals) > candidate.score - _RIVAL:
        candidate.score *= 0.8
    elif agreeing and candidate.score < 0.95:
        candidate.score = min(candidate.score + 0.03 * min(agreeing, 3), 0.95)
    return best


_COUNTED = frozenset({"pattern", "table_cell", "table_rows"})
"""Strategies of which each number, and each row, is one of its own, though another is equal to it."""


def _several(usable: list[Usable]) -> list[Usable]:
    """Each value once, in the strategy's order; what is counted, once for each of its places."""
    once: dict[tuple[str, Any], Usable] = {}
    for each in usable:
        candidate, value, _ = each
        counted = candidate.strategy in _COUNTED and not isinstance(value, str)
        place = (candidate.start, tuple(candidate.ranges)) if counted else None
        once.setdefault((_key(value), place), each)
    return list(once.values())


def _value(
    document: Document, field: Field, context: Context, candidate: Candidate, value: Any, told: dict[str, Any]
) -> Value:
    places = list(provenance_of(document, candidate))
    calibration = context.data.get("calibration") or {}
    measured = field.measured_as or field.name
    confidence = probability(calibration, measured, candidate.strategy, candidate.score)
    confidence *= _seen_clearly(document, places)
    raw = candidate.raw if len(candidate.raw) <= 2000 else candidate.raw[:2000]
    return Value(value, raw, confidence, candidate.score, candidate.strategy, places, told)


def provenance_of(document: Document, candidate: Candidate) -> Iterator[Provenance]:
    """The places of a candidate and of all that belongs to it, each once."""
    seen: set[tuple[Any, ...]] = set()
    for start, end in _ranges(candidate):
        for place in document.provenance(start, end):
            key = (place.page, place.bbox, place.block)
            if key not in seen and len(seen) < _PLACES:
                seen.add(key)
                yield place


def _ranges(candidate: Candidate) -> Iterable[tuple[int, int]]:
    if candidate.start >= 0:
        yield candidate.start, candidate.end
    yield from candidate.ranges


def _seen_clearly(document: Document, places: list[Provenance]) -> float:
    """The recognition's confidence where the value stands on a page that was recognised; else 1."""
    pages = {place.page for place in places if place.page is not None}
    seen = [
        page.ocr_confidence
        for page in document.pages
        if page.number in pages and page.ocr_confidence is not None
    ]
    return min(seen, default=1.0)
