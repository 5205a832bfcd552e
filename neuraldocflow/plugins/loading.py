"""Finding plug-ins: imported once, before the configuration's models are made of all types there are."""

from __future__ import annotations

import os
import sys
from importlib.metadata import entry_points
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from neuraldocflow.errors import ConfigError
from neuraldocflow.faults import OF_OTHERS

VARIABLE = "NEURALDOCFLOW_PLUGINS"
GROUP = "neuraldocflow.plugins"

_loaded: set[str] = set()
_problems: list[str] = []


def load() -> None:
    """Import every plug-in that is not imported yet. What fails is told by :func:`require`."""
    for entry in entry_points(group=GROUP):
        if entry.value not in _loaded:
            _loaded.add(entry.value)
            try:
                entry.load()
            except OF_OTHERS as error:  # a plug-in's own faults are of any kind
                _problems.append(f"the plug-in {entry.name} ({entry.value}): {_told(error)}")
    for name in filter(None, os.environ.get(VARIABLE, "").split(os.pathsep)):
        path = os.path.realpath(name)
        if path not in _loaded:
            _loaded.add(path)
            try:
                _import(Path(path))
            except OF_OTHERS as error:
                _problems.append(f"{VARIABLE}: {name}: {_told(error)}")


def require() -> None:
    """Raises ConfigError with every plug-in that could not be imported."""
    if _problems:
        raise ConfigError("\n".join(_problems))


def _import(path: Path) -> None:
    name = f"neuraldocflow_plugin_{path.stem}"
    if name in sys.modules:
        raise ConfigError(f"there is another plug-in called {path.stem}; rename one")
    spec = spec_from_file_location(name, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise ConfigError("there is no such Python file; correct the path")
    module = module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise


def _told(error: BaseException) -> str:
    return str(error) if isinstance(error, ConfigError) else f"{type(error).__name__}: {error}"
