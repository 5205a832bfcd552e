"""Partitions of an engine that ends epochs as Bytewax does end them together."""

from __future__ import annotations

import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuraldocflow import wakes

INTERVAL = 1.0


class Part:
    """A partition that came up at ``start`` and wants to be asked each ``wanted`` seconds."""

    def __init__(self, start: float, wanted: float, turn: wakes.Turn | None) -> None:
        self.began, self.wanted, self.turn = start, wanted, turn
        self.due, self.epoch, self.in_vain = start, 0, 0.0

    def look(self, now: float, reached: int) -> None:
        """What the engine does with it at a time, all being as far as the epoch ``reached``."""
        if self.due > now:
            return
        if self.epoch > reached:
            self.in_vain += 0.002
            return
        if self.turn is not None:
            self.turn.asked()
            self.due = self.turn.again_in(self.wanted).timestamp()
        else:
            self.due = now + self.wanted
        if now - self.began >= INTERVAL:
            self.epoch, self.began = self.epoch + 1, now


def run(
    known: list[tuple[float, float]],
    *,
    with_turns: bool = True,
    slow: float = 0.0,
    epochs: int = 16,
    last: int = 2,
) -> tuple[float, float]:
    """The most seconds in which any partition was looked at in vain in the ``last`` of their epochs, and how
    long all took; ``known`` are when they came up and how often they want to be asked. Outputs are done with
    an epoch ``slow`` seconds after its end."""
    begin = 1e9
    now = [begin]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "time", lambda: now[0])
        patch.setattr(wakes, "_latest", 0.0)
        patch.setattr(wakes, "_rested", {})
        parts: list[Part] = []
        coming = sorted(known)
        ended, ended_at = 0, begin
        while ended < epochs:
            while coming and now[0] - begin >= coming[0][0]:
                turn = wakes.Turn(INTERVAL) if with_turns else None
                parts.append(Part(now[0], coming.pop(0)[1], turn))
            if not coming and min(part.epoch for part in parts) > ended:
                ended, ended_at = ended + 1, now[0]
            reached = ended if now[0] - ended_at >= slow else ended - 1
            for part in parts:
                part.look(now[0], reached)
                if part.epoch == epochs - last and part.began == now[0]:
                    part.in_vain = 0.0
            now[0] += 0.002
        return max(part.in_vain for part in parts), now[0] - begin


@given(
    st.lists(st.tuples(st.floats(0, 0.95), st.sampled_from([0.0, wakes.IDLE, 0.5])), min_size=2, max_size=5)
)
def test_partitions_that_came_up_at_any_time_end_their_epochs_together(
    known: list[tuple[float, float]],
) -> None:
    in_vain, _ = run(known)
    assert in_vain < 0.1


def test_without_turns_an_early_one_is_looked_at_in_vain_in_each_epoch() -> None:
    in_vain, _ = run([(0.0, wakes.IDLE), (0.6, wakes.IDLE)], with_turns=False)
    assert in_vain > 0.8


@pytest.mark.parametrize("slow", [0.05, 0.3, 0.8])
def test_slow_outputs_make_few_epochs_longer(slow: float) -> None:
    _, seconds = run([(0.0, wakes.IDLE), (0.1, 0.5)], slow=slow, epochs=60)
    assert seconds < 60 * INTERVAL * 1.06


@pytest.mark.parametrize("slow", [0.05, 0.1, 0.2])
def test_slow_outputs_are_not_looked_for_all_the_time(slow: float) -> None:
    known = [(0.0, wakes.IDLE), (0.1, wakes.IDLE)]
    in_vain, _ = run(known, slow=slow, epochs=40, last=20)
    assert in_vain < 20 * slow / 2


@pytest.mark.parametrize("interval", [0.05, 0.1, 0.4])
def test_short_epochs_stay_short_though_some_want_to_be_asked_seldom(
    interval: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules[__name__], "INTERVAL", interval)
    _, seconds = run([(0.0, wakes.IDLE), (0.01, 0.5)], epochs=40)
    assert seconds < 40 * interval * 1.2
