"""The configuration's models: ``stream_sources``, ``processing_pipeline`` and ``runtime``."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Union

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    GetCoreSchemaHandler,
    WithJsonSchema,
    create_model,
    field_validator,
)
from pydantic_core import CoreSchema
from pydantic_core.core_schema import ValidationInfo

import connectors
import sinks
from neuraldocflow import plugins
from neuraldocflow.components import Registry
from neuraldocflow.kafka_settings import KafkaSettings
from neuraldocflow.limits import Limits
from neuraldocflow.routing import Route
from neuraldocflow.values import OwnPath, Place, Section, Size, nearest

plugins.load()  # their types are among those the models below are made of

ScalingMetric = Literal["queue_depth", "processing_latency", "cpu_utilization"]


class ComponentEntry(Section):
    """One source or output: its type, and that type's own config."""

    type: str
    config: Section


class NamedEntry(ComponentEntry):
    """An output that routes can name."""

    name: str | None = Field(None, pattern=r"^[A-Za-z0-9_.-]+$", description="for routes; default: its type")


class _Typed:
    """Annotation: ``type`` chooses, among a registry's components, the model of ``config``."""

    def __init__(self, registry: Registry[Any], base: type[ComponentEntry]) -> None:
        self._registry = registry
        self._base = base

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        entries = tuple(
            create_model(
                f"{each.name.capitalize()}{self._registry.kind.capitalize()}",
                __base__=self._base,
                type=(Literal[each.name], ...),  # type: ignore[arg-type]
                config=(each.config, Field(default_factory=dict)),
            )
            for each in self._registry
        )
        union = Union[entries]  # type: ignore[valid-type]  # noqa: UP007
        return handler.generate_schema(Annotated[union, Field(discriminator="type")])


SourceEntry = Annotated[ComponentEntry, _Typed(connectors.SOURCES, ComponentEntry)]
OutputEntry = Annotated[NamedEntry, _Typed(sinks.SINKS, NamedEntry)]


class BufferConfig(Section):
    """The bounded buffer between sources and agents."""

    max_buffer_size: int = Field(100, ge=1, le=1_000_000, description="documents waiting or running")
    batch_size: int = Field(5, ge=1, description="documents handed over at a time")
    flush_interval_ms: int = Field(
        1000,
        ge=1,
        le=3_600_000,
        description="how often waiting work is looked at again, at the least; more than 500 counts as 500",
    )
    priority_queues: bool = Field(True, description="false is first come, first served")

    @field_validator("batch_size")
    @classmethod
    def _fits(cls, batch: int, info: ValidationInfo) -> int:
        if batch > info.data.get("max_buffer_size", batch):
            raise ValueError(f"must not exceed max_buffer_size ({info.data['max_buffer_size']})")
        return batch


def _default_agents() -> int:
    return max(2, os.cpu_count() or 2)


class SwarmConfig(Section):
    """The agent processes."""

    min_agents: int = Field(2, ge=1, le=1024)
    max_agents: int = Field(default_factory=_default_agents, ge=1, le=1024)
    auto_scaling: bool = Field(True, description="false keeps min_agents")
    scaling_metrics: tuple[ScalingMetric, ...] = ("queue_depth", "processing_latency", "cpu_utilization")
    documents_per_agent: int = Field(500, ge=1, description="an agent is replaced after so many documents")
    readable_directories: tuple[OwnPath, ...] = Field((), description="what else agents may read")

    @field_validator("max_agents")
    @classmethod
    def _not_below_min(cls, most: int, info: ValidationInfo) -> int:
        least = info.data.get("min_agents", 1)
        if most < least:
            raise ValueError(f"must be at least min_agents ({least})")
        return most


class PipelineConfig(Section):
    """What happens between the sources and the outputs, and the outputs."""

    buffer_config: BufferConfig = BufferConfig()
    swarm_config: SwarmConfig = Field(default_factory=SwarmConfig)
    output_streams: tuple[OutputEntry, ...] = Field(
        ({"type": "files", "config": {}}, {"type": "parquet", "config": {}}),  # type: ignore[arg-type]
        description="default: files in ./results and the archive in the state directory",
    )
    routes: tuple[Route, ...] = Field(
        (), description="which events go to which outputs; an output that no row names takes all"
    )

    @field_validator("output_streams")
    @classmethod
    def _names_are_their_own(cls, entries: tuple[NamedEntry, ...]) -> tuple[NamedEntry, ...]:
        names = [name for name, _ in _named(entries)]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two outputs are called {name}; give each a name of its own")
        return entries

    def outputs(self) -> dict[str, NamedEntry]:
        """The outputs by their names: a configured one, else the type and which of its type it is."""
        return dict(_named(self.output_streams))

    @field_validator("routes")
    @classmethod
    def _outputs_are_there(cls, routes: tuple[Route, ...], info: ValidationInfo) -> tuple[Route, ...]:
        entries: tuple[NamedEntry, ...] = info.data.get("output_streams", ())
        names = [entry.name or entry.type for entry in entries]
        of_gateway = {entry.name or entry.type for entry in entries if sinks.SINKS.get(entry.type).gateway}
        for name in (name for route in routes for name in route.outputs):
            if entries and name not in names:
                raise ValueError(f"there is no output {name}; {nearest(name, names)}")
            if names.count(name) > 1:
                raise ValueError(f"two outputs are called {name}; give each a name of its own")
            if name in of_gateway:
                raise ValueError(f"{name} can't be routed to: its readers choose by channel and filter")
        return routes


def _named(entries: tuple[NamedEntry, ...]) -> Iterator[tuple[str, NamedEntry]]:
    count: Counter[str] = Counter()
    for entry in entries:
        count[entry.type] += 1
        yield entry.name or f"{entry.type}_{count[entry.type]}", entry


class KafkaLogSettings(KafkaSettings):
    """The log's cluster."""

    topic_prefix: str = Field(
        "", pattern=r"^[A-Za-z0-9._-]{0,100}$", description="before each topic's name, to share a cluster"
    )


class LogConfig(Section):
    """Where the log lives: ``embedded``, or ``{kafka: {bootstrap_servers: …}}``."""

    kind: Literal["embedded", "kafka"] = "embedded"
    kafka: KafkaLogSettings = KafkaLogSettings()


def _log_from_name(value: Any) -> Any:
    if isinstance(value, str):
        return {"kind": value}
    if isinstance(value, dict) and "kafka" in value and "kind" not in value:
        return {"kind": "kafka", **value}
    return value


_LOG_SCHEMA: dict[str, Any] = {
    "anyOf": [
        {"enum": ["embedded", "kafka"]},
        {
            "type": "object",
            "properties": {"kafka": KafkaLogSettings.model_json_schema()},
            "required": ["kafka"],
            "additionalProperties": False,
        },
    ]
}


class GatewayConfig(Section):
    """Where the web page and the API are served, and what one caller may ask of them."""

    host: str = Field("127.0.0.1", min_length=1)
    port: int = Field(8080, ge=0, le=65535, description="0 takes a free one")
    keys_file: OwnPath | None = Field(None, description="default: keys.json in the state directory")
    cors_origins: tuple[str, ...] = Field((), description="sites whose pages may call the API")
    max_upload_size: Size = Field(2_147_483_648, description="larger documents are refused with 413")
    max_waiting: int = Field(
        10_000, ge=1, description="jobs of one tenant under way before it is answered 503"
    )
    max_connections: int = Field(10_000, ge=1, description="WebSocket connections of one process")
    max_connections_per_key: int = Field(
        1000, ge=1, description="WebSocket connections and event streams of one key, of one process"
    )
    idle_timeout_s: float = Field(
        3600, gt=0, description="a WebSocket without requests or events for so long is closed"
    )


class MetricsConfig(Section):
    """Where the dataflow's processes serve Prometheus metrics of their own."""

    host: str = Field("127.0.0.1", min_length=1)
    port: int | None = Field(
        None,
        ge=1,
        le=65000,
        description="default: none; of several processes on one machine, each takes the next one",
    )


class LimitsConfig(Section):
    """What one document may cost before it is refused."""

    max_pages: int = Field(5000, ge=1)
    max_seconds: float = Field(120, gt=0, le=86_400)
    max_memory_mb: int = Field(1024, ge=128)
    max_uncompressed_mb: int = Field(512, ge=1)
    max_download_mb: int = Field(1024, ge=1, description="the most that is fetched of one document")
    max_download_seconds: float = Field(
        1800, gt=0, description="how long fetching one document may take, from its turn on, pauses included"
    )
    max_unreachable_seconds: float = Field(
        900, gt=0, description="how long a document waits for a place that gives nothing, before it fails"
    )

    def limits(self) -> Limits:
        """The same, as the extraction core takes it."""
        return Limits(self.max_pages, self.max_seconds, self.max_memory_mb, self.max_uncompressed_mb)


class RuntimeConfig(Section):
    """Where things are kept, and limits."""

    state_directory: OwnPath = Field(Path(".neuraldocflow"), description="log, payloads, recovery, archive")
    log: Annotated[LogConfig, BeforeValidator(_log_from_name), WithJsonSchema(_LOG_SCHEMA)] = LogConfig()
    payload_store: Place = Field("file", min_length=1, description="`file` or an fsspec URL")
    snapshot_interval_ms: int = Field(1000, ge=10, le=3_600_000)
    max_workers: int = Field(
        16,
        ge=1,
        le=256,
        description="the most workers (processes x workers each) the job can ever have; its state is divided "
        "among so many parts when the state directory is made",
    )
    retention_days: float = Field(
        7, gt=0, le=36_500, description="how long the log and the payload store keep things"
    )
    profiles_directories: tuple[OwnPath, ...] = Field((), description="folders with profiles of your own")
    allowed_networks: tuple[str, ...] = Field(
        (), description="private networks that documents given by address may come from, such as 10.0.0.0/8"
    )
    gateway: GatewayConfig = GatewayConfig()
    metrics: MetricsConfig = MetricsConfig()
    limits: LimitsConfig = LimitsConfig()

    @property
    def keys_file(self) -> Path:
        """Where the gateway's keys are."""
        return self.gateway.keys_file or self.state_directory / "keys.json"

    @property
    def payload_url(self) -> str:
        """The payload store's folder or URL."""
        return str(self.state_directory / "payloads") if self.payload_store == "file" else self.payload_store


_OWN_SOURCES = frozenset({"submissions", "rest", "websocket"})
"""What a job's own source is called, and the origins of the events it reads."""


def _plain(name: str) -> str:
    if not name or not all(letter.isalnum() or letter in "_-." for letter in name):
        raise ValueError("a source's name has letters, digits, _ - and . only")
    if name in _OWN_SOURCES:
        raise ValueError(f"{name} is what the gateway's documents come through: name it otherwise")
    return name


class Config(Section):
    """One file, three blocks, all optional."""

    stream_sources: dict[Annotated[str, AfterValidator(_plain)], SourceEntry] = Field(default_factory=dict)
    processing_pipeline: PipelineConfig = Field(default_factory=PipelineConfig)
    runtime: RuntimeConfig = Field(default_factory=RuntimeConfig)
