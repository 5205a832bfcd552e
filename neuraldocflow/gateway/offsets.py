"""Offsets of the relay: where a reader is in the whole log, as one opaque text.

A client that comes back with the last offset it saw gets every later event once, from any replica. The text
has a number for each partition of each followed topic: ``e4.0.7.2-r1.0.0.3``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from neuraldocflow.log import PROCESSING_EVENTS, PROCESSING_RESULTS

Place = tuple[str, int]
Positions = dict[Place, int]
"""The next offset of each partition of each topic."""
FOLLOWED = {"e": PROCESSING_EVENTS, "r": PROCESSING_RESULTS}


class BadOffset(ValueError):
    """A text that is no offset of ours."""


def format_offset(positions: Mapping[Place, int]) -> str:
    """The text of positions."""
    return "-".join(
        letter + ".".join(str(positions[place]) for place in sorted(positions) if place[0] == topic)
        for letter, topic in FOLLOWED.items()
    )


def parse_offset(text: str, like: Mapping[Place, int]) -> Positions:
    """The positions of a text. Partitions of ``like`` that the text does not know start at 0.

    Raises BadOffset.
    """
    if not isinstance(text, str) or not re.fullmatch(r"e\d{1,12}(\.\d{1,12})*-r\d{1,12}(\.\d{1,12})*", text):
        raise BadOffset("an offset is the text that came with an event")
    found: Positions = {}
    for part in text.split("-"):
        topic = FOLLOWED[part[0]]
        found |= {(topic, number): int(each) for number, each in enumerate(part[1:].split("."))}
    if not found.keys() <= like.keys():
        raise BadOffset("the offset is of another log")
    return {place: found.get(place, 0) for place in like}
