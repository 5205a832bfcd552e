"""Webhooks sent by a real job to real receivers of every kind."""

from __future__ import annotations

import asyncio
import base64
import json
import signal
import ssl
import subprocess
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp import web
from standardwebhooks.webhooks import Webhook
from support.command import neuraldocflow
from support.job import JobFolder
from support.receiver import Receiver
from support.servers.serving import free_port
from support.topics import wait_for

from neuraldocflow.job.recovery import Recovery

SECRET = "whsec_" + base64.b64encode(b"s" * 32).decode()


def job_with(root: Path, *endpoints: dict[str, Any], private: bool = True) -> JobFolder:
    """A job whose only output beside files are webhooks, signed, with short pauses."""
    job = JobFolder(root)
    (root / "secret").write_text(SECRET)
    shared = {"secrets": [{"file": str(root / "secret")}], "timeout_ms": 20_000}
    retries = {"max_retries": 3, "backoff_strategy": "fixed", "initial_delay_ms": 200}
    config = yaml.safe_load((root / "job.yaml").read_text())
    webhooks = {
        "endpoints": [{**shared, "retry_config": retries, **each} for each in endpoints],
        "allow_private_networks": ["127.0.0.0/8"] if private else [],
    }
    outputs = [{"type": "files", "config": {}}, {"type": "webhook", "config": webhooks}]
    config["processing_pipeline"] = {"output_streams": outputs}
    (root / "job.yaml").write_text(yaml.safe_dump(config))
    return job


def told(job: JobFolder, topic: str) -> list[dict[str, Any]]:
    shown = ("--from-beginning", "--no-follow", "--json")
    done = neuraldocflow("tail", topic, "-c", "job.yaml", *shown, folder=job.root)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def delivered(job: JobFolder) -> list[tuple[str, str, int]]:
    """Target, status and attempts of every ResultDelivered event, once each."""
    found = {
        each["ce_id"]: each["delivery_status"]
        for each in told(job, "events")
        if each["name"] == "ResultDelivered"
    }
    return sorted((one["target"], one["status"], one["attempts"]) for one in found.values())


def test_results_and_failures_arrive_signed_and_each_delivery_is_told(tmp_path: Path) -> None:
    with Receiver() as receiver:
        job = job_with(
            tmp_path,
            {"url": receiver.url("all"), "events": ["all"]},
            {"url": receiver.url("done"), "events": ["completion"]},
            {"url": receiver.url("failed"), "events": ["error"]},
        )
        names = job.letters(5)
        (job.inbox / "broken.pdf").write_bytes(b"%PDF-1.4 nothing more")
        job.run_once()
        done = [json.loads(body) for body in receiver.bodies("done")]
        assert {each["data"]["result"]["metadata"]["filename"] for each in done} == names
        for data in (each["data"] for each in done):
            assert data["performance_metrics"] == data["result"]["metadata"]["timings"]
            assert data["performance_metrics"]["totalMs"] > 0
        assert {each["type"] for each in done} == {"neuraldocflow.ProcessingCompleted.v1"}
        (failed,) = [json.loads(body) for body in receiver.bodies("failed")]
        assert failed["type"] == "neuraldocflow.ProcessingFailed.v1"
        everything = [json.loads(body) for body in receiver.bodies("all")]
        of_one = [each["type"].split(".")[1] for each in everything if each["subject"] == done[0]["subject"]]
        assert of_one[0] == "DocumentReceived"
        assert of_one[-1] == "ProcessingCompleted"
        for headers, body in zip(receiver.headers("all"), receiver.bodies("all"), strict=True):
            small = {name.lower(): value for name, value in headers.items()}
            Webhook(SECRET).verify(body, small)
            assert small["webhook-id"] == json.loads(body)["id"]
        assert delivered(job).count((receiver.url("done"), "delivered", 1)) == 5
        assert not list((job.root / ".neuraldocflow" / "work" / "webhooks").rglob("*-*"))


def test_at_the_end_of_a_batch_documents_are_tried_again_beside_each_other(tmp_path: Path) -> None:
    tries: Counter[str] = Counter()

    async def at_the_third_try(request: web.Request) -> web.Response:
        message = request.headers["webhook-id"]
        tries[message] += 1
        return web.Response(status=204 if tries[message] == 3 else 503)

    with Receiver(late=at_the_third_try) as receiver:
        retries = {"max_retries": 3, "backoff_strategy": "fixed", "initial_delay_ms": 1000}
        job = job_with(
            tmp_path, {"url": receiver.url("late"), "events": ["completion"], "retry_config": retries}
        )
        job.letters(2)
        job.run_once()
        asked = [headers["webhook-id"] for headers in receiver.headers("late")]
    assert sorted(Counter(asked).values()) == [3, 3]
    # the circuit opens at five failures in a row: four come before any third try
    assert sorted(Counter(asked[:4]).values()) == [2, 2]


def test_each_way_to_fail_has_its_consequence_and_costs_the_others_nothing(tmp_path: Path) -> None:
    answers: dict[str, int] = {}

    def answering(name: str, *statuses: int, **headers: str) -> Any:
        async def handler(_: web.Request) -> web.Response:
            number = answers[name] = answers.get(name, 0) + 1
            return web.Response(status=statuses[min(number, len(statuses)) - 1], headers=headers)

        return handler

    async def hanging(_: web.Request) -> web.Response:
        await asyncio.sleep(30)
        return web.Response()

    async def dripping(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "100"})
        await response.prepare(request)
        for _ in range(100):
            await response.write(b".")
            await asyncio.sleep(0.5)
        return response

    async def silent(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await asyncio.sleep(30)
        return response

    async def broken(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "100"})
        await response.prepare(request)
        assert request.transport is not None
        request.transport.close()
        return response

    handlers = {
        "later": answering("later", 503, 500, 204),
        "limited": answering("limited", 429, 204, **{"Retry-After": "1"}),
        "gone": answering("gone", 410),
        "wrong": answering("wrong", 422),
        "moved": answering("moved", 302, Location="http://127.0.0.1:1/"),
        "hanging": hanging,
        "dripping": dripping,
        "silent": silent,
        "broken": broken,
    }
    with Receiver(**handlers) as receiver:
        refusing = f"http://127.0.0.1:{free_port()}/"
        urls = [receiver.url(name) for name in handlers] + [receiver.url("good"), refusing]
        short = {receiver.url(name): {"timeout_ms": 1000} for name in ("hanging", "silent")}
        job = job_with(
            tmp_path, *({"url": url, "events": ["completion"], **short.get(url, {})} for url in urls)
        )
        job.letters(1)
        job.run_once()
        assert len(receiver.bodies("good")) == 1
        expected = {
            "good": ("delivered", 1),
            "later": ("delivered", 3),
            "limited": ("delivered", 2),
            "gone": ("disabled", 1),
            "wrong": ("failed", 1),
            "moved": ("failed", 1),
            "hanging": ("failed", 4),
            "dripping": ("delivered", 1),
            "silent": ("delivered", 1),
            "broken": ("delivered", 1),
        }
        assert delivered(job) == sorted(
            [(receiver.url(name), *how) for name, how in expected.items()] + [(refusing, "failed", 4)]
        )
        reasons = {each["reason"].split(": ", 2)[1]: each["reason"] for each in told(job, "dead-letters")}
        assert set(reasons) == {
            refusing,
            *(receiver.url(name) for name in ("gone", "wrong", "moved", "hanging")),
        }
        assert "no answer within 1 s" in reasons[receiver.url("hanging")]
        assert "connection refused" in reasons[refusing]


def test_private_addresses_are_refused_unless_they_are_allowed(tmp_path: Path) -> None:
    with Receiver() as receiver:
        named = receiver.url("hook").replace("127.0.0.1", "localhost")
        job = job_with(tmp_path, {"url": receiver.url("hook")}, {"url": named}, private=False)
        job.letters(1)
        job.run_once()
        assert receiver.seen == []
        assert delivered(job) == [(receiver.url("hook"), "failed", 1), (named, "failed", 1)]
        assert all("private" in each["reason"] for each in told(job, "dead-letters"))


def test_a_certificate_that_nobody_vouches_for_is_not_accepted(tmp_path: Path) -> None:
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1"]
    command += ["-keyout", str(key), "-out", str(certificate), "-days", "1"]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with Receiver(ssl=context) as receiver:
        job = job_with(tmp_path, {"url": receiver.url("hook"), "retry_config": {"max_retries": 0}})
        job.letters(1)
        job.run_once()
        assert receiver.seen == []
        assert "certificate" in told(job, "dead-letters")[0]["reason"]


def test_deliveries_survive_kill_9_of_the_job(tmp_path: Path) -> None:
    port = free_port()
    job = job_with(
        tmp_path,
        {
            "url": f"http://127.0.0.1:{port}/hook",
            "events": ["completion"],
            "retry_config": {"max_retries": 100, "backoff_strategy": "fixed", "initial_delay_ms": 300},
        },
    )
    names = job.letters(20)
    process = job.start("run", "-c", "job.yaml")
    bodies_kept = tmp_path / ".neuraldocflow" / "work" / "webhooks"
    wait_for(lambda: len(list(job.results.glob("*.json"))) == 20 and len(list(bodies_kept.iterdir())) >= 20)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert len(list(bodies_kept.iterdir())) >= 20
    for left in ("of-an-epoch-that-was-undone", ".writing-half"):
        (bodies_kept / left).write_text("a patient's")
    with Receiver(port) as receiver:
        job.run_once()
        bodies = [json.loads(body) for body in receiver.bodies("hook")]
        assert {each["data"]["result"]["metadata"]["filename"] for each in bodies} == names
    assert list(bodies_kept.iterdir()) == []


def test_after_a_kill_and_another_configuration_each_delivery_goes_to_its_own_endpoint_or_is_told(
    tmp_path: Path,
) -> None:
    """The job dies with everything undelivered; then an output is put before, one endpoint is gone, and the
    rest have changed their places."""
    port, gone = free_port(), f"http://127.0.0.1:{free_port()}/gone"
    urls = [f"http://127.0.0.1:{port}/{name}" for name in ("one", "two")]
    retries = {"max_retries": 100, "backoff_strategy": "fixed", "initial_delay_ms": 300}
    endpoint = {"events": ["completion"], "retry_config": retries}
    job = job_with(tmp_path, *({"url": url, **endpoint} for url in (gone, *urls)))
    names = killed_with_all_undelivered(job, 5)
    config = yaml.safe_load((tmp_path / "job.yaml").read_text())
    files, webhooks = config["processing_pipeline"]["output_streams"]
    _, one, two = webhooks["config"]["endpoints"]
    new = {**one, "url": f"http://127.0.0.1:{port}/new"}
    webhooks["config"]["endpoints"] = [new, two, one]
    config["processing_pipeline"]["output_streams"] = [{"type": "parquet", "config": {}}, webhooks, files]
    (tmp_path / "job.yaml").write_text(yaml.safe_dump(config))
    with Receiver(port) as receiver:
        job.run_once()
        for path in ("one", "two"):
            bodies = [json.loads(body) for body in receiver.bodies(path)]
            assert {each["data"]["result"]["metadata"]["filename"] for each in bodies} == names
        assert not receiver.bodies("new")  # what was there before is not told to who came later
    dead = told(job, "dead-letters")
    assert {each["code"] for each in dead} == {"webhook_removed"}
    assert {each["target"] for each in dead} == {gone}
    assert {each["result"]["metadata"]["filename"] for each in dead} == names
    assert Counter(status for _, status, _ in delivered(job))["failed"] == 5
    assert not list((tmp_path / ".neuraldocflow" / "work" / "webhooks").iterdir())


def test_what_waits_when_no_webhooks_are_configured_any_more_is_told(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}/gone"
    retries = {"max_retries": 100, "backoff_strategy": "fixed", "initial_delay_ms": 300}
    job = job_with(tmp_path, {"url": url, "events": ["completion"], "retry_config": retries})
    killed_with_all_undelivered(job, 1)
    job.configure()
    job.run_once()
    (letter,) = told(job, "dead-letters")
    assert (letter["code"], letter["target"]) == ("webhook_removed", url)


def killed_with_all_undelivered(job: JobFolder, count: int) -> set[str]:
    """A job that is killed when the results of letters are durable and no webhook has been told of any."""
    names = job.letters(count)
    process = job.start("run", "-c", "job.yaml")
    with closing(Recovery(job.root / ".neuraldocflow" / "recovery")) as recovery:
        wait_for(lambda: len(recovery.states("documents.webhooks")) == count, 60)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return names


def test_an_endpoint_can_be_tried_by_hand(tmp_path: Path) -> None:
    def command(*arguments: str) -> subprocess.CompletedProcess[str]:
        return neuraldocflow("webhooks", "test", *arguments, folder=tmp_path)

    with Receiver() as receiver:
        good = command(receiver.url("hook"), "--secret", SECRET, "--allow-private")
        assert good.returncode == 0, good.stderr
        assert good.stdout.startswith("delivered: HTTP 204")
        (headers,), (body,) = receiver.headers("hook"), receiver.bodies("hook")
        Webhook(SECRET).verify(body, {name.lower(): value for name, value in headers.items()})
        refused = command(receiver.url("hook"))
        assert refused.returncode == 1
        assert "private" in refused.stdout
        assert "not signed" not in good.stdout
        assert "not signed" in command(receiver.url("hook"), "--secret", "", "--allow-private").stdout


@pytest.mark.parametrize("network", ["10.0.0.0/99", "here"])
def test_a_network_that_is_none_is_told_at_the_start(tmp_path: Path, network: str) -> None:
    job = job_with(tmp_path, {"url": "https://example.com/"})
    text = (tmp_path / "job.yaml").read_text().replace("127.0.0.0/8", network)
    (tmp_path / "job.yaml").write_text(text)
    process = job.start("run", "--once", "-c", "job.yaml")
    printed, _ = process.communicate(timeout=60)
    assert process.returncode == 2
    assert network in printed
