"""A record, a reader or an observer at fault stops nothing for the others; what waits for them is bounded."""

from __future__ import annotations

import asyncio
import gc
import io
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from support.deliveries import delivery
from support.topics import wait_for

from neuraldocflow.deliveries import Delivery
from neuraldocflow.events import DocumentReceived, Event, ProcessingProgress
from neuraldocflow.gateway import hub as hubs
from neuraldocflow.gateway.arrivals import Arrived, arrived
from neuraldocflow.gateway.history import History
from neuraldocflow.gateway.hub import Filter, Filtered, Hub, Published
from neuraldocflow.gateway.jobs import Jobs
from neuraldocflow.gateway.offsets import Offsets, Positions
from neuraldocflow.gateway.server import tell_fault
from neuraldocflow.gateway.tail import Tail
from neuraldocflow.log import PROCESSING_RESULTS, TOPICS, EmbeddedLog, Message, Record
from neuraldocflow.log_lines import formatter
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


@contextmanager
def tailed(root: Path) -> Iterator[tuple[EmbeddedLog, Tail, list[tuple[list[Arrived], Positions]]]]:
    """Such a log, a tail of it, and what that has given out."""
    given_out: list[tuple[list[Arrived], Positions]] = []
    with poisoned(root) as log:
        jobs = Jobs(root / "jobs.db")
        yield log, Tail(log, jobs, lambda *given: given_out.append(given), timedelta(days=1)), given_out
        jobs.close()


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
            raise RuntimeError(f"can't write {event.data}")
        self.heard.append(event.event.job)

    def observe(self, event: Arrived) -> None:
        if self._fails:
            raise ValueError(f"can't count {event.data}")
        self.heard.append(event.job)


def test_a_reader_and_an_observer_that_fail_stop_nobody_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with tailed(tmp_path) as (_, tail, arrivals):
        start = tail.positions()
        tail.read_all()

    async def work() -> tuple[list[str], list[str]]:
        hub = Hub(asyncio.get_running_loop(), start, WebSocketConfig(), OFFSETS)
        reader, observer = Listener(), Listener()
        hub.follow_channel("default", "results", Listener(fails=True), Filter({}))
        hub.follow_channel("default", "results", reader, Filter({}))
        hub.observers += [Listener(fails=True).observe, observer.observe]
        for events, positions in arrivals:
            await asyncio.to_thread(hub.arrive, events, positions)
        while hub.positions != arrivals[-1][1]:
            await asyncio.sleep(0)
        assert hub.fault is None
        await hub.close()
        assert hub.fault is not None
        return reader.heard, observer.heard

    heard, counted = asyncio.run(work())
    assert len(heard) == len(counted) == 3
    assert len(caplog.records) == 3  # one for each event, not for each who failed


@pytest.mark.parametrize("beyond", [0, 1000], ids=["of a gateway that was further", "of a log that is gone"])
def test_what_a_reader_that_comes_back_has_not_had_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, beyond: int
) -> None:
    """With its offset, before the log has been read as far here."""
    monkeypatch.setattr("neuraldocflow.gateway.history._PATIENCE", 600.0)  # nobody waits for what can't come
    with tailed(tmp_path) as (log, tail, arrivals):
        start = tail.positions()
        tail.read_all()
        seen = {place: at + beyond for place, at in tail.positions().items()}
        log.append([message_of(delivery("new.pdf"))])
        tail.read_all()

        async def work() -> list[str]:
            hub = Hub(asyncio.get_running_loop(), start, WebSocketConfig(), OFFSETS)
            reader = Listener()

            def follow() -> None:
                hub.follow_channel("default", "results", reader, Filter({}))

            history = History(log, hub)
            assert await history.is_kept(seen) is (not beyond)

            async def comes_back() -> None:
                async for event in history.events(seen, lambda _: True, follow):
                    reader.push(event, "results")

            coming = asyncio.create_task(comes_back())
            await asyncio.sleep(0.1)
            for events, positions in arrivals:
                await asyncio.to_thread(hub.arrive, events, positions)
            await coming
            while hub.positions != arrivals[-1][1]:
                await asyncio.sleep(0)
            await hub.close()
            return reader.heard

        names = ["a.pdf", "c.pdf", "new.pdf"] if beyond else ["new.pdf"]
        heard = asyncio.run(work())
        assert [job for job in heard if job != message_of(delivery("b.pdf")).key] == [
            message_of(delivery(name)).key for name in names
        ]


def test_no_line_of_the_log_has_what_a_fault_says_of_a_document() -> None:
    secret = "Jane Doe, born 1961"
    lines = io.StringIO()
    handler = logging.StreamHandler(lines)
    handler.setFormatter(formatter())
    message = message_of(delivery(extractedData={"text": secret}))
    record = Record(message.topic, 0, 0, message.key, message.value, {}, 0)
    event = arrived(record)
    assert event is not None
    assert secret in str(event.data)

    async def unwaited() -> None:
        raise KeyError(event)

    async def work() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(tell_fault)
        at = {(message.topic, 0): 0}
        hub = Hub(loop, at, WebSocketConfig(), OFFSETS)
        hub.follow_job(event.job, Listener(fails=True))
        await asyncio.to_thread(hub.arrive, [event], {(message.topic, 0): 1})
        while hub.positions == at:
            await asyncio.sleep(0)
        await hub.close()
        task = loop.create_task(unwaited())
        await asyncio.wait([task])
        del task
        gc.collect()
        loop.call_soon(Listener(fails=True).observe, event)
        await asyncio.sleep(0)

    logging.getLogger().addHandler(handler)
    try:
        asyncio.run(work())
    finally:
        logging.getLogger().removeHandler(handler)
    for told in ("an event could not be given out", "RuntimeError", "KeyError", "ValueError"):
        assert told in lines.getvalue()
    assert secret not in lines.getvalue()


OFFSETS = Offsets(bytes(range(64)))
RESULT = delivery(metadata={"profile": "contract_analysis", "priority": "high"})
STARTED = ProcessingProgress(id="a", progress=0.5, stage="reading")


@pytest.mark.parametrize(
    ("event", "key", "value"),
    [
        (RESULT, "jobId", RESULT.document.id),
        (RESULT, "documentType", "contract_analysis"),
        (RESULT, "profile", "contract_analysis"),
        (RESULT, "status", "completed"),
        (RESULT, "priority", "high"),
        (RESULT, "type", "ProcessingCompleted"),
        (STARTED, "stage", "reading"),
        (DocumentReceived(id="a", source=RESULT.document.source), "type", "DocumentReceived"),
    ],
)
def test_a_filter_lets_pass_what_has_the_value_it_asks_for(
    event: Delivery | Event, key: Filtered, value: str
) -> None:
    message = message_of(event)
    found = arrived(Record(message.topic, 0, 0, message.key, message.value, {}, 0))
    assert found is not None
    published = Published(found, {}, OFFSETS)
    assert Filter({key: value}).passes(published)
    assert not Filter({key: "another"}).passes(published)
    assert not Filter({key: value, "jobId": "another"}).passes(published)


PLACE = (PROCESSING_RESULTS, 0)
MANY = 5 * hubs._MOST_BATCHES


class Feeder(threading.Thread):
    """Gives a hub batches of one result each, as the tail does, and counts those that were taken."""

    def __init__(self, hub: Hub) -> None:
        super().__init__(daemon=True)
        self._hub = hub
        self.taken = 0

    def run(self) -> None:
        message = message_of(delivery())
        for number in range(MANY):
            event = arrived(Record(*PLACE, number, message.key, message.value, {}, 0))
            assert event is not None
            self._hub.arrive([event], {PLACE: number + 1})
            self.taken = number + 1

    def fill(self) -> None:
        """Until there is no room; a moment more shows that nothing else is taken."""
        wait_for(lambda: self.taken >= hubs._MOST_BATCHES, 60)
        time.sleep(0.1)


def test_the_log_is_read_no_further_while_readers_hold_the_loop_back_and_all_is_given_out() -> None:
    async def work() -> tuple[int, list[str]]:
        hub = Hub(asyncio.get_running_loop(), {PLACE: 0}, WebSocketConfig(), OFFSETS)
        feeder, listener, waiting = Feeder(hub), Listener(), []

        class Slow:
            def push(self, event: Published, channel: Channel) -> None:
                if not waiting:
                    feeder.fill()
                    waiting.append(feeder.taken)

        hub.follow_channel("default", "results", Slow(), Filter({}))
        hub.follow_channel("default", "results", listener, Filter({}))
        feeder.start()
        while hub.positions != {PLACE: MANY}:
            await asyncio.sleep(0.01)
        await hub.close()
        return waiting[0], listener.heard

    most, heard = asyncio.run(work())
    assert most == hubs._MOST_BATCHES
    assert len(heard) == MANY


@pytest.mark.parametrize("is_closed", [True, False])
def test_a_thread_that_waits_for_room_goes_on_when_the_hub_or_the_loop_ends(is_closed: bool) -> None:
    async def work() -> Feeder:
        hub = Hub(asyncio.get_running_loop(), {PLACE: 0}, WebSocketConfig(), OFFSETS)
        feeder = Feeder(hub)
        feeder.start()
        feeder.fill()
        if is_closed:
            await hub.close()
        return feeder

    feeder = asyncio.run(work())
    feeder.join(60)
    assert not feeder.is_alive()
    assert feeder.taken == MANY
