"""Offsets of the relay as text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuraldocflow.gateway.offsets import BadOffset, Positions, format_offset, parse_offset
from neuraldocflow.log import PROCESSING_EVENTS, PROCESSING_RESULTS

offsets = st.lists(st.integers(0, 10**12 - 1), min_size=1, max_size=12)


def positions(events: list[int], results: list[int]) -> Positions:
    found = {(PROCESSING_EVENTS, part): offset for part, offset in enumerate(events)}
    return {**found, **{(PROCESSING_RESULTS, part): offset for part, offset in enumerate(results)}}


@given(offsets, offsets)
def test_a_text_says_the_positions_it_was_made_of(events: list[int], results: list[int]) -> None:
    whole = positions(events, results)
    assert parse_offset(format_offset(whole), whole) == whole


@given(offsets, offsets)
def test_a_text_from_before_a_topic_grew_begins_new_partitions_at_their_begin(
    events: list[int], results: list[int]
) -> None:
    text = format_offset(positions(events, results))
    grown = parse_offset(text, positions([*events, 7], [*results, 8]))
    assert grown == positions([*events, 0], [*results, 0])


@given(st.text(max_size=40))
def test_any_other_text_is_refused_and_nothing_else_happens(text: str) -> None:
    like = positions([1], [1])
    try:
        assert parse_offset(text, like).keys() == like.keys()
    except BadOffset:
        return


@pytest.mark.parametrize("text", ["", "e-r", "e1-r", "e1.2.3-r1", "e-1-r1", "e1-r1-e1", "e1-r" + "9" * 13])
def test_what_is_no_offset_of_this_log_is_refused(text: str) -> None:
    with pytest.raises(BadOffset):
        parse_offset(text, positions([1], [1]))
