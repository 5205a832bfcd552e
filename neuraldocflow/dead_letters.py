"""Dead letters: what could not be taken up, processed or delivered, as it came, and why.

A dead letter is a record of the log's topic ``dead-letters``: its value is the event, or the bytes that are
none, and its headers say what happened, for people (``reason``) and for machines (the others).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256

from neuraldocflow.identity import event_id
from neuraldocflow.log import DEAD_LETTERS, Message, Record

WEBHOOK = "/sinks/webhook"
"""The origin of what a webhook could not be told."""
UNDECODABLE = "undecodable"
"""The code of bytes that are no event and no document; a failed document's is its error's."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Something that ended here. ``key`` is the document's id where there is one."""

    key: str
    value: bytes
    code: str
    """Why, as one word: an error's code, :data:`UNDECODABLE`, or ``webhook_…``."""
    reason: str
    """Why, as a sentence."""
    origin: str
    """Where it was: a source, a topic with partition and offset, ``/sinks/webhook``."""
    id: str
    """Equal after a repeat, so that readers can drop it."""
    attempts: int = 0
    """How often it was tried; 0 where there was nothing to try."""
    payload: str = ""
    """The address of the document, where the value is not all there is."""
    target: str = ""
    """The address it could not be delivered to."""
    place: dict[str, str] = field(default_factory=dict)
    """``topic``, ``partition`` and ``offset`` of a message that was refused."""

    def message(self) -> Message:
        """Its record on the log."""
        optional = {"payload": self.payload, "target": self.target}
        headers = {
            "ce_id": self.id,
            "code": self.code,
            "reason": self.reason,
            "origin": self.origin,
            "attempts": str(self.attempts),
            **{name: value for name, value in optional.items() if value},
            **self.place,
        }
        return Message(DEAD_LETTERS, self.key, self.value, headers)


def is_webhooks(record: Record) -> bool:
    """Whether a record is an event that a webhook could not be told."""
    return record.topic == DEAD_LETTERS and record.headers.get("origin") == WEBHOOK


def letter_id(document: str, run: int, sequence: int = 0) -> str:
    """The id of a document's dead letter; ``sequence`` tells several of the same run apart."""
    return event_id(document, run, "DeadLetter", sequence)


def refused(key: str, value: bytes, reason: str, origin: str, **place: str) -> DeadLetter:
    """A message at ``origin`` that is no document."""
    return DeadLetter(
        key,
        value,
        UNDECODABLE,
        reason,
        origin,
        event_id(origin, 0, f"DeadLetter of {sha256(value).hexdigest()}"),
        place=place,
    )
