"""What a replay is to do and how far it is, in a file: memory stays small, and an interrupted one goes on.

A plan is known by the arguments of its replay. It is dropped when the replay has come to its end.
"""

from __future__ import annotations

import fcntl
import hashlib
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Self

import orjson

from neuraldocflow.errors import ConfigError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (
  number INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, state INTEGER NOT NULL DEFAULT 0,
  event BLOB, run INTEGER NOT NULL DEFAULT 0, reason TEXT,
  topic TEXT, partition INTEGER, offset INTEGER, before_run INTEGER, profile TEXT, ms REAL
);
CREATE INDEX IF NOT EXISTS documents_by_state ON documents (state, number);
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value BLOB NOT NULL);
"""
_FOUND, _READY, _SUBMITTED, _ANSWERED, _IMPOSSIBLE = range(5)
_PAGE = 200
_VERSION = 2
"""Of the schema: another release's plan is another plan."""
Places = dict[tuple[str, int], int]
Row = sqlite3.Row
"""A document of a plan, by the columns' names."""


class Plan:
    """The plan of a replay with ``arguments``, below ``folder``. A context manager; any thread may use it.

    Raises ConfigError while another command has the same one.
    """

    def __init__(self, folder: Path, arguments: object) -> None:
        known_by = orjson.dumps([_VERSION, arguments], option=orjson.OPT_SORT_KEYS)
        name = hashlib.sha256(known_by).hexdigest()[:16]
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / f"{name}.db"
        self._held = (folder / f"{name}.lock").open("w")
        try:
            fcntl.flock(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._held.close()
            raise ConfigError(
                "the same replay is running already; wait for it, or give it another range"
            ) from error
        self._one = threading.Lock()
        self._open()

    def _open(self) -> None:
        self._database = sqlite3.connect(self._path, check_same_thread=False)
        self._database.row_factory = Row
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.executescript(_SCHEMA)

    def fact(self, name: str) -> object:
        """Something that was kept, as JSON; None where it was not."""
        with self._one:
            row = self._database.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return orjson.loads(row["value"]) if row is not None else None

    def keep(self, **facts: object) -> None:
        """Keep facts, durably, with all that was told before."""
        with self._one, self._database as database:
            pairs = [(name, orjson.dumps(value)) for name, value in facts.items()]
            database.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?)", pairs)

    def keep_places(self, name: str, places: Mapping[tuple[str, int], int]) -> None:
        self.keep(**{name: [[topic, part, offset] for (topic, part), offset in places.items()]})

    def places(self, name: str) -> Places:
        """Where reading begins, by topic and partition."""
        found = self.fact(name)
        listed = found if isinstance(found, list) else []
        return {(str(topic), int(part)): int(offset) for topic, part, offset in listed}

    def forget(self) -> None:
        """Begin anew: nothing was found, nothing submitted."""
        with self._one, self._database as database:
            database.execute("DELETE FROM documents")
            database.execute("DELETE FROM facts")

    def add(self, document: str) -> None:
        self._write("INSERT OR IGNORE INTO documents (id) VALUES (?)", document)

    def add_impossible(self, name: str, reason: str) -> None:
        """Something that was chosen and is no document."""
        self._write(
            "INSERT OR IGNORE INTO documents (id, state, reason) VALUES (?, ?, ?)", name, _IMPOSSIBLE, reason
        )

    def has(self, document: str) -> bool:
        with self._one:
            found = self._database.execute("SELECT 1 FROM documents WHERE id = ?", (document,)).fetchone()
        return found is not None

    def had(
        self, document: str, place: tuple[str, int, int], run: int, profile: str, ms: float | None = None
    ) -> None:
        """A result of a document, with the milliseconds an agent took; the one of its latest run counts."""
        self._write(
            "UPDATE documents SET topic = ?, partition = ?, offset = ?, before_run = ?, profile = ?, ms = ?"
            " WHERE id = ? AND coalesce(before_run, -1) <= ?",
            *(*place, run, profile, ms, document, run),
        )

    def came(self, document: str, event: bytes, run: int) -> None:
        """An event that brought a document."""
        self._write("UPDATE documents SET event = ?, run = max(run, ?) WHERE id = ?", event, run, document)

    def only_stale(self, profiles: Iterable[str]) -> None:
        """Keep those whose result was made by another profile than these; no profile made a failed one."""
        current = orjson.dumps(["", *sorted(profiles)]).decode()
        self._write(
            "DELETE FROM documents WHERE profile IS NULL OR profile IN (SELECT value FROM json_each(?))",
            current,
        )

    def ready(self, number: int, event: bytes, run: int) -> None:
        """A document that can be run again, as this event and run."""
        self._write(
            "UPDATE documents SET state = ?, event = ?, run = ? WHERE number = ?", _READY, event, run, number
        )

    def impossible(self, number: int, reason: str) -> None:
        self._write(
            "UPDATE documents SET state = ?, reason = ? WHERE number = ?", _IMPOSSIBLE, reason, number
        )

    def submitted(self, document: str, run: int) -> None:
        """It is on the log."""
        self._write(
            "UPDATE documents SET state = ? WHERE id = ? AND run = ? AND state = ?",
            *(_SUBMITTED, document, run, _READY),
        )

    def answered(self, document: str, run: int) -> Row | None:
        """The document whose result of this run has come, once; None where it is not waited for."""
        with self._one:
            row: Row | None = self._database.execute(
                "UPDATE documents SET state = ? WHERE id = ? AND run = ? AND state = ? RETURNING *",
                (_ANSWERED, document, run, _SUBMITTED),
            ).fetchone()
        return row

    def found(self) -> Iterator[Row]:
        return self._in_state(_FOUND)

    def to_submit(self) -> Iterator[Row]:
        return self._in_state(_READY)

    def lost(self) -> Iterator[Row]:
        return self._in_state(_IMPOSSIBLE)

    def count(self) -> int:
        """Documents to be run again, those that have been among them."""
        return self._count(_READY, _SUBMITTED, _ANSWERED)

    def left(self) -> int:
        """Documents that are not on the log yet."""
        return self._count(_READY)

    def awaited(self) -> int:
        """Documents whose results have not come."""
        return self._count(_SUBMITTED)

    def milliseconds(self) -> float | None:
        """How long an agent took for what is left, the last time; None where no time is known."""
        with self._one:
            (mean,) = self._database.execute(
                "SELECT avg(ms) FROM documents WHERE state = ?", (_READY,)
            ).fetchone()
        return None if mean is None else mean * self.left()

    def close(self) -> None:
        self._database.commit()
        self._database.close()
        self._held.close()

    def drop(self) -> None:
        """It has come to its end."""
        self._database.close()
        for path in self._path.parent.glob(f"{self._path.name}*"):
            path.unlink()
        self._open()

    def _count(self, *states: int) -> int:
        marks = ", ".join("?" * len(states))
        query = f"SELECT count(*) FROM documents WHERE state IN ({marks})"
        with self._one:
            (count,) = self._database.execute(query, states).fetchone()
        return int(count)

    def _in_state(self, state: int) -> Iterator[Row]:
        after = 0
        query = "SELECT * FROM documents WHERE state = ? AND number > ? ORDER BY number LIMIT ?"
        while True:
            with self._one:
                rows = self._database.execute(query, (state, after, _PAGE)).fetchall()
            if not rows:
                return
            yield from rows
            after = rows[-1]["number"]

    def _write(self, statement: str, *values: object) -> None:
        with self._one:
            self._database.execute(statement, values)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
