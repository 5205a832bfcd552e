"""A job whose documents come on a topic, and whose results go to another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import yaml

from support.job import LETTER, JobFolder
from support.topics import Topics


class KafkaJob(JobFolder):
    """A job folder that reads ``topic`` and writes ``results``, beside files and the archive."""

    def __init__(self, root: Path, topics: Topics, partitions: int = 3, **runtime: Any) -> None:
        self.topics = topics
        self.partitions = partitions
        self.topic = topics.make(partitions=partitions)
        self.results_topic = f"{self.topic}.results"
        self.group = f"group-{self.topic}"
        super().__init__(root, **runtime)

    def configure(
        self, source: dict[str, Any] | None = None, sink: dict[str, Any] | None = None, **runtime: Any
    ) -> None:
        servers = {"bootstrap_servers": self.topics.servers}
        given = {**servers, "topic": self.topic, "consumer_group": self.group, **(source or {})}
        results = {**servers, "topic": self.results_topic, **(sink or {})}
        outputs = [
            {"type": "files", "config": {}},
            {"type": "parquet", "config": {}},
            {"type": "kafka", "config": results},
        ]
        config = {
            "stream_sources": {"inbox": {"type": "kafka", "config": given}},
            "processing_pipeline": {
                "swarm_config": {"min_agents": 2, "max_agents": 2},
                "output_streams": outputs,
            },
            "runtime": {"snapshot_interval_ms": 100, **runtime},
        }
        (self.root / "job.yaml").write_text(yaml.safe_dump(config))

    def letters(self, count: int, first: int = 0) -> set[str]:
        """Send letters, spread over the partitions; their names."""
        names = set()
        for number in range(first, first + count):
            name = f"letter-{number}.html"
            body = LETTER.format(number=number, day=number % 28 + 1).encode()
            self.topics.send(self.topic, body, {"filename": name}, partition=number % self.partitions)
            names.add(name)
        return names

    def committed(self) -> list[int]:
        """Where the group is in each partition."""
        return [self.topics.committed(self.group, self.topic, part) for part in range(self.partitions)]

    def delivered(self, count: int) -> dict[str, list[str]]:
        """Names of the results' files by event id, in the order written: several are repeats."""
        found: dict[str, list[str]] = {}
        for message in self.topics.read(self.results_topic, count):
            headers = {name: value.decode() for name, value in message.headers()}
            result = orjson.loads(message.value())["result"]
            found.setdefault(headers["ce_id"], []).append(result["metadata"]["filename"])
        return found
