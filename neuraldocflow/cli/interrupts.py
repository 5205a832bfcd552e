"""Ctrl-C where a command may only end between two steps."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from signal import SIGINT

from neuraldocflow.job.signals import signals


@contextmanager
def interruptible() -> Iterator[threading.Event]:
    """Set by Ctrl-C: an exception in the midst of a step could leave a lock behind that the end waits for.

    A second one ends it as usual.
    """
    told = threading.Event()
    with signals(lambda number: told.set(), [SIGINT], once=True):
        yield told
