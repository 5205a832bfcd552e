"""Uploads under way: each a file beside its description, in a folder of its tenant.

Any process on the same folder may go on with one. An upload is never said to be whole before its document is
submitted: up to then its last byte is wanted (again), so that a client that comes back leads it to its end.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import orjson

from neuraldocflow.errors import RateLimited
from neuraldocflow.gateway.keys import Key
from neuraldocflow.gateway.problems import Problem, invalid, not_found

KEPT_SECONDS = 86_400.0
"""How long an upload is kept on which nothing has happened; and a finished one's job."""
_MOST = 64
"""Uploads of a tenant that may be under way."""
_ID = re.compile(r"[A-Za-z0-9_-]{22}")


@dataclass(slots=True)
class Upload:
    """``path`` has its bytes, and the file beside it the rest; ``job`` is there when it is done."""

    path: Path
    length: int
    metadata: str
    job: str = ""

    @property
    def id(self) -> str:
        return self.path.name

    @property
    def offset(self) -> int:
        """How far it is; at its end only when it is done."""
        return self.length if self.job else min(self.path.stat().st_size, self.length - 1)

    @property
    def is_whole(self) -> bool:
        """Whether all its bytes are there, or it is done."""
        return bool(self.job) or self.path.stat().st_size == self.length

    @property
    def expires(self) -> float:
        return _touched(self.path) + KEPT_SECONDS

    @contextlib.contextmanager
    def alone(self) -> Iterator[Upload]:
        """The upload as it is now, while nobody else changes it. Raises Problem where somebody does."""
        try:
            descriptor = os.open(_about(self.path), os.O_RDONLY)
        except FileNotFoundError as error:
            raise _missing() from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield _read(self.path)
        except BlockingIOError as error:
            raise invalid("Another request writes to this upload now.", 423) from error
        finally:
            os.close(descriptor)

    def open(self) -> IO[bytes]:
        """The file, to go on at the offset."""
        file = self.path.open("r+b")
        file.truncate(self.offset)
        file.seek(self.offset)
        return file

    def finished(self, job: str) -> None:
        """It has become a job: its bytes are elsewhere now."""
        self.job = job
        self.save()
        self.path.unlink()

    def save(self) -> None:
        about = {"length": self.length, "metadata": self.metadata, "job": self.job}
        _about(self.path).touch()
        with _about(self.path).open("r+b") as file:  # it stays the same file: the lock is on it
            file.write(orjson.dumps(about))
            file.truncate()
            file.flush()
            os.fsync(file.fileno())

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)
        _about(self.path).unlink(missing_ok=True)


class Uploads:
    """The uploads in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.tidy()

    def create(self, key: Key, length: int, metadata: str) -> Upload:
        """A new one. Raises Problem where the tenant has many under way."""
        folder = self._folder_of(key)
        folder.mkdir(exist_ok=True)
        if _under_way(folder) >= _MOST:
            self.tidy()
        if _under_way(folder) >= _MOST:
            message = f"There are {_MOST} uploads under way already: finish one, or give it up."
            raise Problem(RateLimited(message), 429, {"Retry-After": "60"})
        upload = Upload(folder / secrets.token_urlsafe(16), length, metadata)
        upload.path.touch()
        upload.save()
        return upload

    def find(self, key: Key, upload_id: str) -> Upload:
        """A tenant's upload. Raises Problem."""
        if not _ID.fullmatch(upload_id):
            raise _missing()
        return _read(self._folder_of(key) / upload_id)

    def tidy(self) -> None:
        """Remove those that were given up, and what is known of old ones."""
        oldest = time.time() - KEPT_SECONDS
        for about in self._folder.glob("*/*.json"):
            path = about.with_suffix("")
            with contextlib.suppress(OSError):
                if _touched(path) < oldest:
                    Upload(path, 0, "").remove()

    def _folder_of(self, key: Key) -> Path:
        return self._folder / f"of-{key.tenant}"


def _under_way(folder: Path) -> int:
    return sum(1 for each in folder.iterdir() if not each.suffix)


def _about(path: Path) -> Path:
    return path.with_name(f"{path.name}.json")


def _read(path: Path) -> Upload:
    try:
        return Upload(path, **orjson.loads(_about(path).read_bytes()))
    except (OSError, orjson.JSONDecodeError) as error:
        raise _missing() from error


def _touched(path: Path) -> float:
    with contextlib.suppress(FileNotFoundError):
        return path.stat().st_mtime
    return _about(path).stat().st_mtime


def _missing() -> Problem:
    return not_found("There is no such upload, or it is too old.")
