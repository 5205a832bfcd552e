"""The whole job beside a bare loop: the same documents, the same extraction, two processes each.

python benchmarks/pipeline.py [--quick] [--json] [--corpus DIR]

The reference is a pool of two warm processes that call ``extract`` and write the result: no queue, no state,
no log, no isolation. Times are from the first document's start to the last result, without start-up.
Then the job as two processes beside the job as one, an agent each, with contracts, of which extraction takes
nearly all the time; counted until four fifths of them are done, while both processes have work.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import platform
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # beside this file `sinks` would be a benchmark

import pymupdf
import yaml

from neuraldocflow import profiles
from neuraldocflow.evaluate import corpus_place
from neuraldocflow.extraction import Profile, extract
from neuraldocflow.log import PROCESSING_EVENTS, PROCESSING_RESULTS, EmbeddedLog

TARGETS = {"small": 0.90, "large": 0.95}
SCALING = 1.8
_BUSY = 0.8
"""The share of a backlog during which both of two processes have documents."""
_WARM = "!"
"""Begins the names of documents that are read before those that count."""
_PROFILES: dict[str, Profile] = {}


def warm(forms: dict[str, Any]) -> None:
    """A bare process: its profiles, and MuPDF."""
    _PROFILES.update({name: Profile.from_dict(form) for name, form in forms.items()})
    document = pymupdf.open()
    document.new_page()
    extract(document.tobytes(), _PROFILES)


def bare(task: tuple[Path, Path]) -> int:
    """One document of the bare loop; its pages."""
    source, target = task
    result = extract(source, _PROFILES)
    target.write_text(json.dumps(result))
    return int(result["extractedData"]["pages"] or 1)


def bare_loop(paths: list[Path], folder: Path) -> tuple[float, int]:
    """Seconds and pages of the reference."""
    spawn = multiprocessing.get_context("spawn")
    with spawn.Pool(2, warm, (profiles.forms(),)) as pool:
        pool.map(len, ["", ""])
        time.sleep(1.0)  # both have warmed up
        begun = time.perf_counter()
        tasks = [(path, folder / f"{number}.json") for number, path in enumerate(paths)]
        pages = sum(pool.imap_unordered(bare, tasks, chunksize=1))
        return time.perf_counter() - begun, pages


def whole_job(
    paths: list[Path],
    folder: Path,
    agents: int = 2,
    processes: int = 1,
    profile: str = "auto",
    warm: int = 0,
    share: float = 1.0,
) -> float:
    """Seconds of the job, from the first document's start to the last result, by the log's own times.

    Each of its processes has so many ``agents``. Before, it reads the first document ``warm`` times. With a
    ``share`` it is the seconds until so much of the documents had their results.
    """
    inbox = folder / "inbox"
    inbox.mkdir()
    for number in range(warm):
        (inbox / f"{_WARM}{number}-{paths[0].name}").write_bytes(paths[0].read_bytes())
    for number, path in enumerate(paths):
        (inbox / f"{number:04d}-{path.name}").write_bytes(path.read_bytes())
    watch = {"watch_directories": [{"path": "inbox", "profile": profile}], "debounce_ms": 0}
    swarm = {"swarm_config": {"min_agents": agents, "max_agents": agents}}
    config = {
        "stream_sources": {"inbox": {"type": "filesystem", "config": watch}},
        "processing_pipeline": swarm,
    }
    (folder / "job.yaml").write_text(yaml.safe_dump(config))
    command = [sys.executable, "-m", "neuraldocflow", "run", "--once", "--json", "-c", "job.yaml"]
    command += ["--processes", str(processes)] if processes > 1 else []
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with EmbeddedLog(folder / ".neuraldocflow" / "log.db") as log:
        events = [json.loads(record.value) for record in records(log, PROCESSING_EVENTS)]
        results = {record.key: record.timestamp.timestamp() for record in records(log, PROCESSING_RESULTS)}
    received = {
        each["subject"]: each["data"]["source"]["filename"] for each in _of("DocumentReceived", events)
    }
    counted = {document for document, name in received.items() if not name.startswith(_WARM)}
    started = [
        datetime.fromisoformat(each["time"]).timestamp()
        for each in _of("ProcessingStarted", events)
        if each["subject"] in counted
    ]
    assert len(counted) == len(paths)
    ended = sorted(results[document] for document in counted)
    return ended[round(share * len(ended)) - 1] - min(started)


def _of(name: str, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [each for each in events if each["type"] == f"neuraldocflow.{name}.v1"]


def scaling(paths: list[Path]) -> tuple[float, float]:
    """Documents a second of one process with an agent, and of two, while there is work for both: keys divide
    what came, so one of them has done its part before the other."""
    count = len(paths) * _BUSY
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        alone = whole_job(paths, Path(one), agents=1, share=_BUSY)
        return count / alone, count / whole_job(paths, Path(other), agents=1, processes=2, share=_BUSY)


def records(log: EmbeddedLog, topic: str) -> list[Any]:
    found: list[Any] = []
    for partition in log.partitions(topic):
        offset = log.begin(topic, partition)
        while batch := log.read(topic, partition, offset):
            found.extend(batch)
            offset = batch[-1].offset + 1
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="fewer documents, within a minute")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    parser.add_argument("--corpus", type=Path, default=corpus_place())
    given = parser.parse_args()
    medical, filings, contracts = (
        sorted((given.corpus / name).glob("*.pdf")) for name in ("medical", "filings", "contracts")
    )
    if not medical or not filings or not contracts:
        raise SystemExit(f"no PDFs under {given.corpus}: give --corpus, or set NEURALDOCFLOW_CORPUS")
    sets = {"small": medical * (1 if given.quick else 4), "large": filings * (1 if given.quick else 4)}
    measures: dict[str, Any] = {}
    for name, paths in sets.items():
        best_bare, best_job, pages = float("inf"), float("inf"), 0
        for _ in range(1 if given.quick else 3):
            with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
                seconds, pages = bare_loop(paths, Path(one))
                best_bare = min(best_bare, seconds)
                best_job = min(best_job, whole_job(paths, Path(other)))
        ratio = best_bare / best_job
        print(
            f"{name}: {len(paths)} documents, {pages} pages: job {len(paths) / best_job:.1f} documents/s, "
            f"{pages / best_job:.0f} pages/s; bare loop {len(paths) / best_bare:.1f} documents/s; "
            f"ratio {ratio:.2f}"
        )
        measures[f"{name} documents"] = {
            "value": round(len(paths) / best_job, 2),
            "unit": "documents/s",
            "pages_per_second": round(pages / best_job, 1),
            "reference": round(len(paths) / best_bare, 2),
            "ratio": round(ratio, 3),
            "target": TARGETS[name],
            "met": ratio >= TARGETS[name],
        }
    found = [scaling(contracts * (1 if given.quick else 4)) for _ in range(1 if given.quick else 3)]
    one, two = (max(rates) for rates in zip(*found, strict=True))
    print(f"one process: {one:.1f} documents/s, two: {two:.1f}; ratio {two / one:.2f}")
    measures["two processes"] = {
        "value": round(two, 2),
        "unit": "documents/s",
        "reference": round(one, 2),
        "ratio": round(two / one, 3),
        "target": SCALING,
        "met": two / one >= SCALING,
    }
    versions = {
        "python": platform.python_version(),
        "bytewax": version("bytewax"),
        "pymupdf": pymupdf.VersionBind,
    }
    if given.json:
        print(json.dumps({"name": "pipeline", "versions": versions, "measures": measures}))


if __name__ == "__main__":
    main()
