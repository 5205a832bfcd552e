"""The configuration of a job that has run: what looks at one makes no state directory of its own."""

from __future__ import annotations

import shlex
from pathlib import Path

from neuraldocflow import config as configuration
from neuraldocflow.config import Config
from neuraldocflow.errors import ConfigError


def given(path: Path | None) -> str:
    """`` -c FILE``, as a shell takes it, for commands that are told; empty without a file."""
    return f" -c {shlex.quote(str(path))}" if path is not None else ""


def of_a_job(path: Path | None) -> Config:
    """The configuration at ``path`` (default: of this folder). Raises ConfigError where no job has run on it,
    and OSError for a state directory that can't be one."""
    loaded = configuration.load(path)
    state = loaded.runtime.state_directory
    try:
        state.stat()
    except FileNotFoundError as error:
        if loaded.runtime.log.kind == "embedded":
            told = f"no job has run on {state.absolute()} yet: try neuraldocflow up{given(path)}"
            raise ConfigError(told) from error
    return loaded
