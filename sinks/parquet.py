"""The archive: results as Parquet datasets of documents, fields and table cells.

Each document's run is in it once: repeats after a recovery are dropped by id. A result is on disk (in the
spool) before its epoch is committed, and in the datasets after ``flush_interval_ms`` or at the end. A spool
belongs to its archive, not to an output of the configuration: outputs may be renamed and change places.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bytewax.outputs import FixedPartitionedSink
from pydantic import Field

from neuraldocflow.archive.spool import DEFAULT, folder_of
from neuraldocflow.components import SINKS, Component, SinkContext
from neuraldocflow.deliveries import Delivery, Tick
from neuraldocflow.values import Place, Section, Size

if TYPE_CHECKING:
    from neuraldocflow.archive.partition import ParquetPartition


class ParquetConfig(Section):
    """Three datasets under one URL, partitioned by document type and date."""

    url: Place | None = Field(None, description="fsspec URL; default: archive in the state directory")
    flush_interval_ms: int = Field(
        10_000, ge=0, description="the longest a result waits while no file is being written"
    )
    target_file_size: Size = Field(
        64_000_000, le=1_000_000_000, description="a file is closed at about this size"
    )
    delivery_timeout_ms: int = Field(
        120_000, ge=1_000, description="how long the archive's place may be away before the job ends"
    )


class ParquetSink(FixedPartitionedSink[Delivery | Tick, None]):
    """One partition: one worker writes the archive, in files of sensible size."""

    ticks = True

    def __init__(self, name: str, config: ParquetConfig, context: SinkContext) -> None:
        self.archive = (config.url or "").rstrip("/")
        """Its URL as it is configured; empty for the one in the state directory."""
        context.claim(f"the archive {self.archive or DEFAULT}")
        self._config = config
        self._url = self.archive or str((context.state_directory / "archive").absolute())
        self._beside = folder_of(context.state_directory, self.archive)
        self._waiting = context.waiting

    def list_parts(self) -> list[str]:
        return ["archive"]

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> ParquetPartition:
        # loads PyArrow: only where the archive is written
        from neuraldocflow.archive.partition import ParquetPartition

        return ParquetPartition(self._config, self._url, self._beside, self._waiting)


SINKS.add(Component("parquet", ParquetConfig, ParquetSink))
