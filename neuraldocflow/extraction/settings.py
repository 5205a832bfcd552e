"""What the strategies for everybody's profiles can be told: a wrong setting is refused when the profile is
loaded, and not met by its first document.

Strategies of the built-in profiles alone are not here: their settings are theirs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

Path = tuple[str | int, ...]
Problems = Iterator[tuple[Path, str]]


def _text(value: Any, path: Path) -> Problems:
    if not isinstance(value, str) or not value:
        yield path, "must be a text"


def _texts(value: Any, path: Path) -> Problems:
    if not value or not (isinstance(value, str) or all_texts(value)):
        yield path, "must be a text or a list of texts"


def _number(value: Any, path: Path) -> Problems:
    if not is_number(value) or value < 0:
        yield path, "must be a number, 0 or more"


def _flag(value: Any, path: Path) -> Problems:
    if not isinstance(value, bool):
        yield path, "must be true or false"


def _side(value: Any, path: Path) -> Problems:
    sides = value if isinstance(value, list) else [value]
    if not sides or any(side not in ("right", "below", "above") for side in sides):
        yield path, "must be right, below, above or a list of these"


def _columns(value: Any, path: Path) -> Problems:
    if not isinstance(value, Mapping) or not value:
        yield path, "must be a mapping of keys to patterns of headings"
        return
    for key, pattern in value.items():
        yield from _text(pattern, (*path, key))


def _share(value: Any, path: Path) -> Problems:
    if not is_number(value) or not 0 <= value <= 1:
        yield path, "must be a number from 0 to 1"


_WHERE = {"section": _texts, "first": _number, "score": _share, "case": _flag}
_Check = Callable[[Any, Path], Problems]
_SETTINGS: dict[str, tuple[tuple[str, ...], Mapping[str, _Check]]] = {
    "label": (("text",), {"text": _texts, "pattern": _text, "side": _side, "length": _number}),
    "pattern": (("pattern",), {"pattern": _text, **_WHERE}),
    "proximity": (("near", "pattern"), {"near": _text, "pattern": _text, "within": _number, **_WHERE}),
    "section": (("id",), {"id": _texts, "pattern": _text, **_WHERE}),
    "table_cell": (("row",), {"row": _text, "column": _text, "table": _text}),
    "table_rows": (("columns",), {"columns": _columns, "until": _text, "least": _number, "table": _text}),
    "key_values": ((), {}),
    "fact": (("name",), {"name": _text}),
    "document_title": ((), {}),
}
"""What has to be there, and what each setting can be."""
_PATTERNS = {
    "proximity": ("near",),
    "table_cell": ("table",),
    "table_rows": ("table", "columns"),
    "fact": ("name",),
}
"""Settings that are regular expressions under names that elsewhere are none."""


def problems(strategy: str, spec: Mapping[str, Any], path: Path) -> Problems:
    """What is wrong with a strategy's settings."""
    if strategy not in _SETTINGS:
        return
    needed, known = _SETTINGS[strategy]
    for key in needed:
        if key not in spec:
            yield path, f"the strategy {strategy} needs {key}"
    columns, least = spec.get("columns"), spec.get("least")
    if isinstance(columns, Mapping) and least is not None and is_number(least) and least > len(columns):
        yield (*path, "least"), f"is more than the columns there are ({len(columns)})"
    for key, value in spec.items():
        if key in known:
            yield from known[key](value, (*path, key))
            continue
        near = get_close_matches(str(key), known, 1)
        said = f"did you mean {near[0]}?" if near else f"known are {', '.join(known) or 'none'}"
        yield (*path, key), f"unknown setting; {said}"


_OF_OBJECTS = frozenset({"table_rows", "key_values"})


def unfit(strategy: str, kind: str, path: Path) -> Problems:
    """What a strategy gives that its field's type is not; ``kind`` is, of a list, its items' type."""
    if strategy in _OF_OBJECTS and kind != "object":
        yield path, f"gives objects; its field is a list with items: {{type: object}}, not of {kind}"
    elif strategy in _SETTINGS and strategy not in _OF_OBJECTS and kind == "object":
        yield path, f"gives no objects, as {' and '.join(sorted(_OF_OBJECTS))} do"


def patterns(strategy: str, spec: Mapping[str, Any], path: Path) -> Iterator[tuple[Path, str]]:
    """Its regular expressions that only it knows to be some."""
    for key in _PATTERNS.get(strategy, ()):
        value = spec.get(key)
        several = value.items() if isinstance(value, Mapping) else [(None, value)]
        for name, pattern in several:
            if isinstance(pattern, str):
                yield (*path, key, *([] if name is None else [name])), pattern


def no_json(value: Any, path: Path = ()) -> Problems:
    """Values that JSON has not: browsers could not load the profile."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from no_json(inner, (*path, key))
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from no_json(inner, (*path, index))
    elif isinstance(value, float) and not math.isfinite(value):
        yield path, "must be a finite number"
    elif value is not None and not isinstance(value, str | int | float):
        yield path, "must be written in quotes if it is a text"


def all_texts(value: Any) -> bool:
    """Whether it is a list of texts."""
    return isinstance(value, list | tuple) and all(isinstance(each, str) and each for each in value)


def is_number(value: Any) -> bool:
    """Whether it is a number and no truth value, which Python counts among them."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
