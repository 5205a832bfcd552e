"""What one document may cost before it is refused."""

from __future__ import annotations

from dataclasses import dataclass

PAGES_TOLD, TEXT_TOLD = 256, 500
"""Pages that one message of progress tells of (``streamResults``), and characters of each; the published
schema of ``ProcessingProgress`` has the same."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one document; the readers refuse what exceeds them with the typed error of each."""

    max_pages: int = 5000
    max_seconds: float = 120.0
    max_memory_mb: int = 1024
    """Enforced by the agent's process limits, not by the reader."""
    max_uncompressed_mb: int = 512
