"""What every log must do: subclass :class:`LogSuite` with an ``open_log`` fixture."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import pytest

from neuraldocflow.log import Log, Message, OffsetOutOfRange, UnknownTopic, partition_of

OpenLog = Callable[[], Log]


def message(key: str, value: str = "", topic: str = "t", **headers: str) -> Message:
    return Message(topic, key, value.encode(), headers)


def everything(log: Log, topic: str = "t") -> list[tuple[str, bytes]]:
    """All records, partition by partition, read in small steps."""
    found = []
    for partition in log.partitions(topic):
        offset = log.begin(topic, partition)
        while records := log.read(topic, partition, offset, limit=7):
            assert [record.offset for record in records] == list(range(offset, offset + len(records)))
            found.extend((record.key, record.value) for record in records)
            offset += len(records)
        assert offset == log.end(topic, partition)
    return found


class LogSuite:
    """Behaviour common to all logs. ``open_log()`` opens the same log each time it is called in a test."""

    @pytest.fixture
    def log(self, open_log: OpenLog) -> Iterator[Log]:
        with ExitStack() as stack:
            log = stack.enter_context(open_log())
            log.ensure_topic("t", 3)
            yield log

    def test_what_was_appended_is_read_back_in_order(self, log: Log) -> None:
        sent = [message(f"k{i % 5}", f"v{i}") for i in range(50)]
        log.append(sent)
        got = everything(log)
        assert sorted(got) == sorted((each.key, each.value) for each in sent)
        for key in {each.key for each in sent}:
            assert [value for k, value in got if k == key] == [each.value for each in sent if each.key == key]

    def test_a_record_carries_key_headers_place_and_time(self, log: Log) -> None:
        before = datetime.now(UTC) - timedelta(milliseconds=1)
        (position,) = log.append([message("ключ", "x", ce_type="a", ce_id="ü")])
        (record,) = log.read(position.topic, position.partition, position.offset)
        assert (record.key, record.value, dict(record.headers)) == (
            "ключ",
            b"x",
            {"ce_type": "a", "ce_id": "ü"},
        )
        assert (record.topic, record.partition, record.offset) == ("t", position.partition, position.offset)
        assert before <= record.timestamp <= datetime.now(UTC)

    def test_a_key_has_one_partition(self, log: Log) -> None:
        positions = log.append([message(f"k{i}") for i in range(20)])
        assert [each.partition for each in positions] == [partition_of(f"k{i}", 3) for i in range(20)]
        assert {each.partition for each in positions} == {0, 1, 2}

    def test_appending_nothing_does_nothing(self, log: Log) -> None:
        assert log.append([]) == []
        assert everything(log) == []

    def test_records_are_there_after_closing_and_opening(self, log: Log, open_log: OpenLog) -> None:
        log.append([message("a", "1"), message("b", "2")])
        log.close()
        with open_log() as again:
            assert sorted(everything(again)) == [("a", b"1"), ("b", b"2")]

    def test_a_topics_id_stays_and_is_no_other_topics(self, log: Log, open_log: OpenLog) -> None:
        log.ensure_topic("u", 1)
        assert log.id_of("t") not in ("", log.id_of("u"))
        with open_log() as again:
            assert again.id_of("t") == log.id_of("t")

    def test_topics_keep_their_partitions(self, log: Log) -> None:
        assert log.ensure_topic("t", 9) == 3
        assert log.ensure_topic("u", 2) == 2
        assert log.topics() == {"t": 3, "u": 2}
        log.append([message("a", "in u", topic="u")])
        assert everything(log, "t") == []
        assert everything(log, "u") == [("a", b"in u")]

    def test_an_unknown_topic_or_partition_is_refused(self, log: Log) -> None:
        with pytest.raises(UnknownTopic, match="no topic nowhere"):
            log.append([message("a", topic="nowhere")])
        with pytest.raises(UnknownTopic):
            log.read("t", 3, 0)
        with pytest.raises(UnknownTopic):
            log.partitions("nowhere")

    def test_one_wrong_message_appends_none_of_the_batch(self, log: Log) -> None:
        with pytest.raises(UnknownTopic):
            log.append([message("a"), message("b", topic="nowhere")])
        assert everything(log) == []

    def test_reading_is_bounded_by_count_and_bytes_but_gives_one_at_least(self, log: Log) -> None:
        log.append([message("a", "x" * 100) for _ in range(10)])
        partition = partition_of("a", 3)
        assert len(log.read("t", partition, 0, limit=4)) == 4
        assert len(log.read("t", partition, 0, max_bytes=350)) == 3
        assert len(log.read("t", partition, 0, max_bytes=1)) == 1
        assert log.read("t", partition, 10) == []

    def test_an_offset_outside_says_what_there_is(self, log: Log) -> None:
        log.append([message("a")])
        with pytest.raises(OffsetOutOfRange) as caught:
            log.read("t", partition_of("a", 3), 5)
        assert (caught.value.begin, caught.value.end) == (0, 1)

    def test_time_finds_the_first_record_at_or_after_it(self, log: Log) -> None:
        partition = partition_of("a", 3)
        for number in range(20):
            log.append([message("a", str(number))])
        records = log.read("t", partition, 0)
        assert [r.timestamp for r in records] == sorted(r.timestamp for r in records)
        for record in records:
            first = next(r.offset for r in records if r.timestamp >= record.timestamp)
            assert log.offset_at("t", partition, record.timestamp) == first
        assert log.offset_at("t", partition, records[0].timestamp - timedelta(days=1)) == 0
        assert log.offset_at("t", partition, records[-1].timestamp + timedelta(days=1)) == 20

    def test_partitions_are_scanned_together_between_offsets(self, log: Log) -> None:
        for number in range(60):
            log.append([message(f"k{number % 5}", str(number))])
        bounds = log.bounds("t")
        assert bounds == {part: (log.begin("t", part), log.end("t", part)) for part in range(3)}
        log.append([message(f"k{number}", "later") for number in range(5)])
        found: dict[int, list[int]] = {0: [], 1: [], 2: []}
        keys: dict[str, list[int]] = {}
        for record in log.scan("t", bounds):
            found[record.partition].append(record.offset)
            keys.setdefault(record.key, []).append(int(record.value))
        assert {part: offsets for part, offsets in found.items() if offsets} == {
            part: list(range(*bound)) for part, bound in bounds.items() if bound[1]
        }
        assert keys == {f"k{number}": list(range(number, 60, 5)) for number in range(5)}
        part = partition_of("k1", 3)
        last = bounds[part][1]
        middle = [record.offset for record in log.scan("t", {part: (2, last - 1)})]
        assert middle == list(range(2, last - 1))
        assert list(log.scan("t", {part: (last, last)})) == []

    def test_a_scan_passes_over_what_retention_has_dropped(self, log: Log) -> None:
        partition = partition_of("a", 3)
        log.append([message("a", "x" * 100) for _ in range(10)])
        bounds = log.bounds("t")
        assert log.retain("t", max_bytes=350) == 7
        assert [record.offset for record in log.scan("t", bounds)] == [7, 8, 9]
        assert log.begin("t", partition) == 7

    def test_what_is_read_while_a_scan_goes_on_does_not_disturb_it(self, log: Log) -> None:
        log.append([message("a", "x" * 100) for _ in range(300)])
        partition = partition_of("a", 3)
        offsets = []
        for record in log.scan("t", log.bounds("t")):
            offsets.append(record.offset)
            if record.offset in (10, 150):
                assert [each.offset for each in log.read("t", partition, 3, limit=2)] == [3, 4]
        assert offsets == list(range(300))

    def test_retention_drops_the_oldest_and_says_so(self, log: Log) -> None:
        partition = partition_of("a", 3)
        log.append([message("a", "x" * 100) for _ in range(10)])
        assert log.retain("t", max_bytes=350) == 7
        assert (log.begin("t", partition), log.end("t", partition)) == (7, 10)
        with pytest.raises(OffsetOutOfRange):
            log.read("t", partition, 6)
        assert [record.offset for record in log.read("t", partition, 7)] == [7, 8, 9]
        assert log.retain("t", max_age=timedelta(days=1)) == 0
        assert log.retain("t", max_age=timedelta(seconds=-1)) == 3
        assert log.append([message("a")])[0].offset == 10

    def test_waiting_ends_when_a_record_comes(self, log: Log) -> None:
        position = {("t", partition_of("a", 3)): 0}
        assert not log.wait(position, 0.01)
        writer = threading.Timer(0.05, lambda: log.append([message("a")]))
        writer.start()
        assert log.wait(position, 30)
        writer.join()
        assert log.wait(position, 0)

    def test_closing_ends_a_wait(self, log: Log) -> None:
        closer = threading.Timer(0.05, log.close)
        closer.start()
        assert not log.wait({("t", 0): 0}, 30)
        closer.join()

    def test_threads_append_and_read_at_once(self, log: Log) -> None:
        def write(name: int) -> None:
            for number in range(25):
                log.append([message(f"w{name}", str(number))])

        threads = [threading.Thread(target=write, args=(name,)) for name in range(4)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            for partition in log.partitions("t"):
                log.read("t", partition, 0)
        got = everything(log)
        for name in range(4):
            assert [int(value) for key, value in got if key == f"w{name}"] == list(range(25))
