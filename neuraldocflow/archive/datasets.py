"""The archive's files: ``DATASET/document_type=T/date=D/ID.parquet`` under a folder or an fsspec URL.

One batch of one partition has one id in all three datasets. Cells and fields are written first and documents
last: the documents file is the commit, and what never had one is removed at the next start. An index of the
documents that are in, rebuilt from those files where it lacks any, drops repeats.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
import sqlite3
import tempfile
from pathlib import Path
from urllib.parse import quote

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from neuraldocflow import durable
from neuraldocflow.archive.rows import Dataset, Line, identity_of, table_of
from neuraldocflow.remote import Remote

_OURS = re.compile("[0-9a-f]{32}")
"""What batches are called."""
_LONGEST = 200
"""Characters of a document type in the name of a folder, which has 255 at most."""
_ORDER: tuple[Dataset, ...] = ("cells", "fields", "documents")


def _opened(index: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(index, isolation_level=None, check_same_thread=False)
    connection.executescript(
        "PRAGMA journal_mode = WAL;"
        "CREATE TABLE IF NOT EXISTS files (name TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;"
        "CREATE TABLE IF NOT EXISTS documents (id TEXT, run INTEGER, PRIMARY KEY (id, run))"
        " STRICT, WITHOUT ROWID;"
    )
    return connection


class Datasets:
    """The three datasets at ``url``; ``index`` is a local SQLite file."""

    def __init__(self, url: str, index: Path) -> None:
        self._remote = Remote(url)
        self._near = Path(self._remote.root, ".writing") if self._remote.local else None
        """Where a local archive's files are written, on the disk they stay on."""
        self._index = durable.index(index, lambda: _opened(index))

    def reconcile(self) -> None:
        """Bring the index up to what the files say, and remove what a kill left: batches that were never
        committed, and files that were being written. Raises OSError; then it can be called again."""
        if self._near is not None and self._near.exists():
            shutil.rmtree(self._near)
        documents = self._files("documents")
        committed = {self._batch(path) for path in documents}
        known = {name for (name,) in self._index.execute("SELECT name FROM files")}
        merged = any(_OURS.fullmatch(batch) is None for batch in committed - known)
        for dataset in ("fields", "cells"):
            for path in self._files(dataset):
                batch = self._batch(path)  # somebody may merge files, of one dataset or of each by itself
                if batch in committed or batch in known or not _OURS.fullmatch(batch):
                    continue
                if merged:  # and its documents may be among those, where the index is a new one
                    self._note(batch, [])
                else:
                    self._remote.remove(path)
        for path in documents:
            if self._batch(path) not in known:
                self._note(self._batch(path), self._documents_in(path))

    def _documents_in(self, path: str) -> list[tuple[str, int]]:
        """Raises OSError, also for what is no such file or not whole yet: somebody may be writing it."""
        try:
            with self._remote.open(path) as file:
                table = pq.read_table(file, columns=["document_id", "run"]).to_pydict()
            return list(zip(table["document_id"], table["run"], strict=True))
        except (pa.ArrowException, KeyError) as error:
            told = f"{path} is no whole Parquet file of documents; have it finished, or remove it"
            raise OSError(errno.EINVAL, told) from error

    def has(self, document: str, run: int) -> bool:
        """Whether the document's run is in the archive."""
        select = "SELECT 1 FROM documents WHERE id = ? AND run = ?"
        return self._index.execute(select, (document, run)).fetchone() is not None

    def write(self, document_type: str, date: str, lines: list[Line]) -> None:
        """Write one batch of one partition, which is to be noted then; any thread may. Raises OSError; then
        the same batch can be written again: its files are named after its documents, so what is there of it,
        known or not, is replaced."""
        batch = _name_of(lines)
        partition = f"document_type={_folder_named(document_type)}/date={date}"
        for dataset in _ORDER:
            table = table_of(dataset, lines)  # one at a time: a batch of large results takes hundreds of MB
            if table.num_rows:
                self._put(dataset, table, f"{partition}/{batch}.parquet")

    def note(self, lines: list[Line]) -> None:
        """A batch is written: its documents are in."""
        self._note(_name_of(lines), [identity_of(line) for line in lines])

    def _put(self, dataset: Dataset, table: pa.Table, name: str) -> None:
        """Whole or not at all: renamed in place locally, one upload elsewhere."""
        target = f"{self._remote.root}/{dataset}/{name}"
        if self._near is not None:
            self._near.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._near) as scratch:
            file = Path(scratch) / "batch.parquet"
            pq.write_table(table, file, compression="zstd")
            if self._near is None:
                self._remote.put(file, target)
                return
            with file.open("rb") as written:
                os.fsync(written.fileno())
            Path(target).parent.mkdir(parents=True, exist_ok=True)
            file.replace(target)
            durable.sync_folder(Path(target).parent)

    def _note(self, batch: str, documents: list[tuple[str, int]]) -> None:
        self._index.execute("BEGIN IMMEDIATE")
        self._index.execute("INSERT OR REPLACE INTO files VALUES (?)", (batch,))
        self._index.executemany("INSERT OR REPLACE INTO documents VALUES (?, ?)", documents)
        self._index.execute("COMMIT")

    def _files(self, dataset: str) -> list[str]:
        return self._remote.find(f"{self._remote.root}/{dataset}", "document_type=*/date=*/*.parquet")

    @staticmethod
    def _batch(path: str) -> str:
        return path.rsplit("/", 1)[-1].removesuffix(".parquet")

    def close(self) -> None:
        self._index.close()


def _folder_named(document_type: str) -> str:
    """A document type as part of a folder's name, its end left out where that is longer than one can be."""
    while len(name := quote(document_type, safe="")) > _LONGEST:
        document_type = document_type[:-1]
    return name


def _name_of(lines: list[Line]) -> str:
    documents = sorted(identity_of(line) for line in lines)
    return hashlib.sha256(orjson.dumps(documents)).hexdigest()[:32]
