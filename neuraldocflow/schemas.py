"""The published JSON Schemas, generated from the models: ``python -m neuraldocflow.schemas [FOLDER]``.

Beside them goes the AsyncAPI document, of which the TypeScript client's types are made.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from neuraldocflow import config
from neuraldocflow.events import ALL_EVENTS, Event, type_of
from neuraldocflow.gateway import asyncapi
from neuraldocflow.results import ProcessingResult

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schemas() -> dict[str, dict[str, Any]]:
    """Each file's name and content; its ``$id`` is where every gateway serves it."""
    found = {"config.json": config.schema(), "result.json": _of_result()}
    found.update({f"{name}.json": _of_event(cls) for name, cls in ALL_EVENTS.items()})
    return {name: {"$id": f"/schemas/{name}", **schema} for name, schema in found.items()}


def _of_result() -> dict[str, Any]:
    return {"$schema": DIALECT, **ProcessingResult.model_json_schema(by_alias=True)}


def _of_event(cls: type[Event]) -> dict[str, Any]:
    data = cls.model_json_schema(by_alias=True)
    definitions = data.pop("$defs", {})
    for outer in ("origin", "time", "sequence"):
        data["properties"].pop(outer)
    text = {"type": "string", "minLength": 1}
    return {
        "$schema": DIALECT,
        "title": f"{cls.name} as a CloudEvent",
        "type": "object",
        "required": ["specversion", "id", "type", "source", "data"],
        "properties": {
            "specversion": {"const": "1.0"},
            "id": text,
            "type": {"const": type_of(cls)},
            "source": text,
            "subject": text,
            "time": {"type": "string", "format": "date-time"},
            "datacontenttype": {"const": "application/json"},
            "sequence": {"type": "string", "pattern": "^[0-9]+$"},
            "data": data,
        },
        "$defs": definitions,
    }


def rendered(schema: dict[str, Any]) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, schema in {**schemas(), "asyncapi.json": asyncapi.describe()}.items():
        (folder / name).write_text(rendered(schema), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/schemas"))
