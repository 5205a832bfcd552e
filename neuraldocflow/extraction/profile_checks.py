"""What is wrong with a profile's JSON form, all of it, each with its path in the form.

A mistake is refused when the profile is loaded, and not met by its first document.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
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
        yield from _rule_problems(each, known, ("validations", index))
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


def _field_problems(form: Any, path: Path) -> Problems:
    if not isinstance(form, Mapping):
        yield path, "a field is a mapping with type and where"
        return
    yield from _keys_of(form, _FIELD_KEYS, path)
    kind = form.get("type", "string")
    if kind not in TYPES:
        yield (*path, "type"), f"unknown type {kind!r}; {_instead(kind, TYPES)}"
    if form.get("format") is not None and form["format"] not in IDENTIFIERS:
        yield (*path, "format"), f"unknown format {form['format']!r}; {_instead(form['format'], IDENTIFIERS)}"
    if settings.is_number(form.get("weight")) and form["weight"] < 0:
        yield (*path, "weight"), "must be 0 or more"
    if kind == "enum" and not form.get("values"):
        yield path, "an enum lists its values"
    yield from _value_problems(form.get("values"), (*path, "values"))
    if isinstance(form.get("items"), Mapping):
        yield from _field_problems(form["items"], (*path, "items"))
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


def _value_problems(values: Any, path: Path) -> Problems:
    for index, value in enumerate(values if isinstance(values, list) else ()):
        if not isinstance(value, str | int | float) or isinstance(value, bool):
            yield (*path, index), "must be a text; Yes, No and the like are written in quotes"
    for value, words in values.items() if isinstance(values, Mapping) else ():
        if words is not None and not settings.all_texts(words):
            yield (*path, value), "must list the words that mean it, each a text"


def _rule_problems(form: Any, fields: set[str], path: Path) -> Problems:
    if not isinstance(form, Mapping) or str(form.get("rule")) not in RULES:
        given = form.get("rule") if isinstance(form, Mapping) else form
        yield path, f"unknown rule {given!r}; {_instead(given, sorted(RULES))}"
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
    for name in [] if wrong else rule.fields_of(form):
        if name not in fields:
            yield path, _no_field(str(name), fields)


def _names_fields(value: Any) -> bool:
    """Whether it names one field, or several in a list."""
    return bool(value) and (isinstance(value, str) or settings.all_texts(value))


def _bounds_problems(form: Mapping[str, Any], path: Path) -> Problems:
    low, high = form.get("min"), form.get("max")
    if low is None and high is None:
        yield path, "the rule range needs min, max or both"
    elif isinstance(low, int | float) and isinstance(high, int | float) and low > high:
        yield (*path, "min"), "is above max"


def _no_field(name: str, fields: set[str]) -> str:
    near = get_close_matches(name, fields, 1)
    return f"no field is called {name!r}" + (f"; did you mean {near[0]}?" if near else "")


def _pattern_problems(value: Any, path: Path) -> Problems:
    for where, pattern in patterns_of(value, path):
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
