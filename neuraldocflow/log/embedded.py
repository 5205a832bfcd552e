"""The log in one SQLite file: write-ahead log, synced at every commit, shared by threads and processes.

A record's row id is its partition's number and its offset in one integer, so that reading a range is reading
neighbouring rows and no second index exists. Offsets are dense: retention only ever drops the oldest.

Writers queue on a lock file (the kernel wakes the next one; SQLite's own busy handler sleeps and polls). A
writer killed inside a transaction releases it, and SQLite rolls the transaction back.

Waiting costs nothing: each commit rings a bell (``bell.py``) on which waiters of all processes sleep.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson

from neuraldocflow.log.bell import Listener, ring
from neuraldocflow.log.interface import (
    Log,
    LogError,
    Message,
    OffsetOutOfRange,
    Position,
    Record,
    UnknownTopic,
    partition_of,
)

SCHEMA_VERSION = 1
_OFFSET_BITS = 40
_DROP_AT_ONCE, _BYTES_AT_ONCE, _PAGES_AT_ONCE = 2000, 4 << 20, 1000
"""Records, or bytes of them, that are dropped under one lock, and pages that are given back under one."""
_AT_THE_END = 5.0
"""Seconds that an append under way gets when the log is closed: it may hang."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS partitions (
    id INTEGER PRIMARY KEY,
    topic TEXT NOT NULL,
    partition INTEGER NOT NULL,
    begin_offset INTEGER NOT NULL DEFAULT 0,
    end_offset INTEGER NOT NULL DEFAULT 0,
    bytes INTEGER NOT NULL DEFAULT 0,
    last_ms INTEGER NOT NULL DEFAULT 0,
    UNIQUE (topic, partition)
) STRICT;
CREATE TABLE IF NOT EXISTS records (
    place INTEGER PRIMARY KEY,
    ms INTEGER NOT NULL,
    key TEXT NOT NULL,
    headers BLOB,
    value BLOB NOT NULL
) STRICT;
"""


class EmbeddedLog(Log):
    """A log in the SQLite file ``path``; its folder is made. Safe across ``fork``."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._by_thread: dict[int, tuple[int, sqlite3.Connection]] = {}
        self._using: dict[tuple[int, int], int] = {}
        """Threads that use their connection now, by their process, and how many calls deep."""
        self._listeners: dict[int, Listener] = {}
        self._writing = threading.Lock()
        self._inherited: list[sqlite3.Connection] = []
        self._closed = False
        self._partitions: dict[str, list[int]] = {}
        self._identity = ""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._lock_path = path.with_name(path.name + ".lock")
            with self._exclusively():
                self._prepare()
        except OSError as error:
            raise LogError(f"the log {path} can't be opened: {error.strerror}") from error

    def _prepare(self) -> None:
        with self._translated():
            connection = self._connection()
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version not in (0, SCHEMA_VERSION):
                raise LogError(
                    f"the log {self._path} has format {version}, this version reads {SCHEMA_VERSION}: "
                    "start the release that wrote it, or choose another state directory"
                )
            if version == 0:
                connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
                connection.execute("PRAGMA journal_mode = WAL")
                connection.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")
            connection.execute("CREATE TABLE IF NOT EXISTS identity (id TEXT NOT NULL) STRICT")
            found = connection.execute("SELECT id FROM identity").fetchone()
            if found is None:  # it is new, or of a release that gave it none
                found = (uuid.uuid4().hex,)
                connection.execute("INSERT INTO identity VALUES (?)", found)
            (self._identity,) = found

    def append(self, messages: Iterable[Message]) -> list[Position]:
        prepared = [
            (message, orjson.dumps(dict(message.headers)) if message.headers else None)
            for message in messages
        ]
        if not prepared:
            return []
        with self._transaction() as connection:
            return self._insert(connection, prepared)

    def _insert(
        self, connection: sqlite3.Connection, prepared: list[tuple[Message, bytes | None]]
    ) -> list[Position]:
        now = time.time_ns() // 1_000_000
        state: dict[int, list[int]] = {}
        positions: list[Position] = []
        rows = []
        for message, headers in prepared:
            ids = self._ids(message.topic)
            partition = partition_of(message.key, len(ids))
            number = ids[partition]
            if number not in state:
                select = "SELECT end_offset, last_ms, 0 FROM partitions WHERE id = ?"
                state[number] = list(connection.execute(select, (number,)).fetchone())
                state[number][1] = max(state[number][1], now)
            offset, stamp, _ = state[number]
            rows.append((_place(number, offset), stamp, message.key, headers, message.value))
            state[number][0] += 1
            state[number][2] += len(message.value)
            positions.append(Position(message.topic, partition, offset))
        insert = "INSERT INTO records (place, ms, key, headers, value) VALUES (?, ?, ?, ?, ?)"
        connection.executemany(insert, rows)
        connection.executemany(
            "UPDATE partitions SET end_offset = ?, last_ms = ?, bytes = bytes + ? WHERE id = ?",
            [(*values, number) for number, values in state.items()],
        )
        return positions

    def read(
        self, topic: str, partition: int, offset: int, *, limit: int = 500, max_bytes: int = 8 << 20
    ) -> list[Record]:
        number = self._id(topic, partition)
        records: list[Record] = []
        with self._translated():
            connection = self._connection()
            connection.execute("BEGIN")
            try:
                bounds = "SELECT begin_offset, end_offset FROM partitions WHERE id = ?"
                begin, end = connection.execute(bounds, (number,)).fetchone()
                if not begin <= offset <= end:
                    raise OffsetOutOfRange(topic, partition, offset, begin, end)
                rows = connection.execute(
                    "SELECT place, ms, key, headers, value FROM records WHERE place >= ? AND place < ? "
                    "ORDER BY place LIMIT ?",
                    (_place(number, offset), _place(number, end), limit),
                )
                left = max_bytes
                for place, ms, key, headers, value in rows:
                    left -= len(value)
                    if left < 0 and records:
                        break
                    records.append(_record(topic, partition, place, ms, key, headers, value))
            finally:
                connection.execute("COMMIT")
        return records

    def ensure_topic(self, topic: str, partitions: int = 4) -> int:
        if partitions < 1:
            raise ValueError("a topic has at least one partition")
        found = self.topics().get(topic)
        if found is not None:
            return found
        with self._transaction() as connection:
            (there,) = connection.execute(
                "SELECT count(*) FROM partitions WHERE topic = ?", (topic,)
            ).fetchone()
            if there == 0:
                connection.executemany(
                    "INSERT INTO partitions (topic, partition) VALUES (?, ?)",
                    [(topic, partition) for partition in range(partitions)],
                )
        return len(self._ids(topic))

    def topics(self) -> dict[str, int]:
        with self._translated():
            rows = self._connection().execute(
                "SELECT topic, count(*) FROM partitions GROUP BY topic ORDER BY topic"
            )
            return dict(rows.fetchall())

    def id_of(self, topic: str) -> str:
        return f"{self._identity}/{topic}"

    def begin(self, topic: str, partition: int) -> int:
        return self._bounds(topic, partition)[0]

    def end(self, topic: str, partition: int) -> int:
        return self._bounds(topic, partition)[1]

    def bounds(self, topic: str) -> dict[int, tuple[int, int]]:
        with self._translated():
            select = "SELECT partition, begin_offset, end_offset FROM partitions WHERE topic = ?"
            found = self._connection().execute(select, (topic,)).fetchall()
        if not found:
            raise UnknownTopic(f"there is no topic {topic}")
        return {part: (begin, end) for part, begin, end in found}

    def offset_at(self, topic: str, partition: int, time: datetime) -> int:
        wanted = int(time.timestamp() * 1000)
        number = self._id(topic, partition)
        low, high = self._bounds(topic, partition)
        with self._translated():
            connection = self._connection()
            while low < high:
                middle = (low + high) // 2
                row = connection.execute(
                    "SELECT ms FROM records WHERE place = ?", (_place(number, middle),)
                ).fetchone()
                if row is None or row[0] < wanted:  # None: retention has just dropped it
                    low = middle + 1
                else:
                    high = middle
        return low

    def wait(self, positions: Mapping[tuple[str, int], int], timeout: float) -> bool:
        deadline = time.monotonic() + timeout
        with self._translated():
            self._connection()
        thread = threading.get_ident()
        listener = self._listeners.get(thread)
        if listener is None:
            listener = self._listeners[thread] = Listener(self._lock_path)
        if self._closed:  # meanwhile
            self._listeners.pop(thread, None)
        while not self._closed:
            if any(self.end(*place) > offset for place, offset in positions.items()):
                return True
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            listener.wait(left)
        return False

    def retain(self, topic: str, *, max_age: timedelta | None = None, max_bytes: int | None = None) -> int:
        dropped = 0
        oldest = 0 if max_age is None else int((datetime.now(UTC) - max_age).timestamp() * 1000)
        for partition in self.partitions(topic):
            upto = self.begin(topic, partition)
            if max_age is not None:
                upto = self.offset_at(topic, partition, datetime.fromtimestamp(oldest / 1000, UTC))
            while count := self._drop(self._id(topic, partition), upto, max_bytes):
                dropped += count
        if dropped:
            left, before = self._give_back(), float("inf")
            while 0 < left < before:
                left, before = self._give_back(), left
        return dropped

    def _give_back(self) -> int:
        """Give some of the file's free pages back to the disk; how many are left."""
        with self._translated(), self._exclusively():
            connection = self._connection()
            connection.executescript(f"PRAGMA incremental_vacuum({_PAGES_AT_ONCE})")  # execute() frees one
            (left,) = connection.execute("PRAGMA freelist_count").fetchone()
        return int(left)

    def _drop(self, number: int, upto: int, max_bytes: int | None) -> int:
        """Drop some of the oldest: writers get their turn between two calls."""
        with self._transaction() as connection:
            bounds = "SELECT begin_offset, end_offset, bytes FROM partitions WHERE id = ?"
            begin, end, size = connection.execute(bounds, (number,)).fetchone()
            rows = connection.execute(
                "SELECT place, length(value) FROM records WHERE place >= ? AND place < ? "
                "ORDER BY place LIMIT ?",
                (_place(number, begin), _place(number, end), _DROP_AT_ONCE),
            ).fetchall()
            count, freed = 0, 0
            for place, length in rows:
                if _offset(place) >= upto and (max_bytes is None or size - freed <= max_bytes):
                    break
                if freed > _BYTES_AT_ONCE:
                    break
                count, freed = count + 1, freed + length
            connection.execute(
                "DELETE FROM records WHERE place >= ? AND place < ?",
                (_place(number, begin), _place(number, begin + count)),
            )
            connection.execute(
                "UPDATE partitions SET begin_offset = begin_offset + ?, bytes = bytes - ? WHERE id = ?",
                (count, freed, number),
            )
        return count

    def reached(self, topic: str, positions: Mapping[int, int]) -> None:
        pass

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        # another thread's append is waited for, but no other process: one that is stopped holds the file
        waited = self._writing.acquire(timeout=_AT_THE_END)
        with suppress(OSError):
            descriptor = os.open(self._lock_path, os.O_WRONLY | os.O_CLOEXEC)
            ring(descriptor)
            os.close(descriptor)
        if waited:
            self._writing.release()
        self._listeners.clear()  # who waits holds its own
        for thread in list(self._by_thread):
            if (os.getpid(), thread) not in self._using:  # else that thread does it after use
                self._close_connection(thread)

    def _close_connection(self, thread: int) -> None:
        """Not left to Python: a connection and its statements hold one another until garbage is collected."""
        owner, connection = self._by_thread.pop(thread, (0, None))
        if connection is None:
            return
        if owner == os.getpid():
            connection.close()
        else:
            self._inherited.append(connection)

    def _connection(self) -> sqlite3.Connection:
        if self._closed:
            raise LogError(f"the log {self._path} is closed")
        # by number: the engine's own threads lose what threading.local holds each time they leave Python
        pid, thread = os.getpid(), threading.get_ident()
        owner, known = self._by_thread.get(thread, (0, None))
        if known is None or owner != pid:
            if known is not None:  # of the process this one was forked from: never touch it
                self._inherited.append(known)
                self._listeners.pop(thread, None)
            connection = sqlite3.connect(
                self._path, timeout=30, isolation_level=None, check_same_thread=False
            )
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA journal_size_limit = 67108864")
            self._by_thread[thread] = (pid, connection)
            return connection
        return known

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Use of the thread's connection, with the errors that are told."""
        user = os.getpid(), threading.get_ident()
        depth = self._using.get(user, 0)
        self._using[user] = depth + 1  # before it is looked whether the log is closed
        try:
            yield
        except sqlite3.Error as error:
            raise LogError(f"the log {self._path}: {error}") from error
        except OSError as error:
            raise LogError(f"the log {self._path}: {error.strerror}") from error
        finally:
            if depth:
                self._using[user] = depth
            else:
                self._using.pop(user, None)
                if self._closed:
                    self._close_connection(user[1])

    @contextmanager
    def _exclusively(self) -> Iterator[int]:
        with self._writing:
            descriptor = os.open(self._lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                yield descriptor
            finally:
                os.close(descriptor)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._translated(), self._exclusively() as descriptor:
            connection = self._connection()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
                ring(descriptor)
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def _ids(self, topic: str) -> list[int]:
        """The row ids of a topic's partitions; they never change, so they are remembered."""
        if topic not in self._partitions:
            with self._translated():
                select = "SELECT id FROM partitions WHERE topic = ? ORDER BY partition"
                found = [number for (number,) in self._connection().execute(select, (topic,))]
            if not found:
                raise UnknownTopic(f"there is no topic {topic}")
            self._partitions[topic] = found
        return self._partitions[topic]

    def _id(self, topic: str, partition: int) -> int:
        ids = self._ids(topic)
        if not 0 <= partition < len(ids):
            raise UnknownTopic(f"{topic} has partitions 0 to {len(ids) - 1}, not {partition}")
        return ids[partition]

    def _bounds(self, topic: str, partition: int) -> tuple[int, int]:
        number = self._id(topic, partition)
        with self._translated():
            select = "SELECT begin_offset, end_offset FROM partitions WHERE id = ?"
            begin, end = self._connection().execute(select, (number,)).fetchone()
            return begin, end


def _place(number: int, offset: int) -> int:
    return (number << _OFFSET_BITS) | offset


def _offset(place: int) -> int:
    return place & ((1 << _OFFSET_BITS) - 1)


def _record(
    topic: str, partition: int, place: int, ms: int, key: str, headers: bytes | None, value: bytes
) -> Record:
    return Record(
        topic,
        partition,
        _offset(place),
        key,
        value,
        orjson.loads(headers) if headers else {},
        ms,
    )
