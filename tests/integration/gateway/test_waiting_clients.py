"""``async_processing: false``: work is done for clients that wait for it, not for those that have gone."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
from support.gateway import Gateway, Talk, letter, result, submit
from support.hostile import connection, last_words

from neuraldocflow.cancellations import CANCELLATIONS
from neuraldocflow.log.embedded import EmbeddedLog

WAITS = {"hook": {"type": "webhook", "config": {"endpoint": "/hook", "async_processing": False}}}


def played(root: Path, work: Callable[[Gateway, aiohttp.ClientSession], Awaitable[None]]) -> None:
    """With a gateway whose job starts when the test says so."""

    async def play(gateway: Gateway) -> None:
        async with gateway.http() as session:
            await work(gateway, session)

    with Gateway(root, with_job=False, stream_sources=WAITS) as gateway:
        asyncio.run(play(gateway))


async def jobs_of(session: aiohttp.ClientSession, count: int) -> list[dict[str, Any]]:
    """The jobs, the oldest first, once there are so many."""
    while True:
        found: list[dict[str, Any]] = (await (await session.get("/api/v1/jobs")).json())["jobs"]
        if len(found) >= count:
            return sorted(found, key=lambda each: each["run"])
        await asyncio.sleep(0.05)


async def until_cancelled(gateway: Gateway) -> None:
    """Until a cancellation is on the log."""
    with contextlib.closing(EmbeddedLog(gateway.folder.root / ".neuraldocflow" / "log.db")) as log:
        log.ensure_topic(CANCELLATIONS, 1)
        while not log.end(CANCELLATIONS, 0):
            await asyncio.sleep(0.05)


async def leave(waiting: asyncio.Task[Any]) -> None:
    """End a request before its answer."""
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)


def posted(session: aiohttp.ClientSession, **headers: str) -> asyncio.Task[aiohttp.ClientResponse]:
    async def post() -> aiohttp.ClientResponse:
        return await session.post("/hook?filename=a.html", data=letter(1), headers=headers)

    return asyncio.create_task(post())


def test_the_document_of_a_client_that_has_gone_is_cancelled_and_asked_for_again_it_is_done(
    tmp_path: Path,
) -> None:
    async def work(gateway: Gateway, session: aiohttp.ClientSession) -> None:
        waiting = posted(session)
        (job,) = await jobs_of(session, 1)
        await leave(waiting)
        await until_cancelled(gateway)
        again = posted(session)
        gateway.start_job()
        answer = await again
        assert (answer.status, (await answer.json())["status"]) == (200, "completed")
        dropped = await result(session, job["job_id"])
        assert (dropped["status"], "cancelled" in dropped["error"]["message"]) == ("failed", True)
        assert [each["status"] for each in await jobs_of(session, 2)] == ["failed", "completed"]

    played(tmp_path, work)


def test_a_document_somebody_else_follows_is_done(tmp_path: Path) -> None:
    async def work(gateway: Gateway, session: aiohttp.ClientSession) -> None:
        waiting = posted(session)
        (job,) = await jobs_of(session, 1)
        async with gateway.stream() as socket:
            talk = Talk(socket)
            await talk.ask("subscribe", job_id=job["job_id"])
            await leave(waiting)
            await asyncio.sleep(1)
            gateway.start_job()
            assert (await talk.until("result", job["job_id"]))["data"]["status"] == "completed"

    played(tmp_path, work)


def test_a_document_its_client_can_ask_for_by_name_is_done(tmp_path: Path) -> None:
    async def work(gateway: Gateway, session: aiohttp.ClientSession) -> None:
        waiting = posted(session, **{"Idempotency-Key": "mine"})
        (job,) = await jobs_of(session, 1)
        await leave(waiting)
        await asyncio.sleep(1)
        gateway.start_job()
        assert (await result(session, job["job_id"]))["status"] == "completed"
        answer = await posted(session, **{"Idempotency-Key": "mine"})
        assert (answer.status, (await answer.json())["jobId"]) == (200, job["job_id"])

    played(tmp_path, work)


def test_when_the_gateway_ends_who_waits_is_told_and_may_come_again(tmp_path: Path) -> None:
    async def work(gateway: Gateway, session: aiohttp.ClientSession) -> None:
        job = await submit(session, letter(2))
        async with session.get(f"/api/v1/jobs/{job}/events") as events:
            waiting = posted(session)
            await jobs_of(session, 2)
            told = await asyncio.to_thread(gateway.stop)
            answer = await waiting
            assert (answer.status, (await answer.json())["status"]) == (202, "queued")
            await events.text()  # an error where it was cut off
        assert "ERROR" not in told, told

    played(tmp_path, work)


def test_a_document_that_still_comes_when_the_gateway_ends_is_wanted_again_soon(tmp_path: Path) -> None:
    with Gateway(tmp_path, with_job=False, limits={"server._GRACE_SECONDS": 1}) as gateway:
        head = f"POST /api/v1/documents HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {gateway.local_key}\r\n"
        with connection(gateway) as raw:
            raw.sendall(f"{head}Content-Length: 100000\r\nExpect: 100-continue\r\n\r\n".encode())
            assert raw.recv(100).startswith(b"HTTP/1.1 100 ")
            raw.sendall(b"<p>")
            told = gateway.stop()
            answer = last_words(raw)
        assert answer.startswith(b"HTTP/1.1 503 "), answer
        assert b"retry-after: " in answer.lower()
        assert b"application/problem+json" in answer
        assert "Traceback" not in told, told
