"""Writing results: to Kafka beside a bare confluent-kafka producer, and to Parquet at bounded memory.

python benchmarks/sinks.py [--quick] [--json]

Both producers, of the same messages and in turns, are idempotent, wait for all replicas, compress alike, and
wait for what they sent after every 100. The bare one is held against the output twice: making its messages
from the same results too, with the standard library and orjson, and given them ready made. The archive's
memory, in a process of its own, is that of 200,000 results beside that of half as many: it must not grow with
their number.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import orjson
from confluent_kafka import Producer

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # beside this file `sinks` would be this file
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from support.deliveries import delivery
from support.memory import forget_highest, highest, resident
from support.servers.kafka import KafkaServer
from support.topics import Topics

from neuraldocflow.components import SinkContext
from neuraldocflow.deliveries import Delivery
from neuraldocflow.events import ProcessingCompleted
from neuraldocflow.identity import EVENTS
from neuraldocflow.payloads import PayloadStore
from neuraldocflow.topics.envelopes import Outgoing, result_message
from sinks.kafka import KafkaSink, KafkaSinkConfig
from sinks.parquet import ParquetConfig, ParquetSink

TARGET = 0.8
GROWTH = 1.2
"""The most memory twice the results may take, as a ratio."""
EPOCH = 100
SIZES = {"small": 1, "large": 100}
"""Tables in a result: about 1 KB and 10 KB."""


def made(topic: str, delivery: Delivery) -> Outgoing:
    """The same message as the output's, as a plain program makes it."""
    document, run = delivery.identity
    parts = document, str(run), ProcessingCompleted.name, "0"
    headers = {
        "ce_specversion": "1.0",
        "ce_id": str(uuid.uuid5(EVENTS, "".join(f"{len(part)}:{part}," for part in parts))),
        "ce_type": f"neuraldocflow.{ProcessingCompleted.name}.v1",
        "ce_source": "/dataflow",
        "ce_subject": document,
        "ce_time": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "content-type": "application/json",
    }
    data = {"id": document, "run": run, "result": delivery.result, "performance_metrics": {}}
    return Outgoing(topic, document, orjson.dumps(data), headers)


def bare(servers: str, messages: Iterable[Outgoing], compression: str) -> float:
    """Messages a second, until the last one is delivered; the first epoch only connects."""
    failed: list[Any] = []
    settings = {"acks": "all", "enable.idempotence": True, "compression.type": compression, "linger.ms": 5}
    producer = Producer({**settings, "bootstrap.servers": servers})
    seconds, number = 0.0, 0
    for number, each in enumerate(messages, 1):
        if number == EPOCH + 1:
            seconds = time.perf_counter()
        producer.produce(
            each.topic,
            each.value,
            each.key,
            headers=list(each.headers.items()),
            on_delivery=lambda error, _: failed.append(error) if error else None,
        )
        producer.poll(0)
        if number % EPOCH == 0:
            assert producer.flush(60) == 0
    assert not failed
    return (number - EPOCH) / (time.perf_counter() - seconds)


def ours(servers: str, topic: str, results: list[Delivery], compression: str, folder: Path) -> float:
    """Results a second, until the last epoch is covered."""
    config = KafkaSinkConfig.model_validate(
        {"topic": topic, "bootstrap_servers": servers, "compression": compression}
    )
    context = SinkContext(folder, payloads=PayloadStore(str(folder / "payloads"), folder / "scratch"))
    part = KafkaSink("kafka_0", config, context).build_part("out", "0", None)
    part.write_batch(results[:EPOCH])
    part.snapshot()
    start = time.perf_counter()
    for first in range(0, len(results), EPOCH):
        part.write_batch(results[first : first + EPOCH])
        part.snapshot()
    taken = time.perf_counter() - start
    part.close()
    return len(results) / taken


def archive(told: Connection) -> None:
    """Write so many results to Parquet; the most memory that took beyond the first ones, and the seconds."""
    count, file_size = told.recv()
    pid = os.getpid()
    with tempfile.TemporaryDirectory() as folder:
        config = ParquetConfig.model_validate({"target_file_size": file_size})
        part = ParquetSink("parquet", config, SinkContext(Path(folder))).build_part("out", "archive", None)
        part.write_batch([delivery("first.pdf")])
        before, start = resident(pid), time.perf_counter()
        forget_highest(pid)
        for first in range(0, count, EPOCH):
            part.write_batch([delivery(f"{number}.pdf") for number in range(first, first + EPOCH)])
            part.snapshot()
        part.close()
        told.send((highest(pid) - before, time.perf_counter() - start))


def memory(count: int, file_size: str) -> tuple[float, float]:
    """MB and results a second of an archive in a process of its own."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=archive, args=(theirs,))
    process.start()
    theirs.close()  # so that its end is seen
    ours.send((count, file_size))
    taken, seconds = ours.recv()
    process.join()
    return taken / 1e6, count / seconds


def measure_archive(count: int, file_size: str) -> dict[str, dict[str, Any]]:
    half, _ = memory(count // 2, file_size)
    whole, rate = memory(count, file_size)
    return {
        "parquet_memory": {
            "value": round(whole),
            "unit": f"MB for {count:,} results at {rate:,.0f}/s",
            "reference": round(half),
            "ratio": round(whole / half, 3),
            "target": GROWTH,
            "met": whole / half <= GROWTH,
        }
    }


def measure_kafka(rounds: int, count: int) -> dict[str, dict[str, Any]]:
    measures = {}
    with KafkaServer() as broker, tempfile.TemporaryDirectory() as folder:
        servers = broker.bootstrap_servers
        topic = Topics(servers).make(partitions=4)
        for name, tables in SIZES.items():
            results = [delivery(f"{number}.pdf", tables=tables) for number in range(count)]
            sent = [*results[:EPOCH], *results]
            ready = [made(topic, each) for each in sent]
            assert ready[0].value == result_message(topic, sent[0], "document_id", "").value
            found = [
                (
                    ours(servers, topic, results, "zstd", Path(folder)),
                    bare(servers, (made(topic, each) for each in sent), "zstd"),
                    bare(servers, ready, "zstd"),
                )
                for _ in range(rounds)
            ]
            got, making, alone = (statistics.median(each) for each in zip(*found[1:], strict=True))
            for against, reference in {"made": making, "ready": alone}.items():
                measures[f"kafka_{name}_{against}"] = {
                    "value": round(got),
                    "unit": "results/s",
                    "reference": round(reference),
                    "ratio": round(got / reference, 3),
                    "target": TARGET,
                    "met": got / reference >= TARGET,
                }
    return measures


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="fewer results, within a minute")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    given = parser.parse_args()
    measures = measure_archive(*((32_000, "8MB") if given.quick else (200_000, "64MB")))
    measures |= measure_kafka(*((6, 3_000) if given.quick else (12, 10_000)))
    for name, each in measures.items():
        print(
            f"{name:22} {each['value']:8,} {each['unit']}, reference {each['reference']:8,}, "
            f"ratio {each['ratio']:.2f} (target {each['target']})"
        )
    if given.json:
        versions = {"python": platform.python_version(), "confluent-kafka": version("confluent-kafka")}
        print(json.dumps({"name": "sinks", "versions": versions, "measures": measures}))


if __name__ == "__main__":
    main()
