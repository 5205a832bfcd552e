"""Callers who mean no good: slow, many, large, malformed; others are served meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import json
import struct
import time
import zlib
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientError
from support.gateway import Gateway, Talk, close_code, letter, result, submit
from support.hostile import answer_to, connection, last_words, refusal, served, upgraded
from support.job import children_of, open_sockets
from support.memory import forget_highest, highest, resident
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed


def run(work: Any) -> Any:
    return asyncio.run(work)


def gateway_pid(gateway: Gateway) -> int:
    assert gateway.process is not None
    return gateway.process.pid


def test_requests_and_handshakes_that_never_end_are_not_waited_for_and_others_are_served(
    gateway: Gateway,
) -> None:
    slow = [connection(gateway) for _ in range(50)]
    for number, each in enumerate(slow):
        if number % 2:  # also not when an earlier request was answered
            each.sendall(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
            assert each.recv(4096).startswith(b"HTTP/1.1 200")
        path = ("/health/live", "/v1/stream")[number // 2 % 2]
        each.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nX-Slow: ".encode())

    async def work() -> None:
        address = f"ws://127.0.0.1:{gateway.port}/v1/stream"
        async with gateway.http() as session, connect(address) as nobody:
            await result(session, await submit(session, letter(80)))
            assert await close_code(nobody) == 4401

    run(work())
    for each in slow:
        assert b"HTTP/1.1 408 " in last_words(each)
        each.close()


@pytest.mark.parametrize(
    "request_text",
    [
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"POST /api/v1/documents HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        b"POST /api/v1/documents HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /api/v1/documents HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
        b"POST /api/v1/documents HTTP/1.1\r\nHost: x\r\nContent-Length: 0x5\r\n\r\nabcde",
        b"POST /api/v1/documents HTTP/1.1\r\nHost: x\r\nContent-Length : 5\r\n\r\nabcde",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: a\r\n b\0c\r\n\r\n",
        b"GET /v1/stream HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 200_000 + b"\r\n\r\n",
    ],
)
def test_malformed_requests_are_refused(gateway: Gateway, request_text: bytes) -> None:
    told = answer_to(gateway, request_text)
    assert told.startswith(b"HTTP/1.1 400 "), told[:200]


@pytest.mark.parametrize("path", ["/v1/stream", "//[/v1/stream"])
@pytest.mark.parametrize(
    "more",
    [
        "Host: y\r\nOrigin: http://y\r\n",
        "Origin: http://x\r\nOrigin: http://x\r\n",
        "Authorization: Bearer a\r\nAuthorization: Bearer b\r\n",
        "Origin: http://[\r\n",
    ],
)
def test_a_malformed_handshake_is_refused(gateway: Gateway, path: str, more: str) -> None:
    request = (
        f"GET {path} HTTP/1.1\r\nHost: x\r\n{more}Upgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    assert answer_to(gateway, request.encode()).startswith(b"HTTP/1.1 400 ")


def test_a_head_without_end_is_not_held(gateway: Gateway) -> None:
    before = resident(gateway_pid(gateway))
    forget_highest(gateway_pid(gateway))
    request = b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 64_000_000
    assert answer_to(gateway, request).startswith(b"HTTP/1.1 400 ")
    assert highest(gateway_pid(gateway)) - before < 32 * 2**20


@pytest.mark.parametrize(
    "framing",
    [
        b"Transfer-Encoding: chunked\r\nContent-Length: 4",
        b"Content-Length: 4\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding: xchunked",
        b"Transfer-Encoding: chunked, identity",
        b"Transfer-Encoding : chunked",
        b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
        b"Content-Length: 5\r\nX: \nContent-Length: 40",
    ],
)
def test_a_request_can_not_hide_another_in_its_body(gateway: Gateway, framing: bytes) -> None:
    smuggled = b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"
    head = b"POST /api/v1/documents HTTP/1.1\r\nHost: x\r\n" + framing + b"\r\n\r\n"
    told = answer_to(gateway, head + b"0\r\n\r\n" + smuggled)
    assert told.startswith(b"HTTP/1.1 400 "), told[:200]
    assert told.count(b"HTTP/1.1") == 1


@pytest.mark.parametrize(
    "offer",
    [
        b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAA",
        b"Connection: upgrade\r\nUpgrade: websocket, h2c",
        b"Connection: Upgrade\r\nUpgrade: TLS/1.0",
    ],
)
@pytest.mark.parametrize("is_chunked", [False, True])
def test_the_body_of_a_request_that_offers_another_protocol_is_its_own(
    gateway: Gateway, offer: bytes, is_chunked: bool
) -> None:
    body = letter(85) + b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"
    framing, sent = b"Content-Length: %d" % len(body), body
    if is_chunked:
        framing, sent = b"Transfer-Encoding: chunked", b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    key = f"Authorization: Bearer {gateway.local_key}\r\n".encode()
    head = b"POST /api/v1/documents HTTP/1.1\r\nHost: x\r\n" + key + framing + b"\r\n" + offer + b"\r\n\r\n"
    last = b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    for pieces in ([head + sent + last], [head, sent, last]):
        with connection(gateway) as raw:
            for piece in pieces:
                raw.sendall(piece)
                time.sleep(0.05)
            told = last_words(raw)
        assert told.startswith(b"HTTP/1.1 202 "), told[:200]
        assert told.count(b"HTTP/1.1 ") == 2
        assert told.endswith(b"ok\n")


def test_frames_that_are_none_end_their_connection_only(gateway: Gateway) -> None:
    squeezed = zlib.compress(b"a" * 50_000_000)[2:-4]
    for frame in (
        b"\xff\xff\xff\xff",
        b"\x81\x05hello",
        b"\x81\xff" + b"\x7f" * 8 + bytes(4),
        b"\xc1\xfe" + struct.pack("!H", len(squeezed)) + bytes(4) + squeezed,
    ):
        with upgraded(gateway) as raw:
            raw.sendall(frame)
            with contextlib.suppress(ConnectionResetError):
                while raw.recv(1000):
                    pass

    async def work() -> None:
        async with gateway.stream() as socket_:
            assert (await Talk(socket_).ask("ping"))["type"] == "response"

    run(work())


def test_messages_are_never_compressed_so_none_can_swell(gateway: Gateway) -> None:
    with upgraded(gateway, "Sec-WebSocket-Extensions: permessage-deflate\r\n"):
        pass


@pytest.mark.parametrize("pieces", [1, 100])
def test_a_hundred_megabytes_in_a_message_are_refused_with_a_code_and_not_held(
    gateway: Gateway, pieces: int
) -> None:
    before = resident(gateway_pid(gateway))
    forget_highest(gateway_pid(gateway))
    with upgraded(gateway) as raw:
        assert struct.pack("!H", 4413) in refusal(raw, pieces)
    assert highest(gateway_pid(gateway)) - before < 64 * 2**20
    run(served(gateway, 84))


def test_a_hundred_megabytes_in_a_json_body_are_refused_and_not_held(gateway: Gateway) -> None:
    async def pieces() -> Any:
        yield b'{"document": {"source": "base64", "content": "'
        for _ in range(100):
            yield b"QUJD" * 250_000

    async def work() -> None:
        async with gateway.http() as session:
            kind = {"Content-Type": "application/json"}
            before = resident(gateway_pid(gateway))
            forget_highest(gateway_pid(gateway))
            with contextlib.suppress(ClientError):  # it is answered while this still sends
                answer = await session.post("/api/v1/documents", data=pieces(), headers=kind)
                assert answer.status == 413
            assert highest(gateway_pid(gateway)) - before < 64 * 2**20
        await served(gateway, 85)

    run(work())


def test_a_flood_of_requests_past_the_rate_is_slowed_and_ended_while_others_are_served(
    gateway: Gateway,
) -> None:
    async def work() -> None:
        async with gateway.stream(gateway.key("flood", rate=1)) as socket_:
            for number in range(300):
                request = {"id": str(number), "type": "request", "payload": {"action": "list_jobs"}}
                await socket_.send(json.dumps(request))
            await served(gateway, 86)
            codes = set()
            with contextlib.suppress(ConnectionClosed):
                async for message in socket_:
                    codes.add(json.loads(message)["payload"].get("code"))
            assert "rate_limited" in codes
            assert socket_.close_code == 4429

    run(work())


def test_answers_that_nobody_reads_are_not_held_and_others_are_served(tmp_path: Path) -> None:
    size = 6_000_000  # more than kernels hold

    async def work(gateway: Gateway) -> None:
        async with gateway.http() as session:
            made = [
                {"jobId": name, "status": "completed", "extractedData": {"text": "x" * length}}
                for name, length in (("large", size), ("small", 1))
            ]
            synced = await session.post("/api/v1/results/sync", json={"results": made})
            large, small = (await synced.json())["job_ids"]
            await result(session, small)
            others = open_sockets(gateway_pid(gateway))
            request = (
                f"GET /api/v1/jobs/{large}/result HTTP/1.1\r\nHost: x\r\n"
                f"Authorization: Bearer {gateway.local_key}\r\n\r\n"
            )
            stalled = [connection(gateway, receive_buffer=4096) for _ in range(24)]
            for each in stalled:
                each.sendall(request.encode())
            for each in stalled:
                assert each.recv(15) == b"HTTP/1.1 200 OK"
            deadline = time.monotonic() + 60
            while open_sockets(gateway_pid(gateway)) > others:
                assert time.monotonic() < deadline
                await result(session, small)
                await asyncio.sleep(0.1)
            for each in stalled:
                each.close()

    with Gateway(tmp_path, with_job=False, limits={"http._READER_SECONDS": 2.0}) as gateway:
        run(work(gateway))


def test_uploads_that_only_drip_do_not_keep_others_out(gateway: Gateway) -> None:
    head = (
        f"POST /api/v1/documents HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {gateway.local_key}\r\n"
        "Content-Length: 100000\r\n\r\n"
    )

    async def work() -> None:
        dripping = [connection(gateway) for _ in range(100)]
        for each in dripping:
            each.sendall(head.encode())
        for _ in range(5):
            for each in dripping:
                each.sendall(b" ")
            await served(gateway, 87)
        for each in dripping:
            each.close()

    run(work())


@pytest.mark.parametrize(
    "path",
    [
        "/../../etc/passwd",
        "/..%2f..%2fetc/passwd",
        "/assets/..%2f..%2f..%2fetc%2fpasswd",
        "/docs/assets/..%2f..%2f..%2fetc%2fpasswd",
        "/api/v1/profiles/..%2f..%2fsecrets.json",
        "/schemas/..%2f..%2fkeys.json",
        "/schemas/%2e%2e/%2e%2e/keys.json",
        "/api/v1/uploads/..%2fkeys",
    ],
)
def test_paths_can_not_lead_elsewhere(gateway: Gateway, path: str) -> None:
    key = f"Authorization: Bearer {gateway.local_key}\r\nTus-Resumable: 1.0.0\r\n"
    request = f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{key}\r\n"
    told = answer_to(gateway, request.encode())
    assert b"root:" not in told
    assert b"sha256" not in told
    status = told.split(b" ", 2)[1]
    assert status in (b"400", b"404", b"405", b"422"), told[:200]


@pytest.mark.parametrize("path", ["/api/v1/jobs/", "/api/v1/uploads/", "/api/v1/profiles/", "/docs/"])
def test_nobody_is_led_to_another_host_or_away_from_tls_with_a_key(gateway: Gateway, path: str) -> None:
    key = f"Authorization: Bearer {gateway.local_key}\r\n"
    told = answer_to(gateway, f"GET {path} HTTP/1.1\r\nHost: y\r\nConnection: close\r\n{key}\r\n".encode())
    assert told.split(b" ", 2)[1] in (b"404", b"405"), told[:200]


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/health/live",
        "http://localhost:{port}/health/live",
        "http://[::1]:{port}/",
        "http://[::ffff:127.0.0.1]:{port}/",
        "http://2130706433:{port}/",
        "http://0.0.0.0:{port}/",
        "http://169.254.169.254/latest/meta-data/",
        "http://127.1:{port}/",
        "http://0x7f.1:{port}/",
        "http://someone@10.0.0.1/",
        "http:///nowhere",
    ],
)
def test_addresses_that_lead_inside_are_not_fetched(gateway: Gateway, url: str) -> None:
    async def work() -> None:
        async with gateway.http() as session:
            document = {"source": "url", "content": url.format(port=gateway.port)}
            answer = await session.post("/api/v1/documents", json={"document": document})
            body = await answer.json()
            if answer.status == 202:
                body = (await result(session, body["job_id"]))["error"]
            assert body["code"] in ("forbidden_url", "invalid_request"), body

    run(work())


def test_large_bodies_and_messages_leave_memory_bounded(gateway: Gateway) -> None:
    async def work() -> None:
        async with gateway.http() as session:
            await result(session, await submit(session, letter(81)))
            before = resident(gateway_pid(gateway))

            async def large() -> None:
                async def pieces() -> Any:
                    yield letter(82)
                    for _ in range(36):
                        yield b" " * (1 << 20)

                with contextlib.suppress(Exception):
                    await session.post("/api/v1/documents?filename=a.html", data=pieces())

            forget_highest(gateway_pid(gateway))
            await asyncio.gather(*(large() for _ in range(8)))
            assert highest(gateway_pid(gateway)) - before < 200 * 2**20

    run(work())


def test_an_upload_that_stops_is_given_up_and_leaves_nothing(gateway: Gateway) -> None:
    head = (
        f"POST /api/v1/documents HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {gateway.local_key}\r\n"
        "Content-Length: 100000\r\n\r\n"
    )
    with connection(gateway) as raw:
        raw.sendall(head.encode() + bytes(1000))
        time.sleep(0.3)
    payloads = gateway.folder.root / ".neuraldocflow" / "payloads"
    deadline = time.monotonic() + 20
    while list(payloads.glob(".incoming-*")):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_flood_of_connections_without_a_key_does_not_keep_others_out(gateway: Gateway) -> None:
    async def work() -> None:
        async def knock() -> None:
            with contextlib.suppress(Exception):
                async with gateway.stream("ndf_00000000_guess") as socket_:
                    await socket_.recv()

        async with gateway.http() as session:
            flood = asyncio.gather(*(knock() for _ in range(300)))
            await result(session, await submit(session, letter(83)))
            await flood
        assert children_of(gateway_pid(gateway)) == []

    run(work())
