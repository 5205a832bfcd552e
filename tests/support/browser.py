"""Chromium on the page, as a person uses it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Dialog, Page, Route, expect, sync_playwright

from support.gateway import Gateway
from support.packages import program
from support.web import WEB

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
_ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)
PATIENCE = 60_000
"""Milliseconds to wait for what must come: generous, since machines that test are busy."""
expect.set_options(timeout=PATIENCE)
# What passed stays in the browser: for every element of a long text it is megabytes.
_VIOLATIONS = """async () => (await axe.run({ resultTypes: ["violations"] })).violations.map(
    ({ id, nodes }) => ({ id, nodes: nodes.map(node => node.html) }))"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """The machine's own browser, installed first where that is possible."""
    found = program("chromium", *CHROMIUM)
    assert found, "Chromium is needed for these tests: sudo apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(_ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def chromium_of_ones_own(browser: Browser, settings: Path) -> Iterator[BrowserContext]:
    """The browser with settings of its own, which are in a folder."""
    found = program("chromium", *CHROMIUM)
    context = browser.browser_type.launch_persistent_context(
        settings, executable_path=found, args=list(_ARGUMENTS), locale="en-US"
    )
    try:
        yield context
    finally:
        context.close()


class Person:
    """Somebody with the page open. What the browser complains about is kept in ``complaints``."""

    def __init__(self, context: BrowserContext, gateway: Gateway) -> None:
        self.context = context
        self.gateway = gateway
        self.complaints: list[str] = []
        self.asked: list[str] = []
        """What the page wanted to be confirmed."""
        self.agrees = True
        context.set_default_timeout(PATIENCE)
        self.page = self.tab()

    def tab(self) -> Page:
        """Another tab, which is not at the page yet."""
        page = self.context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda said: self._said(said.type, said.text))
        page.on("dialog", self._answer)
        return page

    def _answer(self, dialog: Dialog) -> None:
        self.asked.append(dialog.message)
        if self.agrees:
            dialog.accept()
        else:
            dialog.dismiss()

    def _said(self, kind: str, text: str) -> None:
        if kind == "error" and "Failed to load resource" not in text and "WebSocket connection" not in text:
            self.complaints.append(text)

    def open(self, key: str = "") -> Page:
        """Open the address that was printed, and wait until it is connected."""
        self.page.goto(f"{self.gateway.url}/#token={key or self.gateway.local_key}")
        self.page.get_by_text("Connected", exact=True).wait_for()
        return self.page

    def enter(self, key: str) -> None:
        """Give a key to the form that asks for one."""
        self.page.get_by_label("Key", exact=True).fill(key)
        self.page.get_by_role("button", name="Continue").click()

    def works_offline(self) -> None:
        """Wait until the page is kept for the time without a connection."""
        self.page.evaluate(
            """patience => new Promise((kept, never) => {
                navigator.serviceWorker.addEventListener("controllerchange", () => kept());
                if (navigator.serviceWorker.controller) kept();
                setTimeout(() => never(new Error("There is no service worker.")), patience);
            })""",
            PATIENCE,
        )

    def reads_offline(self) -> None:
        """Get what documents are read with on this device."""
        self.works_offline()
        self.page.locator(".app-status").click()
        self.page.get_by_role("button", name="Make available offline").click()
        self.page.get_by_text("documents are read on this device").wait_for()

    def choose(self, *files: Path) -> None:
        self.page.set_input_files("input[type=file]", files)

    def drop(self, files: dict[str, str], kind: str = "text/html") -> None:
        """Drop files onto the page."""
        self.page.evaluate(
            """([files, type]) => {
                const dataTransfer = new DataTransfer();
                for (const [name, text] of Object.entries(files))
                    dataTransfer.items.add(new File([text], name, { type }));
                const about = { dataTransfer, bubbles: true, cancelable: true };
                for (const name of ["dragenter", "dragover", "drop"])
                    document.body.dispatchEvent(new DragEvent(name, about));
            }""",
            [files, kind],
        )

    def posts(self, request: dict[str, Any]) -> list[Any]:
        """Post as another script on the page does; the answer's status and body."""
        told: list[Any] = self.page.evaluate(
            """async ({ path, headers, body, times, form }) => {
                if (times) body = body.repeat(times);
                if (form) {
                    body = new FormData();
                    for (const [name, value] of Object.entries(form)) body.append(name, value);
                    body.set("file", new File([form.file], form.name, { type: "text/html" }));
                }
                const answer = await fetch(path, { method: "POST", headers, body });
                return [answer.status, await answer.json()];
            }""",
            request,
        )
        return told

    def card(self, name: str) -> Any:
        """A document's entry in the list."""
        return self.page.locator(".ndf-card").filter(has_text=name)

    def wait_for(self, name: str, status: str) -> None:
        """Wait for the status of a document, the newest of that name."""
        self.card(name).first.get_by_text(status, exact=True).wait_for()

    def has_status(self, text: str) -> None:
        """Wait for what the connection's button says."""
        self.page.locator(".app-status").filter(has_text=text).wait_for()

    def has_sent_all(self) -> None:
        """Wait until there is a connection and nothing waits for it."""
        self.page.locator(".app-status").get_by_text("Connected", exact=True).wait_for()

    def loses_first_answer(self, pattern: str) -> list[int]:
        """Have the first answers to requests be lost on their way back: the service has done what was asked.

        Gives their statuses, as they come.
        """
        lost: list[int] = []

        def lose(route: Route) -> None:
            if lost:
                return route.continue_()
            lost.append(route.fetch().status)
            return route.abort("connectionreset")

        self.context.route(pattern, lose)
        return lost

    def violations(self) -> list[str]:
        """What axe finds wrong with the page as it stands."""
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate((WEB / "node_modules" / "axe-core" / "axe.min.js").read_text())
        found = self.page.evaluate(_VIOLATIONS)
        return [json.dumps([each["id"], [node[:200] for node in each["nodes"]]]) for each in found]


def overflow(page: Page) -> int:
    """By how many pixels the page is wider than its window."""
    width: int = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return width
