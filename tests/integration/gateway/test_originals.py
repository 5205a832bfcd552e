"""A document's pages are drawn wherever it is now, and those of another one never."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest
from aiohttp import web
from support import pdf
from support.gateway import Gateway, result
from support.receiver import Receiver
from support.servers.s3 import S3Server
from support.topics import Topics, wait_for


def run(work: Any) -> Any:
    return asyncio.run(asyncio.wait_for(work, 120))


async def drawn(session: aiohttp.ClientSession, job: str, number: int = 1) -> tuple[int, str]:
    """The status of a page's image, and its content's type."""
    answer = await session.get(f"/api/v1/jobs/{job}/pages/{number}.png")
    return answer.status, answer.content_type


async def taken(gateway: Gateway, session: aiohttp.ClientSession) -> str:
    """The one job there is, done."""
    wait_for(lambda: len(gateway.jobs()) == 1, 60)
    job = str(gateway.jobs()[0]["job_id"])
    assert (await result(session, job))["error"] is None
    return job


def watching(**more: Any) -> dict[str, Any]:
    config = {"watch_directories": ["inbox"], "debounce_ms": 0, **more}
    return {"inbox": {"type": "filesystem", "config": config}}


def test_a_file_that_was_moved_when_it_was_done_is_drawn(tmp_path: Path) -> None:
    async def work(gateway: Gateway) -> None:
        (gateway.folder.inbox / "letter.pdf").write_bytes(pdf.simple())
        async with gateway.http() as session:
            job = await taken(gateway, session)
            wait_for(lambda: (gateway.folder.inbox / "processed" / "letter.pdf").exists(), 60)
            assert await drawn(session, job) == (200, "image/png")
            assert (await session.get(f"/api/v1/jobs/{job}/annotated.pdf")).content_type == "application/pdf"

    with Gateway(tmp_path / "job", stream_sources=watching(auto_move_processed=True)) as gateway:
        run(work(gateway))


def test_a_file_that_is_another_one_by_now_is_not_drawn(tmp_path: Path) -> None:
    async def work(gateway: Gateway) -> None:
        file, content = gateway.folder.inbox / "letter.pdf", pdf.simple()
        file.write_bytes(content)
        async with gateway.http() as session:
            job = await taken(gateway, session)
            other = content.replace(b"%PDF-1.7", b"%PDF-1.6")
            assert len(other) == len(content)
            assert other != content
            file.write_bytes(other)
            answer = await session.get(f"/api/v1/jobs/{job}/pages/1.png")
            assert (answer.status, "another one" in (await answer.json())["detail"]) == (404, True)
            file.write_bytes(content)  # as it was, at another time
            assert await drawn(session, job) == (200, "image/png")

    with Gateway(tmp_path / "job", stream_sources=watching()) as gateway:
        run(work(gateway))


def test_a_document_given_by_address_is_fetched_again_and_no_other_one(tmp_path: Path) -> None:
    served = [pdf.simple("At an address.")]

    async def document(_: web.Request) -> web.Response:
        if not served:
            raise web.HTTPServiceUnavailable
        return web.Response(body=served[0], content_type="application/pdf")

    async def work(gateway: Gateway, address: str) -> None:
        async with gateway.http() as session:
            wanted = {"document": {"source": "url", "content": address}}
            answer = await session.post("/api/v1/documents", json=wanted)
            assert answer.status == 202, await answer.text()
            job = (await answer.json())["job_id"]
            assert (await result(session, job))["error"] is None
            content = served.pop()
            away = await session.get(f"/api/v1/jobs/{job}/pages/1.png")
            assert (away.status, "Retry-After" in away.headers) == (503, True)
            served[:] = [pdf.simple("Other words.")]
            assert (await drawn(session, job))[0] == 404
            served[:] = [content]
            assert await drawn(session, job) == (200, "image/png")
            work_folder = tmp_path / "job" / ".neuraldocflow" / "work"
            assert list(work_folder.rglob("payload-*")) == []

    runtime = {"allowed_networks": ["127.0.0.1/32"]}
    with Receiver(document=document) as server, Gateway(tmp_path / "job", runtime=runtime) as gateway:
        run(work(gateway, server.url("document")))


@pytest.mark.servers
def test_an_object_that_was_moved_when_it_was_done_is_drawn(
    tmp_path: Path, s3: S3Server, bucket: str
) -> None:
    client = s3.client()
    client.put_object(Bucket=bucket, Key="in/letter.pdf", Body=pdf.simple())
    config = {"bucket": bucket, "prefix": "in/", "polling_interval_ms": 100, "move_processed_to": "done/"}

    def keys() -> list[str]:
        return [each["Key"] for each in client.list_objects_v2(Bucket=bucket).get("Contents", [])]

    async def work(gateway: Gateway) -> None:
        async with gateway.http() as session:
            job = await taken(gateway, session)
            wait_for(lambda: keys() == ["done/letter.pdf"], 60)
            assert await drawn(session, job) == (200, "image/png")
            client.delete_object(Bucket=bucket, Key="done/letter.pdf")
            assert (await drawn(session, job, 2))[0] == 404

    with Gateway(tmp_path / "job", stream_sources={"bucket": {"type": "s3", "config": config}}) as gateway:
        run(work(gateway))


@pytest.mark.servers
def test_a_file_that_a_message_names_is_drawn_while_it_is_the_same(tmp_path: Path, kafka: str) -> None:
    topics = Topics(kafka)
    topic = topics.make()
    file, content = tmp_path / "shared.pdf", pdf.simple()
    file.write_bytes(content)
    topics.send(topic, orjson.dumps({"source": {"uri": file.as_uri(), "size": len(content)}}))

    async def work(gateway: Gateway) -> None:
        async with gateway.http() as session:
            job = await taken(gateway, session)
            file.write_bytes(content.replace(b"%PDF-1.7", b"%PDF-1.6"))
            assert (await drawn(session, job))[0] == 404
            file.write_bytes(content)
            assert await drawn(session, job) == (200, "image/png")

    config = {"bootstrap_servers": kafka, "topic": topic, "consumer_group": topic}
    with Gateway(tmp_path / "job", stream_sources={"inbox": {"type": "kafka", "config": config}}) as gateway:
        run(work(gateway))
