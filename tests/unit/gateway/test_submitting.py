"""What becomes of a document that is sent again."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from neuraldocflow.events import ProcessingCompleted
from neuraldocflow.gateway.jobs import Jobs
from neuraldocflow.gateway.keys import Allowance, Key
from neuraldocflow.gateway.submissions import Appender, Order, Submissions
from neuraldocflow.gateway.tail import Tail
from neuraldocflow.log import DOCUMENT_STREAM, TOPICS, EmbeddedLog
from neuraldocflow.payloads import PayloadStore
from sinks.events import message_of

KEY = Key(id="k", created=datetime.now(UTC), digest="-")
LETTER = b"<!DOCTYPE html><html><body><p>A letter</p></body></html>"


class Service:
    """A gateway's way in, over one of several logs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.jobs = Jobs(folder / "jobs.db")

    @contextmanager
    def on(self, name: str) -> Iterator[EmbeddedLog]:
        with EmbeddedLog(self._folder / f"{name}.db") as log:
            for topic in TOPICS:
                log.ensure_topic(topic, 1)
            self.read(log)
            yield log

    def read(self, log: EmbeddedLog, retention: timedelta = timedelta(days=1)) -> None:
        tail = Tail(log, self.jobs, lambda *_: None, retention)
        tail.read_all()
        tail.tidy()

    def submit(self, log: EmbeddedLog, content: bytes = LETTER, **order: Any) -> str:
        async def work() -> str:
            payloads = PayloadStore(str(self._folder / "payloads"), self._folder / "scratch")
            way_in = Submissions(
                Appender(log),
                payloads,
                self.jobs,
                Allowance(),
                frozenset(),
                max_upload_size=10**6,
                max_waiting=10,
            )
            return await way_in.submit(
                KEY, await way_in.take_bytes(content, "a.html", ""), Order("default", **order)
            )

        job = asyncio.run(work())
        self.read(log)
        return job


@pytest.mark.parametrize("name", ["", "order-1"])
def test_a_document_that_was_done_on_a_former_log_is_processed_again_unless_its_job_has_a_name(
    tmp_path: Path, name: str
) -> None:
    """Its result went with that log."""
    service = Service(tmp_path)
    with service.on("former") as log:
        job = service.submit(log, idempotency_key=name)
        log.append([message_of(ProcessingCompleted(id=job, result={"status": "completed"}))])
        service.read(log)
        assert service.submit(log, idempotency_key=name) == job
    with service.on("another") as log:
        assert service.submit(log, idempotency_key=name) == (job if name else f"{job}:1")
        assert log.end(DOCUMENT_STREAM, 0) == (0 if name else 1)
    service.jobs.close()


def test_a_document_that_waited_on_a_former_log_is_queued_on_this_one(tmp_path: Path) -> None:
    service = Service(tmp_path)
    with service.on("former") as log:
        job = service.submit(log)
    with service.on("another") as log:
        assert service.jobs.waiting() == {}
        assert service.submit(log) == job
        assert log.end(DOCUMENT_STREAM, 0) == 1
        assert service.submit(log) == job
        assert log.end(DOCUMENT_STREAM, 0) == 1
    service.jobs.close()


def test_a_document_that_waits_for_longer_than_is_kept_is_not_taken_twice(tmp_path: Path) -> None:
    """The job may be down; the log keeps what waits, however long."""
    service = Service(tmp_path)
    with service.on("log") as log:
        job, done = service.submit(log), service.submit(log, LETTER + b"<!-- another -->")
        log.append([message_of(ProcessingCompleted(id=done, result={"status": "completed"}))])
        service.read(log, timedelta(seconds=-60))
        assert [row["id"] for row in service.jobs.page("default", 10, None, None)] == [job]
        assert service.submit(log) == job
        assert log.end(DOCUMENT_STREAM, 0) == 2
        log.retain(DOCUMENT_STREAM, max_bytes=0)
        service.read(log, timedelta(seconds=-60))
        assert service.jobs.page("default", 10, None, None) == []
    service.jobs.close()
