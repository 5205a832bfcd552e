"""Results as files: one JSON, YAML or XML file a document."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from neuraldocflow.components import SINKS, Component
from neuraldocflow.values import Section


class FilesConfig(Section):
    """One file a document in a folder."""

    directory: Path = Field(Path("results"), description="where the files appear; made if it is not there")
    format: Literal["json", "yaml", "xml"] = "json"


SINKS.add(Component("files", FilesConfig))
