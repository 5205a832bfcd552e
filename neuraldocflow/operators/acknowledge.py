"""Acknowledge: tell sources how their documents ended, once the snapshot that covers the result is written.

A file moved or removed, or a message deleted, before that could be lost by a crash. So acknowledgements wait
in the state of this sink: after a crash they are in the snapshot, and everything in a snapshot is covered.
"""

from __future__ import annotations

import logging
import sqlite3
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition

from neuraldocflow.components import Acknowledgement, Acknowledging
from neuraldocflow.deliveries import Delivery, Spent, Tick
from neuraldocflow.events import NewDocument, decode, encode
from neuraldocflow.job.recovery import Recovery
from neuraldocflow.versions import readable

log = logging.getLogger(__name__)

_VERSION = 2
"""Version 1 had no files."""
_UNSEEN = 3
"""Epochs an acknowledgement waits where the recovery store can't be asked."""

Arrived = Delivery | Spent | Tick
_Ended = tuple[bytes, Acknowledgement] | Spent


class AcknowledgeSink(FixedPartitionedSink[Arrived, Any]):
    """One partition, so that one worker moves the sources' cursors. Ticks tell it which epoch it is in.

    A source that is None does not run this time, or was left out of the configuration: what it is to be told
    is kept until it runs.
    """

    def __init__(
        self,
        sources: Mapping[str, Any],
        recovery: Recovery,
        results: Path,
        reached: Callable[[int], None] = lambda epoch: None,
        progress: Callable[[], None] = lambda: None,
    ) -> None:
        self._sources: dict[str, Acknowledging | None] = {
            name: source
            for name, source in sources.items()
            if source is None or hasattr(source, "acknowledge")
        }
        self._recovery = recovery
        self._results = results
        self._reached = reached
        """Told each epoch that everything before it has come through."""
        self._progress = progress
        """Told that documents are done which this run has worked on."""
        self.partition: AcknowledgePartition | None = None

    def list_parts(self) -> list[str]:
        return ["acknowledgements"]

    def build_part(self, step_id: str, for_part: str, resume_state: Any) -> AcknowledgePartition:
        self.partition = AcknowledgePartition(
            self._sources, self._recovery, self._results, self._reached, self._progress, resume_state
        )
        return self.partition

    def finish(self) -> None:
        """The flow has ended well, so every epoch is committed: acknowledge what is left."""
        if self.partition is not None:
            self.partition.acknowledge_all()


class AcknowledgePartition(StatefulSinkPartition[Arrived, Any]):
    """Acknowledgements, and files to remove, by the epoch they came in."""

    def __init__(
        self,
        sources: Mapping[str, Acknowledging | None],
        recovery: Recovery,
        results: Path,
        reached: Callable[[int], None],
        progress: Callable[[], None],
        state: Any,
    ) -> None:
        self._sources = sources
        self._recovery = recovery
        self._results = results
        self._reached = reached
        self._progress = progress
        self._waiting: deque[tuple[int, _Ended]] = deque()
        self._arrived: list[_Ended] = []
        self._kept: list[_Ended] = []
        """For sources that do not run this time."""
        self._epoch = 0
        """Of the last tick."""
        self._ticked = False
        known = readable("acknowledge", state, (1, _VERSION)) or {}
        for data, status, error in known.get("waiting", ()):
            self._settle((data, Acknowledgement(status, error)))
        for document, path in known.get("spent", ()):
            self._settle(Spent(document, path))

    def write_batch(self, values: Sequence[Arrived]) -> None:
        for value in values:
            if isinstance(value, Tick):
                self._epoch = max(self._epoch, value.epoch)
                self._ticked = True
            elif isinstance(value, Spent):
                self._arrived.append(value)
            else:
                outcome = Acknowledgement(value.result["status"], value.result.get("error"))
                self._arrived.append((encode(value.document), outcome))

    def snapshot(self) -> Any:
        if self._ticked:  # this epoch's number is known
            self._waiting.extend((self._epoch, each) for each in self._arrived)
            self._arrived, self._ticked = [], False
            self._reached(self._epoch)
        if self._waiting:
            committed = self._committed()
            while self._waiting and self._waiting[0][0] < committed:
                self._settle(self._waiting.popleft()[1])
                self._progress()
        left = [*self._left(), *self._kept]
        waiting = [(each[0], each[1].status, each[1].error) for each in left if not isinstance(each, Spent)]
        spent = [(each.document, each.path) for each in left if isinstance(each, Spent)]
        return {"version": _VERSION, "waiting": waiting, "spent": spent}

    def _committed(self) -> int:
        """All epochs before it are; none as far as is known while the store can't be asked."""
        if not self._recovery.there:
            return self._epoch - _UNSEEN
        try:
            return self._recovery.frontier()
        except sqlite3.Error as error:
            log.warning("the recovery store can't be read (%s): acknowledgements wait", error)
            return 0

    def _left(self) -> list[_Ended]:
        return [*(each for _, each in self._waiting), *self._arrived]

    def acknowledge_all(self) -> None:
        """Acknowledge everything that waits."""
        for each in self._left():
            self._settle(each)
        self._waiting.clear()
        self._arrived.clear()

    def _settle(self, ended: _Ended) -> None:
        if isinstance(ended, Spent):
            Path(ended.path).unlink(missing_ok=True)
            return
        event = decode(ended[0])
        assert isinstance(event, NewDocument)
        source = self._sources.get(event.source_name)
        if source is not None:
            source.acknowledge(event, ended[1])
        elif event.source_name in self._sources:
            self._kept.append(ended)
        elif ran_again := getattr(self._sources.get(event.source.through), "ran_again", None):
            ran_again(event)
        (self._results / f"{event.id}-{event.run}.json").unlink(missing_ok=True)
