"""A job's document as it came: where it is now, and for a while a file here with what was processed."""

from __future__ import annotations

import asyncio
import functools
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from neuraldocflow.components import SOURCES
from neuraldocflow.config import Config
from neuraldocflow.errors import FetchFailed, TooLarge, Unreachable
from neuraldocflow.events import DocumentReceived, DocumentSource
from neuraldocflow.fetch_queue import Fetcher, Have
from neuraldocflow.gateway.history import History
from neuraldocflow.gateway.problems import busy
from neuraldocflow.guard import Guard
from neuraldocflow.log import PROCESSING_EVENTS, Log, LogError, partition_of
from neuraldocflow.objects.client import s3_client
from neuraldocflow.objects.fetch import fetcher_at
from neuraldocflow.payloads import PayloadStore
from neuraldocflow.whereabouts import Whereabouts, sha256_of

_SECONDS = 20.0
"""That fetching a document again may take while somebody waits for a page of it."""


class Originals:
    """Finds and reads them, with clients and fetchers that are made once."""

    def __init__(self, config: Config, log: Log, history: History, payloads: PayloadStore) -> None:
        self._config = config
        self._log = log
        self._history = history
        self._payloads = payloads
        self._client = functools.cache(s3_client)
        self._fetcher = functools.cache(self._fetcher_of)

    async def find(self, row: sqlite3.Row) -> tuple[DocumentReceived, DocumentSource] | None:
        """The event with which the dataflow took a job up, and its source as it is to be read now; None where
        either is gone. Raises Problem."""
        received = await self._received(row)
        if received is None:
            return None
        whereabouts = Whereabouts(self._config, self._payloads, self._client)  # a new one: files move
        try:
            source = await asyncio.to_thread(whereabouts.find, received.source)
        except Unreachable as error:
            raise busy(f"The document can't be looked for now: {error}.") from error
        return None if source is None else (received, source)

    async def _received(self, row: sqlite3.Row) -> DocumentReceived | None:
        if row["first_offset"] is None:
            return None
        parts = self._log.partitions(PROCESSING_EVENTS)
        usual = partition_of(row["document"], len(parts))
        for part in sorted(parts, key=lambda part: part != usual):  # the topic may have been given more since
            try:
                found = await self._history.event((PROCESSING_EVENTS, part), row["first_offset"])
            except LogError as error:
                raise busy("The job can't be read now: the log does not answer.") from error
            if found is not None and found.name == DocumentReceived.name and found.job == row["id"]:
                return DocumentReceived.model_validate(found.data)
        return None

    @contextmanager
    def as_file(self, source: DocumentSource, sha256: str) -> Iterator[Path]:
        """A local file with the document of this hash, fetched where it is none, and removed after; blocking.

        Raises DocumentError where it is gone, or another one by now; Unreachable, OSError.
        """
        if source.uri.startswith("file://") or self._payloads.owns(source.uri):
            with self._payloads.local(source.uri) as path:
                if not source.version and not self._payloads.keeps(source.uri):  # nothing else vouches for it
                    _check(path, sha256)
                yield path
            return
        with tempfile.NamedTemporaryFile(dir=self._payloads.scratch, prefix="payload-") as file:
            most, until = self._config.runtime.limits.max_download_mb * 2**20, time.monotonic() + _SECONDS
            fetch = self._fetcher(source.through, urlsplit(source.uri).scheme)
            with closing(fetch(source, Have())) as pieces:
                for piece in pieces:
                    if file.write(piece) and file.tell() > most:
                        raise TooLarge("The document has grown past what is fetched.")
                    if time.monotonic() > until:
                        raise Unreachable(f"it took longer than {_SECONDS:g} s")
            file.flush()
            _check(Path(file.name), sha256)
            yield Path(file.name)

    def _fetcher_of(self, through: str, scheme: str) -> Fetcher:
        entry = self._config.stream_sources.get(through)
        if entry is not None and (made := SOURCES.get(entry.type).fetcher) is not None:
            return made(entry.config)
        if scheme == "s3":
            return fetcher_at(None)
        if scheme in ("http", "https"):
            from neuraldocflow.url_fetch import UrlFetcher  # loads aiohttp, which few need

            return UrlFetcher(Guard(self._config.runtime.allowed_networks, "runtime.allowed_networks"))
        raise FetchFailed(f"The document's address can't be fetched: {scheme or 'no'} addresses are unknown.")


def _check(path: Path, sha256: str) -> None:
    if sha256_of(path) != sha256:
        raise FetchFailed("The document is another one by now.")
