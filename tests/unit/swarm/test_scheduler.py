"""The scheduler: who goes next, and that every job gets exactly one outcome."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from neuraldocflow.errors import AgentCrashed, Timeout
from neuraldocflow.swarm import Full, Job, Outcome
from neuraldocflow.swarm.job import PRIORITIES, Priority
from neuraldocflow.swarm.scheduler import PASSED_OVER, Scheduler


def job(name: str, priority: Priority = "normal", tenant: str = "default", **more: object) -> Job:
    return Job(name, "/in", "/out", priority=priority, tenant=tenant, **more)  # type: ignore[arg-type]


def submitted(*jobs: Job, capacity: int = 100, **more: bool) -> Scheduler:
    scheduler = Scheduler(capacity, **more)
    for each in jobs:
        scheduler.submit(each, 0.0)
    return scheduler


def order(scheduler: Scheduler) -> list[str]:
    """The names of jobs as they are handed out, each done at once."""
    names: list[str] = []
    while (chosen := scheduler.next(1.0)) is not None:
        names.append(chosen.document_id)
        scheduler.finish(Outcome(chosen, "completed"), 2.0)
    return names


def test_an_urgent_document_overtakes_low_ones() -> None:
    scheduler = submitted(job("a", "low"), job("b", "normal"), job("c", "urgent"), job("d", "high"))
    assert order(scheduler) == ["c", "d", "b", "a"]


def test_without_priority_queues_it_is_first_come_first_served() -> None:
    scheduler = submitted(job("a", "low"), job("b", "urgent"), job("c", "high"), by_priority=False)
    assert order(scheduler) == ["a", "b", "c"]


def test_a_tenant_with_many_documents_does_not_hold_up_another() -> None:
    many = [job(f"many-{number}", tenant="many") for number in range(10)]
    scheduler = submitted(*many, job("few-0", tenant="few"), job("few-1", tenant="few"))
    assert order(scheduler)[:4] == ["many-0", "few-0", "many-1", "few-1"]


def test_a_low_document_is_not_starved_by_an_endless_stream_of_urgent_ones() -> None:
    scheduler = submitted(job("low", "low"))
    for number in range(PASSED_OVER + 1):
        scheduler.submit(job(f"urgent-{number}", "urgent"), 0.0)
        chosen = scheduler.next(0.0)
        assert chosen is not None
        if chosen.document_id == "low":
            assert number == PASSED_OVER
            return
        scheduler.finish(Outcome(chosen, "completed"), 0.0)
    pytest.fail("the low document never went")


def test_an_urgent_document_goes_first_however_long_low_ones_have_waited() -> None:
    scheduler = submitted(*(job(f"low-{number}", "low") for number in range(90)))
    scheduler.submit(job("urgent", "urgent"), 10_000.0)
    chosen = scheduler.next(10_000.0)
    assert chosen is not None
    assert chosen.document_id == "urgent"


def test_the_buffer_is_bounded_by_what_waits_and_runs() -> None:
    scheduler = submitted(job("a"), job("b"), capacity=2)
    assert scheduler.room() == 0
    scheduler.next(0.0)
    with pytest.raises(Full):
        scheduler.submit(job("c"), 0.0)


def test_a_job_submitted_twice_is_taken_once() -> None:
    assert order(submitted(job("a"), job("a"))) == ["a"]


def test_a_job_whose_agent_died_goes_once_more_to_a_fresh_agent_only() -> None:
    scheduler = submitted(job("a", sha256="s"))
    first = scheduler.next(0.0)
    assert first is not None
    assert scheduler.died(first, AgentCrashed("gone"), "agent-1", 1.0) is None
    assert scheduler.next(1.0, fresh=False) is None
    second = scheduler.next(1.0, fresh=True)
    assert second is not None
    assert second.attempt == 2


def test_after_two_agents_it_fails_and_its_content_is_quarantined() -> None:
    scheduler = submitted(job("a", sha256="s"))
    for fresh in (False, True):
        chosen = scheduler.next(0.0, fresh=fresh)
        assert chosen is not None
        outcome = scheduler.died(chosen, Timeout("too long"), "agent-1", 1.0)
    assert outcome is not None
    assert outcome.error is not None
    assert outcome.error["code"] == "timeout"
    again = scheduler.submit(job("b", sha256="s"), 2.0)
    assert again is not None
    assert again.error is not None
    assert again.error["code"] == "agent_crashed"


def test_a_cancelled_job_that_waits_gets_an_outcome_and_one_that_runs_is_named() -> None:
    scheduler = submitted(job("a"), job("b"))
    running = scheduler.next(0.0)
    outcomes, to_stop = scheduler.cancel(("b", 0))
    assert [each.job.document_id for each in outcomes] == ["b"]
    assert to_stop == []
    outcomes, to_stop = scheduler.cancel(("a", 0))
    assert outcomes == []
    assert to_stop == [running]
    assert scheduler.next(0.0) is None


def test_cancelling_a_run_leaves_the_others_of_the_document() -> None:
    scheduler = submitted(job("a"), job("a", run=1), job("a", run=2))
    outcomes, _ = scheduler.cancel(("a", 1))
    assert [each.job.run for each in outcomes] == [1]
    assert [scheduler.holds(("a", run)) for run in (0, 1, 2)] == [True, False, True]


def test_a_job_past_its_deadline_ends_with_a_timeout() -> None:
    scheduler = submitted(job("a", deadline=5.0), job("b"))
    outcomes, _ = scheduler.expire(6.0)
    assert [(each.job.document_id, each.error and each.error["code"]) for each in outcomes] == [
        ("a", "timeout")
    ]
    assert order(scheduler) == ["b"]


class AnySequence(RuleBasedStateMachine):
    """Whatever happens: nothing is lost, nothing comes twice, the bound holds, nothing starves."""

    capacity = 8

    @initialize()
    def begin(self) -> None:
        self.scheduler = Scheduler(self.capacity)
        self.now = 0.0
        self.submitted: set[str] = set()
        self.outcomes: list[str] = []
        self.running: list[Job] = []
        self.count = 0

    def _took(self, outcomes: list[Outcome]) -> None:
        self.outcomes.extend(each.job.document_id for each in outcomes)

    @rule(
        priority=st.sampled_from(PRIORITIES),
        tenant=st.sampled_from("xyz"),
        sha=st.sampled_from(["", "p", "q"]),
    )
    def submit(self, priority: Priority, tenant: str, sha: str) -> None:
        name = str(self.count)
        try:
            outcome = self.scheduler.submit(job(name, priority, tenant, sha256=sha), self.now)
        except Full:
            assert self.scheduler.room() <= 0
            return
        self.count += 1
        self.submitted.add(name)
        self._took([outcome] if outcome else [])

    @rule(fresh=st.booleans())
    def hand_out(self, fresh: bool) -> None:
        chosen = self.scheduler.next(self.now, fresh=fresh)
        if chosen is not None:
            self.running.append(chosen)

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def finish(self, data: st.DataObject) -> None:
        chosen = self.running.pop(data.draw(st.integers(0, len(self.running) - 1)))
        self._took([self.scheduler.finish(Outcome(chosen, "completed"), self.now)])

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def die(self, data: st.DataObject) -> None:
        chosen = self.running.pop(data.draw(st.integers(0, len(self.running) - 1)))
        outcome = self.scheduler.died(chosen, AgentCrashed("gone"), "agent", self.now)
        self._took([outcome] if outcome else [])

    @precondition(lambda self: self.count)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        name = str(data.draw(st.integers(0, self.count - 1)))
        outcomes, running = self.scheduler.cancel((name, 0))
        self._took(outcomes)
        for each in running:
            self.running.remove(each)
            self._took([self.scheduler.finish(Outcome(each, "failed"), self.now)])

    @rule(seconds=st.floats(-100, 1000))
    def clock_jumps(self, seconds: float) -> None:
        self.now += seconds

    @invariant()
    def nothing_is_lost_or_doubled_and_the_bound_holds(self) -> None:
        if not hasattr(self, "scheduler"):
            return
        assert len(self.outcomes) == len(set(self.outcomes))
        assert self.scheduler.queued + self.scheduler.running <= self.capacity
        assert len(self.submitted) == len(self.outcomes) + self.scheduler.queued + self.scheduler.running

    def teardown(self) -> None:
        if not hasattr(self, "scheduler"):
            return
        for each in self.running:
            self._took([self.scheduler.finish(Outcome(each, "completed"), self.now)])
        while (chosen := self.scheduler.next(self.now, fresh=True)) is not None:
            self._took([self.scheduler.finish(Outcome(chosen, "completed"), self.now)])
        assert set(self.outcomes) == self.submitted


TestAnySequenceOfEvents = AnySequence.TestCase
TestAnySequenceOfEvents.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
