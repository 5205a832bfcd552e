"""Deadlines: for how long after it was received a document's result is wanted (option ``deadlineMs``)."""

from __future__ import annotations

from datetime import UTC, datetime

from neuraldocflow.errors import InvalidRequest
from neuraldocflow.events import NewDocument

OPTION = "deadlineMs"
LONGEST_MS = 7 * 86_400_000


def seconds_left(event: NewDocument) -> float | None:
    """Seconds until the result is not wanted any more, negative when that is so already; None: it always is.

    A document received in the future, by a clock that is ahead, was received now. Raises InvalidRequest.
    """
    given = event.options.get(OPTION)
    if given is None:
        return None
    if type(given) is not int or not 1 <= given <= LONGEST_MS:
        raise InvalidRequest(f"{OPTION} must be a whole number of milliseconds from 1 to {LONGEST_MS}.")
    age = (datetime.now(UTC) - event.received_at).total_seconds()
    return given / 1000 - max(age, 0.0)


def without_deadline(event: NewDocument) -> NewDocument:
    """The same document, wanted whenever it is done."""
    options = {name: value for name, value in event.options.items() if name != OPTION}
    return event.model_copy(update={"options": options})
