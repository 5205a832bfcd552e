"""Documents read in Chromium itself, beside the same documents read by the job."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from support import html, pdf
from support.browser import PATIENCE, chromium
from support.gateway import Gateway
from support.job import JobFolder
from support.odd import ODD
from support.wasm import comparable, read_there, start
from support.web import build_wasm

from neuraldocflow.profiles import forms

pytestmark = [pytest.mark.servers, pytest.mark.slow]
SAMPLES = Path(__file__).parent.parent.parent / "neuraldocflow" / "samples"
MADE = {**{path.name: path.read_bytes for path in sorted(SAMPLES.iterdir())}, **ODD}
REFUSED = {
    *("binary.pdf", "bomb.pdf", "cut.docx", "cut.pdf", "deep.pdf", "empty.html", "locked.pdf"),
    *("looping.pdf", "many-pages.pdf", "no-pages.pdf"),
}
ASKED: list[str] = []
"""What the reader's page and worker have asked for."""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    build_wasm()
    with Gateway(tmp_path_factory.mktemp("wasm") / "service", with_job=False) as gateway:
        yield gateway


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> JobFolder:
    """A folder in which the job has read each document."""
    folder = JobFolder(tmp_path_factory.mktemp("job"))
    for name, make in MADE.items():
        (folder.inbox / name).write_bytes(make())
    folder.run_once()
    return folder


@pytest.fixture(scope="module")
def reader(browser: Browser, service: Gateway) -> Iterator[Page]:
    """A page with the extractor started."""
    page = browser.new_page()
    page.set_default_timeout(PATIENCE)
    page.on("request", lambda request: ASKED.append(request.url))
    start(page, service.url)
    yield page
    page.close()


def test_a_start_tells_how_far_it_is(reader: Page) -> None:
    told = reader.evaluate("started")
    assert {each["stage"] for each in told} == {"download", "boot", "unpack", "import"}
    assert told[-1]["progress"] == 1
    assert reader.evaluate("reader.getSupportedFormats()") == ["pdf", "docx", "html"]


def test_nobody_but_the_service_is_asked_for_anything(reader: Page, service: Gateway) -> None:
    assert {url for url in ASKED if not url.startswith(service.url)} == set()
    assert any(url.endswith("/pyodide.asm.wasm") for url in ASKED)


@pytest.mark.parametrize("name", MADE)
def test_a_document_gives_the_same_result_or_the_same_error_as_in_the_job(
    reader: Page, job: JobFolder, name: str
) -> None:
    there = read_there(reader, name, (job.inbox / name).read_bytes())
    assert comparable(there) == comparable(job.result(name))
    assert (there["status"] == "failed") == (name in REFUSED), there["error"]
    furthest = [each["progress"] for each in reader.evaluate("told")]
    assert furthest == sorted(furthest)


def test_a_profile_of_ones_own_is_taken_up_and_a_wrong_one_refused(reader: Page) -> None:
    form = {**forms()["generic"], "name": "mine"}
    reader.evaluate("form => reader.loadProfile(form)", form)
    assert read_there(reader, "a.html", html.page("<p>Words.</p>"), "mine")["metadata"]["profile"] == "mine"
    told = "form => reader.loadProfile(form).then(() => '', error => `${error.code} ${error.message}`)"
    assert "invalid_request" in reader.evaluate(told, {"name": "wrong", "fields": 3})
    assert (
        read_there(reader, "a.html", html.page("<p>Words.</p>"), "none")["error"]["code"] == "unknown_profile"
    )


def test_a_document_that_fills_the_memory_fails_alone(browser: Browser, service: Gateway) -> None:
    page = browser.new_page()
    start(page, service.url, maxMemoryMb=256)
    failed = page.evaluate(
        """async () => {
            const file = new File(["<html><body><p>", "Words. ".repeat(20_000_000)], "huge.html");
            const result = await reader.processDocument(file, "auto");
            return [result.status, result.error.code, result.metadata.filename];
        }"""
    )
    assert failed == ["failed", "out_of_memory", "huge.html"]
    assert read_there(page, "next.html", html.page("<p>Words.</p>"))["status"] != "failed"
    page.close()


def test_a_document_that_crashes_the_worker_fails_alone_and_one_that_is_cancelled_too(
    browser: Browser, service: Gateway
) -> None:
    page = browser.new_page()
    start(page, service.url)
    (worker,) = page.workers
    worker.evaluate(
        "addEventListener('message', () => { throw new WebAssembly.RuntimeError('unreachable'); })"
    )
    statuses = page.evaluate(
        """async () => {
            const file = new File(["<html><p>Words.</p></html>"], "words.html", { type: "text/html" });
            const both = [reader.processDocument(file), reader.processDocument(file)];
            const [crashed, next] = await Promise.all(both);
            const stop = new AbortController();
            const slow = new File(["<html><body>", "<p>Words and words.</p>".repeat(300_000)], "slow.html");
            const onProgress = () => stop.abort();
            const cancelled = reader.processDocument(slow, "auto", { signal: stop.signal, onProgress });
            const name = await cancelled.then(() => "done", error => error.name);
            return [crashed.error.code, next.status, name, (await reader.processDocument(file)).status];
        }"""
    )
    assert statuses == ["agent_crashed", "completed", "AbortError", "completed"]
    page.close()


def test_without_its_files_a_start_says_so_and_before_one_nothing_can_be_asked(
    browser: Browser, service: Gateway
) -> None:
    page = browser.new_page()
    page.goto(f"{service.url}/robots.txt")
    told = page.evaluate(
        """async () => {
            const { NeuralDocFlowWASM } = await import("/wasm/neuraldocflow.js");
            const tell = error => `${error.code}: ${error.message}`;
            const own = new NeuralDocFlowWASM();
            const formats = own.getSupportedFormats();
            const early = [own.loadProfile({}), own.processDocument(new File([], "a.pdf"), "auto")];
            const told = await Promise.all(early.map(each => each.catch(tell)));
            return [formats, own.initialized, ...told, await own.init("/elsewhere/").catch(tell)];
        }"""
    )
    first = "invalid_request: Call init() first."
    gone = "unreachable: Documents can't be read on this device: the server does not have it (404)."
    assert told == [[], False, first, first, gone]
    page.close()


def test_a_document_that_takes_too_long_ends_with_a_timeout(browser: Browser, service: Gateway) -> None:
    page = browser.new_page()
    start(page, service.url, maxSeconds=1)
    slow = pdf.many_pages(4000)
    assert read_there(page, "slow.pdf", slow)["error"]["code"] == "timeout"
    assert read_there(page, "next.html", html.page("<p>Words.</p>"))["status"] != "failed"
    page.close()
