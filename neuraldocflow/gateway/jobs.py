"""What is known of every job: an index over the log, in an SQLite file that can be rebuilt from it.

``apply`` takes the log's records in order and is idempotent, but for counts of deliveries; the positions they
were read up to are kept in the same transaction, so a restart goes on where it was. Rows are as old as the
log's retention at most.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from neuraldocflow import durable
from neuraldocflow.events import timestamp
from neuraldocflow.gateway.arrivals import DONE, Arrived
from neuraldocflow.gateway.offsets import Place, Positions
from neuraldocflow.log import DOCUMENT_STREAM, PROCESSING_EVENTS, PROCESSING_RESULTS

log = logging.getLogger(__name__)

_UNDER_WAY = "status IN ('queued', 'processing')"
_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS jobs (
    id TEXT PRIMARY KEY, document TEXT NOT NULL, run INTEGER NOT NULL, tenant TEXT NOT NULL,
    status TEXT NOT NULL, stage TEXT, progress REAL NOT NULL DEFAULT 0, remaining_ms REAL,
    filename TEXT, content_type TEXT, bytes INTEGER, sha256 TEXT, uri TEXT, profile TEXT, priority TEXT,
    document_type TEXT, confidence REAL, pages INTEGER, error TEXT, origin TEXT,
    created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL,
    result_partition INTEGER, result_offset INTEGER, first_offset INTEGER, received_ms INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS by_tenant ON jobs (tenant, created_ms DESC, id);
CREATE INDEX IF NOT EXISTS by_status ON jobs (tenant, status, created_ms DESC, id);
CREATE INDEX IF NOT EXISTS under_way ON jobs (tenant, status, priority) WHERE {_UNDER_WAY};
CREATE TABLE IF NOT EXISTS deliveries (
    sink TEXT, target TEXT, delivered INTEGER, hour INTEGER, n INTEGER NOT NULL, last_ms INTEGER NOT NULL,
    PRIMARY KEY (sink, target, delivered, hour)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS positions (
    topic TEXT, part INTEGER, next INTEGER NOT NULL, PRIMARY KEY (topic, part)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS topics (topic TEXT PRIMARY KEY, id TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS forgotten (
    number INTEGER PRIMARY KEY, document TEXT NOT NULL UNIQUE, run INTEGER NOT NULL
) STRICT;
"""
_HOUR_MS = 3_600_000
_KEPT = 200_000
"""Documents whose last run is remembered without its job: more than the flow's own window of repeats."""
_VERSION = 3
_FAULTS_OF_A_RECORD = (
    *(sqlite3.IntegrityError, sqlite3.DataError, sqlite3.ProgrammingError, sqlite3.InterfaceError),
    *(ArithmeticError, LookupError, TypeError, ValueError, AttributeError),
)
"""What a record's content can raise; anything else is the index's own trouble, and passes."""

_PLACES = {
    PROCESSING_EVENTS: "first_offset = NULL",
    PROCESSING_RESULTS: "result_partition = NULL, result_offset = NULL",
}
"""What says where a topic has something of a job."""
_FILL = ", ".join(
    f"{column} = coalesce({column}, excluded.{column})"
    for column in (
        "filename",
        "content_type",
        "bytes",
        "sha256",
        "uri",
        "profile",
        "priority",
        "first_offset",
        "received_ms",
    )
)
"""What is known of a document may come after its result: topics are read one by one."""


class Jobs:
    """The index in ``path``. Thread-safe. Raises ConfigError where that can't be used."""

    def __init__(self, path: Path) -> None:
        self._lock, self._reading = threading.Lock(), threading.Lock()
        self._db = durable.index(path, lambda: self._open(path))
        self._view = _connected(path)  # its own, so that asking never waits for a batch being applied

    def _open(self, path: Path) -> sqlite3.Connection:
        db = _connected(path)
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if version not in (0, _VERSION):  # an older release's: the log has everything
            db.close()
            path.unlink()
            return self._open(path)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = OFF")
        db.executescript(f"{_SCHEMA} PRAGMA user_version = {_VERSION};")
        return db

    def follow(self, ids: Mapping[str, str]) -> None:
        """From now on topics of these ids are read (empty: not known now): positions in others that had their
        names are forgotten. Jobs that are known only from there stay, without their places in them; but not
        those that nobody had taken up: their documents are to be queued here when they are sent again."""
        with self._lock:
            known = dict(self._db.execute("SELECT topic, id FROM topics").fetchall())
            self._db.execute("BEGIN")
            for topic, found in ids.items():
                if found and found != known.get(topic, found):
                    self._db.execute("DELETE FROM positions WHERE topic = ?", (topic,))
                    if topic == DOCUMENT_STREAM:
                        self._db.execute("DELETE FROM jobs WHERE status = 'queued' AND first_offset IS NULL")
                    if topic in _PLACES:
                        self._db.execute(f"UPDATE jobs SET {_PLACES[topic]}")
                if found:
                    self._db.execute("INSERT OR REPLACE INTO topics VALUES (?, ?)", (topic, found))
            self._db.execute("COMMIT")

    def positions(self) -> Positions:
        """Where reading is to go on."""
        with self._lock:
            rows = self._db.execute("SELECT topic, part, next FROM positions").fetchall()
        return {(row["topic"], row["part"]): row["next"] for row in rows}

    def apply(self, batch: Iterable[Arrived], positions: Mapping[Place, int]) -> list[Arrived]:
        """Take up events, and the positions after them, in one transaction; the events that could be.

        One that can't is logged and passed over.
        """
        with self._lock:
            self._db.execute("BEGIN")
            try:
                taken = [each for each in batch if self._taken(each)]
                rows = [(topic, part, offset) for (topic, part), offset in positions.items()]
                self._db.executemany("INSERT OR REPLACE INTO positions VALUES (?, ?, ?)", rows)
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")
        return taken

    def _taken(self, each: Arrived) -> bool:
        """Take up one event, whole or not at all."""
        self._db.execute("SAVEPOINT one")
        try:
            self._apply(each)
        except _FAULTS_OF_A_RECORD as error:  # whose text may quote the record
            self._db.execute("ROLLBACK TO one")
            record = each.record
            log.error(
                "a record is passed over, %s[%d] at %d: %s",
                *(record.topic, record.partition, record.offset, type(error).__name__),
                extra={"job": each.job},
            )
            return False
        finally:
            self._db.execute("RELEASE one")
        return True

    def _apply(self, each: Arrived) -> None:
        data = each.data
        if each.name in ("NewDocument", "DocumentReceived"):
            self._born(each, data.get("source") or {}, data.get("metadata") or data)
        elif each.name == "ProcessingStarted":
            self._under_way(each, stage="opening")
        elif each.name == "ProcessingProgress":
            self._under_way(
                each,
                stage=data.get("stage"),
                progress=data.get("progress"),
                remaining_ms=data.get("estimated_remaining_ms"),
            )
        elif each.name == "ProcessingCompleted":
            self._finished(each, each.result)
        elif each.name == "ResultDelivered":
            self._delivered(each, each.data.get("delivery_status") or {})

    def _delivered(self, each: Arrived, how: dict[str, Any]) -> None:
        """Count it by hours: of an output a day has 24 rows, whatever it delivers."""
        now = _milliseconds(each)
        self._db.execute(
            "INSERT INTO deliveries VALUES (?, ?, ?, ?, 1, ?) ON CONFLICT DO UPDATE SET n = n + 1,"
            " last_ms = max(last_ms, excluded.last_ms)",
            (how["sink"], how.get("target", ""), how["status"] == "delivered", now // _HOUR_MS, now),
        )

    def _born(self, each: Arrived, source: dict[str, Any], about: dict[str, Any]) -> None:
        now = _milliseconds(each)
        first = each.record.offset if each.name == "DocumentReceived" else None
        received = each.data.get("received_at") if each.name == "NewDocument" else None
        received_ms = None if received is None else int(datetime.fromisoformat(received).timestamp() * 1000)
        values = (
            *(each.job, each.document, each.run, each.tenant, "queued", "queued"),
            source.get("filename"),
            # of what is fetched from an address these are not known before its result
            *(source.get("content_type") or None, source.get("size") or None, source.get("sha256") or None),
            *(source.get("uri"), about.get("profile"), about.get("priority"), now, now, first, received_ms),
        )
        self._db.execute(
            "INSERT INTO jobs (id, document, run, tenant, status, stage, filename, content_type, bytes,"
            " sha256, uri, profile, priority, created_ms, updated_ms, first_offset, received_ms) VALUES"
            " (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
            f" {_FILL}",
            values,
        )

    def _under_way(self, each: Arrived, **changes: Any) -> None:
        """It is worked on, unless it is done already."""
        status = "status = CASE WHEN status IN (?, ?, ?) THEN status ELSE 'processing' END"
        self._update(each, changes, status, *DONE)

    def _update(self, each: Arrived, changes: Mapping[str, Any], also: str, *values: str) -> None:
        """Set columns to values, and what the SQL of ``also`` says with values of its own."""
        sets = ", ".join([also, "updated_ms = ?", *map(_set, changes)])
        given = (*values, _milliseconds(each), *changes.values(), each.job)
        self._db.execute(f"UPDATE jobs SET {sets} WHERE id = ?", given)

    def _finished(self, each: Arrived, result: dict[str, Any]) -> None:
        data, metadata = result.get("extractedData") or {}, result.get("metadata") or {}
        error = result.get("error")
        self._born(
            each,
            {
                "filename": metadata.get("filename"),
                "content_type": metadata.get("contentType"),
                "size": metadata.get("bytes"),
                "sha256": metadata.get("sha256"),
            },  # never an address: results made offline come from outside
            metadata,
        )
        changes = {
            "stage": "done",
            "progress": 1.0,
            "remaining_ms": 0.0,
            "profile": metadata.get("profile"),
            "document_type": data.get("documentType"),
            "confidence": data.get("confidence"),
            "pages": data.get("pages"),
            "error": orjson.dumps(error).decode() if error else None,
            "origin": metadata.get("origin"),
            "result_partition": each.record.partition,
            "result_offset": each.record.offset,
        }
        self._update(each, changes, "status = ?", result["status"])

    def get(self, job: str, tenant: str | None) -> sqlite3.Row | None:
        """A job of a tenant (None: of any)."""
        with self._reading:
            row: sqlite3.Row | None = self._view.execute("SELECT * FROM jobs WHERE id = ?", (job,)).fetchone()
        return row if row is not None and tenant in (None, row["tenant"]) else None

    def latest_run(self, document: str) -> sqlite3.Row | None:
        """The last run of a document."""
        with self._reading:
            select = "SELECT * FROM jobs WHERE document = ? AND id >= ? AND id < ? ORDER BY run DESC LIMIT 1"
            row: sqlite3.Row | None = self._view.execute(
                select, (document, document, document + "\x7f")
            ).fetchone()
        return row

    def next_run(self, document: str) -> int:
        """As which run a document whose job is not known is to be processed: 0 unless it was forgotten. The
        flow and its outputs may remember that run for longer, and would drop it as a repeat."""
        with self._reading:
            row = self._view.execute("SELECT run FROM forgotten WHERE document = ?", (document,)).fetchone()
        return 0 if row is None else int(row["run"]) + 1

    def page(
        self, tenant: str, limit: int, after: tuple[int, str] | None, status: str | None
    ) -> list[sqlite3.Row]:
        """The tenant's jobs, the newest first; ``after`` is the last row's (created_ms, id)."""
        where, values = ["tenant = ?"], [tenant]
        if after is not None:
            where.append("(created_ms, id) < (?, ?)")
            values += [*after]  # type: ignore[list-item]
        if status is not None:
            where.append("status = ?")
            values.append(status)
        select = f"SELECT * FROM jobs WHERE {' AND '.join(where)} ORDER BY created_ms DESC, id DESC LIMIT ?"
        with self._reading:
            return self._view.execute(select, (*values, limit)).fetchall()

    def waiting(self) -> dict[str, int]:
        """How many jobs are queued or under way, by tenant."""
        select = f"SELECT tenant, count(*) AS n FROM jobs WHERE {_UNDER_WAY} GROUP BY tenant"
        with self._reading:
            return {str(row["tenant"]): int(row["n"]) for row in self._view.execute(select)}

    def depths(self) -> tuple[dict[str, int], int]:
        """How many jobs wait, by priority, and how many are being worked on, of all tenants."""
        select = (
            f"SELECT status, priority, count(*) AS n FROM jobs WHERE {_UNDER_WAY} GROUP BY status, priority"
        )
        with self._reading:
            rows = self._view.execute(select).fetchall()
        waiting = {str(row["priority"]): int(row["n"]) for row in rows if row["status"] == "queued"}
        return waiting, sum(int(row["n"]) for row in rows if row["status"] == "processing")

    def oldest_waiting(self) -> sqlite3.Row | None:
        """The job that has waited longest."""
        select = "SELECT * FROM jobs WHERE status = 'queued' ORDER BY created_ms LIMIT 1"
        with self._reading:
            row: sqlite3.Row | None = self._view.execute(select).fetchone()
        return row

    def ended_since(self, moment: datetime) -> dict[str, int]:
        """How many jobs have ended since, by status."""
        select = "SELECT status, count(*) AS n FROM jobs WHERE status IN (?, ?, ?) AND updated_ms >= ?"
        with self._reading:
            rows = self._view.execute(f"{select} GROUP BY status", (*DONE, int(moment.timestamp() * 1000)))
            return {str(row["status"]): int(row["n"]) for row in rows}

    def failures_since(self, moment: datetime) -> list[sqlite3.Row]:
        """Codes of failures since, the most frequent first: ``code``, ``n`` and the commonest ``message``."""
        select = (
            "SELECT code, sum(n) AS n, message, max(n) FROM (SELECT error ->> 'code' AS code,"
            " error ->> 'message' AS message, count(*) AS n FROM jobs WHERE status = 'failed'"
            " AND updated_ms >= ? GROUP BY code, message) GROUP BY code ORDER BY n DESC"
        )
        with self._reading:
            return self._view.execute(select, (int(moment.timestamp() * 1000),)).fetchall()

    def outputs_since(self, moment: datetime) -> list[sqlite3.Row]:
        """How deliveries went since, to the hour: by ``sink`` and ``target`` how many were ``delivered`` and
        ``failed``, and when the last of each was (milliseconds, or None)."""
        select = (
            "SELECT sink, target, sum(iif(delivered, n, 0)) AS delivered,"
            " sum(iif(delivered, 0, n)) AS failed, max(iif(delivered, last_ms, NULL)) AS delivered_ms,"
            " max(iif(delivered, NULL, last_ms)) AS failed_ms"
            " FROM deliveries WHERE hour >= ? GROUP BY sink, target"
        )
        with self._reading:
            return self._view.execute(select, (int(moment.timestamp() * 1000) // _HOUR_MS,)).fetchall()

    def have_waited(self, before: datetime) -> bool:
        """Whether jobs are under way of which nothing was heard since."""
        select = f"SELECT 1 FROM jobs WHERE {_UNDER_WAY} AND updated_ms < ? LIMIT 1"
        with self._reading:
            return self._view.execute(select, (int(before.timestamp() * 1000),)).fetchone() is not None

    def forget(self, before: datetime, kept_since: datetime | None = None) -> None:
        """Drop jobs older than the log's retention; of each document its last run stays. Those under way stay
        that came since ``kept_since``: their documents are still on the log."""
        old = int(before.timestamp() * 1000)
        kept = old if kept_since is None else int(kept_since.timestamp() * 1000)
        dropped = f"updated_ms < ? AND NOT ({_UNDER_WAY} AND created_ms >= ?)"
        with self._lock, self._db:
            self._db.execute("BEGIN")
            self._db.execute(
                "INSERT OR REPLACE INTO forgotten (document, run) SELECT document, max(run) FROM jobs"
                f" WHERE {dropped} GROUP BY document",
                (old, kept),
            )
            self._db.execute(f"DELETE FROM jobs WHERE {dropped}", (old, kept))
            self._db.execute("DELETE FROM deliveries WHERE last_ms < ?", (old,))
            self._db.execute(
                "DELETE FROM forgotten WHERE number <= (SELECT max(number) FROM forgotten) - ?", (_KEPT,)
            )

    def close(self) -> None:
        with self._lock, self._reading:
            self._db.close()
            self._view.close()


def _set(column: str) -> str:
    """SQL that gives a column a value; of progress the furthest: after a crash it begins anew."""
    return "progress = max(progress, ?)" if column == "progress" else f"{column} = ?"


def _connected(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
    db.row_factory = sqlite3.Row
    return db


def shown(row: sqlite3.Row) -> dict[str, Any]:
    """A job as the API shows it."""
    error = row["error"]
    return {
        "job_id": row["id"],
        "run": row["run"],
        "status": row["status"],
        "stage": row["stage"],
        "progress": row["progress"],
        "estimatedRemainingMs": row["remaining_ms"],
        "filename": row["filename"],
        "contentType": row["content_type"],
        "bytes": row["bytes"],
        "sha256": row["sha256"],
        "profile": row["profile"],
        "priority": row["priority"],
        "documentType": row["document_type"],
        "confidence": row["confidence"],
        "pages": row["pages"],
        "origin": row["origin"],
        "error": orjson.loads(error) if error else None,
        "createdAt": _iso(row["created_ms"]),
        "updatedAt": _iso(row["updated_ms"]),
    }


def _milliseconds(each: Arrived) -> int:
    return int(each.record.timestamp.timestamp() * 1000)


def _iso(milliseconds: int) -> str:
    return timestamp(datetime.fromtimestamp(milliseconds / 1000, UTC))
