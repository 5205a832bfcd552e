"""The page by keyboard alone, and what is told to those who listen to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from support.browser import Person, chromium
from support.gateway import Gateway
from support.web import build

pytestmark = [pytest.mark.servers, pytest.mark.slow]
SAMPLES = Path(__file__).parent.parent.parent / "neuraldocflow" / "samples"
_LISTEN = """() => {
    globalThis.heard = [];
    const live = node => node.parentElement?.closest("[aria-live], [role=status], [role=alert]");
    const told = node => live(node) && heard.push(live(node).textContent.trim());
    new MutationObserver(changes => {
        for (const { target, addedNodes } of changes) [target, ...addedNodes].forEach(told);
    }).observe(document.body, { subtree: true, childList: true, characterData: true });
}"""


@pytest.fixture
def person(tmp_path: Path) -> Iterator[Person]:
    build()
    with Gateway(tmp_path / "service") as gateway, chromium() as browser:
        context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-US")
        person = Person(context, gateway)
        yield person
        context.close()
        assert person.complaints == []


def tab_to(page: Page, wanted: Locator) -> None:
    """Press Tab until it is there. Fails where it is never reached."""
    wanted.wait_for()
    for _ in range(80):
        page.keyboard.press("Tab")
        if wanted.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"Tab does not lead to {wanted}")


def test_a_document_is_added_read_and_exported_by_keyboard_alone(person: Person) -> None:
    page = person.open()
    with page.expect_file_chooser() as chooser:
        # on the way there the page learns that it is expected: Enter alone may come to it sooner than that
        tab_to(page, page.get_by_role("button", name="Drop documents here"))
        page.keyboard.press("Enter")
    chooser.value.set_files(SAMPLES / "sample-10-k.pdf")
    person.wait_for("sample-10-k.pdf", "Complete")

    tab_to(page, page.get_by_role("tab", name="Fields"))
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Tables")).to_be_focused()
    expect(page.get_by_role("tab", name="Tables")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowLeft")
    value = page.get_by_role("button", name="Delaware", exact=True)
    tab_to(page, value)
    box = page.locator(".ndf-box[data-active]")
    expect(box).to_have_attribute("aria-label", "State of incorporation: Delaware")
    page.keyboard.press("Enter")
    expect(value).to_have_attribute("aria-pressed", "true")
    box = page.get_by_role("button", name="City: Springfield")
    tab_to(page, box)
    expect(page.locator(".ndf-value[data-active]")).to_have_text("Springfield")
    page.keyboard.press("Enter")
    chosen = page.locator(".ndf-value[aria-pressed=true]")
    expect(chosen).to_have_text("Springfield")

    page.get_by_role("tab", name="Fields").focus()
    page.keyboard.press("End")
    expect(page.get_by_role("tab", name="Export")).to_be_focused()
    tab_to(page, page.get_by_role("radio", name="JSON"))
    page.keyboard.press("ArrowRight")
    page.locator("pre", has_text="jobId:").wait_for()
    tab_to(page, page.get_by_role("button", name="Download"))
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert download.value.suggested_filename == "sample-10-k.pdf.yaml"


def test_a_page_that_opens_is_gone_through_from_its_top_and_what_can_be_pressed_has_a_name(
    person: Person,
) -> None:
    page = person.open()
    person.choose(SAMPLES / "sample-contract.pdf")
    expect(page.get_by_role("heading", name="sample-contract.pdf")).to_be_focused()
    person.wait_for("sample-contract.pdf", "Complete")
    page.reload()
    expect(page.get_by_role("tab").first).to_have_accessible_name("Fields 8")
    page.keyboard.press("Tab")
    expect(page.locator(".app-status")).to_be_focused()
    expect(page.locator(".app-status")).to_have_accessible_name("Connected")
    person.choose(SAMPLES / "sample-record.html")
    expect(page.get_by_role("heading", name="sample-record.html")).to_be_focused()
    person.card("sample-contract.pdf").get_by_role("button").click()
    expect(page.get_by_role("heading", name="sample-contract.pdf")).to_be_focused()


def test_a_key_is_not_forgotten_by_one_press(person: Person) -> None:
    """It was shown once, when it was made: who has no copy is locked out."""
    page = person.open()
    person.agrees = False
    page.get_by_role("button", name="Use another key").click()
    page.reload()
    page.get_by_text("Connected", exact=True).wait_for()
    person.agrees = True
    page.get_by_role("button", name="Use another key").click()
    expect(page.get_by_label("Key", exact=True)).to_be_visible()
    assert len(person.asked) == 2
    assert "forgotten" in person.asked[0]


def test_dialogs_close_with_escape_and_give_the_focus_back(person: Person) -> None:
    page = person.open()
    status = page.locator(".app-status")
    tab_to(page, status)
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    tab_to(page, page.get_by_role("button", name="Make available offline"))
    page.keyboard.press("Escape")
    expect(dialog).not_to_be_visible()
    expect(status).to_be_focused()


def test_on_a_small_screen_the_focus_goes_along_with_what_is_shown(person: Person) -> None:
    page = person.page
    page.set_viewport_size({"width": 360, "height": 800})
    person.open()
    person.choose(SAMPLES / "sample-contract.pdf")
    page.get_by_role("tabpanel").wait_for()
    expect(page.get_by_role("heading", name="sample-contract.pdf")).to_be_focused()
    page.get_by_role("button", name="Page", exact=True).focus()
    page.keyboard.press("Enter")
    closing = page.get_by_role("button", name="Fields", exact=True)
    expect(closing).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Page", exact=True)).to_be_focused()
    page.get_by_role("button", name="Back to the documents").focus()
    page.keyboard.press("Enter")
    expect(person.card("sample-contract.pdf").get_by_role("button")).to_be_focused()


def test_on_a_small_screen_a_request_to_close_closes_what_covers_the_rest(person: Person) -> None:
    """A phone's Back is one; a keyboard's Escape is what can be pressed here."""
    page = person.page
    page.set_viewport_size({"width": 360, "height": 800})
    person.open()
    person.choose(SAMPLES / "sample-contract.pdf")
    page.get_by_role("button", name="Page", exact=True).click()
    fields = page.get_by_role("button", name="Fields", exact=True)
    expect(fields).to_be_focused()
    fields.blur()  # so that no element hears of the key
    page.keyboard.press("Escape")
    expect(fields).not_to_be_visible()
    expect(page.get_by_role("tabpanel")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("tabpanel")).not_to_be_visible()
    expect(person.card("sample-contract.pdf").get_by_role("button")).to_be_focused()


def test_who_listens_is_told_what_becomes_of_documents_and_of_the_connection(
    person: Person, tmp_path: Path
) -> None:
    page = person.open()
    page.evaluate(_LISTEN)
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(b"%PDF-1.7\nnothing that follows is a document")
    person.choose(broken)
    person.wait_for("broken.pdf", "Failed")
    person.choose(SAMPLES / "sample-contract.pdf")
    person.wait_for("sample-contract.pdf", "Complete")
    page.get_by_role("tab", name="Export").click()
    page.get_by_role("button", name="Copy").click()
    person.gateway.stop()
    person.has_status("Offline")
    heard = page.evaluate("heard")
    for told in (
        "broken.pdf added.",
        "broken.pdf: Failed.",
        "sample-contract.pdf added.",
        "sample-contract.pdf: Complete.",
        "Offline",
    ):
        assert told in heard, (told, heard)
    assert any("The PDF cannot be opened" in told for told in heard)
    assert any("Copied." in told or "does not allow copying" in told for told in heard)
