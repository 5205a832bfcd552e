"""Resumable uploads by tus 1.0."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import aiohttp
from support.gateway import Gateway, letter, result

TUS = {"Tus-Resumable": "1.0.0"}
BYTES = {**TUS, "Content-Type": "application/offset+octet-stream"}


def run(work: Any) -> Any:
    return asyncio.run(work)


def metadata(**values: str) -> str:
    return ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in values.items())


async def begin(session: aiohttp.ClientSession, length: int, **about: str) -> str:
    headers = {**TUS, "Upload-Length": str(length), "Upload-Metadata": metadata(**about)}
    answer = await session.post("/api/v1/uploads", headers=headers)
    assert answer.status == 201, await answer.text()
    return answer.headers["Location"]


def test_an_upload_that_breaks_off_goes_on_where_it_was_and_becomes_a_job(gateway: Gateway) -> None:
    async def work() -> None:
        content = letter(70)
        async with gateway.http() as session:
            place = await begin(session, len(content), filename="../resumed.html", priority="high")
            first = await session.patch(place, data=content[:20], headers={**BYTES, "Upload-Offset": "0"})
            assert (first.status, first.headers["Upload-Offset"]) == (204, "20")
            asked = await session.head(place, headers=TUS)
            assert (asked.headers["Upload-Offset"], asked.headers["Upload-Length"]) == (
                "20",
                str(len(content)),
            )
            wrong = await session.patch(place, data=content, headers={**BYTES, "Upload-Offset": "0"})
            assert wrong.status == 409
            rest = await session.patch(place, data=content[20:], headers={**BYTES, "Upload-Offset": "20"})
            made = await result(session, rest.headers["NeuralDocFlow-Job"])
            assert made["metadata"]["filename"] == "resumed.html"
            assert (await session.head(place, headers=TUS)).status == 404

    run(work())


def test_the_options_of_an_upload_are_in_its_metadata(gateway: Gateway) -> None:
    async def work() -> None:
        content = letter(71)
        async with gateway.http() as session:
            place = await begin(session, len(content), filename="late.html", deadlineMs="1")
            sent = await session.patch(place, data=content, headers={**BYTES, "Upload-Offset": "0"})
            made = await result(session, sent.headers["NeuralDocFlow-Job"])
            assert made["error"]["code"] == "timeout"
            wrong = {**TUS, "Upload-Length": "9", "Upload-Metadata": metadata(qualityThreshold="high")}
            assert (await session.post("/api/v1/uploads", headers=wrong)).status == 400

    run(work())


def test_what_tus_forbids_is_refused(gateway: Gateway) -> None:
    async def work() -> None:
        async with gateway.http() as session:
            told = await session.options("/api/v1/uploads")
            assert told.headers["Tus-Version"] == "1.0.0"
            assert (await session.post("/api/v1/uploads", headers={"Upload-Length": "1"})).status == 412
            assert (await session.post("/api/v1/uploads", headers=TUS)).status == 400
            large = {**TUS, "Upload-Length": "50000000"}
            assert (await session.post("/api/v1/uploads", headers=large)).status == 413
            place = await begin(session, 10)
            assert (
                await session.patch(place, data=b"x", headers={**TUS, "Upload-Offset": "0"})
            ).status == 415
            more = await session.patch(place, data=bytes(11), headers={**BYTES, "Upload-Offset": "0"})
            assert more.status == 413
            for path in ("/api/v1/uploads/none", "/api/v1/uploads/..%2F..%2Fkeys"):
                assert (await session.head(path, headers=TUS)).status == 404
            async with gateway.http(gateway.key("elsewhere")) as other:
                assert (await other.head(place, headers=TUS)).status == 404
            assert (await session.delete(place, headers=TUS)).status == 204
            assert (await session.head(place, headers=TUS)).status == 404

    run(work())


def test_a_whole_upload_that_is_no_document_is_refused_and_forgotten(gateway: Gateway) -> None:
    async def work() -> None:
        async with gateway.http() as session:
            place = await begin(session, 8)
            answer = await session.patch(
                place, data=b"\x89PNG\r\n\x1a\n", headers={**BYTES, "Upload-Offset": "0"}
            )
            assert (answer.status, (await answer.json())["code"]) == (415, "unsupported_format")
            assert (await session.head(place, headers=TUS)).status == 404

    run(work())
