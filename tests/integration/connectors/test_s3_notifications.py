"""The S3 source with a queue, against a real S3 and a real SQS server.

Neither tells the other, as AWS would: ``announce`` writes S3's documented message to the queue.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.pulling import Pulled
from support.s3_events import TEST_EVENT, from_eventbridge, plain, through_sns
from support.servers.s3 import S3Server
from support.servers.sqs import SqsServer

from connectors.s3 import S3Config, S3Source
from neuraldocflow.components import Acknowledgement, SourceContext
from neuraldocflow.errors import ConfigError
from neuraldocflow.fetch_queue import Have

pytestmark = pytest.mark.servers

DONE = Acknowledgement("completed")
Make = Callable[..., Pulled]


@pytest.fixture
def watch(tmp_path: Path, bucket: str, queue_url: str) -> Iterator[Make]:
    opened: list[Pulled] = []

    def make(once: bool = False, **settings: Any) -> Pulled:
        given = {"bucket": bucket, "sqs_notifications": True, "sqs_queue_url": queue_url, **settings}
        context = SourceContext(tmp_path / "state", once=once)
        opened.append(Pulled(S3Source("inbox", S3Config.model_validate(given), context)))
        return opened[-1]

    yield make
    for each in opened:
        each.close()


class Queue:
    """The test's queue, and its bucket's uploads."""

    def __init__(self, queue: Any, url: str, store: Any, bucket: str) -> None:
        self._queue, self._url, self._store, self._bucket = queue, url, store, bucket

    def put(self, key: str, body: bytes = b"content") -> str:
        etag: str = self._store.put_object(Bucket=self._bucket, Key=key, Body=body)["ETag"]
        return etag.strip('"')

    def send(self, body: str) -> None:
        self._queue.send_message(QueueUrl=self._url, MessageBody=body)

    def announce(self, key: str, etag: str, form: Callable[..., str] = plain) -> None:
        self.send(form(self._bucket, key, etag))

    def left(self) -> int:
        """Messages in the queue, hidden ones as well."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        told = self._queue.get_queue_attributes(QueueUrl=self._url, AttributeNames=names)["Attributes"]
        return sum(int(told[name]) for name in names)

    def visible(self) -> list[Any]:
        """What somebody else would be given now."""
        messages: list[Any] = self._queue.receive_message(QueueUrl=self._url).get("Messages", [])
        return messages

    def comes_to(self, count: int, seconds: float = 60) -> bool:
        deadline = time.monotonic() + seconds
        while self.left() != count:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True


@pytest.fixture
def events(sqs_server: SqsServer, queue_url: str, s3: S3Server, bucket: str) -> Queue:
    return Queue(sqs_server.client(), queue_url, s3.client(), bucket)


@pytest.mark.parametrize("form", [plain, through_sns, from_eventbridge])
def test_each_form_of_message_brings_its_object_and_is_deleted_when_that_is_acknowledged(
    watch: Make, events: Queue, form: Callable[..., str]
) -> None:
    key = "in/bericht ä+b 日本.pdf"
    etag = events.put(key, b"abc")
    events.announce(key, etag, form)
    watched = watch()
    (event,) = watched.until(1)
    assert b"".join(watched.source.fetcher()(event.source, Have())) == b"abc"
    assert events.left() == 1
    watched.source.acknowledge(event, DONE)
    assert events.comes_to(0)


def test_an_object_has_the_same_id_however_it_was_found(watch: Make, events: Queue) -> None:
    events.announce("a.pdf", events.put("a.pdf"))
    (announced,) = watch().until(1)
    (listed,) = watch(sqs_notifications=False, once=True).drain()
    assert announced.id == listed.id


def test_the_same_message_twenty_times_is_one_document(watch: Make, events: Queue) -> None:
    etag = events.put("a.pdf")
    for form in (plain, from_eventbridge) * 10:
        events.announce("a.pdf", etag, form)
    watched = watch()
    (event,) = watched.until(1)
    assert watched.quiet(1.0)
    assert events.left() == 20
    watched.source.acknowledge(event, DONE)
    assert events.comes_to(0)
    events.announce("a.pdf", etag)
    assert events.comes_to(0)
    assert watched.quiet()


def test_what_no_message_told_of_is_found_by_a_listing_now_and_then(watch: Make, events: Queue) -> None:
    events.put("there before.pdf")
    events.announce("told.pdf", events.put("told.pdf"))
    watched = watch(reconcile_interval_ms=1000)
    found = watched.until(2)
    assert sorted(event.source.filename for event in found) == ["there before.pdf", "told.pdf"]
    events.put("message lost.pdf")
    (late,) = watched.until(1)
    assert late.source.filename == "message lost.pdf"
    events.announce("message lost.pdf", late.source.version)  # it was not lost, only late
    assert watched.quiet(3.0)
    for event in (*found, late):
        watched.source.acknowledge(event, DONE)
    assert events.comes_to(0)
    assert watched.quiet(1.5)


def test_a_run_that_ends_by_itself_has_both_what_is_announced_and_what_is_there(
    watch: Make, events: Queue
) -> None:
    events.put("there.pdf")
    events.announce("told.pdf", events.put("told.pdf"))
    found = watch(once=True).drain()
    assert sorted(event.source.filename for event in found) == ["there.pdf", "told.pdf"]


def test_a_young_object_is_left_to_its_message(watch: Make, events: Queue) -> None:
    events.put("a.pdf")
    assert watch().quiet(1.5)


def test_test_events_removals_and_other_names_are_deleted_and_bring_nothing(
    watch: Make, events: Queue, bucket: str
) -> None:
    events.send(TEST_EVENT)
    events.send(plain(bucket, "a.pdf", "e", name="ObjectRemoved:Delete"))
    events.announce("a.txt", "e")
    assert watch(once=True, file_patterns=["*.pdf"]).drain() == []
    assert events.comes_to(0)


def test_what_tells_of_no_object_or_of_another_bucket_stays_in_the_queue(
    watch: Make, events: Queue, caplog: pytest.LogCaptureFixture
) -> None:
    events.send("the secret of the letter")
    events.send(plain("another-bucket", "a.pdf", "e"))
    with caplog.at_level(logging.WARNING):
        assert watch(once=True).drain() == []
    assert events.left() == 2
    assert "tells of another bucket" in caplog.text
    assert "tells of no object: it is not JSON" in caplog.text
    assert "secret" not in caplog.text


def test_a_message_stays_hidden_as_long_as_its_document_is_worked_on(watch: Make, events: Queue) -> None:
    events.announce("a.pdf", events.put("a.pdf"))
    watched = watch(visibility_timeout_ms=4000)
    (event,) = watched.until(1)
    assert watched.quiet(9)
    assert events.visible() == []
    watched.source.acknowledge(event, DONE)
    assert events.comes_to(0)


def test_a_message_of_a_job_that_died_comes_again_with_the_same_id(watch: Make, events: Queue) -> None:
    events.announce("a.pdf", events.put("a.pdf"))
    first = watch(visibility_timeout_ms=2000)
    (event,) = first.until(1)
    first.close()
    (again,) = watch(visibility_timeout_ms=2000).until(1)
    assert again.id == event.id


def test_what_was_done_before_the_job_died_is_only_deleted(watch: Make, events: Queue) -> None:
    events.announce("a.pdf", events.put("a.pdf"))
    first = watch(visibility_timeout_ms=2000)
    (event,) = first.until(1)
    first.close()
    first.source._ledger.add("a.pdf", event.source.version)
    second = watch(visibility_timeout_ms=2000)
    assert events.comes_to(0)
    assert second.quiet()


def test_an_acknowledgement_of_another_process_deletes_the_message(watch: Make, events: Queue) -> None:
    events.announce("a.pdf", events.put("a.pdf"))
    receiving, other = watch(), watch(sqs_notifications=False, partitions=1)
    (event,) = receiving.until(1)
    other.source.acknowledge(event, DONE)
    assert events.comes_to(0)


def test_what_is_acknowledged_after_the_source_closed_is_deleted_at_once(watch: Make, events: Queue) -> None:
    events.announce("a.pdf", events.put("a.pdf"))
    watched = watch(once=True)
    (event,) = watched.drain()
    watched.close()
    watched.source.acknowledge(event, DONE)
    assert events.left() == 0


def test_a_message_without_etag_and_size_is_completed_from_the_object(
    watch: Make, events: Queue, bucket: str
) -> None:
    etag = events.put("a.pdf", b"abc")
    events.send(plain(bucket, "a.pdf", None, None))
    (event,) = watch().until(1)
    assert (event.source.version, event.source.size, event.error) == (etag, 3, None)


@pytest.mark.parametrize(
    ("etag", "size"), [("e", -5), ("e", 2**63), ("a\r\nX-Header: y", 3), ("日本", 3), ('a"b', 3)]
)
def test_what_a_message_says_of_its_object_that_cannot_be_is_asked_for(
    watch: Make, events: Queue, bucket: str, etag: str, size: int
) -> None:
    own = events.put("a.pdf", b"abc")
    events.send(plain(bucket, "a.pdf", etag if size == 3 else own, size))
    watched = watch(tag_processed=True)
    (event,) = watched.until(1)
    assert (event.source.version, event.source.size, event.error) == (own, 3, None)
    watched.source.acknowledge(event, DONE)
    assert events.comes_to(0)


def test_such_a_message_for_an_object_that_is_gone_is_a_failure_naming_it(
    watch: Make, events: Queue, bucket: str
) -> None:
    events.send(plain(bucket, "a b.pdf", None, None))
    watched = watch()
    (event,) = watched.until(1)
    assert event.error is not None
    assert event.error.code == "fetch_failed"
    assert f"s3://{bucket}/a%20b.pdf is gone" in event.error.message
    watched.source.acknowledge(event, Acknowledgement("failed", event.error.model_dump()))
    assert events.comes_to(0)


def test_a_version_of_a_versioned_key_is_read_although_it_was_replaced(
    watch: Make, events: Queue, s3: S3Server, bucket: str
) -> None:
    client = s3.client()
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for body in (b"one", b"two"):
        put = client.put_object(Bucket=bucket, Key="a.pdf", Body=body)
        events.send(plain(bucket, "a.pdf", put["ETag"].strip('"'), 3, versionId=put["VersionId"]))
    watched = watch()
    fetch = watched.source.fetcher()
    assert sorted(b"".join(fetch(event.source, Have())) for event in watched.until(2)) == [b"one", b"two"]


def test_a_message_of_several_objects_is_deleted_after_the_last_of_them(
    watch: Make, events: Queue, bucket: str
) -> None:
    records = [
        json.loads(plain(bucket, key, events.put(key, key.encode())))["Records"][0] for key in ("a", "b")
    ]
    events.send(json.dumps({"Records": records}))
    watched = watch()
    first, second = watched.until(2)
    watched.source.acknowledge(first, DONE)
    assert not events.comes_to(0, seconds=1)
    watched.source.acknowledge(second, DONE)
    assert events.comes_to(0)


def test_a_queue_that_is_not_there_is_told_at_the_start(watch: Make, sqs_server: SqsServer) -> None:
    url = f"{sqs_server.endpoint}/000000000000/none"
    with pytest.raises(ConfigError, match=r"config\.sqs_queue_url: there is no queue .*/none; make it"):
        watch(sqs_queue_url=url)


def test_a_queue_nobody_names_is_told_at_the_start(watch: Make) -> None:
    with pytest.raises(ConfigError, match=r"config\.sqs_queue_url: .*; give the queue's URL"):
        watch(sqs_queue_url=None)
