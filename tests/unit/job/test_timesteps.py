"""A time of day that is set back is noticed, however short it was ahead."""

from __future__ import annotations

import queue
import time
from collections.abc import Iterator

import pytest

from neuraldocflow import wakes
from neuraldocflow.job.timesteps import TimeSteps

DAY = 86_400.0


class Clock:
    """A time of day that is set."""

    def __init__(self) -> None:
        self._machine = time.time
        self.ahead = 0.0

    def __call__(self) -> float:
        return self._machine() + self.ahead


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "time", clock)
    monkeypatch.setattr(wakes, "_latest", 0.0)
    return clock


@pytest.fixture
def steps(clock: Clock) -> Iterator[queue.Queue[float]]:
    """The steps back that are noticed, in seconds."""
    noticed: queue.Queue[float] = queue.Queue()
    watch = TimeSteps(noticed.put)
    wakes.wake_in(0.0)
    watch.start()
    yield noticed
    watch.stop()


def test_a_clock_that_goes_on_is_never_behind(clock: Clock) -> None:
    wakes.wake_in(0.0)
    clock.ahead = DAY
    assert wakes.behind() == 0.0
    wakes.wake_in(wakes.IDLE)
    assert wakes.behind() == 0.0


def test_a_clock_set_back_is_behind_by_what_it_lost(clock: Clock, steps: queue.Queue[float]) -> None:
    clock.ahead = -3600.0
    assert steps.get(timeout=30) == pytest.approx(3600.0, abs=60.0)


def test_a_clock_that_was_ahead_between_two_looks_is_noticed(clock: Clock, steps: queue.Queue[float]) -> None:
    clock.ahead = DAY
    wakes.wake_in(wakes.IDLE)  # what the engine was told then would come in a day
    clock.ahead = 0.0
    assert steps.get(timeout=30) == pytest.approx(DAY, abs=60.0)
