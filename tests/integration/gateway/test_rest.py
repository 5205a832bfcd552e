"""The REST door, against a running gateway and job."""

from __future__ import annotations

import asyncio
import base64
import gzip
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import aiohttp
import pymupdf
import pytest
from support.gateway import Gateway, described, letter, result, submit
from support.pdf import long_to_read, simple

from neuraldocflow.log import PROCESSING_RESULTS, EmbeddedLog

CHANNELS = {"progress": "progress", "result": "results", "notification": "notifications"}
SAMPLES = Path(__file__).parents[3] / "neuraldocflow" / "samples"


def run(work: Any) -> Any:
    return asyncio.run(work)


async def problem(answer: aiohttp.ClientResponse) -> tuple[int, str]:
    assert answer.content_type == "application/problem+json", await answer.text()
    body = await answer.json()
    assert body["status"] == answer.status
    assert body["detail"]
    return answer.status, body["code"]


def test_a_document_is_submitted_in_each_way_and_its_result_fetched_in_each_format(gateway: Gateway) -> None:
    async def work() -> None:
        async with gateway.http() as session:
            form = await submit(session, letter(1), "form.html", priority="urgent", outputFormat="yaml")
            raw = await session.post("/api/v1/documents?filename=raw.html&priority=low", data=letter(2))
            request = {
                "document": {
                    "source": "base64",
                    "content": base64.b64encode(letter(3)).decode(),
                    "filename": "json.html",
                },
                "profile": "auto",
                "options": {"priority": "high"},
            }
            in_json = await session.post("/api/v1/documents", json=request)
            jobs = [form, (await raw.json())["job_id"], (await in_json.json())["job_id"]]
            assert in_json.headers["Location"] == f"/api/v1/jobs/{jobs[2]}"
            names = []
            for job in jobs:
                made = await result(session, job)
                assert made["jobId"] == job
                names.append(made["metadata"]["filename"])
                state = await (await session.get(f"/api/v1/jobs/{job}")).json()
                assert (state["status"], state["progress"]) == (made["status"], 1.0)
            assert names == ["form.html", "raw.html", "json.html"]
            for wanted, kind in (("yaml", "application/yaml"), ("xml", "application/xml")):
                answer = await session.get(f"/api/v1/jobs/{form}/result?format={wanted}")
                assert answer.content_type == kind
                assert form in await answer.text()

    run(work())


def test_the_same_document_is_the_same_job_and_an_idempotency_key_names_one(gateway: Gateway) -> None:
    async def work() -> None:
        async with gateway.http() as session:
            first = await submit(session, letter(10))
            assert await submit(session, letter(10)) == first
            assert await submit(session, letter(10), profile="contract_analysis") != first
            await result(session, first)
            assert await submit(session, letter(10)) == first
            given = {"Idempotency-Key": "order-1"}
            once = await session.post("/api/v1/documents", data=letter(11), headers=given)
            again = await session.post("/api/v1/documents", data=letter(11), headers=given)
            assert await once.json() == await again.json()
            await result(session, (await once.json())["job_id"])
            other = await session.post("/api/v1/documents", data=letter(12), headers=given)
            assert await problem(other) == (422, "invalid_request")

    run(work())


def test_the_events_of_a_job_are_streamed_to_the_result_and_resumed_by_the_last_id(gateway: Gateway) -> None:
    async def work() -> None:
        async with gateway.http() as session:
            job = await submit(session, letter(20))
            events = await read_events(session, job)
            kinds = [kind for _, kind, _ in events]
            assert kinds[0] == "notification"
            assert kinds[-1] == "result"
            assert "progress" in kinds
            assert events[-1][2]["jobId"] == job
            middle = events[2][0]
            later = await read_events(session, job, middle)
            assert [told for _, *told in later] == [told for _, *told in events[3:]]
            end = {"Last-Event-ID": events[-1][0]}  # as a browser asks again when a stream has ended
            async with asyncio.timeout(60), session.get(f"/api/v1/jobs/{job}/events", headers=end) as answer:
                assert (answer.status, await answer.read()) == (204, b"")

    async def read_events(
        session: aiohttp.ClientSession, job: str, last: str = ""
    ) -> list[tuple[str, str, dict[str, Any]]]:
        headers = {"Last-Event-ID": last} if last else {}
        async with session.get(f"/api/v1/jobs/{job}/events", headers=headers) as answer:
            text = await answer.text()
        found = []
        for block in filter(None, text.split("\n\n")):
            lines = dict(line.split(": ", 1) for line in block.splitlines())
            kind, data = lines["event"], json.loads(lines["data"])
            told = {"channel": CHANNELS[kind], "event": kind, "offset": lines["id"], "data": data}
            described(f"event-{kind}").validate({"id": "1", "type": "event", "payload": told})
            found.append((lines["id"], kind, data))
        return found

    run(work())


def test_jobs_are_listed_newest_first_a_page_at_a_time(gateway: Gateway) -> None:
    async def work() -> None:
        key = gateway.key("listing")
        async with gateway.http(key) as session:
            made = []
            for number in range(5):
                made.append(await submit(session, letter(100 + number)))
                await result(session, made[-1])
            seen: list[str] = []
            after = ""
            while True:
                page = await (await session.get(f"/api/v1/jobs?limit=2{after}")).json()
                seen += [job["job_id"] for job in page["jobs"]]
                if page["next"] is None:
                    break
                after = f"&after={page['next']}"
            assert seen == made[::-1]
            for crafted in (b"99999999999999999999999 x", b"-1 x", b"1", b"\xff 1"):
                after = base64.urlsafe_b64encode(crafted).decode()
                wrong = await session.get(f"/api/v1/jobs?after={after}")
                assert await problem(wrong) == (400, "invalid_request")
            failed = await (await session.get("/api/v1/jobs?status=failed")).json()
            assert failed == {"jobs": [], "next": None}

    run(work())


@pytest.mark.parametrize(
    "form", ["{}", "{}\n", "data:text/html;base64,{}", "DATA:text/html;charset=utf-8;base64,{}"]
)
def test_base64_is_taken_as_tools_and_browsers_write_it(gateway: Gateway, form: str) -> None:
    content = letter(4) * 200
    wrapped = (
        base64.encodebytes(content).decode() if form.endswith("\n") else base64.b64encode(content).decode()
    )

    async def work() -> None:
        async with gateway.http() as session:
            document = {"source": "base64", "content": form.format(wrapped), "filename": "a.html"}
            answer = await session.post("/api/v1/documents", json={"document": document})
            assert answer.status == 202, await answer.text()
            kept = await result(session, (await answer.json())["job_id"])
            assert kept["metadata"]["sha256"] == hashlib.sha256(content).hexdigest()

    run(work())


def test_a_page_of_a_pdf_is_shown_and_others_are_not_there(gateway: Gateway) -> None:
    async def work() -> None:
        async with gateway.http() as session:
            job = await submit(session, simple(), "letter.pdf")
            await result(session, job)
            page = await session.get(f"/api/v1/jobs/{job}/pages/1.png")
            assert page.content_type == "image/png"
            assert (await page.read())[:4] == b"\x89PNG"
            assert (await problem(await session.get(f"/api/v1/jobs/{job}/pages/99.png")))[0] == 404
            html = await submit(session, letter(30))
            await result(session, html)
            assert (await problem(await session.get(f"/api/v1/jobs/{html}/pages/1.png")))[0] == 404

    run(work())


def test_a_pdf_is_given_with_what_was_found_boxed(gateway: Gateway) -> None:
    async def work() -> None:
        async with gateway.http() as session:
            content = (SAMPLES / "sample-10-k.pdf").read_bytes()
            job = await submit(session, content, "filing.pdf")
            await result(session, job)
            answer = await session.get(f"/api/v1/jobs/{job}/annotated.pdf")
            assert answer.content_type == "application/pdf"
            with pymupdf.open(stream=await answer.read()) as drawn, pymupdf.open(stream=content) as plain:
                assert "registrant_name 0." in drawn[0].get_text()
                assert len(drawn[0].get_drawings()) > len(plain[0].get_drawings()) + 10
            html = await submit(session, letter(31))
            await result(session, html)
            assert (await problem(await session.get(f"/api/v1/jobs/{html}/annotated.pdf")))[0] == 404
            broken = await submit(session, b"%PDF-1.7\nnothing that follows is a document", "broken.pdf")
            await result(session, broken)
            told = await session.get(f"/api/v1/jobs/{broken}/annotated.pdf")
            assert await problem(told) == (422, "invalid_request")

    run(work())


def test_a_failed_job_is_tried_again_as_it_was_asked_for_and_another_one_is_not(tmp_path: Path) -> None:
    async def work(gateway: Gateway) -> None:
        async with gateway.http() as session:
            job = await submit(session, letter(32), priority="high", qualityThreshold="0.999")
            assert (await session.delete(f"/api/v1/jobs/{job}")).status == 202
            gateway.start_job()
            assert (await result(session, job))["status"] == "failed"
            first = await session.post(f"/api/v1/jobs/{job}/retry")
            assert first.status == 202, await first.text()
            assert await first.json() == {"job_id": f"{job}:1", "status": "queued"}
            again = await session.post(f"/api/v1/jobs/{job}/retry")
            assert (await again.json())["job_id"] == f"{job}:1"
            assert (await result(session, f"{job}:1"))["status"] == "partial"  # by the threshold
            now = await (await session.get(f"/api/v1/jobs/{job}:1")).json()
            assert (now["run"], now["priority"], now["profile"]) == (1, "high", "generic")
            assert await problem(await session.post(f"/api/v1/jobs/{job}:1/retry")) == (
                409,
                "invalid_request",
            )
            assert (await problem(await session.post("/api/v1/jobs/none/retry")))[0] == 404

    with Gateway(tmp_path, with_job=False) as gateway:
        run(work(gateway))


def test_a_job_whose_document_is_gone_is_not_tried_again(gateway: Gateway) -> None:
    async def work() -> None:
        async with gateway.http() as session:
            job = await submit(session, b"%PDF-1.7\nnothing at all", "gone.pdf")
            assert (await result(session, job))["status"] == "failed"
            for payload in (gateway.folder.root / ".neuraldocflow" / "payloads").rglob("*.pdf"):
                payload.unlink()
            assert await problem(await session.post(f"/api/v1/jobs/{job}/retry")) == (410, "invalid_request")

    run(work())


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"", 422, "empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(50), 415, "unsupported_format"),
        (b"PK\x03\x04" + bytes(50), 422, "corrupt"),
    ],
)
def test_what_can_not_be_read_is_refused_at_once(
    gateway: Gateway, content: bytes, status: int, code: str
) -> None:
    async def work() -> None:
        async with gateway.http() as session:
            answer = await session.post("/api/v1/documents", data=content)
            assert await problem(answer) == (status, code)

    run(work())


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"document": {"source": "base64", "content": "?"}}, "base64"),
        ({"document": {"source": "base64", "content": "data:text/html,plain"}}, "base64"),
        ({"document": {"source": "base64", "content": "AA== AAAA"}}, "base64"),
        ({"document": {"source": "disk", "content": "x"}}, "source"),
        ({"document": {"source": "file", "content": "/etc/passwd"}}, "upload"),
        ({"document": {"source": "url", "content": "file:///etc/passwd"}}, "http"),
        ({"document": {"source": "url", "content": "https://example.com:99999/a.pdf"}}, "address"),
        ({"document": {"source": "url", "content": "https://example.com:port/a.pdf"}}, "address"),
        ({"document": {"source": "url", "content": "https://example.com/" + "a" * 8192}}, "8192"),
        ({"document": {"source": "base64", "content": "AAAA"}, "options": {"priority": 3}}, "priority"),
        ({"document": {"source": "base64", "content": "AAAA"}, "surprise": 1}, "surprise"),
        ([], "body: must be a mapping of keys to values"),
        ({}, "document: is required"),
    ],
)
def test_a_wrong_request_is_told_what_is_wrong(gateway: Gateway, body: Any, told: str) -> None:
    async def work() -> None:
        async with gateway.http() as session:
            answer = await session.post("/api/v1/documents", json=body)
            assert (await problem(answer))[0] == 400
            assert told in (await answer.json())["detail"]

    run(work())


def test_bodies_that_are_broken_or_too_large_are_refused(gateway: Gateway) -> None:
    async def work() -> None:
        async with gateway.http() as session:
            json_kind = {"Content-Type": "application/json"}
            broken = await session.post("/api/v1/documents", data=b"{", headers=json_kind)
            assert await problem(broken) == (400, "invalid_request")
            form_kind = {"Content-Type": "multipart/form-data; boundary=x"}
            for body in (b"--x\r\n", b"--y", b"--x\r\n\r\nno name\r\n--x--\r\n"):
                answer = await session.post("/api/v1/documents", data=body, headers=form_kind)
                assert await problem(answer) == (400, "invalid_request")
            long = {"Content-Type": f"multipart/form-data; boundary={'x' * 300}"}
            answer = await session.post("/api/v1/documents", data=b"--x\r\n", headers=long)
            assert await problem(answer) == (400, "invalid_request")
            large = await session.post("/api/v1/documents", data=bytes(41_000_000))
            assert await problem(large) == (413, "too_large")

            async def pieces() -> Any:
                for _ in range(42):
                    yield bytes(1_000_000)

            chunked = await session.post("/api/v1/documents", data=pieces())
            assert await problem(chunked) == (413, "too_large")
            for refused in (large, chunked):
                assert "larger than the 40 MB allowed." in (await refused.json())["detail"]
            squeezed = {"Content-Encoding": "gzip", "Content-Type": "text/html"}
            packed = await session.post("/api/v1/documents", data=gzip.compress(letter()), headers=squeezed)
            assert await problem(packed) == (415, "invalid_request")
            unknown = await session.post("/api/v1/documents?profile=nonsense", data=letter())
            assert await problem(unknown) == (422, "unknown_profile")

    run(work())


def test_names_can_not_lead_elsewhere(gateway: Gateway) -> None:
    async def work() -> None:
        async with gateway.http() as session:
            for number, name in enumerate(
                ("../../etc/passwd.html", "..\\..\\boot.html", "/abs.html", "a\nb")
            ):
                query = {"filename": name}
                answer = await session.post("/api/v1/documents", params=query, data=letter(300 + number))
                job = (await answer.json())["job_id"]
                kept = (await result(session, job))["metadata"]["filename"]
                assert not set(kept) & set("/\\\n"), kept

    run(work())


def test_a_document_that_is_being_read_is_cancelled_and_the_next_one_is_read(gateway: Gateway) -> None:
    async def work() -> None:
        async with gateway.http() as session:
            job = await submit(session, long_to_read(), "long.pdf")

            async def now() -> dict[str, Any]:
                answer = await session.get(f"/api/v1/jobs/{job}")
                told: dict[str, Any] = await answer.json()
                return told

            async with asyncio.timeout(60):
                while (await now())["status"] != "processing":
                    await asyncio.sleep(0.02)
            answer = await session.delete(f"/api/v1/jobs/{job}")
            assert (answer.status, (await answer.json())["cancelling"]) == (202, True)
            cancelled = await result(session, job)
            assert (cancelled["status"], cancelled["extractedData"]) == ("failed", None)
            assert "cancelled" in cancelled["error"]["message"]
            following = await result(session, await submit(session, letter(77)))
            assert following["status"] == "completed"

    run(work())


def test_a_job_can_be_cancelled_and_a_done_one_stays(gateway: Gateway) -> None:
    async def work() -> None:
        async with gateway.http() as session:
            job = await submit(session, letter(40))
            await result(session, job)
            answer = await session.delete(f"/api/v1/jobs/{job}")
            assert (answer.status, (await answer.json())["cancelling"]) == (202, False)
            assert (await problem(await session.delete("/api/v1/jobs/none")))[0] == 404

    run(work())


def test_a_document_that_is_not_done_by_its_deadline_fails_as_late(tmp_path: Path) -> None:
    async def work(gateway: Gateway) -> None:
        async with gateway.http() as session:
            late = [
                await submit(session, letter(1), deadlineMs="1"),
                (await (await session.post("/api/v1/documents?deadlineMs=1", data=letter(2))).json())[
                    "job_id"
                ],
            ]
            in_time = await submit(session, letter(3), deadlineMs="3600000")
            gateway.start_job()
            for job in late:
                made = await result(session, job)
                assert (made["status"], made["error"]["code"]) == ("failed", "timeout")
                assert "deadline" in made["error"]["message"]
            assert (await result(session, in_time))["error"] is None
            wrong = await session.post("/api/v1/documents?deadlineMs=soon", data=letter(4))
            assert await problem(wrong) == (400, "invalid_request")

    with Gateway(tmp_path, with_job=False) as gateway:
        run(work(gateway))


def test_urgent_documents_overtake_those_that_wait_on_the_log(tmp_path: Path) -> None:
    count = 600  # six times what the buffer holds

    async def work(gateway: Gateway) -> None:
        async with gateway.http() as session:
            for number in range(count):
                await submit(session, letter(number), priority="low")
            several = range(count, count + 8)  # in all partitions of the topic
            urgent = [await submit(session, letter(number), priority="urgent") for number in several]
            gateway.start_job()
            for job in urgent:
                assert (await result(session, job))["error"] is None
        with EmbeddedLog(tmp_path / ".neuraldocflow" / "log.db") as log:
            ended = [
                (record.milliseconds, record.key)
                for partition in log.partitions(PROCESSING_RESULTS)
                for record in log.read(PROCESSING_RESULTS, partition, 0)
            ]
        last = max(at for at, document in ended if document in urgent)
        assert sum(at < last for at, _ in ended) < 200

    with Gateway(tmp_path, with_job=False) as gateway:
        run(work(gateway))


def test_results_made_offline_are_kept_once_and_marked(gateway: Gateway) -> None:
    async def work() -> None:
        async with gateway.http() as session:
            made = {
                "jobId": "made-in-the-browser",
                "status": "completed",
                "extractedData": {"documentType": "medical_record", "pages": 2},
                "metadata": {"filename": "visit.pdf", "uri": "file:///etc/passwd"},
            }
            first = await session.post("/api/v1/results/sync", json={"results": [made]})
            again = await session.post("/api/v1/results/sync", json={"results": [made]})
            assert first.status == 200, await first.text()
            assert await first.json() == await again.json()
            (job,) = (await first.json())["job_ids"]
            kept = await result(session, job)
            assert kept["metadata"]["origin"] == "offline"
            assert kept["extractedData"]["documentType"] == "medical_record"
            assert (await session.get(f"/api/v1/jobs/{job}/pages/1.png")).status == 404
            wrong = await session.post("/api/v1/results/sync", json={"results": [{"status": "great"}]})
            assert await problem(wrong) == (400, "invalid_request")

    run(work())


def test_a_result_of_a_document_that_was_sent_after_all_is_that_documents_job(gateway: Gateway) -> None:
    async def work() -> None:
        async with gateway.http() as session:
            key = "b4c2d7e8f90142a3a5b6c7d8e9f0a1b2"
            headers = {"Idempotency-Key": key, "Content-Type": "text/html"}
            sent = await session.post("/api/v1/documents?filename=a.html", data=letter(60), headers=headers)
            job = (await sent.json())["job_id"]
            made = {"jobId": key, "status": "completed", "metadata": {"filename": "a.html"}}
            synced = await session.post("/api/v1/results/sync", json={"results": [made]})
            assert await synced.json() == {"job_ids": [job]}
            assert "origin" not in (await result(session, job))["metadata"]

    run(work())


def test_profiles_are_served_as_browsers_load_them(gateway: Gateway) -> None:
    async def work() -> None:
        async with gateway.http() as session:
            listed = (await (await session.get("/api/v1/profiles")).json())["profiles"]
            assert {each["name"] for each in listed} >= {"sec_10k", "contract_analysis", "medical_record"}
            one = await session.get("/api/v1/profiles/sec_10k.json")
            assert (await one.json())["name"] == "sec_10k"
            tag = one.headers["ETag"]
            for known, status in (
                (tag, 304),
                (f"W/{tag}", 304),  # as a proxy that compresses has it
                (f'"another", {tag}', 304),
                ("*", 304),
                ('"another"', 200),
            ):
                again = await session.get("/api/v1/profiles/sec_10k.json", headers={"If-None-Match": known})
                assert again.status == status, known
            assert (await problem(await session.get("/api/v1/profiles/none.json")))[0] == 404

    run(work())


def test_health_needs_no_key_and_metrics_one_of_the_operators(gateway: Gateway) -> None:
    async def work() -> None:
        async with gateway.http() as session:
            job = await submit(session, letter(50), "secret-name.html")
            await result(session, job)
            made = {"jobId": "odd", "status": "failed", "error": {"code": "odd-code", "message": ""}}
            made["extractedData"] = {"documentType": "odd-type"}
            assert (await session.post("/api/v1/results/sync", json={"results": [made]})).status == 200
        async with aiohttp.ClientSession(gateway.url) as anyone:
            for path in ("/health/live", "/health/ready", "/health/dataflow"):
                assert (await anyone.get(path)).status == 200, path
                assert (await anyone.head(path)).status == 200, path
            assert await problem(await anyone.get("/metrics")) == (401, "unauthorized")
        for scopes in (("submit", "read"), ("admin",)):
            async with gateway.http(gateway.key("tenant", scopes=scopes)) as tenant:
                assert await problem(await tenant.get("/metrics")) == (403, "unauthorized")
        async with gateway.http(gateway.key("watcher", scopes=("metrics",))) as watcher:
            answer = await watcher.get("/metrics")
            assert answer.status == 200
            text = await answer.text()
            assert (await watcher.get("/api/v1/jobs")).status == 403
        assert re.search(r'neuraldocflow_documents_total\{document_type="generic",status="\w+"\} [1-9]', text)
        assert re.search(r'neuraldocflow_pages_total\{document_type="generic",status="\w+"\}', text)
        for absent in ("secret-name", job, "odd-type", "odd-code"):
            assert absent not in text

    run(work())
