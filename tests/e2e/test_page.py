"""The web page in Chromium against the real gateway and job."""

from __future__ import annotations

import gzip
import json
import re
import signal
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from http.client import HTTPResponse
from pathlib import Path
from typing import Any

import pymupdf
import pytest
from playwright.sync_api import Browser, Route, expect
from support.browser import PATIENCE, Person, overflow
from support.gateway import Gateway, letter
from support.web import build

pytestmark = [pytest.mark.servers, pytest.mark.slow]
SAMPLES = Path(__file__).parent.parent.parent / "neuraldocflow" / "samples"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A service for tests that do not stop it."""
    build()
    with Gateway(tmp_path_factory.mktemp("page") / "service") as gateway:
        yield gateway


@pytest.fixture
def person(browser: Browser, shared: Gateway) -> Iterator[Person]:
    yield from _person(browser, shared)


@pytest.fixture
def gateway(tmp_path: Path, browser: Browser) -> Iterator[Gateway]:
    """A service of the test's own, to be stopped at will."""
    with Gateway(tmp_path / "service") as own:
        yield own


@pytest.fixture
def loner(browser: Browser, gateway: Gateway) -> Iterator[Person]:
    yield from _person(browser, gateway)


def _person(browser: Browser, gateway: Gateway) -> Iterator[Person]:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-US")
    person = Person(context, gateway)
    yield person
    context.close()
    assert person.complaints == []


def names(gateway: Gateway) -> Counter[str]:
    return Counter(job["filename"] for job in gateway.jobs())


OFFSET_ON_PAGE = """box => {
    const image = document.querySelector(".ndf-sheet img").getBoundingClientRect();
    const placed = box.getBoundingClientRect();
    return [placed.x - image.x, placed.y - image.y, image.width];
}"""
"""Both at one time: the page may just scroll."""


def test_a_chosen_document_becomes_a_table_of_values_whose_boxes_are_on_the_page(person: Person) -> None:
    page = person.open()
    assert "token" not in page.url
    person.choose(SAMPLES / "sample-10-k.pdf")
    person.wait_for("sample-10-k.pdf", "Complete")
    value = page.get_by_role("button", name="Delaware", exact=True)
    value.hover()
    box = page.locator(".ndf-box[data-active]")
    box.wait_for()
    assert box.get_attribute("aria-label") == "State of incorporation: Delaware"
    left, top, width = box.evaluate(OFFSET_ON_PAGE)
    scale = width / 612  # points of the page's width
    assert left == pytest.approx(283.53 * scale, abs=2)
    assert top == pytest.approx(269.88 * scale, abs=2)
    page.locator(".ndf-box").filter(visible=True).nth(0).click()
    expect(page.locator(".ndf-value[aria-pressed=true]")).to_have_count(1)


def test_a_result_is_shown_in_each_format_and_downloaded(person: Person) -> None:
    page = person.open()
    person.choose(SAMPLES / "sample-record.html")
    person.wait_for("sample-record.html", "Complete")
    page.get_by_role("tab", name="Export").click()
    for label, begins in (
        ("JSON", "{"),
        ("YAML", "jobId"),
        ("XML", "<?xml"),
        ("CSV of fields", "field,value"),
    ):
        page.get_by_text(label, exact=True).click()
        page.locator("pre", has_text=begins).wait_for()
        with page.expect_download() as download:
            page.get_by_role("button", name="Download").click()
        assert download.value.suggested_filename == f"sample-record.html.{label[:4].strip().lower()}"
        assert "Wren Calloway" in download.value.path().read_text()
    assert page.get_by_role("button", name="PDF with boxes").count() == 0  # there is no PDF


def test_a_result_is_copied(person: Person) -> None:
    page = person.open()
    person.drop({"copied.html": letter(7).decode()})
    person.wait_for("copied.html", "Complete")
    person.card("copied.html").click()
    page.get_by_role("tab", name="Export").click()
    page.locator("pre", has_text="{").wait_for()
    person.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy").click()
    page.get_by_text("Copied.", exact=True).wait_for()
    copied = json.loads(page.evaluate("navigator.clipboard.readText()"))
    assert copied["metadata"]["filename"] == "copied.html"


def test_documents_are_pasted_and_processed_as_is_wished(person: Person, shared: Gateway) -> None:
    page = person.open()
    page.get_by_label("Kind").select_option(label="Medical record")
    page.get_by_label("Priority").select_option(label="Urgent")
    page.evaluate(
        """text => {
            const clipboardData = new DataTransfer();
            clipboardData.items.add(new File([text], "pasted.html", { type: "text/html" }));
            document.body.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true }));
        }""",
        letter(8).decode(),
    )
    expect(person.card("pasted.html")).to_have_attribute("data-status", re.compile("completed|partial"))
    (job,) = (each for each in shared.jobs() if each["filename"] == "pasted.html")
    assert (job["profile"], job["priority"]) == ("medical_record", "urgent")


def test_colours_are_the_systems_until_others_are_chosen(person: Person) -> None:
    def background() -> str:
        found: str = person.page.evaluate("getComputedStyle(document.body).backgroundColor")
        return found

    def becomes(colour: str) -> None:
        expect(page.locator("body")).to_have_css("background-color", colour)

    page = person.page
    page.emulate_media(color_scheme="light")
    person.open()
    light = background()
    page.emulate_media(color_scheme="dark")
    page.wait_for_function("light => getComputedStyle(document.body).backgroundColor != light", arg=light)
    dark = background()
    page.get_by_role("button", name="Use light colours").click()
    page.get_by_role("button", name="Use dark colours").wait_for()
    becomes(light)
    page.reload()
    person.has_status("Connected")
    becomes(light)
    page.get_by_role("button", name="Use dark colours").click()
    becomes(dark)


def test_the_page_can_be_installed(person: Person, shared: Gateway) -> None:
    page = person.open()
    person.works_offline()
    devtools = person.context.new_cdp_session(page)
    errors = devtools.send("Page.getInstallabilityErrors")["installabilityErrors"]
    assert {each["errorId"] for each in errors} <= {"in-incognito"}  # as every context of a test is
    found = devtools.send("Page.getAppManifest")
    assert found["errors"] == []
    manifest = json.loads(found["data"])
    assert (manifest["name"], manifest["display"], manifest["start_url"]) == (
        "NeuralDocFlow",
        "standalone",
        "/",
    )
    for icon in manifest["icons"]:
        with urllib.request.urlopen(shared.url + icon["src"], timeout=30) as answer:
            assert answer.headers["Content-Type"] == icon["type"]
            if icon["type"] == "image/png":
                image = pymupdf.Pixmap(answer.read())
                assert icon["sizes"] == f"{image.width}x{image.height}"
    purposes = {(icon["sizes"], icon.get("purpose", "any")) for icon in manifest["icons"]}
    assert {("192x192", "any"), ("512x512", "any"), ("512x512", "maskable")} <= purposes


def test_a_pdf_is_downloaded_with_its_values_boxed(person: Person) -> None:
    page = person.open()
    person.choose(SAMPLES / "sample-10-k.pdf")
    person.wait_for("sample-10-k.pdf", "Complete")
    page.get_by_role("tab", name="Export").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="PDF with boxes").click()
    assert download.value.suggested_filename == "sample-10-k.annotated.pdf"
    with pymupdf.open(download.value.path(), filetype="pdf") as drawn:
        assert "registrant_name 0." in drawn[0].get_text()


@pytest.mark.parametrize("width", [360, 768, 1440, 2560])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_and_nothing_overflows(person: Person, width: int, scheme: Any) -> None:
    page = person.page
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    person.open()
    person.choose(SAMPLES / "sample-contract.pdf")
    page.get_by_role("tabpanel").wait_for()
    page.locator(".ndf-sheet img").wait_for(state="attached")
    assert overflow(page) <= 0
    assert person.violations() == []
    for tab in page.get_by_role("tab").all():
        tab.click()
        assert overflow(page) <= 0
        assert person.violations() == []


def test_on_a_phone_the_page_says_what_to_do_and_the_chosen_tab_is_seen_whole(
    browser: Browser, shared: Gateway
) -> None:
    phone = {"width": 360, "height": 740}
    context = browser.new_context(viewport=phone, has_touch=True, is_mobile=True, locale="en-US")
    person = Person(context, shared)
    page = person.open(shared.key("phone"))
    expect(page.get_by_role("button", name="Add documents")).to_be_visible()  # nothing can be dropped
    expect(page.get_by_text("Choose a filing, a contract or a medical record.")).to_be_in_viewport()
    person.choose(SAMPLES / "sample-contract.pdf")
    page.get_by_role("tabpanel").wait_for()
    tab = page.get_by_role("tab", name="Export")
    tab.evaluate("tab => tab.click()")
    expect(tab).to_be_in_viewport(ratio=1)
    context.close()


def test_text_that_is_written_from_right_to_left_is_shown_so(browser: Browser, shared: Gateway) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 740}, locale="en-US")
    person = Person(context, shared)
    page = person.open(shared.key("arabic"))
    name = "عقد_إيجار_تجاري_طويل_جدا_للمكاتب_في_المدينة.html"
    person.drop({name: "<html><body><h1>عقد إيجار (2024)!</h1><p>نص العقد.</p></body></html>"})
    for shown in (page.get_by_role("heading", name=name), page.get_by_role("button", name="عقد إيجار")):
        shown.wait_for()
        assert shown.evaluate("shown => getComputedStyle(shown).direction") == "rtl"
    page.get_by_role("button", name="Back to the documents").click()
    begins = """shown => {
        const range = document.createRange();
        range.setStart(shown.firstChild, 0);
        range.setEnd(shown.firstChild, 1);
        return shown.getBoundingClientRect().right - range.getBoundingClientRect().right;
    }"""
    assert page.locator(".ndf-card-name").evaluate(begins) >= 0  # the name is cut at its end
    context.close()


def test_the_pages_files_come_packed_and_are_kept_until_they_change(shared: Gateway) -> None:
    def asked(path: str, **headers: str) -> HTTPResponse:
        request = urllib.request.Request(shared.url + path, headers={"Accept-Encoding": "gzip", **headers})
        found: HTTPResponse = urllib.request.urlopen(request, timeout=30)
        return found

    with asked("/") as page:
        assert page.headers["Cache-Control"] == "no-cache"
        text = page.read().decode()
    scripts = re.findall(r'(?:src|href)="(/assets/[^"]+\.js)"', text)  # the page's, and what it imports
    size = 0
    for script in scripts:
        with asked(script) as answer:
            assert "immutable" in answer.headers["Cache-Control"]
            assert answer.headers["Content-Encoding"] == "gzip"
            packed = answer.read()
            size += len(packed)
            assert gzip.decompress(packed)
    assert 50_000 < size < 120_000
    with pytest.raises(urllib.error.HTTPError, match="404"):
        asked("/assets/none.js")


def test_what_can_not_be_read_says_why(person: Person) -> None:
    page = person.open()
    person.drop({"notes.txt.pdf": "no PDF at all \x00\x01"}, "application/pdf")
    person.wait_for("notes.txt.pdf", "Failed")
    told = person.card("notes.txt.pdf").locator(".ndf-card-error").inner_text()
    assert len(told.split()) > 3
    assert page.get_by_role("alert").count() >= 1
    assert person.violations() == []


def test_two_hundred_files_dropped_at_once_all_become_results(person: Person, shared: Gateway) -> None:
    person.open()
    person.drop({f"batch-{number}.html": letter(1000 + number).decode() for number in range(200)})
    done = person.card("batch-").and_(person.page.locator("[data-status=completed], [data-status=partial]"))
    expect(done).to_have_count(200, timeout=3 * PATIENCE)
    counted = {name: count for name, count in names(shared).items() if name.startswith("batch-")}
    assert counted == {f"batch-{number}.html": 1 for number in range(200)}


def test_a_job_goes_on_on_the_page_when_the_gateway_is_killed_and_started_again(
    loner: Person, gateway: Gateway
) -> None:
    loner.open()
    assert gateway.job is not None
    gateway.halt(gateway.job)  # so that the job is certainly under way
    loner.choose(SAMPLES / "sample-contract.pdf")
    loner.wait_for("sample-contract.pdf", "Queued")
    gateway.stop(signal.SIGKILL)
    loner.has_status("Offline")
    gateway.start()
    loner.has_status("Connected")
    gateway.job.send_signal(signal.SIGCONT)
    loner.wait_for("sample-contract.pdf", "Complete")
    assert names(gateway) == {"sample-contract.pdf": 1}


def test_what_is_added_without_a_service_is_sent_once_when_it_is_back(
    loner: Person, gateway: Gateway
) -> None:
    page = loner.open()
    loner.works_offline()
    gateway.stop()
    loner.has_status("Offline")
    loner.drop({"first.html": letter(1).decode(), "second.html": letter(2).decode()})
    for name in ("first.html", "second.html"):
        loner.wait_for(name, "Waiting")
    page.reload()  # the page itself comes from the cache
    loner.has_status("2 waiting")
    other = loner.tab()
    other.goto(gateway.url)
    other.locator(".app-status").filter(has_text="2 waiting").wait_for()
    gateway.start()
    loner.has_sent_all()
    for name in ("first.html", "second.html"):
        expect(loner.card(name)).to_have_attribute(
            "data-status", re.compile("completed|partial"), timeout=PATIENCE
        )
    assert names(gateway) == {"first.html": 1, "second.html": 1}
    page.locator(".app-status").click()
    page.get_by_text("Sent from this device").wait_for()


def test_a_revoked_key_is_asked_for_again_and_no_document_is_lost(loner: Person, gateway: Gateway) -> None:
    key, text = gateway.keys.create("page", "default")
    page = loner.open(text)
    loner.context.set_offline(True)  # else the gateway might have noticed before the document is dropped
    loner.drop({"kept.html": letter(4).decode()})
    loner.card("kept.html").wait_for()
    gateway.keys.revoke(key.id)
    loner.context.set_offline(False)
    page.get_by_text("This key is not valid.").wait_for()
    assert loner.violations() == []
    loner.enter(gateway.local_key)
    loner.card("kept.html").wait_for()
    loner.has_sent_all()
    assert names(gateway) == {"kept.html": 1}


def test_a_key_that_may_only_read_is_kept_and_says_so_and_what_waits_is_not_lost(
    loner: Person, gateway: Gateway
) -> None:
    page = loner.open()
    loner.works_offline()
    gateway.stop()
    loner.drop({"kept.html": letter(5).decode()})
    loner.has_status("1 waiting")
    page.get_by_role("button", name="Use another key").click()
    reading = gateway.key(scopes=("read",))
    gateway.start()
    loner.enter(reading)
    page.get_by_text("This key may read documents, but not add any.").wait_for()
    loner.card("kept.html").get_by_text("it does not have the scope submit.").wait_for()
    page.reload()
    loner.has_status("Connected · 1 not sent")
    page.locator(".app-status").click()
    group = page.locator("dialog section").filter(has_text="Not sent")
    group.get_by_text("it does not have the scope submit.").wait_for()
    assert group.get_by_role("button").all_inner_texts() == ["Try again", "Remove"]
    assert loner.violations() == []
    page.get_by_role("button", name="Close").click()
    page.get_by_role("button", name="Use another key").click()
    loner.enter(gateway.local_key)
    loner.card("kept.html").get_by_role("button", name="Try again").click()
    loner.has_sent_all()
    assert names(gateway) == {"kept.html": 1}


def test_a_request_that_breaks_alone_is_made_again_by_itself(loner: Person, gateway: Gateway) -> None:
    page = loner.open()
    broken: list[str] = []

    def break_first(route: Route) -> None:
        if len(broken) < 2:
            broken.append(route.request.url)
            return route.abort("connectionreset")
        return route.continue_()

    page.route("**/api/v1/documents?*", break_first)
    loner.drop({"again.html": letter(6).decode()})
    loner.card("again.html").wait_for()
    loner.has_sent_all()
    assert len(broken) == 2
    assert names(gateway) == {"again.html": 1}


def test_a_document_that_failed_on_the_service_is_tried_again_in_its_place(
    loner: Person, gateway: Gateway
) -> None:
    page = loner.open()
    assert gateway.job is not None
    gateway.halt(gateway.job)  # so that it is certainly under way when it is cancelled
    loner.choose(SAMPLES / "sample-contract.pdf")
    loner.wait_for("sample-contract.pdf", "Queued")
    page.get_by_role("button", name="Cancel", exact=True).click()
    page.get_by_text("Cancelling", exact=True).first.wait_for()
    gateway.job.send_signal(signal.SIGCONT)
    loner.wait_for("sample-contract.pdf", "Failed")
    page.get_by_role("alert").get_by_role("button", name="Try again").click()
    loner.wait_for("sample-contract.pdf", "Complete")
    page.get_by_role("tabpanel").wait_for()
    page.reload()
    loner.wait_for("sample-contract.pdf", "Complete")
    assert loner.card("").count() == 1
    assert sorted(job["run"] for job in gateway.jobs()) == [0, 1]


def test_a_waiting_job_is_cancelled(browser: Browser, tmp_path: Path) -> None:
    with Gateway(tmp_path / "service", with_job=False) as gateway:
        for person in _person(browser, gateway):
            person.open()
            person.drop({f"before-{number}.html": letter(number).decode() for number in range(20)})
            expect(person.card("before-").and_(person.page.locator("[data-status=queued]"))).to_have_count(20)
            person.choose(SAMPLES / "sample-contract.pdf")
            person.wait_for("sample-contract.pdf", "Queued")
            person.page.get_by_role("button", name="Cancel sample-contract.pdf").click()
            person.page.get_by_text("Cancelling", exact=True).first.wait_for()
            gateway.start_job()
            person.wait_for("sample-contract.pdf", "Failed")
            person.card("sample-contract.pdf").get_by_text("cancel").wait_for()
