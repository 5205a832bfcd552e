"""The Kafka source against a real broker: forms, offsets, priorities, and what it refuses."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest
from support.pulling import Pulled
from support.servers.kafka import KafkaServer
from support.topics import Topics, wait_for

from connectors.kafka import KafkaSource, KafkaSourceConfig
from neuraldocflow.components import Acknowledgement, SourceContext
from neuraldocflow.errors import ConfigError
from neuraldocflow.events import NewDocument
from neuraldocflow.log import DEAD_LETTERS, EmbeddedLog
from neuraldocflow.operators.dedupe import Dedupe
from neuraldocflow.payloads import PayloadStore, path_of

pytestmark = pytest.mark.servers

DONE = Acknowledgement("completed")
HTML = b"<!doctype html><html><body><p>Letter</p></body></html>"
Make = Callable[..., Pulled]


@pytest.fixture
def topics(kafka: str) -> Topics:
    return Topics(kafka)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EmbeddedLog]:
    with EmbeddedLog(tmp_path / "log.db") as opened:
        opened.ensure_topic(DEAD_LETTERS, 1)
        yield opened


@pytest.fixture
def source(tmp_path: Path, log: EmbeddedLog) -> Iterator[Make]:
    opened: list[Pulled] = []

    def make(
        topics: Topics,
        topic: str,
        *,
        name: str = "inbox",
        context: dict[str, Any] | None = None,
        states: dict[str, Any] | None = None,
        **config: Any,
    ) -> Pulled:
        payloads = PayloadStore(str(tmp_path / "payloads"), tmp_path / "scratch")
        told = {"consumer_group": f"group-{topic}", "bootstrap_servers": topics.servers, **config}
        made = KafkaSource(
            name,
            KafkaSourceConfig(topic=topic, **told),
            SourceContext(tmp_path / "state", payloads=payloads, log=log, **(context or {})),
        )
        opened.append(Pulled(made, states))
        return opened[-1]

    yield make
    for each in opened:
        each.close()


def numbered(number: int) -> bytes:
    return orjson.dumps({"id": f"document {number}", "source": {"uri": f"s3://bucket/{number}"}})


def places(events: list[NewDocument]) -> list[str]:
    return [event.source.uri.rpartition("/")[2] for event in events]


def finish(pulled: Pulled, events: list[NewDocument]) -> None:
    for event in events:
        pulled.source.acknowledge(event, DONE)


def lag_is(topics: Topics, pulled: Pulled, topic: str, offset: int, partition: int = 0) -> Callable[[], bool]:
    group = f"group-{topic}"
    return lambda: not pulled.pull() and topics.committed(group, topic, partition) == offset


def test_a_documents_bytes_are_kept_in_the_payload_store(topics: Topics, source: Make) -> None:
    topic = topics.make()
    topics.send(topic, HTML, {"Filename": "letter.html", "Content-Type": "text/html", "tenant": "north"})
    (event,) = source(topics, topic).until(1)
    assert path_of(event.source.uri).read_bytes() == HTML
    assert (event.source.filename, event.source.content_type) == ("letter.html", "text/html")
    assert (event.source.kind, event.tenant) == ("kafka", "north")


def test_what_is_no_document_is_among_the_dead_letters_and_the_rest_goes_on(
    topics: Topics, source: Make, log: EmbeddedLog
) -> None:
    topic = topics.make(partitions=2)
    topics.send(topic, numbered(1), partition=1)
    topics.send(topic, b"\x00\x01 nothing", key="k", partition=1)
    topics.send(topic, None, partition=1)
    topics.send_with_header_named(b"\xe9", topic, HTML, partition=1)
    topics.send(topic, numbered(2), partition=1)
    pulled = source(topics, topic)
    events = pulled.until(2)
    assert places(events) == ["1", "2"]
    first, second, third = log.read(DEAD_LETTERS, 0, 0)
    assert (first.value, first.key) == (b"\x00\x01 nothing", "k")
    assert first.headers["reason"].startswith("neither an event nor a document")
    where = {name: first.headers[name] for name in ("topic", "partition", "offset", "origin")}
    assert where == {"topic": topic, "partition": "1", "offset": "1", "origin": f"{topic}[1]@1"}
    assert second.headers["offset"] == "2"
    assert (third.value, third.headers["reason"]) == (HTML, "a header's name is not UTF-8")
    finish(pulled, events)
    wait_for(lag_is(topics, pulled, topic, 5, partition=1))


def test_the_groups_offset_never_passes_a_document_without_a_durable_result(
    topics: Topics, source: Make
) -> None:
    topic = topics.make()
    for number in range(4):
        topics.send(topic, numbered(number))
    pulled = source(topics, topic)
    first, second, third, fourth = pulled.until(4)
    finish(pulled, [third, second])
    assert pulled.quiet(1.0)
    assert topics.committed(f"group-{topic}", topic) in (0, -1001)
    finish(pulled, [first])
    wait_for(lag_is(topics, pulled, topic, 3))
    finish(pulled, [fourth])
    wait_for(lag_is(topics, pulled, topic, 4))


def test_what_is_acknowledged_after_the_end_is_committed_too(topics: Topics, source: Make) -> None:
    topic = topics.make()
    topics.send(topic, numbered(1))
    topics.send(topic, numbered(2))
    pulled = source(topics, topic)
    events = pulled.until(2)
    pulled.close()
    finish(pulled, events)
    assert topics.committed(f"group-{topic}", topic) == 2


def test_auto_commit_commits_what_was_read_not_what_is_done(topics: Topics, source: Make) -> None:
    topic = topics.make()
    topics.send(topic, numbered(1))
    pulled = source(topics, topic, auto_commit=True)
    assert len(pulled.until(1)) == 1
    wait_for(lag_is(topics, pulled, topic, 1))


def test_once_ends_where_the_topic_ended_at_the_start(topics: Topics, source: Make) -> None:
    topic = topics.make(partitions=3)
    for number in range(30):
        topics.send(topic, numbered(number), partition=number % 2)
    pulled = source(topics, topic, context={"once": True})
    events = pulled.until(1)
    topics.send(topic, numbered(99))
    events += pulled.drain()
    assert sorted(places(events)) == sorted(str(number) for number in range(30))


def test_a_second_source_goes_on_where_the_group_is(topics: Topics, source: Make) -> None:
    topic = topics.make()
    for number in range(3):
        topics.send(topic, numbered(number))
    first = source(topics, topic)
    finish(first, first.until(3)[:2])
    wait_for(lag_is(topics, first, topic, 2))
    first.close()
    assert places(source(topics, topic).until(1)) == ["2"]


def test_a_snapshot_has_where_to_go_on_and_what_is_not_done(topics: Topics, source: Make) -> None:
    topic = topics.make()
    for number in range(4):
        topics.send(topic, numbered(number))
    first = source(topics, topic, max_poll_records=2)
    events = first.until(2)
    state = first.snapshots()[0]
    first.pull()
    finish(first, events[:1])
    first.close()
    resumed = source(topics, topic, states={f"{topic}/0": state})
    again = resumed.until(2)
    assert places(again) == ["2", "3"]
    finish(resumed, [*events[1:], *again])
    wait_for(lag_is(topics, resumed, topic, 4))


def test_of_a_topic_that_was_made_anew_all_is_read(topics: Topics, source: Make) -> None:
    """Where the snapshot goes on is a place of the topic there was; so too after a move to other brokers."""
    topic = topics.make()
    for number in range(3):
        topics.send(topic, numbered(number))
    first = source(topics, topic)
    finish(first, first.until(3))
    wait_for(lag_is(topics, first, topic, 3))
    state = first.snapshots()[0]
    first.close()
    topics.remove(topic)
    topics.make(topic)
    for number in range(3, 8):
        topics.send(topic, numbered(number))
    resumed = source(topics, topic, states={f"{topic}/0": state})
    assert places(resumed.until(5)) == ["3", "4", "5", "6", "7"]


def test_a_document_that_is_announced_again_goes_no_further_and_holds_nothing_up(
    topics: Topics, source: Make
) -> None:
    topic = topics.make(partitions=2)
    pulled = source(topics, topic)
    topics.send(topic, numbered(1))
    topics.send(topic, numbered(1))
    events = pulled.until(1)
    assert pulled.quiet(0.3)
    finish(pulled, events)
    wait_for(lag_is(topics, pulled, topic, 2))
    topics.send(topic, numbered(1), partition=1)
    wait_for(lag_is(topics, pulled, topic, 1, partition=1))


@pytest.mark.parametrize("done_before", [True, False], ids=["done before", "done later"])
def test_a_document_that_came_through_another_source_holds_nothing_up(
    topics: Topics, source: Make, done_before: bool
) -> None:
    """A producer's UUID is the document's id whatever it comes through, and the flow takes up one of them."""
    message = orjson.dumps({"id": str(uuid4()), "source": {"uri": "s3://bucket/1"}})
    here, there = topics.make(), topics.make()
    topics.send(here, message)
    topics.send(there, message)
    first, second = source(topics, here, name="first"), source(topics, there, name="second")
    events = first.until(1)
    if done_before:
        finish(first, events)
    else:
        assert Dedupe(None).on_batch([*events, *second.until(1)])[0] == events
        finish(first, events)
    wait_for(lag_is(topics, second, there, 1))
    assert second.snapshots()[0]["waiting"] == {}


def test_not_more_is_emitted_than_there_is_room_for_nor_than_wanted_at_a_time(
    topics: Topics, source: Make
) -> None:
    topic = topics.make()
    for number in range(25):
        topics.send(topic, numbered(number))
    room = [0]
    pulled = source(topics, topic, context={"room": lambda: room[0]}, max_poll_records=10)
    assert pulled.quiet(0.5)
    room[0] = 3
    wait_for(lambda: len(pulled.source.reader._lanes[topic, 0].items) >= 25)
    assert len(pulled.pull()) == 3
    room[0] = 1000
    batches = [pulled.pull() for _ in range(300)]
    assert max(map(len, batches)) <= 10
    batches.append(pulled.until(22 - sum(map(len, batches))))
    assert places([event for batch in batches for event in batch]) == [str(number) for number in range(3, 25)]


def test_what_is_urgent_is_drained_first(topics: Topics, source: Make) -> None:
    topic = topics.make(partitions=2)
    for rank in ("urgent", "low"):
        topics.make(f"{topic}.{rank}")
    for number in range(50):
        topics.send(f"{topic}.low", numbered(number + 200))
        topics.send(topic, numbered(number + 100), partition=number % 2)
        topics.send(f"{topic}.urgent", numbered(number))
    pulled = source(topics, topic, priority_topics=["low", "urgent"], max_poll_records=7)
    events = pulled.until(150)
    assert [event.priority for event in events] == ["urgent"] * 50 + ["normal"] * 50 + ["low"] * 50


def test_a_new_message_wakes_whoever_rests(topics: Topics, source: Make) -> None:
    topic = topics.make()
    pulled = source(topics, topic)
    arrived = pulled.source.context.arrived
    assert pulled.quiet(0.5)
    arrived.clear()
    topics.send(topic, numbered(1))
    assert arrived.wait(60)


def test_files_elsewhere_than_allowed_are_not_read(topics: Topics, source: Make, tmp_path: Path) -> None:
    topic = topics.make()
    inside, outside = tmp_path / "shared" / "a.pdf", tmp_path / "secret.pdf"
    inside.parent.mkdir()
    (tmp_path / "shared" / "link.pdf").symlink_to(outside)
    for path in (
        inside,
        outside,
        tmp_path / "shared" / "link.pdf",
        tmp_path / "shared" / ".." / "secret.pdf",
    ):
        topics.send(topic, orjson.dumps({"source": {"uri": f"file://{path}"}}))
    events = source(topics, topic, file_directories=[tmp_path / "shared"]).until(4)
    assert [event.error.code if event.error else None for event in events] == [None, *["forbidden_url"] * 3]
    assert [event.source.uri for event in events[:2]] == [inside.as_uri(), f"forbidden+{outside.as_uri()}"]


def test_an_address_that_no_file_can_have_does_not_end_the_job(
    topics: Topics, source: Make, log: EmbeddedLog, tmp_path: Path
) -> None:
    topic = topics.make()
    for name in ("to", "fro"):
        (tmp_path / name).symlink_to(tmp_path / ("fro" if name == "to" else "to"))
    for uri in ("file:///a%00b", (tmp_path / "to").as_uri(), "file:///after.pdf"):
        topics.send(topic, orjson.dumps({"source": {"uri": uri}}))
    events = source(topics, topic).until(2)
    assert [event.source.uri for event in events] == [(tmp_path / "to").as_uri(), "file:///after.pdf"]
    (letter,) = log.read(DEAD_LETTERS, 0, 0)
    assert "is no address" in letter.headers["reason"]


def test_partitions_that_are_added_are_told_of_and_read_from_their_beginning_after_a_restart(
    topics: Topics, source: Make, caplog: pytest.LogCaptureFixture
) -> None:
    topic = topics.make()
    latest = {"auto.offset.reset": "latest"}
    pulled = source(topics, topic, client=latest)
    pulled.pull()
    pulled.snapshots()
    topics.grow(topic, 2)
    topics.send(topic, numbered(1), partition=1)
    wait_for(lambda: pulled.pull() or "start the job again to read all of them" in caplog.text)
    pulled.close()
    assert places(source(topics, topic, client=latest).until(1)) == ["1"]


def test_messages_that_retention_has_removed_are_passed_over(topics: Topics, source: Make) -> None:
    topic = topics.make()
    for number in range(5):
        topics.send(topic, numbered(number))
    first = source(topics, topic, max_poll_records=1)
    first.until(1)
    state = first.snapshots()[0]
    first.close()
    topics.delete_before(topic, 4)
    assert places(source(topics, topic, states={f"{topic}/0": state}).until(1)) == ["4"]


def test_a_broker_that_is_killed_is_waited_for_and_told_of_once(
    broker: KafkaServer, source: Make, caplog: pytest.LogCaptureFixture
) -> None:
    topics = Topics(broker.bootstrap_servers)
    topic = topics.make()
    topics.send(topic, numbered(1))
    pulled = source(topics, topic)
    events = pulled.until(1)
    with caplog.at_level(logging.INFO):
        broker.kill()
        wait_for(lambda: pulled.pull() or "does not answer" in caplog.text)
        finish(pulled, events)
        assert pulled.quiet(1.0)
        broker.start()
        topics.send(topic, numbered(2))
        events = pulled.until(1)
        assert places(events) == ["2"]
        finish(pulled, events)
        wait_for(lag_is(topics, pulled, topic, 2))
    told = [each.getMessage() for each in caplog.records if "Kafka at" in each.getMessage()]
    assert [("does not answer" in line, "answers again" in line) for line in told] == [
        (True, False),
        (False, True),
    ]
    pulled.snapshots()
    pulled.close()
    broker.kill()
    late = source(topics, topic)  # what the topic has is known from before
    broker.start()
    topics.send(topic, numbered(3))
    assert places(late.until(1, 60)) == ["3"]


def test_a_topic_that_is_not_there_is_a_sentence_with_the_command_that_makes_it(
    topics: Topics, source: Make
) -> None:
    with pytest.raises(ConfigError) as refused:
        source(topics, "not-there")
    assert str(refused.value).startswith(
        f"stream_sources.inbox.config.topic: there is no topic not-there at {topics.servers}; "
    )
    assert "kafka-topics.sh --bootstrap-server" in str(refused.value)


@pytest.mark.parametrize(
    ("client", "reason"),
    [
        (
            {"no.such.key": 1},
            'stream_sources.inbox.config.client: No such configuration property: "no.such.key"',
        ),
        ({"group.id": "x"}, "stream_sources.inbox.config.client.group.id follows from the other keys here"),
        ({"fetch.wait.max.ms": "soon"}, "stream_sources.inbox.config.client: "),
    ],
)
def test_client_keys_that_cant_be_are_told_at_the_start(
    topics: Topics, source: Make, client: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        source(topics, "any", client=client)
    assert reason in str(refused.value)


def test_no_brokers_at_all_is_a_sentence(
    topics: Topics, source: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KAFKA_BOOTSTRAP_SERVERS", raising=False)
    with pytest.raises(ConfigError, match=r"^stream_sources.inbox.config.bootstrap_servers is not set"):
        source(topics, "any", bootstrap_servers=None)
