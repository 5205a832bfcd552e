"""Which job is next: a state machine without I/O. Jobs and a clock in, assignments and outcomes out.

The order is that of :mod:`.queues`. A job whose agent died goes once more, to a fresh agent; if that dies too
the job fails.
"""

from __future__ import annotations

import heapq
from collections import deque
from dataclasses import dataclass, replace

from neuraldocflow.errors import AgentCrashed, DeadlinePassed, DocumentError, InvalidRequest

from .job import Job, Outcome, Priority
from .queues import PASSED_OVER, PriorityQueues

ATTEMPTS = 2


class Full(Exception):
    """The buffer has no room."""


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    job: Job
    since: float


class Scheduler:
    """Bounded by ``capacity`` jobs waiting or running."""

    def __init__(self, capacity: int, *, by_priority: bool = True, passed_over: int = PASSED_OVER) -> None:
        self._capacity = capacity
        self._by_priority = by_priority
        self._queues: PriorityQueues[_Waiting] = PriorityQueues(passed_over)
        self._waiting: dict[tuple[str, int], _Waiting] = {}
        self._suspects: deque[_Waiting] = deque()
        self._running: dict[tuple[str, int], tuple[Job, float, float]] = {}
        self._deadlines: list[tuple[float, tuple[str, int]]] = []
        """A heap; jobs that have ended leave theirs behind, for a while."""

    @property
    def queued(self) -> int:
        """Jobs waiting for an agent."""
        return len(self._waiting)

    @property
    def running(self) -> int:
        return len(self._running)

    @property
    def suspects(self) -> int:
        """Jobs that wait for a fresh agent of their own."""
        return len(self._suspects)

    def room(self) -> int:
        """How many jobs may still be submitted."""
        return self._capacity - len(self._waiting) - len(self._running)

    def oldest(self, now: float) -> float:
        """Seconds the first of the waiting jobs has waited."""
        first = next(iter(self._waiting.values()), None)
        return now - first.since if first is not None else 0.0

    def submit(self, job: Job, now: float) -> None:
        """Take a job in. One that is here already is not taken twice. Raises Full."""
        if self.holds(job.identity):
            return
        if self.room() <= 0:
            raise Full(f"{self._capacity} documents are waiting or running")
        waiting = _Waiting(job, now)
        self._waiting[job.identity] = waiting
        if job.attempt > 1:  # its agent died before a restart
            self._suspects.append(waiting)
        else:
            self._queues.put(waiting, self._priority_of(job), job.tenant)
        if job.deadline is not None:
            if len(self._deadlines) > 2 * self._capacity:
                self._forget_deadlines()
            heapq.heappush(self._deadlines, (job.deadline, job.identity))

    def _priority_of(self, job: Job) -> Priority:
        return job.priority if self._by_priority else "normal"

    def next(self, now: float, *, fresh: bool = False) -> Job | None:
        """The job for a free agent, now running; None when nothing waits. ``fresh`` ones get suspects."""
        if fresh and self._suspects:
            return self._start(self._suspects.popleft(), now)
        waiting = self._queues.take()
        return self._start(waiting, now) if waiting is not None else None

    def _start(self, waiting: _Waiting, now: float) -> Job:
        del self._waiting[waiting.job.identity]
        self._running[waiting.job.identity] = (waiting.job, waiting.since, now)
        return waiting.job

    def finish(self, outcome: Outcome, now: float) -> Outcome:
        """A running job ended; its outcome with the times it took."""
        _, since, began = self._running.pop(outcome.job.identity)
        return replace(outcome, queued_ms=round((began - since) * 1000, 2), seconds=round(now - began, 4))

    def died(self, job: Job, error: DocumentError, agent_id: str, now: float) -> Outcome | None:
        """A running job's agent died: None where it gets another try, else the outcome."""
        if job.attempt < ATTEMPTS:
            _, since, _ = self._running.pop(job.identity)
            waiting = _Waiting(replace(job, attempt=job.attempt + 1), since)
            self._waiting[job.identity] = waiting
            self._suspects.append(waiting)
            return None
        return self.finish(Outcome(job, "failed", error.to_dict(), agent_id=agent_id), now)

    def holds(self, identity: tuple[str, int]) -> bool:
        """Whether a job (document and run) waits or runs."""
        return identity in self._waiting or identity in self._running

    def cancel(self, identity: tuple[str, int]) -> tuple[list[Outcome], list[Job]]:
        """The job's outcome if it waits; the job itself if it runs: its agent is to be stopped."""
        return self._end([identity], CANCELLED)

    def expire(self, now: float) -> tuple[list[Outcome], list[Job]]:
        """The same for jobs past their deadline."""
        late: list[tuple[str, int]] = []
        while self._deadlines and self._deadlines[0][0] <= now:
            deadline, identity = heapq.heappop(self._deadlines)
            if self._deadline_of(identity) == deadline:
                late.append(identity)
        return self._end(late, LATE)

    def next_deadline(self) -> float | None:
        """The earliest moment at which a job may have to expire; None where none has a deadline."""
        return self._deadlines[0][0] if self._deadlines else None

    def _deadline_of(self, identity: tuple[str, int]) -> float | None:
        """Of the job that is here now: one before it, of the same identity, had a deadline of its own."""
        if identity in self._waiting:
            return self._waiting[identity].job.deadline
        return self._running[identity][0].deadline if identity in self._running else None

    def _forget_deadlines(self) -> None:
        """Drop those of jobs that have ended."""
        self._deadlines = [each for each in self._deadlines if self._deadline_of(each[1]) == each[0]]
        heapq.heapify(self._deadlines)

    def _end(self, chosen: list[tuple[str, int]], error: DocumentError) -> tuple[list[Outcome], list[Job]]:
        outcomes: list[Outcome] = []
        for waiting in [self._waiting.pop(each) for each in chosen if each in self._waiting]:
            if waiting in self._suspects:
                self._suspects.remove(waiting)
            else:
                job = waiting.job
                self._queues.remove(waiting, self._priority_of(job), job.tenant)
            outcomes.append(failed(waiting.job, error))
        return outcomes, [self._running[each][0] for each in chosen if each in self._running]


CANCELLED = InvalidRequest("The job was cancelled.")
LATE = DeadlinePassed("The deadline passed before the document was done.")
QUARANTINED = AgentCrashed("Documents with this content have ended two agents; it is quarantined.")


def failed(job: Job, error: DocumentError) -> Outcome:
    """The outcome of a job that ends without an agent's answer."""
    return Outcome(job, "failed", error.to_dict())
