"""Offsets of the relay as text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuraldocflow.gateway.offsets import BadOffset, Offsets, Positions
from neuraldocflow.log import PROCESSING_EVENTS, PROCESSING_RESULTS

numbers = st.lists(st.integers(0, 2**48 - 1), min_size=1, max_size=12)
offsets = Offsets(bytes(range(64)))


def positions(events: list[int], results: list[int]) -> Positions:
    found = {(PROCESSING_EVENTS, part): offset for part, offset in enumerate(events)}
    return {**found, **{(PROCESSING_RESULTS, part): offset for part, offset in enumerate(results)}}


@given(numbers, numbers)
def test_a_text_says_the_positions_it_was_made_of(events: list[int], results: list[int]) -> None:
    whole = positions(events, results)
    assert Offsets(bytes(range(64))).parse(offsets.format(whole), whole) == whole


@given(numbers, numbers)
def test_a_text_from_before_a_topic_grew_begins_new_partitions_at_their_begin(
    events: list[int], results: list[int]
) -> None:
    text = offsets.format(positions(events, results))
    grown = offsets.parse(text, positions([*events, 7], [*results, 8]))
    assert grown == positions([*events, 0], [*results, 0])


@given(st.tuples(st.integers(0, 2**48 - 1), st.integers(0, 2**48 - 1)))
def test_a_text_does_not_tell_how_much_is_in_the_log_or_whether_anything_came(at: tuple[int, int]) -> None:
    empty, some = offsets.format(positions([0], [0])), offsets.format(positions([at[0]], [at[1]]))
    assert len(empty) == len(some)
    assert len({empty, some, offsets.format(positions([at[0]], [at[1]]))}) == 3


@given(st.text(max_size=40))
def test_any_other_text_is_refused_and_nothing_else_happens(text: str) -> None:
    with pytest.raises(BadOffset):
        offsets.parse(text, positions([1], [1]))


def test_what_was_changed_or_made_elsewhere_is_refused() -> None:
    here = positions([1], [1])
    text = offsets.format(here)
    changed = text[:-5] + ("A" if text[-5] != "A" else "B") + text[-4:]
    elsewhere = Offsets(bytes(64)).format(here)
    larger = offsets.format(positions([1, 2], [1]))
    for wrong in ("", text[:20], changed, elsewhere, larger):
        with pytest.raises(BadOffset):
            offsets.parse(wrong, here)
