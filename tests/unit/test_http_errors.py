"""Why there was no answer, in words that people read on the page and in the log."""

from __future__ import annotations

import asyncio
import socket

import aiohttp
import pytest

from neuraldocflow.http_errors import told


def refused(url: str) -> str:
    async def ask() -> None:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
            await session.get(url)

    with pytest.raises((aiohttp.ClientError, OSError)) as error:
        asyncio.run(ask())
    return told(error.value)


def test_a_host_that_nobody_knows() -> None:
    assert refused("http://nowhere.invalid/a.pdf") == "its host's name can't be resolved"


def test_a_port_where_nothing_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert refused(f"http://127.0.0.1:{port}/") == "connection refused"


def test_who_says_nothing_in_time() -> None:
    assert told(TimeoutError()) == "it does not answer in time"


def met(scheme: str, answer: bytes) -> str:
    async def meet() -> str:
        def say(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(answer)
            writer.close()

        server = await asyncio.start_server(say, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server, aiohttp.ClientSession() as session:
            with pytest.raises(aiohttp.ClientError) as error:
                await (await session.get(f"{scheme}://127.0.0.1:{port}/")).read()
        return told(error.value)

    return asyncio.run(meet())


def test_who_hangs_up() -> None:
    assert met("http", b"") in ("it closed the connection without an answer", "connection reset by peer")


@pytest.mark.parametrize(
    ("scheme", "answer", "words"),
    [
        ("https", b"HTTP/1.1 400 Bad Request\r\n\r\n", "no secure connection to it is possible"),
        ("http", b"220 mail.example ready\r\n", "what it answers is no HTTP"),
        ("http", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n%PDF", "it broke off in its answer"),
    ],
)
def test_who_answers_otherwise_than_is_understood(scheme: str, answer: bytes, words: str) -> None:
    assert met(scheme, answer).startswith(words)
