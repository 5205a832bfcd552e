"""A document whose payload is in a bucket's payload store goes through the engine like a file."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.job import LETTER
from support.servers.s3 import S3Server

from neuraldocflow import config as configuration
from neuraldocflow.errors import FetchFailed
from neuraldocflow.events import DocumentSource, NewDocument
from neuraldocflow.job.engine import Engine
from neuraldocflow.swarm.job import Outcome

pytestmark = pytest.mark.servers


@pytest.fixture
def engine(bucket: str, s3: S3Server, tmp_path: Path) -> Iterator[Engine]:
    import s3fs

    s3fs.S3FileSystem.clear_instance_cache()
    text = f"runtime: {{state_directory: {tmp_path}, payload_store: 's3://{bucket}/payloads'}}"
    made = Engine(configuration.parse(text))
    yield made
    made.stop(0.0)
    made.close()
    s3fs.S3FileSystem.clear_instance_cache()


def outcome_of(engine: Engine, source: DocumentSource) -> Outcome:
    engine.submit(NewDocument(id="7d0c", source=source), "me")
    deadline = time.monotonic() + 60
    while not (found := engine.outcomes("me")):
        assert time.monotonic() < deadline, "it never ended"
        engine.wait()
    return found[0]


def test_a_payload_in_a_bucket_is_fetched_read_and_its_copy_removed(engine: Engine) -> None:
    payload = engine.payloads.put([LETTER.format(number=1, day=1).encode()], "letter.html")
    source = DocumentSource(
        kind="base64", uri=payload.uri, size=payload.size, sha256=payload.sha256, filename="letter.html"
    )
    outcome = outcome_of(engine, source)
    assert outcome.status == "completed"
    assert not Path(outcome.job.path).exists()
    assert Path(outcome.result_path).exists()
    assert engine.room() > 0


def test_a_payload_that_is_not_what_its_event_says_fails(engine: Engine) -> None:
    payload = engine.payloads.put([b"<html>another</html>"], "letter.html")
    outcome = outcome_of(engine, DocumentSource(kind="base64", uri=payload.uri, size=5, sha256="0" * 64))
    assert outcome.error is not None
    assert outcome.error["code"] == "fetch_failed"


def test_a_place_that_no_source_and_no_store_has_is_refused(engine: Engine) -> None:
    event = NewDocument(id="a", source=DocumentSource(kind="url", uri="memory://somewhere/a.pdf", size=0))
    with pytest.raises(FetchFailed, match="memory addresses are unknown"):
        engine.submit(event, "me")
    assert engine.patience() >= 0.0
    assert engine.may_end()
