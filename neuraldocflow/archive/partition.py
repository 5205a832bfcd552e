"""Writes the archive: rows wait in a spool until a thread of their own has put them into files."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bytewax.outputs import StatefulSinkPartition

from neuraldocflow.archive.datasets import Datasets
from neuraldocflow.archive.rows import Line, identity_of, line_of, size_of
from neuraldocflow.archive.spool import Spool
from neuraldocflow.deliveries import Delivery, Tick
from neuraldocflow.durable import OutputError, patiently, telling

if TYPE_CHECKING:
    from sinks.parquet import ParquetConfig

log = logging.getLogger(__name__)


class Writing:
    """Results that a thread writes to the archive, a batch for each document type and date. It is a daemon,
    not an executor's: a place that hangs must not keep the job from ending."""

    def __init__(self, lines: dict[tuple[str, int], Line], write: Callable[[list[Line]], None]) -> None:
        self.lines = lines
        groups: dict[tuple[str, str], list[Line]] = defaultdict(list)
        for line in lines.values():
            groups[line["type"], line["date"]].append(line)
        self.batches = list(groups.values())
        self._write = write
        self._failed: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="archive", daemon=True)
        self._thread.start()

    @property
    def done(self) -> bool:
        return not self._thread.is_alive()

    def wait(self) -> None:
        """Until all are there. Raises what their writer raised."""
        self._thread.join()
        if self._failed is not None:
            raise self._failed

    def _run(self) -> None:
        try:
            for batch in self.batches:
                self._write(batch)
        except BaseException as error:
            self._failed = error


class ParquetPartition(StatefulSinkPartition[Delivery | Tick, None]):
    """Rows wait in memory and in the spool; the spool makes the snapshot empty. Files are written by another
    thread, one batch at a time: the engine does not wait for them. Spool and index are in the folder
    ``beside``."""

    def __init__(self, config: ParquetConfig, url: str, beside: Path, waiting: Callable[[], None]) -> None:
        self._config = config
        self._patience = config.delivery_timeout_ms / 1000
        self._tell = waiting
        self._url = url
        self._datasets = Datasets(url, beside / "index.db")
        patiently(f"the archive {url}", self._datasets.reconcile, self._patience, waiting)
        self._spool = patiently("the archive's spool", partial(Spool, beside), waiting=waiting)
        self._waiting: dict[tuple[str, int], Line] = {}
        self._unsynced: list[Line] = []
        self._bytes = 0
        self._since = time.monotonic()
        self._writing: Writing | None = None
        left = self._spool.load()
        for line in left:
            if not self._has(identity_of(line)):
                self._add(line)
        if left and not self._waiting:  # all were written before whoever wrote them was killed
            patiently("the archive's spool", self._spool.set_aside, pausing=self._tell)
            self._spool.clear()
        if self._bytes >= config.target_file_size:
            self._begin()
            self._settle()

    def write_batch(self, values: Sequence[Delivery | Tick]) -> None:
        for delivery in values:
            if isinstance(delivery, Delivery) and not self._has(delivery.identity):
                line = line_of(delivery)
                self._add(line)
                self._unsynced.append(line)
        if self._bytes >= self._config.target_file_size:
            self._settle()
            self._begin()

    def snapshot(self) -> None:
        """Make everything durable; called at the end of each epoch, since each brings a tick at least."""
        if self._writing is not None and self._writing.done:
            self._settle()
        age = (time.monotonic() - self._since) * 1000
        if self._waiting and self._writing is None and age >= self._config.flush_interval_ms:
            self._begin()
        self._sync()

    def close(self) -> None:
        """Write what waits, or only what is being written if the rest can't be at once: the spool has it for
        the next start. The engine can't bear an exception here."""
        self._patience = 0.0
        for step in (self._finish, self._spool.close, self._datasets.close):
            try:
                step()
            except (OutputError, OSError, sqlite3.Error) as error:
                log.warning("%s", error)

    def _finish(self) -> None:
        self._settle()
        self._begin()
        self._settle()

    def _has(self, identity: tuple[str, int]) -> bool:
        writing = self._writing is not None and identity in self._writing.lines
        return writing or identity in self._waiting or self._datasets.has(*identity)

    def _add(self, line: Line) -> None:
        if not self._waiting:
            self._since = time.monotonic()
        self._waiting[identity_of(line)] = line
        self._bytes += size_of(line)

    def _sync(self) -> None:
        if self._unsynced:
            patiently("the archive's spool", partial(self._spool.append, self._unsynced), pausing=self._tell)
            self._unsynced = []

    def _begin(self) -> None:
        """Write what waits, while the engine goes on."""
        if not self._waiting:
            return
        self._sync()
        patiently("the archive's spool", self._spool.set_aside, pausing=self._tell)
        lines, self._waiting, self._bytes = self._waiting, {}, 0
        self._writing = Writing(lines, partial(self._write, self._patience))

    def _settle(self) -> None:
        """What is being written is in the archive. Raises OutputError."""
        if self._writing is None:
            return
        with telling(self._tell):
            self._writing.wait()
        for batch in self._writing.batches:
            self._datasets.note(batch)
        self._writing = None
        self._spool.clear()

    def _write(self, patience: float, batch: list[Line]) -> None:
        write = partial(self._datasets.write, batch[0]["type"], batch[0]["date"], batch)
        patiently(f"the archive {self._url}", write, patience)
