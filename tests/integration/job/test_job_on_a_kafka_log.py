"""The job and the gateway with their log in Kafka."""

from __future__ import annotations

import asyncio
import json
import uuid
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.command import neuraldocflow
from support.gateway import Gateway, Talk, letter, result, submit
from support.job import JobFolder
from support.servers.kafka import KafkaServer
from support.topics import Topics, wait_for

from neuraldocflow import config
from neuraldocflow.events import DocumentSource, NewDocument
from neuraldocflow.log import DOCUMENT_STREAM, PROCESSING_EVENTS, PROCESSING_RESULTS, open_log
from sinks.events import message_of


def log_on(servers: str) -> dict[str, Any]:
    return {"kafka": {"bootstrap_servers": servers, "topic_prefix": f"{uuid.uuid4().hex[:10]}."}}


def results(job: JobFolder) -> list[str]:
    """The names of the files that the log has results of."""
    shown = ("--from-beginning", "--no-follow", "--json")
    done = neuraldocflow("tail", "-c", "job.yaml", *shown, folder=job.root)
    assert done.returncode == 0, done.stderr
    return [json.loads(line)["result"]["metadata"]["filename"] for line in done.stdout.splitlines()]


def test_documents_of_a_folder_have_their_results_on_the_topic(kafka: str, tmp_path: Path) -> None:
    job = JobFolder(tmp_path, log=log_on(kafka))
    names = job.letters(20)
    job.run_once()
    assert sorted(results(job)) == sorted(names)
    assert sorted(job.archived()) == sorted(names)


def test_the_gateway_takes_documents_and_gives_results_by_way_of_kafka(kafka: str, tmp_path: Path) -> None:
    """Results are partitioned as the specification's output says whose topic the log's is."""

    async def work(gateway: Gateway) -> None:
        async with gateway.stream() as socket, gateway.http() as session:
            talk = Talk(socket)
            await talk.ask("subscribe_channel", channel="results")
            jobs = [await submit(session, letter(number)) for number in range(5)]
            seen = {(await talk.until("result"))["data"]["jobId"] for _ in jobs}
            assert seen == set(jobs)
            for job in jobs:
                assert (await result(session, job))["jobId"] == job
                answer = await talk.ask("subscribe", job_id=job)
                assert answer["payload"]["state"]["status"] == "completed"
                assert (await talk.until("result", job))["data"]["jobId"] == job

    log = log_on(kafka)
    own = f"{log['kafka']['topic_prefix']}processing-results"
    outputs = [{"type": "kafka", "config": {"topic": own, "partition_key": "document_type"}}]
    with Gateway(tmp_path, runtime={"log": log}, processing_pipeline={"output_streams": outputs}) as gateway:
        asyncio.run(work(gateway))
        assert gateway.job is not None
        gateway.job.terminate()  # the log has everything, once
        gateway.job.communicate(timeout=60)
        written = Topics(kafka).read(own, 0)
        assert [message.key() for message in written] == [b"generic"] * 5
        assert len({message.partition() for message in written}) == 1
        told, _ = gateway.folder.start(
            "replay", "-c", "job.yaml", "--from-beginning", "--dry-run"
        ).communicate(timeout=60)
        assert "5 documents would be run again" in told


def test_a_broker_that_dies_under_the_job_costs_no_result(broker: KafkaServer, tmp_path: Path) -> None:
    job = JobFolder(tmp_path, log=log_on(broker.bootstrap_servers))
    names = job.letters(60)
    running = job.start("run", "--once", "-c", "job.yaml")
    while len(list(job.results.glob("*.json"))) < 10:
        assert running.poll() is None, running.communicate()[0]
        asyncio.run(asyncio.sleep(0.05))
    broker.kill()
    asyncio.run(asyncio.sleep(1))
    broker.start()
    told, _ = running.communicate(timeout=300)
    assert running.returncode == 0, told
    assert sorted(job.archived()) == sorted(names)
    assert set(results(job)) == names


@pytest.mark.slow
def test_partitions_that_the_logs_topics_are_given_meanwhile_are_read(kafka: str, tmp_path: Path) -> None:
    """By the job, the gateway and who follows: what comes there would never be seen before a restart."""

    async def first(gateway: Gateway) -> tuple[str, list[str]]:
        async with gateway.http() as session:
            job = await submit(session, letter(0))
            failing = [await submit(session, b"%%PDF-1.7 no %d" % n, name=f"{n}.pdf") for n in range(6)]
            for each in (job, *failing):
                await result(session, each)
            return job, failing

    async def again(gateway: Gateway, jobs: list[str]) -> list[int]:
        async with gateway.http() as session:
            return [(await session.post(f"/api/v1/jobs/{job}/retry")).status for job in jobs]

    log = log_on(kafka)
    with Gateway(tmp_path, runtime={"log": log}) as gateway:
        done, failed = asyncio.run(first(gateway))
        expected = {done}
        where = ("--where", "status=completed")
        following = gateway.folder.start("tail", "-c", "job.yaml", "--from-beginning", "--json", *where)
        assert following.stdout is not None
        try:
            shown = {json.loads(following.stdout.readline())["id"]}
            topics = Topics(kafka)
            for name in (DOCUMENT_STREAM, PROCESSING_EVENTS, PROCESSING_RESULTS):
                topics.grow(log["kafka"]["topic_prefix"] + name, 12)
            letters = [(tmp_path / "inbox" / name) for name in gateway.folder.letters(24)]
            runtime = config.parse(yaml.safe_dump({"runtime": {"log": log}})).runtime
            with open_log(runtime) as another:
                documents = [
                    NewDocument(
                        id=str(uuid.uuid4()),
                        source=DocumentSource(
                            kind="file", uri=path.as_uri(), size=path.stat().st_size, filename=path.name
                        ),
                    )
                    for path in letters
                ]
                places = another.append([message_of(each) for each in documents])
            assert any(place.partition >= 4 for place in places)
            expected |= {each.id for each in documents}
            while shown < expected:
                shown.add(json.loads(following.stdout.readline())["id"])
        finally:
            following.terminate()
            following.communicate(timeout=60)
        wait_for(
            lambda: {job["job_id"] for job in gateway.jobs() if job["status"] == "completed"} == expected
        )
        assert asyncio.run(again(gateway, failed[:3])) == [202] * 3
        gateway.stop()
        gateway.start()  # it counts them anew, and their events are where they were
        assert asyncio.run(again(gateway, failed[3:])) == [202] * 3
