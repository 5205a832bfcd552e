"""Makes ``support`` importable: what tests share is in tests/support."""

import signal
import threading
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from neuraldocflow import durable

pytest.register_assert_rewrite("support")  # so that what fails there says how
pytest_plugins = ["support.servers.fixtures"]

TESTS = Path(__file__).parent

# where the tests run in the background it may be ignored, and what they start would ignore it too
signal.signal(signal.SIGINT, signal.default_int_handler)

# a machine that is busy is no failure
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


@pytest.fixture(autouse=True)
def nothing_is_stopping(monkeypatch: pytest.MonkeyPatch) -> None:
    """A job that one test stopped in this process leaves no word of it to the next."""
    monkeypatch.setattr(durable, "STOPPING", threading.Event())


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where processes share the files, those that take longest come first: none is waited for at the end."""
    if hasattr(config, "workerinput"):
        cost: Counter[Path] = Counter()
        for item in items:
            cost[item.path] += _cost(item)
        items.sort(key=lambda item: -cost[item.path])


def _cost(item: pytest.Item) -> int:
    """About how many seconds a test takes."""
    if item.get_closest_marker("slow"):
        return 20
    return 0 if item.path.is_relative_to(TESTS / "unit") else 4
