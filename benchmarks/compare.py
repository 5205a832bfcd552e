"""The whole job beside its peers: the same documents, the same machine, one run, in turns.

python benchmarks/compare.py [--quick | --all] [--json] [--corpus DIR] [--only PEER…] [--sets KIND…]
    [--chart FILE.svg]

Every contender has two warm processes (Tika: its server and two clients) that have read a document four
times before a round, and writes a synced file a document. The peers write plain text. The job writes text,
blocks with boxes, tables and fields with places, and checks them; as ``neuraldocflow-text``, with the
generic profile, it writes text, sections, tables and what stands beside labels. Its log and recovery are
on. A round lets each contender do all documents once, small records five times; the next round begins with
another one. Given are the median of the rounds and their range.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import statistics
import sys
import tempfile
import threading
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pymupdf
from peers import PEERS, Peer, peak_mb, run, started, version_of
from peers.chart import chart
from pipeline import whole_job

from neuraldocflow.evaluate import corpus_place

OURS = {"neuraldocflow": "auto", "neuraldocflow-text": "generic"}
"""The job by the profile it is given."""
TARGETS = {
    "neuraldocflow": {"tika": 1.0},
    "neuraldocflow-text": {"tika": 1.5, "kreuzberg": 1.8, "unstructured": 15.0},
}
"""The job's documents a second over a peer's plain text, at least."""
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_QUICK = ("pymupdf", "tika", "kreuzberg")
_WORDS = re.compile(r"\w+")
_WARM = 4
"""How often the first document is read before a round."""
_REPEATED = 5
"""How often each small record is read in a round, which were too short to time otherwise."""
_SLOW = 15.0
"""Seconds of a round after which a contender gets no other one."""
_ROUND = 45.0
"""Seconds after which a round hands out no more documents: its rate is that of those done."""


def sets_of(corpus: Path, every: int) -> dict[str, list[Path]]:
    """Documents by kind, every so manyth: records and contracts as PDF, records as DOCX and HTML, filings."""
    medical, contracts, filings = corpus / "medical", corpus / "contracts", corpus / "filings"
    return {
        name: [path for folder, pattern in kinds for path in sorted(folder.glob(pattern))[::every]]
        for name, kinds in {
            "pdf": [(medical, "*.pdf"), (contracts, "*.pdf")],
            "docx": [(medical, "*.docx")] * _REPEATED,
            "html": [(medical, "*.html")] * _REPEATED,
            "filings, pdf": [(filings, "*.pdf")],
            "filings, html": [(filings, "*.htm*")],
        }.items()
    }


def words(text: str) -> Counter[str]:
    return Counter(_WORDS.findall(text.lower()))


class _Visible(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self._hidden += tag in ("script", "style", "head")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("script", "style", "head")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.text.append(data)


def truth(path: Path) -> Counter[str]:
    """The words of a document by other means than ours: MuPDF's plain text, a DOCX's or HTML's text nodes."""
    if path.suffix == ".pdf":
        with pymupdf.open(path) as document:
            return words(" ".join(page.get_text() for page in document))
    if path.suffix == ".docx":
        with zipfile.ZipFile(path) as package:
            body = ElementTree.fromstring(package.read("word/document.xml"))
        paragraphs = ("".join(each.text or "" for each in one.iter(f"{_W}t")) for one in body.iter(f"{_W}p"))
        return words("\n".join(paragraphs))
    parser = _Visible()
    parser.feed(path.read_text("utf-8", "replace"))
    return words(" ".join(parser.text))


def recall(found: Counter[str], wanted: Counter[str]) -> float:
    return sum((found & wanted).values()) / max(sum(wanted.values()), 1)


def text_of(result: dict[str, Any]) -> str:
    """The text of one of our results: its blocks' and its tables' cells."""
    parts: list[str] = []

    def collect(value: Any) -> None:
        if isinstance(value, dict):
            if isinstance(value.get("text"), str):
                parts.append(value["text"])
            for inner in value.values():
                collect(inner)
        elif isinstance(value, list):
            for inner in value:
                collect(inner)

    collect((result.get("extractedData") or {}).get("content") or result.get("extractedData"))
    return "\n".join(parts)


def pages_of(path: Path) -> int:
    """A PDF's pages; 0 for what has none."""
    if path.suffix != ".pdf":
        return 0
    with pymupdf.open(path) as document:
        return int(document.page_count)


class Measured:
    """What was seen of one contender on one set."""

    def __init__(self) -> None:
        self.rates: list[float] = []
        self.pages: list[float] = []
        self.recalls: list[float] = []
        self.failed = 0
        self.peak_mb = 0.0

    def told(self, name: str) -> str:
        middle, least, most = statistics.median(self.rates), min(self.rates), max(self.rates)
        found = f"{statistics.mean(self.recalls):.3f}" if self.recalls else "–"
        pages = f"{statistics.median(self.pages):8.1f} pages/s" if any(self.pages) else ""
        return (
            f"  {name:18} {middle:8.1f} documents/s ({least:.1f}–{most:.1f}, {len(self.rates)} rounds){pages}"
            f"  words found {found}  failed {self.failed}  peak {self.peak_mb:.0f} MB"
        )


def of_peer(peer: Peer, paths: list[Path], truths: dict[Path, Counter[str]], seen: Measured) -> None:
    """One round of a peer."""
    with tempfile.TemporaryDirectory() as name, started(peer, Path(name)) as (workers, servers):
        run(workers, [paths[0]] * _WARM)
        begun = time.perf_counter()
        answers = run(workers, paths, _ROUND)
        took = time.perf_counter() - begun
        seen.rates.append(len(answers) / took)
        seen.pages.append(sum(pages_of(Path(each["path"])) for each in answers) / took)
        seen.failed = sum(each["error"] is not None for each in answers)
        pids = sum(peak_mb(pid) for pid in servers)
        seen.peak_mb = max(seen.peak_mb, pids + sum(worker.peak_mb for worker in workers))
        seen.recalls = [
            recall(words((Path(name) / f"{path.name}.txt").read_text("utf-8", "replace")), truths[path])
            for path in paths
            if (Path(name) / f"{path.name}.txt").exists()
        ]


def of_job(paths: list[Path], truths: dict[Path, Counter[str]], seen: Measured, profile: str) -> None:
    """One round of the job."""
    with tempfile.TemporaryDirectory() as name, _Memory() as memory:
        took = whole_job(paths, Path(name), profile=profile, warm=_WARM)
        seen.rates.append(len(paths) / took)
        seen.pages.append(sum(map(pages_of, paths)) / took)
        results = Path(name) / "results"
        found = {path.name: json.loads(path.read_bytes()) for path in results.glob("*.json")}
        given = {f"{number:04d}-{path.name}.json": path for number, path in enumerate(paths)}
        seen.failed = sum(each["status"] == "failed" for each in found.values())
        seen.recalls = [recall(words(text_of(found[name])), truths[path]) for name, path in given.items()]
    seen.peak_mb = max(seen.peak_mb, memory.peak_mb)


class _Memory:
    """The most memory that this process' descendants held together, looked at five times a second."""

    def __enter__(self) -> _Memory:
        self.peak_mb = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.2):
            total, parents = 0.0, [os.getpid()]
            while parents:
                for path in Path(f"/proc/{parents.pop()}/task").glob("*/children"):
                    try:
                        children = [int(child) for child in path.read_text().split()]
                    except OSError:
                        continue
                    parents += children
                    total += sum(_resident_mb(child) for child in children)
            self.peak_mb = max(self.peak_mb, total)


def _resident_mb(pid: int) -> float:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    found = [line for line in status.splitlines() if line.startswith("VmRSS")]
    return int(found[0].split()[1]) / 1024 if found else 0.0


def compare(name: str, paths: list[Path], peers: list[Peer], rounds: int) -> dict[str, Measured]:
    """Rounds over one set."""
    kind = paths[0].suffix[1:]
    truths = {path: truth(path) for path in paths}
    turns: dict[str, Callable[[Measured], None]] = {
        name: lambda seen, profile=profile: of_job(paths, truths, seen, profile)  # type: ignore[misc]
        for name, profile in OURS.items()
    }
    for peer in peers:
        if kind in peer.kinds:
            turns[peer.name] = lambda seen, peer=peer: of_peer(peer, paths, truths, seen)  # type: ignore[misc]
    seen = {each: Measured() for each in turns}
    for number in range(rounds):
        order = list(turns)
        for each in order[number % len(order) :] + order[: number % len(order)]:
            if seen[each].rates and len(paths) / max(seen[each].rates[-1], 1e-9) > _SLOW:
                continue
            turns[each](seen[each])
    print(f"\n{name}: {len(paths)} documents")
    for each, measured in sorted(seen.items(), key=lambda item: -statistics.median(item[1].rates)):
        print(measured.told(each))
    return seen


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    sizes = parser.add_mutually_exclusive_group()
    sizes.add_argument("--quick", action="store_true", help="few documents, one round, three peers")
    sizes.add_argument("--all", action="store_true", help="all documents rather than every third")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    parser.add_argument("--corpus", type=Path, default=corpus_place())
    parser.add_argument("--only", nargs="*", default=[], help="these peers alone")
    parser.add_argument("--sets", nargs="*", default=[], help="these kinds of documents alone")
    parser.add_argument("--chart", type=Path, help="write the rates as bars into an SVG file")
    given = parser.parse_args()
    wanted = given.only or (_QUICK if given.quick else [])
    peers = [peer for peer in PEERS if not wanted or peer.name in wanted]
    versions = {peer.name: version_of(peer) for peer in peers}
    print(f"Python {platform.python_version()}, two processes each")
    for peer in peers:
        print(f"  {peer.name} {versions[peer.name]}: {peer.setting}")
    measures: dict[str, Any] = {}
    rates: dict[str, dict[str, float]] = {}
    for name, paths in sets_of(given.corpus, 10 if given.quick else 1 if given.all else 3).items():
        if given.sets and name not in given.sets:
            continue
        if not paths:
            raise SystemExit(f"no documents under {given.corpus}: give --corpus, or set NEURALDOCFLOW_CORPUS")
        found = compare(name, paths, peers, 1 if given.quick else 3)
        rates[name] = {each: statistics.median(measured.rates) for each, measured in found.items()}
        for ours, targets in TARGETS.items():
            for each in found:
                if each in OURS:
                    continue
                ratio = rates[name][ours] / rates[name][each]
                target = targets.get(each)
                measures[f"{name}: {ours} over {each}"] = {
                    "value": round(rates[name][ours], 2),
                    "unit": "documents/s",
                    "reference": round(rates[name][each], 2),
                    "ratio": round(ratio, 3),
                    "target": target,
                    "met": None if target is None else ratio >= target,
                }
    print("\nthe job's documents a second over each peer's plain text:")
    for name, measure in measures.items():
        aim = f" (aim {measure['target']})" if measure["target"] else ""
        print(f"  {name:50} {measure['ratio']:6.2f}{aim}")
    if given.chart:
        given.chart.write_text(chart(rates, OURS.keys()), encoding="utf-8")
    if given.json:
        print(json.dumps({"name": "compare", "versions": versions, "measures": measures}))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
