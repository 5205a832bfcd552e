"""Extract by itself: what is told of a document over attempts and restarts, and how little is kept of it."""

from __future__ import annotations

import pickle
import time
from typing import Any

import pytest

from neuraldocflow.events import (
    DocumentSource,
    Event,
    NewDocument,
    ProcessingProgress,
    ProcessingStarted,
    encode,
)
from neuraldocflow.operators.extract import Extract, Finished
from neuraldocflow.swarm.job import Job, Outcome, Progress


class Desk:
    """An engine whose swarm says what the test says."""

    swarm_id = "swarm-1"

    def __init__(self) -> None:
        self.submitted: list[tuple[str, int]] = []
        self.said: list[Progress] = []

    def owner(self) -> str:
        return "owner"

    def submit(self, event: NewDocument, owner: str, attempt: int = 1, *, resumed: bool = False) -> bool:
        self.submitted.append((event.id, attempt))
        return True

    def progress(self, owner: str) -> list[Progress]:
        said, self.said = self.said, []
        return said

    def outcomes(self, owner: str) -> list[Outcome]:
        return []

    def says(self, share: float, attempt: int, stage: str = "reading", agent: str = "agent-1") -> None:
        self.said.append(Progress("a", 0, "owner", stage, share, agent, attempt=attempt))


def document(name: str = "a", size: int = 1, **more: Any) -> NewDocument:
    source = DocumentSource(kind="file", uri=f"file:///in/{name}", size=size, filename=name, sha256="0" * 64)
    return NewDocument(id=name, origin="/sources/inbox", source=source, **more)


def resumed(desk: Desk, state: dict[str, Any] | None = None) -> Extract:
    return Extract(desk, state)  # type: ignore[arg-type]


def told(logic: Extract) -> list[Event]:
    return [each for each in logic.on_notify()[0] if isinstance(each, Event)]


def shares(events: list[Event]) -> list[float]:
    return [each.progress for each in events if isinstance(each, ProcessingProgress)]


def test_each_attempt_is_told_to_begin_and_progress_never_goes_back() -> None:
    desk = Desk()
    logic = resumed(desk)
    logic.on_batch([document()])
    for share, attempt, stage, agent in (
        (0.0, 1, "opening", "agent-1"),
        (0.6, 1, "reading", "agent-1"),
        (0.0, 2, "queued", ""),
        (0.0, 2, "opening", "agent-2"),
        (0.3, 2, "reading", "agent-2"),
        (0.7, 2, "reading", "agent-2"),
    ):
        desk.says(share, attempt, stage, agent)
    events = told(logic)
    assert shares(events) == [0.0, 0.6, 0.6, 0.6, 0.6, 0.7]
    started = [each for each in events if isinstance(each, ProcessingStarted)]
    assert [(each.attempt, each.agent_id) for each in started] == [(1, "agent-1"), (2, "agent-2")]
    assert len({each.event_id for each in events}) == len(events)


def test_a_restart_goes_on_with_the_attempt_the_progress_and_the_ids_it_was_at() -> None:
    desk = Desk()
    logic = resumed(desk)
    logic.on_batch([document()])
    desk.says(0.6, 1)
    desk.says(0.0, 2, "queued", "")
    before = told(logic)
    again = resumed(desk, pickle.loads(pickle.dumps(logic.snapshot())))
    assert desk.submitted == [("a", 1), ("a", 2)]
    desk.says(0.1, 2, "opening")
    events = told(again)
    assert shares(events) == [0.6]
    assert [each.attempt for each in events if isinstance(each, ProcessingStarted)] == [2]
    assert not {each.event_id for each in before} & {each.event_id for each in events}


def test_a_snapshot_of_version_1_is_taken_up_with_the_attempts_it_did_not_know() -> None:
    desk = Desk()
    logic = resumed(desk, {"version": 1, "pending": [encode(document()), encode(document("b"))]})
    assert desk.submitted == [("a", 1), ("b", 1)]
    desk.says(0.2, 1)
    assert shares(told(logic)) == [0.2]


@pytest.mark.parametrize("size", [1_000, 1_000_000_000], ids=["small documents", "large ones"])
def test_a_snapshot_has_a_reference_of_each_document_under_way_and_nothing_else(size: int) -> None:
    count = 1000
    logic = resumed(Desk())
    logic.on_batch([document(f"document-{number}.pdf", size) for number in range(count)])
    state = logic.snapshot()
    assert len(state["pending"]) == count
    assert len(pickle.dumps(state)) < count * 1000


def test_all_that_was_told_of_a_document_comes_before_its_end() -> None:
    class Late(Desk):
        """Something is told between two looks, and then it is done."""

        def outcomes(self, owner: str) -> list[Outcome]:
            self.says(0.9, 1, "validating")
            return [Outcome(Job("a", "/in", "/out"), "completed")]

    desk = Late()
    *events, done = resumed(desk).on_batch([document()])[0]
    assert shares([each for each in events if isinstance(each, Event)]) == [0.9]
    assert isinstance(done, Finished)
    assert desk.said == []


def test_the_looks_of_many_keys_fall_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine wakes once for all of them: at most at the ends of the few steps that there are."""
    desk, now = Desk(), time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now)
    keys = [resumed(desk) for _ in range(200)]
    for number, each in enumerate(keys):
        each.on_batch([document(str(number))])
        each._pending[str(number), 0].since = now - number / 100
    monkeypatch.setattr(time, "time", lambda: 1_800_000_000.0123)
    looks = [each.notify_at() for each in keys]
    waits = {round(look.timestamp() - time.time(), 4) for look in looks if look is not None}
    assert waits == {0.0002, 0.0127, 0.0377}  # the ends of steps of 3, 6 and 12 ms, of 25, and of 50
