"""The specification's whole ``output_streams`` block in one job, on real servers that fail while it runs."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pyarrow.dataset as ds
import pytest
from aiohttp import web
from support.gateway import Gateway, Talk
from support.job import kill
from support.receiver import Receiver
from support.servers.kafka import KafkaServer
from support.servers.serving import free_port
from support.topics import Topics, wait_for
from websockets.exceptions import ConnectionClosed

pytestmark = [pytest.mark.servers, pytest.mark.slow]

TOPIC = "processing-results"


class Moods:
    """A receiver's handlers: one hangs, fails and is limited by turns, the other is gone for good."""

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


def outputs(broker: KafkaServer, receiver: Receiver, refusing: int) -> list[dict[str, Any]]:
    """The specification's block, with more endpoints than it has, and the archive and files beside it."""
    patient = {"max_retries": 12, "backoff_strategy": "fixed", "initial_delay_ms": 500}
    steady = {"max_retries": 3, "backoff_strategy": "exponential"}
    endpoints = [
        {"url": receiver.url("steady"), "events": ["completion", "error"], "retry_config": steady},
        {"url": receiver.url("moody"), "retry_config": patient, "timeout_ms": 1000},
        {"url": f"http://127.0.0.1:{refusing}/late", "retry_config": patient},
        {"url": receiver.url("gone")},
    ]
    return [
        {
            "type": "websocket",
            "config": {"broadcast_progress": True, "result_channels": ["results", "notifications"]},
        },
        {
            "type": "kafka",
            "config": {
                "topic": TOPIC,
                "partition_key": "document_type",
                "bootstrap_servers": broker.bootstrap_servers,
            },
        },
        {"type": "webhook", "config": {"endpoints": endpoints, "allow_private_networks": ["127.0.0.0/8"]}},
        {"type": "parquet", "config": {"flush_interval_ms": 1000}},
        {"type": "files", "config": {}},
    ]


def told(root: Path, topic: str) -> list[dict[str, Any]]:
    """What ``tail`` shows of a topic: repeats are not among it."""
    command = [sys.executable, "-m", "neuraldocflow", "tail", topic, "-c", "job.yaml"]
    command += ["--from-beginning", "--no-follow", "--json"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=60, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    moods = Moods()
    with Receiver(moody=moods.moody, gone=moods.gone) as running:
        yield running


def test_every_result_is_in_every_output_whatever_fails_and_repeats_are_dropped(
    tmp_path: Path, broker: KafkaServer, receiver: Receiver
) -> None:
    refusing = free_port()
    gateway = Gateway(
        tmp_path,
        with_job=False,
        stream_sources={
            "inbox": {"type": "filesystem", "config": {"watch_directories": ["inbox"], "debounce_ms": 0}}
        },
        processing_pipeline={"output_streams": outputs(broker, receiver, refusing)},
    )
    folder, late = gateway.folder, Receiver(refusing)

    def finished() -> int:
        return len(list(folder.results.glob("*.json")))

    def restart_job() -> None:
        assert gateway.job is not None
        kill(gateway.job.pid)
        gateway.job.communicate(timeout=30)
        gateway.start_job()

    with gateway, Listener(gateway) as listener:
        gateway.start_job()
        names = folder.letters(80)
        wait_for(lambda: finished() >= 30, 60)
        broker.kill()
        names |= folder.letters(60, first=100)
        time.sleep(3)
        broker.start()
        wait_for(lambda: finished() >= 100, 60)
        restart_job()
        names |= folder.letters(60, first=200)
        (folder.inbox / "broken.pdf").write_bytes(b"%PDF-1.4 nothing more")
        names.add("broken.pdf")
        wait_for(lambda: finished() >= 160, 60)
        restart_job()
        wait_for(lambda: finished() >= len(names), 60)
        with late:
            wanted = len(names)
            for web_receiver, path in ((receiver, "steady"), (receiver, "moody"), (late, "late")):
                wait_for(lambda at=path, by=web_receiver: len(subjects(by, at)) >= wanted, 60)  # type: ignore[misc]
            wait_for(lambda: len(endings(tmp_path)) >= 4 * wanted, 30)
            wait_for(lambda: len(set(listener.jobs("results"))) >= wanted, 30)
            assert gateway.job is not None
            gateway.job.terminate()
            gateway.job.communicate(timeout=30)
        assert gateway.process is not None
        gateway.process.terminate()

    results = [json.loads(path.read_text()) for path in folder.results.glob("*.json")]
    ids = {each["jobId"] for each in results}
    assert Counter(each["metadata"]["filename"] for each in results) == Counter(names)

    archive = tmp_path / ".neuraldocflow" / "archive" / "documents"
    assert Counter(ds.dataset(archive, partitioning="hive").to_table()["document_id"].to_pylist()) == Counter(
        ids
    )
    assert Counter(each["id"] for each in told(tmp_path, "results")) == Counter(ids)

    written: dict[str, set[str]] = {}
    for message in Topics(broker.bootstrap_servers).read(TOPIC, len(names)):
        headers = {name: value.decode() for name, value in message.headers()}
        written.setdefault(headers["ce_id"], set()).add(orjson.loads(message.value())["result"]["jobId"])
    assert Counter(each for jobs in written.values() for each in jobs) == Counter(ids)

    for by, path in ((receiver, "steady"), (receiver, "moody"), (late, "late")):
        assert Counter(subjects(by, path).values()) == Counter(ids), path
    ended = Counter((target.rpartition("/")[2], status) for target, status in endings(tmp_path))
    assert ended == {(path, "delivered"): len(ids) for path in ("steady", "moody", "late")} | {
        ("gone", "disabled"): len(ids)
    }

    assert Counter(listener.jobs("results")) == Counter(ids)
    seen = [(channel, event) for channel, event, _ in listener.events]
    assert len(seen) == len(set(seen))
    assert set(listener.jobs("progress")) >= ids - {each["jobId"] for each in results if each["error"]}
    assert set(listener.jobs("notifications")) >= ids


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
        if each["name"] == ["ResultDelivered"]
    ]
