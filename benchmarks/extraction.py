"""What reading and extraction cost beside plain PyMuPDF text: the same documents, one process, in turns.

Also a long DOCX made for the purpose and the corpus' HTML filings of 2 to 4 MB, in seconds of the processor,
and what a page costs in a PDF of 5,000 pages (1,000 where it must be quick) beside one of a tenth of them.

python benchmarks/extraction.py [--quick] [--json] [--corpus DIR]
"""

from __future__ import annotations

import argparse
import gc
import io
import json
import platform
import resource
import sys
import time
import zipfile
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # beside this file `sinks` would be a benchmark

import pymupdf

from neuraldocflow import profiles
from neuraldocflow.evaluate import corpus_place
from neuraldocflow.extraction import Profile, extract
from neuraldocflow.extraction.pdf import reader as pdf
from neuraldocflow.garbage import settle
from neuraldocflow.limits import Limits

TARGETS = {"blocks": 1.6, "tables": 2.2, "all": 2.2}
PROFILES = {name: Profile.from_dict(form) for name, form in profiles.forms(()).items()}
OF_FOLDER = {"filings": "sec_10k", "contracts": "contract_analysis", "medical": "medical_record"}
DOCX_PAGES, DOCX_SECONDS, HTML_SECONDS = 800, 2.0, 1.5
LONG_PAGES, QUICK_PAGES, LONG_RATIO = 5000, 1000, 1.2


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


def everything(path: Path) -> int:
    """The whole result: text, tables, sections, fields, clauses, places and verdicts."""
    return extract(path, PROFILES, OF_FOLDER[path.parent.name])["extractedData"]["pages"] or 0


def measure(paths: list[Path], rounds: int) -> tuple[dict[str, float], int]:
    """Processor seconds by loop, the best round of each document, and pages.

    The loops take turns and every round begins with another one: two rounds in one order were seen to be off
    by a quarter on a shared machine.
    """
    loops: dict[str, Callable[[Path], int]] = {
        "plain": plain_text,
        "blocks": blocks,
        "tables": tables,
        "all": everything,
    }
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


def long_docx() -> bytes:
    """A DOCX of 800 pages: a heading, a table and some forty lines of text each."""

    def paragraph(text: str, more: str = "") -> str:
        return f"<w:p>{more}<w:r><w:t>{text}</w:t></w:r></w:p>"

    cell = f"<w:tc>{paragraph('1,234')}</w:tc>"
    table = f"<w:tbl>{f'<w:tr>{cell * 4}</w:tr>' * 5}</w:tbl>"
    text = "".join(paragraph("The quick brown fox jumps over the lazy dog. " * 10) for _ in range(8))
    heading = '<w:pPr><w:pStyle w:val="Heading1"/></w:pPr>'
    pages = "".join(
        paragraph(f"Section {number}", heading) + text + table + '<w:p><w:r><w:br w:type="page"/></w:r></w:p>'
        for number in range(DOCX_PAGES)
    )
    schemas = "http://schemas.openxmlformats.org"
    kinds = "application/vnd.openxmlformats-"
    main = f"{kinds}officedocument.wordprocessingml.document.main+xml"
    related = f"{schemas}/officeDocument/2006/relationships/officeDocument"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{schemas}/package/2006/content-types">'
            f'<Default Extension="rels" ContentType="{kinds}package.relationships+xml"/>'
            f'<Override PartName="/d.xml" ContentType="{main}"/></Types>',
        )
        package.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{schemas}/package/2006/relationships">'
            f'<Relationship Id="r" Type="{related}" Target="d.xml"/></Relationships>',
        )
        space = f'xmlns:w="{schemas}/wordprocessingml/2006/main"'
        package.writestr("d.xml", f"<w:document {space}><w:body>{pages}</w:body></w:document>")
    return packed.getvalue()


def long_pdf(paths: list[Path], pages: int) -> bytes:
    """The filings' pages one after the other, again and again, as one PDF."""
    with pymupdf.open() as whole:
        for path in cycle(paths):
            if (missing := pages - len(whole)) <= 0:
                break
            with pymupdf.open(path) as document:
                whole.insert_pdf(document, to_page=missing - 1)
        return bytes(whole.tobytes(garbage=3, deflate=True))


def growth(paths: list[Path], pages: int) -> tuple[float, float]:
    """Milliseconds a page of the whole result, in a PDF of so many pages and in one of a tenth of them."""

    def each(count: int) -> float:
        return seconds_of(long_pdf(paths, count), "sec_10k", 1) / count * 1000

    return each(pages), each(pages // 10)


def seconds_of(source: bytes | Path, profile: str, rounds: int) -> float:
    """The processor's seconds for a whole result, of the best round."""
    best = float("inf")
    for _ in range(rounds):
        gc.collect()
        begun = time.process_time()
        extract(source, PROFILES, profile)
        best = min(best, time.process_time() - begun)
    return best


def report(
    total: dict[str, float],
    pages: int,
    memory: tuple[float, float],
    seconds: dict[str, tuple[float, float]],
    grown: tuple[float, float],
) -> dict[str, Any]:
    measures: dict[str, Any] = {
        name: {
            "value": round(value, 3),
            "unit": "s",
            "reference": None,
            "ratio": None,
            "target": target,
            "met": value <= target,
        }
        for name, (value, target) in seconds.items()
    }
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
    measures["long_document"] = {
        "value": round(grown[0], 3),
        "unit": "ms/page",
        "reference": "a tenth of its pages",
        "ratio": round(grown[0] / grown[1], 3),
        "target": LONG_RATIO,
        "met": grown[0] / grown[1] <= LONG_RATIO,
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
    parser.add_argument("--corpus", type=Path, default=corpus_place())
    given = parser.parse_args()
    paths = documents(given.corpus, given.quick)
    if not paths:
        raise SystemExit(f"no PDFs under {given.corpus}: give --corpus, or set NEURALDOCFLOW_CORPUS")
    settle()  # as each agent does before its first document
    total, pages = measure(paths, 4 if given.quick else 6)
    small = [path for path in paths if path.stat().st_size < 200_000][:10]
    memory = memory_over(small, 5 if given.quick else 100)
    seconds = {"docx_800_pages": (seconds_of(long_docx(), "generic", 2), DOCX_SECONDS)}
    if filings := [path for path in given.corpus.glob("filings/*.htm*") if 2e6 <= path.stat().st_size <= 4e6]:
        slowest = max(seconds_of(path, "sec_10k", 2) for path in filings)
        seconds["html_filing_slowest"] = (slowest, HTML_SECONDS)
    filed = [path for path in paths if path.parent.name == "filings"]
    grown = growth(filed, QUICK_PAGES if given.quick else LONG_PAGES)
    result = report(total, pages, memory, seconds, grown)
    print(f"{len(paths)} documents, {pages} pages; get_text() {total['plain'] / pages * 1000:.2f} ms a page")
    for name, one in result["measures"].items():
        ratio = "" if one["ratio"] is None else f"{one['ratio']:6.2f} x"
        met = "met" if one["met"] else "missed"
        print(f"{name:16} {one['value']:9} {one['unit']:8} {ratio:9} target {one['target']} {met}")
    if given.json:
        print(json.dumps(result))


if __name__ == "__main__":
    main()
