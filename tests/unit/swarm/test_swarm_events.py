"""A swarm's decisions on the log, each with its reason."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from neuraldocflow.events import SwarmDecision, decode
from neuraldocflow.job.swarm_events import SwarmEvents
from neuraldocflow.log import SWARM_DECISIONS, EmbeddedLog, LogError
from neuraldocflow.swarm.decisions import Decisions


def told(log: EmbeddedLog) -> list[SwarmDecision]:
    found = [decode(record.value) for record in log.read(SWARM_DECISIONS, 0, 0)]
    assert all(isinstance(each, SwarmDecision) for each in found)
    return found  # type: ignore[return-value]


def until(log: EmbeddedLog, count: int) -> list[SwarmDecision]:
    end = time.monotonic() + 30
    while len(found := told(log)) < count:
        assert time.monotonic() < end
        time.sleep(0.02)
    return found


def test_each_decision_is_an_event_with_its_reason_in_order(tmp_path: Path) -> None:
    decisions = Decisions()
    with EmbeddedLog(tmp_path / "log.db") as log:
        events = SwarmEvents(decisions, log, "swarm-1")
        decisions.note("scaled", "queue_depth", agents=3, before=2, detail="9 documents wait for 2 agents")
        first = until(log, 1)
        decisions.note("started", "wanted", agent="agent-3")
        decisions.note("lost", "ended", agent="agent-1", exit_code=-9)
        decisions.note("quarantined", "timeout", document="d", sha256="0" * 64)
        events.close()
        found = told(log)
    assert [(each.decision, each.reason) for each in found] == [
        ("scaled", "queue_depth"),
        ("started", "wanted"),
        ("lost", "ended"),
        ("quarantined", "timeout"),
    ]
    assert first == found[:1]
    assert (found[0].id, found[0].agents, found[0].before) == ("swarm-1", 3, 2)
    assert found[0].detail == "9 documents wait for 2 agents"
    assert (found[2].agent_id, found[2].exit_code) == ("agent-1", -9)
    assert len({each.event_id for each in found}) == 4


def test_a_log_that_does_not_answer_gets_them_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("neuraldocflow.job.swarm_events._AGAIN", 0.05)
    decisions, tries = Decisions(), []
    with EmbeddedLog(tmp_path / "log.db") as log:
        append = log.append

        def fails_at_first(messages: object) -> object:
            tries.append(messages)
            if len(tries) < 3:
                raise LogError("no answer")
            return append(messages)  # type: ignore[arg-type]

        monkeypatch.setattr(log, "append", fails_at_first)
        events = SwarmEvents(decisions, log, "swarm-1")
        decisions.note("started", "wanted", agent="agent-1")
        assert [each.reason for each in until(log, 1)] == ["wanted"]
        events.close()
    assert "can't be put on the log: no answer" in caplog.text
