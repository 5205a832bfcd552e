"""Prometheus metrics: what the log tells of the job, and what this process does."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from typing import Any, get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from neuraldocflow.events import DeliveryStatus
from neuraldocflow.gateway.arrivals import Arrived
from neuraldocflow.gateway.problems import STATUS
from neuraldocflow.gateway.services import Services
from neuraldocflow.results import Status
from neuraldocflow.values import PRIORITIES

_SECONDS = (0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
_STAGES = {"queuedMs": "queued", "readMs": "reading", "tablesMs": "tables", "fieldsMs": "fields"}
_STAGES |= {"validateMs": "validating", "totalMs": "total"}


def declared(registry: CollectorRegistry) -> dict[str, Any]:
    """Every metric there is, by a short name of ours."""
    return {
        "documents": Counter(
            "neuraldocflow_documents", "Documents done", ("document_type", "status"), registry=registry
        ),
        "pages": Counter("neuraldocflow_pages", "Pages read", ("document_type", "status"), registry=registry),
        "failures": Counter(
            "neuraldocflow_failures", "Documents that failed, by error code", ("code",), registry=registry
        ),
        "latency": Histogram(
            "neuraldocflow_stage_seconds",
            "How long documents spend in a stage",
            ("stage",),
            buckets=_SECONDS,
            registry=registry,
        ),
        "deliveries": Counter(
            "neuraldocflow_deliveries",
            "Deliveries by output and status",
            ("sink", "status"),
            registry=registry,
        ),
        "queued": Gauge(
            "neuraldocflow_queue_depth", "Jobs waiting, by priority", ("priority",), registry=registry
        ),
        "in_flight": Gauge("neuraldocflow_in_flight", "Jobs being worked on", registry=registry),
        "connections": Gauge("neuraldocflow_connections", "WebSocket connections", registry=registry),
        "log_up": Gauge("neuraldocflow_log_up", "1 while the log can be read", registry=registry),
    }


class Metrics:
    """One process' metrics; counters begin with the process, and count what its tail has seen since.

    Labels have the values known here: ``document_types`` and our error codes; anything else is ``other``.
    """

    def __init__(self, document_types: Iterable[str]) -> None:
        self._document_types = frozenset(document_types)
        self._registry = CollectorRegistry()
        self._of = declared(self._registry)
        self._begin()

    def _begin(self) -> None:
        """Have every series from the start, at 0: a rate does not see a first document or failure that comes
        with its series, and a sum of no series is not 0."""
        for labels in product((*sorted(self._document_types), "unknown", "other"), get_args(Status)):
            self._of["documents"].labels(*labels)
            self._of["pages"].labels(*labels)
        for code in (*STATUS, "other"):
            self._of["failures"].labels(code)
        for status in get_args(DeliveryStatus.model_fields["status"].annotation):
            self._of["deliveries"].labels("webhook", status)
        for stage in _STAGES.values():
            self._of["latency"].labels(stage)

    def render(self, services: Services, connections: int) -> bytes:
        """The text format."""
        self._of["queued"].clear()
        waiting, in_flight = services.jobs.depths()
        for priority in dict.fromkeys([*PRIORITIES, *waiting]):
            self._of["queued"].labels(priority).set(waiting.get(priority, 0))
        self._of["in_flight"].set(in_flight)
        self._of["connections"].set(connections)
        self._of["log_up"].set(0 if services.tail.fault else 1)
        return generate_latest(self._registry)

    def observe(self, event: Arrived) -> None:
        """Count an event of the log. Results that were made offline say what their makers like, and cost
        nothing here: they are not counted."""
        if event.name == "ResultDelivered":
            status = event.data.get("delivery_status") or {}
            self._of["deliveries"].labels(str(status.get("sink")), str(status.get("status"))).inc()
        elif event.name == "ProcessingCompleted":
            metadata = event.result.get("metadata") or {}
            if metadata.get("origin") != "offline":
                self._done(event.result, metadata.get("timings") or {})

    def _done(self, result: dict[str, Any], timings: dict[str, Any]) -> None:
        extracted = result.get("extractedData") or {}
        kind = extracted.get("documentType") or "unknown"
        labels = (kind if kind in self._document_types or kind == "unknown" else "other", result["status"])
        self._of["documents"].labels(*labels).inc()
        self._of["pages"].labels(*labels).inc(extracted.get("pages") or 0)
        if result.get("error"):
            code = result["error"].get("code")
            self._of["failures"].labels(code if code in STATUS else "other").inc()
        for name, stage in _STAGES.items():
            value = timings.get(name)
            if isinstance(value, int | float):
                self._of["latency"].labels(stage).observe(value / 1000)
