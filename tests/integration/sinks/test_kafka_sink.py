"""Results on topics of a real broker: what is written, by which key, and what happens when it is away."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from support.deliveries import delivery
from support.servers.kafka import KafkaServer
from support.topics import Topics, wait_for

from neuraldocflow.components import SinkContext
from neuraldocflow.durable import OutputError
from neuraldocflow.errors import ConfigError
from neuraldocflow.events import ProcessingProgress
from neuraldocflow.kafka_settings import LogTopics
from neuraldocflow.payloads import PayloadStore, path_of
from sinks.kafka import KafkaPartition, KafkaSink, KafkaSinkConfig

pytestmark = pytest.mark.servers

Make = Callable[..., KafkaPartition]


@pytest.fixture
def topics(kafka: str) -> Topics:
    return Topics(kafka)


@pytest.fixture
def output(tmp_path: Path) -> Callable[..., KafkaSink]:
    def make(
        topics: Topics,
        topic: str,
        *,
        waiting: Callable[[], None] = lambda: None,
        log_topics: LogTopics | None = None,
        **config: Any,
    ) -> KafkaSink:
        payloads = PayloadStore(str(tmp_path / "payloads"), tmp_path / "scratch")
        told = KafkaSinkConfig.model_validate({"topic": topic, "bootstrap_servers": topics.servers, **config})
        context = SinkContext(
            tmp_path,
            payloads=payloads,
            log_topics=log_topics,
            waiting=waiting,
            where="processing_pipeline.output_streams.0.config",
        )
        return KafkaSink("kafka_0", told, context)

    return make


@pytest.fixture
def sink(output: Callable[..., KafkaSink]) -> Make:
    return lambda *given, **config: output(*given, **config).build_part("out", "0", None)


def headers_of(message: Any) -> dict[str, str]:
    return {name: value.decode() for name, value in message.headers()}


def test_a_result_is_a_cloudevent_in_binary_mode(topics: Topics, sink: Make) -> None:
    topic = topics.make()
    written = delivery()
    part = sink(topics, topic)
    part.write_batch([written])
    part.snapshot()
    (message,) = topics.read(topic)
    headers = headers_of(message)
    assert headers.pop("ce_time")
    assert headers.pop("ce_id")
    assert headers == {
        "ce_specversion": "1.0",
        "ce_type": "neuraldocflow.ProcessingCompleted.v1",
        "ce_source": "/dataflow",
        "ce_subject": written.document.id,
        "content-type": "application/json",
    }
    data = orjson.loads(message.value())
    assert (data["id"], data["run"], data["result"]) == (written.document.id, 0, written.result)


def test_what_a_snapshot_covers_is_at_the_broker(topics: Topics, sink: Make) -> None:
    topic = topics.make(partitions=3)
    part = sink(topics, topic)
    part.write_batch([delivery(f"{number}.pdf") for number in range(500)])
    part.snapshot()
    assert len(topics.read(topic, 0)) == 500


def test_repeats_are_known_by_their_id(topics: Topics, sink: Make) -> None:
    topic = topics.make()
    for _ in range(2):
        part = sink(topics, topic)
        part.write_batch([delivery(), delivery(run=1)])
        part.snapshot()
    ids = [headers_of(message)["ce_id"] for message in topics.read(topic, 4)]
    assert ids[:2] == ids[2:]
    assert len(set(ids)) == 2


def test_lifecycle_events_go_to_a_topic_of_their_own_by_document(topics: Topics, sink: Make) -> None:
    results, events = topics.make(), topics.make()
    progress = ProcessingProgress(id="d", progress=0.5, stage="reading", sequence=3, tenant="north")
    part = sink(topics, results, events_topic=events)
    part.write_batch([progress, delivery()])
    part.snapshot()
    (message,) = topics.read(events)
    assert message.key() == b"d"
    assert headers_of(message)["ce_type"] == "neuraldocflow.ProcessingProgress.v1"
    assert headers_of(message)["ce_tenant"] == "north"
    assert headers_of(message)["ce_sequence"] == "3"
    assert orjson.loads(message.value())["stage"] == "reading"
    assert len(topics.read(results)) == 1


@pytest.mark.parametrize(
    ("partition_key", "key"),
    [
        ("document_type", "contract_analysis"),
        ("tenant", "default"),
        ("amount", "12.5"),
        ("parties", "Example GmbH"),
        ("document_id", None),
        ("term", None),
        ("no_such_field", None),
    ],
)
def test_the_key_is_what_was_asked_for_or_the_documents_id(
    topics: Topics, sink: Make, partition_key: str, key: str | None
) -> None:
    topic = topics.make()
    written = delivery()
    part = sink(topics, topic, partition_key=partition_key)
    part.write_batch([written])
    part.snapshot()
    (message,) = topics.read(topic)
    assert message.key().decode() == (key or written.document.id)


def test_a_failed_documents_key_is_the_profile_it_was_for(topics: Topics, sink: Make) -> None:
    topic = topics.make()
    part = sink(topics, topic, partition_key="document_type")
    part.write_batch([delivery(status="failed", extractedData=None, metadata={"profile": "sec_10k"})])
    part.snapshot()
    assert [message.key() for message in topics.read(topic)] == [b"sec_10k"]


def test_one_key_is_always_in_one_partition(topics: Topics, sink: Make) -> None:
    topic = topics.make(partitions=4)
    for _ in range(2):
        part = sink(topics, topic)
        part.write_batch([delivery(f"{number}.pdf") for number in range(40)])
        part.snapshot()
    places: dict[bytes, set[int]] = {}
    for message in topics.read(topic, 80):
        places.setdefault(message.key(), set()).add(message.partition())
    assert len(places) == 40
    assert all(len(partitions) == 1 for partitions in places.values())
    assert len(set.union(*places.values())) == 4


def test_a_result_larger_than_allowed_goes_by_claim_check(topics: Topics, sink: Make) -> None:
    topic = topics.make()
    large = delivery(tables=5000)
    part = sink(topics, topic, max_message_size="100KB")
    part.write_batch([large, delivery("small.pdf")])
    part.snapshot()
    message, small = topics.read(topic, 2)
    assert len(message.value()) < 10_000
    data = orjson.loads(message.value())
    assert data["result"]["status"] == "completed"
    assert data["result"]["extractedData"] is None
    uri = headers_of(message)["ce_dataref"]
    assert data["dataref"]["uri"] == uri
    whole = path_of(uri).read_bytes()
    assert data["dataref"]["size"] == len(whole)
    assert orjson.loads(whole)["result"] == large.result
    assert "ce_dataref" not in headers_of(small)


def test_a_topic_that_takes_less_than_was_thought_gets_a_claim_check_too(topics: Topics, sink: Make) -> None:
    topic = topics.make(max_message_bytes="20000")
    large = delivery(tables=5000)
    part = sink(topics, topic, compression="none")
    part.write_batch([large])
    part.snapshot()
    (message,) = topics.read(topic)
    assert orjson.loads(path_of(headers_of(message)["ce_dataref"]).read_bytes())["result"] == large.result


def test_what_brokers_refused_while_another_partition_waited_is_sent_again_before_the_snapshot(
    topics: Topics, output: Callable[..., KafkaSink]
) -> None:
    topic = topics.make(max_message_bytes="20000")
    whole = output(topics, topic, compression="none")
    first, second = (whole.build_part("out", part, None) for part in "01")
    first.write_batch([delivery("first.pdf")])
    second.write_batch([delivery("second.pdf", tables=5000)])
    first.snapshot()  # waits for what the producer they share has: also for what the second one sent
    second.snapshot()
    assert len(topics.read(topic, 2)) == 2


def test_a_topic_that_refuses_everything_ends_the_job_with_a_sentence(topics: Topics, sink: Make) -> None:
    topic = topics.make(max_message_bytes="100")
    part = sink(topics, topic)
    part.write_batch([delivery()])
    with pytest.raises(OutputError, match=r"refuses even a message of \d+ bytes\. Nothing is lost"):
        part.snapshot()


def test_topics_that_are_not_there_are_made(topics: Topics, sink: Make) -> None:
    results, events = (f"{topics.make()}.{name}" for name in ("results", "events"))
    part = sink(topics, results, events_topic=events, partitions=3)
    part.write_batch([delivery()])
    part.snapshot()
    assert (topics.partitions(results), topics.partitions(events)) == (3, 3)


def test_a_topic_that_cant_be_made_is_a_sentence_with_the_command_that_makes_it(
    topics: Topics, sink: Make
) -> None:
    there = topics.make()
    topics.make(f"{there}.results")
    with pytest.raises(ConfigError) as refused:
        sink(topics, f"{there}_results")  # Kafka allows one of the two
    assert str(refused.value).startswith("processing_pipeline.output_streams.0.config: there is no topic")
    assert "kafka-topics.sh --bootstrap-server" in str(refused.value)


def test_a_broker_that_is_away_is_waited_for_and_nothing_is_lost_until_the_limit_ends_the_job(
    broker: KafkaServer, sink: Make, caplog: pytest.LogCaptureFixture
) -> None:
    topics = Topics(broker.bootstrap_servers)
    topic = topics.make(partitions=2)
    told: list[float] = []
    part = sink(topics, topic, waiting=lambda: told.append(time.monotonic()))
    part.write_batch([delivery("before.pdf")])
    part.snapshot()
    broker.kill()
    part.write_batch([delivery(f"{number}.pdf") for number in range(50)])
    waiting = threading.Thread(target=part.snapshot)
    with caplog.at_level(logging.INFO):
        waiting.start()
        wait_for(lambda: told and "does not answer" in caplog.text)  # the others learn that this is no stall
        waiting.join(1.0)
        assert waiting.is_alive()
        broker.start()
        waiting.join(60.0)
    assert not waiting.is_alive()
    keys = [message.key() for message in topics.read(topic, 51)]
    assert len(keys) == len(set(keys)) == 51
    lines = [each.getMessage() for each in caplog.records if "Kafka at" in each.getMessage()]
    assert [("does not answer" in line, "answers again" in line) for line in lines] == [
        (True, False),
        (False, True),
    ]
    stays_away_and_ends_the_job(broker, sink(topics, topic, delivery_timeout_ms=1000))


def stays_away_and_ends_the_job(broker: KafkaServer, part: KafkaPartition) -> None:
    broker.kill()
    part.write_batch([delivery()])
    with pytest.raises(
        OutputError, match=r"^results can't be written to Kafka: nothing was delivered for 1 s"
    ):
        part.snapshot()
    part.close()  # waits no more


def test_on_the_logs_own_topic_nothing_is_written_twice(topics: Topics, sink: Make) -> None:
    events, prefix = topics.make(), f"{topics.make()}."
    own = LogTopics(f"elsewhere:9092, {topics.servers}", prefix)
    part = sink(topics, f"{prefix}processing-results", events_topic=events, log_topics=own)
    part.write_batch([delivery(), ProcessingProgress(id="d", progress=0.5, stage="reading")])
    part.snapshot()
    assert len(topics.read(events)) == 1
    assert topics.read(f"{prefix}processing-results", 0) == []


@pytest.mark.parametrize(("brokers", "prefix"), [("elsewhere:9092", ""), (None, "acme.")])
def test_a_topic_of_that_name_that_is_not_the_logs_is_written(
    topics: Topics, sink: Make, brokers: str | None, prefix: str
) -> None:
    """The log is at other brokers, or its topics have a prefix."""
    part = sink(topics, "processing-results", log_topics=LogTopics(brokers or topics.servers, prefix))
    written = delivery(f"{uuid.uuid4()}.pdf")
    part.write_batch([written])
    part.snapshot()
    keys = [message.key().decode() for message in topics.read("processing-results")]
    assert keys.count(written.document.id) == 1


def test_a_topic_the_log_has_for_something_else_is_refused(topics: Topics, sink: Make) -> None:
    own = LogTopics(topics.servers)
    with pytest.raises(
        ConfigError, match="document-stream is the log's own, for document-stream; name another"
    ):
        sink(topics, "document-stream", log_topics=own)
    with pytest.raises(ConfigError, match="processing-results is the log's own"):
        sink(topics, topics.make(), events_topic="processing-results", log_topics=own)


def test_no_kafka_at_all_is_told_at_the_start(sink: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("neuraldocflow.topics.client.PATIENCE", 0.5)
    monkeypatch.setattr("neuraldocflow.topics.client._ASK", 0.5)
    nowhere = Topics("127.0.0.1:9")
    with pytest.raises(ConfigError) as refused:
        sink(nowhere, "results")
    assert str(refused.value).startswith(
        "processing_pipeline.output_streams.0.config.bootstrap_servers: no Kafka answers at 127.0.0.1:9"
    )
