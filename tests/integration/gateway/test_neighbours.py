"""While one tenant sends much, or slowly, another's documents become results."""

from __future__ import annotations

import asyncio
import base64
import itertools
import struct
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.gateway import Gateway, letter
from support.hostile import connection, last_words, refusal, served, upgraded


def test_others_are_served_while_hundreds_of_megabytes_come_in_messages(gateway: Gateway) -> None:
    """Half of them begin and wait under way, the others come one after another."""
    stop, sent = threading.Event(), threading.Semaphore(0)
    refused: list[bytes] = []

    def send(*, waits: bool) -> None:
        def one_more(megabytes: int) -> None:
            sent.release()
            if waits and megabytes == 10:
                stop.wait(120)

        while True:
            with upgraded(gateway) as raw:
                refused.append(refusal(raw, 100, one_more))
            if stop.is_set():
                return

    with ThreadPoolExecutor(4) as senders:
        sending = [senders.submit(send, waits=waits) for waits in (True, True, False, False)]
        try:
            for _ in range(40):
                assert sent.acquire(timeout=60)
            asyncio.run(served(gateway, 88))
        finally:
            stop.set()
        for each in sending:
            each.result(120)
    assert len(refused) >= len(sending)
    assert all(struct.pack("!H", 4413) in each for each in refused)


IN_BASE64 = base64.b64encode(letter(89) + b" " * 6_000_000)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/html", letter(89) + b" " * 8_000_000),
        ("application/json", b'{"document": {"source": "base64", "content": "%s"}}' % IN_BASE64),
    ],
    ids=["the document itself", "in base64"],
)
def test_others_are_served_during_a_slow_upload_which_is_taken_at_its_end(
    gateway: Gateway, kind: str, body: bytes
) -> None:
    head = (
        f"POST /api/v1/documents?filename=slow.html HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        f"Authorization: Bearer {gateway.local_key}\r\nContent-Type: {kind}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    half = len(body) // 2
    with connection(gateway) as raw:
        raw.sendall(head.encode() + body[:half])

        async def work() -> int:
            others = asyncio.create_task(served(gateway, 90))
            for place in itertools.count(half):
                done, _ = await asyncio.wait([others], timeout=1)
                if done:
                    await others
                    return place
                raw.sendall(body[place : place + 1])
            raise AssertionError

        raw.sendall(body[asyncio.run(work()) :])
        told = last_words(raw)
    assert told.startswith(b"HTTP/1.1 202 "), told[:500]
