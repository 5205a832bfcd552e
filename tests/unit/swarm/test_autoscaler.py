"""The autoscaler: soon up, late down, with a reason, never back and forth."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from neuraldocflow.swarm.autoscaler import Autoscaler, Load

METRICS = ("queue_depth", "processing_latency", "cpu_utilization")


def load(queued: int = 0, running: int = 0, agents: int = 2, oldest: float = 0.0, cpu: float = 0.3) -> Load:
    return Load(queued, running, agents, oldest, cpu)


def decided(scaler: Autoscaler, seen: Load, until: float) -> list[tuple[float, int, str]]:
    """Decisions over time at a steady load, looked at ten times a second."""
    found: list[tuple[float, int, str]] = []
    for tick in range(int(until * 10)):
        decision = scaler.decide(seen, tick / 10)
        if decision is not None:
            found.append((tick / 10, decision.agents, decision.reason))
            seen = Load(seen.queued, seen.running, decision.agents, seen.oldest, seen.cpu)
    return found


def test_a_long_queue_brings_agents_up_to_the_most_one_at_a_time() -> None:
    steps = decided(Autoscaler(2, 5, METRICS), load(queued=50, running=2), 20)
    assert [agents for _, agents, _ in steps] == [3, 4, 5]
    assert {metric for _, _, metric in steps} == {"queue_depth"}


def test_a_moment_of_load_changes_nothing() -> None:
    scaler = Autoscaler(2, 5, METRICS)
    assert scaler.decide(load(queued=50), 0.0) is None
    assert scaler.decide(load(queued=0, running=2), 0.3) is None
    assert scaler.decide(load(queued=50), 0.6) is None


def test_agents_without_work_go_after_a_while_down_to_the_least() -> None:
    steps = decided(Autoscaler(2, 5, METRICS), load(agents=4), 120)
    assert [(agents, reason) for _, agents, reason in steps] == [(3, "idle"), (2, "idle")]
    assert steps[0][0] >= 30


def test_a_document_that_has_waited_long_brings_an_agent() -> None:
    steps = decided(Autoscaler(1, 2, METRICS), load(queued=1, running=1, agents=1, oldest=9.0), 5)
    assert steps[0][2] == "processing_latency"


def test_a_machine_that_is_busy_gets_no_more_agents() -> None:
    assert decided(Autoscaler(2, 5, METRICS), load(queued=50, running=2, cpu=0.99), 20) == []
    without = Autoscaler(2, 5, ("queue_depth",))
    assert decided(without, load(queued=50, running=2, cpu=0.99), 20) != []


def test_work_for_more_than_the_agents_brings_some_while_cores_are_free() -> None:
    """By ``cpu_utilization`` alone."""
    scaler = Autoscaler(1, 4, ("cpu_utilization",))
    steps = decided(scaler, load(queued=1, running=2, agents=1), 20)
    assert [(agents, reason) for _, agents, reason in steps] == [(n, "cpu_utilization") for n in (2, 3)]
    assert steps[1][0] - steps[0][0] >= 1.0
    assert decided(scaler, load(queued=9, running=1, agents=1, cpu=0.99), 20) == []
    assert [agents for _, agents, _ in decided(scaler, load(agents=3), 120)] == [2, 1]


def test_an_agent_that_is_between_two_documents_is_no_reason_against_more() -> None:
    scaler = Autoscaler(2, 4, ("cpu_utilization",))
    for tick in range(5):
        assert scaler.decide(load(queued=2, running=1 + tick % 2), tick / 10) is None
    decision = scaler.decide(load(queued=2, running=1), 0.5)
    assert decision is not None
    assert (decision.agents, decision.reason) == (3, "cpu_utilization")
    assert decision.detail == "1 document more than 2 agents, 30% of the cores in use"


@given(
    st.lists(
        st.tuples(st.integers(0, 200), st.integers(0, 9), st.floats(0, 60), st.floats(0, 1)), max_size=80
    )
)
def test_the_number_stays_between_least_and_most(seen: list[tuple[int, int, float, float]]) -> None:
    scaler, agents = Autoscaler(2, 6, METRICS), 2
    for second, (queued, running, oldest, cpu) in enumerate(seen):
        decision = scaler.decide(Load(queued, min(running, agents), agents, oldest, cpu), float(second))
        if decision is not None:
            assert 2 <= decision.agents <= 6
            assert abs(decision.agents - agents) == 1
            assert decision.reason
            assert decision.reason in METRICS
            agents = decision.agents
