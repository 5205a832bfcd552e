"""Topics of a test's own, and what is on them."""

from __future__ import annotations

import ctypes
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from confluent_kafka import Consumer, Message, Producer, TopicPartition, cimpl
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewPartitions, NewTopic

_TOPIC, _PARTITION, _VALUE, _HEADERS = 1, 3, 4, 10
"""Of librdkafka's ``rd_kafka_vtype_t``: what the next argument is."""


class Topics:
    """Makes topics at a broker, or with ``copies`` on several, writes to them and reads them."""

    def __init__(self, servers: str, copies: int = 1) -> None:
        self.servers = servers
        self._copies = copies
        self._admin = AdminClient({"bootstrap.servers": servers, "log_level": 0})
        self._producer = self._fresh_producer()

    def make(self, name: str = "", partitions: int = 1, **config: str) -> str:
        """A new topic; its name."""
        topic = name or f"t-{uuid.uuid4().hex[:10]}"
        told = {key.replace("_", "."): value for key, value in config.items()}
        made = self._admin.create_topics([NewTopic(topic, partitions, self._copies, config=told)])
        made[topic].result(timeout=30)
        return topic

    def grow(self, topic: str, partitions: int) -> None:
        """Give a topic more partitions."""
        self._admin.create_partitions([NewPartitions(topic, partitions)])[topic].result(timeout=30)
        self._producer = self._fresh_producer()  # another one knows them only after a while

    def remove(self, topic: str) -> None:
        """Delete a topic, and wait until it is gone."""
        self._admin.delete_topics([topic])[topic].result(timeout=30)
        wait_for(lambda: not self.partitions(topic))
        self._producer = self._fresh_producer()

    def delete_before(self, topic: str, offset: int) -> None:
        """What retention does to the first partition, at once."""
        place = TopicPartition(topic, 0, offset)
        self._admin.delete_records([place])[place].result(timeout=30)

    def _fresh_producer(self) -> Producer:
        return Producer({"bootstrap.servers": self.servers, "log_level": 0, "linger.ms": 0})

    def partitions(self, topic: str) -> int:
        found = self._admin.list_topics(topic, timeout=30).topics[topic]
        return 0 if found.error else len(found.partitions)

    def send(
        self,
        topic: str,
        value: bytes | None,
        headers: Mapping[str, str | bytes] | None = None,
        *,
        key: str | None = None,
        partition: int = 0,
        timestamp: int = 0,
    ) -> None:
        """One message, acknowledged when this returns; ``timestamp`` in milliseconds, 0 for now."""
        failed: list[Any] = []
        self._producer.produce(
            topic,
            value,
            key=key,
            headers=dict(headers or {}),
            partition=partition,
            timestamp=timestamp,
            on_delivery=lambda error, _: failed.append(error) if error else None,
        )
        assert self._producer.flush(30) == 0, "the broker does not answer"
        assert not failed, failed

    def send_with_header_named(self, name: bytes, topic: str, value: bytes, partition: int = 0) -> None:
        """One message with a header of any bytes for a name, which only the client's C interface can send."""
        c = ctypes.CDLL(cimpl.__file__)
        conf, headers = (getattr(c, f"rd_kafka_{each}_new") for each in ("conf", "headers"))
        conf.restype = headers.restype = c.rd_kafka_new.restype = ctypes.c_void_p
        told = ctypes.create_string_buffer(512)
        settings = ctypes.c_void_p(conf())
        servers = self.servers.encode()
        c.rd_kafka_conf_set(settings, b"bootstrap.servers", servers, told, ctypes.c_size_t(512))
        producer = ctypes.c_void_p(c.rd_kafka_new(0, settings, told, ctypes.c_size_t(512)))
        made = ctypes.c_void_p(headers(ctypes.c_size_t(1)))
        length = ctypes.c_ssize_t
        c.rd_kafka_header_add(made, name, length(len(name)), b"x", length(1))
        places = (_TOPIC, topic.encode(), _PARTITION, partition)
        content = (_VALUE, value, ctypes.c_size_t(len(value)), _HEADERS, made)
        assert c.rd_kafka_producev(producer, *places, *content, 0) == 0
        assert c.rd_kafka_flush(producer, 30_000) == 0, "the broker does not answer"
        c.rd_kafka_destroy(producer)

    def read(self, topic: str, count: int = 1, seconds: float = 30) -> list[Message]:
        """The topic's messages from its beginning: ``count`` of them at least, unless it takes too long."""
        consumer = Consumer(
            {"bootstrap.servers": self.servers, "group.id": "reads", "log_level": 0, "fetch.wait.max.ms": 10}
        )
        places = [TopicPartition(topic, part, 0) for part in range(self.partitions(topic))]
        consumer.assign(places)
        found: list[Message] = []
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            ends = sum(consumer.get_watermark_offsets(place, timeout=10)[1] for place in places)
            if len(found) >= max(count, ends):
                break
            found += [each for each in consumer.consume(500, timeout=0.1) if not each.error()]
        consumer.close()
        return found

    def committed(self, group: str, topic: str, partition: int = 0) -> int:
        """Where a group is in a partition, as lag tools see it; -1001 where it never was."""
        consumer = Consumer({"bootstrap.servers": self.servers, "group.id": group, "log_level": 0})
        (found,) = consumer.committed([TopicPartition(topic, partition)], timeout=30)
        consumer.close()
        offset: int = found.offset
        return offset


def wait_for(holds: Callable[[], object], seconds: float = 60) -> None:
    """Until it holds; fails after so many seconds."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.02)
