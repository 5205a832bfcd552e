"""Which files are done, in a small SQLite file beside the job's state; shared by threads and processes.

A file enters when its result is durable, never before: what is not in here is emitted again after a restart,
with the same document id. Files that are moved away leave the ledger with the move.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import orjson

from neuraldocflow import durable

Version = tuple[int, int]
"""Size in bytes and modification time in nanoseconds."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS done (
    path BLOB PRIMARY KEY, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, outcome BLOB
) STRICT, WITHOUT ROWID;
"""


class Ledger:
    """The ledger in the SQLite file ``path``."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._connection = durable.database(path, _SCHEMA)

    def add(self, path: bytes, version: Version, outcome: dict[str, object] | None = None) -> None:
        """The file's version is done; ``outcome`` is kept for a move that has still to be made."""
        told = None if outcome is None else orjson.dumps(outcome)
        with self._lock:
            self._connection.execute(
                "INSERT OR REPLACE INTO done VALUES (?, ?, ?, ?)", (path, *version, told)
            )

    def remove(self, path: bytes) -> None:
        with self._lock:
            self._connection.execute("DELETE FROM done WHERE path = ?", (path,))

    def has(self, path: bytes, version: Version) -> bool:
        """Whether this very version is done."""
        with self._lock:
            select = "SELECT size, mtime_ns FROM done WHERE path = ?"
            return bool(self._connection.execute(select, (path,)).fetchone() == version)

    def to_move(self) -> list[tuple[bytes, Version, dict[str, object]]]:
        """Some of the files whose move has still to be made."""
        with self._lock:
            select = "SELECT path, size, mtime_ns, outcome FROM done WHERE outcome IS NOT NULL LIMIT 1000"
            rows = self._connection.execute(select).fetchall()
        return [(path, (size, mtime), orjson.loads(outcome)) for path, size, mtime, outcome in rows]

    def paths(self) -> Iterator[bytes]:
        """Every path in it, in pages, so that millions do not stand in memory."""
        last = b""
        while True:
            with self._lock:
                select = "SELECT path FROM done WHERE path > ? ORDER BY path LIMIT 1000"
                page = [path for (path,) in self._connection.execute(select, (last,))]
            if not page:
                return
            yield from page
            last = page[-1]

    def close(self) -> None:
        with self._lock:
            self._connection.close()
