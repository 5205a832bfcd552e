"""A file that processes ring: who listens sleeps in the kernel until then.

Linux only (inotify); elsewhere listening is a short sleep, so that a listener looks again within 20 ms. A
ring may be lost when the ringer is killed before it, so a listener never sleeps longer than a second.
"""

from __future__ import annotations

import ctypes
import os
import select
import time
from contextlib import suppress
from pathlib import Path

_IN_MODIFY = 0x2
_LONGEST_SLEEP = 1.0
_POLL = 0.02


def ring(descriptor: int) -> None:
    """Ring the bell whose file is open for writing as ``descriptor``; a full disk silences it."""
    with suppress(OSError):
        os.pwrite(descriptor, b"\n", 0)


class Listener:
    """Hears every ring after its creation. For one thread; keep it, since the kernel takes its time (15 ms)
    to close one."""

    def __init__(self, path: Path) -> None:
        self._inotify: int | None = None  # for __del__, should the next line be interrupted
        self._inotify = _watch(path)

    def wait(self, timeout: float) -> None:
        """Return at a ring, or after ``timeout`` seconds, or now and then: look whether there is news."""
        if self._inotify is None:
            time.sleep(min(timeout, _POLL))
            return
        poll = select.poll()  # select() can't watch descriptors from 1024 on
        poll.register(self._inotify, select.POLLIN)
        if poll.poll(min(timeout, _LONGEST_SLEEP) * 1000):
            os.read(self._inotify, 65536)

    def __del__(self) -> None:
        if self._inotify is not None:
            os.close(self._inotify)


def _watch(path: Path) -> int | None:
    """An inotify descriptor that reports writes to the file, or None where there is no inotify."""
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "inotify_init1"):
        return None
    descriptor = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    if descriptor < 0:
        return None  # out of inotify instances: listening works by looking
    if libc.inotify_add_watch(descriptor, os.fsencode(path), _IN_MODIFY) < 0:
        os.close(descriptor)
        return None
    return int(descriptor)
