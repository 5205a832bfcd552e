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

Values = Mapping[str, Any]
"""Field names to normalised values; a list field has a list. Absent fields are None."""
Verdict = tuple[bool, str] | None
"""Passed and what was seen; None where there is nothing to judge."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of rule: the keys it needs, and its judgement of values."""

    judge: Callable[[Mapping[str, Any], Values], Verdict]
    needs: tuple[str, ...] = ("fields",)

    def fields_of(self, form: Mapping[str, Any]) -> list[str]:
        """The fields it speaks of."""
        named: list[str] = []
        for key in ("fields", "parts"):
            value = form.get(key) or []
            named.extend([value] if isinstance(value, str) else value)
        if isinstance(form.get("total"), str):
            named.append(form["total"])
        return named


def _each(form: Mapping[str, Any], values: Values) -> list[Any]:
    """All values of the rule's fields, lists flattened, absent ones left out."""
    found: list[Any] = []
    for name in form["fields"]:
        value = values.get(name)
        found.extend(value if isinstance(value, list) else [] if value is None else [value])
    return found


def _required(form: Mapping[str, Any], values: Values) -> Verdict:
    absent = [name for name in form["fields"] if values.get(name) in (None, [])]
    return not absent, f"not found: {', '.join(absent)}" if absent else ""


def _numbers(values: Iterable[Any]) -> list[float]:
    return [
        float(value) for value in values if isinstance(value, int | float) and not isinstance(value, bool)
    ]


def _range(form: Mapping[str, Any], values: Values) -> Verdict:
    numbers = _numbers(_each(form, values))
    if not numbers:
        return None
    low, high = form.get("min", float("-inf")), form.get("max", float("inf"))
    return all(low <= number <= high for number in numbers), f"expected between {low:g} and {high:g}"


def _format(form: Mapping[str, Any], values: Values) -> Verdict:
    texts = [str(value) for value in _each(form, values)]
    if not texts:
        return None
    return all(re.fullmatch(form["pattern"], text) for text in texts), "not in the expected form"


def _order(form: Mapping[str, Any], values: Values) -> Verdict:
    """The first field's value is not above any later field's; dates as ISO texts or numbers."""
    ordered = [_comparable(values.get(name)) for name in form["fields"]]
    pairs = [(a, b) for a, b in itertools.pairwise(ordered) if a and b and type(a[0]) is type(b[0])]
    if not pairs:
        return None
    return all(max(a) <= min(b) for a, b in pairs), "out of order"


def _comparable(value: Any) -> list[Any]:
    several = value if isinstance(value, list) else [value]
    dates = [each for each in several if isinstance(each, str) and re.match(r"\d{4}-\d\d-\d\d", each)]
    return list(dates) or list(_numbers(several))


def _sum(form: Mapping[str, Any], values: Values) -> Verdict:
    """The total equals the sum of its parts within ``tolerance`` (a fraction of the total)."""
    total = values.get(form["total"])
    parts = [values.get(name) for name in form["parts"]]
    if total is None or any(part is None for part in parts):
        return None
    difference = abs(float(total) - sum(float(part) for part in parts if part is not None))
    return difference <= form.get("tolerance", 0.005) * max(
        abs(float(total)), 1.0
    ), f"differs by {difference:,.0f}"


def _not_future(form: Mapping[str, Any], values: Values) -> Verdict:
    dates = [each for each in _comparable(_each(form, values)) if isinstance(each, str)]
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    return None if not dates else (max(dates) <= today, "lies in the future")


def _unique(form: Mapping[str, Any], values: Values) -> Verdict:
    several = [str(value) for value in _each(form, values)]
    return None if not several else (len(set(several)) == len(several), "the same value stands twice")


def _one_of(form: Mapping[str, Any], values: Values) -> Verdict:
    """At least one of the fields is there."""
    return any(values.get(name) not in (None, []) for name in form["fields"]), "none of them was found"


RULES: dict[str, Rule] = {
    "required": Rule(_required),
    "range": Rule(_range),
    "format": Rule(_format, ("fields", "pattern")),
    "order": Rule(_order),
    "sum": Rule(_sum, ("total", "parts")),
    "not_future": Rule(_not_future),
    "unique": Rule(_unique),
    "one_of": Rule(_one_of),
}
