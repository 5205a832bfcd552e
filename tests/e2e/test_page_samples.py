"""The page that a first start opens with: the sample documents are read, and nothing has to be typed."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from support.browser import Person
from support.command import rest_of
from support.gateway import Gateway
from support.topics import wait_for

from neuraldocflow.cli.up import SAMPLES

pytestmark = [pytest.mark.servers, pytest.mark.slow]
_PLACES = "(sheet, box) => [sheet, box].map(each => each.getBoundingClientRect().toJSON())"


@pytest.fixture
def gateway(tmp_path: Path) -> Gateway:
    """Where ``up`` serves; not started."""
    inbox = {"type": "filesystem", "config": {"watch_directories": ["inbox"]}}
    return Gateway(tmp_path / "service", with_job=False, stream_sources={"inbox": inbox})


@pytest.fixture
def address(gateway: Gateway) -> Iterator[str]:
    """What ``up --samples`` says to open."""
    process = gateway.folder.start("up", "--samples", "-c", "job.yaml")
    assert process.stdout is not None
    head = [process.stdout.readline() for _ in range(2)]
    found = re.search(r"^open +(\S+)$", head[1])
    if found:
        yield found[1]
    process.send_signal(signal.SIGINT)
    told = rest_of(process)
    assert found, [*head, told]
    assert process.returncode == 0, told


def test_the_samples_results_are_there_with_fields_and_boxes_when_the_address_is_opened(
    browser: Browser, gateway: Gateway, address: str
) -> None:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-US")
    person = Person(context, gateway)
    page = person.page
    page.goto(address)
    for sample in SAMPLES.iterdir():
        person.wait_for(sample.name, "Complete")
    assert page.get_by_label("Key", exact=True).count() == 0
    assert "ndf_" not in page.url

    person.card("sample-10-k.pdf").click()
    value = page.get_by_role("button", name="Delaware", exact=True)
    value.click()
    picture = page.get_by_role("img", name="Page 1 of the document")
    expect(picture).to_be_visible()
    page.wait_for_function("image => image.complete && image.naturalWidth > 0", arg=picture.element_handle())
    active = page.locator(".ndf-box[data-active]")
    expect(active).to_have_attribute("aria-label", "State of incorporation: Delaware")
    # both at one moment: the page may just scroll
    sheet, box = picture.element_handle().evaluate(_PLACES, active.element_handle())
    assert sheet["left"] <= box["left"] <= box["right"] <= sheet["right"]
    assert sheet["top"] <= box["top"] <= box["bottom"] <= sheet["bottom"]
    wait_for(lambda: page.locator(".ndf-box").count() > 5)
    assert person.complaints == []
    context.close()
