"""What flows into outputs: a finished document, or something that could not become one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from neuraldocflow.events import NewDocument


@dataclass(frozen=True, slots=True)
class Delivery:
    """A document and its result (contract 4's object); the key of the stream is the document's id."""

    document: NewDocument
    result: dict[str, Any]

    @property
    def identity(self) -> tuple[str, int]:
        """Document and run: equal for every repeat after a recovery, so that outputs can drop it."""
        return self.document.id, int(self.result.get("run") or 0)


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Bytes that could not be decoded or processed, as they came, and why."""

    key: str
    value: bytes
    reason: str
    origin: str = ""
    """Where they were: a topic with partition and offset, a source's name."""


@dataclass(frozen=True, slots=True)
class Tick:
    """Sent once an epoch, with the epoch's number, to outputs whose class says ``ticks = True``: the engine
    asks an output for its snapshot only in epochs that brought it something."""

    epoch: int
