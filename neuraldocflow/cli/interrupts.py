"""Ctrl-C where a command may only end between two steps."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def interruptible() -> Iterator[threading.Event]:
    """Set by Ctrl-C: an exception in the midst of a step could leave a lock behind that the end waits for.

    A second one ends it as usual.
    """
    told = threading.Event()
    usual = signal.getsignal(signal.SIGINT)

    def interrupt(*_: object) -> None:
        told.set()
        signal.signal(signal.SIGINT, usual)

    signal.signal(signal.SIGINT, interrupt)
    try:
        yield told
    finally:
        signal.signal(signal.SIGINT, usual)
