"""Keys: which state, and so which worker, a document belongs to."""

from __future__ import annotations

import zlib

from neuraldocflow.events import NewDocument

BUCKETS = 512
"""Enough that few types still spread evenly over many workers (the engine places keys by their hash)."""
_WINDOWS = 64


def bucket_of(document_id: str, buckets: int = BUCKETS) -> int:
    """The document's bucket, 0 to ``buckets`` - 1: always the same for the same id."""
    return zlib.crc32(document_id.encode()) % buckets


def dedupe_key(event: NewDocument) -> str:
    """The window a document's repeats are looked for in."""
    return f"window:{bucket_of(event.id, _WINDOWS)}"


def work_key(event: NewDocument) -> str:
    """``priority:type:bucket``; the type is the profile's name, ``auto`` until classified."""
    return f"{event.priority}:{event.profile}:{bucket_of(event.id)}"
