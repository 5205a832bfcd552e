"""The commands, each loaded when it is given: together they load all of the program, for a second."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup

from neuraldocflow.garbage import loading

if TYPE_CHECKING:
    from typer._click import Command

MODULES = {
    "up": "up",
    "run": "run",
    "gateway": "gateway",
    "submit": "cluster",
    "status": "cluster",
    "scale": "cluster",
    "stop": "cluster",
    "process": "process",
    "tail": "tail",
    "replay": "replay",
    "bench": "bench",
    "profiles": "profiles",
    "keys": "keys",
    "webhooks": "webhooks",
    "config": "config",
}
"""The module of each command, in the order of ``--help``: its function of that name, or the group ``app``."""


class OnDemand(TyperGroup):
    """The commands of ``MODULES`` by their names."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "commands": {}})
        self.commands = _Commands()


class _Commands(MutableMapping[str, "Command"]):
    """A command's module is loaded when the command is looked at first."""

    def __init__(self) -> None:
        self._loaded: dict[str, Command] = {}

    def __getitem__(self, name: str) -> Command:
        if name not in self._loaded:
            self._loaded[name] = _load(name)
        return self._loaded[name]

    def __setitem__(self, name: str, command: Command) -> None:
        self._loaded[name] = command

    def __delitem__(self, name: str) -> None:
        del self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(MODULES)

    def __len__(self) -> int:
        return len(MODULES)


def _load(name: str) -> Command:
    """The command of this name. Raises KeyError where there is none."""
    with loading():
        module = import_module(f"neuraldocflow.cli.{MODULES[name]}")
    holder = typer.Typer(rich_markup_mode=None)
    if hasattr(module, "app"):
        holder.add_typer(module.app, name=name)
    else:
        holder.command(name)(getattr(module, name))
    return typer.main.get_group(holder).commands[name]
