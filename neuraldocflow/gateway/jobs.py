"""What is known of every job: an index over the log, in an SQLite file that can be rebuilt from it.

``apply`` takes the log's records in order and is idempotent; the positions they were read up to are kept
in the same transaction, so a restart goes on where it was. Rows are as old as the log's retention at most.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from neuraldocflow.gateway.offsets import Place, Positions
from neuraldocflow.identity import job_id
from neuraldocflow.log import Record

_SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    id TEXT PRIMARY KEY, document TEXT NOT NULL, run INTEGER NOT NULL, tenant TEXT NOT NULL,
    status TEXT NOT NULL, stage TEXT, progress REAL NOT NULL DEFAULT 0, remaining_ms REAL,
    filename TEXT, content_type TEXT, bytes INTEGER, sha256 TEXT, uri TEXT, profile TEXT, priority TEXT,
    document_type TEXT, confidence REAL, pages INTEGER, error TEXT, origin TEXT,
    created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL,
    result_partition INTEGER, result_offset INTEGER, first_offset INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS by_tenant ON jobs (tenant, created_ms DESC, id);
CREATE INDEX IF NOT EXISTS under_way ON jobs (status) WHERE status IN ('queued', 'processing');
CREATE TABLE IF NOT EXISTS positions (
    topic TEXT, part INTEGER, next INTEGER NOT NULL, PRIMARY KEY (topic, part)
) STRICT, WITHOUT ROWID;
"""
_VERSION = 1
DONE = ("completed", "partial", "failed")
_STATUS_WHEN = "CASE WHEN status IN ('completed', 'partial', 'failed') THEN status ELSE '{}' END"


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
    )
)
"""What is known of a document may come after its result: topics are read one by one."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """A record of the log, decoded: what the index, the relay and the event streams need of it."""

    record: Record
    name: str
    """The event's name, such as ``ProcessingProgress``."""
    event_id: str
    document: str
    run: int
    tenant: str
    time: str
    data: dict[str, Any]

    @property
    def job(self) -> str:
        return job_id(self.document, self.run)


def arrived(record: Record) -> Arrived | None:
    """The event in a record; None for what is none of ours."""
    try:
        envelope = orjson.loads(record.value)
        data = envelope["data"]
        name = envelope["type"].split(".")[1]
        tenant = envelope.get("tenant") or data.get("tenant") or "default"
        run = int(data.get("run", 0))
        return Arrived(
            record, name, envelope["id"], envelope["subject"], run, tenant, envelope.get("time", ""), data
        )
    except (orjson.JSONDecodeError, KeyError, TypeError, IndexError, ValueError, AttributeError):
        return None


class Jobs:
    """The index in ``path``. Thread-safe."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock, self._reading = threading.Lock(), threading.Lock()
        self._db = self._open(path)
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

    def positions(self) -> Positions:
        """Where reading is to go on."""
        with self._lock:
            rows = self._db.execute("SELECT topic, part, next FROM positions").fetchall()
        return {(row["topic"], row["part"]): row["next"] for row in rows}

    def apply(self, batch: Iterable[Arrived], positions: Mapping[Place, int]) -> None:
        """Take up events, and the positions after them, in one transaction."""
        with self._lock:
            self._db.execute("BEGIN")
            try:
                for each in batch:
                    self._apply(each)
                rows = [(topic, part, offset) for (topic, part), offset in positions.items()]
                self._db.executemany("INSERT OR REPLACE INTO positions VALUES (?, ?, ?)", rows)
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def _apply(self, each: Arrived) -> None:
        data, job = each.data, each.job
        if each.name in ("NewDocument", "DocumentReceived"):
            self._born(each, data.get("source") or {}, data.get("metadata") or data)
        elif each.name == "ProcessingStarted":
            self._update(job, each, status=_STATUS_WHEN.format("processing"), stage="'opening'")
        elif each.name == "ProcessingProgress":
            self._update(
                job,
                each,
                status=_STATUS_WHEN.format("processing"),
                stage=data.get("stage"),
                progress=data.get("progress"),
                remaining_ms=data.get("estimated_remaining_ms"),
            )
        elif each.name == "ProcessingCompleted":
            self._finished(each, data["result"])

    def _born(self, each: Arrived, source: dict[str, Any], about: dict[str, Any]) -> None:
        now = _milliseconds(each)
        first = each.record.offset if each.name == "DocumentReceived" else None
        values = (
            *(each.job, each.document, each.run, each.tenant, "queued", "queued"),
            *(source.get("filename"), source.get("content_type"), source.get("size"), source.get("sha256")),
            *(source.get("uri"), about.get("profile"), about.get("priority"), now, now, first),
        )
        self._db.execute(
            "INSERT INTO jobs (id, document, run, tenant, status, stage, filename, content_type, bytes,"
            " sha256, uri, profile, priority, created_ms, updated_ms, first_offset) VALUES"
            " (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
            f" {_FILL}",
            values,
        )

    def _update(self, job: str, each: Arrived, **changes: Any) -> None:
        """Set columns; a text that begins with CASE or a quote is SQL of ours, anything else a value."""
        sets, values = ["updated_ms = ?"], [_milliseconds(each)]
        for column, value in changes.items():
            if isinstance(value, str) and value.startswith(("CASE", "'")):
                sets.append(f"{column} = {value}")
            elif column == "progress":  # a crash has made the dataflow begin anew
                sets.append("progress = max(progress, ?)")
                values.append(value)
            else:
                sets.append(f"{column} = ?")
                values.append(value)
        self._db.execute(f"UPDATE jobs SET {', '.join(sets)} WHERE id = ?", (*values, job))

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
        self._update(
            each.job,
            each,
            status=result["status"],
            stage="done",
            progress=1.0,
            remaining_ms=0.0,
            profile=metadata.get("profile"),
            document_type=data.get("documentType"),
            confidence=data.get("confidence"),
            pages=data.get("pages"),
            error=orjson.dumps(error).decode() if error else None,
            origin=metadata.get("origin"),
            result_partition=each.record.partition,
            result_offset=each.record.offset,
        )

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

    def waiting(self) -> int:
        """How many jobs are queued or under way, of all tenants."""
        with self._reading:
            count = "SELECT count(*) FROM jobs WHERE status IN ('queued', 'processing')"
            return int(self._view.execute(count).fetchone()[0])

    def depths(self) -> tuple[dict[str, int], int]:
        """How many jobs wait, by priority, and how many are being worked on, of all tenants."""
        select = "SELECT priority, count(*) AS n FROM jobs WHERE status = 'queued' GROUP BY priority"
        with self._reading:
            waiting = {str(row["priority"]): int(row["n"]) for row in self._view.execute(select)}
            count = "SELECT count(*) FROM jobs WHERE status = 'processing'"
            return waiting, int(self._view.execute(count).fetchone()[0])

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

    def forget(self, before: datetime) -> None:
        """Drop jobs older than the log's retention."""
        with self._lock:
            self._db.execute("DELETE FROM jobs WHERE updated_ms < ?", (int(before.timestamp() * 1000),))

    def close(self) -> None:
        with self._lock, self._reading:
            self._db.close()
            self._view.close()


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
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
