"""Resumable uploads by tus 1.0."""

from __future__ import annotations

import asyncio
import base64
import errno
import os
import threading
import time
from pathlib import Path
from typing import Any

import aiohttp
from support.faulty import Faults
from support.gateway import Gateway, letter, result
from support.topics import wait_for
from tusclient.client import TusClient

from neuraldocflow.gateway.uploads import KEPT_SECONDS

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
            job = rest.headers["NeuralDocFlow-Job"]
            made = await result(session, job)
            assert made["metadata"]["filename"] == "resumed.html"
            whole = await session.head(place, headers=TUS)  # the last answer may have got lost
            assert (whole.headers["Upload-Offset"], whole.headers["NeuralDocFlow-Job"]) == (
                str(len(content)),
                job,
            )
            again = {**BYTES, "Upload-Offset": str(len(content))}
            assert (await session.patch(place, headers=again)).headers["NeuralDocFlow-Job"] == job

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


def test_every_answer_says_the_version_and_the_first_one_how_long_an_upload_is_kept(gateway: Gateway) -> None:
    async def work() -> None:
        async with gateway.http() as session, aiohttp.ClientSession(gateway.url) as nobody:
            begun = await session.post("/api/v1/uploads", headers={**TUS, "Upload-Length": "5"})
            place = begun.headers["Location"]
            known = await session.head(place, headers=TUS)
            assert begun.headers["Upload-Expires"] == known.headers["Upload-Expires"]
            answers = (
                begun,
                known,
                await session.patch(place, data=b"x", headers={**BYTES, "Upload-Offset": "3"}),
                await session.head("/api/v1/uploads/none", headers=TUS),
                await nobody.head(place, headers=TUS),
                await session.delete(place, headers=TUS),
            )
            assert [each.status for each in answers] == [201, 200, 409, 404, 401, 204]
            assert all(each.headers.getall("Tus-Resumable") == ["1.0.0"] for each in answers)

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
            empty = await session.post("/api/v1/uploads", headers={**TUS, "Upload-Length": "0"})
            assert (empty.status, (await empty.json())["code"]) == (422, "empty")
            for about in ({"priority": "soon"}, {"qualityThreshold": "2"}, {"idempotencyKey": "k" * 300}):
                wrong = {**TUS, "Upload-Length": "1", "Upload-Metadata": metadata(**about)}
                assert (await session.post("/api/v1/uploads", headers=wrong)).status == 400
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


def client_of(gateway: Gateway, key: str) -> TusClient:
    """A standard client of the protocol."""
    return TusClient(f"{gateway.url}/api/v1/uploads", headers={"Authorization": f"Bearer {key}"})


def test_a_standard_client_uploads_in_pieces_with_all_that_is_wanted(
    gateway: Gateway, tmp_path: Path
) -> None:
    file = tmp_path / "large.html"
    file.write_bytes(letter(71) + b"<p>" + b"word " * 100_000 + b"</p>")
    about = {"filename": "large.html", "filetype": "text/html", "priority": "urgent", "profile": "generic"}
    about |= {"qualityThreshold": "1", "streamResults": "true", "outputFormat": "yaml"}
    about["idempotencyKey"] = "made-by-the-page"
    first = client_of(gateway, gateway.local_key).uploader(str(file), chunk_size=100_000, metadata=about)
    for _ in range(2):
        first.upload_chunk()
    # as after a restart of the caller
    later = client_of(gateway, gateway.local_key).uploader(str(file), url=first.url, chunk_size=100_000)
    assert later.offset == 200_000
    later.upload()

    async def work() -> None:
        async with gateway.http() as session:
            job = (await session.head(first.url, headers=TUS)).headers["NeuralDocFlow-Job"]
            made = await result(session, job)
            assert made["status"] == "partial"  # less sure than wanted
            state = await (await session.get(f"/api/v1/jobs/{job}")).json()
            assert (state["priority"], state["profile"]) == ("urgent", "generic")
            offline = {"jobId": about["idempotencyKey"], "status": "completed"}
            synced = await session.post("/api/v1/results/sync", json={"results": [offline]})
            assert await synced.json() == {"job_ids": [job]}

    run(work())


def test_an_upload_that_can_not_be_submitted_now_is_led_to_its_end_later(tmp_path: Path) -> None:
    gateway = Gateway(tmp_path / "service", with_job=False)
    state = tmp_path / "service" / ".neuraldocflow"
    state.mkdir()
    faults = Faults(tmp_path, state / "log.db")
    gateway.folder.environment = faults.environment
    file = tmp_path / "a.html"
    file.write_bytes(letter(72))

    def whole() -> bool:
        uploads = state / "gateway" / "uploads" / "of-default"
        return any(each.stat().st_size == len(letter(72)) for each in uploads.glob("*[!json]"))

    async def submitted(place: str) -> list[str]:
        async with gateway.http() as session:
            job = (await session.head(place, headers=TUS)).headers["NeuralDocFlow-Job"]
            listed = (await (await session.get("/api/v1/jobs")).json())["jobs"]
            assert [each["job_id"] for each in listed] == [job]
            return [each["filename"] for each in listed]

    with gateway:
        client = client_of(gateway, gateway.local_key)
        upload = client.uploader(str(file), metadata={"filename": "a.html"}, retries=300)
        upload.retry_delay = 0.1
        upload.set_url(upload.create_url())
        faults.disk_errors(errno.ENOSPC)
        sending = threading.Thread(target=upload.upload, daemon=True)
        sending.start()
        wait_for(whole, 30)
        time.sleep(0.5)  # it is refused a few times
        assert client.uploader(str(file), url=upload.url).get_offset() == len(letter(72)) - 1
        faults.disk_is_well()
        sending.join(60)
        assert not sending.is_alive()
        assert run(submitted(upload.url)) == ["a.html"]


def test_uploads_count_as_documents_and_are_forgotten_when_they_are_given_up(tmp_path: Path) -> None:
    uploads = tmp_path / ".neuraldocflow" / "gateway" / "uploads" / "of-acme"

    async def fill(key: str) -> None:
        async with gateway.http(key) as session:
            for _ in range(3):
                await begin(session, 10)
            refused = await session.post("/api/v1/uploads", headers={**TUS, "Upload-Length": "1"})
            assert (refused.status, (await refused.json())["code"]) == (429, "rate_limited")
        async with gateway.http(gateway.key("acme")) as session:
            places = [await begin(session, 10) for _ in range(61)]
            async with gateway.http(gateway.key("acme", quota=1)) as other:
                many = await other.post("/api/v1/uploads", headers={**TUS, "Upload-Length": "1"})
                assert (many.status, (await many.json())["code"]) == (429, "rate_limited")
                assert (await session.delete(places[0], headers=TUS)).status == 204
                await begin(other, 10)  # what was not begun did not count

    gateway = Gateway(tmp_path, with_job=False)
    with gateway:
        run(fill(gateway.key("acme", quota=3)))
        assert len(list(uploads.iterdir())) == 128
        old = time.time() - KEPT_SECONDS - 60
        for file in uploads.iterdir():
            os.utime(file, (old, old))
        gateway.stop()
        left = tmp_path / ".neuraldocflow" / "work" / "uploads" / ".incoming-x"  # by one that was killed
        left.touch()
        os.utime(left, (old, old))
        gateway.start()
        wait_for(lambda: not list(uploads.iterdir()) and not left.exists(), 30)
