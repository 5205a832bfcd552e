"""The extractor in Chromium beside the same code here: time until it is ready, and time a page, in turns.

``python benchmarks/wasm.py [--quick] [--json] [--corpus DIR]``. Documents are the samples and, where there is
a corpus, some of it. The browser's files come from its cache, as on a page that was made available offline.
"""

from __future__ import annotations

import argparse
import base64
import json
import platform
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # beside this file `sinks` would be a benchmark
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from support.browser import Person, chromium
from support.gateway import Gateway
from support.web import build_wasm

from neuraldocflow.errors import DocumentError
from neuraldocflow.evaluate import corpus_place
from neuraldocflow.extraction import extract
from neuraldocflow.profiles import forms, load

ROOT = Path(__file__).resolve().parents[1]
SAMPLES = ROOT / "neuraldocflow" / "samples"
LARGEST = 1_500_000
"""Bytes of a document of the corpus: a browser is handed them through its debugger."""
TARGETS = {"readySeconds": 6.0, "timesNative": 5.0}

_START = """async forms => {
    const { NeuralDocFlowWorker } = await import("/wasm/neuraldocflow.js");
    globalThis.reader?.close();
    globalThis.reader = new NeuralDocFlowWorker();
    const began = performance.now();
    await reader.init();
    const parts = reader.milliseconds;
    for (const form of JSON.parse(forms)) await reader.loadProfile(form);
    return { ...parts, withProfiles: Math.round(performance.now() - began) };
}"""
_READ = """async ([name, text]) => {
    const file = new File([Uint8Array.from(atob(text), letter => letter.charCodeAt(0))], name);
    const began = performance.now();
    await reader.processToJson(file);
    return performance.now() - began;
}"""


def documents(corpus: Path, quick: bool) -> list[Path]:
    """The samples, and documents spread over those of each kind in the corpus."""
    found = sorted(SAMPLES.iterdir())
    wanted = 4 if quick else 12
    for kind in ("pdf", "docx", "html"):
        all_of_it = [path for path in sorted(corpus.rglob(f"*.{kind}")) if path.stat().st_size < LARGEST]
        found += all_of_it[:: max(1, len(all_of_it) // wanted)][:wanted]
    return found


def starts(page: Page, rounds: int) -> list[dict[str, int]]:
    """Milliseconds from the beginning to the end of each part, of each start."""
    text = json.dumps(list(forms().values()))
    return [page.evaluate(_START, text) for _ in range(rounds)]


def reading(page: Page, paths: list[Path], rounds: int) -> list[dict[str, Any]]:
    """Each document's milliseconds here and there, the best of some rounds taken in turns."""
    profiles = load()
    measured = []
    for path in paths:
        content = base64.b64encode(path.read_bytes()).decode()
        here, there = float("inf"), float("inf")
        pages = 0
        for _ in range(rounds):
            began = time.perf_counter()
            try:
                pages = extract(path, profiles, filename=path.name)["extractedData"]["pages"] or 1
            except DocumentError:
                pages = 0
            here = min(here, (time.perf_counter() - began) * 1000)
            there = min(there, page.evaluate(_READ, [path.name, content]))
        kind = path.suffix[1:]
        if pages:
            measured.append({"kind": kind, "pages": pages, "here": here, "there": there})
    return measured


def report(started: list[dict[str, int]], measured: list[dict[str, Any]]) -> dict[str, Any]:
    """The figures, by kind of document too."""
    ratios = {
        kind: {
            "documents": len(found),
            "pages": sum(each["pages"] for each in found),
            "msPerPageHere": round(sum(e["here"] for e in found) / sum(e["pages"] for e in found), 2),
            "msPerPageThere": round(sum(e["there"] for e in found) / sum(e["pages"] for e in found), 2),
            "timesNative": round(sum(e["there"] for e in found) / sum(e["here"] for e in found), 2),
        }
        for kind in ("pdf", "docx", "html")
        if (found := [each for each in measured if each["kind"] == kind])
    }
    ready = statistics.median(each["ready"] for each in started) / 1000
    profiles = statistics.median(each["withProfiles"] for each in started) / 1000
    worst = max(each["timesNative"] for each in ratios.values())
    return {
        "versions": {"python": platform.python_version(), "pyodide": "0.29.5"},
        "readySeconds": round(ready, 2),
        "readyWithProfilesSeconds": round(profiles, 2),
        "starts": started,
        "reading": ratios,
        "holds": ready <= TARGETS["readySeconds"] and worst <= TARGETS["timesNative"],
    }


def measures(told: dict[str, Any]) -> dict[str, Any]:
    """The report as every benchmark has it."""
    found: dict[str, Any] = {
        "ready from cache": {
            "value": told["readySeconds"],
            "unit": "s",
            "reference": None,
            "ratio": None,
            "target": TARGETS["readySeconds"],
            "met": told["readySeconds"] <= TARGETS["readySeconds"],
        }
    }
    for kind, each in told["reading"].items():
        found[f"a page of {kind}"] = {
            "value": each["msPerPageThere"],
            "unit": "ms",
            "reference": each["msPerPageHere"],
            "ratio": each["timesNative"],
            "target": TARGETS["timesNative"],
            "met": each["timesNative"] <= TARGETS["timesNative"],
        }
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="fewer documents and rounds")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--corpus", type=Path, default=corpus_place())
    arguments = parser.parse_args()
    build_wasm()
    rounds = 2 if arguments.quick else 3
    with (
        tempfile.TemporaryDirectory() as folder,
        Gateway(Path(folder) / "service", with_job=False) as gateway,
        chromium() as browser,
    ):
        person = Person(browser.new_context(), gateway)
        person.open()
        person.reads_offline()
        started = starts(person.page, rounds + 2)
        measured = reading(person.page, documents(arguments.corpus, arguments.quick), rounds)
    told = report(started, measured)
    print(
        f"ready from cache {told['readySeconds']:.1f} s, "
        f"with profiles {told['readyWithProfilesSeconds']:.1f} s"
    )
    for kind, each in told["reading"].items():
        print(
            f"{kind:5} {each['documents']:3} documents {each['pages']:5} pages   "
            f"here {each['msPerPageHere']:8.1f} ms   browser {each['msPerPageThere']:8.1f} ms   "
            f"{each['timesNative']:.1f} x"
        )
    print("within its aims" if told["holds"] else "outside its aims")
    if arguments.json:
        print(json.dumps({"name": "wasm", "versions": told["versions"], "measures": measures(told)}))


if __name__ == "__main__":
    main()
