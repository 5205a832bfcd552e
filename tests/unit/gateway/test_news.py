"""What is relayed of a log that a crash has left."""

from __future__ import annotations

from neuraldocflow.events import Event, ProcessingCompleted, ProcessingProgress, ProcessingStarted
from neuraldocflow.gateway.arrivals import arrived
from neuraldocflow.gateway.news import News
from neuraldocflow.log import PROCESSING_EVENTS, Record
from sinks.events import message_of


def told(*events: Event) -> list[str | float]:
    """Progress and names, as they are told on."""
    news, found = News(), []
    for number, event in enumerate(events):
        read = arrived(Record(PROCESSING_EVENTS, 0, number, event.id, message_of(event).value, {}, 0))
        assert read is not None
        one = news.of(read)
        if one is not None:
            found.append(one.data.get("progress", one.name))
    return found


def progress(share: float, sequence: int, document: str = "a", run: int = 0) -> Event:
    return ProcessingProgress(id=document, run=run, progress=share, stage="reading", sequence=sequence)


def test_each_event_is_told_once() -> None:
    started = ProcessingStarted(id="a", swarm_id="s", agent_id="1")
    assert told(started, progress(0.1, 0), started, progress(0.1, 0)) == ["ProcessingStarted", 0.1]


def test_progress_of_a_job_stays_where_it_was_until_it_is_further() -> None:
    events = [progress(share, number) for number, share in enumerate((0.1, 0.6, 0.0, 0.4, 0.7))]
    assert told(*events) == [0.1, 0.6, 0.6, 0.6, 0.7]


def test_jobs_and_runs_are_told_apart_and_forgotten_when_they_are_done() -> None:
    done = ProcessingCompleted(id="a", result={"status": "completed"})
    assert told(progress(0.9, 0), progress(0.2, 0, "b"), progress(0.3, 0, run=1), done, progress(0.1, 9)) == [
        *(0.9, 0.2, 0.3),
        *("ProcessingCompleted", 0.1),
    ]
