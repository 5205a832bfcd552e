"""When a delivery is tried again, and what an answer means."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal

Verdict = Literal["delivered", "again", "final", "gone"]
Strategy = Literal["exponential", "linear", "fixed", "standard"]

_AGAIN = (408, 409, 425, 429)
_STANDARD = (5.0, 300.0, 1800.0, 7200.0, 18_000.0, 36_000.0, 36_000.0)
"""The schedule that Standard Webhooks recommends, in seconds."""
LONGEST = 36_000.0
LONGEST_ASKED = 86_400.0


def verdict(status: int) -> Verdict:
    """What an HTTP status means; redirects are not followed, so they are final."""
    if 200 <= status < 300:
        return "delivered"
    if status == 410:
        return "gone"
    return "again" if status >= 500 or status in _AGAIN else "final"


def pause(strategy: Strategy, attempt: int, first: float, asked: float | None = None) -> float:
    """Seconds until the next try after ``attempt`` (from 1) has failed; never sooner than was ``asked``.

    Exponential pauses have full jitter: anything up to ``first`` doubled each time.
    """
    if strategy == "fixed":
        seconds = first
    elif strategy == "linear":
        seconds = first * attempt
    elif strategy == "standard":
        seconds = _STANDARD[min(attempt, len(_STANDARD)) - 1]
    else:
        seconds = random.uniform(0, min(first * 2 ** min(attempt - 1, 30), LONGEST))
    return max(min(seconds, LONGEST), asked or 0.0)


def retry_after(text: str | None, now: datetime | None = None) -> float | None:
    """Seconds of a ``Retry-After`` header, a number or a date; a day at most. None where there is none."""
    text = (text or "").strip()
    if not text:
        return None
    if text.isdecimal():
        return min(float(text), LONGEST_ASKED)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max(0.0, (moment - (now or datetime.now(UTC))).total_seconds()), LONGEST_ASKED)
