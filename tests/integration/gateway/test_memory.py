"""What uploads, idle connections and readers that stall cost the gateway's memory."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.gateway import Gateway, Talk, running
from support.memory import Sender, forget_highest, highest, resident

from neuraldocflow import config
from neuraldocflow.events import DocumentReceived, DocumentSource
from neuraldocflow.log import Log, open_log
from sinks.events import message_of

MB = 1 << 20


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway without a job: what comes stays where it is put."""
    yield from running(tmp_path_factory.mktemp("memory"), with_job=False, gateway={"max_upload_size": "3GB"})


def pid_of(gateway: Gateway) -> int:
    assert gateway.process is not None
    return gateway.process.pid


@pytest.mark.parametrize(
    ("way", "size"),
    [
        pytest.param("raw", 2048 * MB, marks=pytest.mark.slow),  # as large as the usual limit
        ("form", 256 * MB),
        ("tus", 256 * MB),
    ],
)
def test_a_large_upload_is_streamed_to_the_disk_in_little_memory(alone: Gateway, way: str, size: int) -> None:
    send = getattr(Sender(alone.port, alone.local_key), way)
    assert send(2 * MB) in (202, 204)  # what is loaded with the first upload is not its size's fault
    pid = pid_of(alone)
    forget_highest(pid)
    before = resident(pid)
    assert send(size) in (202, 204)
    assert highest(pid) - before < 64 * MB
    state = alone.folder.root / ".neuraldocflow"
    kept = [file for file in state.rglob("*") if file.is_file() and file.stat().st_size >= size]
    assert len(kept) == 1  # nothing of it is left elsewhere
    kept[0].unlink()


def test_connections_that_say_nothing_are_cheap(alone: Gateway) -> None:
    async def work() -> None:
        async with contextlib.AsyncExitStack() as stack:

            async def connect(count: int) -> None:
                for _ in range(count):
                    socket = await stack.enter_async_context(alone.stream())
                    assert (await Talk(socket).ask("ping"))["type"] == "response"

            await connect(100)
            before = resident(pid_of(alone))
            await connect(600)
            assert (
                resident(pid_of(alone)) - before
            ) / 600 < 24 * 1024  # 18 KB; the allocator takes its steps

    asyncio.run(work())


def append(log: Log, number: int) -> None:
    """An event of 32 KB on the log, as the job would write it."""
    source = DocumentSource(kind="file", uri="file:///x", size=1, filename="x" * 32_000)
    event = DocumentReceived(id="d", sequence=number, source=source, metadata={"number": number})
    log.append([message_of(event)])


async def seen_by(socket: Any, count: int) -> list[int]:
    """The numbers of the next events a reader hears of."""
    messages = [json.loads(await asyncio.wait_for(socket.recv(), 60)) for _ in range(count)]
    return [message["payload"]["data"]["metadata"]["number"] for message in messages]


def test_readers_that_stall_cost_less_than_two_megabytes_each_and_the_others_nothing(
    alone: Gateway,
) -> None:
    stalled_readers, events = 10, 400
    runtime = config.load(alone.folder.root / "job.yaml").runtime
    state = Path(alone.folder.root / ".neuraldocflow")

    async def work(log: Log) -> None:
        async with contextlib.AsyncExitStack() as stack:
            stalled = [await stack.enter_async_context(alone.stream()) for _ in range(stalled_readers)]
            awake = await stack.enter_async_context(alone.stream())
            for socket in (*stalled, awake):
                await Talk(socket).ask("subscribe_channel", channel="notifications")
            for socket in stalled:
                socket.transport.pause_reading()
                stack.callback(socket.transport.abort)  # to end it in order it would have to read
            append(log, 0)
            assert await seen_by(awake, 1) == [0]
            pid = pid_of(alone)
            forget_highest(pid)
            before = resident(pid)
            for first in range(1, events, 20):  # as fast as one who keeps up reads
                numbers = list(range(first, first + 20))
                for number in numbers:
                    append(log, number)
                assert await seen_by(awake, 20) == numbers
            assert highest(pid) - before < stalled_readers * 2 * MB

    with open_log(runtime.model_copy(update={"state_directory": state})) as log:
        asyncio.run(work(log))
