"""One try to deliver a message to an endpoint, and how it went."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from neuraldocflow.webhooks.schedule import Verdict


@dataclass(slots=True)
class Body:
    """A message's body: here until it is in its file, so that many that wait fill no memory."""

    path: Path
    data: bytes | None = None

    def read(self) -> bytes:
        """Raises OSError."""
        data = self.data
        return self.path.read_bytes() if data is None else data


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try: whose it is, which message, its body."""

    owner: str
    message: str
    body: bytes | Body


@dataclass(frozen=True, slots=True)
class Answer:
    """How a try went. ``asked`` is how long to wait at least, in seconds; ``reason`` is for people."""

    message: str
    verdict: Verdict
    reason: str
    asked: float | None = None
    tried: bool = True
    """False where the endpoint was not asked, since it has failed again and again."""
