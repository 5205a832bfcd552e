"""The declarative rules of a profile's ``validations``: each looks at values and says whether they hold.

A rule is only judged where the values it speaks of are there; ``required`` judges absence.
"""

from __future__ import annotations

import datetime
import itertools
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_EASTERNMOST = datetime.timezone(datetime.timedelta(hours=14))
"""Where a day begins first: a document from there may be of a day that is tomorrow elsewhere."""
Values = Mapping[str, Any]
"""Field names to normalised values; a list field has a list. Absent fields are None."""
Verdict = tuple[bool, str] | None
"""Passed and what was seen; None where there is nothing to judge."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of rule: the keys it needs, those it can have besides, and its judgement of values."""

    judge: Callable[[Mapping[str, Any], Values], Verdict]
    needs: tuple[str, ...] = ("fields",)
    takes: tuple[str, ...] = ()
    compares: bool = False
    """Whether it sets values against one another: amounts of money then have to be in one currency."""
    judges: tuple[str, ...] = ()
    """The types of fields it can judge; all, where it names none."""

    def fields_of(self, form: Mapping[str, Any]) -> list[str]:
        """The fields it speaks of."""
        named: list[str] = []
        for key in ("fields", "parts"):
            named.extend(_names(form, key))
        if isinstance(form.get("total"), str):
            named.append(form["total"])
        return named


def _names(form: Mapping[str, Any], key: str = "fields") -> list[str]:
    """Fields a rule names there: one, or several."""
    value = form.get(key) or []
    return [value] if isinstance(value, str) else list(value)


def _each(form: Mapping[str, Any], values: Values) -> list[Any]:
    """All values of the rule's fields, lists flattened, absent ones left out."""
    found: list[Any] = []
    for name in _names(form):
        found.extend(_listed(values.get(name)))
    return found


def _required(form: Mapping[str, Any], values: Values) -> Verdict:
    absent = [name for name in _names(form) if values.get(name) in (None, [])]
    words = ", ".join(name.replace("_", " ") for name in absent)  # as fields are called to people
    return not absent, f"not found: {words}" if absent else ""


def _numbers(values: Iterable[Any]) -> list[float]:
    return [
        float(value) for value in values if isinstance(value, int | float) and not isinstance(value, bool)
    ]


def _range(form: Mapping[str, Any], values: Values) -> Verdict:
    numbers = _numbers(_each(form, values))
    if not numbers:
        return None
    low, high = form.get("min"), form.get("max")
    fine = all((low is None or low <= each) and (high is None or each <= high) for each in numbers)
    bounds = [
        f"{name} {bound:,}" for name, bound in (("at least", low), ("at most", high)) if bound is not None
    ]
    return fine, f"expected {' and '.join(bounds)}"


def _format(form: Mapping[str, Any], values: Values) -> Verdict:
    texts = [str(value) for value in _each(form, values)]
    if not texts:
        return None
    return all(re.fullmatch(form["pattern"], text) for text in texts), "not in the expected form"


def _order(form: Mapping[str, Any], values: Values) -> Verdict:
    """The first field's value is not above any later field's; dates as ISO texts or numbers."""
    ordered = [found for name in _names(form) if (found := _comparable(values.get(name)))]
    pairs = [(a, b) for a, b in itertools.pairwise(ordered) if type(a[0]) is type(b[0])]
    if not pairs:
        return None
    return all(max(a) <= min(b) for a, b in pairs), "out of order"


def _comparable(value: Any) -> list[Any]:
    several = _listed(value)
    dates = [each for each in several if isinstance(each, str) and re.match(r"\d{4}-\d\d-\d\d", each)]
    return list(dates) or list(_numbers(several))


def _sum(form: Mapping[str, Any], values: Values) -> Verdict:
    """The total equals the sum of its parts within ``tolerance`` (a fraction of the total)."""
    totals = _numbers(_listed(values.get(form["total"])))
    parts = [_listed(values.get(name)) for name in _names(form, "parts")]
    numbers = [_numbers(part) for part in parts]
    whole = all(part and len(part) == len(found) for part, found in zip(parts, numbers, strict=True))
    if len(totals) != 1 or not whole:
        return None
    difference = abs(totals[0] - sum(itertools.chain(*numbers)))
    allowed = form.get("tolerance", 0.005) * max(abs(totals[0]), 1.0)
    return difference <= allowed, f"differs by {difference:,.2f}"


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _not_future(form: Mapping[str, Any], values: Values) -> Verdict:
    dates = [each for each in _comparable(_each(form, values)) if isinstance(each, str)]
    today = datetime.datetime.now(_EASTERNMOST).date().isoformat()
    return None if not dates else (max(dates) <= today, "lies in the future")


def _unique(form: Mapping[str, Any], values: Values) -> Verdict:
    several = [str(value) for value in _each(form, values)]
    return None if not several else (len(set(several)) == len(several), "the same value stands twice")


def _one_of(form: Mapping[str, Any], values: Values) -> Verdict:
    """At least one of the fields is there."""
    return any(values.get(name) not in (None, []) for name in _names(form)), "none of them was found"


_NUMBERS = ("integer", "decimal", "money", "percent")
RULES: dict[str, Rule] = {
    "required": Rule(_required),
    "range": Rule(_range, takes=("min", "max"), judges=_NUMBERS),
    "format": Rule(_format, ("fields", "pattern")),
    "order": Rule(_order, compares=True, judges=("date", *_NUMBERS)),
    "sum": Rule(_sum, ("total", "parts"), ("tolerance",), compares=True, judges=_NUMBERS),
    "not_future": Rule(_not_future, judges=("date",)),
    "unique": Rule(_unique),
    "one_of": Rule(_one_of),
}
