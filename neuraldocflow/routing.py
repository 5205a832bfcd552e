"""The event router: a table in the configuration that says which events go to which outputs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Literal

from pydantic import Field

from neuraldocflow.deliveries import Delivery
from neuraldocflow.events import Event, ProcessingFailed, QualityValidated
from neuraldocflow.values import Section

EventName = Literal[
    "DocumentReceived",
    "ProcessingStarted",
    "ProcessingProgress",
    "ProcessingCompleted",
    "ProcessingFailed",
    "QualityValidated",
    "ResultDelivered",
]
Status = Literal["completed", "partial", "failed"]


class Route(Section):
    """A row: what meets all its conditions goes to its outputs. What an event does not have (a type before
    there is a result) meets no condition on it."""

    event: tuple[EventName, ...] = Field(
        (), description="events by name; a failed result is ProcessingFailed"
    )
    document_type: tuple[str, ...] = Field((), description="types of documents, with * and ?")
    tenant: tuple[str, ...] = Field((), description="tenants, with * and ?")
    status: tuple[Status, ...] = Field((), description="how a document ended")
    confidence_at_least: float | None = Field(None, ge=0, le=1)
    confidence_below: float | None = Field(None, ge=0, le=1)
    outputs: tuple[str, ...] = Field(min_length=1, description="names of outputs; without one, their types")


@dataclass(frozen=True, slots=True)
class _Facts:
    """What rows judge by; None where it is not known."""

    event: str
    tenant: str
    document_type: str | None = None
    status: str | None = None
    confidence: float | None = None


def filter_of(routes: Sequence[Route], output: str) -> Callable[[Any], bool] | None:
    """Whether a row sends something to an output; None for an output that no row names: it takes all."""
    rows = [route for route in routes if output in route.outputs]
    if not rows:
        return None

    def passes(value: Event | Delivery) -> bool:
        facts = _facts(value)
        return any(_meets(facts, row) for row in rows)

    return passes


def _facts(value: Event | Delivery) -> _Facts:
    if isinstance(value, Delivery):
        status = str(value.result["status"])
        extracted = value.result.get("extractedData") or {}
        name = "ProcessingFailed" if status == "failed" else "ProcessingCompleted"
        kind, confidence = extracted.get("documentType"), extracted.get("confidence")
        return _Facts(name, value.document.tenant, kind, status, confidence)
    ended = "failed" if isinstance(value, ProcessingFailed) else None
    confidence = value.confidence_score if isinstance(value, QualityValidated) else None
    return _Facts(value.name, value.tenant, status=ended, confidence=confidence)


def _meets(facts: _Facts, row: Route) -> bool:
    least, below = row.confidence_at_least, row.confidence_below
    return (
        (not row.event or facts.event in row.event)
        and _like(facts.document_type, row.document_type)
        and _like(facts.tenant, row.tenant)
        and (not row.status or facts.status in row.status)
        and (least is None or (facts.confidence is not None and facts.confidence >= least))
        and (below is None or (facts.confidence is not None and facts.confidence < below))
    )


def _like(value: str | None, patterns: Iterable[str]) -> bool:
    patterns = tuple(patterns)
    return not patterns or (value is not None and any(fnmatchcase(value, each) for each in patterns))
