"""The index of jobs: any prefix of the log, read once or twice, gives the same."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuraldocflow.events import (
    DeliveryStatus,
    DocumentReceived,
    DocumentSource,
    Event,
    NewDocument,
    ProcessingCompleted,
    ProcessingProgress,
    ProcessingStarted,
    ResultDelivered,
)
from neuraldocflow.gateway.arrivals import Arrived, arrived
from neuraldocflow.gateway.jobs import Jobs, shown
from neuraldocflow.gateway.offsets import Positions
from neuraldocflow.gateway.tail import Tail
from neuraldocflow.log import (
    DOCUMENT_STREAM,
    PROCESSING_EVENTS,
    PROCESSING_RESULTS,
    EmbeddedLog,
    Record,
)
from neuraldocflow.log import TOPICS as LOG_TOPICS
from sinks.events import message_of

SOURCE = DocumentSource(kind="file", uri="file:///x.pdf", size=9, filename="x.pdf")
TOPICS = {"NewDocument": DOCUMENT_STREAM, "ProcessingCompleted": PROCESSING_RESULTS}


def events_of(document: str, status: str = "completed", tenant: str = "default") -> list[Event]:
    result = {"jobId": document, "run": 0, "status": status, "metadata": {"profile": "sec_10k"}}
    common = {"id": document, "tenant": tenant}
    return [
        NewDocument(**common, source=SOURCE),
        DocumentReceived(**common, source=SOURCE, metadata={"profile": "auto", "priority": "high"}),
        ProcessingStarted(**common, swarm_id="s", agent_id="a"),
        ProcessingProgress(**common, progress=0.5, stage="reading"),
        ProcessingCompleted(**common, result=result),
    ]


def record(event: Event, offset: int) -> Arrived:
    message = message_of(event)
    topic = TOPICS.get(event.name, PROCESSING_EVENTS)
    moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=offset)
    made = arrived(Record(topic, 0, offset, event.id, message.value, {}, int(moment.timestamp() * 1000)))
    assert made is not None
    return made


@given(st.data())
@settings(max_examples=30, deadline=None)
def test_the_order_of_topics_and_repeats_do_not_matter(data: st.DataObject) -> None:
    whole = [record(event, number) for number, event in enumerate(events_of("d"))]
    order = data.draw(st.permutations(whole))
    repeats = data.draw(st.lists(st.sampled_from(whole), max_size=4))
    with tempfile.TemporaryDirectory() as folder:
        jobs = Jobs(Path(folder) / "jobs.db")
        jobs.apply([*order, *repeats], {})
        row = jobs.get("d", "default")
        assert row is not None
        assert (row["status"], row["filename"], row["result_offset"]) == ("completed", "x.pdf", 4)
        jobs.close()


def test_each_event_moves_the_job_on(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path / "jobs.db")
    seen = []
    for number, event in enumerate(events_of("d", "partial")):
        jobs.apply([record(event, number)], {})
        row = jobs.get("d", "default")
        assert row is not None
        seen.append((shown(row)["status"], shown(row)["stage"]))
    assert seen == [
        ("queued", "queued"),
        ("queued", "queued"),
        ("processing", "opening"),
        ("processing", "reading"),
        ("partial", "done"),
    ]


def test_how_deliveries_went_is_counted_by_output(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path / "jobs.db")
    told = [("a", "delivered"), ("a", "failed"), ("b", "disabled"), ("a", "delivered")]
    for number, (target, status) in enumerate(told):
        how = DeliveryStatus.model_validate({"sink": "webhook", "target": target, "status": status})
        jobs.apply([record(ResultDelivered(id="d", delivery_status=how), 3599 + number)], {})
    midnight = datetime(2026, 1, 1, tzinfo=UTC)
    assert [tuple(row)[1:4] for row in jobs.outputs_since(midnight)] == [("a", 2, 1), ("b", 0, 1)]
    (first, second) = jobs.outputs_since(midnight + timedelta(hours=1))
    last = int(midnight.timestamp() * 1000) + 3602 * 1000
    assert tuple(first) == ("webhook", "a", 1, 1, last, last - 2000)
    assert tuple(second) == ("webhook", "b", 0, 1, None, last - 1000)
    jobs.forget(midnight + timedelta(days=1))
    assert jobs.outputs_since(midnight) == []


def test_a_tenant_gets_its_own_jobs_only_and_old_ones_are_forgotten(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path / "jobs.db")
    for tenant in ("a", "b"):
        for number, event in enumerate(events_of(f"of-{tenant}", tenant=tenant)):
            jobs.apply([record(event, number)], {})
    assert jobs.get("of-a", "b") is None
    assert [row["id"] for row in jobs.page("b", 10, None, None)] == ["of-b"]
    jobs.forget(datetime(2026, 1, 2, tzinfo=UTC))
    assert jobs.page("a", 10, None, None) == []


@pytest.mark.parametrize("status", [None, "queued", "completed", "failed"])
def test_a_list_of_few_among_many_looks_at_few(tmp_path: Path, status: str | None) -> None:
    """Whoever looks up a job waits for it meanwhile, and the event loop with him."""
    jobs = Jobs(tmp_path / "jobs.db")
    made = [events_of(f"d-{number}", "failed" if number == 7 else "completed")[-1] for number in range(2000)]
    jobs.apply([record(event, number) for number, event in enumerate(made)], {})
    thousands: list[None] = []
    jobs._view.set_progress_handler(lambda: thousands.append(None), 1000)  # SQLite's own steps
    jobs.page("default", 10, None, status)
    assert len(thousands) < 3
    jobs.close()


def test_a_document_whose_job_was_forgotten_is_the_next_run_when_it_comes_again(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path / "jobs.db")
    runs = [NewDocument(id="d", source=SOURCE, run=run) for run in range(3)]
    assert jobs.next_run("d") == 0
    for number, event in enumerate(runs[:2]):
        jobs.apply([record(event, number)], {})
    jobs.forget(datetime(2026, 1, 2, tzinfo=UTC))
    assert jobs.latest_run("d") is None
    assert jobs.next_run("d") == 2
    jobs.apply([record(runs[2], 9)], {})
    jobs.close()
    again = Jobs(tmp_path / "jobs.db")
    again.forget(datetime(2026, 1, 2, tzinfo=UTC))
    assert again.next_run("d") == 3
    assert again.next_run("other") == 0


def test_positions_survive_and_an_index_of_another_version_is_made_again(tmp_path: Path) -> None:
    place = (PROCESSING_EVENTS, 0)
    jobs = Jobs(tmp_path / "jobs.db")
    jobs.apply([], {place: 7})
    jobs.close()
    assert Jobs(tmp_path / "jobs.db").positions() == {place: 7}
    import sqlite3

    with sqlite3.connect(tmp_path / "jobs.db") as other:
        other.execute("PRAGMA user_version = 99")
    assert Jobs(tmp_path / "jobs.db").positions() == {}


def test_an_index_that_lost_pages_with_the_machine_is_made_again(tmp_path: Path) -> None:
    """It is written without waiting for the disk: opening it shows nothing of that, and look-ups fail."""
    path, wal = tmp_path / "jobs.db", tmp_path / "jobs.db-wal"
    jobs, documents = Jobs(path), [f"d-{number}" for number in range(1000)]
    made = [record(events_of(document)[-1], number) for number, document in enumerate(documents)]
    jobs.apply(made, {(PROCESSING_RESULTS, 0): 1000})
    jobs.close()
    wal.touch()
    again = Jobs(path)
    assert again.positions() == {(PROCESSING_RESULTS, 0): 1000}
    again.close()
    whole = path.read_bytes()
    path.write_bytes(whole[:65536] + bytes(4096) + whole[65536 + 4096 :])
    wal.touch()
    again = Jobs(path)
    assert again.positions() == {}
    again.apply(made, {})
    assert all(again.latest_run(document) for document in documents)
    again.close()


def test_on_another_log_all_is_read(tmp_path: Path) -> None:
    """Though it has more than was read of the former one, so that nothing of that is beyond its end."""
    jobs, read = Jobs(tmp_path / "jobs.db"), 0

    def publish(events: list[Arrived], positions: Positions) -> None:
        nonlocal read
        read += len(events)

    for name, count in (("former", 3), ("another", 5)):
        with EmbeddedLog(tmp_path / f"{name}.db") as log:
            for topic in LOG_TOPICS:
                log.ensure_topic(topic, 1)
            log.append([message_of(events_of(f"{name}-{number}")[-1]) for number in range(count)])
        for expected in (count, 0):  # read again, nothing is new
            read = 0
            with EmbeddedLog(tmp_path / f"{name}.db") as log:
                Tail(log, jobs, publish, timedelta(days=1)).read_all()
            assert read == expected
    jobs.close()


def test_of_a_record_that_is_passed_over_nothing_is_logged_but_its_place(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    odd = record(NewDocument(id="d", source=SOURCE), 7)
    odd.data["received_at"] = "Lindqvist, born 1931"
    jobs = Jobs(tmp_path / "jobs.db")
    assert jobs.apply([odd], {}) == []
    jobs.close()
    assert "document-stream[0] at 7: ValueError" in caplog.text
    assert "Lindqvist" not in caplog.text
