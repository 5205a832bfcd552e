"""The page without a connection, with documents read on the device, in Chromium."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect
from support import docx
from support.browser import Person, chromium
from support.gateway import Gateway
from support.web import build_wasm

pytestmark = [pytest.mark.servers, pytest.mark.slow]
SAMPLES = Path(__file__).parent.parent.parent / "neuraldocflow" / "samples"
PATIENCE = 120_000
"""Milliseconds for what starts a Python in a browser on a busy machine."""


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
    page.reload()
    person.card("sample-record.html").get_by_text("not sent yet").wait_for()

    gateway.start()
    person.has_sent_all()
    for name in ("sample-10-k.pdf", "lease.docx", "sample-record.html"):
        person.card(name).get_by_text("synced").wait_for()
    jobs = gateway.jobs()
    assert sorted((job["filename"], job["origin"]) for job in jobs) == [
        ("lease.docx", "offline"),
        ("sample-10-k.pdf", "offline"),
        ("sample-record.html", "offline"),
    ]
    page.reload()
    person.has_sent_all()
    assert len(person.card("").all()) == 3
    (filing,) = (job for job in jobs if job["filename"] == "sample-10-k.pdf")
    result = gateway.ask(f"/jobs/{filing['job_id']}/result")
    assert "Delaware" in json.dumps(result["extractedData"])
