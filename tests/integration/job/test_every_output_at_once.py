"""The specification's whole ``output_streams`` block in one job, on real servers that fail while it runs."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fsspec
import pyarrow.dataset as ds
import pytest
from aiohttp import web
from support.certificates import Authority
from support.command import neuraldocflow
from support.gateway import Gateway, Talk
from support.job import kill
from support.receiver import Receiver
from support.servers.kafka import KafkaServer
from support.servers.s3 import S3Server
from support.servers.serving import free_port
from support.topics import Topics, wait_for
from support.unreliable import Unreliable, unreliable
from websockets.exceptions import ConnectionClosed

pytestmark = [pytest.mark.servers, pytest.mark.slow]

TOPIC, EVENTS = "processing-results", "document-events"


OUTAGE = 30.0
"""Seconds that the broker is away."""


class Moods:
    """A receiver's handlers: one hangs, fails and is limited by turns; the others have one fault each."""

    def __init__(self) -> None:
        self._asked = 0

    async def moody(self, _: web.Request) -> web.Response:
        self._asked += 1
        if self._asked % 60 == 7:
            await asyncio.sleep(30)
        if self._asked % 20 == 3:
            return web.Response(status=429, headers={"Retry-After": "1"})
        return web.Response(status=500 if self._asked % 20 == 13 else 204)

    async def gone(self, _: web.Request) -> web.Response:
        return web.Response(status=410)

    async def moved(self, _: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": "http://10.0.0.1/"})

    async def dripping(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "100"})
        await response.prepare(request)
        with contextlib.suppress(ConnectionError):  # nobody waits for all of it
            for _ in range(100):
                await response.write(b".")
                await asyncio.sleep(0.5)
        return response


class Listener:
    """A client of the relay in a thread: every event of its three channels, as it comes."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._loop = asyncio.new_event_loop()
        self.events: list[tuple[str, str, dict[str, Any]]] = []
        """Channel, event id and data."""
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Listener:
        self._thread.start()
        assert self._ready.wait(30)
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join(30)

    def _run(self) -> None:
        asyncio.run(self._listen())

    async def _listen(self) -> None:
        async with self._gateway.stream() as socket:
            talk = Talk(socket)
            for channel in ("results", "notifications", "progress"):
                await talk.ask("subscribe_channel", channel=channel)
            assert not talk.events
            self._ready.set()
            with contextlib.suppress(ConnectionClosed):  # the gateway ends before we do
                async for raw in socket:
                    message = json.loads(raw)
                    payload = message["payload"]
                    self.events.append((payload["channel"], message["id"], payload["data"]))

    def jobs(self, channel: str) -> list[str]:
        return [data["jobId"] for name, _, data in list(self.events) if name == channel]


@dataclass
class World:
    """What the job talks to."""

    broker: KafkaServer
    bucket: str
    storage: Unreliable
    """In front of the archive's S3."""
    receiver: Receiver
    secure: Receiver
    expired: Receiver
    """With a certificate of long ago."""
    late: Receiver
    """Not there yet."""

    def outputs(self) -> list[dict[str, Any]]:
        """The specification's block, with more endpoints than it has, and the archive and files beside it."""
        spec = {"max_retries": 3, "backoff_strategy": "exponential"}
        patient = {"max_retries": 12, "backoff_strategy": "fixed", "initial_delay_ms": 500}
        never = {"max_retries": 0}
        both = {"events": ["completion", "error"]}
        endpoints = [
            {"url": self.receiver.url("steady"), **both, "retry_config": spec},
            {"url": self.receiver.url("moody"), "retry_config": patient, "timeout_ms": 1000},
            {"url": f"http://127.0.0.1:{self.late.port}/late", "retry_config": patient},
            {"url": self.secure.url("secure"), "retry_config": patient},
            {"url": self.receiver.url("dripping"), "retry_config": patient, "timeout_ms": 1000},
            {"url": self.receiver.url("gone")},
            {"url": self.receiver.url("moved")},
            {"url": self.expired.url("expired"), "retry_config": never},
        ]
        shown = {"broadcast_progress": True, "result_channels": ["results", "notifications"]}
        topics = {"topic": TOPIC, "partition_key": "document_type", "events_topic": EVENTS}
        kafka = {**topics, "bootstrap_servers": self.broker.bootstrap_servers}
        allowed = ["127.0.0.0/8"]
        return [
            {"type": "websocket", "config": shown},
            {"type": "kafka", "config": kafka},
            {"type": "webhook", "config": {"endpoints": endpoints, "allow_private_networks": allowed}},
            {"type": "parquet", "config": {"url": f"s3://{self.bucket}/archive", "flush_interval_ms": 1000}},
            {"type": "files", "config": {}},
        ]

    def receivers(self) -> list[tuple[Receiver, str]]:
        """Those that get everything in the end."""
        found = [(self.receiver, path) for path in ("steady", "moody", "dripping")]
        return [*found, (self.late, "late"), (self.secure, "secure")]


ENDINGS = {
    **dict.fromkeys(("steady", "moody", "dripping", "late", "secure"), "delivered"),
    "gone": "disabled",
    **dict.fromkeys(("moved", "expired"), "failed"),
}
"""How each delivery to an endpoint ends."""


def told(root: Path, topic: str) -> list[dict[str, Any]]:
    """What ``tail`` shows of a topic: repeats are not among it."""
    shown = ("--from-beginning", "--no-follow", "--json")
    done = neuraldocflow("tail", topic, "-c", "job.yaml", *shown, folder=root)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def world(
    tmp_path: Path, broker: KafkaServer, s3: S3Server, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    authority, moods = Authority(tmp_path / "authority"), Moods()
    valid = authority.server("valid", "20200101000000Z", "20991231235959Z")
    expired = authority.server("expired", "20200101000000Z", "20210101000000Z")
    handlers = {name: getattr(moods, name) for name in ("moody", "gone", "moved", "dripping")}
    with (
        unreliable(s3.endpoint) as storage,
        Receiver(**handlers) as receiver,
        Receiver(ssl=valid) as secure,
        Receiver(ssl=expired) as old,
    ):
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", storage.endpoint)
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
        yield World(broker, bucket, storage, receiver, secure, old, Receiver(free_port()))


@pytest.mark.timeout(900)
def test_every_result_is_in_every_output_whatever_fails_and_repeats_are_dropped(
    tmp_path: Path, world: World
) -> None:
    root = tmp_path / "job"
    gateway = Gateway(
        root,
        with_job=False,
        stream_sources={
            "inbox": {"type": "filesystem", "config": {"watch_directories": ["inbox"], "debounce_ms": 0}}
        },
        processing_pipeline={"output_streams": world.outputs()},
    )
    folder = gateway.folder

    def finished() -> int:
        return len(list(folder.results.glob("*.json")))

    def restart_job() -> None:
        assert gateway.job is not None
        kill(gateway.job.pid)
        gateway.job.communicate(timeout=60)
        gateway.start_job()

    with gateway, Listener(gateway) as listener:
        gateway.start_job()
        names = folder.letters(50)
        wait_for(lambda: finished() >= 20, 120)
        world.broker.kill()
        names |= folder.letters(40, first=100)
        time.sleep(OUTAGE)
        world.broker.start()
        wait_for(lambda: finished() >= 60, 120)
        restart_job()
        world.storage.writes_left = 1  # of a flush's files
        names |= folder.letters(40, first=200)
        (folder.inbox / "broken.pdf").write_bytes(b"%PDF-1.4 nothing more")
        names.add("broken.pdf")
        wait_for(lambda: 503 in world.storage.answered, 120)
        restart_job()
        world.storage.writes_left = None
        wait_for(lambda: finished() >= len(names), 120)
        with world.late:
            wanted = len(names)
            for receiver, path in world.receivers():
                wait_for(lambda by=receiver, at=path: len(subjects(by, at)) >= wanted, 120)  # type: ignore[misc]
            wait_for(lambda: len(endings(root)) >= len(ENDINGS) * wanted, 120)
            wait_for(lambda: len(set(listener.jobs("results"))) >= wanted, 60)
            assert gateway.job is not None
            gateway.job.terminate()
            gateway.job.communicate(timeout=60)
        assert gateway.process is not None
        gateway.process.terminate()

    results = [json.loads(path.read_text()) for path in folder.results.glob("*.json")]
    ids = {each["jobId"] for each in results}
    once = Counter(ids)
    assert Counter(each["metadata"]["filename"] for each in results) == Counter(names)
    assert Counter(archived(world)) == once
    assert Counter(each["id"] for each in told(root, "results")) == once
    assert Counter(on_topic(world, TOPIC, "ProcessingCompleted")) == once
    assert set(on_topic(world, EVENTS, "DocumentReceived")) == ids
    assert Counter(on_topic(world, EVENTS, "ResultDelivered")) == Counter(dict.fromkeys(ids, len(ENDINGS)))
    for receiver, path in world.receivers():
        assert Counter(subjects(receiver, path).values()) == once, path
    ended = Counter((target.rpartition("/")[2], status) for target, status in endings(root))
    assert ended == dict.fromkeys(ENDINGS.items(), len(ids))
    assert not world.expired.seen
    letters = Counter(each["code"] for each in told(root, "dead-letters"))
    undelivered = ("webhook_gone", "webhook_refused", "webhook_exhausted")
    assert letters == dict.fromkeys(undelivered, len(ids)) | {"corrupt": 1}

    assert Counter(listener.jobs("results")) == once
    seen = [(channel, event) for channel, event, _ in listener.events]
    assert len(seen) == len(set(seen))
    assert set(listener.jobs("progress")) >= ids - {each["jobId"] for each in results if each["error"]}
    assert set(listener.jobs("notifications")) >= ids


def archived(world: World) -> list[str]:
    """The documents of the archive, one for each row."""
    filesystem, root = fsspec.core.url_to_fs(f"s3://{world.bucket}/archive/documents")
    filesystem.invalidate_cache()
    found = ds.dataset(root, filesystem=filesystem, format="parquet", partitioning="hive").to_table()
    listed: list[str] = found["document_id"].to_pylist()
    return listed


def on_topic(world: World, topic: str, kind: str) -> list[str]:
    """The documents of a topic's events of a kind; what has the same ``ce_id`` is one event."""
    found: dict[str, str] = {}
    for message in Topics(world.broker.bootstrap_servers).read(topic, 0):
        headers = {name: value.decode() for name, value in message.headers()}
        if headers["ce_type"] == f"neuraldocflow.{kind}.v1":
            assert found.setdefault(headers["ce_id"], headers["ce_subject"]) == headers["ce_subject"]
    return list(found.values())


def subjects(receiver: Receiver, path: str) -> dict[str, str]:
    """The documents a receiver was told of, by ``webhook-id``: what is sent again has the same."""
    found: dict[str, str] = {}
    for headers, body in zip(receiver.headers(path), receiver.bodies(path), strict=False):
        event = json.loads(body)
        assert headers["webhook-id"] == event["id"]
        assert found.setdefault(event["id"], event["subject"]) == event["subject"]
    return found


def endings(root: Path) -> list[tuple[str, str]]:
    """Target and status of how each delivery ended."""
    return [
        (each["delivery_status"]["target"], each["delivery_status"]["status"])
        for each in told(root, "events")
        if each["name"] == "ResultDelivered"
    ]
