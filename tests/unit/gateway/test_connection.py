"""Whoever is heard of, or could not be, keeps his connection; the limits are the usual ones."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from support.clock import in_no_time, joined
from support.hostile import PING, frame, head_of, next_but_pings, shake_hands
from websockets.exceptions import ConnectionClosed

from neuraldocflow.gateway.connection import Connection
from neuraldocflow.gateway.memory import Memory

MB = 1 << 20
SIZE = 200_000
GONE, TOO_SLOW = struct.pack("!H", 1011), struct.pack("!H", 4408)

Life = Callable[[Connection], Awaitable[None]]


async def tell_lengths(connection: Connection) -> None:
    """Answer each message with how long it was."""
    async for message in connection:
        connection.room_of_message().release()
        await connection.send(str(len(message)))


class Port:
    """Stands in for the relay: connections of one key, each of which has ``life``."""

    def __init__(self, memory: Memory, life: Life) -> None:
        self.logger = logging.getLogger("websockets.server")
        self.handler_tasks: set[Any] = set()
        self.ended = asyncio.Event()
        self._memory, self._life = memory, life

    def connection(self) -> Connection:
        server: Any = self
        return Connection(server, self._memory, self.logger, lambda _: None)

    def is_serving(self) -> bool:
        return True

    async def handler(self, connection: Connection) -> None:
        await connection.handshake()
        connection.belongs_to("key")
        connection.start_keepalive()
        with contextlib.suppress(ConnectionClosed):
            await self._life(connection)
            await connection.wait_closed()
        self.ended.set()


@contextlib.asynccontextmanager
async def opened(
    memory: Memory | None = None, life: Life = tell_lengths
) -> AsyncIterator[tuple[Port, asyncio.StreamReader, asyncio.StreamWriter]]:
    port = Port(memory or Memory(), life)
    reader, writer = await joined(port.connection)
    await shake_hands(reader, writer)
    yield port, reader, writer
    writer.close()


def test_a_client_is_pinged_every_twenty_seconds() -> None:
    async def work() -> None:
        async with opened() as (_, reader, writer):
            for seconds in (20, 40, 60, 80):
                opcode, content = await frame(reader)
                assert opcode == PING
                assert asyncio.get_running_loop().time() == pytest.approx(seconds)
                writer.write(bytes([0x8A, 0x80 | len(content)]) + bytes(4) + content)

    in_no_time(work())


@pytest.mark.parametrize("size", [SIZE, 1000])
def test_a_frame_that_comes_slowly_is_answered(size: int) -> None:
    async def work() -> None:
        async with opened() as (_, reader, writer):
            writer.write(head_of(size))
            for _ in range(20):
                await asyncio.sleep(10)
                writer.write(bytes(size // 20))
            assert await next_but_pings(reader) == str(size).encode()

    in_no_time(work())


def test_a_frame_that_is_never_whole_is_waited_for_five_minutes() -> None:
    async def work() -> None:
        async with opened() as (port, reader, writer):
            writer.write(head_of(SIZE) + bytes(SIZE // 2))
            assert (await next_but_pings(reader)).startswith(TOO_SLOW)
            assert asyncio.get_running_loop().time() == pytest.approx(300)
            await port.ended.wait()

    in_no_time(work())


def test_who_waits_for_room_is_not_taken_for_gone() -> None:
    async def work() -> None:
        memory = Memory(most=SIZE, most_of_key=SIZE)
        other = memory.room("other")
        assert other.ask(SIZE, lambda: None)
        async with opened(memory) as (_, reader, writer):
            writer.write(head_of(SIZE) + bytes(SIZE))
            await asyncio.sleep(200)
            other.release()
            assert await next_but_pings(reader) == str(SIZE).encode()

    in_no_time(work())


def test_whose_messages_wait_to_be_worked_on_is_not_taken_for_gone() -> None:
    async def later(connection: Connection) -> None:
        await asyncio.sleep(200)
        await tell_lengths(connection)

    async def work() -> None:
        async with opened(life=later) as (_, reader, writer):
            for _ in range(20):
                writer.write(head_of(10) + bytes(10))
            for _ in range(20):
                assert await next_but_pings(reader) == b"10"

    in_no_time(work())


def test_who_says_nothing_and_sends_no_pong_is_gone() -> None:
    async def work() -> None:
        async with opened() as (port, reader, _):
            assert (await next_but_pings(reader)).startswith(GONE)
            assert asyncio.get_running_loop().time() == pytest.approx(40)
            await port.ended.wait()

    in_no_time(work())


def test_who_reads_slowly_is_not_taken_for_gone_for_a_pong_that_is_late() -> None:
    async def tell_much(connection: Connection) -> None:
        await connection.send(bytes(20 * MB))

    async def work() -> None:
        async with opened(life=tell_much) as (_, reader, _):
            head = await reader.readexactly(10)
            assert head[1] == 127
            for _ in range(20):
                await asyncio.sleep(5)
                await reader.readexactly(MB)
            assert (await frame(reader))[0] == PING

    in_no_time(work())


def test_who_is_silent_and_does_not_read_either_is_gone() -> None:
    async def tell_much(connection: Connection) -> None:
        while True:
            await connection.send(bytes(1 << 20))

    async def work() -> None:
        async with opened(life=tell_much) as (port, _, writer):
            client: asyncio.Transport = writer.transport
            client.pause_reading()
            await asyncio.wait_for(port.ended.wait(), 60)
            client.abort()

    in_no_time(work())
