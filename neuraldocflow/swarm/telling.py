"""How far jobs are: what agents say, turned into progress with estimates, until somebody takes it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .estimates import Estimates, share_of
from .job import Job, Outcome, Progress
from .process import AgentProcess

if TYPE_CHECKING:  # agents import this package, and start without pydantic
    from neuraldocflow.events import IntermediateResults

_MOST = 10_000
"""Tellings that nobody has taken; the oldest are forgotten."""
_A_SECOND, _BESIDE = 10, 10
"""Tellings of an agent's that are heard; it pauses for a tenth of a second itself between two. Each becomes
an event on the log, which one that a document has taken over must not fill."""


class Telling:
    """The progress of a swarm's jobs. Not thread-safe."""

    def __init__(self) -> None:
        self._estimates = Estimates()
        self._told: deque[Progress] = deque(maxlen=_MOST)

    def take(self) -> list[Progress]:
        """What was told since the last call."""
        told = list(self._told)
        self._told.clear()
        return told

    def begins(self, job: Job, agent: AgentProcess) -> None:
        """An agent was handed a job."""
        self._tell(job, "opening", agent.agent_id, self._estimates.remaining_ms(job.profile, 0.0, 1, 0.0))

    def waits(self, job: Job) -> None:
        """A job waits for its next attempt."""
        self._tell(job, "queued", "", None)

    def goes_on(self, job: Job, agent: AgentProcess, message: Mapping[str, Any]) -> None:
        """What the agent says of its job. Raises ValueError, TypeError or KeyError for nonsense."""
        spent = time.monotonic() - agent.began
        agent.tellings += 1
        if agent.tellings > _BESIDE + _A_SECOND * spent:
            raise ValueError("an agent pauses between two messages")
        stage, done, total = str(message["stage"]), int(message["done"]), int(message["total"])
        share = max(share_of(stage, done, total), agent.told[1])
        agent.told = (stage, share)
        pages = total if stage == "reading" and message.get("pages") is True else None
        left = self._estimates.remaining_ms(job.profile, share, pages, spent)
        what = f"page {done} of {total}" if pages is not None and total > 1 else None
        known = _intermediate(message.get("known"))
        self._tell(job, stage, agent.agent_id, left, round(share, 4), what, known)

    def ended(self, outcome: Outcome) -> None:
        """A job is done; the next of its kind can be estimated better."""
        if outcome.status != "failed":
            self._estimates.learn(outcome.job.profile, outcome.summary.get("pages") or 1, outcome.seconds)

    def _tell(
        self,
        job: Job,
        stage: str,
        agent_id: str,
        left: float | None,
        share: float = 0.0,
        what: str | None = None,
        known: IntermediateResults | None = None,
    ) -> None:
        self._told.append(
            Progress(*job.identity, job.key, stage, share, agent_id, left, what, job.attempt, known)
        )


def _intermediate(known: Any) -> IntermediateResults | None:
    """What an agent says it knows, in the published shape and size. Raises ValueError."""
    if known is None:
        return None
    from neuraldocflow.events import IntermediateResults

    return IntermediateResults.model_validate(known)
