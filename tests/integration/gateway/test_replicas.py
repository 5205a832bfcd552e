"""Two gateways on one log: what one has taken the other tells of, from any offset, also after restarts."""

from __future__ import annotations

import asyncio
import signal
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from support.gateway import Gateway, Talk, letter, result, submit

Seen = list[tuple[str, Any]]


def run(work: Any) -> Any:
    return asyncio.run(work)


@pytest.fixture(scope="module", params=["embedded", pytest.param("kafka", marks=pytest.mark.servers)])
def two(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Gateway, Gateway]]:
    """Two gateways and a job: in one state directory, or each in its own with the log in Kafka."""
    tmp_path = tmp_path_factory.mktemp("replicas")
    first_state = tmp_path / "first" / ".neuraldocflow"
    shared: dict[str, Any] = {"payload_store": str(first_state / "payloads")}
    second: dict[str, Any] = {"state_directory": str(first_state)}
    if request.param == "kafka":
        servers = request.getfixturevalue("kafka")
        shared["log"] = {"kafka": {"bootstrap_servers": servers, "topic_prefix": f"{uuid.uuid4().hex[:10]}."}}
        second = {}
    keys = {"keys_file": str(first_state / "keys.json")}
    with ExitStack() as stack:
        one = stack.enter_context(Gateway(tmp_path / "first", runtime=shared, gateway=keys))
        other = Gateway(tmp_path / "second", with_job=False, runtime={**shared, **second}, gateway=keys)
        yield one, stack.enter_context(other)


async def told(gateway: Gateway, key: str, job: str, after: str | None = None) -> tuple[Seen, list[str]]:
    """A job's events to its result, and their offsets."""
    async with gateway.stream(key) as socket:
        talk = Talk(socket)
        answer = await talk.ask("subscribe", job_id=job, from_offset=after)
        assert answer["payload"]["recovered"] is True
        events: list[dict[str, Any]] = []
        while not events or events[-1]["event"] != "result":
            events.append(talk.events.pop(0) if talk.events else (await talk.receive())["payload"])
    return [(each["event"], each["data"]) for each in events], [each["offset"] for each in events]


def test_any_gateway_takes_follows_and_resumes_what_another_has_taken(two: tuple[Gateway, Gateway]) -> None:
    one, other = two
    key, stranger = one.key("acme"), one.key("elsewhere")

    async def before() -> tuple[str, Seen, list[str]]:
        async with one.http(key) as session, other.http(key) as there, other.http(stranger) as nobody:
            job = await submit(session, letter(1))
            events, offsets = await told(other, key, job)
            assert (await result(there, job))["jobId"] == job
            assert await submit(there, letter(1)) == job
            assert (await nobody.get(f"/api/v1/jobs/{job}")).status == 404
            back = await submit(there, letter(2))
            assert (await told(one, key, back))[0][-1][1]["jobId"] == back
            return job, events, offsets

    async def after(job: str, events: Seen, offsets: list[str]) -> None:
        for gateway in two:  # an offset of one is an offset of the other
            assert (await told(gateway, key, job))[0] == events
            for number in range(len(offsets) - 1):
                assert (await told(gateway, key, job, offsets[number]))[0] == events[number + 1 :]
            async with gateway.stream(key) as socket:
                talk = Talk(socket)
                answer = await talk.ask("subscribe_channel", channel="results", from_offset=offsets[0])
                assert answer["payload"]["recovered"] is True
                assert (await talk.until("result", job))["data"] == events[-1][1]

    job, events, offsets = run(before())
    run(after(job, events, offsets))
    other.stop(signal.SIGKILL)
    other.start()
    run(after(job, events, offsets))


def test_a_job_is_cancelled_by_any_gateway(two: tuple[Gateway, Gateway]) -> None:
    one, other = two
    assert one.job is not None
    one.job.terminate()
    one.job.communicate(timeout=60)

    async def work() -> None:
        async with one.http() as session, other.http(one.local_key) as there:
            jobs = [await submit(session, letter(100 + number)) for number in range(8)]
            answer = await there.delete(f"/api/v1/jobs/{jobs[-1]}")
            assert (await answer.json())["cancelling"] is True
            one.start_job()
            assert (await result(session, jobs[-1]))["status"] == "failed"
            assert (await result(there, jobs[0]))["status"] in ("completed", "partial")

    run(work())
