"""Messages on their way to the log."""

from __future__ import annotations

import asyncio
import fcntl
from pathlib import Path

from neuraldocflow.gateway.submissions import Appender
from neuraldocflow.log import EmbeddedLog, LogError, Message

TOPIC = "t"


def test_who_waits_for_a_log_that_does_not_answer_is_told_and_is_not_appended_late(tmp_path: Path) -> None:
    with EmbeddedLog(tmp_path / "log.db") as log:
        log.ensure_topic(TOPIC, 1)

        async def appended(appender: Appender, key: str) -> bool:
            try:
                await appender.append(Message(TOPIC, key, b""))
            except LogError:
                return False
            return True

        async def work() -> None:
            appender = Appender(log, patience=0.2)
            assert not await appended(appender, "under way")
            late = [appended(appender, key) for key in ("waits", "waits too")]
            assert await asyncio.gather(*late) == [False, False]

        with (tmp_path / "log.db.lock").open("r+b") as held:  # as who is stopped in the middle of a write
            fcntl.flock(held, fcntl.LOCK_EX)
            asyncio.run(work())  # it ends, whatever hangs
        assert asyncio.run(appended(Appender(log), "next"))
        assert [record.key for record in log.read(TOPIC, 0, 0)] == ["under way", "next"]
