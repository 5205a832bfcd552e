"""A submitted job on Kafka: how fast it is ready, its documents a second by size, and its recovery.

python benchmarks/cluster.py [--quick] [--json]

Letters of one page come on a topic; time counts from a running job's first result to its last. Recovery is
the time from `kill -9` of a process to the next new result, with the restart of all processes in it. A
replay's reading of events stands beside a bare consumer that decodes each event, as the replay does.
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

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(1, str(Path(__file__).resolve().parents[1] / "tests"))

from confluent_kafka import Consumer, TopicPartition
from support.job import kill
from support.kafka_job import KafkaJob
from support.servers.kafka import KafkaServer
from support.submitted import Submitted
from support.topics import Topics, wait_for

from neuraldocflow import config as configuration
from neuraldocflow.events import DocumentSource, NewDocument, decode
from neuraldocflow.log import DOCUMENT_STREAM, open_log
from neuraldocflow.selection import Range, records
from sinks.events import message_of

READY_SECONDS, RECOVERY_SECONDS, REPLAY_RATIO = 10.0, 5.0, 0.8
PATIENCE = 600.0


def results_of(job: KafkaJob) -> int:
    return sum(1 for _ in job.results.glob("*.json"))


def job_on(servers: str, folder: Path, partitions: int) -> tuple[KafkaJob, Submitted]:
    job = KafkaJob(folder, Topics(servers), partitions=partitions)
    return job, Submitted(job)


def rate(servers: str, processes: int, partitions: int, count: int) -> tuple[float, float]:
    """Documents a second, and seconds until the job was ready."""
    with tempfile.TemporaryDirectory() as folder:
        job, submitted = job_on(servers, Path(folder), partitions)
        began = time.monotonic()
        submitted.submit("--processes", str(processes))
        ready = time.monotonic() - began
        try:
            job.letters(count)
            wait_for(lambda: results_of(job) > 0, PATIENCE)
            first, before = time.monotonic(), results_of(job)
            wait_for(lambda: results_of(job) == count, PATIENCE)
            return (count - before) / (time.monotonic() - first), ready
        finally:
            submitted.command("stop", "-c", "job.yaml")


def recovery(servers: str, count: int) -> float:
    """Seconds from the end of one of two processes to the next new result."""
    with tempfile.TemporaryDirectory() as folder:
        job, submitted = job_on(servers, Path(folder), 4)
        submitted.submit("--processes", "2")
        try:
            job.letters(count)
            wait_for(lambda: results_of(job) > count // 10, PATIENCE)
            kill(submitted.members()[1])
            began = time.monotonic()
            time.sleep(0.2)  # what was under way has ended with the others
            before = results_of(job)
            wait_for(lambda: results_of(job) > before, PATIENCE)
            return time.monotonic() - began
        finally:
            submitted.command("stop", "-c", "job.yaml")


def replaying(servers: str, rounds: int, count: int) -> tuple[float, float, float]:
    """Events a second that a replay reads and decodes; those of a bare consumer that decodes, or doesn't."""
    with tempfile.TemporaryDirectory() as folder:
        job, _ = job_on(servers, Path(folder), 1)
        prefix = f"bench-{uuid.uuid4().hex[:8]}."
        job.configure(log={"kind": "kafka", "kafka": {"bootstrap_servers": servers, "topic_prefix": prefix}})
        loaded = configuration.load(job.root / "job.yaml")
        found: list[tuple[float, float, float]] = []
        with open_log(loaded.runtime) as log:
            parts = len(log.partitions(DOCUMENT_STREAM))
            source = DocumentSource(kind="s3", uri="s3://documents/a.pdf", size=100_000, filename="a.pdf")
            events = [NewDocument(id=str(uuid.uuid4()), source=source) for _ in range(count)]
            for start in range(0, count, 1000):
                log.append([message_of(each) for each in events[start : start + 1000]])
            for _ in range(rounds):
                began = time.perf_counter()
                seen = 0
                for record in records(log, DOCUMENT_STREAM, Range()):
                    decode(record.value)
                    seen += 1
                ours = count / (time.perf_counter() - began)
                if seen != count:
                    raise SystemExit(f"the replay read {seen} of {count} events")
                topic = prefix + DOCUMENT_STREAM
                found.append(
                    (
                        ours,
                        bare(servers, topic, parts, count, decode),
                        bare(servers, topic, parts, count, len),
                    )
                )
        ours, decoding, alone = (statistics.median(each) for each in zip(*found, strict=True))
        return ours, decoding, alone


def bare(servers: str, topic: str, parts: int, count: int, each: Callable[[bytes], object]) -> float:
    """Messages a second of a consumer alone, from its making on."""
    began = time.perf_counter()
    consumer = Consumer({"bootstrap.servers": servers, "group.id": "bare", "enable.auto.commit": False})
    consumer.assign([TopicPartition(topic, part, 0) for part in range(parts)])
    seen = 0
    while seen < count:
        batch = consumer.consume(100, timeout=1)
        for message in batch:
            each(message.value())
        seen += len(batch)
    taken = time.perf_counter() - began
    consumer.close()
    return count / taken


def measure(count: int, partitions: list[int], rounds: int) -> dict[str, dict[str, Any]]:
    measures: dict[str, dict[str, Any]] = {}
    readies: list[float] = []
    with KafkaServer() as broker:
        servers = broker.bootstrap_servers
        for processes in (1, 2):
            for parts in partitions:
                speed, ready = rate(servers, processes, parts, count)
                readies.append(ready)
                measures[f"processes_{processes}_partitions_{parts}"] = {
                    "value": round(speed, 1),
                    "unit": "documents/s",
                }
        measures["submit_ready"] = _seconds(statistics.median(readies), READY_SECONDS)
        times = [recovery(servers, count) for _ in range(rounds)]
        restart = statistics.median(readies)
        measures["recovery_with_restart"] = _seconds(statistics.median(times), RECOVERY_SECONDS + restart)
        ours, decoding, alone = replaying(servers, rounds, 10_000)
        ratio = ours / decoding
        measures["replay_reads"] = {
            "value": round(ours),
            "unit": "events/s",
            "reference": round(decoding),
            "bare": round(alone),
            "ratio": round(ratio, 3),
            "target": REPLAY_RATIO,
            "met": ratio >= REPLAY_RATIO,
        }
    return measures


def _seconds(value: float, target: float) -> dict[str, Any]:
    return {"value": round(value, 2), "unit": "s", "target": round(target, 2), "met": value <= target}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="fewer documents and sizes")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    given = parser.parse_args()
    measures = measure(*((150, [1, 4], 1) if given.quick else (400, [1, 2, 4, 8], 3)))
    for name, each in measures.items():
        target = f" (target {each['target']})" if "target" in each else ""
        ratio = f", ratio {each['ratio']}" if "ratio" in each else ""
        print(f"{name:26} {each['value']:10,} {each['unit']}{ratio}{target}")
    if given.json:
        versions = {"python": platform.python_version(), "confluent-kafka": version("confluent-kafka")}
        print(json.dumps({"name": "cluster", "versions": versions, "measures": measures}))


if __name__ == "__main__":
    main()
