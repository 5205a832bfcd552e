"""Fan-out of the gateway's WebSocket against the Go library centrifuge and against uvicorn, interleaved.

``python benchmarks/relay.py [--quick] [--json]``. Each server has one core, the readers the other. Events of
1 KB are appended to the log, from where the gateway takes them; the references are asked over HTTP.
Then the gateway with a hundred readers, alone and beside one that follows the channel and reads nothing.
The Go server is built from ``benchmarks/relay_reference`` (needs Go 1.26; left out where there is none).
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import contextlib
import http.client
import json
import multiprocessing
import os
import shutil
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # beside this file `sinks` would be a benchmark

import uvloop

from neuraldocflow import __version__, config
from neuraldocflow.events import DocumentReceived, DocumentSource
from neuraldocflow.gateway.keys import KeyStore
from neuraldocflow.log import Message, open_log
from sinks.events import message_of

PADDING = "x" * 700
HERE = Path(__file__).parent
UVICORN = """
import sys, uvicorn
READERS = set()
async def app(scope, receive, send):
    if scope["type"] == "websocket":
        await receive(); await send({"type": "websocket.accept"}); READERS.add(send)
        while (await receive())["type"] != "websocket.disconnect": pass
        READERS.discard(send); return
    body = (await receive())["body"].decode()
    for reader in list(READERS): await reader({"type": "websocket.send", "text": body})
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body"})
uvicorn.run(app, port=int(sys.argv[1]), log_level="error", lifespan="off", ws_per_message_deflate=False)
"""


@dataclass
class Server:
    """A server under measurement: where to read, what to say first, how to publish."""

    name: str
    process: subprocess.Popen[bytes]
    port: int
    path: str
    hello: str
    publish: Callable[[int], None]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(command: list[str], port: int, folder: Path) -> subprocess.Popen[bytes]:
    """Start a server on the first core, and wait until it listens."""
    process = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.DEVNULL, preexec_fn=lambda: os.sched_setaffinity(0, {0})
    )
    for _ in range(600):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return process
        time.sleep(0.05)
    raise SystemExit(f"{command[0]} does not listen")


def posted(port: int) -> Callable[[int], None]:
    connection = http.client.HTTPConnection("127.0.0.1", port)

    def publish(moment: int) -> None:
        body = f'{{"ts":"{moment}","filename":"{PADDING}{PADDING[:250]}"}}'
        connection.request("POST", "/publish", body)
        connection.getresponse().read()
        connection.close()  # the next is made anew: servers end idle ones

    return publish


@contextlib.contextmanager
def servers(folder: Path) -> Iterator[list[Server]]:
    """The gateway and its references."""
    found: list[Server] = []
    with contextlib.ExitStack() as stack:
        port = free_port()
        room = f"{{port: {port}, max_connections_per_key: 5000}}"  # all readers have one key
        (folder / "job.yaml").write_text(f"runtime: {{gateway: {room}}}")
        loaded = config.load(folder / "job.yaml")
        state = folder / ".neuraldocflow"
        key = KeyStore(state / "keys.json").create()[1]
        log = stack.enter_context(open_log(loaded.runtime.model_copy(update={"state_directory": state})))

        def append(moment: int) -> None:
            source = DocumentSource(kind="file", uri="file:///x", size=1, filename=PADDING)
            event = DocumentReceived(id=f"d{moment}", source=source, metadata={"ts": str(moment)})
            message = message_of(event)
            log.append([Message(message.topic, message.key, message.value)])

        process = start(
            [sys.executable, "-m", "neuraldocflow", "gateway", "-q", "-c", "job.yaml"], port, folder
        )
        ask = json.dumps(
            {
                "id": "1",
                "type": "request",
                "payload": {"action": "subscribe_channel", "channel": "notifications"},
            }
        )
        found.append(Server("gateway", process, port, f"/v1/stream?token={key}", ask, append))
        port = free_port()
        process = start([sys.executable, "-c", UVICORN, str(port)], port, folder)
        found.append(Server("uvicorn", process, port, "/", "", posted(port)))
        go = shutil.which("go", path=f"{os.environ.get('PATH', '')}:/usr/local/go/bin")
        if go:
            subprocess.run(
                [go, "build", "-o", str(folder / "reference"), "."], cwd=HERE / "relay_reference", check=True
            )
            port = free_port()
            process = start([str(folder / "reference"), f"127.0.0.1:{port}"], port, folder)
            hello = json.dumps({"id": 1, "connect": {}})
            found.append(Server("centrifuge", process, port, "/stream", hello, posted(port)))
        try:
            yield found
        finally:
            for server in found:
                server.process.terminate()
                server.process.wait()


def handshake(port: int, path: str) -> bytes:
    key = base64.b64encode(os.urandom(16)).decode()
    return (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
    ).encode()


def text_frame(said: str) -> bytes:
    """As a client writes it, with a mask of zeros."""
    text = said.encode()
    length = bytes([0x80 | len(text)]) if len(text) < 126 else b"\xfe" + struct.pack("!H", len(text))
    return b"\x81" + length + bytes(4) + text


class Readers(asyncio.Protocol):
    """One reader: counts the frames of events, and takes their delays."""

    frames = 0
    delays: list[float] = []  # noqa: RUF012 - all readers share it

    def __init__(self, server: tuple[int, str, str], sampled: bool) -> None:
        self._port, self._path, self._hello = server
        self._sampled = sampled
        self._held = b""
        self._open = False
        self.ready = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        transport.write(handshake(self._port, self._path))

    def data_received(self, data: bytes) -> None:
        data = self._held + data
        if not self._open:
            head, end, data = data.partition(b"\r\n\r\n")
            if not end:
                self._held = head
                return
            self._open = True
            if self._hello:
                self.transport.write(text_frame(self._hello))
            else:
                self.ready.set_result(None)
        at = 0
        while len(data) - at >= 4:
            length = data[at + 1]
            start = at + 2
            if length == 126:
                length, start = struct.unpack_from("!H", data, start)[0], start + 2
            if len(data) < start + length:
                break
            if length > 800:
                Readers.frames += 1
                if self._sampled:
                    found = data.index(b'"ts":"', start) + 6
                    Readers.delays.append(time.time_ns() - int(data[found : found + 19]))
            elif not self.ready.done():
                self.ready.set_result(None)
            at = start + length
        self._held = data[at:]


async def read(server: tuple[int, str, str], count: int, pipe: Any) -> None:
    """Connect ``count`` readers, then answer the pipe: frames so far, and delays."""
    loop = asyncio.get_running_loop()
    readers: list[Readers] = []
    for start in range(0, count, 100):
        made = await asyncio.gather(
            *(
                loop.create_connection(lambda n=number: Readers(server, n % 20 == 0), "127.0.0.1", server[0])
                for number in range(start, min(start + 100, count))
            )
        )
        readers += [protocol for _, protocol in made]
        await asyncio.gather(*(protocol.ready for _, protocol in made))
    pipe.send("ready")
    while True:
        await asyncio.sleep(0.02)
        if pipe.poll() and pipe.recv() == "end":
            pipe.send((Readers.frames, Readers.delays))
            return


def reading(server: tuple[int, str, str], count: int, pipe: Any) -> None:
    os.sched_setaffinity(0, {(os.cpu_count() or 1) - 1})
    uvloop.run(read(server, count, pipe))


@contextlib.contextmanager
def stalled(server: Server) -> Iterator[None]:
    """A reader that says what it follows, and then reads nothing."""
    with socket.socket() as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        reader.connect(("127.0.0.1", server.port))
        reader.sendall(handshake(server.port, server.path))
        while not reader.recv(1024).endswith(b"\r\n\r\n"):
            pass
        reader.sendall(text_frame(server.hello))
        yield


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


def round_of(server: Server, count: int, rate: float, seconds: float) -> dict[str, float]:
    """CPU microseconds a delivered message, p99 milliseconds, memory a connection."""
    ours, theirs = multiprocessing.Pipe()
    before = resident(server.process.pid)
    client = multiprocessing.Process(
        target=reading, args=((server.port, server.path, server.hello), count, theirs)
    )
    client.start()
    ours.recv()
    time.sleep(0.5)
    memory = (resident(server.process.pid) - before) / count
    used, begun = cpu_seconds(server.process.pid), resident(server.process.pid)
    events = int(seconds * rate)
    due = time.perf_counter()
    for _ in range(events):
        due += 1 / rate
        time.sleep(max(0.0, due - time.perf_counter()))
        server.publish(time.time_ns())
    time.sleep(1)
    used = cpu_seconds(server.process.pid) - used
    ours.send("end")
    frames, delays = ours.recv()
    client.join()
    delays.sort()
    return {
        "cpu": used / max(frames, 1) * 1e6,
        "p50": delays[len(delays) // 2] / 1e6,
        "p99": delays[int(len(delays) * 0.99)] / 1e6,
        "memory": memory / 1024,
        "grown": (resident(server.process.pid) - begun) / 1e6,
        "lost": events * count - frames,
    }


def beside_a_stalled_one(server: Server, rounds: int, seconds: float) -> dict[str, dict[str, object]]:
    """What a reader that reads nothing costs the others and the server, with 400 events a second."""
    count, rate = 100, 400.0
    round_of(server, count, rate, 1.0)  # warm
    alone: list[dict[str, float]] = []
    beside: list[dict[str, float]] = []
    for _ in range(rounds):
        alone.append(round_of(server, count, rate, seconds))
        with stalled(server):
            beside.append(round_of(server, count, rate, seconds))
    measures: dict[str, dict[str, object]] = {}
    print(f"\n{count} readers, {rate:g} events/s of 1 KB: alone, and beside one that reads nothing")
    for name, unit in (("cpu", "µs"), ("p99", "ms"), ("grown", "MB")):
        before, after = (statistics.median(each[name] for each in found) for found in (alone, beside))
        most = 2.0 if name == "grown" else 1.1
        worse = after - before if name == "grown" else after / before
        print(f"{name:12}{before:9.1f}{after:9.1f} {unit}")
        measures[f"stalled_{name}"] = {
            "value": round(after, 2),
            "unit": unit,
            "reference": f"alone {before:.2f}",
            "ratio": round(after / before, 2) if before else None,
            "target": f"<= {most} {'MB more' if name == 'grown' else 'times'}",
            "met": worse <= most,
        }
    return measures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    os.sched_setaffinity(0, {(os.cpu_count() or 1) - 1})
    rounds, seconds = (1, 4.0) if given.quick else (3, 8.0)
    measures: dict[str, dict[str, object]] = {}
    with tempfile.TemporaryDirectory() as folder, servers(Path(folder)) as started:
        for count, rate in ((1000, 15.0), (4000, 4.0)):
            got: dict[str, list[dict[str, float]]] = {server.name: [] for server in started}
            for _ in range(rounds):
                for server in started:
                    got[server.name].append(round_of(server, count, rate, seconds))
            middle = {
                name: {each: statistics.median(one[each] for one in found) for each in found[0]}
                for name, found in got.items()
            }
            first = {name: found[0]["memory"] for name, found in got.items()}
            print(f"\n{count} readers, {rate:g} events/s of 1 KB")
            print(f"{'':12}{'µs CPU/message':>16}{'p50 ms':>9}{'p99 ms':>9}{'KB/connection':>15}{'lost':>6}")
            for name, found in middle.items():
                print(
                    f"{name:12}{found['cpu']:16.1f}{found['p50']:9.1f}{found['p99']:9.1f}"
                    f"{first[name]:15.1f}{found['lost']:6.0f}"
                )
            ours = middle["gateway"]
            reference = "centrifuge" if "centrifuge" in middle else "uvicorn"
            other = middle[reference]
            for name, unit, target in (("cpu", "µs", 0.9), ("p99", "ms", 1.0)):
                ratio = ours[name] / other[name]
                measures[f"{name}_{count}"] = {
                    "value": round(ours[name], 2),
                    "unit": unit,
                    "reference": f"{reference} {other[name]:.2f}",
                    "ratio": round(ratio, 2),
                    "target": f"<= {target}",
                    "met": ratio <= target,
                }
            measures[f"memory_{count}"] = {
                "value": round(first["gateway"], 1),
                "unit": "KB/connection",
                "reference": f"{reference} {first[reference]:.1f}",
                "ratio": round(first["gateway"] / first[reference], 2),
                "target": "<= 20 KB",
                "met": first["gateway"] <= 20,
            }
        measures |= beside_a_stalled_one(started[0], rounds, seconds)
    if given.json:
        print(json.dumps({"name": "relay", "versions": {"neuraldocflow": __version__}, "measures": measures}))


if __name__ == "__main__":
    main()
