"""Receivers of other people's making: the public JavaScript library, expired certificates, slow answers."""

from __future__ import annotations

import base64
import json
import shutil
import socket
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import yaml
from support.certificates import Authority
from support.job import JobFolder
from support.node import modules_with, node
from support.receiver import Receiver

from neuraldocflow.events import ResultDelivered, decode
from neuraldocflow.log import DEAD_LETTERS, PROCESSING_EVENTS, EmbeddedLog

OLD, NEW, WRONG = ("whsec_" + base64.b64encode(each * 32).decode() for each in (b"o", b"n", b"w"))
SCRIPT = Path(__file__).parents[2] / "support" / "receiver.mjs"


def job_with(root: Path, *urls: str, timeout_ms: int = 20_000) -> JobFolder:
    """A job that posts results, signed with a new secret and the old one, and tries twice."""
    job = JobFolder(root)
    for name, secret in (("new", NEW), ("old", OLD)):
        (root / name).write_text(secret)
    retry = {"max_retries": 1, "backoff_strategy": "fixed", "initial_delay_ms": 100}
    shared = {"secrets": [{"file": str(root / name)} for name in ("new", "old")], "retry_config": retry}
    endpoints = [{"url": url, "events": ["completion"], "timeout_ms": timeout_ms, **shared} for url in urls]
    webhooks = {"endpoints": endpoints, "allow_private_networks": ["127.0.0.0/8"]}
    config = yaml.safe_load((root / "job.yaml").read_text())
    config["processing_pipeline"] = {"output_streams": [{"type": "webhook", "config": webhooks}]}
    (root / "job.yaml").write_text(yaml.safe_dump(config))
    return job


def ended(job: JobFolder) -> Counter[tuple[str, str]]:
    """How many deliveries to each target ended how."""
    with EmbeddedLog(job.root / ".neuraldocflow" / "log.db") as log:
        events = [
            decode(record.value)
            for partition in log.partitions(PROCESSING_EVENTS)
            for record in log.read(PROCESSING_EVENTS, partition, 0)
        ]
    statuses = [each.delivery_status for each in events if isinstance(each, ResultDelivered)]
    return Counter((each.target, each.status) for each in statuses)


def reasons(job: JobFolder) -> set[str]:
    """Why deliveries were given up."""
    with EmbeddedLog(job.root / ".neuraldocflow" / "log.db") as log:
        return {
            record.headers["reason"]
            for partition in log.partitions(DEAD_LETTERS)
            for record in log.read(DEAD_LETTERS, partition, 0)
        }


@contextmanager
def in_node(folder: Path, secret: str) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """A receiver in Node that knows a secret; its URL, and what it has told when the context has ended."""
    folder.mkdir()
    (folder / "node_modules").symlink_to(modules_with("standardwebhooks", "1.1.1"))
    shutil.copy(SCRIPT, folder)
    told: list[dict[str, str]] = []
    with subprocess.Popen(
        [*node(), str(folder / SCRIPT.name), secret], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/hook", told
        finally:
            process.terminate()
            told.extend(json.loads(line) for line in process.stdout)


def test_the_public_javascript_library_verifies_either_secret_and_refuses_others(tmp_path: Path) -> None:
    with (
        in_node(tmp_path / "a", NEW) as (new, by_new),
        in_node(tmp_path / "b", OLD) as (old, by_old),
        in_node(tmp_path / "c", WRONG) as (wrong, by_wrong),
    ):
        root = tmp_path / "job"
        root.mkdir()
        job = job_with(root, new, old, wrong)
        job.letters(4)
        (job.inbox / "ümlaut é.html").write_text("<h1>Größe: 5 µm — “quoted”</h1>")
        job.run_once()
    for told in (by_new, by_old):
        assert len({each["id"] for each in told}) == 5
        assert {each["type"] for each in told} == {"neuraldocflow.ProcessingCompleted.v1"}
        assert all(each["id"] == each["event"] for each in told)
    assert len(by_wrong) == 5
    assert all("refused" in each for each in by_wrong)
    assert ended(job) == {(new, "delivered"): 5, (old, "delivered"): 5, (wrong, "failed"): 5}


def test_a_certificate_that_has_expired_is_not_accepted_whoever_vouches_for_it(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "authority")
    valid = authority.server("valid", "20200101000000Z", "20991231235959Z")
    expired = authority.server("expired", "20200101000000Z", "20210101000000Z")
    root = tmp_path / "job"
    root.mkdir()
    with Receiver(ssl=valid) as good, Receiver(ssl=expired) as old:
        job = job_with(root, good.url("hook"), old.url("hook"))
        job.environment["SSL_CERT_FILE"] = str(authority.certificate)
        job.letters(2)
        job.run_once()
        assert len(good.bodies("hook")) == 2
        assert old.seen == []
    assert ended(job) == {(good.url("hook"), "delivered"): 2, (old.url("hook"), "failed"): 2}
    (reason,) = {each.partition(" (attempt")[0] for each in reasons(job)}
    assert reason.endswith("its certificate is not valid")


def test_a_receiver_that_never_ends_its_headers_is_given_up_and_costs_the_others_nothing(
    tmp_path: Path,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, Receiver() as good:
        stop = threading.Event()

        def drip(client: socket.socket) -> None:
            with client, suppress(OSError):
                client.sendall(b"HTTP/1.1 200 OK\r\nX: ")
                while not stop.wait(0.1):
                    client.sendall(b"x")

        def accept() -> None:
            with suppress(OSError):
                while True:
                    threading.Thread(target=drip, args=(listener.accept()[0],), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        slow = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        job = job_with(tmp_path, slow, good.url("hook"), timeout_ms=3000)
        job.letters(3)
        job.run_once()
        stop.set()
    assert ended(job) == {(slow, "failed"): 3, (good.url("hook"), "delivered"): 3}
    assert {each.partition(" (attempt")[0] for each in reasons(job)} == {
        f"webhook: {slow}: no answer within 3 s"
    }
