"""Which versions of which objects are done, in a small SQLite file; shared by threads and processes.

A version enters when its result is durable, never before: what is not in here is emitted again after a
restart, with the same document id. What the bucket no longer has is forgotten some time later.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import orjson

from neuraldocflow import durable

Done = tuple[str, str]
"""An object's key and etag."""

AFTER_LISTING, AFTER_MESSAGES = 3600.0, 15 * 86_400.0
"""Seconds that what is gone is remembered: a listing may be behind, and a name may come back; no queue keeps
a message longer than 14 days."""

_LAST = chr(0x10FFFF)
"""Comes after every key."""
_AT_A_TIME = 20_000
"""Versions noted as gone at a time: memory must not grow with a bucket that is emptied."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS done (
    key TEXT NOT NULL, etag TEXT NOT NULL, at REAL NOT NULL, gone_at REAL, outcome BLOB,
    PRIMARY KEY (key, etag)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS here ON done (key) WHERE gone_at IS NULL;
CREATE INDEX IF NOT EXISTS left_to_do ON done (at) WHERE outcome IS NOT NULL;
"""


class ObjectLedger:
    """The ledger in the SQLite file ``path``."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._connection = durable.database(path, _SCHEMA)
        self._seen = 0

    def add(self, key: str, etag: str, outcome: dict[str, Any] | None = None) -> None:
        """The version is done; ``outcome`` is kept while something is left to do with the object."""
        told = None if outcome is None else orjson.dumps(outcome)
        with self._lock:
            insert = "INSERT OR IGNORE INTO done VALUES (?, ?, ?, NULL, ?)"
            self._connection.execute(insert, (key, etag, time.time(), told))

    def has(self, key: str, etag: str) -> bool:
        with self._lock:
            select = "SELECT 1 FROM done WHERE key = ? AND etag = ?"
            return self._connection.execute(select, (key, etag)).fetchone() is not None

    def among(self, versions: Iterable[Done]) -> set[Done]:
        """Which of them are done."""
        asked = orjson.dumps(list(versions)).decode()
        select = (
            "SELECT done.key, done.etag FROM json_each(?) AS asked JOIN done "
            "ON done.key = asked.value ->> 0 AND done.etag = asked.value ->> 1"
        )
        with self._lock:
            return set(self._connection.execute(select, (asked,)).fetchall())

    def changed_elsewhere(self) -> bool:
        """Whether another process has noted something since this was last asked."""
        with self._lock:
            (version,) = self._connection.execute("PRAGMA data_version").fetchone()
            changed, self._seen = version != self._seen, version
        return bool(changed)

    def listed(self, after: str, upto: str | None, present: Mapping[str, str]) -> set[Done]:
        """What is done of a listing's page: its keys after ``after`` up to ``upto`` (None: the last page).

        ``present`` has the etag of each key listed; what is done but not listed is noted as gone.
        """
        with self._lock:
            listed = "SELECT value FROM json_each(?)"
            select = f"SELECT key, etag, gone_at FROM done WHERE key IN ({listed})"
            rows = self._connection.execute(select, (orjson.dumps(list(present)).decode(),)).fetchall()
            there = {(key, etag) for key, etag, _ in rows if present[key] == etag}
            back = [(None, key, etag) for key, etag, gone_at in rows if (key, etag) in there and gone_at]
            select = "SELECT key, etag FROM done WHERE gone_at IS NULL AND key > ? AND key <= ? LIMIT ?"
            limits = (after, _LAST if upto is None else upto, _AT_A_TIME)
            known = self._connection.execute(select, limits).fetchall()
            now = time.time()
            changes = [*back, *((now, *each) for each in known if each not in there)]
            if changes:
                self._connection.execute("BEGIN IMMEDIATE")
                update = "UPDATE done SET gone_at = ? WHERE key = ? AND etag = ?"
                self._connection.executemany(update, changes)
                self._connection.execute("COMMIT")
        return there

    def to_do(self) -> list[tuple[str, str, dict[str, Any]]]:
        """Some of the objects with which something is left to do, the oldest first."""
        with self._lock:
            select = "SELECT key, etag, outcome FROM done WHERE outcome IS NOT NULL ORDER BY at LIMIT 100"
            rows = self._connection.execute(select).fetchall()
        return [(key, etag, orjson.loads(outcome)) for key, etag, outcome in rows]

    def settle(self, key: str, etag: str) -> None:
        """Nothing is left to do with the object."""
        with self._lock:
            update = "UPDATE done SET outcome = NULL WHERE key = ? AND etag = ?"
            self._connection.execute(update, (key, etag))

    def forget(self, after: float) -> None:
        """Drop what has been gone for longer than so many seconds."""
        with self._lock:
            delete = "DELETE FROM done WHERE gone_at < ? AND outcome IS NULL"
            self._connection.execute(delete, (time.time() - after,))
