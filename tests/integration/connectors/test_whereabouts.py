"""Where payloads are found again that were moved since, and which are gone, on a real S3 server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.servers.s3 import S3Server

from neuraldocflow.config import Config
from neuraldocflow.events import DocumentSource
from neuraldocflow.objects.aftermath import Aftermath, Wishes
from neuraldocflow.objects.client import uri_of
from neuraldocflow.objects.ledger import ObjectLedger
from neuraldocflow.payloads import PayloadStore
from neuraldocflow.whereabouts import Whereabouts

pytestmark = pytest.mark.servers


def whereabouts(folder: Path, bucket: str, **source: Any) -> Whereabouts:
    config = {"bucket": bucket, "prefix": "in/", "move_processed_to": "done/", **source}
    sources = {"inbox": {"type": "s3", "config": config}}
    job = Config.model_validate(
        {"stream_sources": sources, "runtime": {"state_directory": str(folder / "state")}}
    )
    return Whereabouts(job, PayloadStore(f"s3://{bucket}/payloads", folder / "scratch"))


def put(s3: S3Server, bucket: str, key: str, body: bytes) -> DocumentSource:
    etag = s3.client().put_object(Bucket=bucket, Key=key, Body=body)["ETag"].strip('"')
    uri = uri_of(bucket, key)
    return DocumentSource(kind="s3", uri=uri, size=len(body), version=etag, through="inbox")


def test_an_object_is_found_where_it_is_and_where_its_source_has_moved_it(
    s3: S3Server, bucket: str, tmp_path: Path
) -> None:
    source = put(s3, bucket, "in/a b#1.pdf", b"one")
    find = whereabouts(tmp_path, bucket).find
    assert find(source) == source
    put(s3, bucket, "done/a b#1.pdf", b"another of its name, that came before")
    s3.client().copy({"Bucket": bucket, "Key": "in/a b#1.pdf"}, bucket, "done/a b#1 (2).pdf")
    put(s3, bucket, "in/a b#1.pdf", b"its successor")
    found = find(source)
    assert found is not None
    assert found.uri == uri_of(bucket, "done/a b#1 (2).pdf")
    s3.client().delete_object(Bucket=bucket, Key="done/a b#1 (2).pdf")
    assert find(source) is None


def test_an_object_is_found_where_its_source_moved_it_before_it_was_to_move_them_elsewhere(
    s3: S3Server, bucket: str, tmp_path: Path
) -> None:
    source = put(s3, bucket, "in/a.pdf", b"one")
    s3.client().copy({"Bucket": bucket, "Key": "in/a.pdf"}, bucket, "done/a.pdf")
    s3.client().delete_object(Bucket=bucket, Key="in/a.pdf")
    ObjectLedger(tmp_path / "state" / "sources" / f"inbox@{bucket}.db").targets(["done/"])
    found = whereabouts(tmp_path, bucket, move_processed_to="elsewhere/").find(source)
    assert found is not None
    assert found.uri == uri_of(bucket, "done/a.pdf")


def test_an_object_that_was_moved_in_parts_is_known_by_its_name_and_size(
    s3: S3Server, bucket: str, tmp_path: Path
) -> None:
    """Such a move gives it another etag."""
    source = put(s3, bucket, "in/large.pdf", bytes(9 << 20))
    s3.client().copy({"Bucket": bucket, "Key": "in/large.pdf"}, bucket, "done/large.pdf")
    s3.client().delete_object(Bucket=bucket, Key="in/large.pdf")
    etag = s3.client().head_object(Bucket=bucket, Key="done/large.pdf")["ETag"].strip('"')
    assert etag != source.version
    found = whereabouts(tmp_path, bucket).find(source)
    assert found is not None
    assert (found.uri, found.version) == (uri_of(bucket, "done/large.pdf"), etag)


def test_of_two_that_were_moved_in_parts_from_one_key_each_is_found(
    s3: S3Server, bucket: str, tmp_path: Path
) -> None:
    """Of the same size: what their source has written to the copies tells one from the other."""
    ledger = ObjectLedger(tmp_path / "ledger.db")
    moving = Aftermath(s3.client(), bucket, "in/", Wishes(moved="done/"), ledger)
    moving.stop()
    sources = []
    for content in (b"1", b"2"):
        sources.append(put(s3, bucket, "in/large.pdf", content * (9 << 20)))
        ledger.add("in/large.pdf", sources[-1].version, {"status": "completed", "id": "x"})
        moving.tell()
    found = [whereabouts(tmp_path, bucket).find(source) for source in sources]
    names = [each.uri if each else "" for each in found]
    assert names == [uri_of(bucket, "done/large.pdf"), uri_of(bucket, "done/large (2).pdf")]


def test_a_payload_in_the_store_is_there_until_it_is_removed(
    s3: S3Server, bucket: str, tmp_path: Path
) -> None:
    store = PayloadStore(f"s3://{bucket}/payloads", tmp_path / "scratch")
    payload = store.put([b"abc"], "a.pdf")
    source = DocumentSource(kind="base64", uri=payload.uri, size=3)
    find = whereabouts(tmp_path, bucket).find
    assert find(source) == source
    s3.client().delete_object(Bucket=bucket, Key=payload.uri.removeprefix(f"s3://{bucket}/"))
    assert find(source) is None
