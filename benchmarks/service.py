"""The job as a service beside others: start, a small document's wait under load, hostile files, engines.

python benchmarks/service.py [--quick] [--json] [--corpus DIR] [--only PART…]

start    from the command to the first document's text, or result.
wait     a small document's time while two others are always being read: an urgent one of the job's, and
         one of Tika's third client.
hostile  ordinary documents with hostile ones between them, two processes, 30 s a document; a pool starts
         another process for one that is gone, as a careful user's would. How many ordinary ones were done,
         how long it took, how often a process was lost, and the most memory of one process.
engines  the same extraction in two processes of the job, of Bytewax with a bare map, of Quix Streams and of
         Pathway, these three from two partitions of a Kafka topic that has the documents' addresses.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # beside this file `sinks` would be a benchmark
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import yaml
from peers import PEERS, Peer, Worker, python_of, run, started
from pipeline import whole_job
from support import pdf
from support.servers.kafka import KafkaServer
from support.servers.serving import free_port
from support.topics import Topics

from neuraldocflow.evaluate import corpus_place
from neuraldocflow.profiles import forms

ENGINES = Path(__file__).with_name("engines")
OURS = "neuraldocflow"
_LIMIT = 30.0
"""Seconds a hostile document may take in a pool."""
_PARTS = ("start", "wait", "hostile", "engines")
_BY_NAME = {peer.name: peer for peer in PEERS}


@contextmanager
def job(folder: Path, **source: Any) -> Iterator[subprocess.Popen[bytes]]:
    """The job over ``inbox``, and ``urgent`` with that priority; two agents."""
    watch = [{"path": "inbox", "priority": "low"}, {"path": "urgent", "priority": "urgent"}]
    for each in watch:
        (folder / each["path"]).mkdir(exist_ok=True)
    config = {
        "stream_sources": {
            "in": {"type": "filesystem", "config": {"watch_directories": watch, "debounce_ms": 0, **source}}
        },
        "processing_pipeline": {"swarm_config": {"min_agents": 2, "max_agents": 2}},
        "runtime": {"limits": {"max_seconds": _LIMIT}},
    }
    (folder / "job.yaml").write_text(yaml.safe_dump(config))
    command = [sys.executable, "-m", "neuraldocflow", "run", "-c", "job.yaml"]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def put(path: Path, folder: Path, name: str) -> Path:
    """A document into a watched folder, whole at once; where its result will be."""
    hidden = folder / f".{name}"
    shutil.copyfile(path, hidden)
    hidden.rename(folder / name)
    return folder.parent / "results" / f"{name}.json"


def until(there: Path) -> float:
    while not there.exists():
        time.sleep(0.002)
    return time.perf_counter()


def start(small: Path, peers: list[Peer]) -> dict[str, float]:
    """Seconds to the first text or result, the median of three."""
    found: dict[str, float] = {}
    for peer in peers:
        if small.suffix[1:] in peer.kinds:
            found[peer.name] = statistics.median(_start_of(peer, small) for _ in range(3))
    found[OURS] = statistics.median(_start_of_job(small) for _ in range(3))
    return found


def _start_of(peer: Peer, small: Path) -> float:
    with tempfile.TemporaryDirectory() as name:
        begun = time.perf_counter()
        with started(peer, Path(name), 1) as (workers, _):
            workers[0].give(small)
            return time.perf_counter() - begun


def _start_of_job(small: Path) -> float:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "urgent").mkdir()
        result = put(small, folder / "urgent", small.name)
        begun = time.perf_counter()
        with job(folder):
            return until(result) - begun


def wait(small: Path, large: list[Path], probes: int) -> dict[str, list[float]]:
    """Seconds of each small document while larger ones are always under way."""
    return {OURS: _waits_of_job(small, large, probes), "tika": _waits_of_tika(small, large, probes)}


def _waits_of_job(small: Path, large: list[Path], probes: int) -> list[float]:
    found: list[float] = []
    with tempfile.TemporaryDirectory() as name, _backlog(Path(name), large, 40 * probes) as folder:
        for number in range(probes):
            time.sleep(0.5)
            begun = time.perf_counter()
            found.append(until(put(small, folder / "urgent", f"{number}{small.suffix}")) - begun)
    return found


@contextmanager
def _backlog(folder: Path, large: list[Path], count: int) -> Iterator[Path]:
    (folder / "inbox").mkdir()
    for number in range(count):
        os.link(large[number % len(large)], folder / "inbox" / f"{number}{large[number % len(large)].suffix}")
    with job(folder):
        until(folder / "results")
        time.sleep(3)
        yield folder


def _waits_of_tika(small: Path, large: list[Path], probes: int) -> list[float]:
    found: list[float] = []
    with tempfile.TemporaryDirectory() as name, started(_BY_NAME["tika"], Path(name), 3) as (workers, _):
        over = threading.Event()

        def busy(worker: Worker, at: int) -> None:
            while not over.is_set():
                worker.give(large[at % len(large)])
                at += 1

        threads = [threading.Thread(target=busy, args=(workers[at], at)) for at in range(2)]
        for thread in threads:
            thread.start()
        time.sleep(5)  # the server's code is compiled meanwhile
        for _ in range(probes):
            time.sleep(0.5)
            begun = time.perf_counter()
            workers[2].give(small)
            found.append(time.perf_counter() - begun)
        over.set()
        for thread in threads:
            thread.join()
    return found


def hostile_in(folder: Path) -> list[Path]:
    """A PDF and a DOCX that unpack to a gigabyte, HTML a million elements deep, a PDF that is cut off."""
    made = {
        "bomb.pdf": pdf.deflate_bomb(1000),
        "deep.html": b"<html><body>" + b"<div>" * 1_000_000 + b"words",
        "cut.pdf": pdf.simple()[:400],
    }
    for name, data in made.items():
        (folder / name).write_bytes(data)
    with zipfile.ZipFile(folder / "bomb.docx", "w", zipfile.ZIP_DEFLATED) as package:
        for part in ("[Content_Types].xml", "_rels/.rels"):
            package.writestr(part, _DOCX[part])
        with package.open("word/document.xml", "w", force_zip64=True) as file:
            file.write(_DOCX["begin"])
            for _ in range(1000):
                file.write(b"<w:p><w:r><w:t>words</w:t></w:r></w:p>" * 27_000)
            file.write(_DOCX["end"])
    return sorted(folder.iterdir())


_W = b'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_DOCX = {
    "[Content_Types].xml": b'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    b'<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    b'<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.'
    b'wordprocessingml.document.main+xml"/></Types>',
    "_rels/.rels": b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    b'<Relationship Id="r" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/'
    b'officeDocument" Target="word/document.xml"/></Relationships>',
    "begin": b"<w:document " + _W + b"><w:body>",
    "end": b"</w:body></w:document>",
}


def hostile(ordinary: list[Path], bad: list[Path], peers: list[Peer]) -> dict[str, dict[str, float]]:
    """What became of ordinary documents between hostile ones."""
    return {peer.name: _hostile_to(peer, ordinary, bad) for peer in peers} | {
        OURS: _hostile_to_job(ordinary, bad)
    }


def _between(ordinary: list[Path], bad: list[Path]) -> list[Path]:
    every = max(len(ordinary) // len(bad), 1)
    mixed = list(ordinary)
    for number, each in enumerate(bad):
        mixed.insert(number * (every + 1), each)
    return mixed


def _hostile_to(peer: Peer, ordinary: list[Path], bad: list[Path]) -> dict[str, float]:
    asked = [path for path in _between(ordinary, bad) if path.suffix[1:] in peer.kinds]
    waiting: SimpleQueue[Path] = SimpleQueue()
    for path in asked:
        waiting.put(path)
    done: list[dict[str, Any]] = []
    peak = 0.0
    with tempfile.TemporaryDirectory() as name, started(peer, Path(name)) as (workers, servers):

        def take(worker: Worker) -> None:
            nonlocal peak
            while True:
                try:
                    path = waiting.get_nowait()
                except Empty:
                    break
                answer = worker.give(path, _LIMIT)
                peak = max(peak, worker.peak_mb, *(_resident(pid) for pid in servers), 0.0)
                done.append(answer)
                if answer.get("gone"):
                    worker = worker.again()
            worker.end()

        run(workers, [ordinary[0]] * 2)  # warm
        begun = time.perf_counter()
        threads = [threading.Thread(target=take, args=(worker,)) for worker in workers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seconds = time.perf_counter() - begun
    names = {str(path) for path in bad}
    fine = sum(each["error"] is None for each in done if each["path"] not in names)
    lost = sum(bool(each.get("gone")) for each in done)
    return {"done": fine, "of": len(asked) - sum(str(path) in names for path in asked)} | {
        "seconds": seconds,
        "lost": lost,
        "peak_mb": peak,
    }


def _resident(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))) / 1024


def _hostile_to_job(ordinary: list[Path], bad: list[Path]) -> dict[str, float]:
    mixed, peak = _between(ordinary, bad), 0.0
    with tempfile.TemporaryDirectory() as name, job(Path(name)) as process:
        folder = Path(name)
        until(put(ordinary[0], folder / "urgent", f"warm{ordinary[0].suffix}"))
        begun = time.perf_counter()
        results = [
            put(path, folder / "inbox", f"{number:04d}-{path.name}") for number, path in enumerate(mixed)
        ]
        known: set[str] = set()
        while not all(each.exists() for each in results):
            for task in Path(f"/proc/{process.pid}/task").glob("*/children"):
                for child in task.read_text().split():
                    try:
                        peak = max(peak, _resident(int(child)))
                        known.add(child)
                    except (OSError, StopIteration):
                        continue
            time.sleep(0.05)
        seconds = time.perf_counter() - begun
        statuses = [json.loads(each.read_bytes())["status"] for each in results]
    fine = sum(status != "failed" for status, path in zip(statuses, mixed, strict=True) if path not in bad)
    return {"done": fine, "of": len(ordinary), "seconds": seconds, "lost": len(known) - 2, "peak_mb": peak}


def engines(paths: list[Path]) -> dict[str, float]:
    """Documents a second of each, from the first document to the last result."""
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as name:
        found[OURS] = len(paths) / whole_job(paths, Path(name))
    with KafkaServer() as broker:
        servers = broker.bootstrap_servers
        topics = Topics(servers)
        addresses = [f"127.0.0.1:{free_port()}" for _ in range(2)]
        python = str(python_of(_ENGINES["pathway"]))
        spawned = str(Path(python).with_name("pathway"))
        commands: dict[str, Callable[[str, str], list[list[str]]]] = {
            "bytewax": lambda topic, out: [
                [sys.executable, "bytewax_map.py", servers, topic, out, str(number), *addresses]
                for number in range(2)
            ],
            "quixstreams": lambda topic, out: [
                [str(python_of(_ENGINES["quixstreams"])), "quix.py", servers, topic, out] for _ in range(2)
            ],
            "pathway": lambda topic, out: [
                [
                    *(spawned, "spawn", "--processes", "2", "--first-port", str(free_port())),
                    *(python, "pathway_udf.py", servers, topic, out),
                ]
            ],
        }
        for engine, command in commands.items():
            topic = topics.make(partitions=2)
            for number, path in enumerate(paths):
                topics.send(topic, str(path).encode(), partition=number % 2)
            with tempfile.TemporaryDirectory() as out:
                Path(out, "profiles.json").write_text(json.dumps(forms()))
                found[engine] = _rate(command(topic, out), Path(out), len(paths))
    return found


_ENGINES = {name: Peer(name, (name, "pymupdf==1.28.2")) for name in ("quixstreams", "pathway")}


def _rate(commands: list[list[str]], out: Path, count: int) -> float:
    environment = {**os.environ, "PYTHONPATH": str(ENGINES.parents[1])}
    running = [
        subprocess.Popen(
            command,
            cwd=ENGINES,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # some start others, and leave them
        )
        for command in commands
    ]
    try:
        deadline = time.monotonic() + 120
        while len(results := list(out.glob("*.result"))) < count:
            if time.monotonic() > deadline:
                return float("nan")
            time.sleep(0.1)
        last = max(each.stat().st_mtime for each in results)
        return count / (last - (out / "begun").stat().st_mtime)
    finally:
        for process in running:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="fewer documents and peers")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    parser.add_argument("--corpus", type=Path, default=corpus_place())
    parser.add_argument("--only", nargs="*", choices=_PARTS, default=_PARTS, help="these parts alone")
    given = parser.parse_args()
    medical = sorted((given.corpus / "medical").glob("*.pdf"))
    filings = sorted((given.corpus / "filings").glob("*.pdf"))
    if not medical or not filings:
        raise SystemExit(f"no PDFs under {given.corpus}: give --corpus, or set NEURALDOCFLOW_CORPUS")
    names = ("tika", "kreuzberg") if given.quick else ("tika", "kreuzberg", "xberg", "markitdown", "docling")
    peers = [_BY_NAME[name] for name in names]
    small = min(medical, key=lambda path: path.stat().st_size)
    told: dict[str, Any] = {}
    if "start" in given.only:
        told["start"] = start(small, peers)
        print("seconds from the command to the first text or result:")
        for name, seconds in sorted(told["start"].items(), key=lambda item: item[1]):
            print(f"  {name:14} {seconds:6.2f}")
    if "wait" in given.only:
        told["wait"] = wait(small, medical, 10 if given.quick else 40)
        print("milliseconds a small document takes while two others are always being read (median, most):")
        for name, times in told["wait"].items():
            print(f"  {name:14} {statistics.median(times) * 1e3:6.0f} {max(times) * 1e3:6.0f}")
    if "hostile" in given.only:
        with tempfile.TemporaryDirectory() as folder:
            told["hostile"] = hostile(medical[:20], hostile_in(Path(folder)), peers)
        print("ordinary documents done among hostile ones, seconds, processes lost, most memory of one:")
        for name, seen in told["hostile"].items():
            print(
                f"  {name:14} {seen['done']:3} of {seen['of']:3} {seen['seconds']:6.1f} s "
                f"{seen['lost']:3} lost {seen['peak_mb']:6.0f} MB"
            )
    if "engines" in given.only:
        told["engines"] = engines(medical * (1 if given.quick else 3))
        print("documents a second, the same extraction in two processes:")
        for name, rate in told["engines"].items():
            print(f"  {name:14} {rate:6.1f}")
    if given.json:
        print(json.dumps({"name": "service", "measures": told}))


if __name__ == "__main__":
    main()
