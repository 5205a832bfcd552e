"""What callers may hold: connections, memory, places in the queue; and that others are served meanwhile."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import errno
import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.faulty import Faults
from support.gateway import Gateway, Talk, close_code, letter, running, submit
from support.hostile import head_of, next_but_pings, stream_by_hand
from support.memory import forget_highest, highest, resident
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

MB = 1 << 20


def run(work: Any) -> Any:
    return asyncio.run(work)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway without a job: what comes waits."""
    yield from running(
        tmp_path_factory.mktemp("limits"),
        with_job=False,
        gateway={"max_connections_per_key": 60, "max_waiting": 6},
    )


@pytest.mark.parametrize(("frame", "code"), [(head_of(5000), 4413), (head_of(3, last=False) + b"{} ", 4400)])
def test_who_has_not_said_who_he_is_may_say_little(alone: Gateway, frame: bytes, code: int) -> None:
    async def work() -> None:
        reader, writer = await stream_by_hand(alone.port)
        writer.write(frame)
        assert struct.pack("!H", code) in await asyncio.wait_for(reader.read(), 30)
        writer.close()

    run(work())


def test_many_large_messages_at_once_cost_little_memory_and_all_are_taken(alone: Gateway) -> None:
    text = json.dumps({"id": "1", "type": "request", "payload": {"action": "ping", "filler": "x" * (8 * MB)}})
    message = text.encode()

    async def work() -> None:
        assert alone.process is not None
        before = resident(alone.process.pid)
        forget_highest(alone.process.pid)
        key = alone.key("large")
        several = [await stream_by_hand(alone.port, key) for _ in range(50)]
        frame = head_of(len(message)) + message

        async def send(writer: asyncio.StreamWriter, content: bytes) -> None:
            writer.write(content)
            await writer.drain()

        stalled = [asyncio.create_task(send(writer, frame[:-1024])) for _, writer in several]
        async with alone.stream(alone.key("other")) as socket:  # others are served meanwhile
            talk = Talk(socket)
            assert (await talk.ask("ping", filler="x" * MB))["payload"] == {"pong": True}
            while highest(alone.process.pid) - before < 16 * MB:  # until some of it is there
                assert (await talk.ask("ping"))["payload"] == {"pong": True}
        finished = 0
        for number, (reader, writer) in enumerate(several):  # who goes on makes room for the next
            await stalled[number]
            await send(writer, frame[-1024:])
            finished += b'"pong":true' in await asyncio.wait_for(reader.readuntil(b"}}"), 60)
            writer.close()
        assert finished == 50
        assert highest(alone.process.pid) - before < 256 * MB

    run(work())


def test_a_message_in_pieces_has_room_too(alone: Gateway) -> None:
    async def work() -> None:
        async with alone.stream(alone.key("pieces")) as socket:
            request = {"id": "1", "type": "request", "payload": {"action": "ping", "filler": "x" * (2 * MB)}}
            text = json.dumps(request)
            pieces = (text[start : start + 50_000] for start in range(0, len(text), 50_000))
            await socket.send(pieces)
            assert json.loads(await socket.recv())["payload"] == {"pong": True}

    run(work())


@pytest.mark.parametrize("begin", ["", "["], ids=["not JSON", "no object"])
def test_a_large_message_that_is_none_leaves_its_room_to_the_next(alone: Gateway, begin: str) -> None:
    wrong = begin + " " * (16 * MB - 2) + begin.replace("[", "]")

    async def work() -> None:
        key = alone.key("wrong")
        for _ in range(4):  # as much as a key may have in memory
            socket = await alone.stream(key)
            await socket.send(wrong)
            assert await close_code(socket) == 4400
        async with alone.stream(key) as socket:
            assert (await Talk(socket).ask("ping", filler="x" * MB))["payload"] == {"pong": True}

    run(work())


def test_slow_messages_are_waited_for_and_silent_clients_are_not(tmp_path: Path) -> None:
    text = json.dumps({"id": "1", "type": "request", "payload": {"action": "ping", "filler": "x" * 100_000}})
    message = text.encode()

    async def comes_slowly(gateway: Gateway) -> None:
        reader, writer = await stream_by_hand(gateway.port, gateway.local_key)
        writer.write(head_of(len(message)))
        for start in range(0, len(message), len(message) // 8):
            writer.write(message[start : start + len(message) // 8])
            await asyncio.sleep(0.4)
        assert b'"pong":true' in await next_but_pings(reader)
        writer.close()

    async def is_let_go(gateway: Gateway, sends: bytes, code: int) -> None:
        reader, writer = await stream_by_hand(gateway.port, gateway.local_key)
        writer.write(sends)
        assert (await next_but_pings(reader)).startswith(struct.pack("!H", code))
        writer.close()

    async def work(gateway: Gateway) -> None:
        clients = [
            comes_slowly(gateway),
            is_let_go(gateway, head_of(len(message)) + message[:50_000], 4408),
            is_let_go(gateway, b"", 1011),
        ]
        await asyncio.wait_for(asyncio.gather(*clients), 60)

    limits = {"connection._PING_SECONDS": 1.0, "connection._MESSAGE_SECONDS": 8.0}
    with Gateway(tmp_path, with_job=False, limits=limits) as gateway:
        run(work(gateway))


def test_one_key_has_so_many_connections_and_others_come_in(alone: Gateway) -> None:
    async def work() -> None:
        key = alone.key("many")
        async with contextlib.AsyncExitStack() as stack, alone.http(key) as session:
            opened = [await stack.enter_async_context(alone.stream(key)) for _ in range(60)]
            for socket in opened:
                await Talk(socket).ask("ping")
            async with alone.stream(key) as one_more:
                assert await close_code(one_more) == 4429
            job = await submit(session, letter(1))
            stream = await session.get(f"/api/v1/jobs/{job}/events")
            assert (stream.status, (await stream.json())["code"]) == (429, "rate_limited")
            async with alone.stream(alone.key("another")) as socket:
                assert (await Talk(socket).ask("ping"))["payload"] == {"pong": True}
            await opened[0].close()
            deadline = asyncio.get_running_loop().time() + 30
            while True:  # the place is free once the gateway has heard of it
                async with session.get(f"/api/v1/jobs/{job}/events") as again:
                    if again.status == 200:
                        break
                assert asyncio.get_running_loop().time() < deadline

    run(work())


def test_callers_without_a_key_do_not_take_all_the_places(tmp_path: Path) -> None:
    async def work(gateway: Gateway) -> None:
        address = f"ws://127.0.0.1:{gateway.port}/v1/stream"
        async with contextlib.AsyncExitStack() as stack:
            for _ in range(4):
                await stack.enter_async_context(connect(address))
            with pytest.raises(InvalidStatus) as refused:
                await connect(address)
            assert refused.value.response.status_code == 503
            async with gateway.stream() as socket:
                assert (await Talk(socket).ask("ping"))["payload"] == {"pong": True}

    with Gateway(tmp_path, with_job=False, gateway={"max_connections": 40}) as gateway:
        run(work(gateway))


def document(number: int) -> dict[str, Any]:
    content = base64.b64encode(letter(number)).decode()
    return {"source": "base64", "content": content, "filename": f"{number}.html"}


def test_while_documents_of_a_stream_wait_the_session_goes_on(alone: Gateway) -> None:
    async def work() -> None:
        async with alone.stream(alone.key("streaming")) as socket:
            talk = Talk(socket)
            stream = (await talk.ask("start_stream", window=1))["payload"]["stream_id"]
            taken = await talk.ask("stream_document", stream_id=stream, document=document(0))
            assert taken["type"] == "response"
            for number in range(1, 40):  # more than any queue of the connection holds
                payload = {"action": "stream_document", "stream_id": stream, "document": document(number)}
                await socket.send(json.dumps({"id": f"d{number}", "type": "request", "payload": payload}))
            assert (await talk.ask("ping"))["payload"] == {"pong": True}
            cancelled = await talk.ask("cancel_job", job_id=taken["payload"]["job_id"])
            assert cancelled["payload"]["cancelling"] is True
            stopped = await talk.ask("stop_stream", stream_id=stream)
            assert stopped["payload"] == {"stream_id": stream, "under_way": 1}
            told: set[str] = set()
            while len(told) < 39:
                message = await talk.receive()
                if message["type"] == "error":
                    assert "stopped" in message["payload"]["message"]
                    told.add(message["id"])
            listed = (await talk.ask("list_jobs"))["payload"]["jobs"]
            assert len(listed) == 1

    run(work())


def test_a_document_of_a_stream_that_is_not_followed_any_more_leaves_its_place(alone: Gateway) -> None:
    async def work() -> None:
        async with alone.stream(alone.key("leaving")) as socket:
            talk = Talk(socket)
            stream = (await talk.ask("start_stream", window=1))["payload"]["stream_id"]
            for number in range(3):
                told = await talk.ask("stream_document", stream_id=stream, document=document(number))
                assert told["payload"]["under_way"] == 1
                await talk.ask("unsubscribe", job_id=told["payload"]["job_id"])

    run(work())


def test_one_tenants_full_queue_is_told_with_a_time_to_come_back_and_is_not_the_others(
    alone: Gateway,
) -> None:
    async def work() -> None:
        async with alone.http(alone.key("greedy")) as greedy, alone.http(alone.key("modest")) as modest:
            statuses = []
            for number in range(10):
                answer = await greedy.post("/api/v1/documents", data=letter(500 + number))
                statuses.append(answer.status)
            assert statuses[:6] == [202] * 6, "as many as it is told, though others have some"
            assert statuses[-1] == 503
            assert (await answer.json())["code"] == "rate_limited"
            assert int(answer.headers["Retry-After"]) > 0
            assert (await modest.post("/api/v1/documents", data=letter(600))).status == 202
            asked = await modest.get("/api/v1/jobs")
            assert asked.status == 200

    run(work())


def test_while_the_log_takes_nothing_documents_are_refused_and_nothing_of_them_is_taken(
    tmp_path: Path,
) -> None:
    gateway = Gateway(tmp_path / "service", with_job=False)
    state = tmp_path / "service" / ".neuraldocflow"
    state.mkdir()
    faults = Faults(tmp_path, state / "log.db")
    gateway.folder.environment = faults.environment

    async def work() -> None:
        async with gateway.http() as session, gateway.stream() as socket:
            talk = Talk(socket)
            faults.disk_errors(errno.ENOSPC)
            refused = await session.post("/api/v1/documents", data=letter(1))
            assert refused.status == 503, await refused.text()
            assert int(refused.headers["Retry-After"]) > 0
            result = {"jobId": "x", "status": "completed"}
            synced = await session.post("/api/v1/results/sync", json={"results": [result]})
            assert synced.status == 503
            over_socket = await talk.ask("process_document", document=document(1))
            assert over_socket["payload"]["code"] == "rate_limited"
            faults.disk_is_well()
            assert (await (await session.get("/api/v1/jobs")).json())["jobs"] == []
            assert (await session.post("/api/v1/documents", data=letter(1))).status == 202
            assert (await talk.ask("process_document", document=document(1)))["type"] == "response"

    with gateway:
        run(work())


def test_an_upload_that_the_disk_has_no_room_for_is_refused_and_the_session_goes_on(tmp_path: Path) -> None:
    gateway = Gateway(tmp_path / "service", with_job=False)
    state = tmp_path / "service" / ".neuraldocflow"
    state.mkdir()
    faults = Faults(tmp_path, state / "payloads")
    gateway.folder.environment = faults.environment

    async def work() -> None:
        async with gateway.stream() as socket:
            talk = Talk(socket)
            upload = (await talk.ask("upload_begin", filename="a.html"))["payload"]["upload_id"]
            faults.disk_errors(errno.ENOSPC)
            await socket.send(letter(1) + bytes(MB))
            refused = await talk.receive()
            assert (refused["type"], refused["id"]) == ("error", None)
            assert refused["payload"]["retryable"] is True
            faults.disk_is_well()
            gone = await talk.ask("upload_end", upload_id=upload)
            assert "no such upload" in gone["payload"]["message"]
            assert (await talk.ask("process_document", document=document(1)))["type"] == "response"

    with gateway:
        run(work())


def test_a_revoked_key_ends_its_sessions_and_event_streams(alone: Gateway) -> None:
    text = alone.key("revoked")

    async def work() -> None:
        async with alone.stream(text) as socket, alone.http(text) as session:
            talk = Talk(socket)
            await talk.ask("subscribe_channel", channel="results")
            job = await submit(session, letter(700))
            async with session.get(f"/api/v1/jobs/{job}/events") as events:
                assert events.status == 200
                alone.keys.revoke(text.split("_")[1])
                assert await close_code(socket) == 4401
                await asyncio.wait_for(events.text(), 30)

    run(work())


def test_while_the_file_of_keys_can_not_be_read_callers_are_told_to_come_back(alone: Gateway) -> None:
    file = alone.folder.root / ".neuraldocflow" / "keys.json"

    async def work() -> None:
        text = alone.key("patient")
        whole = file.read_bytes()
        file.write_bytes(whole[: len(whole) // 2])  # as somebody writes it just now
        try:
            async with alone.http(text) as session:
                for path in ("/api/v1/jobs", "/metrics"):
                    answer = await session.get(path)
                    assert (answer.status, answer.content_type) == (503, "application/problem+json")
                    assert "Retry-After" in answer.headers
            async with alone.stream(text) as socket:
                assert await close_code(socket) == 4503
        finally:
            file.write_bytes(whole)
        async with alone.http(text) as session:
            assert (await session.get("/api/v1/jobs")).status == 200

    run(work())


def test_a_session_whose_key_may_not_is_told_so(alone: Gateway) -> None:
    async def work() -> None:
        async with alone.stream(alone.key("nothing", scopes=())) as socket:
            assert await close_code(socket) == 4403
        async with alone.stream(alone.key("one")) as socket:
            talk = Talk(socket)
            other = await talk.ask("authenticate", token=alone.key("two"))
            assert other["payload"]["code"] == "unauthorized"
            assert (await talk.ask("ping"))["payload"] == {"pong": True}

    run(work())
