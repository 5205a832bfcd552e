"""Runs the gateway: one port for HTTP and WebSocket, one event loop."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

import uvicorn
import uvloop

from neuraldocflow import profiles
from neuraldocflow.cancellations import CANCELLATIONS
from neuraldocflow.config import Config
from neuraldocflow.errors import ConfigError
from neuraldocflow.gateway.app import make_app
from neuraldocflow.gateway.attendance import Attendance
from neuraldocflow.gateway.history import History
from neuraldocflow.gateway.http import Http
from neuraldocflow.gateway.hub import Hub
from neuraldocflow.gateway.jobs import Jobs
from neuraldocflow.gateway.keys import Allowance, KeyStore, id_of
from neuraldocflow.gateway.memory import Memory
from neuraldocflow.gateway.offsets import Offsets
from neuraldocflow.gateway.originals import Originals
from neuraldocflow.gateway.relay import Relay
from neuraldocflow.gateway.services import Services
from neuraldocflow.gateway.submissions import Appender, Submissions
from neuraldocflow.gateway.tail import Tail
from neuraldocflow.gateway.tracing import tracing
from neuraldocflow.gateway.uploads import Uploads
from neuraldocflow.log import PROCESSING_RESULTS, open_log
from neuraldocflow.payloads import PayloadStore
from sinks.websocket import WebSocketConfig

log = logging.getLogger(__name__)

_GRACE_SECONDS = 10
_HOUR = 3600
_SWITCH_SECONDS = 0.0005
"""How long a thread that stores documents or indexes jobs may keep the event loop waiting (usually 5 ms)."""

Started = Callable[[str, str], None]
"""Called with the address and, where it is this machine's own, the local key."""


class _Server(uvicorn.Server):
    """Signals are ours: connections are told first."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def serve(config: Config, started: Started | None = None) -> None:
    """Serve until SIGTERM or SIGINT. Raises ConfigError."""
    sys.setswitchinterval(_SWITCH_SECONDS)
    keys = key_store(config)
    local = local_key(config, keys)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # a connection is a file
    listener = _listen(config)
    host, port = config.runtime.gateway.host, listener.getsockname()[1]
    url = f"http://{f'[{host}]' if ':' in host else host}:{port}/"
    with listener:
        uvloop.run(_serve(config, keys, listener, lambda: started(url, local) if started else None))


def key_store(config: Config) -> KeyStore:
    """The keys' file of a configuration."""
    return KeyStore(config.runtime.keys_file)


def local_key(config: Config, keys: KeyStore) -> str:
    """On loopback, a key for this machine's own user, made the first time; its text is kept for him alone.

    Empty where keys were configured by hand. Raises ConfigError for a public address without keys.
    """
    file = config.runtime.state_directory / "local-key"
    local = ""
    with suppress(FileNotFoundError):
        text = file.read_text().strip()
        local = text if keys.authenticate(text) is not None else ""
    if not _is_loopback(config.runtime.gateway.host):
        if not any(key.id != id_of(local) for key in keys.all()):
            raise ConfigError(
                f"runtime.gateway.host: {config.runtime.gateway.host} can be reached from outside and there "
                "are no keys but this machine's own. Make one first: neuraldocflow keys create --name NAME"
            )
        return ""
    if local or keys.all():
        return local
    config.runtime.state_directory.mkdir(parents=True, exist_ok=True)
    _, text = keys.create("local", scopes=("submit", "read", "metrics", "admin"))
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as kept:
        kept.write(f"{text}\n")
    return text


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return False


def _listen(config: Config) -> socket.socket:
    """The configured port; where none was configured and the usual one is taken, one of the next."""
    gateway = config.runtime.gateway
    ports = (
        [gateway.port] if "port" in gateway.model_fields_set else [*range(gateway.port, gateway.port + 20)]
    )
    for port in ports:
        try:
            return _listener(gateway.host, port)
        except OSError as error:
            if port == ports[-1]:
                raise ConfigError(
                    f"runtime.gateway: {gateway.host}:{port} can't be listened on: {error.strerror}. "
                    "Stop what listens there, or choose another port"
                ) from error
    raise AssertionError  # the last one raises


def _listener(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(2048)
    except OSError:
        listener.close()
        raise
    listener.setblocking(False)
    return listener


def tell_fault(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log a fault that nobody waited for; asyncio's own line would have the exception's text."""
    error = context.get("exception")
    log.error("something ended by a fault" if error else context["message"], exc_info=error)


async def _serve(config: Config, keys: KeyStore, listener: socket.socket, ready: Callable[[], None]) -> None:
    asyncio.get_running_loop().set_exception_handler(tell_fault)
    state = config.runtime.state_directory.absolute()
    job_log = await asyncio.to_thread(open_log, config.runtime)
    await asyncio.to_thread(job_log.ensure_topic, CANCELLATIONS, 1)
    secret = await asyncio.to_thread(keys.offsets_secret)
    jobs = Jobs(state / "gateway" / f"jobs-{config.runtime.gateway.port}.db")
    hub: Hub | None = None
    tail = Tail(
        job_log,
        jobs,
        lambda events, positions: hub.arrive(events, positions) if hub is not None else None,
        timedelta(days=config.runtime.retention_days),
    )
    await asyncio.to_thread(tail.read_all)
    hub = Hub(asyncio.get_running_loop(), tail.positions(), _relay_config(config), Offsets(secret))
    payloads = PayloadStore(config.runtime.payload_url, state / "work" / "uploads")
    history = History(job_log, hub)
    known = profiles.forms(config.runtime.profiles_directories)
    appender, allowance = Appender(job_log), Allowance()
    gateway = config.runtime.gateway
    services = Services(
        config=config,
        log=job_log,
        payloads=payloads,
        keys=keys,
        allowance=allowance,
        attendance=Attendance(keys, gateway.max_connections_per_key),
        memory=Memory(),
        jobs=jobs,
        tail=tail,
        hub=hub,
        history=history,
        originals=Originals(config, job_log, history, payloads),
        appender=appender,
        submissions=Submissions(
            appender,
            payloads,
            jobs,
            allowance,
            frozenset(known),
            max_upload_size=gateway.max_upload_size,
            max_waiting=gateway.max_waiting,
        ),
        profiles=known,
    )
    relay = Relay(services)
    app = make_app(services, relay)
    server = _Server(
        uvicorn.Config(
            app,
            http=Http,
            ws=relay.protocol,  # type: ignore[arg-type]
            loop="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
    )
    tracer = tracing(config.runtime, jobs, len(job_log.partitions(PROCESSING_RESULTS)))
    if tracer is not None:
        hub.observers.append(tracer.observe)
        services.submissions.observers.append(tracer.taken)
    tail.start()
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    beside = [
        loop.create_task(services.attendance.watch()),
        loop.create_task(_tidying(app.state.uploads, payloads)),
    ]
    serving = loop.create_task(server.serve([listener]))
    try:
        while not server.started and not serving.done():
            await asyncio.sleep(0.01)
        ready()
        waiting = loop.create_task(stopping.wait())
        await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
    finally:
        services.attendance.end()
        await relay.drain()
        server.should_exit = True
        await serving
        for task in beside:
            task.cancel()
        await hub.close()
        tail.stop()
        jobs.close()
        job_log.close()
        if tracer is not None:
            await asyncio.to_thread(tracer.close)


async def _tidying(uploads: Uploads, payloads: PayloadStore) -> None:
    while True:
        await asyncio.to_thread(uploads.tidy)
        await asyncio.to_thread(payloads.tidy)
        await asyncio.sleep(_HOUR)


def _relay_config(config: Config) -> WebSocketConfig:
    """The first ``websocket`` output's settings, or the usual ones."""
    for entry in config.processing_pipeline.output_streams:
        if isinstance(entry.config, WebSocketConfig):
            return entry.config
    return WebSocketConfig()
