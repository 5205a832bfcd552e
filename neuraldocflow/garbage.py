"""How Python's garbage collector works in processes that run for long."""

from __future__ import annotations

import gc

_THRESHOLDS = 20_000, 20, 20
"""Python's own (700, 10, 10) suit small programs: an extraction makes as many objects in a millisecond."""


def settle() -> None:
    """What a process has loaded stays: it is not looked at again, and the rest less often.

    Took 8 to 13 % off the time of PDFs.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
