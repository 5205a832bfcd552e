"""Offsets of the relay: where a reader is in the whole log, as one opaque text.

A client that comes back with the last offset it saw gets every later event once, from any replica. The text
has the next offset of each partition of each followed topic, encrypted with a secret that the replicas share:
the log is that of all tenants, and how much is in it is for none of them to know.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from neuraldocflow.log import PROCESSING_EVENTS, PROCESSING_RESULTS

Place = tuple[str, int]
Positions = dict[Place, int]
"""The next offset of each partition of each topic."""
FOLLOWED = (PROCESSING_EVENTS, PROCESSING_RESULTS)
_NONCE_BYTES = 16
_WIDTH = 6
"""Bytes of a number, always as many: the length of a text tells nothing either."""


class BadOffset(ValueError):
    """A text that is no offset of ours."""


class Offsets:
    """Makes the texts of positions and reads them. ``secret`` has 64 bytes."""

    def __init__(self, secret: bytes) -> None:
        self._cipher = AESSIV(secret)

    def format(self, positions: Mapping[Place, int]) -> str:
        """The text of positions, another one each time: equal ones would tell that nothing happened."""
        events, results = (
            [positions[place] for place in sorted(positions) if place[0] == topic] for topic in FOLLOWED
        )
        plain = b"".join(each.to_bytes(_WIDTH) for each in (len(events), *events, *results))
        nonce = os.urandom(_NONCE_BYTES)
        return base64.urlsafe_b64encode(nonce + self._cipher.encrypt(plain, [nonce])).rstrip(b"=").decode()

    def parse(self, text: str, like: Mapping[Place, int]) -> Positions:
        """The positions of a text. Partitions of ``like`` that the text does not know start at 0.

        Raises BadOffset.
        """
        try:
            sealed = base64.urlsafe_b64decode(f"{text}{'=' * (-len(text) % 4)}")
            nonce = sealed[:_NONCE_BYTES]
            plain = self._cipher.decrypt(sealed[_NONCE_BYTES:], [nonce])
        except (ValueError, InvalidTag) as error:
            raise BadOffset("an offset is the text that came with an event") from error
        count, *numbers = (
            int.from_bytes(plain[start : start + _WIDTH]) for start in range(0, len(plain), _WIDTH)
        )
        parts = zip(FOLLOWED, (numbers[:count], numbers[count:]), strict=True)
        found = {(topic, part): at for topic, each in parts for part, at in enumerate(each)}
        if not found.keys() <= like.keys():
            raise BadOffset("the offset is of another log")
        return {place: found.get(place, 0) for place in like}
