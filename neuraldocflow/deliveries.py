"""What flows into outputs beside events: finished documents, and what outputs go by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from neuraldocflow.events import NewDocument, ProcessingCompleted


@dataclass(frozen=True, slots=True)
class Delivery:
    """A document and its result (contract 4's object); the key of the stream is the document's id."""

    document: NewDocument
    result: dict[str, Any]

    @property
    def identity(self) -> tuple[str, int]:
        """Document and run: equal for every repeat after a recovery, so that outputs can drop it."""
        return self.document.id, int(self.result.get("run") or 0)

    def event(self) -> ProcessingCompleted:
        """What tells of the result, a failed one too."""
        document, run = self.identity
        return ProcessingCompleted(
            id=document,
            run=run,
            origin="/dataflow",
            tenant=self.document.tenant,
            result=self.result,
            performance_metrics=metrics_of(self.result),
        )


def metrics_of(result: dict[str, Any]) -> dict[str, Any]:
    """What a result says of how long each stage took, for the event that tells of it."""
    return dict((result.get("metadata") or {}).get("timings") or {})


@dataclass(frozen=True, slots=True)
class Spent:
    """A document's file that nothing needs any more, once the snapshot of its epoch is written."""

    document: str
    path: str


@dataclass(frozen=True, slots=True)
class Tick:
    """Sent once an epoch, with the epoch's number, to outputs whose class says ``ticks = True``: the engine
    asks an output for its snapshot only in epochs that brought it something."""

    epoch: int
