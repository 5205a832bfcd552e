"""What a reader gets that falls behind, or whose past can't be read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest
from support.deliveries import delivery
from websockets.protocol import State

from neuraldocflow.events import Event, ProcessingProgress
from neuraldocflow.gateway.actions import SubscribeChannel
from neuraldocflow.gateway.arrivals import arrived
from neuraldocflow.gateway.hub import Published
from neuraldocflow.gateway.keys import Key
from neuraldocflow.gateway.offsets import Offsets, Positions
from neuraldocflow.gateway.session import HARD, SOFT, Session
from neuraldocflow.log import PROCESSING_RESULTS, LogError, Record
from sinks.events import message_of


class Connection:
    """One whose reader is ``behind`` by so many bytes: a socket's would depend on the kernel's buffers."""

    def __init__(self) -> None:
        self.protocol = SimpleNamespace(state=State.OPEN)
        self.transport: Any = self
        self.behind = 0
        self.written: list[bytes] = []
        self.closed: list[int] = []
        self.close_timeout = 5

    def get_write_buffer_size(self) -> int:
        return self.behind

    def write(self, data: bytes) -> None:
        self.written.append(data)

    async def close(self, code: int, reason: str) -> None:
        self.closed.append(code)

    def abort(self) -> None:
        self.closed.append(0)


def published(event: Event | None = None) -> Published:
    """An event of a job; a result if none is given."""
    message = message_of(event or delivery())
    made = arrived(Record(message.topic, 0, 0, message.key, message.value, {}, 0))
    assert made is not None
    return Published(made, {(PROCESSING_RESULTS, 0): 1}, OFFSETS)


OFFSETS = Offsets(bytes(range(64)))
PROGRESS = published(ProcessingProgress(id="a", progress=0.5, stage="reading", sequence=1))
RESULT = published()


@pytest.mark.parametrize(
    ("behind", "told"),
    [(0, [PROGRESS, RESULT]), (SOFT, [PROGRESS, RESULT]), (SOFT + 1, [RESULT]), (HARD, [RESULT])],
)
def test_a_reader_that_is_behind_loses_progress_and_keeps_results(behind: int, told: list[Published]) -> None:
    async def work() -> Connection:
        connection = Connection()
        session = Session(connection, SimpleNamespace(submissions=None))  # type: ignore[arg-type]
        connection.behind = behind
        for event in (PROGRESS, RESULT):
            session.push(event, event.channel)
        return connection

    connection = asyncio.run(work())
    assert connection.written == [event.frame for event in told]
    assert connection.closed == []


def test_a_reader_that_is_too_far_behind_is_let_go_once_with_a_code_and_cut_off() -> None:
    async def work() -> Connection:
        connection = Connection()
        session = Session(connection, SimpleNamespace(submissions=None))  # type: ignore[arg-type]
        connection.behind = HARD + 1
        for event in (PROGRESS, RESULT, RESULT):
            session.push(event, event.channel)
        while len(connection.closed) < 2:
            await asyncio.sleep(0)
        return connection

    connection = asyncio.run(work())
    assert connection.written == []
    assert connection.closed == [4503, 0]


class Unreadable:
    """The past on a log that does not answer."""

    async def is_kept(self, start: Positions) -> bool:
        return True

    async def events(self, *_: Any) -> AsyncIterator[Published]:
        raise LogError("Kafka at b:9092 does not answer")
        yield


@pytest.mark.parametrize("follows", ["a job", "a document of its own", "a channel"])
def test_who_can_not_be_told_the_past_is_sent_away_with_the_code_to_come_back(follows: str) -> None:
    row = {"id": "job", "status": "queued"}
    hub = SimpleNamespace(positions={}, offsets=OFFSETS, leave_job=Mock(), leave_channel=Mock())
    services: Any = SimpleNamespace(
        submissions=None,
        hub=hub,
        history=Unreadable(),
        jobs=Mock(get=lambda *_: row),
        start_of=lambda *_: {},
        check_scope=lambda *_: None,
    )

    async def work() -> Connection:
        connection = Connection()
        session = Session(connection, services)  # type: ignore[arg-type]
        subscriptions = session._subscriptions
        subscriptions.key = Key(id="k", created=datetime.now(UTC), digest="-")
        if follows == "a channel":
            told = await subscriptions.subscribe_channel(SubscribeChannel(channel="results"))
            assert told["recovered"]
        elif follows == "a job":
            subscriptions._follow_job("job", {})
        else:
            await subscriptions.follow("job")
        async with asyncio.timeout(10):
            while len(connection.closed) < 2:
                await asyncio.sleep(0)
        return connection

    assert asyncio.run(work()).closed == [4503, 0]
