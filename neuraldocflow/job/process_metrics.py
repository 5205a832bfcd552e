"""Prometheus metrics of one process of the dataflow: agents, decisions about them, lag, whether it moves, and
what does not answer."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from neuraldocflow import outages
from neuraldocflow.errors import ConfigError, NeuralDocFlowError

if TYPE_CHECKING:
    from neuraldocflow.job.engine import Engine

log = logging.getLogger(__name__)

_LAG_SECONDS = 15.0
"""How old the lag may be that is told: asking brokers takes a moment."""
_MOMENT = 2.0
"""Seconds that brokers are waited for: while they are away, all the rest has to be told."""

AGENTS, DECISIONS = "neuraldocflow_agents", "neuraldocflow_swarm_decisions"
LAG = "neuraldocflow_source_lag"
HEARTBEAT = "neuraldocflow_heartbeat_age_seconds"
FRONTIER, FRONTIER_AGE = "neuraldocflow_frontier_epoch", "neuraldocflow_frontier_age_seconds"
OUTAGE = "neuraldocflow_outage_seconds"
LABELS = {
    AGENTS: (),
    DECISIONS: ("event", "reason"),
    LAG: ("topic", "partition"),
    HEARTBEAT: ("worker",),
    FRONTIER: (),
    FRONTIER_AGE: (),
    OUTAGE: ("what",),
}

Lags = Callable[[], list[tuple[str, int, int]]]
"""Gives topic, partition and how many messages are not read."""


class ProcessMetrics(Collector):
    """Reads an engine when it is scraped. ``lags`` is asked now and then, by one of several processes."""

    def __init__(self, engine: Engine, lags: Lags | None) -> None:
        self._engine = engine
        self._lags = lags
        self._asked = float("-inf")
        self._asking: threading.Thread | None = None
        self._found: list[tuple[str, int, int]] = []
        self._fault = False
        self._lock = threading.Lock()

    def collect(self) -> Iterator[Metric]:
        swarm = self._engine.start()
        stats: dict[str, Any] = swarm.stats()
        yield GaugeMetricFamily(AGENTS, "Agent processes", value=stats["agents"])
        about = "What was decided about agents, and why"
        decisions = CounterMetricFamily(DECISIONS, about, labels=LABELS[DECISIONS])
        for (event, reason), count in swarm.decisions.counts().items():
            decisions.add_metric((event, reason), count)
        yield decisions
        lag = GaugeMetricFamily(LAG, "Messages that are not read yet", labels=LABELS[LAG])
        for topic, partition, behind in self._lag():
            lag.add_metric((topic, str(partition)), behind)
        yield lag
        cluster = self._engine.cluster
        about = "Seconds since a worker's part of the dataflow has moved"
        heartbeat = GaugeMetricFamily(HEARTBEAT, about, labels=LABELS[HEARTBEAT])
        for worker, age in cluster.own_beats().items():
            heartbeat.add_metric((worker,), age)
        yield heartbeat
        if (frontier := cluster.own_frontier()) is not None:
            epoch, age = frontier
            yield GaugeMetricFamily(FRONTIER, "The epoch all input before is worked through", value=epoch)
            yield GaugeMetricFamily(FRONTIER_AGE, "Seconds since the frontier has moved", value=age)
        about = "Seconds since something outside has answered as it should, while it does not"
        outage = GaugeMetricFamily(OUTAGE, about, labels=LABELS[OUTAGE])
        for each in outages.lasting():
            outage.add_metric((each.what,), each.seconds)
        yield outage

    def _lag(self) -> list[tuple[str, int, int]]:
        """As it was asked for last; nothing while that can't be known."""
        with self._lock:
            under_way = self._asking is not None and self._asking.is_alive()
            if self._lags is not None and not under_way and time.monotonic() - self._asked > _LAG_SECONDS:
                self._asked = time.monotonic()
                self._asking = threading.Thread(target=self._ask, args=(self._lags,), name="lag", daemon=True)
                self._asking.start()
            asking = self._asking
        if asking is not None:
            asking.join(_MOMENT)
        return self._found

    def _ask(self, lags: Lags) -> None:
        try:
            self._found, self._fault = lags(), False
        except NeuralDocFlowError as error:
            if not self._fault:
                log.warning("the lag can't be told: %s", error)
            self._found, self._fault = [], True


def serve(engine: Engine, host: str, port: int, lags: Lags | None) -> Callable[[], None]:
    """Serve ``/metrics``; the function that ends it. Raises ConfigError where the port is taken."""
    registry = CollectorRegistry()
    registry.register(ProcessMetrics(engine, lags))
    try:
        server, thread = start_http_server(port, host, registry)
    except OSError as error:
        raise ConfigError(f"runtime.metrics: {host}:{port} can't be used: {error.strerror}") from error

    def end() -> None:
        server.shutdown()
        server.server_close()
        thread.join()

    return end
