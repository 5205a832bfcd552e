"""Traces of which only some are wanted (``OTEL_TRACES_SAMPLER``)."""

from __future__ import annotations

import time
from collections import defaultdict
from pathlib import Path

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from neuraldocflow.events import DocumentSource, NewDocument
from neuraldocflow.gateway.arrivals import Arrived
from neuraldocflow.gateway.jobs import Jobs
from neuraldocflow.gateway.tracing import Tracing
from neuraldocflow.log import PROCESSING_RESULTS, Record

DONE = {
    "result": {"status": "completed", "metadata": {"timings": {"queuedMs": 5, "readMs": 9, "totalMs": 9}}}
}


class All:
    """The only gateway there is."""

    def has(self, partition: int) -> bool:
        return True

    def close(self) -> None:
        pass


@pytest.mark.parametrize(
    ("sampler", "least", "most"), [("parentbased_traceidratio", 1, 39), ("parentbased_always_off", 0, 0)]
)
def test_a_trace_is_sent_whole_or_not_at_all(
    sampler: str, least: int, most: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", sampler)
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "0.5")
    exporter, jobs = InMemorySpanExporter(), Jobs(tmp_path / "jobs.db")
    tracing = Tracing(exporter, All(), jobs, 4)
    source = DocumentSource(kind="file", uri="file:///x.pdf", size=9, filename="x.pdf")
    for number in range(40):
        name = f"document-{number}"
        tracing.taken(NewDocument(id=name, source=source, source_name="rest"), time.time_ns())
        record = Record(PROCESSING_RESULTS, 0, number, name, b"", {}, 1)
        at = "2026-01-01T00:00:00Z"
        tracing.observe(Arrived(record, "ProcessingCompleted", name, name, 0, "default", at, DONE))
    tracing.close()
    jobs.close()
    traces: dict[int, list[str]] = defaultdict(list)
    for span in exporter.get_finished_spans():
        assert span.context is not None
        traces[span.context.trace_id].append(span.name)
    assert least <= len(traces) <= most
    assert all(sorted(names) == ["document", "queued", "reading", "receive"] for names in traces.values())
