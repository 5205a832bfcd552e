"""SIGTERM and Ctrl-C, told to a thread of their own.

A handler runs in the midst of whatever the main thread does. Setting an event there can wait for ever for the
event's lock, which the main thread holds for a moment whenever it waits for that event.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from signal import SIGINT, SIGTERM, Signals
from types import FrameType

_PATIENCE = 5.0
"""Seconds the end waits for what was told last."""


@contextmanager
def signals(
    tell: Callable[[int], None], numbers: Sequence[Signals] = (SIGTERM, SIGINT), *, once: bool = False
) -> Iterator[None]:
    """``tell`` is called with each of these signals, instead of what they do otherwise, in a thread; with
    ``once`` the second of a kind does as usual."""
    reading, writing = os.pipe()

    def handle(number: int, frame: FrameType | None) -> None:
        os.write(writing, bytes([number]))
        if once:
            signal.signal(number, before[Signals(number)])

    def listen() -> None:
        with open(reading, "rb", buffering=0) as told:
            while number := told.read(1):
                tell(number[0])

    thread = threading.Thread(target=listen, name="signals", daemon=True)
    thread.start()
    before = {number: signal.getsignal(number) for number in numbers}
    for number in numbers:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(writing)
        thread.join(_PATIENCE)
