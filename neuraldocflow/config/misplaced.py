"""Keys that are right, in another block than the one where they stand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

import connectors
import sinks
from neuraldocflow.config.yaml_source import Path, dotted


def other_place(data: Any, path: Path, model: type[BaseModel]) -> str:
    """What to say of an unknown key; empty where no block knows it, or several do."""
    *block, key = path
    if "config" in block:  # a source's own keys are like others by chance
        return ""
    places = [*_of_component(data, tuple(block)), *_blocks(model, ())]
    found = [dotted(place).removesuffix(": ") for place, keys in places if key in keys]
    return f"unknown key here; it belongs in {found[0]}" if len(found) == 1 else ""


def _blocks(model: type[BaseModel], path: Path) -> Iterator[tuple[Path, set[str]]]:
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield (*path, name), set(field.annotation.model_fields)
            yield from _blocks(field.annotation, (*path, name))


def _of_component(data: Any, block: Path) -> Iterator[tuple[Path, set[str]]]:
    """The ``config`` of the source or output that the block is."""
    known = connectors.SOURCES if block[:1] == ("stream_sources",) else sinks.SINKS
    for part in block:
        data = data[part]
    kind = data.get("type") if isinstance(data, dict) else None
    if len(block) > 1:
        for each in known:
            if each.name == kind:
                yield (*block, "config"), set(each.config.model_fields)
