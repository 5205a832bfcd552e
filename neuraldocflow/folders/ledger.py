"""Which files are done, in a small SQLite file beside the job's state; shared by threads and processes.

A file enters when its result is durable, never before: what is not in here is emitted again after a restart,
with the same document id. Of the files that were moved away the latest :data:`KEPT` are remembered: one that
is moved back is to be processed again.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Collection, Iterator
from pathlib import Path

import orjson

from neuraldocflow import durable
from neuraldocflow.folders.move import Version, version_of

KEPT = 200_000
"""Files remembered that were moved away: more than the flow's own window of repeats."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS done (
    path BLOB NOT NULL, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, outcome BLOB,
    PRIMARY KEY (path, size, mtime_ns)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS moved (
    number INTEGER PRIMARY KEY, path BLOB NOT NULL, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL,
    place BLOB NOT NULL, document TEXT NOT NULL, run INTEGER NOT NULL, replayed INTEGER NOT NULL,
    UNIQUE (path, size, mtime_ns)
) STRICT;
CREATE INDEX IF NOT EXISTS moved_document ON moved (document);
CREATE TABLE IF NOT EXISTS targets (folder BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;
"""


class Ledger:
    """The ledger in the SQLite file ``path``."""

    def __init__(self, path: Path, kept: int = KEPT) -> None:
        self._kept = kept
        self._lock = threading.Lock()
        self._connection = durable.database(path, _SCHEMA)

    def add(self, path: bytes, version: Version, outcome: dict[str, object] | None = None) -> None:
        """The file's version is done; ``outcome`` is kept for a move that has still to be made, also when a
        newer version has its name by then."""
        told = None if outcome is None else orjson.dumps(outcome)
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.execute("DELETE FROM done WHERE path = ? AND outcome IS NULL", (path,))
            self._connection.execute(
                "INSERT OR REPLACE INTO done VALUES (?, ?, ?, ?)", (path, *version, told)
            )
            self._connection.execute("COMMIT")

    def remove(self, path: bytes, version: Version | None = None) -> None:
        """Forget a version; by default what is at the path and is not to be moved."""
        with self._lock:
            if version is None:
                self._connection.execute("DELETE FROM done WHERE path = ? AND outcome IS NULL", (path,))
            else:
                self._forget(path, version)

    def _forget(self, path: bytes, version: Version) -> None:
        delete = "DELETE FROM done WHERE path = ? AND size = ? AND mtime_ns = ?"
        self._connection.execute(delete, (path, *version))

    def moved(self, path: bytes, version: Version, place: bytes, document: str, run: int) -> None:
        """The file's version was done in this run of its document, and is at ``place``, or (empty) away."""
        replayed = "(SELECT coalesce(max(replayed), 0) FROM moved WHERE document = ?5)"
        insert = f"INSERT OR REPLACE INTO moved VALUES (NULL, ?1, ?2, ?3, ?4, ?5, ?6, {replayed})"
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            self._forget(path, version)
            number = self._connection.execute(insert, (path, *version, place, document, run)).lastrowid or 0
            if number > self._kept and number % 1000 == 0:
                self._connection.execute("DELETE FROM moved WHERE number <= ?", (number - self._kept,))
            self._connection.execute("COMMIT")

    def targets(self, folders: Collection[str]) -> set[str]:
        """Every folder that files were ever to be moved to, and from now on to these too."""
        with self._lock:
            known = {os.fsdecode(each) for (each,) in self._connection.execute("SELECT folder FROM targets")}
            new = [(os.fsencode(each),) for each in {*folders} - known]
            self._connection.executemany("INSERT OR IGNORE INTO targets VALUES (?)", new)
        return known.union(folders)

    def ran(self, document: str, run: int) -> None:
        """A document whose file may have been moved away was run again, from elsewhere."""
        with self._lock:
            update = "UPDATE moved SET replayed = max(replayed, ?) WHERE document = ?"
            self._connection.execute(update, (run, document))

    def next_run(self, path: bytes, version: Version) -> int:
        """As which run the file's version is to be processed: 0 unless it was moved away before."""
        with self._lock:
            select = "SELECT max(run, replayed) + 1 FROM moved WHERE path = ? AND size = ? AND mtime_ns = ?"
            row = self._connection.execute(select, (path, *version)).fetchone()
        return int(row[0]) if row else 0

    def was_moved(self, path: bytes, version: Version, run: int) -> bool:
        """Whether the file's version was moved away after this run of its document, or a later one."""
        with self._lock:
            select = "SELECT 1 FROM moved WHERE path = ? AND size = ? AND mtime_ns = ? AND run >= ?"
            return self._connection.execute(select, (path, *version, run)).fetchone() is not None

    def find(self, path: bytes, version: Version) -> bytes | None:
        """Where this very version of a file is, done: at its path, or where it was moved.

        None where it is not done, and where it is no longer where it was moved.
        """
        where = "WHERE path = ?1 AND size = ?2 AND mtime_ns = ?3"
        select = f"SELECT path FROM done {where} UNION ALL SELECT place FROM moved {where}"
        with self._lock:
            row = self._connection.execute(select, (path, *version)).fetchone()
        place: bytes | None = row[0] if row else None
        return place if place is not None and (place == path or _is(place, version)) else None

    def is_to_move(self, path: bytes, version: Version) -> bool:
        """Whether the version is done, and its move has still to be made."""
        with self._lock:
            select = "SELECT 1 FROM done WHERE path = ? AND size = ? AND mtime_ns = ? AND outcome IS NOT NULL"
            return self._connection.execute(select, (path, *version)).fetchone() is not None

    def to_move(self, root: bytes) -> list[tuple[bytes, Version, dict[str, object]]]:
        """Some of the files in a folder whose move has still to be made."""
        first = root.rstrip(b"/") + b"/"
        inside = (first, first[:-1] + bytes([first[-1] + 1]))
        select = "SELECT path, size, mtime_ns, outcome FROM done WHERE path > ? AND path < ?"
        with self._lock:
            rows = self._connection.execute(f"{select} AND outcome IS NOT NULL LIMIT 1000", inside).fetchall()
        return [(path, (size, mtime), orjson.loads(outcome)) for path, size, mtime, outcome in rows]

    def paths(self) -> Iterator[bytes]:
        """Every path in it but of files to be moved, in pages, so that millions do not stand in memory."""
        last = b""
        while True:
            with self._lock:
                select = "SELECT path FROM done WHERE path > ? AND outcome IS NULL ORDER BY path LIMIT 1000"
                page = [path for (path,) in self._connection.execute(select, (last,))]
            if not page:
                return
            yield from page
            last = page[-1]

    def close(self) -> None:
        with self._lock:
            self._connection.close()


def _is(place: bytes, version: Version) -> bool:
    """Whether the version's file is there."""
    try:
        return version_of(Path(os.fsdecode(place))) == version
    except OSError:
        return False
