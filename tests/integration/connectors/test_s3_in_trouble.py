"""An S3 server that fails, is slow or breaks off: waited for, told of once, and nothing is lost."""

from __future__ import annotations

import hashlib
import logging
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.exceptions import CredentialRetrievalError, MetadataRetrievalError, UnauthorizedSSOTokenError
from support.pulling import Pulled
from support.servers.s3 import S3Server
from support.topics import wait_for
from support.unreliable import Unreliable, unreliable

from connectors.s3 import S3Config, S3Source
from neuraldocflow.components import Acknowledgement, SourceContext
from neuraldocflow.errors import ConfigError, DocumentError, FetchFailed, TooLarge, from_dict
from neuraldocflow.events import DocumentSource, NewDocument
from neuraldocflow.fetch_queue import Have
from neuraldocflow.fetching import Fetching
from neuraldocflow.objects.client import may_pass, s3_client, uri_of
from neuraldocflow.objects.fetch import fetcher_of
from neuraldocflow.swarm.job import Job, Outcome

pytestmark = pytest.mark.servers

EXPIRED = b"<Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message></Error>"


@pytest.fixture
def proxy(s3: S3Server) -> Iterator[Unreliable]:
    with unreliable(s3.endpoint) as running:
        yield running


@pytest.fixture
def watched(proxy: Unreliable, bucket: str, tmp_path: Path) -> Iterator[Pulled]:
    config = S3Config(
        bucket=bucket,
        polling_interval_ms=100,
        endpoint_url=proxy.endpoint,
        delete_after_processing=True,
    )
    pulled = Pulled(S3Source("inbox", config, SourceContext(tmp_path / "state")))
    yield pulled
    pulled.close()


def test_a_listing_that_takes_long_is_made_seldom_and_the_end_is_looked_at_in_between(
    proxy: Unreliable, s3: S3Server, bucket: str, tmp_path: Path
) -> None:
    client = s3.client()
    for number in range(3):
        client.put_object(Bucket=bucket, Key=f"2026-11-0{number}.pdf", Body=b"x")
    proxy.delay = 0.3
    config = S3Config(bucket=bucket, polling_interval_ms=100, endpoint_url=proxy.endpoint, partitions=1)
    pulled = Pulled(S3Source("inbox", config, SourceContext(tmp_path / "state")))
    assert len(pulled.until(3)) == 3
    client.put_object(Bucket=bucket, Key="2026-11-04.pdf", Body=b"x")
    client.put_object(Bucket=bucket, Key="2026-10-31.pdf", Body=b"x")  # before all the others
    assert {event.source.filename for event in pulled.until(2)} == {"2026-11-04.pdf", "2026-10-31.pdf"}
    pulled.close()
    after = [parse_qs(urlsplit(path).query).get("start-after", [""])[0] for path in proxy.paths]
    assert set(after) == {"", "2026-11-02.pdf", "2026-11-04.pdf"}
    assert after.count("") < len(after) / 2


@pytest.mark.parametrize("status", [500, 503])
def test_a_listing_that_fails_is_tried_again_and_told_of_once(
    watched: Pulled,
    proxy: Unreliable,
    s3: S3Server,
    bucket: str,
    caplog: pytest.LogCaptureFixture,
    status: int,
) -> None:
    with caplog.at_level(logging.INFO):
        proxy.status = status
        seen = len(proxy.answered)
        wait_for(lambda: proxy.answered[seen:].count(status) >= 8)
        s3.client().put_object(Bucket=bucket, Key="a.pdf", Body=b"x")
        proxy.status = 0
        (event,) = watched.until(1)
    assert event.source.filename == "a.pdf"
    told = [record.getMessage() for record in caplog.records if "listing" in record.getMessage()]
    assert [message for message in told if "does not answer as it should" in message] == told[:1]
    assert "answers again" in told[1]
    assert len(told) == 2


def test_a_deletion_that_fails_is_made_when_the_server_is_back(
    watched: Pulled, proxy: Unreliable, s3: S3Server, bucket: str
) -> None:
    client = s3.client()
    client.put_object(Bucket=bucket, Key="a.pdf", Body=b"x")
    (event,) = watched.until(1)
    proxy.status = 503
    watched.source.acknowledge(event, Acknowledgement("completed"))
    wait_for(lambda: proxy.answered.count(503) >= 4)
    proxy.status = 0
    wait_for(lambda: client.list_objects_v2(Bucket=bucket)["KeyCount"] == 0)


def test_a_deletion_waits_for_credentials_to_be_renewed(
    watched: Pulled, proxy: Unreliable, s3: S3Server, bucket: str
) -> None:
    client = s3.client()
    client.put_object(Bucket=bucket, Key="a.pdf", Body=b"x")
    (event,) = watched.until(1)
    proxy.status, proxy.body = 400, EXPIRED
    watched.source.acknowledge(event, Acknowledgement("completed"))
    wait_for(lambda: proxy.answered.count(400) >= 4)
    proxy.status = 0
    wait_for(lambda: client.list_objects_v2(Bucket=bucket)["KeyCount"] == 0)


def test_an_object_that_can_only_be_asked_for_with_its_own_key_is_left_as_it_is(
    watched: Pulled, proxy: Unreliable, s3: S3Server, bucket: str, caplog: pytest.LogCaptureFixture
) -> None:
    """400 too, which says nothing of credentials here."""
    s3.client().put_object(Bucket=bucket, Key="a.pdf", Body=b"x")
    (event,) = watched.until(1)
    proxy.status, proxy.body = 400, b"<Error><Code>InvalidRequest</Code><Message>SSE-C</Message></Error>"
    watched.source.acknowledge(event, Acknowledgement("completed"))
    wait_for(lambda: "it stays as it is" in caplog.text)


def test_an_object_that_always_fails_holds_up_no_other_one(
    watched: Pulled, proxy: Unreliable, s3: S3Server, bucket: str
) -> None:
    client = s3.client()
    proxy.refused = f"DELETE /{bucket}/a.pdf"
    for name in ("a.pdf", "b.pdf", "c.pdf"):
        client.put_object(Bucket=bucket, Key=name, Body=name.encode())
        (event,) = watched.until(1)
        watched.source.acknowledge(event, Acknowledgement("completed"))
        wait_for(lambda: 503 in proxy.answered)

    def keys() -> list[str]:
        return [each["Key"] for each in client.list_objects_v2(Bucket=bucket).get("Contents", [])]

    wait_for(lambda: keys() == ["a.pdf"])
    proxy.refused = ""
    wait_for(lambda: keys() == [])


@pytest.mark.parametrize("parts", [1, 3])
def test_a_move_that_was_interrupted_after_its_copy_is_finished_not_made_again(
    proxy: Unreliable, s3: S3Server, bucket: str, tmp_path: Path, parts: int
) -> None:
    """Objects in parts, and copies in parts, have etags that differ from each other's."""
    client = s3.client()
    body = os.urandom(parts * (6 << 20))
    about = {"ContentType": "application/pdf", "Metadata": {"owner": "ledger"}}
    upload = client.create_multipart_upload(Bucket=bucket, Key="in/a.pdf", **about)
    place = {"Bucket": bucket, "Key": "in/a.pdf", "UploadId": upload["UploadId"]}
    etags = [
        client.upload_part(**place, PartNumber=number + 1, Body=body[number * (6 << 20) :][: 6 << 20])["ETag"]
        for number in range(parts)
    ]
    sent = [{"ETag": etag, "PartNumber": number + 1} for number, etag in enumerate(etags)]
    client.complete_multipart_upload(**place, MultipartUpload={"Parts": sent})
    client.put_object_tagging(Bucket=bucket, Key="in/a.pdf", Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
    config = S3Config(
        bucket=bucket,
        prefix="in/",
        polling_interval_ms=100,
        endpoint_url=proxy.endpoint,
        move_processed_to="done/",
    )
    pulled = Pulled(S3Source("inbox", config, SourceContext(tmp_path / "state")))
    (event,) = pulled.until(1)
    proxy.refused = "DELETE"
    pulled.source.acknowledge(event, Acknowledgement("completed"))
    wait_for(lambda: proxy.answered.count(503) >= 4)  # the client asks twice: two tries at least
    pulled.close()
    proxy.refused = ""
    again = Pulled(S3Source("inbox", config, SourceContext(tmp_path / "state")))

    def keys() -> list[str]:
        return [each["Key"] for each in client.list_objects_v2(Bucket=bucket)["Contents"]]

    wait_for(lambda: "in/a.pdf" not in keys())
    again.close()
    assert keys() == ["done/a.pdf"]
    moved = client.get_object(Bucket=bucket, Key="done/a.pdf")
    assert moved["Body"].read() == body
    assert (moved["ContentType"], moved["Metadata"]["owner"]) == ("application/pdf", "ledger")
    assert client.get_object_tagging(Bucket=bucket, Key="done/a.pdf")["TagSet"] == [
        {"Key": "a", "Value": "b"}
    ]


def test_a_server_in_trouble_at_the_start_does_not_stop_the_job(
    proxy: Unreliable, s3: S3Server, bucket: str, tmp_path: Path
) -> None:
    s3.client().put_object(Bucket=bucket, Key="a.pdf", Body=b"x")
    proxy.status = 503
    config = S3Config(bucket=bucket, endpoint_url=proxy.endpoint)
    pulled = Pulled(S3Source("inbox", config, SourceContext(tmp_path / "state")))
    proxy.status = 0
    assert len(pulled.until(1)) == 1
    pulled.close()


def test_a_server_that_is_away_at_the_jobs_end_is_asked_once_and_its_work_is_left_for_later(
    watched: Pulled, proxy: Unreliable, s3: S3Server, bucket: str
) -> None:
    client = s3.client()
    for number in range(5):
        client.put_object(Bucket=bucket, Key=f"{number}.pdf", Body=b"x")
    events = watched.until(5)
    watched.close()
    wait_for(lambda: all(thread.name != "s3-listing" for thread in threading.enumerate()))
    proxy.answered.clear()
    proxy.status = 503
    for event in events:
        watched.source.acknowledge(event, Acknowledgement("completed"))
    assert proxy.answered == [503] * 2  # the client itself asks twice
    assert len(watched.source._ledger.to_do()) == 5


class Fetched:
    """Fetches objects of a bucket through the proxy; jobs arrive in ``jobs``, failures in ``failures()``."""

    def __init__(self, folder: Path, endpoint: str, bucket: str) -> None:
        self.jobs: list[Job] = []
        self._bucket = bucket
        self.fetching = Fetching(folder, 64 << 20, self.jobs.append, patience=1.0)
        self.fetching.add_scheme("s3", fetcher_of(s3_client(endpoint)))

    def fetch(self, key: str, etag: str, size: int = 0, sha256: str = "") -> None:
        uri = uri_of(self._bucket, key)
        source = DocumentSource(kind="s3", uri=uri, size=size, version=etag, sha256=sha256)
        event = NewDocument(id=etag, source=source)
        self.fetching.submit(Job(etag, "", "out", key="me"), event)

    def failure(self) -> DocumentError:
        found: list[Outcome] = []
        wait_for(lambda: bool(found.extend(self.fetching.take("me")) or found))
        assert found[0].error is not None
        return from_dict(found[0].error)


@pytest.fixture
def fetched(proxy: Unreliable, bucket: str, tmp_path: Path) -> Iterator[Fetched]:
    made = Fetched(tmp_path / "fetched", proxy.endpoint, bucket)
    yield made
    made.fetching.close()


def test_a_download_that_breaks_off_goes_on_where_it_broke(
    fetched: Fetched, proxy: Unreliable, s3: S3Server, bucket: str
) -> None:
    body = os.urandom(5 << 20)
    etag = s3.client().put_object(Bucket=bucket, Key="a.pdf", Body=body)["ETag"].strip('"')
    proxy.cut_after, proxy.cuts = 2 << 20, 2
    fetched.fetch("a.pdf", etag, len(body), hashlib.sha256(body).hexdigest())
    wait_for(lambda: bool(fetched.jobs))
    path = Path(fetched.jobs[0].path)
    assert path.read_bytes() == body
    assert len(proxy.ranges) == 2
    assert "bytes=0-" not in proxy.ranges
    fetched.fetching.forget(fetched.jobs[0])
    assert not path.exists()


def test_a_fetch_waits_for_a_server_in_trouble(
    fetched: Fetched, proxy: Unreliable, s3: S3Server, bucket: str
) -> None:
    etag = s3.client().put_object(Bucket=bucket, Key="a.pdf", Body=b"abc")["ETag"].strip('"')
    proxy.status = 503
    fetched.fetch("a.pdf", etag)
    wait_for(lambda: 503 in proxy.answered)
    proxy.status = 0
    wait_for(lambda: bool(fetched.jobs))
    assert Path(fetched.jobs[0].path).read_bytes() == b"abc"


def test_a_fetch_waits_for_credentials_to_be_renewed(
    fetched: Fetched, proxy: Unreliable, s3: S3Server, bucket: str
) -> None:
    etag = s3.client().put_object(Bucket=bucket, Key="a.pdf", Body=b"abc")["ETag"].strip('"')
    proxy.status, proxy.body = 400, EXPIRED
    fetched.fetch("a.pdf", etag)
    wait_for(lambda: 400 in proxy.answered)
    proxy.status = 0
    wait_for(lambda: bool(fetched.jobs))
    assert Path(fetched.jobs[0].path).read_bytes() == b"abc"


@pytest.mark.parametrize(
    "renewing",
    [
        CredentialRetrievalError(provider="iam-role", error_msg="no answer"),
        MetadataRetrievalError(error_msg="no answer"),
        UnauthorizedSSOTokenError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_credentials_that_cannot_be_renewed_just_now_are_waited_for(renewing: Exception) -> None:
    assert may_pass(renewing)


def test_credentials_that_have_expired_are_told_at_the_start(
    proxy: Unreliable, bucket: str, tmp_path: Path
) -> None:
    proxy.status, proxy.body = 400, EXPIRED
    config = S3Config(bucket=bucket, endpoint_url=proxy.endpoint)
    with pytest.raises(ConfigError, match=r"refuses these credentials \(ExpiredToken\)"):
        S3Source("inbox", config, SourceContext(tmp_path / "state"))


def test_a_server_that_stays_in_trouble_fails_the_document_naming_it(
    fetched: Fetched, proxy: Unreliable, bucket: str, tmp_path: Path
) -> None:
    proxy.status = 503
    fetched.fetch("a b.pdf", "e")
    error = fetched.failure()
    assert isinstance(error, FetchFailed)
    assert f"s3://{bucket}/a%20b.pdf" in error.message
    assert "503" in error.message
    assert list((tmp_path / "fetched").iterdir()) == []


def test_an_object_that_is_gone_fails_naming_it(fetched: Fetched, bucket: str) -> None:
    fetched.fetch("none.pdf", "e")
    assert f"The object s3://{bucket}/none.pdf is gone" in fetched.failure().message


def test_an_object_that_was_replaced_is_not_taken_for_the_one_seen(
    fetched: Fetched, s3: S3Server, bucket: str
) -> None:
    client = s3.client()
    etag = client.put_object(Bucket=bucket, Key="a.pdf", Body=b"one")["ETag"].strip('"')
    client.put_object(Bucket=bucket, Key="a.pdf", Body=b"two")
    fetched.fetch("a.pdf", etag)
    assert "was replaced after it was seen" in fetched.failure().message


def test_an_object_replaced_while_it_is_read_is_never_mixed(
    fetched: Fetched, proxy: Unreliable, s3: S3Server, bucket: str
) -> None:
    client = s3.client()
    etag = client.put_object(Bucket=bucket, Key="a.pdf", Body=b"1" * (4 << 20))["ETag"].strip('"')
    proxy.cut_after, proxy.cuts = 2 << 20, 1
    replaced = threading.Event()
    fetch = fetched.fetching._schemes["s3"]

    def fetch_and_replace(source: DocumentSource, have: Have):  # type: ignore[no-untyped-def]
        if have.size and not replaced.is_set():
            client.put_object(Bucket=bucket, Key="a.pdf", Body=b"2" * (4 << 20))
            replaced.set()
        yield from fetch(source, have)

    fetched.fetching.add_scheme("s3", fetch_and_replace)
    fetched.fetch("a.pdf", etag)
    assert "was replaced after it was seen" in fetched.failure().message
    assert replaced.is_set()


def test_content_that_differs_from_the_events_hash_is_refused(
    fetched: Fetched, s3: S3Server, bucket: str
) -> None:
    etag = s3.client().put_object(Bucket=bucket, Key="a.pdf", Body=b"abc")["ETag"].strip('"')
    fetched.fetch("a.pdf", etag, sha256="0" * 64)
    assert "its hash differs" in fetched.failure().message


def test_an_object_larger_than_its_event_said_is_stopped_at_the_limit(
    fetched: Fetched, s3: S3Server, bucket: str, tmp_path: Path
) -> None:
    etag = s3.client().put_object(Bucket=bucket, Key="a.pdf", Body=bytes(65 << 20))["ETag"].strip('"')
    fetched.fetch("a.pdf", etag, size=3)
    assert isinstance(fetched.failure(), TooLarge)
    assert list((tmp_path / "fetched").iterdir()) == []


def test_five_gigabytes_are_refused_before_the_first_byte(
    fetched: Fetched, proxy: Unreliable, bucket: str
) -> None:
    with pytest.raises(TooLarge, match="max_download_mb"):
        fetched.fetch("a.pdf", "e", size=5 << 30)
    assert proxy.answered == []


def test_an_address_nobody_can_fetch_is_refused(tmp_path: Path) -> None:
    fetching = Fetching(tmp_path, 1 << 20, lambda job: None)
    event = NewDocument(id="a", source=DocumentSource(kind="url", uri="gopher://a/b", size=0))
    with pytest.raises(FetchFailed, match="gopher addresses are unknown"):
        fetching.submit(Job("a", "", "out"), event)
