"""Which documents of sources are done, in a small SQLite file; shared by threads and processes.

A document enters when its result is durable, never before. The same document in a second message is so
recognised, and what was acknowledged just before a crash is still known after it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from pathlib import Path

import orjson

from neuraldocflow import durable

KEPT = 200_000
"""Documents remembered: more than the flow's own window of repeats."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS done (number INTEGER PRIMARY KEY, identity TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE IF NOT EXISTS partitions (
    source TEXT, topic TEXT, count INTEGER NOT NULL, PRIMARY KEY (source, topic)
) STRICT;
"""


class Ledger:
    """The ledger in the SQLite file ``path``."""

    def __init__(self, path: Path, kept: int = KEPT) -> None:
        self._kept = kept
        self._lock = threading.Lock()
        self._connection = durable.database(path, _SCHEMA)

    def add(self, identity: str) -> None:
        """The document's run is done."""
        with self._lock:
            insert = "INSERT OR IGNORE INTO done (identity) VALUES (?)"
            number = self._connection.execute(insert, (identity,)).lastrowid or 0
            if number > self._kept and number % 1000 == 0:
                self._connection.execute("DELETE FROM done WHERE number <= ?", (number - self._kept,))

    def among(self, identities: Iterable[str]) -> set[str]:
        """Which of them are done."""
        asked = orjson.dumps(list(identities)).decode()
        select = "SELECT identity FROM done WHERE identity IN (SELECT value FROM json_each(?))"
        with self._lock:
            return {identity for (identity,) in self._connection.execute(select, (asked,))}

    def end(self) -> int:
        """The number of the last document that is done; 0 at first."""
        with self._lock:
            (number,) = self._connection.execute("SELECT max(number) FROM done").fetchone()
        return int(number or 0)

    def after(self, number: int) -> tuple[int, set[str]]:
        """The ledger's end now, and which documents were done between ``number``, an earlier end, and it."""
        select = "SELECT number, identity FROM done WHERE number > ?"
        with self._lock:
            rows = self._connection.execute(select, (number,)).fetchall()
        return max((each for each, _ in rows), default=number), {identity for _, identity in rows}

    def partitions(self, source: str, topic: str) -> int:
        """How many partitions of a topic a source has read; 0 at first."""
        with self._lock:
            select = "SELECT count FROM partitions WHERE source = ? AND topic = ?"
            row = self._connection.execute(select, (source, topic)).fetchone()
        return int(row[0]) if row else 0

    def note_partitions(self, source: str, topic: str, count: int) -> None:
        with self._lock:
            self._connection.execute(
                "INSERT OR REPLACE INTO partitions VALUES (?, ?, ?)", (source, topic, count)
            )
