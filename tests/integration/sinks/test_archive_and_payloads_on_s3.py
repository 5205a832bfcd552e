"""The payload store and the Parquet archive in a bucket of a real S3 server."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pyarrow.dataset as ds
import pytest
from support.deliveries import delivery, written_out
from support.servers.s3 import S3Server
from support.unreliable import Unreliable, unreliable

from neuraldocflow.archive.datasets import Datasets
from neuraldocflow.archive.partition import ParquetPartition
from neuraldocflow.components import SinkContext
from neuraldocflow.durable import OutputError
from neuraldocflow.errors import ConfigError, FetchFailed, TooLarge, Unreachable
from neuraldocflow.events import DocumentSource
from neuraldocflow.fetch_queue import Have
from neuraldocflow.payloads import Payload, PayloadStore
from sinks.parquet import ParquetConfig, ParquetSink

pytestmark = pytest.mark.servers


@pytest.fixture(autouse=True)
def _fresh_s3fs(s3: S3Server) -> Iterator[None]:
    """s3fs keeps its clients, and what it has listed, for a process' life."""
    import s3fs

    s3fs.S3FileSystem.clear_instance_cache()
    yield
    s3fs.S3FileSystem.clear_instance_cache()


@pytest.fixture
def store(bucket: str, tmp_path: Path) -> PayloadStore:
    return PayloadStore(f"s3://{bucket}/pay loads", tmp_path / "scratch")


def source_of(payload: Payload) -> DocumentSource:
    return DocumentSource(kind="base64", uri=payload.uri, size=payload.size, sha256=payload.sha256)


def test_a_payload_larger_than_one_part_is_kept_and_read_back(store: PayloadStore, s3: S3Server) -> None:
    body = os.urandom(70 << 20)
    payload = store.put((body[at : at + (1 << 20)] for at in range(0, len(body), 1 << 20)), "a.pdf")
    assert payload.sha256 == hashlib.sha256(body).hexdigest()
    assert store.owns(payload.uri)
    assert b"".join(store.fetch(source_of(payload), Have())) == body
    assert b"".join(store.fetch(source_of(payload), Have(len(body) - 3))) == body[-3:]


def test_equal_payloads_are_one_object_and_a_deleted_one_is_told_as_gone(
    store: PayloadStore, s3: S3Server, bucket: str
) -> None:
    payload = store.put([b"same"], "a.pdf")
    assert store.put([b"same"], "b.pdf") == payload
    (listed,) = s3.client().list_objects_v2(Bucket=bucket)["Contents"]
    assert f"s3://{bucket}/{listed['Key']}" == payload.uri
    s3.client().delete_object(Bucket=bucket, Key=listed["Key"])
    with pytest.raises(FetchFailed, match="no longer in the payload store"):
        list(store.fetch(source_of(payload), Have()))


def test_too_large_a_payload_leaves_nothing(store: PayloadStore, s3: S3Server, bucket: str) -> None:
    with pytest.raises(TooLarge):
        store.put([b"x" * 100] * 100, max_bytes=1000)
    assert s3.client().list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_a_bucket_that_is_not_there_is_told_at_the_start(s3: S3Server, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"runtime\.payload_store: there is no bucket no-such-bucket"):
        PayloadStore("s3://no-such-bucket/payloads", tmp_path / "scratch")


def test_what_is_elsewhere_is_not_the_stores(store: PayloadStore, bucket: str) -> None:
    assert not store.owns(f"s3://{bucket}/pay loads-of-others/a.pdf")
    assert not store.owns("file:///etc/hostname")


@pytest.fixture
def proxy(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Unreliable]:
    with unreliable(s3.endpoint) as running:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", running.endpoint)
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
        yield running


def test_a_store_in_trouble_is_no_fault_of_the_document(
    proxy: Unreliable, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("s3fs.S3FileSystem.retries", 1)
    store = PayloadStore(f"s3://{bucket}/payloads", tmp_path / "scratch")
    payload = store.put([b"abc"], "a.pdf")
    proxy.status = 503
    with pytest.raises(Unreachable):
        list(store.fetch(source_of(payload), Have()))
    proxy.status = 0
    assert b"".join(store.fetch(source_of(payload), Have())) == b"abc"


def archive(state: Path, url: str) -> ParquetPartition:
    config = ParquetConfig.model_validate({"url": url, "flush_interval_ms": 0, "delivery_timeout_ms": 1_000})
    return ParquetSink("parquet", config, SinkContext(state)).build_part("out", "archive", None)


def archived(url: str) -> list[str]:
    filesystem, root = fsspec.core.url_to_fs(url)
    filesystem.invalidate_cache()
    found = ds.dataset(f"{root}/documents", filesystem=filesystem, format="parquet", partitioning="hive")
    return sorted(found.to_table()["filename"].to_pylist())


def test_the_archive_in_a_bucket_has_each_document_once_also_after_restarts(
    bucket: str, tmp_path: Path
) -> None:
    url = f"s3://{bucket}/archive"
    for names in (["a.pdf", "b.pdf"], ["b.pdf", "c.pdf"]):
        sink = archive(tmp_path, url)
        sink.write_batch([delivery(name) for name in names])
        sink.snapshot()
        sink.write_batch([delivery(name) for name in names])
        sink.close()
    assert archived(url) == ["a.pdf", "b.pdf", "c.pdf"]


def test_the_archive_is_recognised_by_a_job_that_lost_its_index(bucket: str, tmp_path: Path) -> None:
    url = f"s3://{bucket}/archive"
    for state in ("one", "another"):
        sink = archive(tmp_path / state, url)
        sink.write_batch([delivery("a.pdf")])
        sink.close()
    assert archived(url) == ["a.pdf"]


def test_a_batch_that_was_never_committed_is_removed(bucket: str, s3: S3Server, tmp_path: Path) -> None:
    client = s3.client()
    stray = f"archive/cells/document_type=t/date=2026-03-04/{'0f' * 16}.parquet"
    client.put_object(Bucket=bucket, Key=stray, Body=b"half")
    datasets = Datasets(f"s3://{bucket}/archive", tmp_path / "index.db")
    datasets.reconcile()
    datasets.close()
    assert client.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_an_archive_in_trouble_is_waited_for(
    proxy: Unreliable, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"s3://{bucket}/archive"
    sink = archive(tmp_path, url)
    sink.write_batch([delivery("a.pdf")])
    proxy.status = 503
    monkeypatch.setattr("s3fs.S3FileSystem.retries", 1)

    def back(pause: float) -> bool:
        proxy.status = 0
        return False

    monkeypatch.setattr("neuraldocflow.durable.STOPPING.wait", back)
    sink.close()
    assert 503 in proxy.answered
    assert archived(url) == ["a.pdf"]


@pytest.mark.parametrize("killed", [False, True])
@pytest.mark.parametrize("written", range(4))
def test_a_bucket_that_fails_in_the_middle_of_a_flush_gets_each_row_once(
    proxy: Unreliable,
    bucket: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    written: int,
    killed: bool,
) -> None:
    """After so many of a flush's files it takes no more; then it is back, for the same job or the next."""
    url = f"s3://{bucket}/archive"
    monkeypatch.setattr("s3fs.S3FileSystem.retries", 1)

    def back(pause: float) -> bool:
        if not killed:
            proxy.writes_left = None
        return False

    monkeypatch.setattr("neuraldocflow.durable.STOPPING.wait", back)
    sink = archive(tmp_path, url)
    sink.write_batch([delivery("a.pdf"), delivery("b.pdf")])
    proxy.writes_left = written
    if killed:  # the tries end with an error, and nothing is called on the output any more
        with contextlib.suppress(OutputError):
            sink.snapshot()
            written_out()
            sink.snapshot()
        proxy.writes_left = None
        assert written >= 3 or 503 in proxy.answered
        sink = archive(tmp_path, url)
        # the epoch was not committed: it comes again
        sink.write_batch([delivery("a.pdf"), delivery("b.pdf")])
    sink.close()
    assert archived(url) == ["a.pdf", "b.pdf"]
    assert rows(url, "fields") == 2 * 3
    assert rows(url, "cells") == 2 * 4


def rows(url: str, table: str) -> int:
    filesystem, root = fsspec.core.url_to_fs(url)
    filesystem.invalidate_cache()
    found = ds.dataset(f"{root}/{table}", filesystem=filesystem, format="parquet", partitioning="hive")
    return int(found.count_rows())
