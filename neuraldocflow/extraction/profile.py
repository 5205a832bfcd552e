"""A profile: what a document type means, as data.

:meth:`Profile.from_dict` takes the JSON form (what browsers load) and raises :class:`ProfileError` with every
problem and its path in the form; the YAML edge turns paths into lines.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from neuraldocflow.errors import NeuralDocFlowError

from . import settings
from .candidates import STRATEGIES
from .patterns import Pattern, regex
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


class ProfileError(NeuralDocFlowError):
    """A profile that can't be used; ``problems`` holds each path in the form with a sentence."""

    def __init__(self, problems: list[tuple[Path, str]]) -> None:
        super().__init__("; ".join(f"{'.'.join(map(str, path))}: {said}" for path, said in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its type, and in ``where`` how it is looked for, in order of preference."""

    name: str
    type: str = "string"
    title: str = ""
    required: bool = False
    format: str | None = None
    """A finer kind of the type, such as ``ein`` or ``cik`` for identifiers (see :mod:`.normalise`)."""
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """For an enum: each value with the words that mean it."""
    items: Field | None = None
    """For a list: what its items are."""
    where: tuple[tuple[str, dict[str, Any]], ...] = ()
    weight: float = 1.0
    """How much it counts in the document's confidence; a required field counts double."""
    sensitive: bool = False
    """Its values appear in results only, never in logs or events; nor do pages of its documents
    (``streamResults``)."""
    measured_as: str | None = None
    """The field whose calibration says what its scores are worth, where it has no truth of its own."""


@dataclass(frozen=True, slots=True)
class Signal:
    """A pattern that speaks for (or, with a negative weight, against) the document type."""

    pattern: Pattern
    weight: float
    formats: tuple[str, ...] = FORMATS


@dataclass(frozen=True, slots=True)
class Profile:
    """A document type. ``identity`` is ``name@version+hash`` of its JSON form."""

    name: str
    version: str
    title: str
    document_type: str
    formats: tuple[str, ...]
    detect: tuple[Signal, ...]
    sections: tuple[dict[str, Any], ...]
    fields: tuple[Field, ...]
    clauses: dict[str, Any]
    validations: tuple[dict[str, Any], ...]
    data: Mapping[str, Any]
    """What was learned: models and calibration, by the names the YAML gives them."""
    identity: str
    text: bool = False
    """Whether results hold the whole text."""
    detect_within: int = 0
    """Characters of a document in which its signals are looked for where the first 40,000 show no type."""

    @property
    def sensitive(self) -> bool:
        """Whether one of its fields is."""
        return any(each.sensitive for each in self.fields)

    @classmethod
    def from_dict(cls, form: Mapping[str, Any]) -> Profile:
        """The profile of a JSON form. Raises ProfileError."""
        problems: list[tuple[Path, str]] = list(_problems(form))
        if problems:
            raise ProfileError(problems)
        return cls(
            name=form["name"],
            version=str(form["version"]),
            title=form.get("title") or form["name"],
            document_type=form.get("document_type") or form["name"],
            formats=tuple(form.get("formats") or FORMATS),
            detect=tuple(_signal(each) for each in form.get("detect") or ()),
            sections=tuple(form.get("sections") or ()),
            fields=tuple(_field(name, each) for name, each in (form.get("fields") or {}).items()),
            clauses=dict(form.get("clauses") or {}),
            validations=tuple(form.get("validations") or ()),
            data=dict(form.get("data") or {}),
            identity=identity_of(form),
            text=bool(form.get("text", False)),
            detect_within=int(form.get("detect_within", 0)),
        )


_WHOLE = regex(r"(?<=\d)\.0(?=[,\]}])")
"""What makes a whole number of JSON a decimal one."""


def identity_of(form: Mapping[str, Any]) -> str:
    """``name@version+hash``: the hash covers all of the JSON form, learned data included.

    A whole number counts as itself however it is written: JavaScript, which the form may have come through,
    knows no ``1.0``.
    """
    canonical = json.dumps(form, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    digest = hashlib.sha256(_WHOLE.sub("", canonical).encode()).hexdigest()[:12]
    return f"{form['name']}@{form['version']}+{digest}"


def _signal(form: Mapping[str, Any]) -> Signal:
    pattern = Pattern(form["pattern"], re.IGNORECASE)
    return Signal(pattern, float(form.get("weight", 1.0)), tuple(form.get("formats") or FORMATS))


def _field(name: str, form: Mapping[str, Any]) -> Field:
    items = form.get("items")
    return Field(
        name=name,
        type=form.get("type", "string"),
        title=form.get("title") or name.replace("_", " "),
        required=bool(form.get("required", False)),
        format=form.get("format"),
        values=_enum_values(form.get("values") or ()),
        items=_field(name, items) if items is not None else None,
        where=tuple(
            (key, dict(spec or {})) for entry in form.get("where") or () for key, spec in entry.items()
        ),
        weight=float(form.get("weight", 1.0)),
        sensitive=bool(form.get("sensitive", False)),
        measured_as=form.get("measured_as"),
    )


def _enum_values(values: Any) -> dict[str, tuple[str, ...]]:
    if isinstance(values, Mapping):
        return {str(value): tuple(str(word) for word in words or ()) for value, words in values.items()}
    return {str(value): () for value in values}


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


def _problems(form: Any) -> Iterator[tuple[Path, str]]:
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
    for index, each in enumerate(_list(form, "formats")):
        if each not in FORMATS:
            yield ("formats", index), f"unknown format {each!r}; known are {', '.join(FORMATS)}"
    for index, each in enumerate(_list(form, "detect")):
        path: Path = ("detect", index)
        if not isinstance(each, Mapping) or not isinstance(each.get("pattern"), str):
            yield path, "a signal has a pattern and a weight"
        elif not settings.is_number(each.get("weight", 1)):
            yield (*path, "weight"), "is a number"
        elif not isinstance(each.get("formats") or [], list):
            yield (*path, "formats"), "must be a list"
    for index, each in enumerate(_list(form, "sections")):
        yield from _section_problems(each, ("sections", index))
    fields = form.get("fields")
    for name, each in fields.items() if isinstance(fields, Mapping) else ():
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


def _keys_of(form: Mapping[str, Any], known: Mapping[str, Any], path: Path) -> Iterator[tuple[Path, str]]:
    for key, value in form.items():
        if key not in known:
            near = get_close_matches(str(key), list(known), 1)
            yield (
                (*path, key),
                "unknown key" + (f"; did you mean {near[0]}?" if near else f"; known are {', '.join(known)}"),
            )
        elif value is not None and not isinstance(value, known[key]):
            yield (*path, key), f"must be {_kind_of(known[key])}"


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


def _section_problems(form: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if not isinstance(form, Mapping) or not form.get("id"):
        yield path, "a section is a mapping with an id, and a title, number or pattern"
        return
    if not isinstance(form.get("pattern") or "", str):
        yield (*path, "pattern"), "must be a text"
    if not settings.is_number(form.get("level", 1)):
        yield (*path, "level"), "must be a number"


def _field_problems(form: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if not isinstance(form, Mapping):
        yield path, "a field is a mapping with type and where"
        return
    yield from _keys_of(form, _FIELD_KEYS, path)
    kind = form.get("type", "string")
    if kind not in TYPES:
        near = get_close_matches(str(kind), TYPES, 1)
        yield (
            (*path, "type"),
            f"unknown type {kind!r}"
            + (f"; did you mean {near[0]}?" if near else f"; known are {', '.join(TYPES)}"),
        )
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
            near = get_close_matches(str(key), STRATEGIES, 1)
            yield (
                (*where, key),
                f"unknown strategy {key!r}; "
                + (f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(STRATEGIES))}"),
            )
        elif spec is not None and not isinstance(spec, Mapping):
            yield (*where, key), "a strategy's settings are a mapping"
        else:
            yield from settings.problems(key, spec or {}, (*where, key))


def _value_problems(values: Any, path: Path) -> Iterator[tuple[Path, str]]:
    for index, value in enumerate(values if isinstance(values, list) else ()):
        if not isinstance(value, str | int | float) or isinstance(value, bool):
            yield (*path, index), "must be a text; Yes, No and the like are written in quotes"
    for value, words in values.items() if isinstance(values, Mapping) else ():
        if words is not None and not settings.all_texts(words):
            yield (*path, value), "must list the words that mean it, each a text"


def _rule_problems(form: Any, fields: set[str], path: Path) -> Iterator[tuple[Path, str]]:
    if not isinstance(form, Mapping) or str(form.get("rule")) not in RULES:
        given = form.get("rule") if isinstance(form, Mapping) else form
        near = get_close_matches(str(given), RULES, 1)
        yield (
            path,
            f"unknown rule {given!r}; "
            + (f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(RULES))}"),
        )
        return
    if form.get("severity", "error") not in SEVERITIES:
        yield (*path, "severity"), f"must be one of {', '.join(SEVERITIES)}"
    rule = RULES[form["rule"]]
    for key in rule.needs:
        if key not in form:
            yield path, f"the rule {form['rule']} needs {key}"
    wrong = [key for key in ("fields", "parts") if key in form and not settings.names(form[key])]
    for key in wrong:
        yield (*path, key), "must be a list of fields' names"
    for key in ("total", "pattern"):
        if not isinstance(form.get(key, ""), str):
            yield (*path, key), "must be a text"
    for key in ("min", "max", "tolerance"):
        if key in form and not settings.is_number(form[key]):
            yield (*path, key), "must be a number"
    for name in [] if wrong else rule.fields_of(form):
        if name not in fields:
            yield path, _no_field(str(name), fields)


def _no_field(name: str, fields: set[str]) -> str:
    near = get_close_matches(name, fields, 1)
    return f"no field is called {name!r}" + (f"; did you mean {near[0]}?" if near else "")


def _pattern_problems(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    for where, pattern in patterns_of(value, path):
        try:
            re.compile(pattern)
        except re.error as error:
            yield where, f"not a regular expression: {error}"


def patterns_of(value: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
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
