"""A profile: what a document type means, as data.

:meth:`Profile.from_dict` takes the JSON form (what browsers load) and raises :class:`ProfileError` with every
problem and its path in the form; the YAML edge turns paths into lines.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from neuraldocflow.errors import NeuralDocFlowError

from .patterns import Pattern, regex
from .profile_checks import FORMATS, Path, problems_of


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


@dataclass(frozen=True)
class Profile:
    """A document type."""

    form: Mapping[str, Any]
    """The JSON form it was made from."""
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
    text: bool = False
    """Whether results hold the whole text."""
    detect_within: int = 0
    """Characters of a document in which its signals are looked for where the first 40,000 show no type."""

    @cached_property
    def identity(self) -> str:
        """``name@version+hash`` of the form. Found when first asked for: with megabytes learned it takes as
        long as all the rest of a profile."""
        return identity_of(self.form)

    @property
    def sensitive(self) -> bool:
        """Whether one of its fields is."""
        return any(each.sensitive for each in self.fields)

    @classmethod
    def from_dict(cls, form: Mapping[str, Any]) -> Profile:
        """The profile of a JSON form. Raises ProfileError."""
        if problems := list(problems_of(form)):
            raise ProfileError(problems)
        return cls(
            form=form,
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
            text=bool(form.get("text", False)),
            detect_within=int(form.get("detect_within") or 0),
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
