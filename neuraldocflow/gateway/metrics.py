"""Prometheus metrics: what the log tells of the job, and what this process does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from neuraldocflow.gateway.jobs import Arrived
from neuraldocflow.gateway.services import Services

if TYPE_CHECKING:
    from neuraldocflow.gateway.relay import Relay

_SECONDS = (0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
_STAGES = {"queuedMs": "queued", "readMs": "reading", "tablesMs": "tables", "fieldsMs": "fields"}
_STAGES |= {"validateMs": "validating", "totalMs": "total"}


def declared(registry: CollectorRegistry) -> dict[str, Any]:
    """Every metric there is, by a short name of ours."""
    return {
        "documents": Counter(
            "neuraldocflow_documents", "Documents done", ("document_type", "status"), registry=registry
        ),
        "pages": Counter("neuraldocflow_pages", "Pages read", ("document_type",), registry=registry),
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
    """One process' metrics; counters begin with the process, and count what its tail has seen since."""

    def __init__(self, services: Services, relay: Relay) -> None:
        self._services = services
        self._relay = relay
        self._registry = CollectorRegistry()
        self._of = declared(self._registry)
        services.hub.observers.append(self._count)

    def render(self) -> bytes:
        """The text format."""
        self._of["queued"].clear()
        waiting, in_flight = self._services.jobs.depths()
        for priority, count in waiting.items():
            self._of["queued"].labels(priority).set(count)
        self._of["in_flight"].set(in_flight)
        self._of["connections"].set(len(self._relay.all_connections))
        self._of["log_up"].set(0 if self._services.tail.fault else 1)
        return generate_latest(self._registry)

    def _count(self, event: Arrived) -> None:
        if event.name == "ResultDelivered":
            status = event.data.get("delivery_status") or {}
            self._of["deliveries"].labels(str(status.get("sink")), str(status.get("status"))).inc()
        elif event.name == "ProcessingCompleted":
            result = event.data["result"]
            extracted, metadata = result.get("extractedData") or {}, result.get("metadata") or {}
            kind = str(extracted.get("documentType") or "unknown")
            self._of["documents"].labels(kind, str(result["status"])).inc()
            self._of["pages"].labels(kind).inc(extracted.get("pages") or 0)
            if result.get("error"):
                self._of["failures"].labels(str(result["error"].get("code"))).inc()
            for name, stage in _STAGES.items():
                value = (metadata.get("timings") or {}).get(name)
                if isinstance(value, int | float):
                    self._of["latency"].labels(stage).observe(value / 1000)
