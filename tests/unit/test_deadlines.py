"""``deadlineMs``: counted from when the document was received, by whichever process works on it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from neuraldocflow.deadlines import LONGEST_MS, seconds_left, without_deadline
from neuraldocflow.errors import InvalidRequest
from neuraldocflow.events import DocumentSource, NewDocument, decode, encode


def document(received: datetime | None = None, **options: Any) -> NewDocument:
    source = DocumentSource(kind="file", uri="file:///a.pdf", size=1)
    return NewDocument(id="a", source=source, options=options, received_at=received or datetime.now(UTC))


def test_a_document_without_a_deadline_is_wanted_whenever_it_is_done() -> None:
    assert seconds_left(document()) is None
    assert seconds_left(document(deadlineMs=None)) is None


def test_the_time_left_goes_on_counting_over_restarts() -> None:
    old = document(datetime.now(UTC) - timedelta(seconds=40), deadlineMs=60_000)
    again = decode(encode(old))
    assert isinstance(again, NewDocument)
    left = seconds_left(again)
    assert left is not None
    assert 0 < left <= 20
    late = seconds_left(document(datetime.now(UTC) - timedelta(hours=1), deadlineMs=1000))
    assert late is not None
    assert late < 0


def test_a_clock_that_is_ahead_gives_no_more_time_than_was_asked_for() -> None:
    left = seconds_left(document(datetime.now(UTC) + timedelta(days=1), deadlineMs=1000))
    assert left == 1.0


@pytest.mark.parametrize("given", [0, -1, 1.5, True, "1000", LONGEST_MS + 1])
def test_what_is_no_time_is_refused_with_a_sentence(given: Any) -> None:
    with pytest.raises(InvalidRequest, match="deadlineMs must be a whole number of milliseconds"):
        seconds_left(document(deadlineMs=given))


def test_a_document_that_is_run_again_has_its_other_options_only() -> None:
    assert without_deadline(document(deadlineMs=1, qualityThreshold=0.5)).options == {"qualityThreshold": 0.5}
