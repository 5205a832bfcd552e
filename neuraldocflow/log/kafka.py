"""The log in Kafka: topics of an Apache Kafka cluster, written with every acknowledgement awaited.

Topics that are missing are made, with broker timestamps and room for messages of 8 MiB; a value that is
larger than the brokers take is kept in the payload store, and the record has its address (a claim check).
"""

from __future__ import annotations

import errno
import logging
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from neuraldocflow.config import RuntimeConfig
from neuraldocflow.errors import FetchFailed
from neuraldocflow.log.interface import (
    PROCESSING_RESULTS,
    Log,
    LogError,
    Message,
    Position,
    Record,
    UnknownTopic,
    partition_of,
)
from neuraldocflow.log.kafka_reader import Brokers, Reader
from neuraldocflow.payloads import PayloadStore, is_payload
from neuraldocflow.topics.client import (
    DURABLE,
    common,
    headers_of,
    ids_of,
    make,
    make_topic,
    reason_of,
    settings_of,
)

log = logging.getLogger(__name__)

GROUP = "neuraldocflow"
"""The consumer group, with the topics' prefix before its name, that shows how far a topic is read."""
_WHERE = "runtime.log.kafka"
_PATIENCE = 30.0
"""Seconds without an acknowledgement after which an append has failed."""
_LARGEST = 8 << 20
_AT_ONCE = 100
"""Records that a scan makes at a time: of more, Python's garbage collector looks at most again and again."""
_NO_HEADERS: dict[str, str] = {}
_ELSEWHERE = "ndf_value"
_NO_PLACE = (errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.ELOOP)
"""No payload store can be there, so that none is waited for."""
"""The header with the address of a value that is in the payload store."""
_PRODUCER = {
    "compression.type": "lz4",
    "linger.ms": 1,
    "message.max.bytes": 64 << 20,
    "delivery.timeout.ms": int(_PATIENCE * 1000),
    "reconnect.backoff.max.ms": 1000,
    "allow.auto.create.topics": False,
}
_CONSUMER = {
    "group.id": "neuraldocflow-log",
    "enable.auto.commit": False,
    "enable.auto.offset.store": False,
    "auto.offset.reset": "error",
    "enable.partition.eof": True,
    "allow.auto.create.topics": False,
    "reconnect.backoff.max.ms": 1000,
    "queued.max.messages.kbytes": 16384,
    "fetch.max.bytes": 16 << 20,
    "max.partition.fetch.bytes": 4 << 20,  # results are large: the client's 1 MiB takes half as long again
    "fetch.queue.backoff.ms": 10,
    "fetch.wait.max.ms": 50,  # so long another partition's first fetch waits for the one under way
}


class KafkaLog(Log):
    """Topics of a cluster, each with ``prefix`` before its name. Raises ConfigError."""

    def __init__(
        self, runtime: RuntimeConfig, payloads: PayloadStore, *, patience: float = _PATIENCE
    ) -> None:
        kafka = runtime.log.kafka
        self._prefix = kafka.topic_prefix
        self._retention = timedelta(days=runtime.retention_days)
        self._payloads = payloads
        self._patience = patience
        timeout = {"delivery.timeout.ms": int(patience * 1000)}
        produce = settings_of(kafka, _WHERE, DURABLE, {**_PRODUCER, **timeout})
        self._brokers = str(produce["bootstrap.servers"])
        reach = common(produce)
        self._consume = {**reach, **_CONSUMER}
        self._producer: Producer = make(Producer, produce, _WHERE)
        self._admin: AdminClient = make(AdminClient, reach, _WHERE)
        self._group: Consumer | None = None
        """Shows how far a topic is read."""
        self._asked_by = Brokers(self._consume, self._brokers, patience)
        self._readers: dict[int, Reader] = {}
        """By thread; threads of the engine's own lose what ``threading.local`` holds."""
        self._counts: dict[str, int] = {}
        """Partitions that are written to: as many as at first, since the producer learns of others later."""
        self._read: dict[str, int] = {}
        """Partitions that are read, where a topic was given more since."""
        self._closed = False

    def append(self, messages: Iterable[Message]) -> list[Position]:
        """Results after all else: partitions are written beside one another, and who follows the log is to
        see a document's progress before its result."""
        listed = list(messages)
        results = [each for each in listed if each.topic == PROCESSING_RESULTS]
        others = [each for each in listed if each.topic != PROCESSING_RESULTS]
        places = iter(self._append(others)), iter(self._append(results))
        return [next(places[each.topic == PROCESSING_RESULTS]) for each in listed]

    def _append(self, listed: list[Message]) -> list[Position]:
        counts = [len(self.partitions(each.topic)) for each in listed]
        batch = _Batch(len(listed))
        for number, (message, count) in enumerate(zip(listed, counts, strict=True)):
            self._produce(message, count, batch, number)
        deadline = time.monotonic() + self._patience + 5
        while batch.waiting:
            self._producer.poll(0.05)
            for number in batch.take_large():
                smaller = self._claim_check(listed[number])
                self._produce(smaller, counts[number], batch, number)
            if time.monotonic() > deadline:
                break
        if batch.failed or batch.waiting:
            reason = batch.failed or f"no acknowledgement within {self._patience:g} s"
            raise LogError(f"Kafka at {self._brokers}: {reason}")
        return [
            Position(message.topic, partition, offset)
            for message, (partition, offset) in zip(listed, batch.places, strict=True)
        ]

    def read(
        self, topic: str, partition: int, offset: int, *, limit: int = 500, max_bytes: int = 8 << 20
    ) -> list[Record]:
        place, reader = self._place(topic, partition), self._reader()
        messages = reader.read(place, offset, limit, max_bytes)
        records = self._records(topic, messages, max_bytes)
        reader.put_back(place, messages[len(records) :])
        return records

    def scan(self, topic: str, bounds: Mapping[int, tuple[int, int]]) -> Iterator[Record]:
        """All partitions at once, by one consumer."""
        places = {self._place(topic, part): each for part, each in bounds.items()}
        for messages in self._reader().scan(places):
            done = 0
            while done < len(messages):
                records = self._records(topic, messages[done : done + _AT_ONCE], _LARGEST)
                yield from records
                done += len(records)

    def ensure_topic(self, topic: str, partitions: int = 4) -> int:
        if found := self._counts.get(topic) or self._asked(topic):
            return found
        name = self._prefix + topic
        settings = {
            "message.timestamp.type": "LogAppendTime",
            "max.message.bytes": str(_LARGEST),
            "retention.ms": str(int(self._retention.total_seconds() * 1000)),
        }
        make_topic(self._admin, name, partitions, _WHERE, self._brokers, settings)
        deadline = time.monotonic() + self._patience
        while time.monotonic() < deadline:  # all brokers come to know it
            if found := self._asked(topic):
                return found
            time.sleep(0.02)
        raise LogError(f"Kafka at {self._brokers}: the topic {name} was made, but is not there")

    def topics(self) -> dict[str, int]:
        return {
            name.removeprefix(self._prefix): count
            for name, count in self._asker().partitions().items()
            if name.startswith(self._prefix) and not name.startswith("__")
        }

    def partitions(self, topic: str) -> range:
        count = self._counts.get(topic) or self._asked(topic)
        if not count:
            raise UnknownTopic(f"there is no topic {topic}")
        return range(count)

    def partitions_now(self, topic: str) -> range:
        name = self._prefix + topic
        self._read[topic] = self._asker().partitions(name).get(name, 0)
        return self._readable(topic)

    def _readable(self, topic: str) -> range:
        return range(max(len(self.partitions(topic)), self._read.get(topic, 0)))

    def id_of(self, topic: str) -> str:
        name = self._prefix + topic
        return ids_of(self._admin, [name])[name]

    def begin(self, topic: str, partition: int) -> int:
        return self._bounds(topic, partition)[0]

    def end(self, topic: str, partition: int) -> int:
        return self._bounds(topic, partition)[1]

    def bounds(self, topic: str) -> dict[int, tuple[int, int]]:
        found = self._asker().bounds([self._place(topic, part) for part in self._readable(topic)])
        return {part: each for (_, part), each in found.items()}

    def offset_at(self, topic: str, partition: int, time: datetime) -> int:
        place = self._place(topic, partition)
        found = self._asker().offset_at(place, max(0, int(time.timestamp() * 1000)))
        return self.end(topic, partition) if found is None else found

    def wait(self, positions: Mapping[tuple[str, int], int], timeout: float) -> bool:
        places = {self._place(*place): offset for place, offset in positions.items()}
        return self._reader().wait(places, timeout, lambda: self._closed)

    def retain(self, topic: str, *, max_age: timedelta | None = None, max_bytes: int | None = None) -> int:
        dropped = 0
        for partition, (begin, end) in self.bounds(topic).items():
            upto = begin
            if max_age is not None:
                upto = max(upto, self.offset_at(topic, partition, datetime.now(UTC) - max_age))
            if max_bytes is not None:
                upto = max(upto, self._beyond(topic, partition, begin, end, max_bytes))
            if upto > begin:
                place = TopicPartition(self._prefix + topic, partition, upto)
                try:
                    self._admin.delete_records([place])[place].result(timeout=self._patience)
                except KafkaException as error:
                    raise LogError(f"Kafka at {self._brokers}: {reason_of(error)}") from error
                dropped += upto - begin
        return dropped

    def reached(self, topic: str, positions: Mapping[int, int]) -> None:
        """By a consumer that reads nothing. The administrator's request for the same ends the process where
        brokers that hang do not answer it within its time."""
        places = [TopicPartition(self._prefix + topic, part, offset) for part, offset in positions.items()]
        try:
            if self._group is None:
                settings = {**self._consume, "group.id": self._prefix + GROUP, "on_commit": self._shown}
                self._group = make(Consumer, settings, _WHERE)
            self._group.commit(offsets=places, asynchronous=True)
            self._group.poll(0)
        except KafkaException as error:
            self._shown(error.args[0], places)

    def _shown(self, error: KafkaError | None, places: list[TopicPartition]) -> None:
        if error is not None:
            topics = ", ".join({each.topic for each in places})
            log.info("the group %s does not show how far %s is read: %s", GROUP, topics, reason_of(error))

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._producer.flush(5)

    def _beyond(self, topic: str, partition: int, begin: int, end: int, most: int) -> int:
        """The first offset of the last ``most`` bytes."""
        sizes: list[tuple[int, int]] = []
        offset = begin
        while offset < end and (found := self.read(topic, partition, offset)):
            sizes += [(each.offset, len(each.value)) for each in found]
            offset = found[-1].offset + 1
        kept = 0
        for each, size in reversed(sizes):
            kept += size
            if kept > most:
                return each + 1
        return begin

    def _produce(self, message: Message, count: int, batch: _Batch, number: int) -> None:
        while not self._closed:
            try:
                self._producer.produce(
                    self._prefix + message.topic,
                    message.value,
                    message.key,
                    partition_of(message.key, count),
                    headers=list(message.headers.items()),
                    on_delivery=lambda error, sent: batch.delivered(number, error, sent),
                )
                return
            except BufferError:
                self._producer.poll(0.1)  # the producer's own queue is full
            except KafkaException as error:
                batch.delivered(number, error.args[0], None)
                return
        raise LogError("the log is closed")

    def _claim_check(self, message: Message) -> Message:
        try:
            payload = self._payloads.put([message.value])
        except OSError as error:
            raise LogError(f"the payload store does not take a large record: {error.strerror}") from error
        return Message(message.topic, message.key, b"", {**message.headers, _ELSEWHERE: payload.uri})

    def _records(self, topic: str, messages: list[Any], max_bytes: int) -> list[Record]:
        """In one loop with few calls of our own: a log has millions of them. The first ones only, where what
        is in the payload store is more than ``max_bytes``: brokers don't count that."""
        new = tuple.__new__  # half the time of Record(...)
        found: list[Record] = []
        for each in messages:
            headers, value, key = _NO_HEADERS, each.value() or b"", each.key()
            if told := headers_of(each):
                headers = {name: (text or b"").decode("utf-8", "replace") for name, text in told}
                if address := headers.pop(_ELSEWHERE, ""):
                    if max_bytes <= 0 and found:
                        break
                    value = self._kept(address)
                    max_bytes -= len(value)
            key = key.decode("utf-8", "replace") if key else ""
            fields = (topic, each.partition(), each.offset(), key, value, headers, each.timestamp()[1])
            found.append(new(Record, fields))
        return found

    def _bounds(self, topic: str, partition: int) -> tuple[int, int]:
        place = self._place(topic, partition)
        return self._asker().bounds([place])[place]

    def _kept(self, address: str) -> bytes:
        """A value that was too large for the brokers. Raises LogError while its place does not answer.

        Other programs write to these topics too: no other file is read because a header names it.
        """
        if not is_payload(address):
            return b""  # as below
        try:
            return b"".join(self._payloads.read(address))
        except (FetchFailed, ValueError):
            return b""  # retention was faster; whoever decodes it says that it is no event
        except OSError as error:
            if error.errno in _NO_PLACE:
                return b""
            raise LogError(f"the payload store does not give a large record: {error.strerror}") from error

    def _reader(self) -> Reader:
        """This thread's."""
        if self._closed:
            raise LogError("the log is closed")
        thread = threading.get_ident()
        if thread not in self._readers:
            self._readers[thread] = Reader(self._consume, self._asked_by)
        return self._readers[thread]

    def _asker(self) -> Brokers:
        if self._closed:
            raise LogError("the log is closed")
        return self._asked_by

    def _place(self, topic: str, partition: int) -> tuple[str, int]:
        if partition not in self._readable(topic):
            raise UnknownTopic(f"the topic {topic} has no partition {partition}")
        return (self._prefix + topic, partition)

    def _asked(self, topic: str) -> int:
        name = self._prefix + topic
        count = self._asker().partitions(name).get(name, 0)
        if count:
            self._counts[topic] = count
        return count


class _Batch:
    """What becomes of messages sent together; told by librdkafka in whichever thread polls."""

    def __init__(self, count: int) -> None:
        self.places: list[tuple[int, int]] = [(0, 0)] * count
        self.waiting = count
        self.failed = ""
        self._large: list[int] = []
        self._shrunk: set[int] = set()
        self._lock = threading.Lock()

    def delivered(self, number: int, error: KafkaError | None, sent: Any) -> None:
        with self._lock:
            if error is None:
                self.places[number] = (sent.partition(), sent.offset())
            elif error.code() == KafkaError.MSG_SIZE_TOO_LARGE and number not in self._shrunk:
                self._shrunk.add(number)
                self._large.append(number)
                return
            else:
                self.failed = self.failed or reason_of(error)
            self.waiting -= 1

    def take_large(self) -> list[int]:
        """Those to be sent again, smaller."""
        with self._lock:
            found, self._large = self._large, []
        return found
