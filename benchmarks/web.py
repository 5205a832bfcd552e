"""The page: what a first visit loads, how soon it can be used from its cache, and whether it answers at work.

python benchmarks/web.py [--quick] [--json]

In the system's Chromium, beside the real gateway. Starts stand beside a page of one word from the same
browser's cache. Lighthouse comes from npm, into the cache; without it its audits are left out. The long
document is a filing of the development corpus (NEURALDOCFLOW_CORPUS); without that its measure is left out.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # beside this file `sinks` would be a benchmark
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from support.browser import CHROMIUM, Person, chromium
from support.gateway import Gateway
from support.node import modules_with, node
from support.packages import program
from support.web import build_wasm

from neuraldocflow.evaluate import corpus

SAMPLES = Path(__file__).resolve().parents[1] / "neuraldocflow" / "samples"
LIGHTHOUSE = "12.8.2"
SCRIPT_KB, START_SECONDS, TASK_MS, SCORE = 120, 1.0, 100, 95
_WATCH_TASKS = """
globalThis.tasks = [];
new PerformanceObserver(list => tasks.push(...list.getEntries().map(each => each.duration)))
    .observe({ type: "longtask", buffered: true });
"""
_LONGEST = "Math.max(0, ...tasks)"
_BE_BUSY = "setTimeout(() => { for (const end = Date.now() + 250; Date.now() < end; ); })"


def first_visit(browser: Browser, gateway: Gateway) -> float:
    """KB of scripts that the first visit loads, gzipped."""
    context = browser.new_context(service_workers="block")
    page = context.new_page()
    scripts: dict[str, int] = {}

    def took(response: Any) -> None:
        if response.request.resource_type == "script":
            scripts[response.url] = len(gzip.compress(response.body()))

    page.on("response", took)
    page.goto(f"{gateway.url}/#token={gateway.local_key}")
    page.get_by_text("Connected", exact=True).wait_for()
    page.wait_for_load_state("networkidle")
    context.close()
    return sum(scripts.values()) / 1000


def start(page: Page, url: str, ready: str) -> float:
    """Seconds from the navigation until something can be used."""
    page.goto("about:blank")
    page.goto(url, wait_until="commit")
    page.locator(ready).first.wait_for()
    return float(page.evaluate("performance.now()")) / 1000


def starts(person: Person, rounds: int) -> tuple[float, float]:
    """Median seconds until the page can be used from its cache, and until a page of one word stands."""
    person.open()
    person.works_offline()
    context = person.context
    plain = context.new_page()
    plain.route("**/*", lambda route: route.fulfill(body="<p>Word</p>", content_type="text/html"))
    ours, other = [], []
    for _ in range(rounds):
        ours.append(start(person.page, f"{person.gateway.url}/", "input[type=file]:not([disabled])"))
        other.append(start(plain, f"{person.gateway.url}/plain", "p"))
    plain.close()
    return statistics.median(ours), statistics.median(other)


def longest_task(person: Person, rounds: int) -> float:
    """Milliseconds of the page's longest task while documents are read beside it; 0 where none has 50."""
    page = person.open()
    person.reads_offline()
    page.get_by_role("button", name="Close").click()
    person.gateway.stop()
    person.has_status("Offline")
    page.evaluate(_WATCH_TASKS)
    for number in range(rounds):
        for sample in sorted(SAMPLES.iterdir()):
            person.choose(sample)
        made = person.page.locator(".ndf-card").filter(has_text="made on this device")
        made.nth((number + 1) * len(list(SAMPLES.iterdir())) - 1).wait_for()
    found = float(page.evaluate(_LONGEST))
    page.evaluate(_BE_BUSY)
    page.wait_for_function(f"{_LONGEST} >= 200")  # the browser does tell
    return found


def opening(person: Person, document: Path) -> float:
    """Milliseconds of the page's longest task while a document's result is opened and each view looked at."""
    page = person.open()
    person.choose(document)
    card = person.card(document.name)
    card.locator("[data-status=completed], [data-status=partial]").wait_for()
    page.reload()  # nothing of it is in the page's memory
    page.get_by_text("Connected", exact=True).wait_for()
    card.wait_for()
    page.evaluate(_WATCH_TASKS)
    page.wait_for_timeout(1000)
    page.evaluate("tasks.length = 0")  # the page's own start is another measure
    card.click()
    tabs = page.get_by_role("tab")
    tabs.first.wait_for()
    for tab in tabs.all():
        tab.click()
        page.wait_for_timeout(1000)  # what the page does by and by
    return float(page.evaluate(_LONGEST))


def long_document() -> Path | None:
    """The longest filing of the development corpus, where there is one."""
    folder = corpus()
    filings = [] if folder is None else sorted(folder.glob("filings/*.pdf"))
    return max(filings, key=lambda each: each.stat().st_size, default=None)


def audits(gateway: Gateway, folder: Path) -> dict[str, int]:
    """Lighthouse's scores of the page, of 100."""
    modules = modules_with("lighthouse", LIGHTHOUSE)
    told = folder / "lighthouse.json"
    command = [
        *(
            *node(),
            str(modules / "lighthouse" / "cli" / "index.js"),
            f"{gateway.url}/#token={gateway.local_key}",
        ),
        *("--quiet", "--output=json", f"--output-path={told}", "--chrome-flags=--headless=new --no-sandbox"),
        "--only-categories=performance,accessibility,best-practices",
    ]
    environment = {**os.environ, "CHROME_PATH": program("chromium", *CHROMIUM) or ""}
    subprocess.run(command, check=True, timeout=300, env=environment, stdout=subprocess.DEVNULL)
    found = json.loads(told.read_text())["categories"]
    return {name: round(each["score"] * 100) for name, each in found.items()}


def measure(
    value: float, unit: str, target: float, *, least: bool = False, reference: Any = None
) -> dict[str, Any]:
    met = value >= target if least else value <= target
    found = {"value": round(value, 3), "unit": unit, "reference": reference, "target": target, "met": met}
    return {**found, "ratio": round(value / reference, 2) if reference else None}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="fewer rounds, within a minute")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    given = parser.parse_args()
    build_wasm()
    with (
        tempfile.TemporaryDirectory() as folder,
        Gateway(Path(folder) / "service", with_job=False) as gateway,
        chromium() as browser,
    ):
        kilobytes = first_visit(browser, gateway)
        print(f"scripts of a first visit: {kilobytes:.0f} KB gzipped (aim {SCRIPT_KB})")
        person = Person(browser.new_context(), gateway)
        ours, other = starts(person, 5 if given.quick else 15)
        print(
            f"usable from its cache after {ours:.2f} s (aim {START_SECONDS:g}); "
            f"a page of one word {other:.2f} s"
        )
        scores = {} if given.quick else audits(gateway, Path(folder))
        for name, score in scores.items():
            print(f"Lighthouse, {name}: {score} (aim {SCORE})")
        longest = longest_task(person, 1 if given.quick else 3)
        told = f"{longest:.0f} ms" if longest else "below 50 ms"
        print(f"longest task of the page while documents are read in it: {told} (aim {TASK_MS})")
        person.context.close()
        measures: dict[str, Any] = {}
        if (document := long_document()) is not None:
            gateway.start()
            gateway.start_job()
            opened = opening(Person(browser.new_context(), gateway), document)
            measures["longest task, long document"] = measure(opened, "ms", TASK_MS)
            told = f"{opened:.0f} ms" if opened else "below 50 ms"
            print(f"longest task of the page while {document.name} is opened: {told} (aim {TASK_MS})")
    measures |= {
        "scripts of a first visit": measure(kilobytes, "KB gzipped", SCRIPT_KB),
        "usable from cache": measure(ours, "s", START_SECONDS, reference=other),
        "longest task": measure(longest, "ms", TASK_MS),
        **{
            f"lighthouse {name}": measure(score, "of 100", SCORE, least=True)
            for name, score in scores.items()
        },
    }
    if given.json:
        versions = {"python": platform.python_version(), "lighthouse": LIGHTHOUSE}
        print(json.dumps({"name": "web", "versions": versions, "measures": measures}))


if __name__ == "__main__":
    main()
