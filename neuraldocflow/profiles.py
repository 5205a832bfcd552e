"""Profiles at the edge: YAML files found, loaded with their learned data, and judged with file and line.

The built-in ones lie in ``profiles/``; folders of the configuration come after it, and a profile there
replaces the built-in one of the same name.
"""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import profiles as builtin
from neuraldocflow.config.yaml_source import YamlSource, read_yaml
from neuraldocflow.errors import ConfigError
from neuraldocflow.extraction import Profile, ProfileError
from neuraldocflow.extraction.profile import patterns_of

BUILTIN = Path(builtin.__file__).parent
_TIME_BOX = 5.0
"""Seconds all patterns of one profile may take on texts made to be hard."""

_TRY_PATTERNS = """
import json, re, sys, time
for number, text in enumerate(json.load(sys.stdin)):
    pattern = re.compile(text, re.IGNORECASE | re.MULTILINE)
    print(number, flush=True)
    for hard in ("a" * 3000, "a " * 1500, "1" * 3000, "1," * 1500, ": " * 1500, "Aa1 -,." * 400, " " * 3000):
        pattern.search(hard + "\\x00")
"""


def read_form(path: Path) -> dict[str, Any]:
    """The JSON form of a profile file: its YAML with the learned data put in. Raises ConfigError."""
    try:
        source = _source_of(path)
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not a text file in UTF-8") from error
    except OSError as error:
        raise ConfigError(f"{path}: can't be read: {error.strerror}") from error
    form = source.data
    if isinstance(form, dict) and isinstance(form.get("data"), dict):
        for name, file in form["data"].items():
            if not isinstance(file, str):
                continue
            try:
                form["data"][name] = _learned(path.parent / file)
            except (OSError, ValueError) as error:
                source.report(("data", name), f"{file} can't be read: {error}")
    try:
        Profile.from_dict(form)
    except ProfileError as error:
        for where, sentence in error.problems:
            source.report(where, sentence)
    if source.problems:
        raise ConfigError("\n".join(text for _, text in sorted(source.problems)))
    checked: dict[str, Any] = form
    return checked


def _source_of(path: Path) -> YamlSource:
    return read_yaml(path.read_text(encoding="utf-8"), str(path), {}, need_variables=False)


def check(path: Path) -> Profile:
    """The profile of a file, its patterns tried on hard texts too. Raises ConfigError with every problem."""
    form = read_form(path)
    patterns = [(where, text) for where, text in patterns_of(form) if where[0] != "data"]
    try:
        subprocess.run(
            [sys.executable, "-I", "-c", _TRY_PATTERNS],
            input=json.dumps([text for _, text in patterns]),
            capture_output=True,
            text=True,
            timeout=_TIME_BOX,
            check=True,
        )
    except subprocess.TimeoutExpired as error:
        told = error.stdout.decode() if isinstance(error.stdout, bytes) else error.stdout or ""
        last = int(told.split("\n")[-2]) if "\n" in told else 0
        source = _source_of(path)
        source.report(
            patterns[last][0],
            "this pattern backtracks without end on some texts; "
            "write it without nested repetition such as (a+)+",
        )
        raise ConfigError(source.problems[-1][1]) from error
    return Profile.from_dict(form)


def _learned(path: Path) -> Any:
    data = path.read_bytes()
    return json.loads(gzip.decompress(data) if path.suffix == ".gz" else data)


def files(directories: Iterable[Path] = ()) -> dict[str, Path]:
    """Profile files by name (the file's), built-in ones first, later folders before earlier ones. Raises
    ConfigError.
    """
    found: dict[str, Path] = {}
    for directory in (BUILTIN, *directories):
        if not directory.is_dir():
            raise ConfigError(f"runtime.profiles_directories: {directory} is not a directory")
        for path in sorted([*directory.glob("*.yaml"), *directory.glob("*.yml")]):
            other = found.get(path.stem, path)
            if other.parent == path.parent and other != path:
                raise ConfigError(f"{path}: {other.name} beside it has this name too")
            found[path.stem] = path
    return found


def forms(directories: Iterable[Path] = ()) -> dict[str, dict[str, Any]]:
    """Every profile's JSON form by its name. Profiles of the user's own are checked for hostile patterns.

    Raises ConfigError with every problem of every file.
    """
    loaded: dict[str, dict[str, Any]] = {}
    known: dict[str, Path] = {}
    problems: list[str] = []
    for path in files(directories).values():
        try:
            if path.parent != BUILTIN:
                check(path)
            form = _builtin_form(path) if path.parent == BUILTIN else read_form(path)
            before = known.get(form["name"])
            if before is not None and before.parent == path.parent:
                raise ConfigError(f"{path}: name: {before.name} beside it is called {form['name']!r} too")
            known[form["name"]], loaded[form["name"]] = path, form
        except ConfigError as error:
            problems.append(str(error))
    if problems:
        raise ConfigError("\n".join(problems))
    return loaded


@cache
def _builtin_form(path: Path) -> dict[str, Any]:
    return read_form(path)


def load(directories: Iterable[Path] = ()) -> Mapping[str, Profile]:
    """Every profile by its name. Raises ConfigError."""
    return {name: Profile.from_dict(form) for name, form in forms(directories).items()}
