"""What waits in the browser reaches the service once, whatever breaks on the way, in Chromium."""

from __future__ import annotations

import json
import signal
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request
from support.browser import PATIENCE, Person
from support.gateway import Gateway, letter
from support.slow_line import SlowLine

pytestmark = [pytest.mark.servers, pytest.mark.slow]


@pytest.fixture
def gateway(tmp_path: Path, browser: Browser) -> Iterator[Gateway]:
    with Gateway(tmp_path / "service") as own:
        yield own


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-US")
    yield context
    context.close()


def names(gateway: Gateway) -> Counter[str]:
    return Counter(job["filename"] for job in gateway.jobs())


def stop_timers(page: Page) -> None:
    """No timer of the page runs any more, after those that are due within half a minute."""
    page.clock.pause_at(page.evaluate("Date.now()") / 1000 + 30)


def sends_of(page: Page) -> Counter[str]:
    """How often each document is sent by a page, from now on."""
    sends: Counter[str] = Counter()

    def count(request: Request) -> None:
        if request.method == "POST" and "/api/v1/documents" in request.url:
            sends[parse_qs(urlsplit(request.url).query)["filename"][0]] += 1

    page.on("request", count)
    return sends


def until(page: Page, holds: Callable[[], object]) -> None:
    """Until it holds; what the page does meanwhile is heard of."""
    deadline = time.monotonic() + PATIENCE / 1000
    while not holds():
        assert time.monotonic() < deadline
        page.wait_for_timeout(50)


ONLINE = "dispatchEvent(new Event('online'))"
VISIBLE = "document.dispatchEvent(new Event('visibilitychange'))"


def test_of_two_tabs_one_sends_what_waits(context: BrowserContext, gateway: Gateway) -> None:
    person = Person(context, gateway)
    person.page.clock.install()
    page = person.open()
    person.works_offline()
    other = person.tab()
    other.clock.install()
    other.goto(gateway.url)
    other.get_by_text("Connected", exact=True).wait_for()
    gateway.stop()
    person.has_status("Offline")
    person.drop({f"{number}.html": letter(number).decode() for number in range(3)})
    other.locator(".app-status").filter(has_text="3 waiting").wait_for()
    for tab in (page, other):
        stop_timers(tab)
    sends, others = sends_of(page), sends_of(other)
    page.wait_for_timeout(1000)  # in which what timers have begun is over
    sends.clear()
    others.clear()
    with socket.create_server(("127.0.0.1", gateway.port)):  # takes what is sent, and does not answer
        page.evaluate(ONLINE)
        until(page, lambda: len(sends + others) == 3)
        other.evaluate(ONLINE)
        page.wait_for_timeout(1000)  # in which the other would have sent them too
        assert sends + others == {f"{number}.html": 1 for number in range(3)}
        assert not (sends and others)
    gateway.start()
    for tab in (page, other):
        tab.clock.resume()
        tab.locator(".app-status").get_by_text("Connected", exact=True).wait_for()
    assert names(gateway) == {f"{number}.html": 1 for number in range(3)}


@pytest.mark.parametrize("word", [ONLINE, VISIBLE], ids=["online", "visible"])
def test_what_waits_is_sent_when_the_browser_says_that_there_may_be_a_connection(
    context: BrowserContext, gateway: Gateway, word: str
) -> None:
    person = Person(context, gateway)
    person.page.clock.install()
    page = person.open()
    person.works_offline()
    gateway.stop()
    person.has_status("Offline")
    person.drop({"waits.html": letter(1).decode()})
    person.has_status("1 waiting")
    stop_timers(page)
    gateway.start()
    page.evaluate(word)
    until(page, lambda: names(gateway))
    page.clock.resume()
    person.has_sent_all()
    assert names(gateway) == {"waits.html": 1}


def test_a_document_whose_answer_is_lost_on_the_way_is_one_job(browser: Browser, gateway: Gateway) -> None:
    context = browser.new_context(service_workers="block", locale="en-US")  # its requests can be broken so
    person = Person(context, gateway)
    person.open()
    lost = person.loses_first_answer("**/api/v1/documents?*")
    person.drop({"once.html": letter(1).decode()})
    person.wait_for("once.html", "Complete")
    person.has_sent_all()
    assert lost == [202]
    assert names(gateway) == {"once.html": 1}
    context.close()


def test_what_another_sender_has_posted_is_one_job_when_the_answer_is_lost_on_the_way(
    context: BrowserContext, tmp_path: Path
) -> None:
    runtime = {"allowed_networks": ["127.0.0.0/8"]}
    with Gateway(tmp_path / "service", runtime=runtime) as gateway, SlowLine(gateway.port) as line:
        person = Person(context, gateway)
        person.page.goto(f"http://127.0.0.1:{line.port}/#token={gateway.local_key}")
        person.works_offline()
        person.has_sent_all()
        line.loses_answers = True
        path, key = "/api/v1/documents", {"Authorization": f"Bearer {gateway.local_key}"}
        as_json = {**key, "Content-Type": "application/json"}
        address = {"document": {"source": "url", "content": f"{gateway.url}/index.html"}}
        form = {"file": letter(1).decode(), "name": "in-a-form.html", "priority": "high"}
        for request in (
            {"path": path, "headers": key, "form": form},
            {"path": path, "headers": as_json, "body": json.dumps(address)},
        ):
            status, body = person.posts(request)
            assert (status, body["status"]) == (202, "queued")
        assert len(gateway.jobs()) == 2  # they have arrived
        person.has_status("2 waiting")
        line.loses_answers = False
        person.has_sent_all()
        assert names(gateway) == {"in-a-form.html": 1, "index.html": 1}
        own = {"path": path, "headers": {**key, "Idempotency-Key": "its own"}, "form": form}
        assert person.posts(own) == person.posts(own)


def test_a_document_that_the_browser_takes_back_before_it_is_sent_is_shown_as_lost(
    context: BrowserContext, gateway: Gateway
) -> None:
    person = Person(context, gateway)
    page = person.open()
    person.works_offline()
    gateway.stop()
    with page.expect_event("requestfailed", lambda request: request.method == "POST"):
        person.drop({"lost.html": letter(1).decode()})  # what is being sent would be sent to its end
    person.has_status("1 waiting")
    room = {"origin": gateway.url, "storageTypes": "indexeddb"}
    context.new_cdp_session(page).send("Storage.clearDataForOrigin", room)
    gateway.start()
    person.card("lost.html").get_by_text("The browser no longer has this document.").wait_for()
    person.card("lost.html").get_by_role("button", name="Remove").click()
    person.card("lost.html").wait_for(state="detached")
    assert names(gateway) == {}


def test_a_service_that_is_stopped_in_the_midst_has_each_document_once(
    context: BrowserContext, gateway: Gateway
) -> None:
    person = Person(context, gateway)
    person.open()
    person.works_offline()
    assert gateway.process is not None
    gateway.halt(gateway.process)
    person.drop({f"{number}.html": letter(number).decode() for number in range(6)})
    until(person.page, lambda: person.card("").count() == 6)
    gateway.stop(signal.SIGKILL)
    gateway.start()
    person.has_sent_all()
    assert names(gateway) == {f"{number}.html": 1 for number in range(6)}
