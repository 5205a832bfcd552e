"""The configuration of a deployment: one YAML file, judged as a whole before anything starts.

``load(path)`` gives a :class:`Config` or raises a ConfigError with every problem, one a line::

    pipeline.yaml:14: stream_sources.bucket.config.polling_interval_ms: must be at least 100 (is 10)

``check(path)`` judges the file alone: variables may be unset. ``schema()`` is the JSON Schema.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from neuraldocflow import plugins
from neuraldocflow.config.misplaced import other_place
from neuraldocflow.config.model import (
    BufferConfig,
    ComponentEntry,
    Config,
    GatewayConfig,
    LimitsConfig,
    LogConfig,
    PipelineConfig,
    RuntimeConfig,
    SwarmConfig,
)
from neuraldocflow.config.yaml_source import Path as KeyPath
from neuraldocflow.config.yaml_source import YamlSource, read_yaml
from neuraldocflow.errors import ConfigError
from neuraldocflow.values import sentence_of

__all__ = [
    "BufferConfig",
    "ComponentEntry",
    "Config",
    "GatewayConfig",
    "LimitsConfig",
    "LogConfig",
    "PipelineConfig",
    "RuntimeConfig",
    "SwarmConfig",
    "check",
    "default",
    "load",
    "parse",
    "schema",
]


def load(path: str | os.PathLike[str] | None, environment: Mapping[str, str] | None = None) -> Config:
    """The configuration in a file; without one, :func:`default`. Raises ConfigError with every problem."""
    plugins.require()
    if path is None:
        return default()
    return parse(_text_of(path), str(path), environment)


def check(path: str | os.PathLike[str]) -> Config | None:
    """Judge the file alone. None when it is right but needs variables not set here."""
    plugins.require()
    source = read_yaml(_text_of(path), str(path), os.environ, need_variables=False)
    judged = _validate(source)
    return None if source.unset else judged


def parse(text: str, name: str = "configuration", environment: Mapping[str, str] | None = None) -> Config:
    """The configuration in a text; ``name`` stands for the file in messages."""
    source = read_yaml(text, name, os.environ if environment is None else environment)
    config = _validate(source)
    assert config is not None
    return config


def default() -> Config:
    """What ``up`` does without a file: ``./inbox`` to ``./results`` and the archive."""
    inbox = {"watch_directories": ["inbox"], "create_directories": True}
    return Config.model_validate({"stream_sources": {"inbox": {"type": "filesystem", "config": inbox}}})


def schema() -> dict[str, Any]:
    """The configuration's JSON Schema (2020-12)."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Config.model_json_schema()}


def _text_of(path: str | os.PathLike[str]) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not a text file in UTF-8") from error
    except OSError as error:
        raise ConfigError(f"{path}: can't be read: {error.strerror}") from error


def _validate(source: YamlSource) -> Config | None:
    data = {} if source.data is None else source.data
    config = None
    try:
        config = Config.model_validate(data)
    except ValidationError as error:
        lines = error.errors(include_url=False)
        for line in lines:
            if line["type"] == "too_short" and any(_inside(other["loc"], line["loc"]) for other in lines):
                continue  # entries were given, but wrong ones: that is said of each
            path = _path_in_file(data, line["loc"])
            if not any(path[: len(unset)] == unset for unset in source.unset):
                sentence = other_place(data, path, Config) if line["type"] == "unknown_key" else ""
                source.report(path, sentence or sentence_of(line) + _value(source, path, line))
    if source.problems:
        raise ConfigError("\n".join(text for _, text in sorted(source.problems)))
    return config


def _inside(loc: tuple[int | str, ...], parent: tuple[int | str, ...]) -> bool:
    return len(loc) > len(parent) and loc[: len(parent)] == parent


def _path_in_file(data: Any, loc: tuple[int | str, ...]) -> KeyPath:
    """The error's place as keys of the file: pydantic names the chosen component type in between."""
    path: list[str | int] = []
    here = data
    for index, part in enumerate(loc):
        if not isinstance(here, dict | list) or part == "[key]":
            break  # a plain value that stands for a mapping
        if part in here if isinstance(here, dict) else isinstance(part, int) and part < len(here):
            here = here[part]  # type: ignore[index]
        elif part == "config" and isinstance(here, dict) and "type" in here:
            here = {}  # left out, as it may be where nothing in it is required
        elif index < len(loc) - 1 or (isinstance(here, dict) and here.get("type") == part):
            continue
        path.append(part)
    return tuple(path)


def _value(source: YamlSource, path: KeyPath, line: Any) -> str:
    """`` (is VALUE)``, unless there is none, it is long, or it came from the environment."""
    if line["loc"][-1:] == ("[key]",):
        return ""
    if line["type"] in {"missing", "unknown_key", "secret", "union_tag_invalid", "union_tag_not_found"}:
        return ""
    if path in source.expressions:
        return f" (is what {source.expressions[path]} stands for)"
    value = line["input"]
    if isinstance(value, dict | list | tuple):
        if not value or line["type"] == "value_error":  # its sentence names what is wrong in it
            return ""
        return f" (is a {'mapping' if isinstance(value, dict) else 'list'})"
    if value == "" or not isinstance(value, str | int | float | bool | None):
        return ""
    if value is None:
        return " (is empty)"
    shown = str(value).lower() if isinstance(value, bool) else str(value)
    return f" (is {shown if len(shown) <= 60 else shown[:57] + '…'})"
