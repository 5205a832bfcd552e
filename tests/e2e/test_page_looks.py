"""What the page looks like in its main states at three widths, beside the pictures in ``looks``."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from support.browser import PATIENCE, Person
from support.gateway import Gateway, letter
from support.looks import Looks

from neuraldocflow.config import RuntimeConfig
from neuraldocflow.events import ProcessingProgress
from neuraldocflow.log import open_log
from sinks.events import message_of

pytestmark = [pytest.mark.servers, pytest.mark.slow]
SAMPLES = Path(__file__).parent.parent.parent / "neuraldocflow" / "samples"


def person_of(browser: Browser, gateway: Gateway) -> Person:
    """Somebody on whose screen nothing depends on where and when."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-US", timezone_id="UTC")
    person = Person(context, gateway)
    person.page.emulate_media(reduced_motion="reduce")
    return person


def at(person: Person, minute: int) -> None:
    person.context.clock.set_fixed_time(datetime(2026, 1, 5, 10, minute, tzinfo=UTC))


def is_in_its_midst(gateway: Gateway, filename: str) -> None:
    """Say on the log what a job says of a document half read."""
    (job,) = (each["job_id"] for each in gateway.jobs() if each["filename"] == filename)
    progress = ProcessingProgress(id=job, progress=0.42, stage="reading", estimated_remaining_ms=12_000)
    job_log = open_log(RuntimeConfig(state_directory=gateway.folder.root / ".neuraldocflow"))
    job_log.append([message_of(progress)])
    job_log.close()


def test_the_page_looks_as_it_did_in_its_main_states_at_three_widths(
    browser: Browser, tmp_path: Path
) -> None:
    looks = Looks(tmp_path)
    with Gateway(tmp_path / "service") as gateway:
        person = person_of(browser, gateway)
        at(person, 0)
        page = person.open()
        looks.see(page, "empty")

        broken = tmp_path / "broken.pdf"
        broken.write_bytes(b"%PDF-1.7\nnothing that follows is a document")
        for minute, path, status in (
            (1, broken, "failed"),
            (2, SAMPLES / "sample-record.html", "completed"),
            (3, SAMPLES / "sample-contract.pdf", "completed"),
            (4, SAMPLES / "sample-10-k.pdf", "completed"),
        ):
            at(person, minute)
            person.choose(path)
            page.locator(f".ndf-card:has-text('{path.name}') [data-status={status}]").wait_for()
        person.card("sample-10-k.pdf").click()
        page.get_by_role("button", name="Delaware", exact=True).click()
        expect(page.get_by_role("img", name="Page 1 of the document")).to_be_visible(timeout=PATIENCE)
        looks.see(page, "found")
        page.emulate_media(color_scheme="dark", reduced_motion="reduce")
        looks.see(page, "dark")
        page.emulate_media(color_scheme="light", reduced_motion="reduce")

        person.card("broken.pdf").click()
        page.get_by_role("alert").wait_for()
        looks.see(page, "failed")

        page.locator(".app-status").click()
        page.get_by_role("button", name="Make available offline").wait_for()
        looks.see(page, "connection")
        page.get_by_role("button", name="Close").click()

        gateway.stop()
        person.has_status("Offline")
        at(person, 5)
        person.drop({"waiting.html": letter(1).decode()})
        person.wait_for("waiting.html", "Waiting")
        looks.see(page, "offline")
        person.context.close()
    looks.are_as_kept()


def test_the_page_looks_as_it_did_while_documents_are_processed(browser: Browser, tmp_path: Path) -> None:
    looks = Looks(tmp_path)
    with Gateway(tmp_path / "service", with_job=False) as gateway:
        person = person_of(browser, gateway)
        at(person, 0)
        page = person.open()
        person.choose(SAMPLES / "sample-contract.pdf")
        person.wait_for("sample-contract.pdf", "Queued")
        at(person, 1)
        person.choose(SAMPLES / "sample-10-k.pdf")
        person.wait_for("sample-10-k.pdf", "Queued")
        is_in_its_midst(gateway, "sample-10-k.pdf")
        person.wait_for("sample-10-k.pdf", "Processing")
        card = person.card("sample-10-k.pdf")
        expect(card.get_by_text("Reading pages", exact=True)).to_be_visible()
        expect(card.get_by_text("about 12 s left", exact=True)).to_be_visible()
        bar = card.get_by_role("progressbar", name="sample-10-k.pdf: Reading pages", exact=True)
        expect(bar).to_have_js_property("value", 0.42)
        assert person.violations() == []
        looks.see(page, "processing")
        person.context.close()
    looks.are_as_kept()
