"""A source of your own: say what is there, how it is read, and what to do when it is done.

Guarantee, as of every source: an item is emitted at least once until its result is durable, always with the
same id; only then ``done`` is called. So a crash at any moment loses nothing, and gives no second result.
"""

from __future__ import annotations

import logging
import queue
import threading
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterable
from dataclasses import dataclass
from mimetypes import guess_type
from pathlib import Path
from typing import Any, Generic, TypeVar
from urllib.parse import quote, unquote, urlsplit

from bytewax.inputs import FixedPartitionedSource
from pydantic import Field

from neuraldocflow.arrivals import QueuedArrivals
from neuraldocflow.components import SOURCES, Acknowledgement, Component, SourceContext
from neuraldocflow.errors import ConfigError, FetchFailed, NeuralDocFlowError, Unreachable
from neuraldocflow.events import DocumentSource, NewDocument
from neuraldocflow.faults import OF_OTHERS
from neuraldocflow.fetch_queue import Fetcher, Have, lazily
from neuraldocflow.identity import document_id
from neuraldocflow.outages import Outage
from neuraldocflow.topics.ledger import Ledger
from neuraldocflow.values import Priority, Section

log = logging.getLogger(__name__)

_AHEAD = 64


class SourceError(NeuralDocFlowError):
    """A source can't say what is there. The job ends; what it gave before is in the snapshot."""


class SourceConfig(Section):
    """What every polled source has; add your own keys in a subclass."""

    polling_interval_ms: int = Field(1000, ge=10, description="time between two looks at what is there")
    priority: Priority = "normal"
    profile: str = Field("auto", min_length=1)


Config = TypeVar("Config", bound=SourceConfig)


@dataclass(frozen=True, slots=True)
class Item:
    """A document that is there. Another ``version`` of a key is another document."""

    key: str
    filename: str
    version: str = ""
    priority: Priority | None = None
    profile: str | None = None


class Source(ABC, Generic[Config]):
    """Subclass it and give it to :func:`add_source`. Each process of a job makes one; ``find`` is called in
    one thread of one of them, ``read`` in several threads at a time, ``done`` in any process."""

    def __init__(self, config: Config) -> None:
        self.config = config

    @abstractmethod
    def find(self) -> Iterable[Item]:
        """What is there now; what was given before may be given again. An OSError is waited out."""

    @abstractmethod
    def read(self, key: str) -> bytes:
        """An item's content. Raises KeyError where it is gone, and OSError where it may come back."""

    def done(self, key: str, version: str, status: str) -> None:
        """The result is durable (``completed``, ``partial`` or ``failed``). May be called again for the same
        item. What it raises is logged: the item is remembered as done all the same."""


def add_source(name: str, config: type[Config], source: type[Source[Config]]) -> None:
    """Register a type of source: from now on ``type: NAME`` is one. Raises ConfigError for a taken name."""

    def build(named: str, given: Config, context: SourceContext) -> _Polled:
        try:
            made = source(given)
        except OF_OTHERS as error:
            log.exception("the source %s can't be made", named)
            raise ConfigError(f"stream_sources.{named}: {type(error).__name__}: {error}") from error
        return _Polled(named, given, made, context)

    def fetcher(given: Config) -> Fetcher:
        return lazily(lambda: _fetcher_of(source(given)))

    SOURCES.add(Component(name, config, build, fetcher=fetcher))


class _Polled(FixedPartitionedSource[NewDocument, None]):
    """One partition; the ledger remembers the latest items that are done."""

    def __init__(self, name: str, config: SourceConfig, source: Source[Any], context: SourceContext) -> None:
        self.name, self.config, self.source, self.context = name, config, source, context
        self.ledger = Ledger(context.state_directory / "sources" / f"{name}.done.db")

    def list_parts(self) -> list[str]:
        return ["all"]

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> _Partition:
        return _Partition(self)

    def fetcher(self) -> Fetcher:
        """How its documents are read: beside the dataflow, like every download."""
        return _fetcher_of(self.source)

    def acknowledge(self, event: NewDocument, outcome: Acknowledgement) -> None:
        """The document's result is durable. Safe to call again."""
        if not event.source.uri.startswith(f"own://{self.name}/"):
            return  # of a source of another type, which had the name before
        try:
            self.source.done(_key_of(event.source.uri), event.source.version, outcome.status)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            log.warning("%s is done, but its source can't note that: %s", event.source.uri, reason)
        except OF_OTHERS:  # the job would end by it at each start: what is done is told again then
            log.exception("%s is done, but its source can't note that", event.source.uri)
        self.ledger.add(event.id)

    def event(self, item: Item) -> NewDocument:
        uri = f"own://{self.name}/{quote(item.key, safe='')}"
        return NewDocument(
            id=document_id(self.name, "", uri, item.version),
            origin=f"/sources/{self.name}",
            source=DocumentSource(
                kind="url",
                uri=uri,
                size=0,
                filename=Path(item.filename).name,
                content_type=guess_type(item.filename)[0] or "",
                version=item.version,
                through=self.name,
            ),
            profile=item.profile or self.config.profile,
            priority=item.priority or self.config.priority,
        )


class _Partition(QueuedArrivals[NewDocument]):
    """Looks in a thread of its own."""

    def __init__(self, polled: _Polled) -> None:
        self._done, self._stop = threading.Event(), threading.Event()
        found: queue.Queue[NewDocument] = queue.Queue(maxsize=_AHEAD)
        super().__init__(polled.context, found, lambda event: event, self._done.is_set)
        self._polled = polled
        self._fault: BaseException | None = None
        self._thread = threading.Thread(target=self._look, name=polled.name, daemon=True)
        self._thread.start()

    def take(self) -> list[NewDocument]:
        if self._fault is not None:
            raise SourceError(
                f"the source {self._polled.name} failed: {type(self._fault).__name__}: {self._fault}. "
                "Nothing is lost: it is asked again after the next start"
            ) from self._fault
        return super().take()

    def close(self) -> None:
        self._stop.set()
        self._thread.join(timeout=2)

    def _look(self) -> None:
        outage = Outage(f"the source {self._polled.name}")
        emitted: set[str] = set()
        try:
            while not self._stop.is_set():
                try:
                    emitted = self._look_once(emitted)
                    outage.over()
                except OSError as error:
                    self._stop.wait(outage.goes_on(error.strerror or str(error) or type(error).__name__))
                    continue
                if self._context.once:
                    break
                self._stop.wait(self._polled.config.polling_interval_ms / 1000)
            self._done.set()
        except OF_OTHERS as error:  # it is told in take, where it ends the job
            log.exception("the source %s can't say what is there", self._polled.name)
            self._fault = error
        self._context.arrived.set()

    def _look_once(self, emitted: set[str]) -> set[str]:
        """Emit what is new; the ids of all that is there. ``emitted`` grows, in case a look breaks off."""
        there: set[str] = set()
        for item in self._polled.source.find():
            event = self._polled.event(item)
            there.add(event.id)
            if event.id not in emitted and not self._polled.ledger.among([event.id]):
                self._put(event)
                emitted.add(event.id)
            if self._stop.is_set():
                break
        return emitted & there

    def _put(self, event: NewDocument) -> None:
        while not self._stop.is_set():
            try:
                self._found.put(event, timeout=0.2)
            except queue.Full:
                continue
            self._context.arrived.set()
            return


def _fetcher_of(reader: Source[Any]) -> Fetcher:
    def fetch(source: DocumentSource, have: Have) -> Generator[bytes, None, None]:
        try:
            data = reader.read(_key_of(source.uri))
        except KeyError as error:
            raise FetchFailed(f"{source.uri} is gone: it was removed after it was seen.") from error
        except OSError as error:
            raise Unreachable(error.strerror or type(error).__name__) from error
        yield data[have.size :]

    return fetch


def _key_of(uri: str) -> str:
    return unquote(urlsplit(uri).path[1:])
