"""One browser for the tests of a file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser
from support.browser import chromium
from support.web import build


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    build()
    with chromium() as found:
        yield found
