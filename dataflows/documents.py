"""The main job: documents become validated, traceable results.

``build_flow(config)`` declares it; ``python -m bytewax.run dataflows.documents`` runs it with the
configuration that ``NEURALDOCFLOW_CONFIG`` names (default: ``./inbox`` to ``./results``).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar, cast

import bytewax.operators as op
from bytewax.dataflow import Dataflow, Stream
from bytewax.operators import KeyedStream

from connectors import SOURCES
from neuraldocflow import config as configuration
from neuraldocflow.archive.spool import refuse_left
from neuraldocflow.components import SinkContext, SourceContext
from neuraldocflow.config import Config
from neuraldocflow.config.model import SourceEntry
from neuraldocflow.dead_letters import DeadLetter
from neuraldocflow.deliveries import Delivery, Spent
from neuraldocflow.errors import ConfigError
from neuraldocflow.events import Event
from neuraldocflow.fetch_queue import Fetcher
from neuraldocflow.job.engine import Engine, recovery_directory
from neuraldocflow.operators import deliver
from neuraldocflow.operators.acknowledge import AcknowledgeSink
from neuraldocflow.operators.clock import ClockSource
from neuraldocflow.operators.dedupe import Dedupe
from neuraldocflow.operators.deliver import Deliver
from neuraldocflow.operators.extract import Extract, Finished
from neuraldocflow.operators.heartbeat import HeartbeatSource
from neuraldocflow.operators.keying import dedupe_key, work_key
from neuraldocflow.operators.submissions import SubmissionsSource
from neuraldocflow.operators.validate import Validate
from neuraldocflow.routing import filter_of
from neuraldocflow.topics.own import log_topics, reads_submissions, results_key
from neuraldocflow.webhooks.receivers import Name, Receiver, by_name
from sinks import SINKS
from sinks.dead_letter import DeadLetterSink
from sinks.events import EventsSink
from sinks.parquet import ParquetSink
from sinks.webhook import WebhookSink

T = TypeVar("T")
Passes = Callable[[Any], bool] | None
_AN_HOUR = 3600.0
_SOURCE = "documents.source_"
"""How the ids of sources' steps begin."""


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
    outputs, receivers = _build_outputs(config, engine)
    engine.recovery.forget_parts(
        {f"{_SOURCE}{step_name(name)}": source.list_parts() for name, source in built.items()}
        | {f"documents.to_{name}": sink.list_parts() for name, (sink, _) in outputs.items()}
    )

    flow = Dataflow("documents")
    arrived = [op.input(f"source_{step_name(name)}", flow, source) for name, source in built.items()]
    documents = op.merge("documents", *arrived)
    windows = op.key_on("window", documents, dedupe_key)
    fresh = op.key_rm("fresh", op.stateful_batch("dedupe", windows, Dedupe))

    work = op.key_on("key", fresh, work_key)
    extracted = op.key_rm("extracted", op.stateful_batch("extract", work, partial(Extract, engine)))
    finished = op.key_on(
        "type", op.filter_map("finished", extracted, _only(Finished)), type_among(engine.profiles)
    )
    validated = op.key_rm("validated", op.stateful_batch("validate", finished, Validate))

    interval = config.runtime.snapshot_interval_ms / 1000
    clock = ClockSource(interval, engine.may_close, engine.recovery.began)
    heartbeat = HeartbeatSource(engine.process or 0, interval, engine.cluster.beat, engine.may_close)
    alive = op.merge("alive", op.input("clock", flow, clock), op.input("heartbeat", flow, heartbeat))
    ticks = op.key_on("tick", alive, lambda tick: "tick")

    progress = op.filter_map("progress", extracted, _only(Event))
    happened: Stream[Event | Delivery] = op.merge(
        "happened", progress, op.filter_map("judged", validated, _only(Event, Delivery))
    )
    lifecycle = op.key_on("event", happened, _document_of)
    results = op.key_on("result", op.filter_map("results", validated, _only(Delivery)), _document_of)
    buried = op.filter_map("failed", validated, _only(DeadLetter))
    done = op.merge("done", results, ticks)
    if _undelivered(engine) or receivers:
        logic = partial(
            Deliver,
            receivers,
            engine.webhooks_directory,
            engine.owner,
            engine.wait,
            engine.undelivered,
        )
        # nothing comes of the ticks: while they go on, the step goes on too
        telling = op.merge("telling", lifecycle, op.filter_map_value("open", ticks, _only(Event)))
        told = op.key_rm("told", op.stateful_batch(deliver.STEP, telling, logic))
        delivered = op.key_on("delivery", op.filter_map("delivered", told, _only(Event)), _document_of)
        lifecycle = op.merge("lifecycle", lifecycle, delivered)
        buried = op.merge("buried", buried, op.filter_map("undelivered", told, _only(DeadLetter)))
        done = op.merge(
            "spent", done, op.key_on("file", op.filter_map("files", told, _only(Spent)), _document_of)
        )

    for name, (sink, passes) in outputs.items():
        wanted: KeyedStream[Any] = lifecycle if getattr(sink, "lifecycle", False) else results
        if passes is not None:
            wanted = op.filter_value(f"routed_{name}", wanted, passes)
        ticked = op.merge(f"for_{name}", wanted, ticks) if getattr(sink, "ticks", False) else wanted
        op.output(f"to_{name}", ticked, sink)
    waiting = _waiting(config, engine)
    op.output("log", lifecycle, EventsSink(engine.log, results_key(config), waiting))
    op.output("dead_letters", op.key_on("letter", buried, _document_of), DeadLetterSink(engine.log, waiting))
    names = [*_left_out(config, engine), *_names_of_sources(config)]
    all_sources: dict[str, Any] = dict.fromkeys(names) | built
    acknowledgements = AcknowledgeSink(
        all_sources,
        engine.recovery,
        engine.results_directory,
        engine.cluster.reached,
        engine.cluster.progress,
    )
    op.output("acknowledge", done, acknowledgements)
    return Job(flow, engine, acknowledgements)


def _undelivered(engine: Engine) -> bool:
    """Whether webhooks have not been told all yet; bodies that nothing needs any more are removed."""
    states = engine.recovery.states(f"documents.{deliver.STEP}")
    if not engine.process:  # one of several is enough, and what is young may be of one that has not ended yet
        older_than = 0.0 if engine.process is None else _AN_HOUR
        deliver.forget_bodies(engine.webhooks_directory, states.values(), older_than)
    return bool(states)


def _build_outputs(
    config: Config, engine: Engine
) -> tuple[dict[str, tuple[Any, Passes]], dict[Name, Receiver]]:
    """Outputs by their steps' names, each with what the routes let through, and all webhooks' receivers."""
    pipeline = config.processing_pipeline
    context = SinkContext(
        engine.state_directory, engine.log, engine.payloads, log_topics(config), engine.cluster.waiting
    )
    built: dict[str, tuple[Any, Passes]] = {}
    receivers: list[Receiver] = []
    for number, (name, entry) in enumerate(pipeline.outputs().items()):
        if SINKS.get(entry.type).gateway:
            continue
        where = f"processing_pipeline.output_streams.{number}.config"
        sink = SINKS.build(entry.type, name, entry.config, replace(context, where=where))
        passes = filter_of(pipeline.routes, entry.name or entry.type)
        if isinstance(sink, WebhookSink):
            receivers += [replace(each, passes=passes) for each in sink.receivers]
        else:
            built[step_name(name)] = (sink, passes)
    archives = [sink.archive for sink, _ in built.values() if isinstance(sink, ParquetSink)]
    refuse_left(engine.state_directory, archives)
    return built, by_name(receivers)


def _build_sources(config: Config, engine: Engine, wanted: tuple[str, ...]) -> dict[str, Any]:
    unknown = [name for name in wanted if name not in config.stream_sources]
    if unknown:
        known = ", ".join(config.stream_sources) or "none"
        raise ConfigError(f"stream_sources: there is no source {', '.join(unknown)}; there are: {known}")
    log = log_topics(config)
    context = SourceContext(
        engine.state_directory,
        engine.room,
        engine.urgent_room,
        engine.stopping,
        may_end=engine.may_end,
        patience=engine.patience,
        snapshot_interval=config.runtime.snapshot_interval_ms / 1000,
        once=engine.once,
        payloads=engine.payloads,
        log=engine.log,
        brokers=log.brokers if log is not None else None,
        start_again=engine.start_again,
        waiting=_waiting(config, engine),
    )
    built = {
        name: SOURCES.build(
            config.stream_sources[name].type, name, config.stream_sources[name].config, context
        )
        for name in _names_of_sources(config)
        if not wanted or name in wanted
    }
    if not wanted and not reads_submissions(config):
        by_priority = config.processing_pipeline.buffer_config.priority_queues
        built["submissions"] = SubmissionsSource(engine.log, context, by_priority=by_priority)
    for name in _names_of_sources(config):
        if fetcher := _fetcher_of(config.stream_sources[name], built.get(name)):
            engine.fetching.add_source(name, fetcher)
    engine.partitions = sum(len(source.list_parts()) for source in built.values())
    return built


def _fetcher_of(entry: SourceEntry, source: Any) -> Fetcher | None:
    """How a source's documents are read, whether it runs (``source``) or not: they may be under way still."""
    if hasattr(source, "fetcher"):
        return cast(Fetcher, source.fetcher())
    made = SOURCES.get(entry.type).fetcher
    return made(entry.config) if made is not None and source is None else None


def _names_of_sources(config: Config) -> list[str]:
    """The configured sources that the job reads; others are doors of the gateway."""
    return [name for name, entry in config.stream_sources.items() if not SOURCES.get(entry.type).gateway]


def _left_out(config: Config, engine: Engine) -> list[str]:
    """Sources that ran before and are no longer configured: documents of theirs may be under way, and they
    may be put back."""
    steps = [step.removeprefix(_SOURCE) for step in engine.recovery.steps() if step.startswith(_SOURCE)]
    return [name for step in steps if (name := step.replace("%2E", ".")) not in config.stream_sources]


def _waiting(config: Config, engine: Engine) -> Callable[[], None] | None:
    """Says that no process can go on while the log's brokers are away. A disk that hangs is a stall."""
    return engine.cluster.waiting if config.runtime.log.kind == "kafka" else None


def step_name(name: str) -> str:
    """A configured name as part of a step's id, which can't have periods."""
    return name.replace(".", "%2E")


def _only(*kinds: type[T]) -> Callable[[Any], T | None]:
    """Lets values of some kinds through."""
    return lambda value: value if isinstance(value, kinds) else None


def type_among(profiles: Collection[str]) -> Callable[[Finished], str]:
    """The profile an agent chose; the one asked for where there is no such profile, as for a failure."""

    def type_of(item: Finished) -> str:
        chosen = item.outcome.summary.get("profile") if item.outcome is not None else None
        return str(chosen) if chosen in profiles else item.document.profile

    return type_of


def _document_of(item: Event | Delivery | DeadLetter | Spent) -> str:
    if isinstance(item, Delivery | Spent):
        return item.document.id if isinstance(item, Delivery) else item.document
    return item.key if isinstance(item, DeadLetter) else item.id


def get_flow() -> Dataflow:
    """The flow of the configuration that ``NEURALDOCFLOW_CONFIG`` names."""
    return build_flow(configuration.load(os.environ.get("NEURALDOCFLOW_CONFIG")))


def __getattr__(name: str) -> Dataflow:
    """``flow``, declared when someone asks for it: importing the module starts nothing."""
    if name == "flow":
        return get_flow()
    raise AttributeError(name)
