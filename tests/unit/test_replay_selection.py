"""What a replay chooses and waits for, on an embedded log."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from support.deliveries import delivery

from neuraldocflow.config import Config
from neuraldocflow.errors import ConfigError
from neuraldocflow.events import DocumentReceived, NewDocument, decode
from neuraldocflow.job.engine import Engine
from neuraldocflow.log import PROCESSING_RESULTS, TOPICS, EmbeddedLog, Message
from neuraldocflow.operators.extract import Extract
from neuraldocflow.payloads import PayloadStore
from neuraldocflow.replay import results, select
from neuraldocflow.replay_plan import Plan
from neuraldocflow.results import ErrorInfo
from neuraldocflow.selection import Conditions, Range
from neuraldocflow.whereabouts import Whereabouts
from sinks.events import message_of

OPTIONS = {"outputFormat": "xml", "qualityThreshold": 0.7}


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EmbeddedLog]:
    with EmbeddedLog(tmp_path / "log.db") as found:
        for topic in TOPICS:
            found.ensure_topic(topic, 1)
        yield found


@pytest.fixture
def plan(tmp_path: Path) -> Iterator[Plan]:
    with Plan(tmp_path / "replays", "a replay") as found:
        yield found


@pytest.fixture
def whereabouts(tmp_path: Path) -> Whereabouts:
    return Whereabouts(Config(), PayloadStore(str(tmp_path / "payloads"), tmp_path / "scratch"))


def received(document: NewDocument, folder: Path) -> DocumentReceived:
    """What the dataflow tells when it takes a document up."""
    config = Config.model_validate({"runtime": {"state_directory": folder / "state"}})
    failed = document.model_copy(update={"error": ErrorInfo(code="empty", message="m", retryable=False)})
    told = Extract(Engine(config), None).on_batch([failed])[0][0]
    assert isinstance(told, DocumentReceived)
    return told


def test_a_document_is_run_again_with_its_options_and_its_time_of_arrival(
    log: EmbeddedLog, plan: Plan, whereabouts: Whereabouts, tmp_path: Path
) -> None:
    """Also where only the event that took it up is on the log: sources put nothing on document-stream."""
    path = tmp_path / "a.pdf"
    path.write_bytes(b"abc")
    made = delivery()
    source = made.document.source.model_copy(update={"uri": path.as_uri(), "through": "inbox"})
    told = received(made.document.model_copy(update={"options": OPTIONS, "source": source}), tmp_path)
    log.append([message_of(told), message_of(made)])
    select(log, whereabouts, plan, PROCESSING_RESULTS, Range(), Conditions([]))
    (row,) = plan.to_submit()
    again = decode(row["event"])
    assert isinstance(again, NewDocument)
    assert (again.run, again.options, again.source) == (1, OPTIONS, source)
    assert told.time - again.received_at < timedelta(milliseconds=1)


def test_a_result_is_known_by_its_document_whatever_its_key_on_the_log(
    log: EmbeddedLog, plan: Plan, whereabouts: Whereabouts, tmp_path: Path
) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(b"abc")
    made, again = delivery(), delivery(run=1)
    source = made.document.source.model_copy(update={"uri": path.as_uri()})
    log.append([message_of(made.document.model_copy(update={"source": source}))])
    log.append([message_of(made, "document_type")])
    select(log, whereabouts, plan, PROCESSING_RESULTS, Range(), Conditions([]))
    (row,) = plan.to_submit()
    assert (row["id"], row["before_run"]) == (made.document.id, 0)
    plan.submitted(row["id"], row["run"])
    log.append([message_of(again, "document_type")])
    found = [each[1] for each in results(log, plan) if each is not None]
    assert found == [again.result]


def test_results_are_waited_for_beyond_what_retention_has_dropped(log: EmbeddedLog, plan: Plan) -> None:
    made = delivery()
    plan.add(made.document.id)
    plan.came(made.document.id, message_of(made.document).value, 0)
    plan.ready(1, message_of(made.document).value, 0)
    plan.submitted(made.document.id, 0)
    log.append([Message(PROCESSING_RESULTS, "other", b"{}")] * 3)
    plan.keep_places("results", {(PROCESSING_RESULTS, 0): 1})
    assert log.retain(PROCESSING_RESULTS, max_age=timedelta(0)) == 3
    assert log.begin(PROCESSING_RESULTS, 0) == 3
    log.append([message_of(made)])
    assert [each[1] for each in results(log, plan) if each is not None] == [made.result]


def test_a_failed_document_has_no_profile_that_could_be_stale(plan: Plan) -> None:
    made_by = {"failed": "", "stale": "letter@1.0.0+a", "current": "letter@2.0.0+b"}
    for offset, (name, profile) in enumerate(made_by.items()):
        plan.add(name)
        plan.had(name, (PROCESSING_RESULTS, 0, offset), 0, profile)
    plan.only_stale(["letter@2.0.0+b"])
    assert [row["id"] for row in plan.found()] == ["stale"]


def test_what_it_costs_goes_by_the_latest_runs_and_their_mean_where_there_was_none(plan: Plan) -> None:
    assert plan.milliseconds() is None
    for number, name in enumerate(("a", "b", "never", "left out"), start=1):
        plan.add(name)
        if name != "left out":
            plan.ready(number, b"", 1)
    for offset, (name, run, ms) in enumerate([("a", 0, 900.0), ("a", 1, 30.0), ("b", 0, 10.0)]):
        plan.had(name, (PROCESSING_RESULTS, 0, offset), run, "letter@1.0.0", ms)
    plan.had("left out", (PROCESSING_RESULTS, 0, 9), 0, "letter@1.0.0", 7000.0)
    assert plan.milliseconds() == 60.0


def test_a_partition_that_is_not_there_is_told(log: EmbeddedLog) -> None:
    with pytest.raises(ConfigError, match=r"processing-results has no partition 9; it has 0 to \d+"):
        Range(offsets={0: (0, None), 9: (0, None)}).bounds(log, PROCESSING_RESULTS)
