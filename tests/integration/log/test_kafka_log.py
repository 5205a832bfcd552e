"""The log in Kafka: the common suite against a real broker, then what brokers may do to it."""

from __future__ import annotations

import json
import random
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from support.log_suite import LogSuite, OpenLog, everything, message
from support.servers.kafka import KafkaServer
from support.topics import Topics, wait_for

from neuraldocflow import config
from neuraldocflow.errors import ConfigError
from neuraldocflow.log import TOPICS, LogError, Message, OffsetOutOfRange, Record, open_log, partition_of
from neuraldocflow.log.kafka import KafkaLog
from neuraldocflow.payloads import PayloadStore


def runtime_of(block: dict[str, Any]) -> config.RuntimeConfig:
    return config.parse(json.dumps({"runtime": block}), "job.yaml").runtime


def opener(
    servers: str, folder: Path, prefix: str, client: dict[str, Any] | None = None, **options: Any
) -> Callable[[], KafkaLog]:
    kafka = {"bootstrap_servers": servers, "topic_prefix": prefix, "client": client or {}}
    runtime = runtime_of({"log": {"kafka": kafka}})
    return lambda: KafkaLog(runtime, PayloadStore(str(folder / "payloads"), folder / "scratch"), **options)


def follow(log: KafkaLog, key: str) -> Iterator[Record]:
    """All records of a key's partition."""
    offset, place = 0, ("t", partition_of(key, 3))
    while found := log.read(*place, offset):
        yield from found
        offset = found[-1].offset + 1


class TestKafkaLog(LogSuite):
    @pytest.fixture
    def open_log(self, kafka: str, tmp_path: Path) -> OpenLog:
        return opener(kafka, tmp_path, f"{uuid.uuid4().hex[:12]}-")

    def test_a_value_larger_than_brokers_take_goes_by_the_payload_store(
        self, kafka: str, tmp_path: Path
    ) -> None:
        with opener(kafka, tmp_path, f"{uuid.uuid4().hex[:12]}-")() as log:
            log.ensure_topic("t", 3)
            value = random.Random(1).randbytes(20_000_000)
            large = Message("t", "a", value, {"ce_id": "1"})
            log.append([message("a", "before"), large, message("a", "after")])
            assert sorted(len(each) for _, each in everything(log)) == [5, 6, 20_000_000]
            (found,) = [each for each in follow(log, "a") if len(each.value) > 10]
            assert (found.value, found.headers) == (value, {"ce_id": "1"})
            assert [path.stat().st_size for path in (tmp_path / "payloads").rglob("*") if path.is_file()]

    def test_of_values_in_the_payload_store_no_more_are_read_at_a_time_than_of_others(
        self, kafka: str, tmp_path: Path
    ) -> None:
        with opener(kafka, tmp_path, f"{uuid.uuid4().hex[:12]}-")() as log:
            log.ensure_topic("t", 3)
            small = [message("a", f"small {number}") for number in range(6)]
            large = [
                Message("t", "a", random.Random(number).randbytes(9_000_000), {"ce_id": str(number)})
                for number in range(3)
            ]
            sent = [*small[:2], *large, *small[2:4], large[0], *small[4:]]
            for each in sent:
                log.append([each])
            place, offset, found = ("t", partition_of("a", 3)), 0, []
            while offset < len(sent):
                records = log.read(*place, offset)
                assert sum(len(each.value) > 100 for each in records) <= 1
                found += records
                offset = found[-1].offset + 1
            assert [each.offset for each in found] == list(range(len(sent)))
            assert [each.value for each in found] == [each.value for each in sent]
            bounds = log.bounds("t")
            assert [each.value for each in log.scan("t", bounds)] == [each.value for each in sent]

    def test_who_follows_a_topic_that_was_made_anew_does_not_spin(self, kafka: str, tmp_path: Path) -> None:
        with opener(kafka, tmp_path, f"{uuid.uuid4().hex[:12]}-")() as log:
            log.ensure_topic("t", 1)
            assert log.wait({("t", 0): 5}, 30)  # there is nothing to wait for: reading says so
            with pytest.raises(OffsetOutOfRange) as told:
                log.read("t", 0, 5)
            began = time.monotonic()
            assert not log.wait({("t", 0): told.value.begin}, 0.5)
            assert time.monotonic() - began > 0.4

    def test_a_header_makes_it_read_no_file_but_a_payload(self, kafka: str, tmp_path: Path) -> None:
        """Neither one that holds secrets, nor one that ends never, nor one that can't be read at all."""
        (tmp_path / "secret").write_text("hunter2")
        secret, payload = (tmp_path / "secret").as_uri(), f"/ab/ab{'0' * 62}"
        named = [secret, tmp_path.as_uri(), "file:///dev/zero", "file:///a%00b"]
        named += [f"{secret}?{payload}", f"{secret}#{payload}", secret + payload]
        named += [f"file://[{payload}", f"file:///%00{payload}", f"file:///{'n' * 300}{payload}"]
        with opener(kafka, tmp_path, f"{uuid.uuid4().hex[:12]}-")() as log:
            log.ensure_topic("t", 3)
            log.append([Message("t", "a", b"", {"ndf_value": uri}) for uri in named])
            log.append([message("a", "after")])
            assert [each.value for each in follow(log, "a")] == [*[b""] * len(named), b"after"]

    def test_tools_see_how_far_a_topic_is_read(self, kafka: str, tmp_path: Path) -> None:
        prefix = f"{uuid.uuid4().hex[:12]}-"
        with opener(kafka, tmp_path, prefix)() as log:
            log.ensure_topic("t", 2)
            log.reached("t", {0: 3, 1: 0})
            log.reached("t", {0: 5, 1: 1})
            consumer = Consumer({"bootstrap.servers": kafka, "group.id": f"{prefix}neuraldocflow"})
            places = [TopicPartition(f"{prefix}t", part) for part in range(2)]
            wait_for(lambda: [each.offset for each in consumer.committed(places, timeout=30)] == [5, 1])
            consumer.close()

    def test_what_a_transaction_leaves_at_the_end_is_no_record(self, kafka: str, tmp_path: Path) -> None:
        """Others may write to the log with transactions: each ends with a mark that has an offset."""
        prefix = f"{uuid.uuid4().hex[:12]}-"
        with opener(kafka, tmp_path, prefix, patience=10)() as log:
            log.ensure_topic("t", 1)
            writer = Producer({"bootstrap.servers": kafka, "transactional.id": prefix})
            writer.init_transactions(30)
            for number in range(2):
                writer.begin_transaction()
                writer.produce(f"{prefix}t", str(number))
                writer.commit_transaction(30)
            wait_for(lambda: log.bounds("t") == {0: (0, 4)})  # marks come after the answer
            assert [record.offset for record in log.scan("t", log.bounds("t"))] == [0, 2]
            assert [record.value for record in log.read("t", 0, 0)] == [b"0", b"1"]
            assert log.read("t", 0, 3) == []
            log.append([message("a", "after")])
            assert [record.value for record in log.read("t", 0, 3)] == [b"after"]

    def test_a_header_whose_name_is_no_utf8_hides_no_record(self, kafka: str, tmp_path: Path) -> None:
        """Others may write to the log's topics whatever brokers take."""
        prefix = f"{uuid.uuid4().hex[:12]}-"
        with opener(kafka, tmp_path, prefix)() as log:
            log.ensure_topic("t", 1)
            named = [message("a", str(number), name="value") for number in range(50)]
            log.append(named)
            Topics(kafka).send_with_header_named(b"\xe9", f"{prefix}t", b"odd")
            log.append(named)
            found = [(record.value, record.headers) for record in log.read("t", 0, 0)]
            assert found[50] == (b"odd", {})
            assert found[:50] == found[51:] == [(each.value, each.headers) for each in named]

    def test_many_partitions_are_followed_at_once(self, open_log: OpenLog) -> None:
        with open_log() as log, open_log() as other:
            log.ensure_topic("t", 8)
            other.ensure_topic("t", 8)
            positions = {("t", part): 0 for part in range(8)}
            got: list[str] = []

            def follow() -> None:
                while len(got) < 200:
                    assert log.wait(positions, 30)
                    for place, offset in list(positions.items()):
                        for record in log.read(*place, offset):
                            positions[place] = record.offset + 1
                            got.append(record.value.decode())

            reader = threading.Thread(target=follow)
            reader.start()
            for number in range(200):
                other.append([message(f"k{number}", str(number))])
            reader.join(60)
            assert sorted(got, key=int) == [str(number) for number in range(200)]


def test_what_is_appended_to_a_topic_just_made_is_there(kafka: str, tmp_path: Path) -> None:
    """Brokers refuse what comes before they have opened a partition; what comes next must not pass it."""
    prefix = f"{uuid.uuid4().hex[:12]}-"
    requests_of_one_record = {"batch.num.messages": 1, "linger.ms": 0}
    open_log = opener(kafka, tmp_path, prefix, requests_of_one_record)
    with ExitStack() as stack:
        logs = [stack.enter_context(open_log()) for _ in range(8)]
        pool = stack.enter_context(ThreadPoolExecutor(len(logs)))
        for number in range(8):
            topic = f"t{number}"
            logs[0].ensure_topic(topic)
            records = [message(f"k{each}", topic=topic) for each in range(80)]
            list(pool.map(lambda log, sent=records: log.append(sent), logs))
            assert len(everything(logs[0], topic)) == 80 * len(logs)


def test_a_broker_that_is_killed_and_started_again_has_what_was_acknowledged_once(
    broker: KafkaServer, tmp_path: Path
) -> None:
    with opener(broker.bootstrap_servers, tmp_path, "ndf-")() as log:
        log.ensure_topic("t", 3)
        acknowledged: list[str] = []
        stop = threading.Event()

        def write() -> None:
            number = 0
            while not stop.is_set():
                log.append([message(f"k{number % 5}", str(number))])
                acknowledged.append(str(number))
                number += 1

        writer = threading.Thread(target=write)
        writer.start()
        while len(acknowledged) < 20:
            stop.wait(0.05)
        broker.kill()
        broker.start()
        count = len(acknowledged)
        while len(acknowledged) < count + 20:
            stop.wait(0.05)
        stop.set()
        writer.join()
        assert sorted(value.decode() for _, value in everything(log)) == sorted(acknowledged)


def test_brokers_that_are_away_are_an_error_in_a_sentence_and_reading_goes_on_afterwards(
    broker: KafkaServer, tmp_path: Path
) -> None:
    with opener(broker.bootstrap_servers, tmp_path, "ndf-", patience=2)() as log:
        log.ensure_topic("t", 3)
        log.append([message("a", "1")])
        place = ("t", partition_of("a", 3))
        assert len(log.read(*place, 0)) == 1
        broker.kill()
        with pytest.raises(LogError, match=broker.bootstrap_servers):
            log.append([message("a", "2")])
        assert not log.wait({place: 1}, 0.5)
        broker.start()
        log.append([message("a", "3")])
        assert log.wait({place: 1}, 30)
        assert [each.value for each in log.read(*place, 1)][-1:] == [b"3"]


def test_a_topic_that_can_not_be_made_is_told_with_the_command_that_makes_it_as_it_is_needed(
    kafka: str, tmp_path: Path
) -> None:
    with opener(kafka, tmp_path, "no.")() as log, pytest.raises(ConfigError) as refused:
        log.ensure_topic("topic/s", 3)
    assert f"kafka-topics.sh --bootstrap-server {kafka} --create --topic no.topic/s" in str(refused.value)
    for needed in ("message.timestamp.type=LogAppendTime", "max.message.bytes=8388608", "retention.ms="):
        assert f" --config {needed}" in str(refused.value)


def test_the_configured_log_has_the_four_topics_and_passwords_stay_out_of_errors(
    kafka: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    prefix = f"{uuid.uuid4().hex[:12]}."
    state = {"state_directory": str(tmp_path)}
    section = {"bootstrap_servers": kafka, "topic_prefix": prefix, "socket.keepalive.enable": True}
    runtime = runtime_of({**state, "log": {"kafka": section}})
    with open_log(runtime) as log:
        assert set(log.topics()) == set(TOPICS)
    (tmp_path / "password").write_text("hunter2")
    secret = {"sasl.password": {"file": str(tmp_path / "password")}, "no.such.key": 1}
    runtime = runtime_of({**state, "log": {"kafka": {**section, **secret}}})
    with pytest.raises(ConfigError, match=r"no\.such\.key") as error:
        open_log(runtime)
    assert "hunter2" not in str(error.value)
