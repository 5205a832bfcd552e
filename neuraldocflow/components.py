"""Sources and outputs by their ``type``: what a component module registers, and what it is given.

A module in ``connectors/`` or ``sinks/`` holds a config model and, once built, the component, and ends with
one call of ``SOURCES.add`` or ``SINKS.add``. Nothing else has to change for a new type.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, TypeVar

from neuraldocflow import wakes
from neuraldocflow.errors import ConfigError
from neuraldocflow.values import Section, nearest

if TYPE_CHECKING:
    from neuraldocflow.fetch_queue import Fetcher
    from neuraldocflow.kafka_settings import LogTopics
    from neuraldocflow.log import Log
    from neuraldocflow.payloads import PayloadStore


@dataclass(frozen=True, slots=True)
class SourceContext:
    """What a source is built with, beside its name and config."""

    state_directory: Path
    room: Callable[[], int] = lambda: 1_000_000
    """Credits: how many documents may be emitted now. A source returns ``[]`` when it is 0."""
    urgent_room: Callable[[], int] = lambda: 1_000_000
    """The same for urgent documents, for which some places are kept."""
    stopping: threading.Event = field(default_factory=threading.Event)
    """Set for a graceful end: the source raises ``StopIteration`` at its next batch."""
    may_end: Callable[[], bool] = lambda: True
    """Asked by a source that has nothing more to give; until it says so the source stays, and is silent."""
    patience: Callable[[], float] = lambda: 0.0
    """Seconds a source may wait in ``next_batch`` for something to come: the engine's loop looks a thousand
    times a second otherwise. 0 while documents are under way, and in one of several processes."""
    snapshot_interval: float = 1.0
    """Seconds an epoch takes."""
    once: bool = False
    """End when everything that is there now has been emitted."""
    arrived: threading.Event = field(default_factory=threading.Event)
    """Set by a source's own thread when it has something to emit: it wakes whichever source rests."""
    payloads: PayloadStore | None = None
    """Where a source keeps documents that come without a place of their own."""
    log: Log | None = None
    """For dead letters."""
    brokers: str | None = None
    """Kafka brokers to use where the source names none: the log's."""
    start_again: Callable[[str], None] | None = None
    """Called, with why, by a source that can go on in a fresh process only; None where there can't be one."""

    waiting: Callable[[], None] | None = None
    """Called again and again while a log on other machines is waited for, which is no stall;
    None where the log is on this one."""

    def rest(self, longest: float) -> bool:
        """Wait, where there is patience, ``longest`` seconds at most, until something arrives at any source;
        whether it waited."""
        if (seconds := min(self.patience(), longest)) <= 0:
            return False
        if self.arrived.wait(seconds):
            self.arrived.clear()
        wakes.rested()
        return True


@dataclass(frozen=True, slots=True)
class SinkContext:
    """What an output is built with, beside its config."""

    state_directory: Path
    log: Any = None
    """The open :class:`neuraldocflow.log.Log`, for outputs that publish to it."""
    payloads: PayloadStore | None = None
    """Where an output keeps what is too large for it, and refers to."""
    log_topics: LogTopics | None = None
    """Where the log is in Kafka: its brokers are used where the output names none."""
    waiting: Callable[[], None] = lambda: None
    """Called again and again by an output that waits for something outside: it has not stalled."""
    where: str = ""
    """Its place in the configuration, for errors."""
    claimed: set[str] = field(default_factory=set)
    """What the job's outputs write to that only one may write to."""

    def claim(self, what: str) -> None:
        """This output alone writes to ``what``. Raises ConfigError where another does."""
        if what in self.claimed:
            raise ConfigError(f"{self.where}: another output writes to {what} already; leave one of them out")
        self.claimed.add(what)


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """How a document ended; given to its source after the snapshot that covers the result was written."""

    status: Literal["completed", "partial", "failed"]
    error: dict[str, Any] | None = None
    """The error object of contract 4 when it failed."""


class Acknowledging(Protocol):
    """A source that keeps a cursor outside the engine (a file to move, a message to delete)."""

    def acknowledge(self, event: Any, outcome: Acknowledgement) -> None:
        """The document's result is durable. Safe to call twice and from any process.

        A source may have ``ran_again(event)`` too: a replay has run one of its documents again.
        """


Context = TypeVar("Context")


@dataclass(frozen=True, slots=True)
class Component(Generic[Context]):
    """One type of source or output."""

    name: str
    """Its ``type`` in the configuration."""
    config: type[Section]
    build: Callable[[str, Any, Context], Any] | None = None
    """``build(name, config, context)``; None while the type can be configured but not yet run."""
    gateway: bool = False
    """Served by the gateway: the dataflow has nothing to build for it."""
    fetcher: Callable[[Any], Fetcher] | None = None
    """``fetcher(config)``: how documents of a source are read while it does not run, where their address
    alone does not say that. One that runs has a method of this name."""


class Registry(Generic[Context]):
    """The known types of one kind (``source`` or ``output``)."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._components: dict[str, Component[Context]] = {}

    def add(self, component: Component[Context]) -> None:
        """Register a type. Registering another component under a taken name is a ConfigError."""
        known = self._components.setdefault(component.name, component)
        if known.config is not component.config:
            raise ConfigError(f"two {self.kind} types are both called {component.name}")

    def get(self, type_: str) -> Component[Context]:
        if type_ not in self._components:
            raise ConfigError(f"unknown {self.kind} type {type_}; {nearest(type_, self._components)}")
        return self._components[type_]

    def build(self, type_: str, name: str, config: Section, context: Context) -> Any:
        """The component itself; ConfigError when this version can't run the type."""
        component = self.get(type_)
        if component.build is None:
            ready = sorted(each.name for each in self if each.build is not None)
            raise ConfigError(
                f"{name}: {self.kind} type {type_} is not available in this version; "
                f"remove it or use one of: {', '.join(ready)}"
            )
        return component.build(name, config, context)

    def __iter__(self) -> Iterator[Component[Context]]:
        return iter(self._components.values())


SOURCES: Registry[SourceContext] = Registry("source")
SINKS: Registry[SinkContext] = Registry("output")
