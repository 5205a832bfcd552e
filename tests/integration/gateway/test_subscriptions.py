"""Following ends when that is asked for, or when nothing happens; what is kept no longer is said to be."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

from support.gateway import Gateway, Talk, close_code, letter, result, submit

from neuraldocflow.log import PROCESSING_EVENTS, PROCESSING_RESULTS, EmbeddedLog


def test_after_unsubscribing_no_events_come(tmp_path: Path) -> None:
    async def work(gateway: Gateway) -> None:
        async with gateway.stream() as one, gateway.stream() as other, gateway.http() as session:
            leaves, stays = Talk(one), Talk(other)
            await stays.ask("subscribe_channel", channel="results")
            await leaves.ask("subscribe_channel", channel="results")
            left, followed = [await submit(session, letter(number)) for number in range(2)]
            for job in (left, followed):
                await leaves.ask("subscribe", job_id=job)
            assert (await leaves.ask("unsubscribe", job_id=left))["payload"] == {"job_id": left}
            told = await leaves.ask("unsubscribe_channel", channel="results")
            assert told["payload"] == {"channel": "results"}
            gateway.start_job()
            assert {(await stays.until("result"))["data"]["jobId"] for _ in range(2)} == {left, followed}
            while "result" not in {event["event"] for event in leaves.events}:
                await leaves.ask("ping")  # what was given to both is here before the answer
            assert {event["data"]["jobId"] for event in leaves.events} == {followed}
            await leaves.ask("unsubscribe", job_id=followed)
            leaves.events.clear()
            last = await submit(session, letter(2))
            await stays.until("result", last)
            await leaves.ask("ping")
            assert leaves.events == []

    with Gateway(tmp_path, with_job=False) as gateway:
        asyncio.run(work(gateway))


def test_who_asks_for_what_is_no_longer_kept_is_told_so_and_gets_what_comes(tmp_path: Path) -> None:
    async def work(gateway: Gateway) -> None:
        async with gateway.stream() as socket, gateway.http() as session:
            talk = Talk(socket)
            start = (await talk.ask("subscribe_channel", channel="results"))["payload"]["offset"]
            job = await submit(session, letter(1))
            await talk.until("result", job)
            kept = await talk.ask("subscribe", job_id=job, from_offset=start)
            assert kept["payload"]["recovered"] is True
            await talk.ask("unsubscribe", job_id=job)
            with EmbeddedLog(gateway.folder.root / ".neuraldocflow" / "log.db") as log:
                for topic in (PROCESSING_EVENTS, PROCESSING_RESULTS):
                    assert log.retain(topic, max_bytes=0) > 0
            gone = await talk.ask("subscribe", job_id=job, from_offset=start)
            assert gone["payload"]["recovered"] is False
            assert gone["payload"]["state"]["status"] in ("completed", "partial")
            whole = await talk.ask("subscribe", job_id=job)
            assert whole["payload"]["recovered"] is False
            async with asyncio.timeout(60):
                for what in ("result", "events"):
                    answer = await session.get(f"/api/v1/jobs/{job}/{what}")
                    assert (answer.status, (await answer.json())["retryable"]) == (410, False)
            again = await talk.ask("subscribe_channel", channel="results", from_offset=start)
            assert again["payload"]["recovered"] is False
            talk.events.clear()
            other = await submit(session, letter(2))
            assert (await talk.until("result"))["data"]["jobId"] == other
            await result(session, other)

    with Gateway(tmp_path) as gateway:
        asyncio.run(work(gateway))


def test_what_was_removed_before_the_gateway_could_read_it_is_said_to_be_gone(tmp_path: Path) -> None:
    async def begin(gateway: Gateway) -> tuple[str, str]:
        async with gateway.stream() as socket, gateway.http() as session:
            job = await submit(session, letter(1))
            told = await Talk(socket).ask("subscribe", job_id=job)
            return job, told["payload"]["offset"]

    async def go_on(gateway: Gateway, job: str, offset: str) -> None:
        async with gateway.stream() as socket, gateway.http() as session:
            talk = Talk(socket)
            told = (await talk.ask("subscribe", job_id=job, from_offset=offset))["payload"]
            assert (told["recovered"], told["state"]["status"]) == (False, "completed")
            assert (await talk.until("result"))["data"]["jobId"] == job
            async with session.get(f"/api/v1/jobs/{job}/events", headers={"Last-Event-ID": offset}) as events:
                assert "event: result" in await events.text()

    with Gateway(tmp_path, with_job=False) as gateway:
        job, offset = asyncio.run(begin(gateway))
        gateway.stop(signal.SIGKILL)
        gateway.start_job()
        gateway.loses_events()
        gateway.start()
        asyncio.run(go_on(gateway, job, offset))


def test_a_job_of_a_log_that_was_begun_anew_is_there_and_its_events_are_gone(tmp_path: Path) -> None:
    log_file = tmp_path / ".neuraldocflow" / "log.db"

    async def made(gateway: Gateway, count: int) -> list[str]:
        results = [{"jobId": f"made-offline-{number}", "status": "completed"} for number in range(count)]
        async with gateway.http() as session:
            answer = await session.post("/api/v1/results/sync", json={"results": results})
            return list((await answer.json())["job_ids"])

    async def ask(gateway: Gateway, job: str) -> None:
        async with gateway.stream() as socket, gateway.http() as session, asyncio.timeout(60):
            talk = Talk(socket)
            place = (await talk.ask("subscribe_channel", channel="progress"))["payload"]["offset"]
            for headers in ({"Last-Event-ID": place}, {}):
                answer = await session.get(f"/api/v1/jobs/{job}/events", headers=headers)
                assert (answer.status, (await answer.json())["retryable"]) == (410, False)
            assert (await session.get(f"/api/v1/jobs/{job}/result")).status == 410
            for offset in ({}, {"from_offset": place}):
                told = (await talk.ask("subscribe", job_id=job, **offset))["payload"]
                assert (told["recovered"], told["state"]["status"]) == (False, "completed")
                again = await talk.ask("subscribe", job_id=job, from_offset=told["offset"])
                assert again["payload"]["recovered"] is False

    with Gateway(tmp_path, with_job=False) as gateway:
        gateway.stop()
        for part in log_file.parent.glob("log.db*"):
            part.unlink()
        with EmbeddedLog(log_file) as log:
            log.ensure_topic(PROCESSING_RESULTS, 64)  # as a log in Kafka may have had more partitions
        gateway.start()
        jobs = asyncio.run(made(gateway, 4))
        gateway.stop()
        with EmbeddedLog(log_file) as log:
            used = {part for part in range(64) if log.end(PROCESSING_RESULTS, part)}
        assert max(used) >= 4
        for part in log_file.parent.glob("log.db*"):
            part.unlink()
        gateway.start()
        for job in jobs:
            asyncio.run(ask(gateway, job))


def test_a_session_in_which_nothing_happens_is_closed_with_a_code(tmp_path: Path) -> None:
    async def work(gateway: Gateway) -> None:
        async with gateway.stream() as socket:
            assert (await Talk(socket).ask("ping"))["payload"] == {"pong": True}
            assert await close_code(socket) == 4408

    with Gateway(tmp_path, with_job=False, gateway={"idle_timeout_s": 1}) as gateway:
        asyncio.run(work(gateway))
