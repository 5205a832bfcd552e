"""The whole job on a bucket of a real S3 server."""

from __future__ import annotations

import re
import time
from collections import Counter
from pathlib import Path

import pytest
import yaml
from support.job import kill
from support.s3_events import plain
from support.s3_job import S3Job
from support.servers.s3 import S3Server
from support.servers.sqs import SqsServer
from support.unreliable import unreliable

from neuraldocflow.events import ProcessingProgress, ProcessingStarted, decode
from neuraldocflow.log import EmbeddedLog

pytestmark = pytest.mark.servers


@pytest.fixture
def job(tmp_path: Path, s3: S3Server, bucket: str) -> S3Job:
    return S3Job(tmp_path, bucket, s3.client())


def test_objects_become_results_and_are_removed_only_then(job: S3Job) -> None:
    job.configure({"delete_after_processing": True, "file_patterns": ["*.html"]})
    job.letter("in/brief an müller #1.html")
    job.letter("b.html", 2)
    job.letter("note.txt", 3)
    job.run_once()
    assert job.result("b.html")["status"] in ("completed", "partial")
    result = job.result("brief an müller #1.html")
    assert result["metadata"]["filename"] == "brief an müller #1.html"
    assert result["metadata"]["bytes"] > 0
    assert re.fullmatch("[0-9a-f]{64}", result["metadata"]["sha256"])
    assert job.keys() == ["note.txt"]
    assert not any((job.root / ".neuraldocflow" / "work" / "fetched").rglob("*-*"))


def test_what_is_done_is_not_done_again_by_the_next_run(job: S3Job) -> None:
    job.letter("a.html")
    job.run_once()
    job.letter("b.html", 2)
    job.run_once()
    assert sorted(job.archived()) == ["a.html", "b.html"]


def test_an_object_above_the_size_limit_fails_and_the_others_do_not(job: S3Job) -> None:
    job.configure(limits={"max_download_mb": 1})
    job.client.put_object(Bucket=job.bucket, Key="big.html", Body=b"x" * (2 << 20))
    job.letter("a.html")
    job.run_once()
    assert job.result("big.html")["error"]["code"] == "too_large"
    assert job.result("a.html")["status"] != "failed"


def test_a_job_killed_again_and_again_gives_each_object_one_visible_result(job: S3Job) -> None:
    names = {f"letter-{number}.html" for number in range(60)}
    for number, name in enumerate(sorted(names)):
        job.letter(name, number)
    results = job.results
    for wanted in (5, 20, 40):
        process = job.start("run", "-c", "job.yaml")
        deadline = time.monotonic() + 60
        while len(list(results.glob("*.json"))) < wanted and time.monotonic() < deadline:
            time.sleep(0.01)
        kill(process.pid)
        process.communicate(timeout=60)
    job.run_once()
    assert Counter(job.archived()) == Counter(names)
    assert {path.name for path in results.glob("*.json")} == {f"{name}.json" for name in names}


def test_several_processes_share_a_bucket(job: S3Job) -> None:
    names = {f"letter-{number}.html" for number in range(40)}
    for number, name in enumerate(sorted(names)):
        job.letter(name, number)
    job.configure({"delete_after_processing": True, "partitions": 6})
    job.run_once("--processes", "2", "--workers", "2")
    assert Counter(job.archived()) == Counter(names)
    assert job.keys() == []


def test_a_queue_and_a_killed_job_give_each_object_one_visible_result(
    job: S3Job, sqs_server: SqsServer, queue_url: str
) -> None:
    """Each object is announced three times, one is gone; what was in flight comes again."""
    queue = sqs_server.client()
    job.configure({"sqs_notifications": True, "sqs_queue_url": queue_url, "visibility_timeout_ms": 2000})
    names = {f"letter-{number}.html" for number in range(40)}
    etags = {name: job.letter(name, number) for number, name in enumerate(sorted(names))}
    etags["gone.html"] = "00000000000000000000000000000000"
    for name, etag in list(etags.items()) * 3:
        queue.send_message(QueueUrl=queue_url, MessageBody=plain(job.bucket, name, etag))

    def left() -> int:
        counted = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        told = queue.get_queue_attributes(QueueUrl=queue_url, AttributeNames=counted)["Attributes"]
        return sum(int(told[each]) for each in counted)

    for wanted in (5, 20):
        process = job.start("run", "-c", "job.yaml")
        deadline = time.monotonic() + 60
        while len(list(job.results.glob("*.json"))) < wanted and time.monotonic() < deadline:
            time.sleep(0.01)
        kill(process.pid)
        process.communicate(timeout=60)
    process = job.start("run", "-c", "job.yaml")
    deadline = time.monotonic() + 60
    while left() and time.monotonic() < deadline:
        time.sleep(0.1)
    process.terminate()
    process.communicate(timeout=60)
    assert left() == 0
    assert Counter(job.archived()) == Counter([*names, "gone.html"])
    error = job.result("gone.html")["error"]
    assert error["code"] == "fetch_failed"
    assert f"s3://{job.bucket}/gone.html is gone" in error["message"]


def test_a_bucket_in_trouble_halts_the_job_and_loses_nothing(job: S3Job, s3: S3Server) -> None:
    names = {f"letter-{number}.html" for number in range(20)}
    for number, name in enumerate(sorted(names)):
        job.letter(name, number)
    with unreliable(s3.endpoint) as proxy:
        job.configure({"endpoint_url": proxy.endpoint, "delete_after_processing": True})
        process = job.start("run", "-c", "job.yaml")
        deadline = time.monotonic() + 60
        for status in (503, 500):
            while proxy.answered.count(200) < 30 and time.monotonic() < deadline:
                time.sleep(0.005)
            proxy.answered.clear()
            proxy.status = status
            while proxy.answered.count(status) < 4 and time.monotonic() < deadline:
                time.sleep(0.01)
            proxy.status = 0
        while job.keys() and time.monotonic() < deadline:
            time.sleep(0.05)
        process.terminate()
        told, _ = process.communicate(timeout=60)
    assert Counter(job.archived()) == Counter(names), told
    assert {job.result(name)["status"] for name in names} == {"completed"}
    assert job.keys() == []


def test_fetching_is_a_stage_of_its_own_before_an_agent_has_begun(job: S3Job) -> None:
    job.letter("a.html")
    job.run_once()
    with EmbeddedLog(job.root / ".neuraldocflow" / "log.db") as log:
        events = [
            decode(record.value)
            for partition in log.partitions("processing-events")
            for record in log.read("processing-events", partition, 0)
        ]
    told = [each for each in events if isinstance(each, ProcessingProgress | ProcessingStarted)]
    assert isinstance(told[0], ProcessingProgress)
    assert told[0].stage == "fetching"
    assert isinstance(told[1], ProcessingStarted)
    assert told[1].agent_id
    numbers = [each.sequence for each in told if isinstance(each, ProcessingProgress)]
    assert numbers == list(range(len(numbers)))


def test_objects_are_replayed_through_their_source_from_where_it_moved_them_and_lost_ones_are_told(
    job: S3Job, s3: S3Server
) -> None:
    """The bucket is where only the source's own endpoint leads."""
    job.configure({"endpoint_url": s3.endpoint, "prefix": "in/", "move_processed_to": "done/"})
    config = yaml.safe_load((job.root / "job.yaml").read_text())
    config["stream_sources"] = {"in.box": config["stream_sources"]["inbox"]}
    (job.root / "job.yaml").write_text(yaml.safe_dump(config))
    job.environment |= {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9"}
    for number, name in enumerate("abc"):
        job.letter(f"in/{name}.html", number)
    job.run_once()
    assert job.keys() == ["done/a.html", "done/b.html", "done/c.html"]
    job.client.delete_object(Bucket=job.bucket, Key="done/b.html")
    job.letter("done/c.html", 99)
    told, _ = job.start("replay", "-c", "job.yaml", "--from-beginning", "--no-wait").communicate(timeout=60)
    assert "b.html: can't be run again: its payload is no longer there" in told
    assert "c.html: can't be run again: its payload is no longer there" in told
    assert "1 document run again" in told
    job.run_once()
    assert (job.result("a.html")["run"], job.result("a.html")["status"]) == (1, "completed")
    assert job.keys() == ["done/a.html", "done/c.html"]
    job.environment.clear()


def test_what_is_under_way_is_read_through_its_source_also_while_only_another_one_runs(
    job: S3Job, s3: S3Server
) -> None:
    """The bucket is where only the source's own endpoint leads."""
    with unreliable(s3.endpoint) as proxy:
        job.configure({"endpoint_url": proxy.endpoint, "delete_after_processing": True})
        config = yaml.safe_load((job.root / "job.yaml").read_text())
        folder = {"type": "filesystem", "config": {"watch_directories": ["inbox"]}}
        config["stream_sources"] = {"bucket": config["stream_sources"]["inbox"], "folder": folder}
        (job.root / "job.yaml").write_text(yaml.safe_dump(config))
        nowhere = "http://127.0.0.1:9"
        job.environment |= {"AWS_ENDPOINT_URL": nowhere, "AWS_ENDPOINT_URL_S3": nowhere}
        body = b"<p>A letter.</p>" * 60_000
        job.client.put_object(Bucket=job.bucket, Key="a.html", Body=body)
        proxy.cut_after, proxy.cuts = 5_000, 1000  # more than a listing has
        process = job.start("run", "-c", "job.yaml")
        deadline = time.monotonic() + 60
        while proxy.cuts > 995 and time.monotonic() < deadline:
            time.sleep(0.01)
        process.terminate()
        told, _ = process.communicate(timeout=60)
        assert process.returncode == 0, told
        proxy.cuts = 0
        job.run_once("--source", "folder")
        assert job.result("a.html")["status"] == "completed"
        assert job.keys() == ["a.html"]
        job.run_once("--source", "bucket")
        assert job.keys() == []
    assert job.archived() == ["a.html"]


def test_a_bucket_that_does_not_answer_is_no_reason_to_give_documents_up(job: S3Job, s3: S3Server) -> None:
    job.letter("a.html")
    job.run_once()
    job.environment |= {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9"}
    process = job.start("replay", "-c", "job.yaml", "--from-beginning", "--no-wait")
    told, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert re.search(r"s3://.*/a.html can't be asked for .*try again later", told.replace("\n", " "))
    assert "Traceback" not in told
