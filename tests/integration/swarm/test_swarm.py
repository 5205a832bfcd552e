"""The swarm with real agent processes that sleep, die, hang and misbehave."""

from __future__ import annotations

import errno
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.swarm import WORK, Start, answer_of, outcomes_of, until

from neuraldocflow.swarm import swarm as swarm_module
from neuraldocflow.swarm.job import Job, Outcome
from neuraldocflow.swarm.quarantine import Quarantine
from neuraldocflow.swarm.swarm import Swarm
from tests.support.job import lives


def test_five_hundred_documents_have_one_outcome_each(start: Start, job: Callable[..., Job]) -> None:
    swarm = start()
    for number in range(500):
        swarm.submit(job(str(number)))
    found = outcomes_of(swarm, 500)
    assert {each.status for each in found.values()} == {"completed"}
    assert swarm.take("me") == []


def test_agents_leave_it_to_their_parent_what_a_signal_to_all_means(
    start: Start, job: Callable[..., Job]
) -> None:
    swarm = start(1)
    swarm.submit(job("slow", "sleep 1.0"))
    until(lambda: swarm.stats()["running"] == 1)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        os.kill(swarm.stats()["pids"][0], number)
    assert outcomes_of(swarm, 1)["slow"].attempt == 1


def test_an_agent_killed_in_the_middle_costs_one_attempt_of_one_document(
    start: Start, job: Callable[..., Job]
) -> None:
    swarm = start()
    until(lambda: swarm.stats()["ready"] == 2)
    swarm.submit(job("slow", "sleep 3"))
    swarm.submit(job("other", "sleep 3"))
    until(lambda: swarm.stats()["running"] == 2)
    os.kill(swarm.stats()["pids"][0], signal.SIGKILL)
    found = outcomes_of(swarm, 2)
    assert {each.status for each in found.values()} == {"completed"}
    assert sorted(each.attempt for each in found.values()) == [1, 2]


def test_a_document_that_kills_agents_fails_alone_and_is_quarantined(
    start: Start, job: Callable[..., Job]
) -> None:
    swarm = start()
    swarm.submit(job("poison", "die", sha256="p"))
    for number in range(20):
        swarm.submit(job(str(number), sha256=str(number)))
    found = outcomes_of(swarm, 21)
    assert found["poison"].status == "failed"
    assert found["poison"].error is not None
    assert found["poison"].error["code"] == "agent_crashed"
    assert all(found[str(number)].status == "completed" for number in range(20))
    swarm.submit(job("again", "die", sha256="p"))
    assert outcomes_of(swarm, 1)["again"].status == "failed"
    assert swarm.decisions.counts()["quarantined", "agent_crashed"] == 1
    until(lambda: swarm.decisions.counts().get(("lost", "ended")) == 2)
    lost = [each for each in swarm.decisions.take() if each["event"] == "lost"]
    assert [each["exit_code"] for each in lost] == [-signal.SIGKILL] * 2


def test_a_document_without_a_hash_that_kills_agents_is_not_said_to_be_in_quarantine(
    start: Start, job: Callable[..., Job]
) -> None:
    swarm = start(1)
    swarm.submit(job("poison", "die"))
    outcomes_of(swarm, 1)
    assert "quarantined" not in {kind for kind, _ in swarm.decisions.counts()}


def test_a_document_that_kills_agents_is_known_to_other_processes_and_after_a_restart(
    start: Start, job: Callable[..., Job], tmp_path: Path
) -> None:
    first = start(quarantine=Quarantine(tmp_path / "quarantine"))
    first.submit(job("poison", "die", sha256="p"))
    assert outcomes_of(first, 1)["poison"].attempt == 2
    until(lambda: (tmp_path / "quarantine" / "p").exists())
    other = start(quarantine=Quarantine(tmp_path / "quarantine"))
    other.submit(job("again", "die", sha256="p"))
    other.submit(job("fine", sha256="f"))
    found = outcomes_of(other, 2)
    assert (found["again"].attempt, found["fine"].status) == (1, "completed")
    assert "quarantined" in str(found["again"].error)
    assert ("lost", "ended") not in other.decisions.counts()


def test_a_document_in_its_second_attempt_has_an_agent_of_its_own_however_many_wait(
    start: Start, job: Callable[..., Job]
) -> None:
    swarm = start(1)
    swarm.submit(job("first"))
    outcomes_of(swarm, 1)
    for number in range(60):
        swarm.submit(job(str(number), "sleep 0.05"))
    swarm.submit(job("unlucky", attempt=2))
    order: list[str] = []
    until(lambda: bool(order.extend(each.job.document_id for each in swarm.take("me")) or len(order) == 61))
    assert order.index("unlucky") < 30


def test_outcomes_nobody_takes_hold_sources_back(start: Start, job: Callable[..., Job]) -> None:
    swarm = start(1, room=10)
    for number in range(6):
        swarm.submit(job(str(number)))
    until(lambda: swarm.stats()["completed"] == 6)
    assert swarm.room() == 4
    assert len(swarm.take("me")) == 6
    assert swarm.room() == 10


def test_agents_come_with_the_queue_and_each_decision_is_told_and_counted(
    start: Start, job: Callable[..., Job], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="neuraldocflow.swarm")
    swarm = start(1, most=2, scaling_metrics=("queue_depth",))
    for number in range(12):
        swarm.submit(job(str(number), "sleep 0.4"))
    until(lambda: swarm.stats()["agents"] == 2)
    assert swarm.decisions.counts()["scaled", "queue_depth"] == 1
    assert swarm.decisions.counts()["started", "wanted"] == 2
    (scaled,) = [each for each in swarm.decisions.take() if each["event"] == "scaled"]
    assert (scaled["before"], scaled["agents"]) == (1, 2)
    assert "documents wait for 1 agent" in scaled["detail"]
    (line,) = [each for each in caplog.records if each.getMessage().startswith('swarm {"event": "scaled"')]
    assert json.loads(line.getMessage().removeprefix("swarm "))["reason"] == "queue_depth"
    assert line.decision["agents"] == 2  # type: ignore[attr-defined]
    assert swarm.decisions.take() == []
    assert swarm.decisions.counts()["scaled", "queue_depth"] == 1


def test_a_document_that_killed_by_accident_is_done_at_the_second_try(
    start: Start, job: Callable[..., Job]
) -> None:
    swarm = start()
    swarm.submit(job("unlucky", "die_once"))
    assert outcomes_of(swarm, 1)["unlucky"].attempt == 2
    told = [(each.stage, each.attempt) for each in swarm.progress()]
    assert told[:3] == [("opening", 1), ("queued", 2), ("opening", 2)]


def test_a_document_that_hangs_ends_in_a_timeout(
    start: Start, job: Callable[..., Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("neuraldocflow.swarm.swarm._GRACE", 0.2)
    swarm = start(seconds=0.3)
    swarm.submit(job("hang", "sleep 60"))
    outcome = outcomes_of(swarm, 1)["hang"]
    assert outcome.error is not None
    assert outcome.error["code"] == "timeout"


def test_a_document_that_eats_memory_ends_in_out_of_memory_and_the_agent_lives(
    start: Start, job: Callable[..., Job]
) -> None:
    swarm = start(1, memory=128)
    swarm.submit(job("small", "eat 16"))
    swarm.submit(job("big", "eat 2000"))
    found = outcomes_of(swarm, 2)
    assert found["small"].status == "completed"
    assert found["big"].error is not None
    assert found["big"].error["code"] == "out_of_memory"
    assert found["big"].attempt == 1


def test_a_typed_error_and_a_fault_of_ours_are_told_apart_and_neither_quotes_the_document(
    start: Start, job: Callable[..., Job], capfd: pytest.CaptureFixture[str]
) -> None:
    swarm = start()
    swarm.submit(job("bad", "refuse"))
    swarm.submit(job("fault", "fault SECRET"))
    found = outcomes_of(swarm, 2)
    assert found["bad"].error is not None
    assert found["bad"].error["code"] == "corrupt"
    assert found["fault"].error is not None
    assert found["fault"].error["code"] == "internal"
    assert "SECRET" not in json.dumps(found["fault"].error) + capfd.readouterr().err


@pytest.mark.parametrize(
    "said",
    [
        "hello|",
        "[]|",
        '{"stage": "x", "done": "y", "total": 1}|',
        '{"stage": "unheard-of", "done": 1, "total": 1}|',
        '{"stage": "reading", "done": 1, "total": 2, "known": ["x"]}|',
        '{"stage": "reading", "done": 1, "total": 2, "known": {"pages": [{"page": "one"}]}}|',
        '{"stage": "fields", "done": 0, "total": 1, "known": {"profile": "\\ud800"}}|',
        '{"status": "odd"}|',
        '{"status": "completed"}|',
        '{"status": "completed", "summary": {"pages": "many"}}|',
        '{"status": "completed", "summary": {"pages": 1' + "0" * 400 + "}}|",
        '{"status": "completed", "summary": {"confidence": NaN}}|',
        '{"status": "completed", "summary": {"profile": "\\ud800"}}|',
        '{"stage": "reading", "done": Infinity, "total": 1}|',
        '{"stage": "reading", "done": 1' + "0" * 400 + ', "total": 1}|',
        "[" * 200_000 + "|",
        '{"status": "failed", "summary": {}, "error": {"x": 1}}|',
        '{"stage": "reading", "done": 1, "total": 2}|' * 1000,
    ],
)
def test_an_agent_that_talks_nonsense_is_replaced(start: Start, job: Callable[..., Job], said: str) -> None:
    swarm = start(1)
    swarm.submit(job("nonsense", f"garbage {said}"))
    swarm.submit(job("fine"))
    found = outcomes_of(swarm, 2)
    assert found["nonsense"].status == "failed"
    assert found["fine"].status == "completed"


def test_an_agent_that_stops_in_the_middle_of_a_message_holds_nobody_up(
    start: Start, job: Callable[..., Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("neuraldocflow.swarm.swarm._GRACE", 0.2)
    swarm = start(2, seconds=0.5)
    swarm.submit(job("half", 'garbage {"stage"'))
    for number in range(20):
        swarm.submit(job(str(number)))
    found = outcomes_of(swarm, 21)
    assert found["half"].error is not None
    assert found["half"].error["code"] == "timeout"


def test_a_running_document_past_its_deadline_ends_with_a_timeout(
    start: Start, job: Callable[..., Job]
) -> None:
    swarm = start(1)
    until(lambda: swarm.stats()["ready"] == 1)
    swarm.submit(job("late", "sleep 30", deadline=time.monotonic() + 0.5))
    outcome = outcomes_of(swarm, 1, 20)["late"]
    assert outcome.error is not None
    assert outcome.error["code"] == "timeout"


def test_stopping_lets_running_documents_end_and_begins_no_others(
    start: Start, job: Callable[..., Job]
) -> None:
    swarm = start(1)
    for number in range(5):
        swarm.submit(job(str(number), "sleep 3"))
    until(lambda: swarm.stats()["running"] == 1)
    swarm.stop(10)
    assert len(swarm.take("me")) == 1


def test_cancelling_stops_the_agent_and_the_next_document_gets_another(
    start: Start, job: Callable[..., Job]
) -> None:
    swarm = start(1)
    swarm.submit(job("long", "sleep 60"))
    swarm.submit(job("waiting", "sleep 60"))
    swarm.submit(job("next"))
    until(lambda: swarm.stats()["running"] == 1)
    assert swarm.cancel("waiting")
    assert swarm.cancel("long")
    assert not swarm.cancel("unknown")
    found = outcomes_of(swarm, 3)
    assert [found[name].status for name in ("long", "waiting", "next")] == ["failed", "failed", "completed"]


def test_cancelling_just_before_the_swarm_listens_to_its_agents_ends_only_that_job(
    start: Start, job: Callable[..., Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    swarms: list[Swarm] = []
    listen = swarm_module.wait

    def late(heard: list[Any], pause: float) -> Any:
        if swarms and swarms[0].stats()["running"]:
            swarms[0].cancel("long")  # what is listened to has been listed already
        return listen(heard, pause)

    monkeypatch.setattr(swarm_module, "wait", late)
    swarms.append(swarm := start(1))
    swarm.submit(job("long", "sleep 60"))
    assert outcomes_of(swarm, 1)["long"].status == "failed"
    swarms.clear()
    swarm.submit(job("next"))
    assert outcomes_of(swarm, 1)["next"].status == "completed"


def test_cancelling_a_run_leaves_the_other_runs_of_the_document(
    start: Start, job: Callable[..., Job]
) -> None:
    swarm = start(1)
    swarm.submit(job("other", "sleep 60"))
    swarm.submit(job("document", run=1))
    swarm.submit(job("document", run=2))
    assert swarm.cancel("document", 1)
    assert swarm.cancel("other")
    ended: list[Outcome] = []
    until(lambda: bool(ended.extend(swarm.take("me")) or len(ended) == 3))
    assert {each.job.identity: each.status for each in ended} == {
        ("document", 1): "failed",
        ("other", 0): "failed",
        ("document", 2): "completed",
    }


def test_an_urgent_document_overtakes_those_that_wait(start: Start, job: Callable[..., Job]) -> None:
    swarm = start(1)
    swarm.submit(job("first", "sleep 3", priority="low"))
    until(lambda: swarm.stats()["running"] == 1)
    for number in range(30):
        swarm.submit(job(f"low-{number}", priority="low"))
    swarm.submit(job("urgent", priority="urgent"))
    found: list[str] = []
    until(lambda: bool(found.extend(each.job.document_id for each in swarm.take("me")) or "urgent" in found))
    assert found[:2] == ["first", "urgent"]


def test_agents_are_replaced_after_their_share_of_documents(start: Start, job: Callable[..., Job]) -> None:
    swarm = start(1, documents_per_agent=2)
    for number in range(5):
        swarm.submit(job(str(number)))
    found = outcomes_of(swarm, 5)
    assert len({answer_of(outcome)["metadata"]["pid"] for outcome in found.values()}) == 3


def test_progress_never_goes_backwards(start: Start, job: Callable[..., Job]) -> None:
    swarm = start(1)
    swarm.submit(job("long", "sleep 1.2"))
    told: list[float] = []
    until(lambda: bool(told.extend(each.progress for each in swarm.progress()) or swarm.take("me")))
    assert told == sorted(told)
    assert len(told) >= 4


PARENT = """
import sys, time
from pathlib import Path
from neuraldocflow.config import BufferConfig, SwarmConfig
from neuraldocflow.limits import Limits
from neuraldocflow.swarm.swarm import Swarm
swarm = Swarm(BufferConfig(), SwarmConfig(min_agents=2), Limits(), {}, Path(sys.argv[1]), work=sys.argv[2])
swarm.start()
while swarm.stats()["ready"] < 2:
    time.sleep(0.02)
print(*swarm.stats()["pids"], flush=True)
time.sleep(60)
"""


def test_agents_die_with_their_parent(tmp_path: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path), WORK], stdout=subprocess.PIPE, text=True, cwd=Path.cwd()
    )
    assert parent.stdout is not None
    pids = [int(pid) for pid in parent.stdout.readline().split()]
    assert len(pids) == 2
    parent.kill()
    parent.wait()
    parent.stdout.close()
    until(lambda: not any(lives(pid) for pid in pids), 10)


def test_a_swarm_that_was_stopped_leaves_nothing_behind(
    start: Start, job: Callable[..., Job], tmp_path: Path
) -> None:
    swarm = start(2)
    swarm.submit(job("done"))
    outcomes_of(swarm, 1)
    swarm.submit(job("running", "sleep 30"))
    until(lambda: swarm.stats()["running"] == 1)
    swarm.stop()
    assert list((tmp_path / "scratch").iterdir()) == []


def test_an_agent_that_can_not_be_started_for_now_is_tried_again(
    start: Start, job: Callable[..., Job], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    popen, refusals = subprocess.Popen, iter([True, True])

    def refused(*args: Any, **more: Any) -> Any:
        if next(refusals, False):
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        return popen(*args, **more)

    monkeypatch.setattr(subprocess, "Popen", refused)
    swarm = start(1)
    swarm.submit(job("a"))
    assert outcomes_of(swarm, 1)["a"].status == "completed"
    assert "an agent can't be started" in caplog.text


def test_while_none_can_be_started_no_agent_makes_way_for_another(
    start: Start, job: Callable[..., Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    swarm = start(2)
    until(lambda: swarm.stats()["ready"] == 2)
    for name in ("a", "b"):
        swarm.submit(job(name, "sleep 0.5"))
    outcomes_of(swarm, 2)  # both have worked
    popen, full = subprocess.Popen, True

    def crowded(*args: Any, **more: Any) -> Any:
        if full:
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        return popen(*args, **more)

    monkeypatch.setattr(subprocess, "Popen", crowded)
    swarm.submit(job("by accident", "die_once"))
    until(lambda: swarm.stats()["agents"] == 1 and swarm.stats()["queued"] == 1)
    for number in range(3):
        swarm.submit(job(str(number)))
        assert set(outcomes_of(swarm, 1, timeout=10)) == {str(number)}
    full = False
    assert outcomes_of(swarm, 1)["by accident"].attempt == 2


def test_a_machine_without_room_for_another_thread_is_waited_for(
    start: Start, job: Callable[..., Job], caplog: pytest.LogCaptureFixture
) -> None:
    swarm = start(1)
    until(lambda: swarm.stats()["ready"] == 1)
    before = threading.stack_size(1 << 46)  # as no machine has
    try:
        os.kill(swarm.stats()["pids"][0], signal.SIGKILL)
        until(lambda: "an agent can't be started" in caplog.text)
    finally:
        threading.stack_size(before)
    swarm.submit(job("a"))
    assert outcomes_of(swarm, 1)["a"].status == "completed"


def test_a_swarm_that_ends_by_a_fault_says_so_to_who_waits(
    start: Start, job: Callable[..., Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*about: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Swarm, "_scale", fails)
    swarm = start(1)
    with pytest.raises(RuntimeError, match="the swarm ended"):
        until(lambda: swarm.room() < 0)  # which it never is
    with pytest.raises(RuntimeError, match="the swarm ended"):
        swarm.submit(job("a"))  # else who waits for room would wait for ever
