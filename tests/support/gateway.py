"""The gateway and a job as a user runs them, and small clients of both doors."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import functools
import json
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import aiohttp
import jsonschema
import yaml
from referencing import Registry, Resource
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from neuraldocflow.gateway.actions import ACTIONS
from neuraldocflow.gateway.asyncapi import describe
from neuraldocflow.gateway.keys import KeyStore
from neuraldocflow.log import PROCESSING_EVENTS, PROCESSING_RESULTS, EmbeddedLog
from neuraldocflow.schemas import schemas
from support.job import JobFolder
from support.servers.serving import free_port, listens


class Gateway:
    """A gateway process on a state directory, with a job beside it where ``with_job``.

    ``limits`` are those of its modules that are other than usual: ``{"http._SECONDS": 1}``.
    """

    def __init__(
        self,
        root: Path,
        *,
        with_job: bool = True,
        port: int = 0,
        limits: Mapping[str, float] | None = None,
        **config: Any,
    ) -> None:
        root.mkdir(parents=True, exist_ok=True)
        self.folder = JobFolder(root)
        self.port = port or free_port()
        self._with_job = with_job
        self._limits = limits or {}
        self._config = config
        self.job: subprocess.Popen[str] | None = None
        self.process: subprocess.Popen[str] | None = None
        runtime = {"snapshot_interval_ms": 100, "gateway": {"port": self.port, **config.pop("gateway", {})}}
        whole = {"runtime": {**runtime, **config.pop("runtime", {})}, **config}
        (root / "job.yaml").write_text(yaml.safe_dump(whole))
        self.keys = KeyStore(root / ".neuraldocflow" / "keys.json")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def local_key(self) -> str:
        return (self.folder.root / ".neuraldocflow" / "local-key").read_text().strip()

    def key(self, tenant: str = "default", **more: Any) -> str:
        """A new key's text."""
        return self.keys.create(tenant, tenant, **more)[1]

    def ask(self, path: str) -> Any:
        """What the API answers to a GET, decoded."""
        request = urllib.request.Request(
            f"{self.url}/api/v1{path}", headers={"Authorization": f"Bearer {self.local_key}"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def jobs(self) -> list[dict[str, Any]]:
        """All jobs of the local key's tenant."""
        found: list[dict[str, Any]] = []
        place: str | None = ""
        while place is not None:
            told = self.ask(f"/jobs?limit=100{place}")
            found += told["jobs"]
            place = told["next"] and f"&after={told['next']}"
        return found

    def start(self) -> None:
        """Start the gateway, and wait until it answers."""
        self.process = self.folder.start("gateway", "-c", "job.yaml", program=self._program())
        deadline = time.monotonic() + 120
        while not listens(self.port):
            if self.process.poll() is not None:
                raise AssertionError(self.process.communicate()[0])
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def _program(self) -> Sequence[str]:
        if not self._limits:
            return ("-m", "neuraldocflow")
        lines = ["from neuraldocflow.cli import main"]
        for name, value in self._limits.items():
            module = f"neuraldocflow.gateway.{name.partition('.')[0]}"
            lines += [f"import {module}", f"neuraldocflow.gateway.{name} = {value}"]
        return ("-c", "\n".join([*lines, "main()"]))

    def start_job(self) -> None:
        self.job = self.folder.start("run", "-c", "job.yaml")

    def stop(self, number: signal.Signals = signal.SIGTERM) -> str:
        """End the gateway; what it printed."""
        assert self.process is not None
        self.process.send_signal(number)
        told, _ = self.process.communicate(timeout=60)
        self.process = None
        return told

    def loses_events(self) -> None:
        """Wait for a result, and have the events before it removed: for while the gateway is away."""
        with EmbeddedLog(self.folder.root / ".neuraldocflow" / "log.db") as log:
            for topic in (PROCESSING_EVENTS, PROCESSING_RESULTS):
                deadline = time.monotonic() + 60
                while not any(log.end(topic, part) for part in range(log.ensure_topic(topic))):
                    assert time.monotonic() < deadline
                    time.sleep(0.05)
            assert log.retain(PROCESSING_EVENTS, max_bytes=0) > 0

    def halt(self, process: subprocess.Popen[str]) -> None:
        """Stop the job or the gateway until SIGCONT, but not while it writes: nobody else can then."""
        with (self.folder.root / ".neuraldocflow" / "log.db.lock").open("r+b") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            process.send_signal(signal.SIGSTOP)

    def __enter__(self) -> Self:
        self.start()
        if self._with_job:
            self.start_job()
        return self

    def __exit__(self, *_: object) -> None:
        left = [each for each in (self.process, self.job) if each is not None and each.poll() is None]
        for process in left:
            process.terminate()
        for process in left:
            try:
                process.communicate(timeout=60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()

    @contextlib.asynccontextmanager
    async def http(self, key: str | None = None) -> Any:
        """An HTTP client with a key; the local one if none is given."""
        headers = {"Authorization": f"Bearer {key or self.local_key}"}
        async with aiohttp.ClientSession(self.url, headers=headers) as session:
            yield session

    def stream(self, key: str | None = None, **options: Any) -> connect:
        """A WebSocket connection as the specification has it: the key in the address."""
        address = f"ws://127.0.0.1:{self.port}/v1/stream?token={key or self.local_key}"
        return connect(address, max_size=None, **options)


@functools.cache
def described(message: str) -> jsonschema.Draft202012Validator:
    """How the AsyncAPI document has a message."""
    reference = f"#/components/messages/{message}/payload"
    published = [(schema["$id"], Resource.from_contents(schema)) for schema in schemas().values()]
    registry = Registry().with_resources(published)
    return jsonschema.Draft202012Validator({**describe(), "$ref": reference}, registry=registry)


class Talk:
    """Requests and events over one WebSocket, each as it is described."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.events: list[dict[str, Any]] = []
        self._number = 0

    async def ask(self, action: str, **payload: Any) -> dict[str, Any]:
        """Send a request; its answer. Events that come meanwhile are kept."""
        self._number += 1
        request_id = str(self._number)
        request: dict[str, Any] = {"id": request_id, "type": "request", "timestamp": "2026-01-01T00:00:00Z"}
        request["payload"] = {"action": action, **payload}
        await self.socket.send(json.dumps(request))
        while True:
            message = await self.receive()
            if message["type"] != "event" and message["id"] == request_id:
                is_error = message["type"] == "error"
                if not is_error:
                    described(f"ask-{action}").validate(request)
                if action in ACTIONS:
                    described("error" if is_error else f"answer-{action}").validate(message)
                return message
            self.events.append(message["payload"])

    async def receive(self, seconds: float = 120) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(await asyncio.wait_for(self.socket.recv(), seconds))
        if message["type"] == "event":
            described(f"event-{message['payload']['event']}").validate(message)
        return message

    async def until(self, event: str, job: str | None = None, seconds: float = 120) -> dict[str, Any]:
        """The payload of the next event of a kind, and of a job; those before it are kept."""
        while True:
            for number, payload in enumerate(self.events):
                if payload["event"] == event and job in (None, payload["data"]["jobId"]):
                    del self.events[: number + 1]
                    return payload
            message = await self.receive(seconds)
            assert message["type"] == "event", message
            self.events.append(message["payload"])


LETTER = "<!DOCTYPE html><html><body><h1>Letter {0}</h1><p>Number {0}</p></body></html>"


def letter(number: int = 0) -> bytes:
    """A small document."""
    return LETTER.format(number).encode()


async def submit(session: aiohttp.ClientSession, content: bytes, name: str = "a.html", **form: str) -> str:
    """Post a document as a form; the job's id."""
    data = aiohttp.FormData(form)
    data.add_field("file", content, filename=name)
    async with session.post("/api/v1/documents", data=data) as answer:
        assert answer.status == 202, await answer.text()
        return str((await answer.json())["job_id"])


async def result(session: aiohttp.ClientSession, job: str, seconds: float = 120) -> dict[str, Any]:
    """Wait for a job's result."""
    deadline = time.monotonic() + seconds
    while True:
        async with session.get(f"/api/v1/jobs/{job}/result") as answer:
            body: dict[str, Any] = await answer.json()
            if answer.status == 200:
                return body
            assert answer.status == 202, body
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


def running(root: Path, **config: Any) -> Iterator[Gateway]:
    """A gateway with its job, for a fixture."""
    with Gateway(root, **config) as gateway:
        yield gateway


async def close_code(socket: ClientConnection) -> int:
    """Read until the connection is closed; the code the gateway gave."""
    with contextlib.suppress(ConnectionClosed):
        while True:
            await asyncio.wait_for(socket.recv(), 60)
    assert socket.close_code is not None
    return socket.close_code
