"""A record, a reader or an observer at fault stops nothing for the others."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from support.deliveries import delivery

from neuraldocflow.gateway.arrivals import Arrived
from neuraldocflow.gateway.hub import Filter, Hub, Published
from neuraldocflow.gateway.jobs import Jobs
from neuraldocflow.gateway.offsets import Positions
from neuraldocflow.gateway.tail import Tail
from neuraldocflow.log import PROCESSING_RESULTS, TOPICS, EmbeddedLog, Message
from sinks.events import message_of
from sinks.websocket import Channel, WebSocketConfig


def poisoned(root: Path, **changes: Any) -> EmbeddedLog:
    """A log with a result that the index can't take, between two that it can."""
    log = EmbeddedLog(root / "log.db")
    for topic in TOPICS:
        log.ensure_topic(topic, 1)
    first, bad, last = (message_of(delivery(name)) for name in ("a.pdf", "b.pdf", "c.pdf"))
    envelope = orjson.loads(bad.value)
    envelope["data"]["result"]["extractedData"] = changes
    log.append([first, Message(PROCESSING_RESULTS, bad.key, orjson.dumps(envelope)), last])
    return log


@pytest.mark.parametrize(
    "changes",
    [{"confidence": "high"}, {"pages": 2**63}, {"documentType": {"a": 1}}, {"confidence": [1]}],
)
def test_a_record_that_can_not_be_indexed_is_passed_over_and_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, changes: dict[str, Any]
) -> None:
    published: list[Arrived] = []

    def publish(events: list[Arrived], _: Positions) -> None:
        published.extend(events)

    with poisoned(tmp_path, **changes) as log:
        for _ in range(2):  # as a restart does
            jobs = Jobs(tmp_path / "jobs.db")
            Tail(log, jobs, publish, timedelta(days=1)).read_all()
            known = {row["id"] for row in jobs.page("default", 10, None, None)}
            assert known == {message_of(delivery(name)).key for name in ("a.pdf", "c.pdf")}
            jobs.close()
    assert len(published) == 2
    told = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(told) == 1
    assert "processing-results[0] at 1" in told[0].message


class Listener:
    """Keeps what it is given, or fails."""

    def __init__(self, *, fails: bool = False) -> None:
        self.heard: list[str] = []
        self._fails = fails

    def push(self, event: Published, channel: Channel) -> None:
        if self._fails:
            raise RuntimeError("the transport is closed")
        self.heard.append(event.event.job)

    def observe(self, event: Arrived) -> None:
        if self._fails:
            raise ValueError("negative amounts")
        self.heard.append(event.job)


def test_a_reader_and_an_observer_that_fail_stop_nobody_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    arrivals: list[tuple[list[Arrived], Positions]] = []
    with poisoned(tmp_path) as log:
        jobs = Jobs(tmp_path / "jobs.db")
        tail = Tail(log, jobs, lambda *given: arrivals.append(given), timedelta(days=1))
        start = tail.positions()
        tail.read_all()
        jobs.close()

    async def work() -> tuple[list[str], list[str]]:
        hub = Hub(asyncio.get_running_loop(), start, WebSocketConfig())
        reader, observer = Listener(), Listener()
        hub.follow_channel("default", "results", Listener(fails=True), Filter({}))
        hub.follow_channel("default", "results", reader, Filter({}))
        hub.observers += [Listener(fails=True).observe, observer.observe]
        for events, positions in arrivals:
            hub.arrive(events, positions)
        while hub.positions != arrivals[-1][1]:
            await asyncio.sleep(0)
        assert hub.fault is None
        await hub.close()
        assert hub.fault is not None
        return reader.heard, observer.heard

    heard, counted = asyncio.run(work())
    assert len(heard) == len(counted) == 3
    assert len(caplog.records) == 3  # one for each event, not for each who failed
