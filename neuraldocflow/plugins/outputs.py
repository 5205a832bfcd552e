"""An output of your own: a handler that is given results, or every event, and returns when they are safe.

Guarantee, as of every output: what ``handle`` returned from is covered by the next snapshot; after a crash
the latest batches come again, with the same ids, for the handler to drop or overwrite.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, ClassVar, Generic, TypeVar

from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition

from neuraldocflow.components import SINKS, Component, SinkContext
from neuraldocflow.deliveries import Delivery
from neuraldocflow.durable import OutputError, patiently
from neuraldocflow.errors import NeuralDocFlowError
from neuraldocflow.events import Event
from neuraldocflow.faults import OF_OTHERS
from neuraldocflow.values import Section

log = logging.getLogger(__name__)

Config = TypeVar("Config", bound=Section)


class Handler(ABC, Generic[Config]):
    """Subclass it and give it to :func:`add_output`. One is made for each partition; its methods are called
    by one thread at a time."""

    lifecycle: ClassVar[bool] = False
    """True: also given every event of a document's life; else results only."""
    partitions: ClassVar[int] = 1
    """How many handlers there are in the whole job; a document's values always go to the same one."""

    def __init__(self, config: Config) -> None:
        self.config = config

    @abstractmethod
    def handle(self, values: Sequence[Delivery | Event]) -> None:
        """Make the values durable. An OSError is tried again a few times; then, as with any other exception,
        the job ends, and delivers them after its next start."""

    def close(self) -> None:
        """The job ends in good order."""


def add_output(name: str, config: type[Config], handler: type[Handler[Config]]) -> None:
    """Register a type of output: from now on ``type: NAME`` is one. Raises ConfigError for a taken name."""

    def build(named: str, given: Config, context: SinkContext) -> _Handled:
        return _Handled(named, given, handler, context.waiting)

    SINKS.add(Component(name, config, build))


class _Handled(FixedPartitionedSink[Delivery | Event, None]):
    """Handlers as a sink of the dataflow."""

    def __init__(
        self, name: str, config: Section, handler: type[Handler[Any]], waiting: Callable[[], None]
    ) -> None:
        self._name, self._config, self._handler, self._waiting = name, config, handler, waiting
        self.lifecycle = handler.lifecycle

    def list_parts(self) -> list[str]:
        return [str(part) for part in range(self._handler.partitions)]

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> _Partition:
        try:
            handler = self._handler(self._config)
        except OF_OTHERS as error:
            log.exception("the output %s can't be made", self._name)
            raise _failed(self._name, error) from error
        return _Partition(self._name, handler, self._waiting)


class _Partition(StatefulSinkPartition[Delivery | Event, None]):
    """Hands over at once, so there is nothing to snapshot."""

    def __init__(self, name: str, handler: Handler[Any], waiting: Callable[[], None]) -> None:
        self._name, self._handler, self._waiting = name, handler, waiting

    def write_batch(self, values: Sequence[Delivery | Event]) -> None:
        try:
            patiently(
                f"the output {self._name}", partial(self._handler.handle, values), pausing=self._waiting
            )
        except NeuralDocFlowError:
            raise
        except OF_OTHERS as error:
            log.exception("the output %s can't handle %d results", self._name, len(values))
            raise _failed(self._name, error) from error

    def snapshot(self) -> None:
        return None

    def close(self) -> None:
        try:
            self._handler.close()
        except OF_OTHERS:  # the engine can't bear one here
            log.exception("the output %s did not close as it should", self._name)


def _failed(name: str, error: BaseException) -> OutputError:
    return OutputError(
        f"the output {name} failed: {type(error).__name__}: {error}. "
        "Nothing is lost: what is missing is delivered after the next start"
    )
