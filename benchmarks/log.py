"""The embedded log against a bare SQLite table with the same durability, interleaved in one run.

``python benchmarks/log.py [--quick] [--json]``
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from neuraldocflow import __version__
from neuraldocflow.log import EmbeddedLog, Message

SIZE = 600
"""Bytes of a value: about a lifecycle event."""


def rate(work: Callable[[], int]) -> float:
    """Records a second of one round."""
    start = time.perf_counter()
    return work() / (time.perf_counter() - start)


def measure(folder: Path, rounds: int) -> dict[str, dict[str, object]]:
    log = EmbeddedLog(folder / "log.db")
    log.ensure_topic("t", 4)
    bare = sqlite3.connect(folder / "bare.db", isolation_level=None)
    bare.executescript(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE r (k TEXT, v BLOB);"
    )
    value = b"x" * SIZE

    def ours(batch: int) -> int:
        count = max(1, 2000 // batch // (4 if batch == 1 else 1))
        for _ in range(count):
            log.append([Message("t", str(number), value) for number in range(batch)])
        return count * batch

    def reference(batch: int) -> int:
        count = max(1, 2000 // batch // (4 if batch == 1 else 1))
        for _ in range(count):
            bare.execute("BEGIN IMMEDIATE")
            bare.executemany("INSERT INTO r VALUES (?, ?)", [(str(number), value) for number in range(batch)])
            bare.execute("COMMIT")
        return count * batch

    measures = {}
    for batch in (1, 100):
        pairs = [(rate(lambda: ours(batch)), rate(lambda: reference(batch))) for _ in range(rounds)]  # noqa: B023
        got, bare_rate = (statistics.median(each) for each in zip(*pairs, strict=True))
        measures[f"append_by_{batch}"] = _measure(got, "records/s", bare_rate, got / bare_rate, 0.5)
    measures["wake_up"] = _measure(_latency(log, 20 * rounds), "ms", None, None, 20.0)
    log.close()
    bare.close()
    return measures


def _latency(log: EmbeddedLog, times: int) -> float:
    """Median milliseconds from an append to the end of another thread's wait."""
    taken = []
    for _ in range(times):
        ends = {("t", partition): log.end("t", partition) for partition in log.partitions("t")}
        waiter = threading.Thread(
            target=lambda ends=ends: log.wait(ends, 5) and taken.append(time.perf_counter())
        )
        waiter.start()
        time.sleep(0.01)
        log.append([Message("t", "a", b"x")])
        appended = time.perf_counter()
        waiter.join()
        taken[-1] = max(0.0, taken[-1] - appended)
    return statistics.median(taken) * 1000


def _measure(
    value: float, unit: str, reference: float | None, ratio: float | None, target: float
) -> dict[str, object]:
    met = value <= target if ratio is None else ratio >= target
    return {
        "value": value,
        "unit": unit,
        "reference": reference,
        "ratio": ratio,
        "target": target,
        "met": met,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measures = measure(Path(folder), 3 if arguments.quick else 11)
    for name, each in measures.items():
        ratio = "" if each["ratio"] is None else f"   {each['ratio']:.2f} of bare SQLite"
        print(f"{name:16} {each['value']:10.1f} {each['unit']}{ratio}   target {each['target']}")
    if arguments.json:
        versions = {"neuraldocflow": __version__, "sqlite": sqlite3.sqlite_version}
        print(json.dumps({"name": "log", "versions": versions, "measures": measures}))


if __name__ == "__main__":
    main()
