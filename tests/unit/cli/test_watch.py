"""What ``run`` and ``up`` show of a job, for however long it runs."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from support.deliveries import delivery
from support.topics import wait_for

from neuraldocflow.cli.watch import Watch
from neuraldocflow.events import DocumentReceived, Event, ProcessingProgress
from neuraldocflow.log import PROCESSING_EVENTS, TOPICS, EmbeddedLog, LogError, Record
from sinks.events import message_of


class Flaky(EmbeddedLog):
    """A log that can't be read for a while."""

    down = False

    def read(self, *place: Any, **more: Any) -> list[Record]:
        if self.down:
            raise LogError("the disk is away")
        return super().read(*place, **more)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Flaky]:
    with Flaky(tmp_path / "log.db") as made:
        for topic in TOPICS:
            made.ensure_topic(topic)
        yield made


def put(log: EmbeddedLog, *events: Event) -> None:
    log.append([message_of(each) for each in events])


def test_nothing_is_kept_of_documents_that_are_done(log: Flaky) -> None:
    watch = Watch(log, Console(file=io.StringIO()), quiet=True)
    watch.start()
    done = delivery("a.pdf")
    late = ProcessingProgress(id=done.document.id, progress=0.5, stage="reading", sequence=1)
    received = DocumentReceived(id=done.document.id, source=done.document.source)
    put(log, received, ProcessingProgress(id=done.document.id, progress=0.1, stage="reading"))
    log.append([message_of(done)])
    wait_for(lambda: watch.counts["completed"] == 1)
    put(log, late)
    wait_for(lambda: watch._positions[PROCESSING_EVENTS, 0] == log.end(PROCESSING_EVENTS, 0))
    watch.finish()
    assert not watch._under_way
    assert not watch._names


def test_a_log_that_was_away_is_read_on(log: Flaky) -> None:
    shown = io.StringIO()
    watch = Watch(log, Console(file=shown, width=200))
    log.down = True
    watch.start()
    log.append([message_of(delivery("a.pdf"))])
    wait_for(lambda: "the disk is away" in shown.getvalue())
    log.down = False
    wait_for(lambda: watch.counts["completed"] == 1)
    watch.finish()
    assert shown.getvalue().count("the disk is away") == 1
