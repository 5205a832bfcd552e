"""The page without a connection, with documents read on the device, in Chromium."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from playwright.sync_api import Request, expect
from support import docx
from support.browser import Person, chromium
from support.gateway import Gateway, letter
from support.topics import wait_for
from support.web import build_wasm

from neuraldocflow.rendering import render

pytestmark = [pytest.mark.servers, pytest.mark.slow]
SAMPLES = Path(__file__).parent.parent.parent / "neuraldocflow" / "samples"
PATIENCE = 120_000
"""Milliseconds for what starts a Python in a browser on a busy machine."""


RENEWED = """caches.open("neuraldocflow-wasm").then(async cache => {
    const forms = await (await cache.match("/wasm/profiles.json")).json();
    const renewed = forms.map(form => ({ ...form, version: "renewed" }));
    await cache.put("/wasm/profiles.json", Response.json(renewed));
})"""


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    build_wasm()
    with Gateway(tmp_path / "service") as own:
        yield own


@pytest.fixture
def person(gateway: Gateway) -> Iterator[Person]:
    with chromium() as browser:
        context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-US")
        person = Person(context, gateway)
        context.set_default_timeout(PATIENCE)
        yield person
        context.close()
        assert person.complaints == []


def test_documents_are_read_on_the_device_without_a_connection_and_synced_once_when_it_is_back(
    person: Person, gateway: Gateway, tmp_path: Path
) -> None:
    page = person.open()
    person.reads_offline()
    assert person.violations() == []
    page.get_by_role("button", name="Close").click()
    kept = page.evaluate(
        "caches.open('neuraldocflow-wasm').then(cache => cache.keys()).then(all => all.length)"
    )
    assert kept > 10

    gateway.stop()
    person.has_status("Offline")
    page.reload()  # a start without a service
    person.has_status("Offline")
    kinds = page.get_by_label("Kind").locator("option")
    expect(kinds.filter(has_text="contract")).to_have_count(1)
    word = tmp_path / "lease.docx"
    word.write_bytes(docx.simple(docx.paragraph(docx.run("This Lease is made as of January 5, 2024."))))
    person.choose(SAMPLES / "sample-10-k.pdf", word, SAMPLES / "sample-record.html")
    person.drop({"notes.txt": "No document."}, "text/plain")
    for name in ("sample-10-k.pdf", "lease.docx", "sample-record.html"):
        expect(person.card(name)).to_contain_text("made on this device", timeout=PATIENCE)
    person.card("sample-10-k.pdf").click()
    page.get_by_role("button", name="Delaware", exact=True).click()
    picture = page.get_by_role("img", name="Page 1 of the document")
    expect(picture).to_be_visible(timeout=PATIENCE)  # drawn here too, with the places of values on it
    assert picture.evaluate("image => image.naturalWidth") == 935
    expect(page.locator(".ndf-box[data-active]").first).to_be_visible()
    page.get_by_role("button", name="Next page").click()
    expect(page.get_by_role("img", name="Page 2 of the document")).to_be_visible(timeout=PATIENCE)
    exported = {}
    page.get_by_role("tab", name="Export").click()
    for label in ("JSON", "YAML", "XML"):
        page.get_by_text(label, exact=True).click()
        with page.expect_download() as download:
            page.get_by_role("button", name="Download").click()
        exported[label] = download.value.path().read_text()
    result = json.loads(exported["JSON"])
    assert yaml.safe_load(exported["YAML"]) == result
    assert exported["XML"] == render(result, "xml").decode()
    page.evaluate(RENEWED)  # as when the service has other profiles: the reader that runs takes them up
    person.drop({"later.html": letter(1).decode()})
    expect(person.card("later.html")).to_contain_text("made on this device", timeout=PATIENCE)
    page.reload()
    person.card("sample-record.html").get_by_text("not sent yet").wait_for()
    person.wait_for("notes.txt", "Waiting")
    page.locator(".app-status").click()
    group = page.locator("dialog section").filter(has_text="Waiting on this device")
    expect(group.locator("li")).to_have_count(5)
    expect(group.locator("li").filter(has_text="read on this device")).to_have_count(4)
    assert person.violations() == []
    page.get_by_role("button", name="Close").click()

    lost = person.loses_first_answer("**/api/v1/results/sync")
    gateway.start()
    person.has_status("Connected · 1 not sent")
    person.wait_for("notes.txt", "Failed")  # the service has the last word
    person.card("notes.txt").get_by_role("button", name="Remove").click()
    person.has_sent_all()
    assert set(lost) == {200}
    for name in ("sample-10-k.pdf", "lease.docx", "sample-record.html", "later.html"):
        person.card(name).get_by_text("synced").wait_for()
    jobs = gateway.jobs()
    assert sorted((job["filename"], job["origin"]) for job in jobs) == [
        ("later.html", "offline"),
        ("lease.docx", "offline"),
        ("sample-10-k.pdf", "offline"),
        ("sample-record.html", "offline"),
    ]
    page.reload()
    person.has_sent_all()
    assert len(person.card("").all()) == 4
    person.card("sample-10-k.pdf").click()
    expect(picture).to_be_visible(timeout=PATIENCE)  # the service does not have it
    page.locator(".app-status").click()
    sent = page.locator("dialog section").filter(has_text="Sent from this device")
    expect(sent.locator("li").filter(has_text="read on this device, synced")).to_have_count(4)
    ids = {job["filename"]: job["job_id"] for job in jobs}
    later = gateway.ask(f"/jobs/{ids['later.html']}/result")
    assert "@renewed+" in later["metadata"]["profileVersion"]
    result = gateway.ask(f"/jobs/{ids['sample-10-k.pdf']}/result")
    assert "Delaware" in json.dumps(result["extractedData"])


def test_of_two_tabs_one_reads_also_what_another_sender_has_posted_and_one_that_is_cancelled_is_gone(
    person: Person, gateway: Gateway
) -> None:
    page, other = person.open(), person.tab()
    person.reads_offline()
    page.get_by_role("button", name="Close").click()
    other.goto(gateway.url)
    tabs = (page, other)
    other.evaluate(HOLD_LOCK)
    gateway.stop()
    for tab in tabs:
        expect(tab.locator(".app-status")).to_contain_text("Offline")
    person.drop({"slow.html": f"<html><body>{'<p>Words and words.</p>' * 300_000}</body></html>"})
    person.wait_for("slow.html", "Waiting")
    status, body = person.posts(
        {
            "path": "/api/v1/documents?filename=posted",
            "headers": {"Authorization": f"Bearer {gateway.local_key}", "Content-Type": "text/html"},
            "body": letter(1).decode(),
        }
    )
    assert (status, body["status"]) == (202, "queued")
    for tab in tabs:
        expect(tab.locator(".ndf-card[data-status=waiting]")).to_have_count(2)
    wait_for(lambda: page.evaluate(WAIT_FOR_LOCK) == len(tabs), PATIENCE / 1000)
    assert page.workers + other.workers == []
    other.evaluate("letGo()")
    read = [tab.locator(".ndf-card[data-status=processing]", has_text="slow.html") for tab in tabs]
    wait_for(lambda: any(each.count() for each in read), PATIENCE / 1000)
    person.card("slow.html").get_by_role("button", name="Cancel").click()
    for tab in tabs:
        expect(tab.locator(".ndf-card")).to_have_count(1)
        expect(tab.locator(".ndf-card")).to_contain_text("made on this device", timeout=PATIENCE)
    gateway.start()
    person.has_sent_all()
    assert [(job["filename"], job["origin"]) for job in gateway.jobs()] == [("posted", "offline")]


HOLD_LOCK = """navigator.locks.request("neuraldocflow-reading", () => new Promise(done => {
    window.letGo = done;
})) && null"""
WAIT_FOR_LOCK = """navigator.locks.query()
    .then(({ pending }) => pending.filter(({ name }) => name === "neuraldocflow-reading").length)"""


def test_what_is_made_available_offline_is_fetched_once_and_can_be_stopped_and_removed(
    person: Person, gateway: Gateway
) -> None:
    page = person.open()
    person.works_offline()
    devtools = person.context.new_cdp_session(page)
    devtools.send("Network.enable")
    slow = {"offline": False, "latency": 0, "downloadThroughput": 2_500_000, "uploadThroughput": -1}
    devtools.send("Network.emulateNetworkConditions", slow)
    page.locator(".app-status").click()
    make = page.get_by_role("button", name="Make available offline")
    make.click()
    bar = page.get_by_label("Making available offline")
    expect(bar).to_have_js_property("max", sum(each["bytes"] for each in files(gateway).values()))
    wait_for(lambda: len(kept(person)) > 3, 60)
    assert bar.evaluate("bar => 0 < bar.value && bar.value < bar.max")
    page.get_by_role("button", name="Stop").click()
    make.wait_for()
    before = kept(person)
    assert 0 < len(before) < len(files(gateway))

    devtools.send("Network.emulateNetworkConditions", slow | {"downloadThroughput": -1})
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url.removeprefix(f"{gateway.url}/wasm/"))

    page.on("request", note)
    make.click()
    page.get_by_text("documents are read on this device").wait_for()
    page.remove_listener("request", note)
    assert not set(asked) & set(before)
    assert set(files(gateway)) <= set(kept(person))

    page.get_by_role("button", name="Remove from this device").click()
    make.wait_for()
    assert kept(person) == []
    last = list(files(gateway))[-1]
    person.context.route(f"**/wasm/{last}", lambda route: route.fulfill(body="damaged"))
    make.click()
    page.get_by_role("alert").get_by_text("A part came damaged").wait_for()
    make.wait_for()
    assert last not in kept(person)
    person.context.unroute_all()
    devtools.send("Storage.overrideQuotaForOrigin", {"origin": gateway.url, "quotaSize": 1})
    make.click()
    page.get_by_role("alert").get_by_text("This device has no room left for it.").wait_for()


KEPT = """caches.open("neuraldocflow-wasm").then(cache => cache.keys())
    .then(all => all.map(({ url }) => new URL(url).pathname).filter(each => each.startsWith("/wasm/")))"""


def kept(person: Person) -> list[str]:
    """What is kept of the reader, by name; the profiles are kept anyway."""
    names: list[str] = person.page.evaluate(KEPT)
    return [name.removeprefix("/wasm/") for name in names if name != "/wasm/profiles.json"]


def files(gateway: Gateway) -> dict[str, dict[str, Any]]:
    """The reader's files, as the service names them."""
    with urllib.request.urlopen(f"{gateway.url}/wasm/manifest.json", timeout=30) as answer:
        found: dict[str, dict[str, Any]] = json.load(answer)["files"]
        return found
