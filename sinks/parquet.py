"""The archive: results as Parquet datasets of documents, fields and table cells."""

from __future__ import annotations

from pydantic import Field

from neuraldocflow.components import SINKS, Component
from neuraldocflow.values import Section, Size


class ParquetConfig(Section):
    """Three datasets under one URL, partitioned by document type and date."""

    url: str | None = Field(None, description="fsspec URL; default: archive in the state directory")
    flush_interval_ms: int = Field(10_000, ge=0, description="the longest a result waits")
    target_file_size: Size = Field(64_000_000, description="a file is closed at about this size")


SINKS.add(Component("parquet", ParquetConfig))
