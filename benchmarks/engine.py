"""What the engine adds to extraction: latency, overtaking, the scheduler's cost; and what it takes at rest.

python benchmarks/engine.py [--quick] [--json]

Throughput beside a bare loop is benchmarks/pipeline.py's. The documents are small ones of our own making.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # beside this file `sinks` would be a benchmark

import yaml

from neuraldocflow import profiles
from neuraldocflow.config import BufferConfig, SwarmConfig
from neuraldocflow.extraction import Limits, Profile, extract
from neuraldocflow.log import PROCESSING_EVENTS, PROCESSING_RESULTS, EmbeddedLog, Record
from neuraldocflow.swarm.job import Job, Outcome
from neuraldocflow.swarm.scheduler import Scheduler
from neuraldocflow.swarm.swarm import Swarm

LETTER = "<h1>Letter {number}</h1><p>Reference: L-{number}</p><p>Dated March 3, 2024.</p>"


def quantile(values: list[float], share: float) -> float:
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


def added_latency(folder: Path, count: int) -> tuple[list[float], list[float]]:
    """Milliseconds on an idle job, less the extraction itself: from a file's appearance to its result file,
    and from the moment the dataflow has the event to the result on the log."""
    inbox, results = folder / "inbox", folder / "results"
    process = running(folder)
    added: list[float] = []
    try:
        for number in range(count + 3):
            target = results / f"{number}.html.json"
            fresh = folder / "fresh"
            fresh.write_text(LETTER.format(number=number))
            begun = time.perf_counter()
            os.replace(fresh, inbox / f"{number}.html")
            while not target.exists():
                time.sleep(0.0005)
            spent = (time.perf_counter() - begun) * 1000
            own = json.loads(target.read_text())["metadata"]["timings"]["totalMs"]
            if number >= 3:  # the first ones wait for agents to start
                added.append(spent - own)
            time.sleep(0.05)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)
    with EmbeddedLog(folder / ".neuraldocflow" / "log.db") as log:
        received = {
            record.key: datetime.fromisoformat(json.loads(record.value)["time"])
            for record in records(log, PROCESSING_EVENTS)
            if record.headers["ce_type"] == "neuraldocflow.DocumentReceived.v1"
        }
        through = [
            (record.timestamp - received[record.key]).total_seconds() * 1000
            - json.loads(record.value)["data"]["result"]["metadata"]["timings"]["totalMs"]
            for record in records(log, PROCESSING_RESULTS)
        ]
    return added, through[3:]


def running(folder: Path, *more: str) -> subprocess.Popen[bytes]:
    """A job on the folder ``inbox``."""
    (folder / "inbox").mkdir()
    watch = {"watch_directories": ["inbox"], "debounce_ms": 0}
    sources = {"inbox": {"type": "filesystem", "config": watch}}
    (folder / "job.yaml").write_text(yaml.safe_dump({"stream_sources": sources}))
    command = [sys.executable, "-m", "neuraldocflow", "run", "--quiet", "-c", "job.yaml", *more]
    nowhere = subprocess.DEVNULL
    return subprocess.Popen(command, cwd=folder, stdout=nowhere, stderr=nowhere)


def at_rest(processes: int, seconds: float) -> float:
    """The share of a core that a job of so many processes takes, its agents included, with nothing to do."""

    def taken(folder: Path) -> float:
        """Seconds of all processes that are at home there."""
        ticks = 0
        for found in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):  # it has ended
                if (found / "cwd").readlink().is_relative_to(folder):
                    told = (found / "stat").read_text().rpartition(")")[2].split()
                    ticks += sum(map(int, told[11:13]))
        return ticks / os.sysconf("SC_CLK_TCK")

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        process = running(folder, "--processes", str(processes))
        try:
            time.sleep(10)
            before = taken(folder)
            time.sleep(seconds)
            return (taken(folder) - before) / seconds
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=30)


def records(log: EmbeddedLog, topic: str) -> list[Record]:
    found: list[Record] = []
    for partition in log.partitions(topic):
        found.extend(log.read(topic, partition, log.begin(topic, partition), limit=100_000))
    return sorted(found, key=lambda each: each.timestamp)


def urgent_waits(folder: Path, count: int) -> tuple[float, float]:
    """p99 of an urgent document's wait with 1,000 low ones queued, and the longest low document, in ms."""
    results = folder / "out"
    results.mkdir()
    source = folder / "letter.html"
    source.write_text(LETTER.format(number=1))
    swarm = Swarm(
        BufferConfig(max_buffer_size=100_000),
        SwarmConfig(min_agents=2, max_agents=2),
        Limits(),
        profiles.forms(),
        folder / "scratch",
    )
    swarm.start()
    low = urgent = 0
    waits: list[float] = []
    longest = 0.0
    try:
        while swarm.stats()["ready"] < 2:
            time.sleep(0.01)
        while len(waits) < count:
            while swarm.stats()["queued"] < 1000:
                low += 1
                target = str(results / f"l{low}")
                swarm.submit(Job(f"low-{low}", str(source), target, key="low", priority="low"))
            urgent += 1
            target = str(results / f"u{urgent}")
            swarm.submit(Job(f"u-{urgent}", str(source), target, key="u", priority="urgent"))
            found: list[Outcome] = []
            while not found:
                swarm.wait(0.01)
                found = swarm.take("u")
            waits.append(found[0].queued_ms)
            longest = max([longest, *(each.seconds * 1000 for each in swarm.take("low"))])
    finally:
        swarm.stop()
    return quantile(waits, 0.99), longest


def scheduling(queued: int) -> float:
    """Microseconds to submit, hand out and finish one job, and to look at the queue, with so many waiting."""
    scheduler = Scheduler(queued + 10)
    for number in range(queued):
        scheduler.submit(Job(str(number), "", "", priority="low"), 0.0)
    rounds = 20_000
    begun = time.perf_counter()
    for number in range(rounds):
        scheduler.submit(Job(f"n{number}", "", ""), 0.0)
        job = scheduler.next(0.0)
        assert job is not None
        scheduler.finish(Outcome(job, "completed"), 0.0)
        scheduler.oldest(0.0)
        scheduler.next_deadline()
    return (time.perf_counter() - begun) / rounds * 1e6


def bare_extraction() -> float:
    """ms to extract the letter in this process, for scale."""
    loaded = {name: Profile.from_dict(form) for name, form in profiles.forms().items()}
    data = LETTER.format(number=1).encode()
    times = [float(extract(data, loaded)["metadata"]["timings"]["totalMs"]) for _ in range(50)]
    return statistics.median(times)


def measure(
    value: float, unit: str, reference: Any, ratio: float | None, target: float | None, met: bool | None
) -> dict[str, Any]:
    found = {"value": round(value, 2), "unit": unit, "reference": reference, "target": target, "met": met}
    return {**found, "ratio": None if ratio is None else round(ratio, 3)}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="fewer documents, within a minute")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    given = parser.parse_args()
    count = 40 if given.quick else 200
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        whole, through = added_latency(Path(one), count)
        wait, longest = urgent_waits(Path(other), count)
    few, many = scheduling(100), scheduling(10_000)
    own = bare_extraction()
    idle = [at_rest(processes, 5 if given.quick else 60) for processes in (1, 2)]
    print(f"added to a small document's {own:.1f} ms of extraction on an idle job, p50 and p99 in ms:")
    for name, times in (("from the event to the result on the log", through), ("from file to file", whole)):
        print(f"  {name}: {statistics.median(times):.1f}, {quantile(times, 0.99):.1f}")
    print(f"an urgent document's wait with 1,000 low ones queued: p99 {wait:.1f} ms", end="")
    print(f" (longest low document {longest:.1f} ms)")
    print(
        f"scheduling a job with 10,000 queued: {many:.1f} µs, with 100: {few:.1f} µs, ratio {many / few:.2f}"
    )
    print(f"at rest: one process {idle[0]:.1%} of a core, two {idle[1]:.1%}")
    p50, p99 = statistics.median(through), quantile(through, 0.99)
    reference = f"{own:.2f} ms extraction"
    most = longest + 20
    measures = {
        "added latency p50": measure(p50, "ms", reference, None, 15, p50 <= 15),
        "added latency p99": measure(p99, "ms", reference, None, 50, p99 <= 50),
        "file to file p50": measure(statistics.median(whole), "ms", reference, None, None, None),
        "urgent wait p99": measure(wait, "ms", round(longest, 2), wait / longest, most, wait <= most),
        "scheduling at 10,000": measure(many, "µs", round(few, 2), many / few, 1.25, many <= few * 1.25),
        "at rest, two processes": measure(
            idle[1] * 100, "% of a core", round(idle[0] * 100, 2), idle[1] / idle[0], None, None
        ),
    }
    if given.json:
        versions = {"python": platform.python_version(), "bytewax": version("bytewax")}
        print(json.dumps({"name": "engine", "versions": versions, "measures": measures}))


if __name__ == "__main__":
    main()
