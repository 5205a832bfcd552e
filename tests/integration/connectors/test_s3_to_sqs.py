"""A bucket that tells a queue of its objects, and the source that reads them: the wiring between the two."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from support.pulling import Pulled
from support.servers.moto import moto_server
from support.servers.s3 import S3Server
from support.topics import wait_for

from connectors.s3 import S3Config, S3Source
from neuraldocflow.components import Acknowledgement, SourceContext
from neuraldocflow.errors import ConfigError
from neuraldocflow.fetch_queue import Have
from neuraldocflow.objects.reach import queue_of

pytestmark = pytest.mark.servers
ALL = ["s3:ObjectCreated:*"]


@pytest.fixture(scope="module")
def moto() -> Iterator[S3Server]:
    with moto_server() as running:
        yield running


class Wiring:
    """A bucket of a test's own, and queues that it tells."""

    def __init__(self, server: S3Server, bucket: str) -> None:
        self.bucket = bucket
        self.store = server.client()
        self.store.create_bucket(Bucket=bucket)
        self.queues = boto3.client("sqs")

    def tell(self, **queues: dict[str, Any]) -> None:
        """What each queue is told, by its name: ``events`` and ``rules`` of its filter."""
        told = []
        for name, about in queues.items():
            url = self.queues.create_queue(QueueName=f"{self.bucket}-{name}")["QueueUrl"]
            arn = self.queues.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
            rules = [{"Name": key, "Value": value} for key, value in about.get("rules", {}).items()]
            told.append(
                {
                    "QueueArn": arn["Attributes"]["QueueArn"],
                    "Events": about.get("events", ALL),
                    **({"Filter": {"Key": {"FilterRules": rules}}} if rules else {}),
                }
            )
        self.store.put_bucket_notification_configuration(
            Bucket=self.bucket, NotificationConfiguration={"QueueConfigurations": told}
        )

    def chosen(self, prefix: str = "", *patterns: str) -> str:
        """The queue that a source takes."""
        url = queue_of(self.store, self.bucket, prefix, patterns or ("*",), "config")
        return url.rpartition(f"{self.bucket}-")[2]

    def left(self, name: str) -> int:
        url = self.queues.get_queue_url(QueueName=f"{self.bucket}-{name}")["QueueUrl"]
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        told = self.queues.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return sum(int(told[each]) for each in names)


@pytest.fixture
def wiring(moto: S3Server, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Wiring:
    for key, value in moto.environment().items():
        monkeypatch.setenv(key, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto.endpoint)
    return Wiring(moto, f"b{abs(hash(request.node.name))}")


@pytest.fixture
def watch(wiring: Wiring, tmp_path: Path) -> Iterator[Callable[..., Pulled]]:
    opened: list[Pulled] = []

    def make(**settings: Any) -> Pulled:
        config = S3Config(bucket=wiring.bucket, sqs_notifications=True, **settings)
        opened.append(Pulled(S3Source("inbox", config, SourceContext(tmp_path))))
        return opened[-1]

    yield make
    for each in opened:
        each.close()


def test_each_new_object_is_one_document_and_the_queue_is_empty_in_the_end(
    wiring: Wiring, watch: Callable[..., Pulled]
) -> None:
    wiring.tell(inbox={"rules": {"prefix": "in/"}})
    watched = watch(prefix="in/")
    keys = ["in/plain.pdf", "in/bericht ä+b (1) 日本.pdf"]
    for key in keys:
        wiring.store.put_object(Bucket=wiring.bucket, Key=key, Body=b"one part")
    in_parts = "in/in parts.pdf"
    upload = wiring.store.create_multipart_upload(Bucket=wiring.bucket, Key=in_parts)["UploadId"]
    place = {"Bucket": wiring.bucket, "Key": in_parts, "UploadId": upload}
    parts = [
        {
            "ETag": wiring.store.upload_part(**place, PartNumber=number, Body=body)["ETag"],
            "PartNumber": number,
        }
        for number, body in ((1, b"a" * (5 << 20)), (2, b"b"))
    ]
    wiring.store.complete_multipart_upload(**place, MultipartUpload={"Parts": parts})
    wiring.store.put_object(Bucket=wiring.bucket, Key="elsewhere/a.pdf", Body=b"x")

    events = watched.until(3)
    fetch = watched.source.fetcher()
    read = {event.source.filename: b"".join(fetch(event.source, Have())) for event in events}
    assert {name: len(body) for name, body in read.items()} == {
        "plain.pdf": 8,
        "bericht ä+b (1) 日本.pdf": 8,
        "in parts.pdf": (5 << 20) + 1,
    }
    assert watched.quiet(1.0)
    for event in events:
        watched.source.acknowledge(event, Acknowledgement("completed"))
    wait_for(lambda: wiring.left("inbox") == 0)


def test_the_queue_is_taken_whose_filter_covers_what_is_wanted(wiring: Wiring) -> None:
    wiring.tell(
        other={"rules": {"prefix": "other/"}},
        narrow={"rules": {"prefix": "in/2026/"}},
        images={"rules": {"prefix": "in/", "suffix": ".png"}},
        pdf={"rules": {"prefix": "in/", "suffix": ".pdf"}},
        wide={"rules": {"prefix": "i"}},
    )
    assert wiring.chosen("in/", "*.PDF") == "pdf"
    assert wiring.chosen("in/") == "wide"
    assert wiring.chosen("in/2026/11/") == "narrow"
    assert wiring.chosen("other/") == "other"


def test_a_queue_that_is_told_of_all_ways_to_make_an_object_is_preferred(
    wiring: Wiring, caplog: pytest.LogCaptureFixture
) -> None:
    some = {"events": ["s3:ObjectCreated:Put"], "rules": {"prefix": "in/"}}
    wiring.tell(some=some, every={"rules": {"prefix": "in/2026/"}})
    assert wiring.chosen("in/2026/") == "every"
    assert caplog.text == ""
    assert wiring.chosen("in/") == "some"
    assert "s3:ObjectCreated:Put only" in caplog.text


def test_a_bucket_that_tells_no_queue_of_it_is_named_with_what_it_tells(wiring: Wiring) -> None:
    with pytest.raises(ConfigError, match="tells no queue of new objects; give the queue's URL"):
        wiring.chosen("in/")
    wiring.tell(other={"rules": {"prefix": "other/"}}, removals={"events": ["s3:ObjectRemoved:*"]})
    with pytest.raises(ConfigError) as told:
        wiring.chosen("in/")
    assert str(told.value).startswith("config.sqs_queue_url: the bucket tells no queue of all that is wanted")
    assert f"{wiring.bucket}-other of prefix other/" in str(told.value)
    assert "removals" not in str(told.value)
