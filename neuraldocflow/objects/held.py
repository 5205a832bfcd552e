"""Messages of a queue that are kept hidden, and the versions of objects that each of them waits for."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass

from neuraldocflow.objects.ledger import Done

Message = tuple[str, str]
"""A message's id, and the receipt it was last given with."""


@dataclass(slots=True)
class _Held:
    receipt: str
    left: set[Done]
    extend_at: float


class HeldMessages:
    """Thread-safe. What is done is looked up by version: its cost does not grow with what is held."""

    def __init__(self) -> None:
        self._held: dict[str, _Held] = {}
        self._waiting: dict[Done, set[str]] = {}
        self._complete: set[str] = set()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._held)

    def again(self, message: str, receipt: str) -> bool:
        """Whether a message is held already; then only its latest receipt counts."""
        with self._lock:
            if held := self._held.get(message):
                held.receipt = receipt
            return held is not None

    def hold(self, message: str, receipt: str, versions: Iterable[Done], extend_at: float) -> None:
        """Hold a message until all of ``versions`` are done."""
        with self._lock:
            held = self._held[message] = _Held(receipt, set(versions), extend_at)
            for version in held.left:
                self._waiting.setdefault(version, set()).add(message)
            if not held.left:
                self._complete.add(message)

    def waiting(self) -> list[Done]:
        """The versions that are waited for."""
        with self._lock:
            return list(self._waiting)

    def done(self, versions: Iterable[Done]) -> None:
        """These are done; those nobody waits for are no matter."""
        with self._lock:
            for version in versions:
                for message in self._waiting.pop(version, ()):
                    self._held[message].left.discard(version)
                    if not self._held[message].left:
                        self._complete.add(message)

    def complete(self) -> list[Message]:
        """Messages whose versions are all done."""
        with self._lock:
            return [(message, self._held[message].receipt) for message in self._complete]

    def due(self, now: float) -> list[Message]:
        """Messages whose time of being hidden is to be extended."""
        with self._lock:
            return [(message, held.receipt) for message, held in self._held.items() if held.extend_at <= now]

    def extended(self, messages: Iterable[Message], extend_at: float) -> None:
        with self._lock:
            for message, _ in messages:
                if message in self._held:
                    self._held[message].extend_at = extend_at

    def drop(self, messages: Iterable[Message]) -> None:
        """Hold them no longer, unless they were given again meanwhile."""
        with self._lock:
            for message, receipt in messages:
                held = self._held.get(message)
                if held is None or held.receipt != receipt:
                    continue
                del self._held[message]
                self._complete.discard(message)
                for version in held.left:
                    self._waiting[version].discard(message)
                    if not self._waiting[version]:
                        del self._waiting[version]
