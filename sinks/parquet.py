"""The archive: results as Parquet datasets of documents, fields and table cells.

Each document's run is in it once: repeats after a recovery are dropped by id. A result is on disk (in the
spool) before its epoch is committed, and in the datasets after ``flush_interval_ms`` or at the end. A spool
belongs to its archive, not to an output of the configuration: outputs may be renamed and change places.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition
from pydantic import Field

from neuraldocflow.archive.datasets import Datasets
from neuraldocflow.archive.rows import Line, identity_of, line_of, size_of
from neuraldocflow.archive.spool import DEFAULT, SPOOL, Spool, folder_of
from neuraldocflow.components import SINKS, Component, SinkContext
from neuraldocflow.deliveries import Delivery, Tick
from neuraldocflow.durable import OutputError, patiently
from neuraldocflow.values import Section, Size

log = logging.getLogger(__name__)


class ParquetConfig(Section):
    """Three datasets under one URL, partitioned by document type and date."""

    url: str | None = Field(None, description="fsspec URL; default: archive in the state directory")
    flush_interval_ms: int = Field(10_000, ge=0, description="the longest a result waits")
    target_file_size: Size = Field(64_000_000, description="a file is closed at about this size")
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
        return ParquetPartition(self._config, self._url, self._beside, self._waiting)


class ParquetPartition(StatefulSinkPartition[Delivery | Tick, None]):
    """Rows wait in memory and in the spool; the spool makes the snapshot empty. Spool and index are in the
    folder ``beside``."""

    def __init__(self, config: ParquetConfig, url: str, beside: Path, waiting: Callable[[], None]) -> None:
        self._config = config
        self._patience = config.delivery_timeout_ms / 1000
        self._tell = waiting
        self._url = url
        self._datasets = Datasets(url, beside / "index.db")
        self._patiently(self._datasets.reconcile)
        self._spool = Spool(beside / SPOOL)
        self._waiting: dict[tuple[str, int], Line] = {}
        self._unsynced: list[Line] = []
        self._bytes = 0
        self._since = time.monotonic()
        for line in self._spool.load():
            self._add(line)

    def write_batch(self, values: Sequence[Delivery | Tick]) -> None:
        for delivery in values:
            if isinstance(delivery, Tick):
                continue
            identity = delivery.identity
            if identity in self._waiting or self._datasets.has(*identity):
                continue
            line = line_of(delivery)
            self._add(line)
            self._unsynced.append(line)
        if self._bytes >= self._config.target_file_size:
            self._flush()

    def snapshot(self) -> None:
        """Make everything durable; called at the end of each epoch, since each brings a tick at least."""
        age = (time.monotonic() - self._since) * 1000
        if self._waiting and age >= self._config.flush_interval_ms:
            self._flush()
        elif self._unsynced:
            patiently("the archive's spool", partial(self._spool.append, self._unsynced))
            self._unsynced = []

    def close(self) -> None:
        """Write what waits if that can be done at once: the spool has it for the next start. The engine can't
        bear an exception here."""
        self._patience = 0.0
        for step in (self._flush, self._spool.close, self._datasets.close):
            try:
                step()
            except (OutputError, OSError, sqlite3.Error) as error:
                log.warning("%s", error)

    def _add(self, line: Line) -> None:
        identity = identity_of(line)
        if identity in self._waiting or self._datasets.has(*identity):
            return
        if not self._waiting:
            self._since = time.monotonic()
        self._waiting[identity] = line
        self._bytes += size_of(line)

    def _flush(self) -> None:
        groups: dict[tuple[str, str], list[Line]] = defaultdict(list)
        for line in self._waiting.values():
            groups[line["type"], line["date"]].append(line)
        for group, lines in groups.items():
            self._patiently(partial(self._datasets.write, *group, lines))
            for line in lines:
                del self._waiting[identity_of(line)]
        self._spool.clear()
        self._unsynced = []
        self._bytes = 0

    def _patiently(self, write: Callable[[], None]) -> None:
        patiently(f"the archive {self._url}", write, self._patience, self._tell)


SINKS.add(Component("parquet", ParquetConfig, ParquetSink))
