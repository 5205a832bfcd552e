"""Room in memory: never more than there is, nobody waits for ever."""

from __future__ import annotations

from collections import defaultdict
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuraldocflow.gateway.memory import Memory, Room

requests = st.lists(st.tuples(st.sampled_from("ab"), st.lists(st.integers(1, 60), min_size=1, max_size=4)))


@given(requests, st.randoms(use_true_random=False))
@settings(max_examples=300, deadline=None)
def test_everybody_gets_room_in_the_end_and_together_they_hold_no_more_than_there_is(
    asked: list[tuple[str, list[int]]], random: Random
) -> None:
    memory = Memory(most=100, most_of_key=60)
    left = {memory.room(key): sizes for key, sizes in asked}
    waiting: set[Room] = set()
    while left:
        room = random.choice([each for each in left if each not in waiting])  # one can always go on
        if not left[room]:
            del left[room]
            room.release()
            continue
        waiting.add(room)
        if room.ask(room.size + left[room].pop(0), lambda room=room: waiting.discard(room)):
            waiting.discard(room)
        used: dict[str, int] = defaultdict(int)
        for each in left:
            used[each.key] += each.size
        first = max((each.size for each in left), default=0)
        assert sum(used.values()) <= 100 + first
        assert all(each <= 60 + first for each in used.values())


def test_one_key_leaves_room_for_others_and_who_waits_is_not_overtaken() -> None:
    memory = Memory(most=100, most_of_key=60)
    granted: list[str] = []
    first, second, other = memory.room("a"), memory.room("a"), memory.room("b")
    assert first.ask(50, lambda: granted.append("first"))
    assert not second.ask(20, lambda: granted.append("second"))
    assert other.ask(30, lambda: granted.append("other"))
    large, small = memory.room("c"), memory.room("d")
    assert not large.ask(40, lambda: granted.append("large"))
    assert not small.ask(10, lambda: granted.append("small"))
    first.release()
    assert granted == ["second", "large", "small"]


def test_a_room_that_is_given_up_while_it_waits_is_forgotten() -> None:
    memory = Memory(most=10, most_of_key=10)
    holder, waiting = memory.room("a"), memory.room("a")
    assert holder.ask(10, lambda: pytest.fail("it was given up"))
    assert not waiting.ask(5, lambda: pytest.fail("it was given up"))
    waiting.release()
    holder.release()
    assert memory.room("a").ask(10, lambda: pytest.fail("it was given up"))
