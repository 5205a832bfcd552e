"""Where a document's payload is now: its source may have moved it since, and it may be gone."""

from __future__ import annotations

import hashlib
import os
import threading
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from connectors.filesystem import FilesystemConfig
from connectors.kafka import KafkaSourceConfig
from connectors.s3 import S3Config
from neuraldocflow.config import Config
from neuraldocflow.errors import Unreachable
from neuraldocflow.events import DocumentSource
from neuraldocflow.folders.ledger import Ledger
from neuraldocflow.folders.move import modified, time_of
from neuraldocflow.objects.aftermath import FROM, mark_of, names_of
from neuraldocflow.objects.client import (
    endpoint_of,
    head_of,
    is_gone,
    may_pass,
    parse_uri,
    reason_of,
    s3_client,
    uri_of,
)
from neuraldocflow.objects.ledger import ObjectLedger
from neuraldocflow.payloads import FORBIDDEN, PayloadStore, path_of


class Whereabouts:
    """Knows the folders, buckets and the payload store of a configuration. Thread-safe.

    ``client`` gives the client of an endpoint; what was seen of folders and ledgers is kept.
    """

    def __init__(
        self, config: Config, payloads: PayloadStore, client: Callable[[str | None], Any] = s3_client
    ) -> None:
        self._payloads = payloads
        self._sources = config.stream_sources
        self._files = _Files(config)
        self._objects = _Objects(config, client)

    def find(self, source: DocumentSource) -> DocumentSource | None:
        """The source as it is to be read now; None where it is gone. Raises Unreachable.

        Addresses that only another program can judge (a web server, a source of one's own) count as there.
        """
        source = self._let_in(source)
        if self._payloads.owns(source.uri):
            return source if self._payloads.has(source.uri) else None
        if source.uri.startswith("file://"):
            return self._files.find(source)
        return self._objects.find(source) if source.uri.startswith("s3://") else source

    def _let_in(self, source: DocumentSource) -> DocumentSource:
        """A file that was refused, as one that may be read where its source now lets it."""
        uri = source.uri.removeprefix(FORBIDDEN)
        entry = self._sources.get(source.through)
        if uri == source.uri or entry is None or not isinstance(entry.config, KafkaSourceConfig):
            return source
        may = uri.startswith("file://") and entry.config.may_read(uri)
        return source.model_copy(update={"uri": uri}) if may else source


class _Files:
    """Finds files that were moved: where their source has noted it, or else by size, then by hash, in the
    sources' folders for them."""

    def __init__(self, config: Config) -> None:
        self._folder = config.runtime.state_directory / "sources"
        self._ledgers: dict[str, Ledger | None] = {}
        self._folders = [
            folder
            for entry in config.stream_sources.values()
            if isinstance(entry.config, FilesystemConfig)
            for watched in entry.config.watch_directories
            for folder in entry.config.targets(watched.path)
        ]
        self._lock = threading.Lock()
        self._by_size: dict[int, list[Path]] | None = None

    def find(self, source: DocumentSource) -> DocumentSource | None:
        if self._is_there(source):
            return source
        if (place := self._noted(source)) is not None:
            return source.model_copy(update={"uri": place.as_uri()})
        for path in self._of_size(source.size):
            if sha256_of(path) == source.sha256:
                return source.model_copy(update={"uri": path.as_uri()})
        return None

    def _is_there(self, source: DocumentSource) -> bool:
        """Whether the file is there as it was: a newer one of its name is another document."""
        path = path_of(source.uri)
        try:
            status = path.stat()
        except OSError:
            return False
        if not source.version:  # of a producer of events, who may leave the size out
            return source.size in (0, status.st_size)
        if str(modified(status)) == source.version:
            return status.st_size == source.size
        return status.st_size == source.size and sha256_of(path) == source.sha256

    def _noted(self, source: DocumentSource) -> Path | None:
        """Where the source has moved it, which need not be configured any more, nor move files there."""
        ledger = self._ledger(source.through)
        if ledger is None or not source.version or (time := time_of(source.version)) is None:
            return None
        path = os.fsencode(path_of(source.uri))
        place = ledger.find(path, (source.size, time))
        return None if place in (None, path) else Path(os.fsdecode(place))  # it is not at its own any more

    def _ledger(self, name: str) -> Ledger | None:
        with self._lock:
            if name not in self._ledgers:
                there = name in {path.stem for path in self._folder.glob("*.db")}
                self._ledgers[name] = Ledger(self._folder / f"{name}.db") if there else None
            return self._ledgers[name]

    def _of_size(self, size: int) -> list[Path]:
        with self._lock:
            if self._by_size is None:
                self._by_size = defaultdict(list)
                for folder in self._folders:
                    for path in folder.rglob("*"):
                        if path.is_file():
                            self._by_size[path.stat().st_size].append(path)
            return self._by_size.get(size, [])


class _Objects:
    """Asks the servers for objects: at their keys, then under the prefixes their source moves them to, or has
    moved them to."""

    def __init__(self, config: Config, client: Callable[[str | None], Any]) -> None:
        self._make_client = client
        self._folder = config.runtime.state_directory / "sources"
        self._sources = {
            name: entry.config
            for name, entry in config.stream_sources.items()
            if isinstance(entry.config, S3Config)
        }
        self._lock = threading.Lock()
        self._clients: dict[str | None, Any] = {}
        self._former: dict[str, set[str]] = {}

    def find(self, source: DocumentSource) -> DocumentSource | None:
        try:
            return self._find(source)
        except PermissionError:
            return source  # whether it can be read, its run will tell

    def _find(self, source: DocumentSource) -> DocumentSource | None:
        bucket, key, version_id = parse_uri(source.uri)
        config = self._sources.get(source.through)
        client = self._client(config.endpoint() if config else endpoint_of(None))
        here = _head(client, bucket, key, version_id)
        if here is not None and (not source.version or here[0] == source.version):
            return source
        wished = (config.move_processed_to, config.move_failed_to) if config else ()
        for prefix in self._moved_to(f"{source.through}@{bucket}.db", [*filter(None, wished)]):
            for moved in names_of(prefix + key.removeprefix(config.prefix if config else "")):
                there = _head(client, bucket, moved)
                if there is None:
                    break
                etag, size, mark = there
                in_parts = "-" in etag + source.version  # then etags are not the content's
                may_be = in_parts and size == source.size and mark in ("", mark_of(key, source.version))
                if etag == source.version or may_be:
                    return source.model_copy(update={"uri": uri_of(bucket, moved), "version": etag})
        return None

    def _moved_to(self, ledger: str, wished: list[str]) -> list[str]:
        """Those that are wished for, then former ones."""
        with self._lock:
            if ledger not in self._former:
                there = ledger in {path.name for path in self._folder.glob("*.db")}
                self._former[ledger] = ObjectLedger(self._folder / ledger).targets(()) if there else set()
            return [*wished, *sorted(self._former[ledger].difference(wished))]

    def _client(self, endpoint: str | None) -> Any:
        with self._lock:
            if endpoint not in self._clients:
                self._clients[endpoint] = self._make_client(endpoint)
            return self._clients[endpoint]


def _head(client: Any, bucket: str, key: str, version_id: str = "") -> tuple[str, int, str] | None:
    """Etag, size, and of which it says to be a copy; None where there is no such object.

    Raises Unreachable, PermissionError.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    wanted = {"Bucket": bucket, "Key": key, **({"VersionId": version_id} if version_id else {})}
    try:
        head = head_of(client, **wanted)
    except (ClientError, BotoCoreError, OSError) as error:
        if is_gone(error):
            return None
        if may_pass(error):
            told = f"s3://{bucket}/{key} can't be asked for ({reason_of(error)}); try again later"
            raise Unreachable(told) from error
        raise PermissionError(reason_of(error)) from error
    return head["ETag"].strip('"'), head["ContentLength"], head.get("Metadata", {}).get(FROM, "")


def sha256_of(path: Path) -> str:
    """In hexadecimal. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
