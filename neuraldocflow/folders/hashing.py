"""Reading files for their hash; large ones in a thread of their own, so that no other file waits for them."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass

from neuraldocflow.folders.move import modified

Signature = tuple[int, int, int]
"""Size, modification and change time in nanoseconds."""

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Found:
    """A settled file. ``sha256`` is empty when it can't be read, and ``problem`` then says why."""

    path: str
    size: int
    mtime_ns: int
    sha256: str = ""
    problem: str = ""
    run: int = 0
    """As which run of its document it is to be processed."""


def signature_of(status: os.stat_result) -> Signature:
    return status.st_size, modified(status), status.st_ctime_ns


def read(descriptor: int, path: str, signature: Signature, stop: threading.Event) -> Found | None:
    """An open file and its hash; None where it is not as it was any more, or reading was to stop."""
    digest = hashlib.sha256()
    try:
        while chunk := os.read(descriptor, _CHUNK):
            digest.update(chunk)
            if stop.is_set():
                return None
    except OSError as error:
        return Found(path, *signature[:2], problem=error.strerror or "unreadable")
    if signature_of(os.fstat(descriptor)) != signature:
        return None
    return Found(path, *signature[:2], digest.hexdigest())


class OneAtATime:
    """Reads one file at a time in a thread, and calls ``ended`` when it has."""

    def __init__(self, stop: threading.Event, ended: Callable[[], None]) -> None:
        self._stop = stop
        self._ended = ended
        self._result: tuple[str, Found | None] | None = None
        self.busy = ""
        """The path that is read now, or whose result was not taken yet."""

    def start(self, descriptor: int, path: str, signature: Signature) -> None:
        """Read an open file, and close it; only while nothing is ``busy``."""
        self.busy = path
        threading.Thread(target=self._read, args=(descriptor, path, signature), daemon=True).start()

    def take(self) -> tuple[str, Found | None] | None:
        """What was read, once: its path, and what was found."""
        result, self._result = self._result, None
        if result is not None:
            self.busy = ""
        return result

    def _read(self, descriptor: int, path: str, signature: Signature) -> None:
        try:
            found = read(descriptor, path, signature, self._stop)
        finally:
            os.close(descriptor)
        self._result = (path, found)
        self._ended()
