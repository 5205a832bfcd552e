"""Reading Kafka: the log and the source beside a bare consumer of the same messages, interleaved.

python benchmarks/sources.py [--quick] [--json]

The bare consumer takes batches, passes over errors, and keeps of each message of a batch what a record of
the log has: its place, key (as text), value, headers and time. Beside the source it also decodes each event,
which nobody who wants the document is spared. Both have the garbage collector as the job's processes set it.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # beside this file `sinks` would be a benchmark
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from support.servers.kafka import KafkaServer

from connectors.kafka import KafkaSource, KafkaSourceConfig
from neuraldocflow.components import SourceContext
from neuraldocflow.config import RuntimeConfig
from neuraldocflow.events import DocumentSource, NewDocument, decode, encode
from neuraldocflow.garbage import settle
from neuraldocflow.log import DEAD_LETTERS, EmbeddedLog, open_log
from neuraldocflow.payloads import PayloadStore

TARGET = 0.8
BATCH = 100
RESULT = 16_000
"""Bytes of a result event of a few pages."""


def fill(servers: str, topic: str, count: int, size: int = 0) -> None:
    """NewDocument events as the log has them, filled up to a size where one is given."""
    admin = AdminClient({"bootstrap.servers": servers})  # its futures end with it
    admin.create_topics([NewTopic(topic, 1)])[topic].result()
    producer = Producer({"bootstrap.servers": servers, "linger.ms": 20})
    for number in range(count):
        uri = f"s3://documents/incoming/{number:08d}.pdf"
        source = DocumentSource(kind="s3", uri=uri, size=100_000, filename=f"{number:08d}.pdf")
        value = encode(NewDocument(id=str(uuid.uuid4()), source=source))
        producer.produce(topic, value.ljust(size), key=str(number))
        if number % 1000 == 0:
            producer.poll(0.01)
    assert producer.flush(60) == 0


def bare(servers: str, topic: str, count: int, batch: int, each: Callable[[bytes], object]) -> float:
    """Messages a second of a consumer alone, from the first batch to the last."""
    consumer = Consumer({"bootstrap.servers": servers, "group.id": "bare", "enable.auto.commit": False})
    consumer.assign([TopicPartition(topic, 0, 0)])
    seen, start = 0, 0.0
    while seen < count:
        messages = consumer.consume(batch, timeout=1)
        start = start or time.perf_counter()
        kept: list[Any] = []
        for one in messages:
            if one.error() is not None:
                continue
            value, key = one.value(), one.key().decode()
            each(value)
            place = one.topic(), one.partition(), one.offset()
            kept.append((*place, key, value, one.headers(), one.timestamp()))
        seen += len(messages)
    taken = time.perf_counter() - start
    consumer.close()
    return count / taken


def log_of(servers: str, topic: str, count: int, folder: Path) -> float:
    """Records a second of the log on Kafka."""
    kafka = {"bootstrap_servers": servers, "topic_prefix": ""}
    told = {"state_directory": folder, "log": {"kind": "kafka", "kafka": kafka}}
    with open_log(RuntimeConfig.model_validate(told)) as log:
        seen, start = 0, 0.0
        while seen < count:
            seen += len(log.read(topic, 0, seen))
            start = start or time.perf_counter()
        taken = time.perf_counter() - start
    return count / taken


def ours(servers: str, topic: str, count: int, folder: Path) -> float:
    """Events a second of the source's partition, asked as the engine asks."""
    with EmbeddedLog(folder / "log.db") as log:
        log.ensure_topic(DEAD_LETTERS)
        payloads = PayloadStore(str(folder / "payloads"), folder / "scratch")
        context = SourceContext(folder, payloads=payloads, log=log, patience=lambda: 0.01)
        config = KafkaSourceConfig(topic=topic, bootstrap_servers=servers, max_poll_records=BATCH)
        source = KafkaSource("bench", config, context)
        part = source.build_part("in", source.list_parts()[0], None)
        seen, start = 0, 0.0
        while seen < count:
            seen += len(part.next_batch())
            start = start or (time.perf_counter() if seen else 0.0)
        taken = time.perf_counter() - start
        part.close()
    return count / taken


def measure(rounds: int, count: int) -> dict[str, dict[str, Any]]:
    found: dict[str, list[tuple[float, float]]] = {}
    settle()
    with KafkaServer() as broker:
        servers = broker.bootstrap_servers
        sizes = {"log_of_events": (0, count), "log_of_results": (RESULT, count // 4)}
        for topic, (size, many) in sizes.items():
            fill(servers, topic, many, size)
        for _ in range(rounds):
            with tempfile.TemporaryDirectory() as folder:
                for topic, (_, many) in sizes.items():
                    pair = log_of(servers, topic, many, Path(folder)), bare(servers, topic, many, 500, len)
                    found.setdefault(topic, []).append(pair)
                got = ours(servers, "log_of_events", count, Path(folder))
                decoding = bare(servers, "log_of_events", count, BATCH, decode)
                found.setdefault("source_of_events", []).append((got, decoding))
    return {
        name: _measure(*(statistics.median(each) for each in zip(*pairs, strict=True)))
        for name, pairs in found.items()
    }


def _measure(value: float, reference: float) -> dict[str, Any]:
    ratio = value / reference
    told = {"value": round(value), "unit": "messages/s", "reference": round(reference)}
    return {**told, "ratio": round(ratio, 3), "target": TARGET, "met": ratio >= TARGET}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="fewer messages, within a minute")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    given = parser.parse_args()
    measures = measure(*((3, 10_000) if given.quick else (7, 100_000)))
    for name, each in measures.items():
        print(
            f"{name:22} {each['value']:8,} {each['unit']}, bare {each['reference']:8,}, "
            f"ratio {each['ratio']:.2f} (target {each['target']})"
        )
    if given.json:
        versions = {"python": platform.python_version(), "confluent-kafka": version("confluent-kafka")}
        print(json.dumps({"name": "sources", "versions": versions, "measures": measures}))


if __name__ == "__main__":
    main()
