"""Traces as a collector receives them, and what the dataflow's processes tell Prometheus."""

from __future__ import annotations

import asyncio
import base64
import json
import threading
import urllib.request
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from support.gateway import Gateway, Talk, close_code, letter
from support.servers.serving import free_port, listens
from support.topics import wait_for

from neuraldocflow import config
from neuraldocflow.gateway.share import Share, share_of
from neuraldocflow.log import open_log

pytestmark = pytest.mark.servers


class Collector:
    """Takes OTLP over HTTP."""

    def __init__(self) -> None:
        self.spans: list[Any] = []
        taken = self.spans

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.path == "/v1/traces":  # else it is the webhook of a result
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


def test_a_job_is_a_trace_with_its_stages_told_once_and_the_metrics_of_its_process_are_served(
    tmp_path: Path, collector: Collector
) -> None:
    port = free_port()
    webhook = {"endpoints": [{"url": collector.endpoint}], "allow_private_networks": ["127.0.0.0/8"]}
    outputs = {"output_streams": [{"type": "webhook", "config": webhook}]}
    gateway = Gateway(tmp_path / "service", runtime={"metrics": {"port": port}}, processing_pipeline=outputs)
    state = {"state_directory": str(tmp_path / "service" / ".neuraldocflow")}
    other = Gateway(tmp_path / "other", with_job=False, runtime=state)
    for each in (gateway, other):
        each.folder.environment = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint,
            "OTEL_BSP_SCHEDULE_DELAY": "200",
        }

    def named(name: str) -> list[Any]:
        return [span for span in collector.spans if span.name == name]

    with gateway, other:
        body = urllib.request.Request(
            f"{gateway.url}/api/v1/documents?filename=one.html",
            data=letter(1),
            headers={"Authorization": f"Bearer {gateway.local_key}", "Content-Type": "text/html"},
        )
        with urllib.request.urlopen(body, timeout=30) as answer:
            assert answer.status == 202
        wait_for(lambda: bool(named("document") and named("receive") and named("delivery")), 60)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
            told = answer.read().decode()
    (document,), (receipt,) = named("document"), named("receive")
    assert len({span.span_id for span in collector.spans}) == len(collector.spans)
    assert document.start_time_unix_nano // 10**6 == receipt.start_time_unix_nano // 10**6
    assert receipt.start_time_unix_nano < receipt.end_time_unix_nano <= document.end_time_unix_nano
    for delivery in named("delivery"):
        assert document.end_time_unix_nano // 10**6 <= delivery.start_time_unix_nano // 10**6
        assert delivery.start_time_unix_nano < delivery.end_time_unix_nano
    within = [span for span in collector.spans if span.parent_span_id == document.span_id]
    assert {"receive", "queued", "reading", "fields", "delivery"} <= {span.name for span in within}
    assert {span.trace_id for span in within} == {document.trace_id}
    for span in within:
        if span.name != "delivery":
            assert document.start_time_unix_nano // 10**6 <= span.start_time_unix_nano // 10**6
            assert span.end_time_unix_nano <= document.end_time_unix_nano
    attributes = {each.key: each.value.string_value for each in document.attributes}
    assert attributes["neuraldocflow.status"] in ("completed", "partial")
    assert "Letter" not in str(collector.spans)
    assert "neuraldocflow_agents 2.0" in told
    assert 'neuraldocflow_swarm_decisions_total{event="started",reason="wanted"}' in told
    assert 'neuraldocflow_heartbeat_age_seconds{worker="0.0"}' in told
    assert "neuraldocflow_frontier_epoch " in told
    assert 'neuraldocflow_source_lag{partition="0",topic="document-stream"}' in told


def test_of_several_gateways_each_has_its_share_of_the_partitions(kafka: str, tmp_path: Path) -> None:
    log = {"kafka": {"bootstrap_servers": kafka, "topic_prefix": f"{uuid.uuid4().hex[:10]}."}}
    runtime = config.parse(yaml.safe_dump({"runtime": {"log": log}})).runtime
    runtime = runtime.model_copy(update={"state_directory": tmp_path})
    open_log(runtime).close()

    def parts(share: Share) -> set[int]:
        return {partition for partition in range(4) if share.has(partition)}

    one = share_of(runtime, "traces")
    wait_for(lambda: parts(one) == {0, 1, 2, 3}, 60)
    other = share_of(runtime, "traces")
    wait_for(lambda: bool(parts(other)) and parts(one) | parts(other) == {0, 1, 2, 3}, 60)
    assert not parts(one) & parts(other)
    one.close()
    wait_for(lambda: parts(other) == {0, 1, 2, 3}, 60)
    other.close()


def test_on_one_machine_it_is_whoever_has_the_lock(tmp_path: Path) -> None:
    runtime = config.parse("{}").runtime.model_copy(update={"state_directory": tmp_path})
    one, other = share_of(runtime, "traces"), share_of(runtime, "traces")
    assert one.has(3)
    assert not other.has(3)
    one.close()
    wait_for(lambda: other.has(3), 30)
    other.close()


def test_lines_of_the_log_for_machines_name_the_job_they_are_about_and_nothing_that_is_private(
    tmp_path: Path,
) -> None:
    gateway = Gateway(tmp_path, with_job=False)
    gateway.folder.environment = {"NEURALDOCFLOW_LOG_FORMAT": "json"}
    gateway.process = gateway.folder.start("-v", "gateway", "-q", "-c", "job.yaml")
    wait_for(lambda: listens(gateway.port), 60)
    text = gateway.key()
    key = {"Authorization": f"Bearer {text}", "Content-Type": "text/html"}
    address = f"{gateway.url}/api/v1/documents?filename=lindqvist.html"
    body = urllib.request.Request(address, data=letter(1), headers=key)
    with urllib.request.urlopen(body, timeout=60) as answer:
        job = json.load(answer)["job_id"]

    async def over_socket() -> None:
        async with gateway.stream(text) as socket:
            content = base64.b64encode(letter(2)).decode()
            document = {"source": "base64", "content": content, "filename": "lindqvist.html"}
            assert (await Talk(socket).ask("process_document", document=document))["type"] == "response"
        async with gateway.stream(f"{text}-mistyped") as socket:
            assert await close_code(socket) == 4401

    asyncio.run(over_socket())
    cancelling = urllib.request.Request(f"{gateway.url}/api/v1/jobs/{job}", headers=key, method="DELETE")
    urllib.request.urlopen(cancelling, timeout=60).close()
    told = gateway.stop()
    for private in (
        text,
        text.rsplit("_", 1)[1],
        "lindqvist",
        "Letter",
        base64.b64encode(letter(2)).decode()[:40],
    ):
        assert private not in told
    lines = [json.loads(line) for line in told.splitlines()]
    of_job = [line["message"] for line in lines if line.get("job") == job]
    assert len(of_job) == 2
    assert of_job[0].startswith("taken from rest")
    assert of_job[1] == "asked to be cancelled"
