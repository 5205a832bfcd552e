"""What was cancelled is known to whoever starts, however long ago that was."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from neuraldocflow import cancellations
from neuraldocflow.cancellations import CANCELLATIONS, Cancellations, cancellation
from neuraldocflow.log import EmbeddedLog, Message


@contextmanager
def hearing(log: EmbeddedLog) -> Iterator[tuple[Cancellations, list[tuple[str, int]]]]:
    stopped: list[tuple[str, int]] = []
    made = Cancellations(log, lambda document, run: stopped.append((document, run)))
    yield made, stopped
    made.close()


def test_documents_cancelled_while_the_job_was_down_for_long_stay_cancelled(tmp_path: Path) -> None:
    with EmbeddedLog(tmp_path / "log.db") as log:
        log.ensure_topic(CANCELLATIONS, 1)
        log.append([cancellation("a"), cancellation("b", 2), Message(CANCELLATIONS, "c", b"none of ours")])
        log.append([Message(CANCELLATIONS, "d", b"9" * 5000), Message(CANCELLATIONS, "e", b"\xb2")])
        with closing(sqlite3.connect(tmp_path / "log.db")) as database, database:
            database.execute("UPDATE records SET ms = ms - 3 * 86400000")
        with hearing(log) as (found, stopped):
            assert stopped == [("a", 0), ("b", 2)]
            assert ("a", 0) in found
            assert ("b", 0) not in found


def test_all_that_can_be_remembered_is_there_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cancellations, "_REMEMBERED", 1200)
    with EmbeddedLog(tmp_path / "log.db") as log:
        log.ensure_topic(CANCELLATIONS, 1)
        log.append([cancellation(str(number)) for number in range(1500)])
        with hearing(log) as (found, _):
            assert [number for number in range(1500) if (str(number), 0) in found] == list(range(300, 1500))
