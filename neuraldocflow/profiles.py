"""Profiles at the edge: YAML files found, loaded with their learned data, and judged with file and line.

The built-in ones lie in ``profiles/``; folders of the configuration come after it, and a profile there
replaces the built-in one of the same name.
"""

from __future__ import annotations

import gzip
import json
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import profiles as builtin
from neuraldocflow import hard_texts
from neuraldocflow.config.yaml_source import YamlSource, read_yaml
from neuraldocflow.errors import ConfigError
from neuraldocflow.extraction import Profile, ProfileError
from neuraldocflow.extraction.profile_checks import patterns_of

BUILTIN = Path(builtin.__file__).parent


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
    tried = subprocess.run(
        [sys.executable, "-I", hard_texts.__file__],
        input=json.dumps([text for _, text in patterns]),
        capture_output=True,
        text=True,
    )
    if tried.returncode == -signal.SIGVTALRM:
        source = _source_of(path)
        source.report(
            patterns[int(tried.stdout.split()[-1])][0],
            "this pattern backtracks without end on some texts; "
            "write it without nested repetition such as (a+)+",
        )
        raise ConfigError(source.problems[-1][1])
    if tried.returncode:
        raise ConfigError(f"{path}: its patterns could not be tried: {tried.stderr.strip()[-200:]}")
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
            raise ConfigError(f"runtime.profiles_directories, or --profiles: {directory} is not a directory")
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
