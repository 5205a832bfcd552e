"""What was found in a bucket, on its way to the source's partitions: each version once, none too many."""

from __future__ import annotations

import queue
import threading
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from neuraldocflow.objects.ledger import Done, ObjectLedger

_WAITING = 32
"""Objects that wait in a partition at most; who finds more waits too."""


@dataclass(frozen=True, slots=True)
class Found:
    """A version of an object that is not done. ``problem`` says why it can't be read, if it is known."""

    key: str
    etag: str
    size: int
    version_id: str = ""
    problem: str = ""


class Intake:
    """The partitions of this process, and which versions they have been given but are not done.

    An object belongs to partition ``crc32(key) mod partitions``, whichever process that runs in.
    """

    def __init__(
        self, partitions: int, ledger: ObjectLedger, arrived: Callable[[], None] = lambda: None
    ) -> None:
        self._partitions = partitions
        self._ledger = ledger
        self._arrived = arrived
        self._queues: dict[int, queue.Queue[Found]] = {}
        self._under_way: set[Done] = set()
        self._lock = threading.Lock()
        self.stop = threading.Event()

    def open(self, part: int) -> queue.Queue[Found]:
        """A partition of this process: the queue it is given objects by."""
        with self._lock:
            return self._queues.setdefault(part, queue.Queue(_WAITING))

    def parts(self) -> frozenset[int]:
        """The partitions of this process."""
        return frozenset(self._queues)

    def give(self, found: Found, *, whichever: bool = False) -> None:
        """Give an object to its partition, waiting while that is full; nothing if it has it or it is done.

        ``whichever`` takes one of this process when the object's own is in another.
        """
        part = zlib.crc32(found.key.encode("utf-8", "surrogatepass")) % self._partitions
        if part not in self._queues:
            if not whichever:
                return
            parts = sorted(self._queues)
            part = parts[part % len(parts)]
        version = (found.key, found.etag)
        with self._lock:
            if version in self._under_way:
                return
            self._under_way.add(version)
        if self._ledger.has(*version):  # after it was noted as under way: it may have ended meanwhile
            self.done(version)
            return
        while not self.stop.is_set():
            try:
                self._queues[part].put(found, timeout=0.2)
                self._arrived()
                return
            except queue.Full:
                continue

    def done(self, version: Done) -> None:
        """The version is in the ledger now."""
        with self._lock:
            self._under_way.discard(version)

    def tidy(self) -> None:
        """Forget what other processes have noted as done."""
        for version in list(self._under_way):
            if self._ledger.has(*version):
                self.done(version)
