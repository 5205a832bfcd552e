"""A new release of the page comes while the page is open."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect
from support.browser import PATIENCE, Person, chromium
from support.gateway import Gateway, letter
from support.web import build_wasm

pytestmark = [pytest.mark.servers, pytest.mark.slow]
ROOT = Path(__file__).parent.parent.parent
PARTS = ("neuraldocflow", "connectors", "sinks", "dataflows", "profiles")


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """A copy of the program, to be replaced while it runs."""
    build_wasm()
    for part in PARTS:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / part, tmp_path / "release" / part, ignore=ignored)
    return tmp_path / "release"


@pytest.fixture
def gateway(tmp_path: Path, release: Path) -> Iterator[Gateway]:
    gateway = Gateway(tmp_path / "service")
    gateway.folder.environment = {"PYTHONPATH": str(release)}
    with gateway:
        yield gateway


def renew(release: Path) -> None:
    """As a release does: other files, and a list of them that says so."""
    static = release / "neuraldocflow" / "static"
    page, worker = static / "index.html", static / "worker.js"
    page.write_text(
        page.read_text().replace("<title>NeuralDocFlow</title>", "<title>The next release</title>")
    )
    listed = re.compile(r'"revision":"\w+"(,"url":"index\.html")')
    told, changes = listed.subn(r'"revision":"next"\1', worker.read_text())
    assert changes == 1
    worker.write_text(told)


KEPT = """caches.open("neuraldocflow-wasm").then(cache => cache.keys())
    .then(all => all.map(each => new URL(each.url).pathname))"""


def test_what_was_made_available_offline_is_neither_lost_nor_fetched_again_with_a_new_release(
    gateway: Gateway, release: Path
) -> None:
    with chromium() as browser:
        person = Person(browser.new_context(viewport={"width": 1440, "height": 900}), gateway)
        page = person.open()
        person.reads_offline()
        page.get_by_role("button", name="Close").click()
        kept = set(page.evaluate(KEPT))
        assert any(name.endswith("pyodide.asm.wasm") for name in kept)
        renew(release)
        page.evaluate("navigator.serviceWorker.ready.then(known => known.update())")
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        with page.expect_request("**/wasm/manifest.json"):  # it looks whether something is new
            page.locator(".app-update").get_by_role("button").click()
            expect(page).to_have_title("The next release")
        person.has_status("Connected")
        page.wait_for_load_state("networkidle")
        assert [url for url in asked if "/wasm/" in url] == [f"{gateway.url}/wasm/manifest.json"]
        gateway.stop()
        person.has_status("Offline")
        person.drop({"letter.html": letter(1).decode()})
        expect(person.card("letter.html")).to_contain_text("made on this device", timeout=2 * PATIENCE)
        assert set(page.evaluate(KEPT)) == kept
        assert person.complaints == []


def test_a_new_release_is_offered_taken_up_on_a_word_and_nothing_is_lost(
    gateway: Gateway, release: Path
) -> None:
    with chromium() as browser:
        person = Person(browser.new_context(viewport={"width": 1440, "height": 900}), gateway)
        page = person.open()
        person.works_offline()
        person.drop({"before.html": letter(1).decode()})
        expect(person.card("before.html")).to_have_attribute("data-status", "completed", timeout=PATIENCE)
        gateway.stop()
        renew(release)
        person.has_status("Offline")
        person.drop({"between.html": letter(2).decode()})
        person.wait_for("between.html", "Waiting")
        gateway.start()
        other = person.tab()
        other.goto(gateway.url)
        other.locator(".ndf-card").first.wait_for()
        page.evaluate("navigator.serviceWorker.ready.then(known => known.update())")  # as it does hourly
        offered = page.locator(".app-update").get_by_role("button")
        offered.wait_for()
        assert person.violations() == []
        assert page.title() == "NeuralDocFlow"  # nothing changes under a person's hands
        assert other.title() == "NeuralDocFlow"
        offered.click()
        for tab in (page, other):
            expect(tab).to_have_title("The next release")
        for name in ("before.html", "between.html"):
            expect(person.card(name)).to_have_attribute("data-status", "completed", timeout=PATIENCE)
        expect(page.locator(".app-update")).to_be_hidden()
        assert person.complaints == []
