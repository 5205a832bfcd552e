"""Files elsewhere, by fsspec: whatever its libraries raise while a place is in trouble is an OSError here.

A library has exceptions of its own (botocore's for a refused connection is no OSError), and they come
through fsspec as they are. Who keeps things elsewhere knows how to wait out an OSError, and only that.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from typing import IO, Any

import fsspec

from neuraldocflow.errors import ConfigError

_CONNECT, _READ = 5, 30
"""Seconds: a call that hangs must end while somebody is patient still."""


class Remote:
    """The folder ``root`` of the filesystem that an fsspec URL names; paths are those of the filesystem.

    Every method raises OSError where the place is in trouble, and FileNotFoundError where something is gone.
    Raises ConfigError for a place of a kind that this machine has no client of.
    """

    def __init__(self, url: str) -> None:
        options = {}
        if url.startswith(("s3://", "s3a://")):
            retries = {"total_max_attempts": 2, "mode": "standard"}
            options = {"connect_timeout": _CONNECT, "read_timeout": _READ, "retries": retries}
        self._fs: Any
        given = {"config_kwargs": options} if options else {}
        try:
            self._fs, self.root = fsspec.core.url_to_fs(url, **given)
        except ImportError as error:
            raise ConfigError(f"{url} can't be used: {error}") from error
        self.local = "file" in self._fs.protocol
        """Whether it is a folder of this machine."""

    def uri(self, path: str) -> str:
        return str(self._fs.unstrip_protocol(path))

    def path(self, uri: str) -> str:
        return str(self._fs._strip_protocol(uri))

    def put(self, file: Path, path: str) -> None:
        """Copy a file there: whole or not at all, where the place knows objects."""
        with _plainly():
            self._fs.makedirs(path.rpartition("/")[0], exist_ok=True)
            self._fs.put_file(str(file), path)

    @contextmanager
    def open(self, path: str) -> Iterator[IO[bytes]]:
        """A file, to be read inside of the context."""
        with _plainly(), self._fs.open(path, "rb") as file:
            yield file

    def find(self, folder: str, pattern: str) -> list[str]:
        """What is in a folder that may not be there, as it is now: all of it, or an OSError.

        fsspec's own ``glob`` and ``walk`` take a folder that can't be listed for one that is empty.
        """
        with _plainly():
            self._fs.invalidate_cache()
            return sorted(self._below(folder, pattern.split("/")))

    def _below(self, folder: str, patterns: list[str]) -> Iterator[str]:
        try:
            entries = self._fs.ls(folder, detail=True)
        except FileNotFoundError:  # also one that was removed just now
            return
        for entry in entries:
            path, is_folder = str(entry["name"]).rstrip("/"), entry["type"] == "directory"
            if not fnmatchcase(path.rpartition("/")[2], patterns[0]):
                continue
            if is_folder and len(patterns) > 1:
                yield from self._below(path, patterns[1:])
            elif not is_folder and len(patterns) == 1:
                yield path

    def exists(self, path: str) -> bool:
        """Whether a file is there now."""
        with _plainly():
            self._fs.invalidate_cache(path)
            return bool(self._fs.exists(path))

    def remove(self, path: str) -> None:
        """No error where it is gone."""
        if self.exists(path):
            with _plainly():
                self._fs.rm_file(path)


@contextmanager
def _plainly() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        if not _is_a_librarys(error):
            raise
        raise OSError(errno.EIO, type(error).__name__) from error


def _is_a_librarys(error: Exception) -> bool:
    """Whether its class says no more than which library made it. One of Python's kinds says what is wrong."""
    kinds = {kind for kind in type(error).__mro__ if kind.__module__ == "builtins"}
    return kinds == {Exception, BaseException, object} and type(error) not in kinds
