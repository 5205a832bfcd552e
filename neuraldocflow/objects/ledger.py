"""Which versions of which objects are done, in a small SQLite file; shared by threads and processes.

A version enters when its result is durable, never before: what is not in here is emitted again after a
restart, with the same document id. What the bucket no longer has is forgotten some time later. A version that
was deleted or moved away and is there again is the same document, which is done: it goes the same way again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

import orjson

from neuraldocflow import durable

Done = tuple[str, str]
"""An object's key and etag."""

AFTER_LISTING, AFTER_MESSAGES = 3600.0, 15 * 86_400.0
"""Seconds that what is gone is remembered: a listing may be behind, and a name may come back; no queue keeps
a message longer than 14 days."""

KEPT = 200_000
"""Versions that are gone and remembered for longer: more than the flow's own window of repeats, which would
drop them without a word."""

_LAST = chr(0x10FFFF)
"""Comes after every key."""
_AT_A_TIME = 20_000
"""Versions noted as gone at a time: memory must not grow with a bucket that is emptied."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS versions (
    key TEXT NOT NULL, etag TEXT NOT NULL, at REAL NOT NULL, gone_at REAL, outcome BLOB,
    taken_away INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (key, etag)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS here ON versions (key) WHERE gone_at IS NULL;
CREATE INDEX IF NOT EXISTS gone ON versions (gone_at) WHERE gone_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS targets (prefix TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS left_to_do ON versions (at) WHERE outcome IS NOT NULL AND NOT taken_away;
"""


class ObjectLedger:
    """The ledger in the SQLite file ``path``."""

    def __init__(self, path: Path, kept: int = KEPT) -> None:
        self._kept = kept
        self._lock = threading.Lock()
        self._connection = durable.database(path, _SCHEMA)
        self._seen = 0

    def add(self, key: str, etag: str, outcome: dict[str, Any] | None = None) -> None:
        """The version is done; ``outcome`` is kept while something is left to do with the object."""
        told = None if outcome is None else orjson.dumps(outcome)
        with self._lock:
            insert = "INSERT OR IGNORE INTO versions VALUES (?, ?, ?, NULL, ?, 0)"
            self._connection.execute(insert, (key, etag, time.time(), told))

    def targets(self, prefixes: Collection[str]) -> set[str]:
        """Every prefix that objects were ever to be moved to, and from now on to these too."""
        with self._lock:
            known = {prefix for (prefix,) in self._connection.execute("SELECT prefix FROM targets")}
            new = [(prefix,) for prefix in {*prefixes} - known]
            self._connection.executemany("INSERT OR IGNORE INTO targets VALUES (?)", new)
        return known.union(prefixes)

    def has(self, key: str, etag: str) -> bool:
        with self._lock:
            select = "SELECT 1 FROM versions WHERE key = ? AND etag = ?"
            return self._connection.execute(select, (key, etag)).fetchone() is not None

    def among(self, versions: Iterable[Done]) -> set[Done]:
        """Which of them are done."""
        asked = orjson.dumps(list(versions)).decode()
        select = (
            "SELECT versions.key, versions.etag FROM json_each(?) AS asked JOIN versions "
            "ON versions.key = asked.value ->> 0 AND versions.etag = asked.value ->> 1"
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
            select = f"SELECT key, etag, gone_at OR taken_away FROM versions WHERE key IN ({listed})"
            rows = self._connection.execute(select, (orjson.dumps(list(present)).decode(),)).fetchall()
            there = {(key, etag) for key, etag, _ in rows if present[key] == etag}
            back = [(None, key, etag) for key, etag, was_away in rows if (key, etag) in there and was_away]
            select = "SELECT key, etag FROM versions WHERE gone_at IS NULL AND key > ? AND key <= ? LIMIT ?"
            limits = (after, _LAST if upto is None else upto, _AT_A_TIME)
            known = self._connection.execute(select, limits).fetchall()
            now = time.time()
            changes = [*back, *((now, *each) for each in known if each not in there)]
            if changes:
                self._connection.execute("BEGIN IMMEDIATE")
                update = "UPDATE versions SET gone_at = ?1, taken_away = taken_away AND ?1 IS NOT NULL"
                self._connection.executemany(f"{update} WHERE key = ?2 AND etag = ?3", changes)
                self._connection.execute("COMMIT")
        return there

    def to_do(self) -> list[tuple[str, str, dict[str, Any]]]:
        """Some of the objects with which something is left to do, the oldest or longest postponed first."""
        with self._lock:
            select = "SELECT key, etag, outcome FROM versions WHERE outcome IS NOT NULL AND NOT taken_away"
            rows = self._connection.execute(f"{select} ORDER BY at LIMIT 100").fetchall()
        return [(key, etag, orjson.loads(outcome)) for key, etag, outcome in rows]

    def postpone(self, key: str, etag: str) -> None:
        """All others come first."""
        with self._lock:
            update = "UPDATE versions SET at = ? WHERE key = ? AND etag = ?"
            self._connection.execute(update, (time.time(), key, etag))

    def settle(self, key: str, etag: str, *, taken_away: bool) -> None:
        """Nothing is left to do with the object, unless it was ``taken_away`` and comes back."""
        change = "taken_away = 1" if taken_away else "outcome = NULL"
        with self._lock:
            update = f"UPDATE versions SET {change} WHERE key = ? AND etag = ?"
            self._connection.execute(update, (key, etag))

    def forget(self, after: float) -> None:
        """Drop what has been gone for longer than so many seconds, but for the latest that are."""
        with self._lock:
            delete = (
                "DELETE FROM versions WHERE gone_at < ? AND (outcome IS NULL OR taken_away) AND gone_at <="
                " (SELECT gone_at FROM versions WHERE gone_at IS NOT NULL"
                " ORDER BY gone_at DESC LIMIT 1 OFFSET ?)"
            )
            self._connection.execute(delete, (time.time() - after, self._kept))
