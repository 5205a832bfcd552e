"""The page while all of ``neuraldocflow up`` is killed and started again."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from support import pdf
from support.browser import Person
from support.gateway import Gateway
from support.job import kill
from support.servers.serving import listens

pytestmark = [pytest.mark.servers, pytest.mark.slow]
Start = Callable[[], subprocess.Popen[str]]


@pytest.fixture
def gateway(tmp_path: Path) -> Gateway:
    """Where ``up`` serves; not started."""
    return Gateway(tmp_path / "service", with_job=False)


@pytest.fixture
def up(gateway: Gateway) -> Iterator[Start]:
    """Starts ``up`` and waits until it answers; at the end it is stopped."""
    started: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        process = gateway.folder.start("up", "-c", "job.yaml")
        started.append(process)
        deadline = time.monotonic() + 60
        while not listens(gateway.port):
            assert process.poll() is None, process.communicate()[0]
            assert time.monotonic() < deadline
            time.sleep(0.05)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=60)


def test_a_watched_job_goes_on_and_its_result_comes_once(
    browser: Browser, gateway: Gateway, up: Start, tmp_path: Path
) -> None:
    slow = tmp_path / "slow.pdf"
    slow.write_bytes(pdf.many_pages(5000, b"BT /F1 9 Tf 50 750 Td (Fictional words.) Tj ET"))
    running = up()
    person = Person(browser.new_context(), gateway)
    person.open()
    person.choose(slow)
    expect(person.card("slow.pdf").and_(person.page.locator("[data-status=processing]"))).to_have_count(1)
    kill(running.pid)
    person.has_status("Offline")
    again = up()
    person.has_sent_all()
    person.wait_for("slow.pdf", "Complete")
    assert person.card("").count() == 1
    assert [(job["filename"], job["run"]) for job in gateway.jobs()] == [("slow.pdf", 0)]
    person.context.close()
    again.send_signal(signal.SIGINT)
    told, _ = again.communicate(timeout=60)
    assert again.returncode == 0, told
    assert gateway.folder.archived() == ["slow.pdf"]
    assert person.complaints == []
