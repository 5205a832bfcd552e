"""What is wrong with a profile's JSON form, all of it, each with its path in the form.

A mistake is refused when the profile is loaded, and not met by its first document.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from itertools import pairwise
from typing import Any

from . import settings
from .candidates import STRATEGIES
from .identifiers import IDENTIFIERS
from .rules import RULES

TYPES = (
    "string",
    "integer",
    "decimal",
    "money",
    "percent",
    "date",
    "boolean",
    "enum",
    "list",
    "object",
    "identifier",
)
_MEANT = {"number": "decimal", "float": "decimal", "text": "string", "currency": "money", "amount": "money"}
"""What types are called elsewhere."""
FORMATS = ("pdf", "docx", "html")
SEVERITIES = ("error", "warning", "info")
PATTERN_KEYS = frozenset({"pattern", "patterns", "after", "before", "until", "row", "column", "heading"})
"""Keys of a profile whose texts are regular expressions, wherever they stand."""

Path = tuple[str | int, ...]
Problems = Iterator[tuple[Path, str]]

_KEYS: dict[str, type | tuple[type, ...]] = {
    "name": str,
    "version": (str, int, float),
    "title": str,
    "document_type": str,
    "description": str,
    "formats": list,
    "detect": list,
    "detect_within": int,
    "sections": list,
    "fields": dict,
    "clauses": dict,
    "validations": list,
    "data": dict,
    "text": bool,
}
_FIELD_KEYS: dict[str, type | tuple[type, ...]] = {
    "type": str,
    "title": str,
    "description": str,
    "required": bool,
    "format": str,
    "values": (list, dict),
    "items": dict,
    "where": list,
    "weight": (int, float),
    "sensitive": bool,
    "measured_as": str,
}
_ITEM_KEYS = frozenset({"type", "title", "description", "format", "values"})
"""What can be said of a list's items."""
_OF_TYPES = {"values": ("enum",), "items": ("list",), "format": ("string", "identifier")}
"""Settings that fields of other types do not heed."""
_SIGNAL_KEYS: dict[str, type | tuple[type, ...]] = {
    "pattern": str,
    "weight": (int, float),
    "formats": list,
}
_SECTION_KEYS: dict[str, type | tuple[type, ...]] = {
    "id": (str, int),
    "title": (str, int),
    "number": (str, int),
    "label": str,
    "pattern": str,
    "level": int,
}
_CLAUSES_KEYS: dict[str, type | tuple[type, ...]] = {"model": str, "kinds": dict}


def problems_of(form: Any) -> Problems:
    """Each problem of a form: where it is, and a sentence."""
    if not isinstance(form, Mapping):
        yield (), "a profile is a mapping with name, version and fields"
        return
    yield from _keys_of(form, _KEYS, ())
    for key in ("name", "version"):
        if not form.get(key):
            yield (key,), "is missing"
    if (
        form.get("name")
        and isinstance(form["name"], str)
        and not re.fullmatch(r"[a-z][a-z0-9_]*", form["name"])
    ):
        yield ("name",), "has lower-case letters, digits and _ only"
    if form.get("name") == "auto":
        yield ("name",), "is taken: auto means that the document tells which profile"
    yield from _format_problems(form, ())
    for index, each in enumerate(_list(form, "detect")):
        path: Path = ("detect", index)
        if isinstance(each, Mapping) and each.get("pattern"):
            yield from _keys_of(each, _SIGNAL_KEYS, path)
            yield from _format_problems(each, path)
        else:
            yield path, "a signal has a pattern and a weight"
    for index, each in enumerate(_list(form, "sections")):
        yield from _section_problems(each, ("sections", index))
    yield from _clauses_problems(form)
    yield from _calibration_problems(form.get("data"))
    fields = form.get("fields")
    for name, each in fields.items() if isinstance(fields, Mapping) else ():
        if not name:
            yield ("fields", name), "a field has a name"
        yield from _field_problems(each, ("fields", name))
    known = set(fields) if isinstance(fields, Mapping) else set()
    for name, each in fields.items() if isinstance(fields, Mapping) else ():
        other = each.get("measured_as") if isinstance(each, Mapping) else None
        if isinstance(other, str) and other not in known:
            yield ("fields", name, "measured_as"), _no_field(other, known)
    for index, each in enumerate(_list(form, "validations")):
        yield from _rule_problems(each, fields if isinstance(fields, Mapping) else {}, ("validations", index))
    told = {key: form[key] for key in form if key != "data"}
    yield from settings.no_json(told)
    yield from _pattern_problems(told, ())


def _keys_of(form: Mapping[str, Any], known: Mapping[str, Any], path: Path) -> Problems:
    for key, value in form.items():
        if key not in known:
            yield (*path, key), f"unknown key; {_instead(key, known)}"
        elif value is not None and not _is_a(value, known[key]):
            yield (*path, key), f"must be {_kind_of(known[key])}"


def _is_a(value: Any, wanted: type | tuple[type, ...]) -> bool:
    """Whether it is of the type, or of one of several; True and False are no numbers."""
    return isinstance(value, wanted) and (not isinstance(value, bool) or wanted is bool)


def _instead(given: Any, known: Iterable[str]) -> str:
    near = get_close_matches(str(given), known, 1)
    return f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"


def _kind_of(types: type | tuple[type, ...]) -> str:
    names = {
        str: "a text",
        int: "a number",
        float: "a number",
        bool: "true or false",
        list: "a list",
        dict: "a mapping",
    }
    kinds = types if isinstance(types, tuple) else (types,)
    return " or ".join(dict.fromkeys(names[kind] for kind in kinds))


def _list(form: Mapping[str, Any], key: str) -> list[Any]:
    value = form.get(key)
    return value if isinstance(value, list) else []


def _section_problems(form: Any, path: Path) -> Problems:
    if not isinstance(form, Mapping) or not form.get("id"):
        yield path, "a section is a mapping with an id, and a title, number or pattern"
        return
    yield from _keys_of(form, _SECTION_KEYS, path)


def _format_problems(form: Mapping[str, Any], path: Path) -> Problems:
    for index, each in enumerate(_list(form, "formats")):
        if each not in FORMATS:
            yield (*path, "formats", index), f"unknown format {each!r}; known are {', '.join(FORMATS)}"


def _clauses_problems(form: Mapping[str, Any]) -> Problems:
    clauses, data = form.get("clauses"), form.get("data")
    if not clauses or not isinstance(clauses, Mapping):
        return
    yield from _keys_of(clauses, _CLAUSES_KEYS, ("clauses",))
    for key in _CLAUSES_KEYS:
        if not clauses.get(key):
            yield ("clauses",), f"clauses need {key}"
    model = clauses.get("model")
    if model and isinstance(model, str) and model not in (data if isinstance(data, Mapping) else ()):
        yield ("clauses", "model"), f"the profile's data have no {model!r}"


def _calibration_problems(data: Any) -> Problems:
    learned = data.get("calibration") if isinstance(data, Mapping) else None
    if learned is None or isinstance(learned, str):
        return
    if not isinstance(learned, Mapping) or not all(map(_are_points, learned.values())):
        yield ("data", "calibration"), "is none: it has, by field, a list of [score, probability] that rise"


def _are_points(value: Any) -> bool:
    """Whether it is what a calibration has for a field: points within 0..1, their scores rising."""
    if not isinstance(value, list | tuple) or not value:
        return False
    pairs = all(isinstance(each, list | tuple) and len(each) == 2 for each in value)
    if not pairs or not all(settings.is_number(part) and 0 <= part <= 1 for each in value for part in each):
        return False
    return all(one[0] <= other[0] for one, other in pairwise(value))


def _field_problems(form: Any, path: Path) -> Problems:
    if not isinstance(form, Mapping):
        yield path, "a field is a mapping with type and where"
        return
    yield from _keys_of(form, _FIELD_KEYS, path)
    kind = form.get("type", "string")
    if kind not in TYPES:
        yield (*path, "type"), f"unknown type {kind!r}; {_instead(_MEANT.get(kind, kind), TYPES)}"
    if form.get("format") is not None and form["format"] not in IDENTIFIERS:
        yield (*path, "format"), f"unknown format {form['format']!r}; {_instead(form['format'], IDENTIFIERS)}"
    if settings.is_number(form.get("weight")) and form["weight"] < 0:
        yield (*path, "weight"), "must be 0 or more"
    if kind == "enum" and not form.get("values"):
        yield path, "an enum lists its values"
    yield from _value_problems(form.get("values"), (*path, "values"))
    for key, kinds in _OF_TYPES.items():
        if form.get(key) is not None and kind in TYPES and kind not in kinds:
            yield (*path, key), f"is for the type {' or '.join(kinds)}; this is of type {kind}"
    if isinstance(form.get("items"), Mapping):
        yield from _field_problems(form["items"], (*path, "items"))
        for key in form["items"]:
            if key in _FIELD_KEYS and key not in _ITEM_KEYS:
                yield (*path, "items", key), "is said of the field itself, not of its items"
    for index, entry in enumerate(_list(form, "where")):
        where: Path = (*path, "where", index)
        if not isinstance(entry, Mapping) or len(entry) != 1:
            yield where, "an entry is one strategy with its settings, such as {label: {text: Invoice number}}"
            continue
        ((key, spec),) = entry.items()
        if key not in STRATEGIES:
            yield (*where, key), f"unknown strategy {key!r}; {_instead(key, sorted(STRATEGIES))}"
        elif spec is not None and not isinstance(spec, Mapping):
            yield (*where, key), "a strategy's settings are a mapping"
        else:
            yield from settings.problems(key, spec or {}, (*where, key))
            yield from settings.unfit(key, _kind(form), (*where, key))


def _value_problems(values: Any, path: Path) -> Problems:
    for index, value in enumerate(values if isinstance(values, list) else ()):
        if not isinstance(value, str | int | float) or isinstance(value, bool):
            yield (*path, index), "must be a text; Yes, No and the like are written in quotes"
    for value, words in values.items() if isinstance(values, Mapping) else ():
        if words is not None and not settings.all_texts(words):
            yield (*path, value), "must list the words that mean it, each a text"


def _rule_problems(form: Any, fields: Mapping[str, Any], path: Path) -> Problems:
    if not isinstance(form, Mapping) or "rule" not in form:
        yield path, "a rule is a mapping such as {rule: required, fields: [total]}"
        return
    if str(form["rule"]) not in RULES:
        yield path, f"unknown rule {form['rule']!r}; {_instead(form['rule'], sorted(RULES))}"
        return
    if form.get("severity", "error") not in SEVERITIES:
        yield (*path, "severity"), f"must be one of {', '.join(SEVERITIES)}"
    rule = RULES[form["rule"]]
    known = (*rule.needs, *rule.takes, "rule", "severity", "message")
    for key in form:
        if key not in known:
            yield (*path, key), f"unknown key; {_instead(key, known)}"
    for key in rule.needs:
        if key not in form:
            yield path, f"the rule {form['rule']} needs {key}"
    wrong = [key for key in ("fields", "parts") if key in form and not _names_fields(form[key])]
    for key in wrong:
        yield (*path, key), "must be a list of fields' names"
    for key in ("total", "pattern", "message"):
        if not isinstance(form.get(key, ""), str):
            yield (*path, key), "must be a text"
    for key in ("min", "max", "tolerance"):
        if key in form and not settings.is_number(form[key]):
            yield (*path, key), "must be a number"
    if form["rule"] == "range":
        yield from _bounds_problems(form, path)
    kinds: dict[str, str] = {}
    for name in [] if wrong else rule.fields_of(form):
        if name not in fields:
            yield path, _no_field(str(name), fields)
        else:
            kinds[name] = _kind(fields[name])
    for name, kind in kinds.items():
        if kind in TYPES and rule.judges and kind not in rule.judges:
            yield path, f"the rule {form['rule']} is for {_sorts(rule.judges)}; {name} is of type {kind}"
    if (
        form["rule"] == "order"
        and len({kind == "date" for kind in kinds.values() if kind in rule.judges}) > 1
    ):
        yield path, "the rule order compares dates with dates, numbers with numbers"


def _kind(field: Any) -> str:
    """A field's type, of a list its items'."""
    form = field if isinstance(field, Mapping) else {}
    if form.get("type") == "list":
        form = form["items"] if isinstance(form.get("items"), Mapping) else {}
    return str(form.get("type", "string"))


def _sorts(kinds: Iterable[str]) -> str:
    return " and ".join(dict.fromkeys("dates" if kind == "date" else "numbers" for kind in kinds))


def _names_fields(value: Any) -> bool:
    """Whether it names one field, or several in a list."""
    return bool(value) and (isinstance(value, str) or settings.all_texts(value))


def _bounds_problems(form: Mapping[str, Any], path: Path) -> Problems:
    low, high = form.get("min"), form.get("max")
    if low is None and high is None:
        yield path, "the rule range needs min, max or both"
    elif isinstance(low, int | float) and isinstance(high, int | float) and low > high:
        yield (*path, "min"), "is above max"


def _no_field(name: str, fields: Iterable[str]) -> str:
    near = get_close_matches(name, fields, 1)
    return f"no field is called {name!r}" + (f"; did you mean {near[0]}?" if near else "")


def _pattern_problems(value: Any, path: Path) -> Problems:
    for where, pattern in patterns_of(value, path):
        if "\b" in pattern:
            yield where, r'has a backspace, which "\b" in double quotes is; write it in single quotes'
        try:
            re.compile(pattern)
        except (re.error, OverflowError) as error:
            yield where, f"not a regular expression: {error}"
        except RecursionError:
            yield where, "not a regular expression: its parentheses stand too deep in one another"


def patterns_of(value: Any, path: Path = ()) -> Problems:
    """Every regular expression in a profile's form, with its path."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if isinstance(inner, Mapping):
                yield from settings.patterns(key, inner, (*path, key))
            if key in PATTERN_KEYS and isinstance(inner, str):
                yield (*path, key), inner
            elif (
                key in PATTERN_KEYS
                and isinstance(inner, list)
                and all(isinstance(each, str) for each in inner)
            ):
                yield from (((*path, key, index), each) for index, each in enumerate(inner))
            else:
                yield from patterns_of(inner, (*path, key))
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from patterns_of(inner, (*path, index))
