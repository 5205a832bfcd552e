"""Watched folders."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, GetJsonSchemaHandler
from pydantic_core import CoreSchema

from neuraldocflow.components import SOURCES, Component
from neuraldocflow.values import Priority, Section


class WatchDirectory(Section):
    """One folder; a plain path stands for ``{path: PATH}``."""

    path: Path
    priority: Priority | None = Field(None, description="default: the source's")
    profile: str | None = Field(None, min_length=1, description="default: the source's")

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"anyOf": [{"type": "string"}, handler(schema)]}


def _from_path(value: Any) -> Any:
    return {"path": value} if isinstance(value, str | Path) else value


class FilesystemConfig(Section):
    """Documents that appear in folders."""

    watch_directories: tuple[Annotated[WatchDirectory, BeforeValidator(_from_path)], ...] = Field(
        min_length=1, description="folders, or {path, priority, profile}"
    )
    file_patterns: tuple[str, ...] = Field(
        ("*.pdf", "*.docx", "*.html", "*.htm"),
        min_length=1,
        description="names of documents; case is ignored",
    )
    recursive: bool = Field(True, description="look into subfolders")
    debounce_ms: int = Field(500, ge=0, le=3_600_000, description="how long a file must stay unchanged")
    auto_move_processed: bool = Field(False, description="move a file away once its result is durable")
    processed_directory: Path | None = Field(None, description="default: processed in the watched folder")
    failed_directory: Path | None = Field(None, description="default: failed beside the processed folder")
    scan_interval_ms: int = Field(30_000, ge=100, description="time between full scans, beside notifications")
    create_directories: bool = Field(False, description="make watched folders that are not there")
    priority: Priority = "normal"
    profile: str = Field("auto", min_length=1)


SOURCES.add(Component("filesystem", FilesystemConfig))
