"""From a document's arrival to its event: files in a watched folder, S3 objects listed and notified.

python benchmarks/arrivals.py [--quick] [--json]

Each source is asked as the engine asks; time runs from when the file was renamed, the upload has returned, or
its notification was sent. There is no reference: what a source may take follows from its settings.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # beside this file `sinks` would be a benchmark
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from support.pulling import Pulled
from support.s3_events import plain
from support.servers.s3 import s3_server
from support.servers.sqs import sqs_server

from connectors.filesystem import FilesystemConfig, FilesystemSource
from connectors.s3 import S3Config, S3Source
from neuraldocflow.components import SourceContext

DEBOUNCE_MS, INTERVAL_MS = 100, 1000
TARGETS = {"file": DEBOUNCE_MS + 50, "listed": INTERVAL_MS + 200, "notified": 100}
"""Milliseconds, the median."""


class Watched:
    """A source that is pulled in a thread; when each name came."""

    def __init__(self, source: Any) -> None:
        self._pulled = Pulled(source)
        self._over = threading.Event()
        self.came: dict[str, float] = {}
        self._thread = threading.Thread(target=self._pull)
        self._thread.start()

    def _pull(self) -> None:
        while not self._over.is_set():
            for event in self._pulled.pull():
                self.came[event.source.uri.rpartition("/")[2]] = time.perf_counter()
            time.sleep(0.001)

    def close(self) -> None:
        self._over.set()
        self._thread.join()
        self._pulled.close()


def median_ms(source: Any, count: int, put: Callable[[str], None]) -> float:
    """Put documents one by one, and see how long each takes."""
    watched = Watched(source)
    gone: dict[str, float] = {}
    try:
        time.sleep(1.5)  # the first look is over
        for _ in range(count):
            name = f"{uuid.uuid4().hex}.pdf"
            put(name)
            gone[name] = time.perf_counter()
            deadline = time.monotonic() + 30
            while name not in watched.came and time.monotonic() < deadline:
                time.sleep(0.001)
            time.sleep(0.037)  # not in step with the listing
    finally:
        watched.close()
    return statistics.median(watched.came[name] - moment for name, moment in gone.items()) * 1000


def files(folder: Path, count: int) -> float:
    inbox = folder / "inbox"
    inbox.mkdir()
    config = FilesystemConfig.model_validate({"watch_directories": [str(inbox)], "debounce_ms": DEBOUNCE_MS})

    def put(name: str) -> None:
        (folder / name).write_bytes(b"%PDF-1.7")
        os.rename(folder / name, inbox / name)

    return median_ms(FilesystemSource("files", config, SourceContext(folder / "state")), count, put)


def objects(folder: Path, count: int, *, notified: bool) -> float:
    with s3_server() as s3, sqs_server() as sqs:
        os.environ.update(s3.environment())
        client, queues = s3.client(), sqs.client()
        bucket = f"inbox-{uuid.uuid4().hex[:8]}"
        client.create_bucket(Bucket=bucket)
        url = str(queues.create_queue(QueueName=bucket)["QueueUrl"])
        settings: dict[str, Any] = {"bucket": bucket, "polling_interval_ms": INTERVAL_MS}
        if notified:
            settings |= {"sqs_notifications": True, "sqs_queue_url": url}

        def put(name: str) -> None:
            etag = client.put_object(Bucket=bucket, Key=name, Body=b"%PDF-1.7")["ETag"].strip('"')
            if notified:
                queues.send_message(QueueUrl=url, MessageBody=plain(bucket, name, etag))

        source = S3Source("objects", S3Config.model_validate(settings), SourceContext(folder / "state"))
        return median_ms(source, count, put)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="fewer documents, within a minute")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    given = parser.parse_args()
    count = 10 if given.quick else 40
    measures: dict[str, Any] = {}
    kinds: dict[str, Callable[[Path], float]] = {
        "file": lambda folder: files(folder, count),
        "listed": lambda folder: objects(folder, count, notified=False),
        "notified": lambda folder: objects(folder, count, notified=True),
    }
    for name, measure in kinds.items():
        with tempfile.TemporaryDirectory() as folder:
            value = measure(Path(folder))
        target = TARGETS[name]
        print(f"{name:10} p50 {value:7.1f} ms (aim {target} ms)")
        measures[name] = {
            "value": round(value, 1),
            "unit": "ms",
            "reference": None,
            "ratio": None,
            "target": target,
            "met": value <= target,
        }
    if given.json:
        versions = {"python": platform.python_version(), "s3fs": version("s3fs")}
        print(json.dumps({"name": "arrivals", "versions": versions, "measures": measures}))


if __name__ == "__main__":
    main()
