"""The payload store: documents that did not come as files are kept here, and events refer to them.

A payload's name is its SHA-256, so equal documents are kept once, and storing one again makes it young again.
A payload appears whole or not at all; it is on disk (or in the bucket) when ``put`` returns.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import IO, Self
from urllib.parse import unquote_to_bytes, urlsplit

from neuraldocflow.durable import sync_folder
from neuraldocflow.errors import FetchFailed, TooLarge, Unreachable
from neuraldocflow.events import DocumentSource
from neuraldocflow.fetch_queue import Have
from neuraldocflow.remote import Remote
from neuraldocflow.wording import sized

CHUNK = 1 << 20
_NAME = re.compile(r"[^?#]*/([0-9a-f]{2})/\1[0-9a-f]{62}(\.[a-z0-9]{1,8})?")
_LEFT_AFTER = timedelta(days=1)
"""Nothing is under way for so long."""


@dataclass(frozen=True, slots=True)
class Payload:
    """Where a payload is, its length in bytes and its SHA-256 in hexadecimal."""

    uri: str
    size: int
    sha256: str


class Incoming:
    """A payload under way: ``write`` its bytes, then ``commit``. As a context it leaves nothing half done."""

    def __init__(self, folder: Path, max_bytes: int | None, keep: Callable[[Path, str, str], str]) -> None:
        handle, name = tempfile.mkstemp(prefix=".incoming-", dir=folder)
        self.path = Path(name)
        """What there is of it so far, to read after ``flush``; on the disk to stay only after ``commit``."""
        self._file = os.fdopen(handle, "wb")
        self._max_bytes = max_bytes
        self._keep = keep
        self._digest = hashlib.sha256()
        self.size = 0

    def write(self, chunk: bytes) -> None:
        """More of it. Raises TooLarge past ``max_bytes``, OSError on a full disk."""
        self.size += len(chunk)
        if self._max_bytes is not None and self.size > self._max_bytes:
            raise TooLarge(f"The document is larger than the {sized(self._max_bytes)} allowed.")
        self._digest.update(chunk)
        self._file.write(chunk)

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def flush(self) -> None:
        """Whoever reads it has all that has been written."""
        self._file.flush()

    def commit(self, filename: str = "") -> Payload:
        """It is whole: keep it under its hash. Raises OSError where that can't be done now."""
        self.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        uri = self._keep(self.path, self.sha256, _suffix(filename))
        return Payload(uri, self.size, self.sha256)

    def abort(self) -> None:
        """Leave nothing of it; no error after ``commit``."""
        try:
            self._file.close()
        finally:  # on a full disk the end of it can't be written
            self.path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.abort()


class PayloadStore:
    """Payloads under a folder or an fsspec URL. ``scratch`` is a local folder for what is under way.

    Raises ConfigError for a bucket that can't be used.
    """

    def __init__(self, url: str, scratch: Path) -> None:
        self.scratch = scratch
        scratch.mkdir(parents=True, exist_ok=True)
        self._folder: Path | None = None
        self._remote: Remote | None = None
        if "://" not in url or url.startswith("file://"):
            self._folder = path_of(url) if "://" in url else Path(url).absolute()
            self._folder.mkdir(parents=True, exist_ok=True)
        else:
            self._remote = Remote(url)
            if url.startswith("s3://"):
                _check(*self._remote.root.partition("/")[::2])

    def put(self, chunks: Iterable[bytes], filename: str = "", *, max_bytes: int | None = None) -> Payload:
        """Store a stream. Raises TooLarge past ``max_bytes`` (nothing is kept), and OSError on a full disk
        or where the bucket does not answer."""
        with self.begin(max_bytes) as incoming:
            for chunk in chunks:
                incoming.write(chunk)
            return incoming.commit(filename)

    def begin(self, max_bytes: int | None = None) -> Incoming:
        """A payload that comes bit by bit."""
        where = self.scratch if self._folder is None else self._folder
        return Incoming(where, max_bytes, self._keep)

    def _keep(self, incoming: Path, sha256: str, suffix: str) -> str:
        relative = f"{sha256[:2]}/{sha256}{suffix}"
        if self._remote is not None:
            target = f"{self._remote.root}/{relative}"
            self._remote.put(incoming, target)
            return self._remote.uri(target)
        assert self._folder is not None
        final = self._folder / relative
        final.parent.mkdir(exist_ok=True)
        os.replace(incoming, final)
        sync_folder(final.parent)
        return final.as_uri()

    def read(self, uri: str, start: int = 0) -> Generator[bytes, None, None]:
        """A payload's bytes from an offset on. Raises FetchFailed where it is gone, and OSError."""
        try:
            if self._remote is not None and self.owns(uri):
                with self._remote.open(self._remote.path(uri)) as file:
                    yield from _pieces(file, start)
            elif uri.startswith("file://"):
                with path_of(uri).open("rb") as file:
                    yield from _pieces(file, start)
            else:
                raise FetchFailed("the payload is not one of this payload store")
        except FileNotFoundError as error:
            raise FetchFailed("the payload is no longer in the payload store") from error

    def owns(self, uri: str) -> bool:
        """Whether a payload elsewhere than in files is one of this store's."""
        if self._remote is None:
            return False
        return uri.startswith(f"{self._remote.uri(self._remote.root)}/")

    def has(self, uri: str) -> bool:
        """Whether a payload that this store ``owns`` is still there. Raises Unreachable."""
        assert self._remote is not None
        try:
            return self._remote.exists(self._remote.path(uri))
        except OSError as error:
            raise Unreachable(
                f"{uri} can't be asked for ({error.strerror or str(error) or type(error).__name__})"
            ) from error

    def keeps(self, uri: str) -> bool:
        """Whether a payload, in a file or elsewhere, is one of this store's."""
        if self._folder is None:
            return self.owns(uri)
        if not uri.startswith("file://"):
            return False
        path = Path(os.path.realpath(path_of(uri)))  # resolve() raises where links lead to one another
        return path.is_relative_to(os.path.realpath(self._folder))

    def fetch(self, source: DocumentSource, have: Have) -> Generator[bytes, None, None]:
        """The same, for :class:`neuraldocflow.fetching.Fetching`."""
        try:
            yield from self.read(source.uri, have.size)
        except OSError as error:
            raise Unreachable(error.strerror or str(error) or type(error).__name__) from error

    @contextmanager
    def local(self, uri: str) -> Iterator[Path]:
        """A local file with the payload, for an agent to read; downloaded when remote, and removed after.

        Raises FetchFailed where it is gone, and OSError."""
        if uri.startswith("file://"):
            yield path_of(uri)
            return
        handle, name = tempfile.mkstemp(prefix="payload-", suffix=_suffix(uri), dir=self.scratch)
        try:
            with os.fdopen(handle, "wb") as file:
                for chunk in self.read(uri):
                    file.write(chunk)
            yield Path(name)
        finally:
            Path(name).unlink(missing_ok=True)

    def tidy(self) -> None:
        """Remove what an accident left half written a day ago or earlier."""
        oldest = time.time() - _LEFT_AFTER.total_seconds()
        kept = self._folder.glob(".incoming-*") if self._folder is not None else ()
        for path in [*self.scratch.glob(".incoming-*"), *self.scratch.glob("payload-*"), *kept]:
            with suppress(OSError):  # its own process may be done with it just now
                if path.stat().st_mtime < oldest:
                    path.unlink()

    def retain(self, max_age: timedelta) -> int:
        """Forget payloads older than an age, and what an accident left half written; how many."""
        if self._folder is None:
            return 0  # a bucket has lifecycle rules of its own
        oldest, dropped = time.time() - max_age.total_seconds(), 0
        for path in [*self._folder.glob("??/*"), *self._folder.glob(".incoming-*")]:
            with suppress(FileNotFoundError):  # another process forgets the same ones, or has it whole now
                if path.stat().st_mtime < oldest:
                    path.unlink()
                    dropped += 1
        return dropped


def is_payload(uri: str) -> bool:
    """Whether an address is one that a payload store, this or a former one, can have given a payload."""
    return _NAME.fullmatch(uri) is not None


FORBIDDEN = "forbidden+"
"""Before the address of a file that its source may not read: it leads nowhere, whoever asks for it."""


def path_of(uri: str) -> Path:
    """The path of a ``file://`` URI, in the bytes the filesystem has."""
    return Path(os.fsdecode(unquote_to_bytes(urlsplit(uri).path)))


def _check(bucket: str, prefix: str) -> None:
    """Raises ConfigError for a bucket that can't be used."""
    from neuraldocflow.objects.client import endpoint_of, s3_client
    from neuraldocflow.objects.reach import check_bucket

    endpoint = endpoint_of(None)
    where = "runtime.payload_store"
    check_bucket(s3_client(endpoint), bucket, prefix, endpoint, where, where)


def _pieces(file: IO[bytes], start: int) -> Iterator[bytes]:
    file.seek(start)
    while chunk := file.read(CHUNK):
        yield chunk


def _suffix(filename: str) -> str:
    """The name's extension if it is a harmless one: it only helps people who look into the folder."""
    match = re.search(r"\.[A-Za-z0-9]{1,8}$", filename)
    return match[0].lower() if match else ""
