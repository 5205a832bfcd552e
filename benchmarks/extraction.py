"""What reading costs beside plain PyMuPDF text: the same documents, one process, measured in turns.

python benchmarks/extraction.py [--quick] [--json] [--corpus DIR]
"""

from __future__ import annotations

import argparse
import gc
import json
import platform
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pymupdf

from neuraldocflow.extraction import pdf
from neuraldocflow.extraction.limits import Limits

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus"
TARGETS = {"blocks": 1.6, "tables": 2.2}


def plain_text(path: Path) -> int:
    """The reference: every page's text by ``get_text()``, the document closed again."""
    document = pymupdf.open(path)
    pages = 0
    for page in document:
        page.get_text()
        pages += 1
    document.close()
    return pages


def blocks(path: Path) -> int:
    """Blocks with boxes, fonts and structure, without a search for tables."""
    return len(pdf.read(path, tables=False).pages)


def tables(path: Path) -> int:
    """Everything the reader gives."""
    return len(pdf.read(path).pages)


def measure(paths: list[Path], rounds: int) -> tuple[dict[str, float], int]:
    """Processor seconds by loop, the best round of each document, and pages.

    The loops take turns and every round begins with another one: two rounds in one order were seen to be off
    by a quarter on a shared machine.
    """
    loops: dict[str, Callable[[Path], int]] = {"plain": plain_text, "blocks": blocks, "tables": tables}
    total = dict.fromkeys(loops, 0.0)
    pages = 0
    for path in paths:
        best = dict.fromkeys(loops, float("inf"))
        read = 0
        names = list(loops)
        for turn in range(rounds):
            for name in names[turn % len(names) :] + names[: turn % len(names)]:
                loop = loops[name]
                gc.collect()
                begun = time.process_time()
                read = loop(path)
                best[name] = min(best[name], time.process_time() - begun)
        pages += read
        for name, seconds in best.items():
            total[name] += seconds
    return total, pages


def documents(corpus: Path, quick: bool) -> list[Path]:
    """The corpus' filings, contracts and medical documents as PDF; of each some where it must be quick."""
    found: list[Path] = []
    for name, few in (("filings", 2), ("contracts", 8), ("medical", 8)):
        paths = sorted((corpus / name).glob("*.pdf"))
        found.extend(paths[:few] if quick else paths)
    return found


def memory_over(paths: list[Path], times: int) -> tuple[float, float]:
    """(peak in MB after one pass, growth in MB over the passes that follow)."""

    def peak() -> float:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    for path in paths:
        pdf.read(path, Limits())
    first = peak()
    for _ in range(times):
        for path in paths:
            pdf.read(path, Limits())
    return first, peak() - first


def report(total: dict[str, float], pages: int, memory: tuple[float, float]) -> dict[str, Any]:
    measures: dict[str, Any] = {}
    for name, target in TARGETS.items():
        ratio = total[name] / total["plain"]
        measures[name] = {
            "value": round(total[name] / pages * 1000, 3),
            "unit": "ms/page",
            "reference": "PyMuPDF get_text()",
            "ratio": round(ratio, 3),
            "target": target,
            "met": ratio <= target,
        }
    measures["peak_memory"] = {
        "value": round(memory[0], 1),
        "unit": "MB",
        "reference": None,
        "ratio": None,
        "target": 400,
        "met": memory[0] <= 400,
    }
    measures["memory_growth"] = {
        "value": round(memory[1], 1),
        "unit": "MB",
        "reference": "peak after the first pass",
        "ratio": None,
        "target": 20,
        "met": memory[1] <= 20,
    }
    versions = {"python": platform.python_version(), "pymupdf": pymupdf.VersionBind}
    return {"name": "extraction", "versions": versions, "measures": measures}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="some of the documents, within a minute")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    parser.add_argument("--corpus", type=Path, default=CORPUS)
    given = parser.parse_args()
    paths = documents(given.corpus, given.quick)
    if not paths:
        raise SystemExit(f"no PDFs under {given.corpus}: give --corpus")
    total, pages = measure(paths, 4 if given.quick else 6)
    small = [path for path in paths if path.stat().st_size < 200_000][:10]
    result = report(total, pages, memory_over(small, 5 if given.quick else 100))
    print(f"{len(paths)} documents, {pages} pages; get_text() {total['plain'] / pages * 1000:.2f} ms a page")
    for name, one in result["measures"].items():
        ratio = "" if one["ratio"] is None else f"{one['ratio']:6.2f} x"
        met = "met" if one["met"] else "missed"
        print(f"{name:16} {one['value']:9} {one['unit']:8} {ratio:9} target {one['target']} {met}")
    if given.json:
        print(json.dumps(result))


if __name__ == "__main__":
    main()
