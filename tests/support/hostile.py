"""Connections of callers who mean no good, and of those beside them."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
import socket
import struct
from collections.abc import Callable, Iterator

from support.gateway import Gateway, Talk, letter, result, submit

PING = 9


def connection(gateway: Gateway, receive_buffer: int = 0) -> socket.socket:
    """A connection; what its kernel may hold of what comes is the usual unless it is given."""
    made = socket.socket()
    made.settimeout(60)
    if receive_buffer:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    made.connect(("127.0.0.1", gateway.port))
    return made


def answer_to(gateway: Gateway, request: bytes) -> bytes:
    """What comes until the gateway ends the connection; if it does not, that is a TimeoutError."""
    with connection(gateway) as raw:
        with contextlib.suppress(ConnectionError):  # it may be answered while this still sends
            raw.sendall(request)
        return last_words(raw)


@contextlib.contextmanager
def upgraded(gateway: Gateway, more: str = "") -> Iterator[socket.socket]:
    """A connection on which WebSocket frames go, with no extension."""
    with connection(gateway) as raw:
        handshake = (
            f"GET /v1/stream?token={gateway.local_key} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n{more}\r\n"
        )
        raw.sendall(handshake.encode())
        answer = raw.recv(1000)
        assert b"101" in answer
        assert b"extensions" not in answer.lower()
        yield raw


async def stream_by_hand(port: int, key: str = "") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A WebSocket on which frames are written by hand."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await shake_hands(reader, writer, key)
    return reader, writer


async def shake_hands(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, key: str = "") -> None:
    """Make a connection a WebSocket."""
    token = f"?token={key}" if key else ""
    writer.write(
        f"GET /v1/stream{token} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
    )
    assert b"101" in await reader.readuntil(b"\r\n\r\n")


def head_of(length: int, *, first: bool = True, last: bool = True) -> bytes:
    """A text frame's head; its mask changes nothing."""
    return bytes([(0x80 if last else 0) | first, 0xFF]) + struct.pack("!Q", length) + bytes(4)


async def frame(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """The next frame's opcode and content; of less than 64 KB."""
    opcode, length = await reader.readexactly(2)
    if length == 126:
        (length,) = struct.unpack("!H", await reader.readexactly(2))
    return opcode & 0xF, await reader.readexactly(length)


async def next_but_pings(reader: asyncio.StreamReader) -> bytes:
    """The content of the next frame that is no ping; none is answered."""
    while True:
        opcode, content = await frame(reader)
        if opcode != PING:
            return content


def last_words(raw: socket.socket) -> bytes:
    """What still comes until the connection ends."""
    told = b""
    with contextlib.suppress(ConnectionError):
        while piece := raw.recv(65536):
            told += piece
    return told


async def served(gateway: Gateway, number: int) -> None:
    """Somebody else's documents, of another tenant, become results: one sent by REST, one in a message."""
    key = gateway.key("neighbour")
    async with gateway.http(key) as session, gateway.stream(key) as socket_:
        by_rest = await submit(session, letter(number))
        content = base64.b64encode(letter(number) + b" " * 50_000).decode()
        document = {"source": "base64", "content": content, "filename": f"{number}.html"}
        answer = await Talk(socket_).ask("process_document", document=document, profile="auto")
        for job in (by_rest, answer["payload"]["job_id"]):
            await result(session, job)


def refusal(raw: socket.socket, pieces: int, sent: Callable[[int], None] = lambda _: None) -> bytes:
    """Send a message of a hundred megabytes, in frames, a megabyte at a time; what came of it.

    ``sent`` is called after each, with how many there have been.
    """
    megabytes = itertools.count(1)
    size = 100_000_000 // pieces
    with contextlib.suppress(ConnectionError):  # it is closed while this still sends
        for number in range(pieces):
            first, last = number == 0, number == pieces - 1
            raw.sendall(head_of(size, first=first, last=last))
            for _ in range(size // 1_000_000):
                raw.sendall(b"QUJD" * 250_000)
                sent(next(megabytes))
    return last_words(raw)
