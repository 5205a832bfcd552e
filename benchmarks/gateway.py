"""What the gateway's door costs: submissions beside a bare Starlette route, latency, memory.

``python benchmarks/gateway.py [--quick] [--json]``. Each server has one core, the callers the other. The
reference stores and logs a document with the same calls and the same durability, and does nothing else: no
keys, rates, recognition of formats, job index or metrics.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # beside this file `sinks` would be a benchmark

import uvloop
from websockets.asyncio.client import connect

from benchmarks.relay import cpu_seconds, free_port, resident, start
from neuraldocflow import __version__, config
from neuraldocflow.events import DocumentReceived, DocumentSource
from neuraldocflow.gateway.keys import KeyStore
from neuraldocflow.log import open_log
from sinks.events import message_of

BARE = """
import asyncio, sys, uvicorn
from pathlib import Path
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route
from neuraldocflow.events import DocumentSource, NewDocument
from neuraldocflow.log import EmbeddedLog
from neuraldocflow.payloads import PayloadStore
from sinks.events import message_of
folder = Path(sys.argv[2])
store, log = PayloadStore(str(folder / "payloads"), folder / "work"), EmbeddedLog(folder / "log.db")
log.ensure_topic("document-stream", 4)
def write(body):
    kept = store.put([body], "a.html")
    source = DocumentSource(kind="file", uri=kept.uri, size=kept.size, sha256=kept.sha256)
    log.append([message_of(NewDocument(id=kept.sha256, source=source))])
    return kept.sha256
async def submit(request):
    body = await request.body()
    return JSONResponse({"job_id": await asyncio.to_thread(write, body)}, 202)
app = Starlette(routes=[Route("/api/v1/documents", submit, methods=["POST"])])
uvicorn.run(app, port=int(sys.argv[1]), log_level="error", lifespan="off", access_log=False)
"""
CALLERS = 16
BODY = 4096


@contextmanager
def servers(folder: Path) -> Iterator[tuple[dict[str, tuple[int, int]], str, Any]]:
    """Port and process id of both by name, the key, and the gateway's log."""
    processes: list[subprocess.Popen[bytes]] = []
    with ExitStack() as stack:
        port, bare = free_port(), free_port()
        about = f"runtime: {{gateway: {{port: {port}, max_upload_size: 3GB, max_waiting: 10000000}}}}"
        (folder / "job.yaml").write_text(about)
        state = folder / ".neuraldocflow"
        key = KeyStore(state / "keys.json").create()[1]
        runtime = config.load(folder / "job.yaml").runtime.model_copy(update={"state_directory": state})
        log = stack.enter_context(open_log(runtime))
        gateway = [sys.executable, "-m", "neuraldocflow", "gateway", "-q", "-c", "job.yaml"]
        try:
            processes.append(start(gateway, port, folder))
            processes.append(
                start([sys.executable, "-c", BARE, str(bare), str(folder / "bare")], bare, folder)
            )
            pids = [process.pid for process in processes]
            yield {"gateway": (port, pids[0]), "bare": (bare, pids[1])}, key, log
        finally:
            for process in processes:
                process.terminate()
                process.wait()


async def submissions(port: int, key: str, first: int, count: int) -> float:
    """Documents a second, from callers that each wait for their answers."""
    numbers = iter(range(first, first + count))

    async def call() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for number in numbers:
            body = f"<!DOCTYPE html><html><body><h1>Letter {number}</h1>".encode().ljust(BODY)
            writer.write(
                f"POST /api/v1/documents HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n"
                f"Content-Type: text/html\r\nContent-Length: {BODY}\r\n\r\n".encode()
                + body
            )
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 202"):
                raise SystemExit(f"not accepted: {head[:200]!r}")
            found = re.search(rb"content-length: (\d+)", head)
            assert found is not None
            await reader.readexactly(int(found[1]))
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(call() for _ in range(CALLERS)))
    return count / (time.perf_counter() - began)


async def latency(port: int, key: str, log: Any, count: int) -> float:
    """Median milliseconds from before an append to the log until a WebSocket client has the event."""
    found: list[float] = []
    async with connect(f"ws://127.0.0.1:{port}/v1/stream?token={key}", compression=None) as socket:
        payload = {"action": "subscribe_channel", "channel": "notifications"}
        await socket.send(json.dumps({"id": "1", "type": "request", "payload": payload}))
        await socket.recv()
        for number in range(count):
            source = DocumentSource(kind="file", uri="file:///x", size=1, filename="x" * 700)
            event = DocumentReceived(id=f"latency-{number}", source=source)
            await asyncio.sleep(0.02)
            began = time.perf_counter()
            await asyncio.to_thread(log.append, [message_of(event)])
            while f"latency-{number}" not in str(await socket.recv()):
                pass
            found.append((time.perf_counter() - began) * 1000)
    return statistics.median(found)


async def idle(port: int, pid: int, key: str, count: int) -> float:
    """Kilobytes in memory for each of so many WebSocket connections that say nothing."""
    async with asyncio.TaskGroup() as group:  # what is loaded with the first ones is not the others' fault
        for _ in range(50):
            group.create_task(_visit(port, key))
    before = resident(pid)
    opened = []
    for _ in range(count):
        address = f"ws://127.0.0.1:{port}/v1/stream?token={key}"
        opened.append(await connect(address, compression=None, ping_interval=None))
    await asyncio.sleep(1)
    used = (resident(pid) - before) / count / 1024
    for socket in opened:
        socket.transport.abort()
    return used


async def _visit(port: int, key: str) -> None:
    async with connect(f"ws://127.0.0.1:{port}/v1/stream?token={key}"):
        await asyncio.sleep(0.5)


def upload(port: int, pid: int, key: str, size: int) -> tuple[float, float]:
    """Megabytes in memory more than before at the most, and megabytes a second, of a raw upload."""

    def body() -> Iterator[bytes]:
        yield b"<!DOCTYPE html>".ljust(1 << 20)
        for _ in range((size >> 20) - 1):
            yield blank

    blank = b" " * (1 << 20)
    before = resident(pid)
    Path(f"/proc/{pid}/clear_refs").write_text("5")  # VmHWM counts anew
    connection = HTTPConnection("127.0.0.1", port, timeout=600)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "text/html", "Content-Length": str(size)}
    began = time.perf_counter()
    connection.request("POST", "/api/v1/documents", body(), headers)
    answer = connection.getresponse()
    if answer.status != 202:
        raise SystemExit(f"not accepted: {answer.read()[:200]!r}")
    spent = time.perf_counter() - began
    status = Path(f"/proc/{pid}/status").read_text()
    most = int(status.split("VmHWM:")[1].split()[0]) * 1024
    return (most - before) / 2**20, size / 2**20 / spent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    os.sched_setaffinity(0, {(os.cpu_count() or 1) - 1})
    rounds, count, connections = (9, 400, 1000) if given.quick else (21, 1000, 1000)
    size = (256 if given.quick else 2048) << 20
    with tempfile.TemporaryDirectory() as folder, servers(Path(folder)) as (found, key, log):
        rates: dict[str, list[float]] = {name: [] for name in found}
        spent: dict[str, list[float]] = {name: [] for name in found}
        for number in range(rounds + 2):  # in short turns, as a machine that is shared changes; two warm up
            for name, (port, pid) in found.items():
                before = cpu_seconds(pid)
                rates[name].append(uvloop.run(submissions(port, key, number * count, count)))
                spent[name].append((cpu_seconds(pid) - before) / count * 1e6)
        pairs = list(zip(rates["gateway"][2:], rates["bare"][2:], strict=True))
        ours, bare = (statistics.median(each) for each in zip(*pairs, strict=True))
        ratio = statistics.median(one / other for one, other in pairs)
        cost, bare_cost = (statistics.mean(spent[name][2:]) for name in ("gateway", "bare"))
        port, pid = found["gateway"]
        waited = uvloop.run(latency(port, key, log, 100 if given.quick else 300))
        memory = uvloop.run(idle(port, pid, key, connections))
        peak, speed = upload(port, pid, key, size)
    print(f"submissions of {BODY} bytes, {CALLERS} callers: {ours:.0f}/s, bare Starlette route {bare:.0f}/s")
    print(f"ratio {ratio:.2f}; processor time of each: {cost:.0f} µs, of the bare route {bare_cost:.0f} µs")
    print(f"from an append to the log to a client: p50 {waited:.1f} ms")
    print(f"{connections} idle connections: {memory:.1f} KB each")
    print(f"an upload of {size >> 20} MB: {peak:.1f} MB of memory, {speed:.0f} MB/s")
    measures = {
        "submit": _measure(ours, "documents/s", bare, ratio, ">= 0.8", ratio >= 0.8),
        "submit_cpu": _measure(cost, "µs", bare_cost, cost / bare_cost, "", True),
        "append_to_client_p50": _measure(waited, "ms", None, None, "<= 20", waited <= 20),
        "idle_connection": _measure(memory, "KB", None, None, "<= 20", memory <= 20),
        "upload_memory": _measure(peak, "MB", None, None, "<= 64", peak <= 64),
    }
    if given.json:
        print(
            json.dumps({"name": "gateway", "versions": {"neuraldocflow": __version__}, "measures": measures})
        )


def _measure(
    value: float, unit: str, reference: float | None, ratio: float | None, target: str, met: bool
) -> dict[str, object]:
    return {
        "value": round(value, 2),
        "unit": unit,
        "reference": f"starlette {reference:.0f}" if reference is not None else None,
        "ratio": round(ratio, 2) if ratio is not None else None,
        "target": target,
        "met": met,
    }


if __name__ == "__main__":
    main()
