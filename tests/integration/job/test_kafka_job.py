"""The whole job between topics of a real broker."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from pathlib import Path

import orjson
import pyarrow.dataset as ds
import pytest
import yaml
from support import pdf
from support.command import neuraldocflow
from support.gateway import Gateway, result
from support.job import LETTER, kill
from support.kafka_job import KafkaJob
from support.servers.kafka import KafkaServer
from support.topics import Topics, wait_for

from tests.integration.job.test_recovery_store import under_way

pytestmark = pytest.mark.servers


@pytest.fixture
def job(tmp_path: Path, kafka: str) -> KafkaJob:
    return KafkaJob(tmp_path, Topics(kafka))


def each_is_there_once(job: KafkaJob, names: set[str]) -> None:
    """In the archive, among the files, and on the topic, repeats of an event aside."""
    assert Counter(job.archived()) == Counter(names)
    assert {path.name for path in job.results.glob("*.json")} == {f"{name}.json" for name in names}
    delivered = job.delivered(len(names))
    assert sorted(each[0] for each in delivered.values()) == sorted(names)
    assert all(len(set(each)) == 1 for each in delivered.values())


def test_messages_become_results_on_a_topic_and_the_groups_lag_is_gone(job: KafkaJob) -> None:
    names = job.letters(12)
    job.topics.send(job.topic, b"nothing known")
    told = job.run_once()
    assert "12 documents" in told
    each_is_there_once(job, names)
    assert job.committed() == [5, 4, 4]
    assert "0 documents" in job.run_once()
    again = job.letters(1, first=50)
    job.run_once()
    each_is_there_once(job, names | again)


def test_a_job_killed_again_and_again_gives_each_message_one_visible_result(job: KafkaJob) -> None:
    names = job.letters(60)
    for wanted in (5, 20, 40):
        process = job.start("run", "-c", "job.yaml")
        deadline = time.monotonic() + 60
        while len(list(job.results.glob("*.json"))) < wanted and time.monotonic() < deadline:
            time.sleep(0.01)
        kill(process.pid)
        process.communicate(timeout=60)
    job.run_once()
    each_is_there_once(job, names)
    assert job.committed() == [20, 20, 20]


def test_offsets_of_a_source_that_was_left_out_for_a_while_go_on_to_the_end(job: KafkaJob) -> None:
    names = job.letters(60)
    process = job.start("run", "-c", "job.yaml")
    wait_for(lambda: len(list(job.results.glob("*.json"))) > 5, 60)
    kill(process.pid)
    process.communicate(timeout=60)
    with_it = (job.root / "job.yaml").read_text()
    other = {"watch_directories": ["inbox"], "auto_move_processed": True}
    sources = {"other": {"type": "filesystem", "config": other}}
    (job.root / "job.yaml").write_text(yaml.safe_dump({**yaml.safe_load(with_it), "stream_sources": sources}))
    process = job.start("run", "-c", "job.yaml")
    wait_for(lambda: not under_way(job), 60)
    (job.inbox / "late.html").write_text(LETTER.format(number=99, day=1))
    wait_for((job.inbox / "processed" / "late.html").exists)  # told after all before it
    process.terminate()
    process.communicate(timeout=60)
    (job.root / "job.yaml").write_text(with_it)
    job.run_once()
    each_is_there_once(job, names | {"late.html"})
    assert job.committed() == [20, 20, 20]


def test_several_processes_share_a_topic(job: KafkaJob) -> None:
    names = job.letters(30)
    job.run_once("--processes", "2")
    each_is_there_once(job, names)
    assert "0 documents" in job.run_once()
    assert job.committed() == [10, 10, 10]


@pytest.mark.parametrize("processes", ["1", "2"])
def test_partitions_that_are_added_are_read_without_anybody_doing_anything(
    job: KafkaJob, processes: str
) -> None:
    job.configure(source={"client": {"topic.metadata.refresh.interval.ms": 500}})
    names = job.letters(3)
    process = job.start("run", "-c", "job.yaml", "--processes", processes)
    wait_for(lambda: len(list(job.results.glob("*.json"))) >= 3, 120)
    job.partitions = 5
    job.topics.grow(job.topic, 5)
    names |= job.letters(5, first=10)
    wait_for(lambda: len(list(job.results.glob("*.json"))) >= 8, 120)
    process.terminate()
    told, _ = process.communicate(timeout=60)
    assert process.returncode == 0, told
    assert "has 5 partitions now, 3 are read: the job starts again" in told
    each_is_there_once(job, names)


def test_a_broker_killed_in_the_middle_costs_nothing_but_time(tmp_path: Path, broker: KafkaServer) -> None:
    job = KafkaJob(tmp_path, Topics(broker.bootstrap_servers))
    names = job.letters(40)
    process = job.start("run", "-c", "job.yaml")
    wait_for(lambda: len(list(job.results.glob("*.json"))) >= 5, 60)
    broker.kill()
    time.sleep(1.0)
    broker.start()
    names |= job.letters(5, first=100)
    wait_for(lambda: len(list(job.results.glob("*.json"))) >= 45, 60)
    process.terminate()
    told, _ = process.communicate(timeout=60)
    assert process.returncode == 0, told
    assert told.count("does not answer as it should") <= 2, told  # once the source, once the output
    each_is_there_once(job, names)
    assert job.committed() == [15, 15, 15]


def test_results_too_large_for_the_topic_are_in_the_payload_store(job: KafkaJob) -> None:
    job.configure(sink={"max_message_size": 600, "partition_key": "document_type"})
    job.letters(1)
    job.run_once()
    (message,) = job.topics.read(job.results_topic)
    data = orjson.loads(message.value())
    assert message.key() == data["result"]["documentType"].encode()
    assert str(data["dataref"]["uri"]).startswith((job.root / ".neuraldocflow" / "payloads").as_uri())


def test_a_file_that_a_source_may_not_read_is_not_read_for_others_either(kafka: str, tmp_path: Path) -> None:
    """Who drew a page of the refused document, or had it processed again, was shown what is in it."""
    topics = Topics(kafka)
    topic = topics.make()
    secret = tmp_path / "secret.pdf"
    secret.write_bytes(pdf.simple("Nobody is to see this."))
    told = {"bootstrap_servers": kafka, "topic": topic, "consumer_group": topic}
    source = {"type": "kafka", "config": {**told, "file_directories": [str(tmp_path / "shared")]}}
    named = {"uri": secret.as_uri(), "size": secret.stat().st_size}
    topics.send(topic, orjson.dumps({"source": named}))

    async def ask(gateway: Gateway) -> None:
        async with gateway.http() as session:
            refused = await result(session, job["job_id"])
            assert refused["error"]["code"] == "forbidden_url"
            assert (await session.get(f"/api/v1/jobs/{job['job_id']}/pages/1.png")).status == 404
            answer = await session.post(f"/api/v1/jobs/{job['job_id']}/retry")
            assert answer.status == 202, await answer.text()
            again = await result(session, (await answer.json())["job_id"])
            assert (again["status"], again["error"]["code"]) == ("failed", "forbidden_url")

    with Gateway(tmp_path / "job", stream_sources={"inbox": source}) as gateway:
        wait_for(lambda: len(gateway.jobs()) == 1, 60)
        (job,) = gateway.jobs()
        asyncio.run(ask(gateway))


def test_a_file_that_was_refused_is_read_by_a_replay_once_its_source_may(kafka: str, tmp_path: Path) -> None:
    job = KafkaJob(tmp_path, Topics(kafka), partitions=1)
    job.configure(source={"file_directories": [str(tmp_path / "shared")]})
    letter = tmp_path / "given" / "letter.html"
    letter.parent.mkdir()
    letter.write_text(LETTER.format(number=1, day=1))
    job.topics.send(job.topic, orjson.dumps({"source": {"uri": letter.as_uri(), "filename": "letter.html"}}))
    foreign = {"uri": f"forbidden+{(tmp_path / 'job.yaml').as_uri()}", "through": "another"}
    job.topics.send(job.topic, orjson.dumps({"source": {**foreign, "kind": "file", "filename": "job.yaml"}}))
    job.run_once()
    replay = ("replay", "-c", "job.yaml", "--from-beginning", "--where", "status=failed", "--no-wait")
    for directories, expected in (("shared", ("failed", 1)), ("given", ("completed", 2))):
        job.configure(source={"file_directories": [str(tmp_path / directories)]})
        done = neuraldocflow(*replay, folder=tmp_path)
        assert done.returncode == 0, done.stderr
        job.run_once()
        archive = ds.dataset(tmp_path / ".neuraldocflow/archive/documents", partitioning="hive")
        found = archive.to_table().to_pylist()
        assert expected in {
            (each["status"], each["run"]) for each in found if each["filename"] == "letter.html"
        }
    refused = {each["error_code"] for each in found if each["filename"] == "job.yaml"}
    assert refused == {"forbidden_url"}
