"""Since when documents wait, as the log and the committed states tell it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import Mock

import pytest

from neuraldocflow.job.retention import SUBMISSIONS, waits_since
from neuraldocflow.log import DOCUMENT_STREAM, EmbeddedLog, Message

_DAY = 86_400_000


@pytest.mark.parametrize(
    ("position", "waiting", "days"),
    [
        (6, [], None),
        (5, [], 1),
        (6, [4], 2),
        (2, [], 3),  # the log begins behind it: what was before is dropped, what is there waits
        (4, [0, 1], 3),
    ],
)
def test_the_first_that_waits_among_those_the_log_still_has(
    tmp_path: Path, position: int, waiting: list[int], days: int | None
) -> None:
    states = {SUBMISSIONS: {"submissions": {"positions": {0: position}, "waiting": {0: waiting}}}}
    recovery = Mock(there=True, states=lambda step: states.get(step, {}))
    with EmbeddedLog(tmp_path / "log.db") as log:
        log.ensure_topic(DOCUMENT_STREAM, 1)
        log.append([Message(DOCUMENT_STREAM, "k", b"", {}) for _ in range(6)])
        with closing(sqlite3.connect(tmp_path / "log.db")) as database, database:
            before = "SELECT count(*) FROM records AS other WHERE other.place < records.place"
            database.execute(f"UPDATE records SET ms = ms - ? * (6 - ({before}))", (_DAY,))
        log.retain(DOCUMENT_STREAM, max_age=timedelta(days=3, hours=1))
        since = waits_since(log, recovery)
    assert (since and (datetime.now(UTC) - since).days) == days
