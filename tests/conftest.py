"""Makes ``support`` importable: what tests share is in tests/support."""

import threading

import pytest
from hypothesis import settings

from neuraldocflow import durable

pytest.register_assert_rewrite("support")  # so that what fails there says how
pytest_plugins = ["support.servers.fixtures"]

# a machine that is busy is no failure
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


@pytest.fixture(autouse=True)
def nothing_is_stopping(monkeypatch: pytest.MonkeyPatch) -> None:
    """A job that one test stopped in this process leaves no word of it to the next."""
    monkeypatch.setattr(durable, "STOPPING", threading.Event())
