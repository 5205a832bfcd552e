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
from support.web import build

pytestmark = [pytest.mark.servers, pytest.mark.slow]
ROOT = Path(__file__).parent.parent.parent
PARTS = ("neuraldocflow", "connectors", "sinks", "dataflows", "profiles")


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """A copy of the program, to be replaced while it runs."""
    build()
    for part in PARTS:
        ignored = shutil.ignore_patterns("__pycache__", "wasm")
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
        page.evaluate("navigator.serviceWorker.ready.then(known => known.update())")  # as it does hourly
        offered = page.locator(".app-update").get_by_role("button")
        offered.wait_for()
        assert page.title() == "NeuralDocFlow"  # nothing changes under a person's hands
        offered.click()
        page.wait_for_function("document.title === 'The next release'", timeout=PATIENCE)
        for name in ("before.html", "between.html"):
            expect(person.card(name)).to_have_attribute("data-status", "completed", timeout=PATIENCE)
        assert not page.locator(".app-update").is_visible()
        assert person.complaints == []
