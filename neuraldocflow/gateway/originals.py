"""A job's document as it came: where it is now, and for a while a file here with what was processed."""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from neuraldocflow.components import SOURCES
from neuraldocflow.errors import FetchFailed, TooLarge, Unreachable
from neuraldocflow.events import DocumentReceived, DocumentSource
from neuraldocflow.fetch_queue import Fetcher, Have
from neuraldocflow.gateway.problems import busy
from neuraldocflow.gateway.services import Services
from neuraldocflow.guard import Guard
from neuraldocflow.log import PROCESSING_EVENTS, LogError, partition_of
from neuraldocflow.objects.fetch import fetcher_at
from neuraldocflow.url_fetch import UrlFetcher
from neuraldocflow.whereabouts import Whereabouts

_SECONDS = 20.0
"""That fetching a document again may take while somebody waits for a page of it."""


async def original(services: Services, row: sqlite3.Row) -> tuple[DocumentReceived, DocumentSource] | None:
    """The event with which the dataflow took a job up, and its source as it is to be read now; None where
    either is gone. Raises Problem."""
    if row["first_offset"] is None:
        return None
    place = (
        PROCESSING_EVENTS,
        partition_of(row["document"], len(services.log.partitions(PROCESSING_EVENTS))),
    )
    try:
        found = await services.history.event(place, row["first_offset"])
    except LogError as error:
        raise busy("The job can't be read now: the log does not answer.") from error
    if found is None or found.name != DocumentReceived.name or found.job != row["id"]:
        return None
    received = DocumentReceived.model_validate(found.data)
    whereabouts = Whereabouts(services.config, services.payloads)
    try:
        source = await asyncio.to_thread(whereabouts.find, received.source)
    except Unreachable as error:
        raise busy(f"The document can't be looked for now: {error}.") from error
    return None if source is None else (received, source)


@contextmanager
def as_file(services: Services, source: DocumentSource, sha256: str) -> Iterator[Path]:
    """A local file with the document of this hash, fetched where it is none, and removed after; blocking.

    Raises DocumentError where it is gone, or another one by now; Unreachable, OSError.
    """
    if source.uri.startswith("file://") or services.payloads.owns(source.uri):
        with services.payloads.local(source.uri) as path:
            yield path
        return
    with tempfile.NamedTemporaryFile(dir=services.payloads.scratch, prefix="payload-") as file:
        most, until = services.config.runtime.limits.max_download_mb * 2**20, time.monotonic() + _SECONDS
        with closing(_fetcher_of(services, source)(source, Have())) as pieces:
            for piece in pieces:
                if file.write(piece) and file.tell() > most:
                    raise TooLarge("The document has grown past what is fetched.")
                if time.monotonic() > until:
                    raise Unreachable(f"it took longer than {_SECONDS:g} s")
        file.seek(0)
        if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
            raise FetchFailed("The document is another one by now.")
        yield Path(file.name)


def _fetcher_of(services: Services, source: DocumentSource) -> Fetcher:
    config = services.config
    entry = config.stream_sources.get(source.through)
    if entry is not None and (made := SOURCES.get(entry.type).fetcher) is not None:
        return made(entry.config)
    scheme = urlsplit(source.uri).scheme
    if scheme == "s3":
        return fetcher_at(None)
    if scheme in ("http", "https"):
        return UrlFetcher(Guard(config.runtime.allowed_networks, "runtime.allowed_networks"))
    raise FetchFailed(f"The document's address can't be fetched: {scheme or 'no'} addresses are unknown.")
