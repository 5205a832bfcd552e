"""The main job: documents become validated, traceable results.

``build_flow(config)`` declares it; ``python -m bytewax.run dataflows.documents`` runs it with the
configuration that ``NEURALDOCFLOW_CONFIG`` names (default: ``./inbox`` to ``./results``).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import bytewax.operators as op
from bytewax.dataflow import Dataflow
from bytewax.operators import KeyedStream

from connectors import SOURCES
from neuraldocflow import config as configuration
from neuraldocflow.components import SinkContext, SourceContext
from neuraldocflow.config import Config
from neuraldocflow.deliveries import DeadLetter, Delivery
from neuraldocflow.engine import Engine, recovery_directory
from neuraldocflow.errors import ConfigError
from neuraldocflow.events import Event
from neuraldocflow.log import DOCUMENT_STREAM
from neuraldocflow.operators.acknowledge import AcknowledgeSink
from neuraldocflow.operators.clock import ClockSource
from neuraldocflow.operators.dedupe import Dedupe
from neuraldocflow.operators.deliver import Deliver
from neuraldocflow.operators.extract import Extract, Extracted, Finished
from neuraldocflow.operators.heartbeat import HeartbeatSource
from neuraldocflow.operators.keying import dedupe_key, work_key
from neuraldocflow.operators.submissions import SubmissionsSource
from neuraldocflow.operators.validate import Validate, Validated
from neuraldocflow.routing import filter_of
from sinks import SINKS
from sinks.events import EventsSink, Logged
from sinks.webhook import WebhookSink


@dataclass(frozen=True, slots=True)
class Job:
    """A declared flow with what it shares and what to do after it ended."""

    flow: Dataflow
    engine: Engine
    acknowledgements: AcknowledgeSink


def build_flow(config: Config, engine: Engine | None = None, sources: tuple[str, ...] = ()) -> Dataflow:
    """The dataflow of a configuration; ``sources`` names those to run (default: all)."""
    return build_job(config, engine or Engine(config, recovery=recovery_directory()), sources).flow


def build_job(config: Config, engine: Engine, sources: tuple[str, ...] = ()) -> Job:
    """The dataflow, decode → dedupe → key → extract → validate → route. Raises ConfigError."""
    built = _build_sources(config, engine, sources)
    engine.recovery.forget_uncommitted()
    outputs = SinkContext(
        engine.state_directory, engine.log, engine.payloads, _brokers(config), engine.cluster.waiting
    )

    flow = Dataflow("documents")
    arrived = [op.input(f"source_{name}", flow, source) for name, source in built.items()]
    documents = op.merge("documents", *arrived)
    windows = op.key_on("window", documents, dedupe_key)
    fresh = op.key_rm("fresh", op.stateful_batch("dedupe", windows, Dedupe))

    work = op.key_on("key", fresh, work_key)
    extracted = op.key_rm("extracted", op.stateful_batch("extract", work, partial(Extract, engine)))
    finished = op.key_on("type", op.filter_map("finished", extracted, _finished), _type_of)
    validated = op.key_rm("validated", op.stateful_batch("validate", finished, Validate))

    interval = timedelta(milliseconds=config.runtime.snapshot_interval_ms)
    clock = ClockSource(interval, engine.all_ended, engine.recovery.began)
    alive = op.input("clock", flow, clock)
    if engine.process is not None:
        heartbeat = HeartbeatSource(engine.process, engine.cluster.beat, engine.all_ended)
        alive = op.merge("alive", alive, op.input("heartbeat", flow, heartbeat))
    ticks = op.key_on("tick", alive, lambda tick: "tick")
    lifecycle = op.merge("lifecycle", op.filter_map("progress", extracted, _event), validated)
    everything = op.key_on("event", lifecycle, _document_of)
    results = op.key_on("result", op.filter_map("results", validated, _delivery), _document_of)
    logged = everything
    for number, entry in enumerate(config.processing_pipeline.output_streams):
        if SINKS.get(entry.type).gateway:
            continue
        name = f"{entry.type}_{number}"
        sink = SINKS.build(entry.type, name, entry.config, outputs)
        passes = filter_of(config.processing_pipeline.routes, entry.name or entry.type)
        if isinstance(sink, WebhookSink):
            routed = _routed(name, everything, passes)
            deliver = partial(Deliver, sink.receivers, sink.spool, engine.owner, engine.wait)
            told = op.key_rm(f"told_{name}", op.stateful_batch(f"to_{name}", routed, deliver))
            logged = op.merge(f"logged_{name}", logged, op.key_on(f"telling_{name}", told, _document_of))
            continue
        wanted = _routed(name, everything if getattr(sink, "lifecycle", False) else results, passes)
        ticked = op.merge(f"for_{name}", wanted, ticks) if getattr(sink, "ticks", False) else wanted
        op.output(f"to_{name}", ticked, sink)
    op.output("to_log", logged, EventsSink(engine.log))
    acknowledgements = AcknowledgeSink(built, engine.recovery, engine.results_directory)
    op.output("acknowledge", op.merge("acknowledged", results, ticks), acknowledgements)
    return Job(flow, engine, acknowledgements)


def _build_sources(config: Config, engine: Engine, wanted: tuple[str, ...]) -> dict[str, Any]:
    unknown = [name for name in wanted if name not in config.stream_sources]
    if unknown:
        known = ", ".join(config.stream_sources) or "none"
        raise ConfigError(f"stream_sources: there is no source {', '.join(unknown)}; there are: {known}")
    context = SourceContext(
        engine.state_directory,
        engine.room,
        engine.stopping,
        may_end=engine.may_end,
        patience=engine.patience,
        once=engine.once,
        payloads=engine.payloads,
        log=engine.log,
        brokers=_brokers(config),
    )
    built = {
        name: SOURCES.build(entry.type, name, entry.config, context)
        for name, entry in config.stream_sources.items()
        if (not wanted or name in wanted) and not SOURCES.get(entry.type).gateway
    }
    if not wanted and not _reads_submissions(config):
        built["submissions"] = SubmissionsSource(engine.log, context)
    for name, source in built.items():
        if hasattr(source, "fetcher"):
            engine.fetching.add_source(name, source.fetcher())
    engine.partitions = sum(len(source.list_parts()) for source in built.values())
    return built


def _brokers(config: Config) -> str | None:
    log = config.runtime.log
    return log.kafka.brokers() if log.kind == "kafka" else None


def _reads_submissions(config: Config) -> bool:
    """Whether a configured Kafka source reads the very topic that the gateway submits to."""
    log = config.runtime.log
    return log.kind == "kafka" and any(
        entry.type == "kafka" and getattr(entry.config, "topic", "") == DOCUMENT_STREAM
        for entry in config.stream_sources.values()
    )


def _routed(name: str, stream: KeyedStream[Any], passes: Callable[[Any], bool] | None) -> KeyedStream[Any]:
    """What the configuration's routes let through to an output."""
    return stream if passes is None else op.filter_value(f"routed_{name}", stream, passes)


def _finished(item: Extracted) -> Finished | None:
    return item if isinstance(item, Finished) else None


def _event(item: Extracted) -> Event | None:
    return item if isinstance(item, Event) else None


def _delivery(item: Validated) -> Delivery | None:
    return item if isinstance(item, Delivery) else None


def _type_of(item: Finished) -> str:
    """The profile an agent chose; for a failure the one asked for."""
    chosen = item.outcome.summary.get("profile") if item.outcome is not None else None
    return str(chosen or item.document.profile)


def _document_of(item: Logged) -> str:
    if isinstance(item, Delivery):
        return item.document.id
    return item.key if isinstance(item, DeadLetter) else item.id


def get_flow() -> Dataflow:
    """The flow of the configuration that ``NEURALDOCFLOW_CONFIG`` names."""
    return build_flow(configuration.load(os.environ.get("NEURALDOCFLOW_CONFIG")))


def __getattr__(name: str) -> Dataflow:
    """``flow``, declared when someone asks for it: importing the module starts nothing."""
    if name == "flow":
        return get_flow()
    raise AttributeError(name)
