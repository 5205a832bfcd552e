"""The scheduler: who goes next, and that every job gets exactly one outcome."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from neuraldocflow.errors import AgentCrashed, Timeout
from neuraldocflow.swarm.job import PRIORITIES, Job, Outcome, Priority
from neuraldocflow.swarm.scheduler import PASSED_OVER, Full, Scheduler


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


def test_a_job_whose_agent_died_before_a_restart_has_one_attempt_left_in_a_fresh_agent() -> None:
    scheduler = submitted(job("a", attempt=2), job("b"))
    assert (scheduler.queued, scheduler.suspects) == (2, 1)
    first = scheduler.next(0.0, fresh=False)
    assert first is not None
    assert first.document_id == "b"
    chosen = scheduler.next(1.0, fresh=True)
    assert chosen is not None
    assert scheduler.died(chosen, AgentCrashed("gone"), "agent-1", 2.0) is not None


def test_after_two_agents_it_fails_as_its_agents_ended() -> None:
    scheduler = submitted(job("a", sha256="s"))
    for fresh in (False, True):
        chosen = scheduler.next(0.0, fresh=fresh)
        assert chosen is not None
        outcome = scheduler.died(chosen, Timeout("too long"), "agent-1", 1.0)
    assert outcome is not None
    assert outcome.error is not None
    assert outcome.error["code"] == "timeout"


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


def test_the_deadline_of_a_job_that_has_ended_is_not_that_of_a_later_one() -> None:
    scheduler = submitted(job("a", deadline=5.0))
    assert order(scheduler) == ["a"]
    scheduler.submit(job("a"), 1.0)
    scheduler.submit(job("b", deadline=7.0), 1.0)
    assert scheduler.expire(6.0) == ([], [])
    assert scheduler.next_deadline() == 7.0
    outcomes, _ = scheduler.expire(8.0)
    assert [each.job.document_id for each in outcomes] == ["b"]
    assert scheduler.next_deadline() is None
    assert order(scheduler) == ["a"]


def test_deadlines_of_jobs_that_have_ended_take_no_room() -> None:
    scheduler = Scheduler(2)
    for number in range(1000):
        scheduler.submit(job(str(number), deadline=1e9), 0.0)
        order(scheduler)
    assert len(scheduler._deadlines) <= 2 * 2 + 1


class AnySequence(RuleBasedStateMachine):
    """Whatever happens: nothing is lost, nothing comes twice, the bound holds, nothing starves."""

    capacity = 12
    passed_over = 4

    @initialize()
    def begin(self) -> None:
        self.scheduler = Scheduler(self.capacity, passed_over=self.passed_over)
        self.now = 0.0
        self.submitted: set[str] = set()
        self.outcomes: list[str] = []
        self.held: dict[str, Job] = {}
        """Jobs that have no outcome yet, as they were submitted."""
        self.running: list[Job] = []
        self.suspects: list[str] = []
        """Jobs that wait for an agent of their own."""
        self.passes: Counter[tuple[Priority, str]] = Counter()
        """How often a waiting priority, and a tenant's turn in it, has been passed over in a row."""

    def _took(self, outcomes: list[Outcome]) -> None:
        for each in outcomes:
            name = each.job.document_id
            self.outcomes.append(name)
            del self.held[name]
            if name in self.suspects:
                self.suspects.remove(name)

    def _ended(self, dropped: tuple[list[Outcome], list[Job]]) -> None:
        """Jobs that are not wanted any more: those that wait have an outcome, those that run are stopped."""
        outcomes, running = dropped
        self._took(outcomes)
        for each in running:
            self.running.remove(each)
            self._took([self.scheduler.finish(Outcome(each, "failed"), self.now)])

    @rule(
        priority=st.sampled_from(PRIORITIES),
        tenant=st.sampled_from("xyz"),
        lasts=st.sampled_from([None, None, 5.0, 500.0]),
    )
    def submit(self, priority: Priority, tenant: str, lasts: float | None) -> None:
        name = str(len(self.submitted))
        deadline = None if lasts is None else self.now + lasts
        made = job(name, priority, tenant, deadline=deadline)
        try:
            self.scheduler.submit(made, self.now)
        except Full:
            assert self.scheduler.room() <= 0
            return
        self.submitted.add(name)
        self.held[name] = made

    @precondition(lambda self: self.outcomes)
    @rule(data=st.data(), lasts=st.sampled_from([None, 500.0]))
    def submit_again(self, data: st.DataObject, lasts: float | None) -> None:
        """A job of an identity that has ended before: what was, is over."""
        name = data.draw(st.sampled_from(sorted(set(self.outcomes))))
        if name in self.held:
            return
        made = job(name, "low", "x", deadline=None if lasts is None else self.now + lasts)
        with suppress(Full):
            self.scheduler.submit(made, self.now)
            self.held[name] = made
            self.outcomes.remove(name)

    @rule(fresh=st.booleans())
    def hand_out(self, fresh: bool) -> None:
        waiting = self._waiting()
        chosen = self.scheduler.next(self.now, fresh=fresh)
        if fresh and self.suspects:  # the one that has waited longest goes to an agent of its own at once
            assert chosen is not None
            assert chosen.document_id == self.suspects.pop(0)
        else:
            assert (chosen is not None) == bool(waiting)
            if chosen is not None:
                self._count_passes(chosen, waiting)
        if chosen is not None:
            self.running.append(chosen)

    @precondition(lambda self: self._waiting())
    @rule(priority=st.sampled_from(PRIORITIES[:-1]), tenant=st.sampled_from("xyz"), count=st.integers(5, 20))
    def stream(self, priority: Priority, tenant: str, count: int) -> None:
        """One after the other comes, and a free agent takes what is next."""
        for _ in range(count):
            self.submit(priority, tenant, None)
            self.hand_out(False)
            if self.running:
                self._took([self.scheduler.finish(Outcome(self.running.pop(), "completed"), self.now)])

    def _waiting(self) -> list[Job]:
        """Those that any free agent may be given."""
        started = {each.document_id for each in self.running}
        return [each for name, each in self.held.items() if name not in started and name not in self.suspects]

    def _count_passes(self, chosen: Job, waiting: list[Job]) -> None:
        """Nothing starves: a priority goes after so many others, a tenant after each other tenant once."""
        priorities = {each.priority for each in waiting}
        tenants = {each.tenant for each in waiting if each.priority == chosen.priority}
        for priority in priorities:
            turn = (priority, "")
            self.passes[turn] = 0 if priority == chosen.priority else self.passes[turn] + 1
            assert self.passes[turn] < self.passed_over + len(PRIORITIES), priority
        for tenant in tenants:
            turn = (chosen.priority, tenant)
            self.passes[turn] = 0 if tenant == chosen.tenant else self.passes[turn] + 1
            assert self.passes[turn] <= len("xyz") - 1, tenant
        for turn in list(self.passes):  # who does not wait is not passed over
            priority, tenant = turn
            if not any(each.priority == priority and tenant in ("", each.tenant) for each in waiting):
                del self.passes[turn]

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
        if outcome is None:
            self.suspects.append(chosen.document_id)
        else:
            self._took([outcome])

    @precondition(lambda self: self.submitted)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        name = str(data.draw(st.integers(0, len(self.submitted) - 1)))
        held = name in self.held
        assert self.scheduler.holds((name, 0)) == held
        self._ended(self.scheduler.cancel((name, 0)))
        assert name not in self.held

    @rule()
    def expire(self) -> None:
        late = {
            name
            for name, each in self.held.items()
            if each.deadline is not None and each.deadline <= self.now
        }
        before = set(self.held)
        self._ended(self.scheduler.expire(self.now))
        assert before - set(self.held) == late
        assert (self.scheduler.next_deadline() or self.now + 1) > self.now

    @rule(seconds=st.floats(-100, 1000))
    def clock_jumps(self, seconds: float) -> None:
        self.now += seconds

    @invariant()
    def nothing_is_lost_or_doubled_and_the_bound_holds(self) -> None:
        if not hasattr(self, "scheduler"):
            return
        assert len(self.outcomes) == len(set(self.outcomes))
        assert self.scheduler.queued + self.scheduler.running <= self.capacity
        assert self.scheduler.queued + self.scheduler.running == len(self.held)
        assert self.submitted == self.held.keys() | set(self.outcomes)

    def teardown(self) -> None:
        if not hasattr(self, "scheduler"):
            return
        for each in self.running:
            self._took([self.scheduler.finish(Outcome(each, "completed"), self.now)])
        while (chosen := self.scheduler.next(self.now, fresh=True)) is not None:
            self._took([self.scheduler.finish(Outcome(chosen, "completed"), self.now)])
        assert set(self.outcomes) == self.submitted


TestAnySequenceOfEvents = AnySequence.TestCase
TestAnySequenceOfEvents.settings = settings(max_examples=100, stateful_step_count=50, deadline=None)
