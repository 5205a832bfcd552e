"""Traces: what the log tells of a job, as spans of one trace, for an OpenTelemetry collector.

A job's trace begins with its receipt and ends with its result; the receipt itself and the stages are spans
within it, and so are deliveries, each from the result to its end. The gateway that took a document tells of
its receipt; of the rest, one of the gateways on the log. Ids of traces follow from the job's, those of spans
from the events', so that all of it fits together. Nothing of a document is in them but size and type.

On where OTEL_EXPORTER_OTLP_ENDPOINT (or …_TRACES_ENDPOINT) is set; the variables of OpenTelemetry count.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections import OrderedDict
from datetime import datetime
from typing import Any

from neuraldocflow.config.model import RuntimeConfig
from neuraldocflow.errors import ConfigError
from neuraldocflow.events import NewDocument
from neuraldocflow.gateway.arrivals import DONE, Arrived
from neuraldocflow.gateway.jobs import Jobs
from neuraldocflow.gateway.share import Share, share_of
from neuraldocflow.identity import job_id
from neuraldocflow.log import partition_of

_SWITCHES = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_STAGES = {"queuedMs": "queued", "readMs": "reading", "tablesMs": "tables", "fieldsMs": "fields"}
_STAGES |= {"validateMs": "validating"}
"""In the order they happen."""
_MOST_EARLY = 10_000


def tracing(runtime: RuntimeConfig, jobs: Jobs, partitions: int) -> Tracing | None:
    """What makes spans; None where no collector is named. ``partitions`` are those of the results.

    Raises ConfigError without the library.
    """
    if not any(os.environ.get(name) for name in _SWITCHES):
        return None
    try:
        exporter = _exporter()
    except ImportError as error:
        raise ConfigError(
            f"{_SWITCHES[0]} is set, but OpenTelemetry is not installed: pip install 'neuraldocflow[otel]'"
        ) from error
    return Tracing(exporter, share_of(runtime, "traces"), jobs, partitions)


class Tracing:
    """An observer of the log's events, and of what is taken here."""

    def __init__(self, exporter: Any, share: Share, jobs: Jobs, partitions: int) -> None:
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        self._share, self._jobs, self._partitions = share, jobs, partitions
        self._early: OrderedDict[str, list[Arrived]] = OrderedDict()
        """Deliveries of results that have not been read yet: topics are read one by one."""
        self._ids = _ids_laid_ready()
        name = {"service.name": os.environ.get("OTEL_SERVICE_NAME", "neuraldocflow")}
        self._provider = TracerProvider(resource=Resource.create(name), id_generator=self._ids)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("neuraldocflow")

    def close(self) -> None:
        """Send what waits."""
        self._provider.shutdown()
        self._share.close()

    def taken(self, document: NewDocument, began: int) -> None:
        """A document was received by this gateway, from ``began`` (nanoseconds since 1970) to now."""
        job = job_id(document.id, document.run)
        about = {
            "neuraldocflow.job": job,
            "neuraldocflow.source": document.source_name,
            "neuraldocflow.bytes": document.source.size,
        }
        self._span(job, "receive", "receive", began, time.time_ns(), about, False)

    def observe(self, event: Arrived) -> None:
        """Make the spans that an event completes."""
        if event.name not in ("ProcessingCompleted", "ResultDelivered"):
            return
        if not self._share.has(partition_of(event.document, self._partitions)):
            return
        if event.name == "ProcessingCompleted":
            self._completed(event)
            for delivered in self._early.pop(event.job, ()):
                self._delivered(delivered, event.record.milliseconds)
            return
        row = self._jobs.get(event.job, None)
        if row is not None and row["status"] in DONE:
            self._delivered(event, row["updated_ms"])
            return
        self._early.setdefault(event.job, []).append(event)
        if len(self._early) > _MOST_EARLY:
            self._early.popitem(last=False)

    def _completed(self, event: Arrived) -> None:
        result = event.result
        metadata = result.get("metadata") or {}
        timings = metadata.get("timings") or {}
        end = _nanoseconds(event.time)
        begin = end - int(sum(float(timings.get(name) or 0) for name in ("queuedMs", "totalMs")) * 1e6)
        row = self._jobs.get(event.job, None)
        came = begin if row is None else (row["received_ms"] or row["created_ms"]) * 1_000_000
        about = {
            "neuraldocflow.job": event.job,
            "neuraldocflow.status": str(result.get("status")),
            "neuraldocflow.document_type": str((result.get("extractedData") or {}).get("documentType") or ""),
            "neuraldocflow.bytes": int(metadata.get("bytes") or 0),
        }
        if result.get("error"):
            about["error.type"] = str(result["error"].get("code"))
        self._span(event.job, "", "document", min(came, begin), end, about, bool(result.get("error")))
        at = begin
        for name, stage in _STAGES.items():
            took = timings.get(name)
            if isinstance(took, int | float):
                until = min(at + int(took * 1e6), end)
                self._span(event.job, stage, stage, at, until, {}, False)
                at = until

    def _delivered(self, event: Arrived, since: int) -> None:
        """A delivery, from when the result was there, in milliseconds since 1970."""
        told = event.data.get("delivery_status") or {}
        end = _nanoseconds(event.time)
        about = {
            "neuraldocflow.sink": str(told.get("sink")),
            "neuraldocflow.status": str(told.get("status")),
            "neuraldocflow.attempts": int(told.get("attempts") or 1),
        }
        failed = told.get("status") not in (None, "delivered")
        begin = min(since * 1_000_000, end)
        self._span(event.job, event.event_id, "delivery", begin, end, about, failed)

    def _span(
        self, job: str, key: str, name: str, begin: int, end: int, about: dict[str, Any], failed: bool
    ) -> None:
        """One span; the one without a ``key`` is the job's own, and the others' parent."""
        from opentelemetry.sdk.trace.sampling import Decision
        from opentelemetry.trace import (
            NonRecordingSpan,
            SpanContext,
            Status,
            StatusCode,
            TraceFlags,
            set_span_in_context,
        )

        trace, root = _number(job, 16), _number(f"{job}:", 8)
        self._ids.next = (trace, root if not key else _number(f"{job}:{key}", 8))
        # whoever sends the job's own span decides likewise: a sampler goes by the trace
        decision = self._provider.sampler.should_sample(None, trace, "document").decision
        sampled = decision is Decision.RECORD_AND_SAMPLE
        flags = TraceFlags(TraceFlags.SAMPLED if sampled else TraceFlags.DEFAULT)
        parent = SpanContext(trace, root, is_remote=True, trace_flags=flags)
        context = set_span_in_context(NonRecordingSpan(parent)) if key else None
        span = self._tracer.start_span(name, context=context, start_time=begin, attributes=about)
        if failed:
            span.set_status(Status(StatusCode.ERROR))
        span.end(end)


def _exporter() -> Any:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return OTLPSpanExporter()


def _ids_laid_ready() -> Any:
    """OpenTelemetry's generator of ids, which gives those in ``next``: of the trace, and of the span."""
    from opentelemetry.sdk.trace.id_generator import IdGenerator

    class Ids(IdGenerator):
        next = (1, 1)

        def generate_trace_id(self) -> int:
            return self.next[0]

        def generate_span_id(self) -> int:
            return self.next[1]

        def is_trace_id_random(self) -> bool:
            return False

    return Ids()


def _number(text: str, size: int) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=size).digest(), "big") or 1


def _nanoseconds(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1e9)
