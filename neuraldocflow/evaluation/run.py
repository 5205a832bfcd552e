"""Extracts the documents of truth files, two at a time, and keeps just what scoring reads."""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neuraldocflow import profiles as profile_files
from neuraldocflow.errors import DocumentError
from neuraldocflow.extraction import Limits, Profile, extract, read

from .baseline import extract_simply
from .measures import Counts
from .tables import compare, truth_of

Truth = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Task:
    """One document to extract, with or without its profile's calibration."""

    truth: Truth
    path: Path
    directories: tuple[Path, ...]
    calibrated: bool = True


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a task: the result and the baseline's, or the error's code."""

    truth: Truth
    result: dict[str, Any] | None
    simple: dict[str, Any] | None
    error: str | None
    cells: Counts | None = None
    """Cells of tables right, wrong and missed, where it is known which tables there are."""


def load_truth(path: Path, profile: str | None = None) -> list[Truth]:
    """A truth file: a list of documents with file, profile (``profile``, where it is given) and fields.
    Raises ValueError.
    """
    try:
        entries = json.loads(path.read_text(encoding="utf-8-sig"))
    except json.JSONDecodeError as error:
        raise ValueError(f"{path}:{error.lineno}: not valid JSON: {error.msg}") from error
    except ValueError as error:
        raise ValueError(f"{path}: not in UTF-8: {error}") from error
    if not isinstance(entries, list):
        raise ValueError(f"{path}: expected a list of objects with file, profile and fields")
    for number, entry in enumerate(entries, 1):
        if not isinstance(entry, dict):
            raise ValueError(f"{path}: entry {number}: expected an object with file, profile and fields")
        if profile is not None:
            entry["profile"] = profile
        if wrong := next((name for name, right in _SHAPES.items() if not right(entry.get(name))), None):
            raise ValueError(
                f"{path}: entry {number}: {wrong} is not there, or not as docs/profiles.md has it"
            )
    return entries


def _list_of(value: Any, right: Callable[[Any], bool]) -> bool:
    return isinstance(value, list) and all(map(right, value))


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_row(value: Any) -> bool:
    return _list_of(value, lambda cell: not isinstance(cell, list | dict))


def _is_section(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and _is_text(value.get("id"))
        and isinstance(value.get("starts_with", 0), str | None)
    )


_SHAPES: dict[str, Callable[[Any], bool]] = {
    "file": _is_text,
    "profile": _is_text,
    "fields": lambda value: isinstance(value, dict),
    "tables": lambda value: value is None or _list_of(value, lambda table: _list_of(table, _is_row)),
    "sections": lambda value: value is None or _list_of(value, _is_section),
    "clauses": lambda value: (
        value is None
        or (isinstance(value, dict) and all(_list_of(spans, _is_text) for spans in value.values()))
    ),
}
"""What each part of a truth has to be."""


_LOADED: dict[tuple[tuple[Path, ...], bool], dict[str, Profile]] = {}


def loaded(directories: tuple[Path, ...], calibrated: bool = True) -> dict[str, Profile]:
    """The profiles of the folders and the built-in ones, made once a process. Raises ConfigError."""
    key = (directories, calibrated)
    if key not in _LOADED:
        forms = profile_files.forms(directories)
        if not calibrated:
            forms = {name: _without_calibration(form) for name, form in forms.items()}
        _LOADED[key] = {name: Profile.from_dict(form) for name, form in forms.items()}
    return _LOADED[key]


def _without_calibration(form: dict[str, Any]) -> dict[str, Any]:
    data = {name: data for name, data in (form.get("data") or {}).items() if name != "calibration"}
    return {**form, "data": data}


def answer(task: Task) -> Answer:
    """Extract one document, and let the baseline try."""
    profiles = loaded(task.directories, task.calibrated)
    wanted = task.truth["profile"]
    limits = Limits(max_seconds=600)
    try:
        result = extract(task.path, profiles, wanted, limits=limits)
        document = read(task.path, limits) if task.calibrated else None
    except DocumentError as error:
        return Answer(task.truth, None, None, error.code)
    simple = cells = None
    if document is not None:
        simple = extract_simply(document, profiles[wanted], task.truth)
        tables = truth_of(task.path, task.truth.get("tables"))
        if tables is not None:
            grids = [block.table.grid() for block in document.blocks if block.table is not None]
            cells = compare(tables, grids)
    data = result["extractedData"]
    data["tables"] = []
    for section in data["sections"]:
        section["text"] = section["text"][:1500]
    return Answer(task.truth, result, simple, None, cells)


def run(tasks: Sequence[Task], processes: int = 2) -> Iterator[Answer]:
    """The answers in the tasks' order."""
    if processes < 2 or len(tasks) < 4:
        yield from map(answer, tasks)
        return
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=spawn) as pool:
        yield from pool.map(answer, tasks, chunksize=1)
