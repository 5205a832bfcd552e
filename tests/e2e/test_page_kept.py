"""What the page keeps in the browser: whose it is, and what is there without a connection or without room."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from support.browser import PATIENCE, Person, chromium_of_ones_own
from support.gateway import Gateway, letter
from support.topics import wait_for

pytestmark = [pytest.mark.servers, pytest.mark.slow]
SAMPLES = Path(__file__).parent.parent.parent / "neuraldocflow" / "samples"


@pytest.fixture
def gateway(tmp_path: Path, browser: Browser) -> Iterator[Gateway]:
    with Gateway(tmp_path / "service", runtime={"allowed_networks": ["127.0.0.0/8"]}) as own:
        yield own


@pytest.fixture
def person(browser: Browser, gateway: Gateway) -> Iterator[Person]:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-US")
    person = Person(context, gateway)
    yield person
    context.close()
    assert person.complaints == []


def test_another_tenants_documents_are_neither_shown_nor_sent(person: Person, gateway: Gateway) -> None:
    page = person.open(gateway.key("acme"))
    person.works_offline()
    person.drop({"sent-by-acme.html": letter(1).decode()})
    person.wait_for("sent-by-acme.html", "Complete")
    gateway.stop()
    person.drop({"of-acme.html": letter(2).decode()})
    person.has_status("1 waiting")
    page.get_by_role("button", name="Use another key").click()
    page.get_by_text("One document has not been sent.").wait_for()
    gateway.start()
    person.enter(gateway.key("zeta"))
    person.has_sent_all()
    page.locator(".app-status").click()
    page.get_by_text("Nothing has been sent from this device yet.").wait_for()
    assert "acme" not in page.locator("body").inner_text()
    page.get_by_role("button", name="Close").click()
    page.get_by_role("button", name="Use another key").click()
    assert "acme" not in page.locator("body").inner_text()

    person.enter(gateway.key("acme"))
    person.wait_for("of-acme.html", "Complete")
    person.has_sent_all()
    assert gateway.jobs() == []  # of the local key's tenant


def test_a_link_with_another_key_asks_before_documents_go_there(person: Person, gateway: Gateway) -> None:
    page = person.open(gateway.key("acme"))
    link = f"{gateway.url}/#token={gateway.key('zeta')}"
    page.goto("about:blank")
    page.goto(link)
    page.get_by_text("This link brings another key.").wait_for()
    assert person.violations() == []
    page.get_by_role("button", name="Keep my key").click()
    person.has_sent_all()
    page.locator(".app-status").click()
    page.get_by_text("Your key is of the organisation acme.").wait_for()

    page.evaluate("address => { location.href = address; }", link)
    page.get_by_role("button", name="Use the link's key").click()
    person.has_sent_all()
    page.locator(".app-status").click()
    page.get_by_text("Your key is of the organisation zeta.").wait_for()
    page.goto(link)
    person.has_sent_all()


@pytest.fixture
def cautious(browser: Browser, gateway: Gateway, tmp_path: Path) -> Iterator[Person]:
    """Somebody whose browser keeps nothing for any page: it blocks all cookies, and what counts as such."""
    kept = tmp_path / "profile" / "Default"
    kept.mkdir(parents=True)
    blocked = {"profile": {"default_content_setting_values": {"cookies": 2}}}
    (kept / "Preferences").write_text(json.dumps(blocked))
    with chromium_of_ones_own(browser, kept.parent) as context:
        person = Person(context, gateway)
        yield person
    assert person.complaints == []


def test_where_the_browser_keeps_nothing_the_page_works_all_the_same(cautious: Person) -> None:
    page = cautious.open()
    cautious.drop({"letter.html": letter(1).decode()})
    cautious.wait_for("letter.html", "Complete")
    page.get_by_role("button", name="Use dark colours").click()
    page.get_by_role("button", name="Use light colours").wait_for()
    page.locator(".app-status").click()
    page.get_by_text("This browser, or this address, does not allow it").wait_for()
    page.get_by_role("button", name="Close").click()
    page.get_by_role("button", name="Use another key").click()
    cautious.enter(cautious.gateway.key("acme"))
    cautious.has_sent_all()


def test_a_key_that_was_never_used_here_waits_for_the_service_before_anything_is_shown(
    person: Person, gateway: Gateway
) -> None:
    page = person.open()
    person.works_offline()
    page.get_by_role("button", name="Use another key").click()
    gateway.stop()
    person.enter(gateway.key("acme"))
    page.get_by_text("The service can't be reached.").wait_for()
    assert person.violations() == []
    gateway.start()
    person.has_status("Connected")
    gateway.stop()
    person.has_status("Offline")
    page.reload()
    person.has_status("Offline")  # now it is known whose it is


def test_what_was_opened_before_can_be_read_without_a_connection(person: Person, gateway: Gateway) -> None:
    page = person.open()
    person.works_offline()
    person.choose(SAMPLES / "sample-10-k.pdf", SAMPLES / "sample-contract.pdf")
    person.wait_for("sample-10-k.pdf", "Complete")
    person.wait_for("sample-contract.pdf", "Complete")
    person.card("sample-10-k.pdf").click()
    picture = page.get_by_role("img", name="Page 1 of the document")
    expect(picture).to_be_visible()
    shown = page.get_by_role("table").inner_text()
    page.reload()
    person.has_status("Connected")
    expect(person.card("sample-contract.pdf")).to_be_visible()
    gateway.stop()
    person.has_status("Offline")
    page.reload()
    person.has_status("Offline")
    person.card("sample-10-k.pdf").click()
    expect(picture).to_be_visible()
    wait_for(lambda: page.get_by_role("table").inner_text() == shown)
    assert person.violations() == []
    page.get_by_role("button", name="Next page").click()
    page.get_by_text("The service can't be reached.").wait_for()
    gateway.start()
    expect(page.get_by_role("img", name="Page 2 of the document")).to_be_visible()

    page.get_by_role("button", name="Use another key").click()
    wait_for(lambda: not any("answers" in name for name in page.evaluate("caches.keys()")))


def test_a_result_that_was_never_opened_here_says_so_and_is_shown_when_the_service_is_back(
    person: Person, gateway: Gateway
) -> None:
    person.page.set_viewport_size({"width": 800, "height": 900})  # where none is opened by itself
    page = person.open()
    person.works_offline()
    person.drop({"opened.html": letter(1).decode(), "other.html": letter(2).decode()})
    for name in ("opened.html", "other.html"):
        expect(person.card(name)).to_contain_text("% sure")  # the list has it too
    person.card("opened.html").click()
    page.get_by_role("tabpanel").wait_for()
    gateway.stop()
    person.has_status("Offline")
    page.reload()
    person.card("opened.html").click()
    page.get_by_role("tabpanel").wait_for()
    page.get_by_role("button", name="Back to the documents").click()
    person.card("other.html").click()
    page.get_by_text("It has not been opened on this device before.").wait_for()
    gateway.start()
    page.get_by_role("tabpanel").wait_for()


def test_other_senders_on_the_page_are_told_that_their_document_is_queued(
    person: Person, gateway: Gateway
) -> None:
    page = person.open()
    person.works_offline()
    gateway.stop()
    person.has_status("Offline")
    path, key = "/api/v1/documents", {"Authorization": f"Bearer {gateway.local_key}"}
    as_json = {**key, "Content-Type": "application/json"}
    content = base64.b64encode(letter(3)).decode()
    document = {
        "source": "base64",
        "content": content,
        "filename": "in-json.html",
        "contentType": "text/html",
    }
    address = {"source": "url", "content": f"{gateway.url}/index.html"}
    form = {"file": letter(1).decode(), "name": "in-a-form.html", "priority": "high"}
    raw = f"{path}?filename=raw.html&priority=low&qualityThreshold=0.5"
    for request in (
        {"path": path, "headers": key, "form": form},
        {"path": raw, "headers": {**key, "Content-Type": "text/html"}, "body": letter(2).decode()},
        {"path": path, "headers": as_json, "body": _json(document, priority="urgent")},
        {"path": path, "headers": as_json, "body": _json(address)},
    ):
        status, body = person.posts(request)
        assert (status, body["status"]) == (202, "queued")
    person.has_status("4 waiting")  # the open page hears of them
    for request in (
        {"path": path, "form": form},  # whose would it be?
        {"path": path, "headers": as_json, "body": "{}"},
    ):
        assert "Failed to fetch" in page.evaluate(
            "({ path, ...about }) => fetch(path, { method: 'POST', ...about }).catch(String)", request
        )
    gateway.start()
    person.has_sent_all()
    for name in ("in-a-form.html", "raw.html", "in-json.html", "index.html"):
        expect(person.card(name)).to_have_attribute("data-status", "completed", timeout=PATIENCE)
    expect(person.card("index.html")).not_to_contain_text("0 B")  # what an address held is not known
    assert {job["filename"]: job["priority"] for job in gateway.jobs()} == {
        "in-a-form.html": "high",
        "raw.html": "low",
        "in-json.html": "urgent",
        "index.html": "normal",
    }


def _json(document: dict[str, str], **options: str) -> str:
    return json.dumps({"document": document, "profile": "auto", "options": options})


class _Ingress(BaseHTTPRequestHandler):
    """What stands before a service that is away, and says so in its own words."""

    timeout = 1
    """Seconds: a browser opens connections ahead, which must not outlive the server."""

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(502)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<h1>Bad Gateway</h1>")

    do_GET = do_POST = _answer  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@contextmanager
def ingress(port: int) -> Iterator[None]:
    server = ThreadingHTTPServer(("127.0.0.1", port), _Ingress)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


def test_a_proxy_that_answers_for_a_service_that_is_away_is_no_connection_either(
    person: Person, gateway: Gateway
) -> None:
    page = person.open()
    person.works_offline()
    person.drop({"opened.html": letter(1).decode()})
    person.wait_for("opened.html", "Complete")
    page.get_by_role("tabpanel").wait_for()
    page.reload()
    person.has_status("Connected")
    page.get_by_role("tabpanel").wait_for()
    gateway.stop()
    with ingress(gateway.port):
        page.reload()
        person.has_status("Offline")
        person.wait_for("opened.html", "Complete")
        page.get_by_role("tabpanel").wait_for()
        request = {
            "path": "/api/v1/documents?filename=posted.html",
            "headers": {"Authorization": f"Bearer {gateway.local_key}", "Content-Type": "text/html"},
            "body": letter(2).decode(),
        }
        status, body = person.posts(request)
        assert (status, body["status"]) == (202, "queued")
        person.has_status("1 waiting")
    gateway.start()
    person.wait_for("posted.html", "Complete")
    person.has_sent_all()


def test_what_other_keys_post_without_a_connection_goes_to_their_tenants(
    person: Person, gateway: Gateway
) -> None:
    page = person.open(gateway.key("acme"))
    person.works_offline()
    keys = {"ours.html": gateway.key("acme"), "theirs.html": gateway.key("zeta")}
    gateway.stop()
    for name, key in keys.items():
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "text/html"}
        path = f"/api/v1/documents?filename={name}"
        assert person.posts({"path": path, "headers": headers, "body": letter(1).decode()})[0] == 202
    gateway.start()
    person.wait_for("ours.html", "Complete")
    person.has_sent_all()
    assert "theirs" not in page.locator("body").inner_text()
    page.get_by_role("button", name="Use another key").click()
    person.enter(gateway.key("zeta"))
    person.wait_for("theirs.html", "Complete")


def test_without_a_page_that_was_open_before_the_service_worker_makes_the_database_itself(
    person: Person, gateway: Gateway
) -> None:
    page = person.page
    page.goto(f"{gateway.url}/#token={gateway.local_key}")
    person.works_offline()
    page.goto(f"{gateway.url}/robots.txt")
    page.evaluate("indexedDB.deleteDatabase('NeuralDocFlowDB')")
    gateway.stop()
    request = {
        "path": "/api/v1/documents?filename=first.html",
        "headers": {"Authorization": f"Bearer {gateway.local_key}", "Content-Type": "text/html"},
        "body": letter(1).decode(),
    }
    assert person.posts(request)[0] == 202
    gateway.start()
    page.goto(gateway.url)
    person.wait_for("first.html", "Complete")


def test_a_browser_that_is_full_says_so_and_keeps_what_it_has_and_what_it_can(
    person: Person, gateway: Gateway, tmp_path: Path
) -> None:
    devtools = person.context.new_cdp_session(person.page)
    # before anything is kept: what is left is known to the database for a while
    devtools.send("Storage.overrideQuotaForOrigin", {"origin": gateway.url, "quotaSize": 20_000_000})
    page = person.open()
    person.works_offline()
    gateway.stop()
    person.drop({"kept.html": letter(1).decode()})
    person.has_status("1 waiting")
    # from disk: of what a page has made, the browser keeps a copy for a while after it has refused it
    files = [tmp_path / name for name in ("too-much.html", "small.html", "more.html")]
    for path in files:
        path.write_bytes(letter(2) if path.stem == "small" else b"Words. " * 4_000_000)
    person.choose(*files)
    told = "Not added: too-much.html, more.html. The browser has no room left:"
    expect(page.get_by_role("alert")).to_contain_text(told)
    expect(page.get_by_text("small.html added.")).to_be_attached()
    person.has_status("2 waiting")
    headers = {"Authorization": f"Bearer {gateway.local_key}", "Content-Type": "text/html"}
    request = {"path": "/api/v1/documents", "headers": headers, "body": "Words. ", "times": 4_000_000}
    status, body = person.posts(request)
    assert (status, body["code"]) == (507, "too_large")
    gateway.start()
    person.has_sent_all()
    assert {job["filename"] for job in gateway.jobs()} == {"kept.html", "small.html"}


def test_the_page_goes_on_when_the_browser_takes_back_all_its_room(person: Person, gateway: Gateway) -> None:
    page = person.open()
    person.drop({"before.html": letter(1).decode()})
    person.wait_for("before.html", "Complete")
    room = {"origin": gateway.url, "storageTypes": "indexeddb,cache_storage"}
    person.context.new_cdp_session(page).send("Storage.clearDataForOrigin", room)
    person.drop({"after.html": letter(2).decode()})
    person.wait_for("after.html", "Complete")
    page.reload()
    for name in ("before.html", "after.html"):
        person.wait_for(name, "Complete")
    person.has_sent_all()
