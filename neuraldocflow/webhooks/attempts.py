"""One try to deliver a message to an endpoint, and how it went."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from neuraldocflow.webhooks.schedule import Verdict


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try: whose it is, which message, its body or the file that has it."""

    owner: str
    message: str
    body: bytes | Path


@dataclass(frozen=True, slots=True)
class Answer:
    """How a try went. ``asked`` is how long to wait at least, in seconds; ``reason`` is for people."""

    message: str
    verdict: Verdict
    reason: str
    asked: float | None = None
    tried: bool = True
    """False where the endpoint was not asked, since it has failed again and again."""
