"""The WebSocket door: every action of the protocol, against a running gateway and job."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import json
import signal
from pathlib import Path
from typing import Any

import pytest
from support.gateway import Gateway, Talk, close_code, letter, result, submit
from support.pdf import long_to_read
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

OVERFLOWING = base64.urlsafe_b64encode(b"99999999999999999999999 x").decode()
DOCUMENT = {"document": {"source": "base64", "content": "AAAA"}}


def run(work: Any) -> Any:
    return asyncio.run(work)


def request_of(number: int) -> dict[str, Any]:
    content = base64.b64encode(letter(number)).decode()
    return {
        "document": {"source": "base64", "content": content, "filename": f"{number}.html"},
        "profile": "auto",
        "options": {},
    }


async def process(talk: Talk, number: int) -> str:
    answer = await talk.ask("process_document", **request_of(number))
    assert answer["type"] == "response", answer
    return str(answer["payload"]["job_id"])


def test_a_document_is_processed_and_its_events_come_to_the_one_who_subscribed(gateway: Gateway) -> None:
    async def work() -> None:
        async with gateway.stream() as socket:
            talk = Talk(socket)
            job = await process(talk, 1000)
            told = await talk.ask("subscribe", job_id=job)
            assert told["payload"]["job_id"] == job
            assert told["payload"]["recovered"] is True
            done = await talk.until("result", job)
            assert done["channel"] == "results"
            assert done["data"]["status"] in ("completed", "partial")
            state = await talk.ask("get_job", job_id=job)
            assert state["payload"]["status"] == done["data"]["status"]
            again = await talk.ask("subscribe", job_id=job)
            assert again["payload"]["state"]["status"] == done["data"]["status"]
            assert (await talk.until("progress", job))["data"]["stage"]
            assert (await talk.until("result", job))["data"] == done["data"]

    run(work())


def test_the_short_form_of_the_specifications_client_is_understood(gateway: Gateway) -> None:
    async def work() -> None:
        async with gateway.stream() as socket:
            await socket.send(
                json.dumps({"id": "m1", "type": "process_document", "payload": request_of(1001)})
            )
            answer = json.loads(await socket.recv())
            assert (answer["id"], answer["type"]) == ("m1", "response")
            assert answer["payload"]["job_id"]
            await socket.send(json.dumps({"id": "m2", "type": "process_document", "payload": {}}))
            refused = json.loads(await socket.recv())
            assert (refused["id"], refused["type"]) == ("m2", "response")
            assert refused["error"]["code"] == "invalid_request"
            assert refused["error"]["message"]

    run(work())


def test_a_channel_has_the_tenants_results_filtered_and_from_an_offset(gateway: Gateway) -> None:
    key = gateway.key("channels")

    async def work() -> None:
        async with gateway.stream(key) as socket, gateway.http(key) as session:
            talk = Talk(socket)
            await talk.ask("subscribe_channel", channel="results")
            await talk.ask("subscribe_channel", channel="notifications", filter={"type": "DocumentReceived"})
            jobs = [await submit(session, letter(1100 + number)) for number in range(3)]
            found: dict[str, str] = {}
            while len(found) < 3:
                event = await talk.until("result")
                found[event["data"]["jobId"]] = event["offset"]
            assert set(found) == set(jobs)
            kinds = {each["data"].get("type") for each in talk.events if each["channel"] == "notifications"}
            assert kinds <= {"DocumentReceived"}
        async with gateway.stream(key) as socket:
            talk = Talk(socket)
            first, *rest = found
            told = await talk.ask("subscribe_channel", channel="results", from_offset=found[first])
            assert told["payload"]["recovered"] is True
            missed = {(await talk.until("result"))["data"]["jobId"] for _ in rest}
            assert missed == set(rest)
            with pytest.raises(TimeoutError):
                await talk.receive(0.5)

    run(work())


def test_a_large_document_comes_in_binary_frames(gateway: Gateway) -> None:
    async def work() -> None:
        content = letter(1200) + b"<p>" + b"word " * 600_000 + b"</p>"
        async with gateway.stream() as socket:
            talk = Talk(socket)
            begun = await talk.ask("upload_begin", filename="large.html", size=len(content))
            upload = begun["payload"]["upload_id"]
            for start in range(0, len(content), 1 << 20):
                await socket.send(content[start : start + (1 << 20)])
            middle = await talk.ask("upload_chunk", upload_id=upload, data=base64.b64encode(b" ").decode())
            assert middle["payload"]["received"] == len(content) + 1
            digest = hashlib.sha256(content + b" ").hexdigest()
            ended = await talk.ask("upload_end", upload_id=upload, sha256=digest.upper())
            assert ended["payload"] == {"upload_id": upload, "received": len(content) + 1, "sha256": digest}
            document = {"source": "file", "content": upload}
            job = (await talk.ask("process_document", document=document))["payload"]["job_id"]
            await talk.ask("subscribe", job_id=job)
            assert (await talk.until("result", job))["data"]["metadata"]["sha256"] == digest
            wrong = await talk.ask("upload_begin", filename="x.html")
            await socket.send(letter())
            refused = await talk.ask("upload_end", upload_id=wrong["payload"]["upload_id"], sha256="0" * 64)
            assert refused["payload"]["code"] == "invalid_request"

    run(work())


def test_a_stream_takes_as_many_documents_as_its_window_has_room_for(gateway: Gateway) -> None:
    async def work() -> None:
        async with gateway.stream() as socket:
            talk = Talk(socket)
            told = await talk.ask("start_stream", profile="auto", priority="high", window=2)
            stream = told["payload"]["stream_id"]
            jobs: list[str] = []
            for number in range(8):
                request = request_of(1300 + number)
                answer = await talk.ask("stream_document", stream_id=stream, document=request["document"])
                assert answer["payload"]["under_way"] <= 2
                jobs.append(answer["payload"]["job_id"])
            results = {each["data"]["jobId"] for each in talk.events if each["event"] == "result"}
            while len(results) < 8:
                results.add((await talk.until("result"))["data"]["jobId"])
            assert results == set(jobs)
            assert (await talk.ask("stop_stream", stream_id=stream))["type"] == "response"
            assert (await talk.ask("stop_stream", stream_id=stream))["type"] == "error"

    run(work())


def test_results_of_a_stream_come_as_they_are_done_and_not_as_they_were_sent(gateway: Gateway) -> None:
    async def work() -> None:
        async with gateway.stream() as socket:
            talk = Talk(socket)
            stream = (await talk.ask("start_stream", window=2))["payload"]["stream_id"]
            jobs = []
            for name, content in (("long.pdf", long_to_read()), ("short.html", letter(1350))):
                document = {
                    "source": "base64",
                    "content": base64.b64encode(content).decode(),
                    "filename": name,
                }
                told = await talk.ask("stream_document", stream_id=stream, document=document)
                jobs.append(told["payload"]["job_id"])
            assert (await talk.until("result"))["data"]["jobId"] == jobs[1]
            await talk.ask("cancel_job", job_id=jobs[0])
            assert (await talk.until("result"))["data"]["jobId"] == jobs[0]

    run(work())


def test_a_waiting_job_is_cancelled(tmp_path: Path) -> None:
    async def work(gateway: Gateway) -> None:
        async with gateway.stream() as socket:
            talk = Talk(socket)
            jobs = [await process(talk, number) for number in range(20)]
            cancelled = await talk.ask("cancel_job", job_id=jobs[-1])
            assert cancelled["payload"] == {"job_id": jobs[-1], "cancelling": True, "status": "queued"}
            await talk.ask("subscribe", job_id=jobs[-1])
            gateway.start_job()
            done = await talk.until("result", jobs[-1])
            assert done["data"]["status"] == "failed"
            assert "cancelled" in done["data"]["error"]["message"]

    with Gateway(tmp_path, with_job=False) as gateway:
        run(work(gateway))


@pytest.mark.parametrize(
    ("message", "code"), [("{", 4400), ("[]", 4400), ('"text"', 4400), ("x" * (17 << 20), 4413)]
)
def test_what_is_no_message_ends_the_session_with_a_code(gateway: Gateway, message: str, code: int) -> None:
    async def work() -> None:
        socket = await gateway.stream()
        with contextlib.suppress(ConnectionClosed):  # it may be told while it still sends
            await socket.send(message)
        assert await close_code(socket) == code

    run(work())


@pytest.mark.parametrize(
    ("action", "payload", "told"),
    [
        ("fly", {}, "no such action"),
        ("subscribe", {}, "job_id"),
        ("subscribe", {"job_id": "none"}, "no such job"),
        ("subscribe_channel", {"channel": "secrets"}, "channel"),
        ("subscribe_channel", {"channel": "results", "from_offset": "?"}, "offset"),
        ("subscribe_channel", {"channel": "results", "filter": {"password": 1}}, "filter"),
        ("process_document", {"document": []}, "document"),
        ("process_document", {"document": {"source": "base64", "content": "AAAA"}, "options": []}, "options"),
        ("upload_end", {"upload_id": "none"}, "upload"),
        ("list_jobs", {"limit": "many"}, "limit"),
        ("list_jobs", {"after": OVERFLOWING}, "after"),
        ("process_document", {**DOCUMENT, "idempotencyKey": 5}, "idempotencyKey"),
        ("process_document", {**DOCUMENT, "idempotencyKey": "k" * 256}, "idempotencyKey"),
        ("start_stream", {"window": 0}, "window"),
    ],
)
def test_a_wrong_request_has_an_error_with_its_id_and_the_session_goes_on(
    gateway: Gateway, action: str, payload: dict[str, Any], told: str
) -> None:
    async def work() -> None:
        async with gateway.stream() as socket:
            talk = Talk(socket)
            answer = await talk.ask(action, **payload)
            assert answer["type"] == "error"
            assert told in answer["payload"]["message"]
            assert (await talk.ask("ping"))["payload"] == {"pong": True}

    run(work())


def test_a_key_may_come_in_the_address_a_header_or_the_first_message(gateway: Gateway) -> None:
    address = f"ws://127.0.0.1:{gateway.port}/v1/stream"

    async def work() -> None:
        header = {"Authorization": f"Bearer {gateway.local_key}"}
        async with connect(address, additional_headers=header) as socket:
            assert (await Talk(socket).ask("ping"))["type"] == "response"
        async with connect(address, subprotocols=["neuraldocflow.v1"]) as socket:  # type: ignore[list-item]
            assert socket.subprotocol == "neuraldocflow.v1"
            talk = Talk(socket)
            assert (await talk.ask("authenticate", token=gateway.local_key))["payload"] == {
                "authenticated": True,
                "tenant": "default",
                "scopes": ["submit", "read", "metrics", "admin"],
            }
            assert (await talk.ask("ping"))["type"] == "response"
        async with connect(address, subprotocols=["neuraldocflow.v1"]) as socket:  # type: ignore[list-item]
            reading = gateway.key("acme", scopes=("read",))
            told = (await Talk(socket).ask("authenticate", token=reading))["payload"]
            assert (told["tenant"], told["scopes"]) == ("acme", ["read"])
        async with connect(address, subprotocols=["neuraldocflow.v1"]) as socket:  # type: ignore[list-item]
            assert (await Talk(socket).ask("ping"))["payload"]["code"] == "unauthorized"
            assert await close_code(socket) == 4401
        async with connect(f"{address}?token=ndf_00000000_wrong") as socket:
            assert await close_code(socket) == 4401

    run(work())


def test_a_request_without_an_upgrade_is_told_what_is_missing(gateway: Gateway) -> None:
    """As a proxy makes it that does not pass the upgrade on."""

    async def work() -> None:
        async with gateway.http() as session:
            answer = await session.get("/v1/stream")
            assert (answer.status, answer.headers["Upgrade"]) == (426, "websocket")
            assert "proxy" in (await answer.json())["detail"]
            assert (await session.get("/api/v1/jobs")).status == 200

    run(work())


def test_only_pages_of_the_gateway_itself_may_connect(gateway: Gateway) -> None:
    async def work() -> None:
        async with gateway.stream(origin=gateway.url) as socket:
            assert (await Talk(socket).ask("ping"))["type"] == "response"
        for origin in ("https://elsewhere.example", "null", "http://127.0.0.1:1"):
            with pytest.raises(InvalidStatus) as refused:
                async with gateway.stream(origin=origin):
                    pass
            assert refused.value.response.status_code == 403
        with pytest.raises(InvalidStatus) as missing:
            async with connect(f"ws://127.0.0.1:{gateway.port}/elsewhere"):
                pass
        assert missing.value.response.status_code == 404

    run(work())


def test_many_refused_requests_end_the_session(gateway: Gateway) -> None:
    async def work() -> None:
        async with gateway.stream() as socket:
            for number in range(200):
                await socket.send(json.dumps({"id": str(number), "type": "nonsense"}))
            assert await close_code(socket) == 4429

    run(work())


def test_a_restarted_gateway_knows_all_jobs_and_gives_what_was_missed(tmp_path: Path) -> None:
    async def before(gateway: Gateway) -> tuple[str, str]:
        async with gateway.stream() as socket, gateway.http() as session:
            talk = Talk(socket)
            told = await talk.ask("subscribe_channel", channel="results")
            first = await submit(session, letter(1))
            assert (await talk.until("result"))["data"]["jobId"] == first
            waiting = await submit(session, letter(2))
            return waiting, str(told["payload"]["offset"])

    async def told_to_come_back(gateway: Gateway) -> None:
        async with gateway.stream() as socket:
            await Talk(socket).ask("ping")
            assert gateway.process is not None
            gateway.process.send_signal(signal.SIGTERM)
            assert await close_code(socket) == 4503

    async def after(gateway: Gateway, waiting: str, offset: str) -> None:
        async with gateway.http() as session:
            await result(session, waiting)
        async with gateway.stream() as socket:
            talk = Talk(socket)
            listed = (await talk.ask("list_jobs"))["payload"]["jobs"]
            assert len(listed) == 2
            await talk.ask("subscribe_channel", channel="results", from_offset=offset)
            seen = [(await talk.until("result"))["data"]["jobId"] for _ in range(2)]
            assert set(seen) == {job["job_id"] for job in listed}

    with Gateway(tmp_path) as gateway:
        waiting, offset = run(before(gateway))
        gateway.stop(signal.SIGKILL)
        gateway.start()
        run(after(gateway, waiting, offset))
        run(told_to_come_back(gateway))
        gateway.stop()
        gateway.start()
        run(after(gateway, waiting, offset))


def test_a_reader_that_stalls_is_let_go_and_the_others_have_everything(gateway: Gateway) -> None:
    async def work() -> None:
        key = gateway.key("stalled")
        async with (
            gateway.stream(key) as stalled,
            gateway.stream(key) as socket,
            gateway.http(key) as session,
        ):
            talk = Talk(socket)
            await Talk(stalled).ask("subscribe_channel", channel="results")
            await talk.ask("subscribe_channel", channel="results")
            stalled.transport.pause_reading()
            filler = b"<p>" + b"some words and more of them " * 20_000 + b"</p>"
            jobs = [await submit(session, letter(2000 + number) + filler) for number in range(16)]
            seen = {(await talk.until("result", seconds=120))["data"]["jobId"] for _ in jobs}
            assert seen == set(jobs)
            stalled.transport.resume_reading()
            got: list[str] = []
            with contextlib.suppress(ConnectionClosed):
                async for message in stalled:
                    got.append(json.loads(message)["payload"]["data"]["jobId"])
            assert len(got) < len(jobs)

    run(work())
