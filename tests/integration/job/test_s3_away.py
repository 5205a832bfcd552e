"""An S3 server that is stopped, so that connections are refused, and started again: it is waited for."""

from __future__ import annotations

import asyncio
import json
import logging
import random
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import fsspec
import pyarrow.dataset as ds
import pytest
from support.deliveries import delivery, written_out
from support.gateway import Gateway, letter, submit
from support.job import LETTER
from support.pulling import Pulled
from support.servers.s3 import OwnS3
from support.topics import Topics, wait_for

from connectors.kafka import KafkaSource, KafkaSourceConfig
from neuraldocflow import config as configuration
from neuraldocflow import durable
from neuraldocflow.archive.partition import ParquetPartition
from neuraldocflow.components import SinkContext, SourceContext
from neuraldocflow.durable import OutputError
from neuraldocflow.errors import ConfigError
from neuraldocflow.events import DocumentSource, NewDocument
from neuraldocflow.job.engine import Engine
from neuraldocflow.log import DEAD_LETTERS, EmbeddedLog, LogError, Message
from neuraldocflow.log.kafka import KafkaLog
from neuraldocflow.payloads import PayloadStore
from sinks.parquet import ParquetConfig, ParquetSink

pytestmark = pytest.mark.servers
URL = "s3://inbox/archive"


@pytest.fixture(autouse=True)
def _fresh_s3fs() -> Iterator[None]:
    """s3fs keeps its clients for a process' life."""
    import s3fs

    s3fs.S3FileSystem.clear_instance_cache()
    yield
    s3fs.S3FileSystem.clear_instance_cache()


@pytest.fixture
def store(own_s3: OwnS3, tmp_path: Path) -> PayloadStore:
    return PayloadStore("s3://inbox/payloads", tmp_path / "scratch")


def test_a_payload_can_be_neither_kept_nor_read_meanwhile_and_both_afterwards(
    store: PayloadStore, own_s3: OwnS3
) -> None:
    payload = store.put([b"abc"], "a.pdf")
    own_s3.stop()
    with pytest.raises(OSError, match="EndpointConnectionError"):
        store.put([b"more"])
    with pytest.raises(OSError, match="EndpointConnectionError"), store.local(payload.uri):
        pass
    own_s3.start()
    assert b"".join(store.read(payload.uri)) == b"abc"
    assert b"".join(store.read(store.put([b"more"]).uri)) == b"more"


def test_a_document_waits_for_its_payload(own_s3: OwnS3, tmp_path: Path) -> None:
    text = f"runtime: {{state_directory: {tmp_path}, payload_store: 's3://inbox/payloads'}}"
    engine = Engine(configuration.parse(text))
    try:
        payload = engine.payloads.put([LETTER.format(number=1, day=1).encode()], "letter.html")
        own_s3.stop()
        source = DocumentSource(
            kind="base64", uri=payload.uri, size=payload.size, sha256=payload.sha256, filename="letter.html"
        )
        engine.submit(NewDocument(id="7d0c", source=source), "me")
        wait_for(lambda: any(each.lasts for each in engine.fetching._outages.values()))
        own_s3.start()
        deadline = time.monotonic() + 120
        while not (found := engine.outcomes("me")):
            assert time.monotonic() < deadline, "it never ended"
            engine.wait()
        assert [each.status for each in found] == ["completed"]
    finally:
        engine.stop(0.0)
        engine.close()


def test_a_server_that_is_away_at_the_start_is_waited_for_and_then_named(
    own_s3: OwnS3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    own_s3.stop()
    with ThreadPoolExecutor() as pool, caplog.at_level(logging.WARNING):
        opened = pool.submit(PayloadStore, "s3://inbox/payloads", tmp_path)
        wait_for(lambda: "s3://inbox at http" in caplog.text)
        own_s3.start()
        opened.result(60)
    own_s3.stop()
    monkeypatch.setattr("neuraldocflow.objects.reach.PATIENCE", 0.2)
    with pytest.raises(ConfigError, match=r"^runtime\.payload_store: nothing answers at http://127"):
        PayloadStore("s3://inbox/payloads", tmp_path)


def test_the_gateway_answers_503_meanwhile(own_s3: OwnS3, tmp_path: Path) -> None:
    async def work(gateway: Gateway) -> None:
        async with gateway.http() as session:
            await submit(session, letter(1))
            own_s3.stop()
            async with session.post("/api/v1/documents?filename=a.html", data=letter(2)) as answer:
                assert answer.status == 503, await answer.text()
                assert answer.headers["Retry-After"] == "30"
            own_s3.start()
            await submit(session, letter(2))

    runtime = {"payload_store": "s3://inbox/payloads"}
    with Gateway(tmp_path / "gateway", with_job=False, runtime=runtime) as gateway:
        asyncio.run(work(gateway))


def archive(state: Path, **config: int) -> ParquetPartition:
    given = ParquetConfig.model_validate({"url": URL, "flush_interval_ms": 0, **config})
    return ParquetSink("parquet", given, SinkContext(state)).build_part("out", "archive", None)


def archived() -> list[str]:
    filesystem, root = fsspec.core.url_to_fs(URL)
    filesystem.invalidate_cache()
    found = ds.dataset(f"{root}/documents", filesystem=filesystem, format="parquet", partitioning="hive")
    return sorted(found.to_table()["filename"].to_pylist())


@pytest.fixture
def back(own_s3: OwnS3, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], None]]:
    """Starts the server again after an output has waited so often."""
    with ThreadPoolExecutor(1) as starting:  # the server lives as long as the thread that started it

        def after(pauses: int) -> None:
            left = [pauses]

            def wait(seconds: float) -> bool:
                left[0] -= 1
                if left[0] == 0:
                    starting.submit(own_s3.start).result()
                return False

            monkeypatch.setattr(durable.STOPPING, "wait", wait)

        yield after


def test_the_archive_waits_longer_than_for_a_disk(
    own_s3: OwnS3, tmp_path: Path, back: Callable[[int], None]
) -> None:
    sink = archive(tmp_path)
    sink.write_batch([delivery("a.pdf")])
    own_s3.stop()
    back(len(durable.PAUSES) + 2)
    sink.snapshot()
    sink.close()
    assert archived() == ["a.pdf"]


def test_an_archive_that_is_away_when_the_job_starts_is_waited_for(
    own_s3: OwnS3, tmp_path: Path, back: Callable[[int], None]
) -> None:
    own_s3.stop()
    back(2)
    sink = archive(tmp_path)
    sink.write_batch([delivery("a.pdf")])
    sink.close()
    assert archived() == ["a.pdf"]


def test_the_archives_patience_ends_with_a_sentence_and_nothing_is_lost(
    own_s3: OwnS3, tmp_path: Path
) -> None:
    sink = archive(tmp_path, delivery_timeout_ms=1000)
    sink.write_batch([delivery("a.pdf")])
    own_s3.stop()
    sink.snapshot()
    written_out()
    with pytest.raises(OutputError, match="archive s3://inbox/archive can't be written: EndpointConnection"):
        sink.snapshot()
    own_s3.start()
    sink = archive(tmp_path)  # the next start, to which the epoch comes again
    sink.write_batch([delivery("a.pdf")])
    sink.close()
    assert archived() == ["a.pdf"]


def test_a_kafka_source_waits_with_documents_that_it_has_to_keep(
    own_s3: OwnS3, store: PayloadStore, kafka: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    topics = Topics(kafka)
    topic = topics.make()
    config = KafkaSourceConfig(topic=topic, consumer_group=topic, bootstrap_servers=kafka)
    with EmbeddedLog(tmp_path / "log.db") as log, caplog.at_level(logging.WARNING):
        log.ensure_topic(DEAD_LETTERS, 1)
        pulled = Pulled(
            KafkaSource("inbox", config, SourceContext(tmp_path / "state", payloads=store, log=log))
        )
        own_s3.stop()
        topics.send(topic, letter(1), {"filename": "a.html"})
        wait_for(lambda: "the payload store does not answer" in caplog.text)
        own_s3.start()
        (event,) = pulled.until(1, 60)
        assert b"".join(store.read(event.source.uri)) == letter(1)
        pulled.close()


def test_a_large_record_of_the_log_is_waited_for_not_given_empty(
    own_s3: OwnS3, store: PayloadStore, kafka: str
) -> None:
    kafka_log = {"bootstrap_servers": kafka, "topic_prefix": f"{uuid.uuid4().hex[:12]}-"}
    runtime = configuration.parse(json.dumps({"runtime": {"log": {"kafka": kafka_log}}}), "job.yaml").runtime
    value = random.Random(1).randbytes(20_000_000)
    with KafkaLog(runtime, store) as log:
        log.ensure_topic("t", 1)
        log.append([Message("t", "a", value)])
        own_s3.stop()
        with pytest.raises(LogError, match="does not give a large record"):
            log.read("t", 0, 0)
        with pytest.raises(LogError, match="does not take a large record"):
            log.append([Message("t", "a", value[1:])])
        own_s3.start()
        (found,) = log.read("t", 0, 0)
    assert found.value == value
