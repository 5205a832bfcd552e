"""Webhooks: deliveries a second to a local receiver that takes 50 ms for each, in a real dataflow.

python benchmarks/webhooks.py [--quick] [--json]

Each delivery is signed, its body synced to disk before, its end told by an event. Then the same at a fixed
pace, with the receiver alone and with endpoints beside it that are dead: what do these cost it?
"""

from __future__ import annotations

import argparse
import base64
import json
import multiprocessing
import platform
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import bytewax.operators as op
from aiohttp import web
from bytewax.dataflow import Dataflow
from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition
from bytewax.outputs import DynamicSink, StatelessSinkPartition
from bytewax.testing import run_main

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from support.deliveries import delivery
from support.servers.serving import free_port

from neuraldocflow.deliveries import Delivery
from neuraldocflow.events import ResultDelivered
from neuraldocflow.guard import Guard
from neuraldocflow.operators.deliver import Deliver
from neuraldocflow.values import FromEnvironment, Secret
from neuraldocflow.webhooks.pool import Endpoint
from neuraldocflow.webhooks.receivers import Receiver, by_name

TARGET, LATENCY, CONNECTIONS, DEAD = 1000.0, 0.05, 128, 1.1
PACE = 200.0
"""Deliveries a second where the cost of dead endpoints is measured."""


@dataclass
class Run:
    """What goes in, when, and when its deliveries ended."""

    values: list[Delivery]
    target: str
    pace: float | None
    began: dict[str, float]
    ended: dict[str, float]


class Source(FixedPartitionedSource[tuple[str, Delivery], None]):
    """The values, all at once or at a pace; ends when each has been delivered to the target."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def list_parts(self) -> list[str]:
        return ["all"]

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> SourcePart:
        return SourcePart(self._run)


class SourcePart(StatefulSourcePartition[tuple[str, Delivery], None]):
    def __init__(self, run: Run) -> None:
        self._run = run
        self._given = 0
        self._start = time.perf_counter()

    def next_batch(self) -> list[tuple[str, Delivery]]:
        run = self._run
        if len(run.ended) == len(run.values):
            raise StopIteration
        allowed = len(run.values)
        if run.pace is not None:
            allowed = min(allowed, int((time.perf_counter() - self._start) * run.pace) + 1)
        batch = run.values[self._given : min(allowed, self._given + 64)]
        self._given += len(batch)
        now = time.perf_counter()
        run.began.update({each.document.id: now for each in batch})
        return [(each.document.id, each) for each in batch]

    def snapshot(self) -> None:
        return None


class Ends(DynamicSink[Any]):
    """Notes when a delivery to the target has ended."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def build(self, step_id: str, worker_index: int, worker_count: int) -> EndsPart:
        return EndsPart(self._run)


class EndsPart(StatelessSinkPartition[Any]):
    def __init__(self, run: Run) -> None:
        self._run = run

    def write_batch(self, items: list[Any]) -> None:
        for _, each in items:
            if isinstance(each, ResultDelivered) and each.delivery_status.target == self._run.target:
                assert each.delivery_status.status == "delivered", each
                self._run.ended[each.id] = time.perf_counter()


def serve(told: Connection) -> None:
    """A receiver that takes its time, in a process of its own."""
    import asyncio

    async def slow(request: web.Request) -> web.Response:
        await request.read()
        await asyncio.sleep(LATENCY)
        return web.Response(status=204)

    async def started(app: web.Application) -> None:
        told.send(None)

    app = web.Application()
    app.router.add_post("/hook", slow)
    app.on_startup.append(started)
    web.run_app(app, host="127.0.0.1", port=told.recv(), print=None, access_log=None)


def deliver(url: str, count: int, folder: Path, pace: float | None = None, dead: tuple[str, ...] = ()) -> Run:
    """Run a dataflow that delivers ``count`` results to a URL, and to dead ones beside it."""
    folder.mkdir()
    secret = Secret(FromEnvironment("whsec_" + base64.b64encode(b"s" * 32).decode(), "BENCHMARK"))
    guard = Guard(("127.0.0.0/8",), "benchmark")
    receivers = tuple(
        Receiver(Endpoint(each, (secret,), 10.0, guard, CONNECTIONS), ("completion",), 0, "fixed", 1.0)
        for each in (url, *dead)
    )
    run = Run([delivery(f"{folder.name}-{number}.pdf") for number in range(count)], url, pace, {}, {})
    owners = iter(range(count))
    logic = partial(Deliver, by_name(receivers), folder, lambda: str(next(owners)), lambda: False)
    flow = Dataflow("webhooks")
    told = op.stateful_batch("deliver", op.input("in", flow, Source(run)), logic)
    op.output("out", told, Ends(run))
    run_main(flow)
    for receiver in receivers:
        receiver.endpoint.close()
    return run


def p99(run: Run) -> float:
    """Milliseconds from a result's arrival to the end of its delivery."""
    return statistics.quantiles([1000 * (run.ended[each] - run.began[each]) for each in run.ended], n=100)[98]


def measure(rounds: int, count: int) -> dict[str, dict[str, Any]]:
    port = free_port()
    here, there = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(there,), daemon=True)
    server.start()
    here.send(port)
    here.recv()
    time.sleep(0.5)  # started is not listening yet
    url, dead = f"http://127.0.0.1:{port}/hook", (f"http://127.0.0.1:{free_port()}/", "http://127.0.0.1:9/")
    rates, alone, beside = [], [], []
    with tempfile.TemporaryDirectory() as root:
        for number in range(rounds):
            run = deliver(url, count, Path(root, f"rate{number}"))
            rates.append(count / (max(run.ended.values()) - min(run.began.values())))
            alone.append(p99(deliver(url, count // 2, Path(root, f"alone{number}"), PACE)))
            beside.append(p99(deliver(url, count // 2, Path(root, f"beside{number}"), PACE, dead)))
    server.terminate()
    server.join()
    rate, ratio = statistics.median(rates), statistics.median(beside) / statistics.median(alone)
    return {
        "webhook_deliveries": {
            "value": round(rate),
            "unit": "deliveries/s",
            "target": TARGET,
            "met": rate >= TARGET,
        },
        "webhook_p99_beside_dead_endpoints": {
            "value": round(statistics.median(beside), 1),
            "unit": "ms",
            "reference": round(statistics.median(alone), 1),
            "ratio": round(ratio, 3),
            "target": DEAD,
            "met": ratio <= DEAD,
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="fewer deliveries, within a minute")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    given = parser.parse_args()
    measures = measure(*((2, 2_000) if given.quick else (5, 5_000)))
    for name, each in measures.items():
        beside = f", alone {each['reference']} {each['unit']}" if "reference" in each else ""
        print(f"{name:34} {each['value']:8,} {each['unit']}{beside} (target {each['target']:g})")
    if given.json:
        versions = {"python": platform.python_version(), "aiohttp": version("aiohttp")}
        print(json.dumps({"name": "webhooks", "versions": versions, "measures": measures}))


if __name__ == "__main__":
    main()
