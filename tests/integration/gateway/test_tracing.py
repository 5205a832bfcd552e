"""Traces as a collector receives them, and what the dataflow's processes tell Prometheus."""

from __future__ import annotations

import threading
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from support.gateway import Gateway, letter
from support.servers.serving import free_port
from support.topics import wait_for

pytestmark = pytest.mark.servers


class Collector:
    """Takes OTLP over HTTP."""

    def __init__(self) -> None:
        self.spans: list[Any] = []
        taken = self.spans

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                request = ExportTraceServiceRequest.FromString(body)
                for resource in request.resource_spans:
                    for scope in resource.scope_spans:
                        taken.extend(scope.spans)
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture
def collector() -> Iterator[Collector]:
    found = Collector()
    yield found
    found.server.shutdown()
    found.server.server_close()


def test_a_job_is_a_trace_with_its_stages_and_the_metrics_of_its_process_are_served(
    tmp_path: Path, collector: Collector
) -> None:
    port = free_port()
    gateway = Gateway(tmp_path / "service", runtime={"metrics": {"port": port}})
    gateway.folder.environment = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint,
        "OTEL_BSP_SCHEDULE_DELAY": "200",
    }
    with gateway:
        body = urllib.request.Request(
            f"{gateway.url}/api/v1/documents?filename=one.html",
            data=letter(1),
            headers={"Authorization": f"Bearer {gateway.local_key}", "Content-Type": "text/html"},
        )
        with urllib.request.urlopen(body, timeout=30) as answer:
            assert answer.status == 202
        wait_for(lambda: any(span.name == "document" for span in collector.spans), 60)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
            told = answer.read().decode()
    (document,) = (span for span in collector.spans if span.name == "document")
    stages = [span for span in collector.spans if span.parent_span_id == document.span_id]
    assert {"reading", "fields"} <= {span.name for span in stages}
    assert {span.trace_id for span in stages} == {document.trace_id}
    for span in stages:
        assert document.start_time_unix_nano <= span.start_time_unix_nano
        assert span.end_time_unix_nano <= document.end_time_unix_nano
    attributes = {each.key: each.value.string_value for each in document.attributes}
    assert attributes["neuraldocflow.status"] in ("completed", "partial")
    assert "Letter" not in str(collector.spans)
    assert "neuraldocflow_agents 2.0" in told
    assert 'neuraldocflow_swarm_decisions_total{event="started",reason="wanted"}' in told
    assert 'neuraldocflow_heartbeat_age_seconds{worker="0.0"}' in told
    assert "neuraldocflow_frontier_epoch " in told
    assert 'neuraldocflow_source_lag{partition="0",topic="document-stream"}' in told
