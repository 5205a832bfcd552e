"""How many agents there should be: a state machine without I/O."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from neuraldocflow.wording import counted

_UP_AFTER, _DOWN_AFTER = 0.5, 30.0
"""Seconds a reason must hold before it is followed: soon up, late down."""
_COOL_DOWN = 1.0
"""Seconds between two decisions."""
_WAIT_PER_AGENT = 2.0
"""Documents waiting an agent above which more agents are wanted."""
_SLOW = 5.0
"""Seconds a document may wait before more agents are wanted."""
_BUSY_CPU = 0.95
"""Share of all cores above which more agents would only wait for one another."""


@dataclass(frozen=True, slots=True)
class Load:
    """What is seen at a moment."""

    queued: int
    running: int
    agents: int
    oldest: float
    """Seconds the longest-waiting document has waited."""
    cpu: float
    """Share of all cores in use, 0..1."""


@dataclass(frozen=True, slots=True)
class Decision:
    """A new number of agents, and why."""

    agents: int
    reason: str
    """The scaling metric that was followed, ``min_agents``, or ``idle``."""
    detail: str
    """The same as a sentence, with what was seen."""


class Autoscaler:
    """Between ``least`` and ``most`` agents, by the configured metrics."""

    def __init__(self, least: int, most: int, metrics: Sequence[str]) -> None:
        self._least, self._most = least, most
        self._metrics = frozenset(metrics)
        self._wanted: tuple[int, float] | None = None
        self._last = float("-inf")

    def decide(self, load: Load, now: float) -> Decision | None:
        """A decision, where one is due."""
        target, reason, detail = self._target(load)
        if target == load.agents:
            self._wanted = None
            return None
        direction = 1 if target > load.agents else -1
        if self._wanted is None or self._wanted[0] != direction:
            self._wanted = (direction, now)
        held = now - self._wanted[1]
        if held < (_UP_AFTER if direction > 0 else _DOWN_AFTER) or now - self._last < _COOL_DOWN:
            return None
        self._wanted, self._last = None, now
        return Decision(target, reason, detail)

    def _target(self, load: Load) -> tuple[int, str, str]:
        more, fewer = min(load.agents + 1, self._most), max(load.agents - 1, self._least)
        if load.agents < self._least:
            return self._least, "min_agents", f"at least {self._least} agents are configured"
        strained = "cpu_utilization" in self._metrics and load.cpu > _BUSY_CPU
        if not strained and "queue_depth" in self._metrics and load.queued > _WAIT_PER_AGENT * load.agents:
            detail = f"{load.queued} documents wait for {counted(load.agents, 'agent')}"
            return more, "queue_depth", detail
        if not strained and "processing_latency" in self._metrics and load.oldest > _SLOW:
            return more, "processing_latency", f"a document has waited {load.oldest:.0f} s"
        waiting = load.queued + load.running - load.agents  # free agents are about to take the others
        if not strained and "cpu_utilization" in self._metrics and waiting > 0:
            working = counted(load.agents, "agent")
            detail = f"{counted(waiting, 'document')} more than {working}, {load.cpu:.0%} of the cores in use"
            return more, "cpu_utilization", detail
        if not load.queued and load.running < load.agents - 1:
            return fewer, "idle", f"nothing waits, {load.running} of {load.agents} agents work"
        return load.agents, "", ""
