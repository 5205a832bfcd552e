"""The page with documents that are a burden: very large ones, and hostile ones."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pymupdf
import pytest
from playwright.sync_api import expect
from support.browser import PATIENCE, Person, chromium
from support.gateway import Gateway
from support.odd import ODD
from support.web import build

pytestmark = [pytest.mark.servers, pytest.mark.slow]
SAMPLES = Path(__file__).parent.parent.parent / "neuraldocflow" / "samples"
ENDED = re.compile("completed|partial|failed")


@pytest.fixture
def person(tmp_path: Path) -> Iterator[Person]:
    build()
    with Gateway(tmp_path / "service") as gateway, chromium() as browser:
        context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-US")
        yield Person(context, gateway)
        context.close()


def test_a_document_of_a_hundred_megabytes_is_read_with_its_values(person: Person, tmp_path: Path) -> None:
    large = tmp_path / "large-contract.pdf"
    with pymupdf.open(SAMPLES / "sample-contract.pdf") as document:
        document.embfile_add("attachment", bytes(range(256)) * (100 * 4096))
        document.save(large)
    with pymupdf.open(large) as document:  # written as it is: what is attached would be packed to nothing
        document.save(large.with_suffix(".new"), expand=True)
    large.with_suffix(".new").rename(large)
    assert large.stat().st_size > 100_000_000
    page = person.open()
    person.choose(large)
    expect(person.card(large.name)).to_have_attribute("data-status", "completed", timeout=3 * PATIENCE)
    person.card(large.name).click()
    page.get_by_text("governing law", exact=False).first.wait_for()


def test_odd_and_hostile_documents_end_with_a_result_or_a_reason_and_the_next_is_read(
    person: Person, tmp_path: Path
) -> None:
    folder = tmp_path / "odd"
    folder.mkdir()
    for name, made in ODD.items():
        (folder / f"odd-{name}").write_bytes(made())
    person.open()
    person.choose(*sorted(folder.iterdir()))
    cards = person.card("odd-")
    expect(cards).to_have_count(len(ODD))
    for name in ODD:
        card = person.card(f"odd-{name}")
        expect(card).to_have_attribute("data-status", ENDED, timeout=3 * PATIENCE)
        if card.get_attribute("data-status") == "failed":
            assert len(card.locator(".ndf-card-error").inner_text().split()) > 3, name
    person.choose(SAMPLES / "sample-contract.pdf")
    person.wait_for("sample-contract.pdf", "Complete")
    assert person.complaints == []
