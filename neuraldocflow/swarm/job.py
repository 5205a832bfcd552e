"""What goes into the swarm and what comes out: references and small summaries, never documents."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:  # agents do without pydantic
    from neuraldocflow.events import IntermediateResults

Priority = Literal["urgent", "high", "normal", "low"]
RESULT = "result.json"
"""The file in an agent's folder that it writes a job's result to."""
PRIORITIES: tuple[Priority, ...] = ("urgent", "high", "normal", "low")
Status = Literal["completed", "partial", "failed"]


@dataclass(frozen=True, slots=True)
class Job:
    """One run of one document."""

    document_id: str
    path: str
    """The local file that is opened for an agent."""
    output: str
    """Where the result will be, whole or not at all."""
    run: int = 0
    key: str = ""
    """Who asked: outcomes are taken by key."""
    sha256: str = ""
    filename: str = ""
    profile: str = "auto"
    priority: Priority = "normal"
    tenant: str = "default"
    options: dict[str, Any] = field(default_factory=dict)
    deadline: float | None = None
    """Seconds of the swarm's clock after which nobody wants the result."""
    attempt: int = 1

    @property
    def identity(self) -> tuple[str, int]:
        return self.document_id, self.run

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a job ended. A failure has an ``error`` object (contract 4) and no file."""

    job: Job
    status: Status
    error: dict[str, Any] | None = None
    summary: dict[str, Any] = field(default_factory=dict)
    """Profile, document type, confidence, pages: what routing needs without reading the result."""
    agent_id: str = ""
    queued_ms: float = 0.0
    seconds: float = 0.0

    @property
    def result_path(self) -> str:
        return self.job.output

    @property
    def attempt(self) -> int:
        return self.job.attempt


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is; never less than before within an attempt. No ``agent_id``: it waits for one."""

    document_id: str
    run: int
    key: str
    stage: str
    progress: float
    agent_id: str
    estimated_remaining_ms: float | None = None
    current_operation: str | None = None
    attempt: int = 1
    intermediate: IntermediateResults | None = None
    """What has been found since the last, where the caller asked for it: document content."""
