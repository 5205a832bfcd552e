"""The specification's whole ``stream_sources`` block in one job, on real servers that fail while it runs."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from support import docx, pdf
from support.gateway import Gateway
from support.job import LETTER, kill
from support.s3_events import plain
from support.servers.kafka import KafkaServer
from support.servers.s3 import S3Server, start_versitygw
from support.servers.sqs import SqsServer
from support.topics import Topics, wait_for
from support.unreliable import Unreliable, unreliable

from neuraldocflow.events import ProcessingCompleted, decode
from neuraldocflow.log import PROCESSING_RESULTS, EmbeddedLog

pytestmark = [pytest.mark.servers, pytest.mark.slow]

EACH = 250
"""Documents of each source."""
TROUBLED = ["gone.html", "another.html", "replaced.html", "replaced.html", "huge.pdf"]
"""Documents that can't be read, each for a reason of its own; of those replaced the second can."""


class Everything:
    """The specification's four sources, one job with its gateway, and hands that put documents into each."""

    def __init__(
        self,
        root: Path,
        broker: KafkaServer,
        s3: S3Server,
        sqs: SqsServer,
        queue: str,
        proxy: str,
    ) -> None:
        self.root = root
        self.bucket, self.objects = "inbox", s3.client()
        self.objects.create_bucket(Bucket=self.bucket)
        self.queue, self.announcements = queue, sqs.client()
        self.topics = Topics(broker.bootstrap_servers)
        self.topics.make("document-stream", partitions=3)
        self.folders = [root / "incoming" / "documents", root / "urgent" / "processing"]
        for folder in self.folders:
            folder.mkdir(parents=True)
        self.names: set[str] = set()
        self.sent = 0
        sources, limits = self._sources(broker, proxy), {"limits": {"max_download_mb": 256}}
        self.gateway = Gateway(root, with_job=False, stream_sources=sources, runtime=limits)
        self.gateway.folder.environment = s3.environment()
        self.gateway.folder.bound_by_rights = True
        self.log = EmbeddedLog(root / ".neuraldocflow" / "log.db")

    def _sources(self, broker: KafkaServer, endpoint: str) -> dict[str, Any]:
        return {
            "filesystem_watcher": {
                "type": "filesystem",
                "config": {
                    "watch_directories": [str(folder) for folder in self.folders],
                    "file_patterns": ["*.pdf", "*.docx"],
                    "recursive": True,
                    "debounce_ms": 500,
                    "auto_move_processed": True,
                    "processed_directory": str(self.root / "processed"),
                },
            },
            "s3_bucket_monitor": {
                "type": "s3",
                "config": {
                    "bucket": self.bucket,
                    "prefix": "incoming/",
                    "polling_interval_ms": 1000,
                    "sqs_notifications": True,
                    "delete_after_processing": False,
                    "sqs_queue_url": self.queue,
                    "endpoint_url": endpoint,
                    "visibility_timeout_ms": 5000,
                },
            },
            "kafka_consumer": {
                "type": "kafka",
                "config": {
                    "topic": "document-stream",
                    "consumer_group": "neuraldocflow-processors",
                    "auto_commit": False,
                    "max_poll_records": 10,
                    "bootstrap_servers": broker.bootstrap_servers,
                },
            },
            "webhook_receiver": {
                "type": "webhook",
                "config": {
                    "endpoint": "/api/v1/documents/webhook",
                    "authentication": "bearer_token",
                    "max_payload_size": "50MB",
                    "async_processing": True,
                },
            },
        }

    def drop_files(self, numbers: range) -> None:
        """Into both folders, a third of them into a subfolder."""
        for number in numbers:
            folder = self.folders[number % 2] / ("deep" if number % 3 == 0 else "")
            folder.mkdir(exist_ok=True)
            text = f"Letter {number}"
            if number % 5:
                name, data = f"file-{number}.docx", docx.simple(docx.paragraph(docx.run(text)))
            else:
                name, data = f"file-{number}.pdf", pdf.simple(text)
            (folder / name).write_bytes(data)
            self.names.add(name)

    def put_objects(self, numbers: range) -> None:
        """Each announced once to three times, the first twenty times."""
        for number in numbers:
            name = f"object-{number}.html"
            key = f"incoming/{name}"
            told = self.objects.put_object(Bucket=self.bucket, Key=key, Body=letter("object", number))
            self.announce(key, told["ETag"].strip('"'), 20 if number == 0 else 1 + number % 3)
            self.names.add(name)

    def announce(self, key: str, etag: str, times: int = 1, size: int = 100) -> None:
        told = plain(self.bucket, key, etag, size)
        for _ in range(times):
            self.announcements.send_message(QueueUrl=self.queue, MessageBody=told)

    def put_and_announce(self, key: str, body: bytes) -> None:
        told = self.objects.put_object(Bucket=self.bucket, Key=key, Body=body)
        self.announce(key, told["ETag"].strip('"'), size=len(body))

    def put_another_while_it_is_read(self, key: str, proxy: Unreliable) -> None:
        """The connection breaks off in the middle of the first; when it is read on, there is another."""
        one, other = (letter("object", number) + b" " * (64 << 10) for number in (1001, 1002))
        proxy.when_cut = lambda: self.put_and_announce(key, other)
        proxy.cut_after, proxy.cuts = 32 << 10, 1
        self.put_and_announce(key, one)

    def send_with_another_hash(self, name: str) -> None:
        """An event of an object, with a hash that is not of its content."""
        key = f"elsewhere/{name}"
        self.objects.put_object(Bucket=self.bucket, Key=key, Body=letter("object", 1003))
        uri = f"s3://{self.bucket}/{key}"
        event = {"id": name, "source": {"uri": uri, "sha256": "0" * 64, "filename": name}}
        self.topics.send("document-stream", json.dumps(event).encode(), {"content-type": "application/json"})
        self.sent += 1

    def left_in_queue(self) -> int:
        counted = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        told = self.announcements.get_queue_attributes(QueueUrl=self.queue, AttributeNames=counted)
        return sum(int(told["Attributes"][each]) for each in counted)

    def send_messages(self, numbers: range) -> None:
        for number in numbers:
            name = f"message-{number}.html"
            self.topics.send(
                "document-stream", letter("message", number), {"filename": name}, partition=number % 3
            )
            self.names.add(name)
        self.sent += len(numbers)

    def lag(self) -> int:
        """Messages whose results the group has not committed."""
        committed = [
            self.topics.committed("neuraldocflow-processors", "document-stream", part) for part in range(3)
        ]
        return self.sent - sum(max(0, each) for each in committed)

    def post(self, numbers: range) -> None:
        """Every tenth is posted twice, as a caller does who has not seen the answer."""

        async def posting() -> None:
            async with self.gateway.http() as session:
                for number in numbers:
                    jobs = {
                        await self._post_one(session, number) for _ in range(2 if number % 10 == 0 else 1)
                    }
                    assert len(jobs) == 1

        asyncio.run(posting())

    async def _post_one(self, session: aiohttp.ClientSession, number: int) -> str:
        name = f"posted-{number}.html"
        data = aiohttp.FormData()
        data.add_field("file", letter("posted", number), filename=name)
        url, headers = "/api/v1/documents/webhook", {"Idempotency-Key": name}
        async with session.post(url, data=data, headers=headers) as answer:
            assert answer.status == 202, await answer.text()
            self.names.add(name)
            return str((await answer.json())["job_id"])

    def results(self) -> dict[tuple[str, int], dict[str, Any]]:
        """The log's results by document and run."""
        found = {}
        for partition in self.log.partitions(PROCESSING_RESULTS):
            for record in self.log.read(PROCESSING_RESULTS, partition, 0):
                event = decode(record.value)
                assert isinstance(event, ProcessingCompleted)
                found[event.id, event.run] = event.result
        return found

    def restart_job(self) -> None:
        assert self.gateway.job is not None
        kill(self.gateway.job.pid)
        self.gateway.job.communicate(timeout=60)
        self.gateway.start_job()


def letter(kind: str, number: int) -> bytes:
    return LETTER.format(number=number, day=number % 28 + 1).replace("Letter", kind.title()).encode()


@pytest.fixture
def storage(tmp_path: Path) -> Path:
    """The folder under an object store of the test's own."""
    root = tmp_path / "storage"
    root.mkdir()
    return root


@pytest.fixture
def objects(storage: Path) -> Iterator[S3Server]:
    port, server = start_versitygw(storage)
    try:
        yield S3Server(f"http://127.0.0.1:{port}")
    finally:
        server.stop()


@pytest.fixture
def proxy(objects: S3Server) -> Iterator[Unreliable]:
    with unreliable(objects.endpoint) as running:
        yield running


def answers(proxy: Unreliable, status: int) -> None:
    """The object store answers with nothing but this status until four requests have had it."""
    proxy.answered.clear()
    proxy.status = status
    wait_for(lambda: proxy.answered.count(status) >= 4, 180)
    proxy.status = 0


def is_slow(proxy: Unreliable) -> None:
    """The object store takes two seconds for an answer until three requests have had one: where all objects
    are read already, only listings come."""
    proxy.answered.clear()
    proxy.delay = 2.0
    wait_for(lambda: len(proxy.answered) >= 3, 180)
    proxy.delay = 0.0


@contextlib.contextmanager
def without_rights(folder: Path) -> Iterator[None]:
    folder.chmod(0)
    try:
        yield
    finally:
        folder.chmod(0o755)


def test_each_document_of_four_sources_has_one_visible_result_whatever_fails(
    tmp_path: Path,
    broker: KafkaServer,
    objects: S3Server,
    storage: Path,
    sqs_server: SqsServer,
    queue_url: str,
    proxy: Unreliable,
) -> None:
    """A quarter of each source's documents comes at a time, each quarter with a trouble of its own."""
    everything = Everything(tmp_path / "job", broker, objects, sqs_server, queue_url, proxy.endpoint)
    quarters = [range(start, min(start + 63, EACH)) for start in range(0, EACH, 63)]
    huge = storage / "objects" / everything.bucket / "incoming" / "huge.pdf"
    with everything.gateway as gateway:
        gateway.start_job()
        everything.drop_files(quarters[0])
        everything.put_objects(quarters[0])
        everything.send_messages(quarters[0])
        everything.post(quarters[0])

        wait_for(lambda: len(everything.results()) >= 100, 180)
        everything.restart_job()
        everything.announce("incoming/gone.html", "0" * 32, 3)
        everything.send_with_another_hash("another.html")
        wait_for(lambda: len(everything.results()) >= 4 * len(quarters[0]), 180)
        with without_rights(everything.folders[1]):
            everything.drop_files(quarters[1])
            everything.put_objects(quarters[1])
            everything.put_another_while_it_is_read("incoming/replaced.html", proxy)
            everything.send_messages(quarters[1])
            everything.post(quarters[1])
            wait_for(lambda: len(everything.results()) >= 400, 180)

        broker.kill()
        everything.drop_files(quarters[2])
        everything.put_objects(quarters[2])
        for status in (503, 500):
            answers(proxy, status)
        is_slow(proxy)
        everything.post(quarters[2])
        broker.start()
        everything.send_messages(quarters[2])

        with huge.open("wb") as file:  # by hand, taking no room: uploading it would take minutes
            file.truncate(5 << 30)
        everything.announce("incoming/huge.pdf", "1" * 32, size=5 << 30)
        everything.put_objects(quarters[3])
        everything.drop_files(quarters[3])
        everything.restart_job()
        everything.send_messages(quarters[3])
        everything.post(quarters[3])

        assert len(everything.names) == 4 * EACH
        expected = Counter([*everything.names, *TROUBLED])
        wait_for(lambda: len(everything.results()) >= expected.total(), 240)
        wait_for(lambda: everything.left_in_queue() == 0 and everything.lag() == 0, 180)
        wait_for(lambda: not any(each.is_file() for top in everything.folders for each in top.rglob("*")))
        time.sleep(0.5)  # whatever would come twice would come now
    results = everything.results()
    everything.log.close()
    assert Counter(each["metadata"]["filename"] for each in results.values()) == expected
    assert Counter(gateway.folder.archived()) == expected
    failed = {
        each["metadata"]["filename"]: each["error"]["message"]
        for each in results.values()
        if each["status"] == "failed"
    }
    bucket = f"s3://{everything.bucket}"
    for name, reason in {
        "gone.html": f"{bucket}/incoming/gone.html is gone",
        "another.html": f"{bucket}/elsewhere/another.html",
        "replaced.html": f"{bucket}/incoming/replaced.html was replaced after it was seen",
        "huge.pdf": f"{bucket}/incoming/huge.pdf",
    }.items():
        assert reason in failed.pop(name)
    assert failed == {}
    moved = {each.name for each in (tmp_path / "job" / "processed").rglob("*") if each.is_file()}
    assert moved == {name for name in everything.names if name.startswith("file-")}
