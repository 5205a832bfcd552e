"""The React hook and component on a page of another site, in Chromium."""

from __future__ import annotations

import functools
import re
import tempfile
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from support.browser import Person
from support.gateway import Gateway, letter
from support.web import WEB, run

pytestmark = [pytest.mark.servers, pytest.mark.slow]


class _Files(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def site(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The example, built with the packages as they are published, and served; its address."""
    built = tmp_path_factory.mktemp("site")
    done = run(
        "node_modules/vite/bin/vite.js", "build", "react/example", "--outDir", str(built), "--emptyOutDir"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Files, directory=str(built)))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def gateway(site: str, tmp_path: Path) -> Iterator[Gateway]:
    with Gateway(tmp_path / "service", gateway={"cors_origins": [site]}) as own:
        yield own


def opened(browser: Browser, site: str, gateway: Gateway, key: str) -> Person:
    """Somebody on the other site's page, which is connected."""
    context = browser.new_context(viewport={"width": 1440, "height": 1200}, locale="en-US")
    person = Person(context, gateway)
    person.page.goto(f"{site}/#url={gateway.url}&key={key}")
    person.page.get_by_label("Letters").get_by_text("Ready", exact=True).wait_for()
    return person


def test_the_hook_and_the_component_work_on_a_page_of_another_site(
    browser: Browser, site: str, gateway: Gateway, tmp_path: Path
) -> None:
    person = opened(browser, site, gateway, gateway.local_key)
    page, own = person.page, person.page.get_by_label("Letters")
    told = own.locator("pre")
    one = tmp_path / "one.html"
    one.write_bytes(letter(1))

    own.get_by_label("Letter to generic").set_input_files(one)
    expect(own.get_by_text("one.html: completed")).to_be_visible()
    expect(told).to_contain_text(re.compile(r"^(\S+) sent$.*^\1 completed$", re.MULTILINE | re.DOTALL))
    expect(told).to_contain_text("progress: ")
    (job,) = gateway.jobs()
    assert (job["profile"], job["priority"]) == ("generic", "high")

    own.get_by_label("Letter to unheard-of").set_input_files(one)
    expect(told).to_contain_text("refused: unknown_profile: ")
    expect(own.get_by_text("one.html: failed")).to_be_visible()

    whole = page.get_by_label("Everything")
    assert whole.locator(".ndf-card").count() == 0  # it follows its own documents only
    person.drop({"two.html": letter(2).decode()})
    expect(person.card("two.html")).to_have_attribute("data-status", "completed")
    page.get_by_role("tab", name="Export").click()
    page.locator("pre", has_text="Number 2").wait_for()
    assert own.get_by_text("two.html").count() == 0
    assert person.violations() == []
    page.context.close()
    assert person.complaints == []


def test_with_another_key_nothing_of_the_former_ones_is_shown_or_sent(
    browser: Browser, site: str, gateway: Gateway, tmp_path: Path
) -> None:
    person = opened(browser, site, gateway, gateway.key("acme"))
    page, own = person.page, person.page.get_by_label("Letters")
    for number, name in enumerate(("sent.html", "waits.html", "new.html")):
        (tmp_path / name).write_bytes(letter(number))
    choose = own.get_by_label("Letter to generic").set_input_files
    choose(tmp_path / "sent.html")
    expect(own.get_by_text("sent.html: completed")).to_be_visible()
    person.drop({"dropped.html": letter(3).decode()})
    expect(person.card("dropped.html")).to_have_attribute("data-status", "completed")
    gateway.stop()
    own.get_by_text("Not connected").wait_for()
    choose(tmp_path / "waits.html")
    expect(own.get_by_text("waits.html: waiting")).to_be_visible()
    person.drop({"waits-too.html": letter(4).decode()})
    person.wait_for("waits-too.html", "Waiting")

    page.evaluate("address => { location.hash = address; }", f"#url={gateway.url}&key={gateway.local_key}")
    expect(own.locator("pre")).to_contain_text("refused: disconnected: Another key was given")
    expect(own.locator("li")).to_have_count(0)
    expect(page.locator(".ndf-card")).to_have_count(0)
    gateway.start()
    own.get_by_text("Ready", exact=True).wait_for()
    choose(tmp_path / "new.html")
    expect(own.get_by_text("new.html: completed")).to_be_visible()
    person.drop({"new-too.html": letter(5).decode()})
    expect(person.card("new-too.html")).to_have_attribute("data-status", "completed")
    assert {job["filename"] for job in gateway.jobs()} == {"new.html", "new-too.html"}
    page.context.close()
    assert person.complaints == []


def test_the_guides_component_is_well_typed() -> None:
    guide = (WEB.parent / "docs" / "web.md").read_text()
    (text,) = re.findall(r"^```tsx\n(import .*?)^```", guide, re.DOTALL | re.MULTILINE)
    with tempfile.TemporaryDirectory(prefix=".guide-", dir=WEB / "node_modules") as folder:
        source = Path(folder) / "guide.tsx"
        source.write_text(f"declare const key: string;\n{text}")
        options = ("--ignoreConfig", "--noEmit", "--strict", "--jsx", "react-jsx", "--target", "es2022")
        for resolution in ("nodenext", "preserve"):
            done = run("node_modules/typescript/bin/tsc", *options, "--module", resolution, str(source))
            assert done.returncode == 0, done.stdout
