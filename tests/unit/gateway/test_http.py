"""An answer is held for whoever takes it, however slowly, and for nobody else; time passes at once."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from support.clock import in_no_time, joined
from uvicorn import Config
from uvicorn.server import ServerState

from neuraldocflow.gateway.http import Http

SIZE = 16 * 2**20
REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"

App = Callable[[Any, Any, Any], Awaitable[None]]


async def at_once(scope: Any, receive: Any, send: Any) -> None:
    """A large answer, written whole."""
    headers = [(b"content-length", str(SIZE).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": bytes(SIZE)})


@contextlib.asynccontextmanager
async def asked(app: App) -> AsyncIterator[tuple[ServerState, asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection on which a request has been sent."""
    config = Config(app, loop="none", lifespan="off", log_config=None)
    state = ServerState()
    reader, writer = await joined(lambda: Http(config, state, {}))
    writer.write(REQUEST)
    yield state, reader, writer
    writer.close()


def test_a_caller_who_reads_slowly_gets_all_of_a_large_answer() -> None:
    async def work() -> None:
        async with asked(at_once) as (_, reader, _):
            await reader.readuntil(b"\r\n\r\n")
            for _ in range(16):
                await asyncio.sleep(20)
                await reader.readexactly(SIZE // 16)

    in_no_time(work())


def test_a_caller_who_reads_nothing_is_let_go() -> None:
    async def work() -> None:
        async with asked(at_once) as (state, reader, _):
            await reader.readuntil(b"\r\n\r\n")
            assert state.connections
            await asyncio.sleep(90)
            assert not state.connections
            with pytest.raises(asyncio.IncompleteReadError):
                await reader.readexactly(SIZE)

    in_no_time(work())


def test_a_stream_that_nobody_reads_ends() -> None:
    ended = asyncio.Event()

    async def endless(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(1000):
            await send({"type": "http.response.body", "body": bytes(50_000), "more_body": True})
        ended.set()

    async def work() -> None:
        async with asked(endless):
            await asyncio.wait_for(ended.wait(), 90)

    in_no_time(work())


def test_a_caller_who_has_not_read_an_answer_can_not_go_on_to_a_websocket() -> None:
    async def work() -> None:
        async with asked(at_once) as (_, reader, writer):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(
                b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
            )
            await reader.readexactly(SIZE)
            assert b" 400 " in await reader.read()

    in_no_time(work())


def test_the_end_of_a_body_is_not_taken_for_a_part_of_the_next_head() -> None:
    async def echo(scope: Any, receive: Any, send: Any) -> None:
        while (await receive())["more_body"]:
            pass
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def work() -> None:
        async with asked(echo) as (state, reader, _):
            await reader.readuntil(b"\r\n\r\n")
            (http,) = state.connections
            assert isinstance(http, Http)
            size = 200_000
            head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size
            sent = head + bytes(size) + REQUEST
            for first in (len(head), 9):
                for piece in (sent[:first], sent[first:-9], sent[-9:]):
                    http.data_received(piece)
            for _ in range(4):
                assert b" 204 " in await reader.readuntil(b"\r\n\r\n")

    in_no_time(work())
