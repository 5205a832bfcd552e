"""Notices when the machine's time of day is set back.

The engine wakes sources and pending work at times of day; set back by an hour, it would sleep for that hour.
Nothing inside can wake it, so the process starts again, from the last snapshot.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Callable

from neuraldocflow import wakes
from neuraldocflow.job.engine import Engine

log = logging.getLogger(__name__)

EXIT_CODE = 75
"""Of a process that leaves starting again to its supervisor (EX_TEMPFAIL)."""
_LOOK = 0.05
"""Seconds between looks. A clock set back for less, and forward again, is not noticed; none does that."""
_LEAST = 1.0
"""Seconds; a smaller step only makes the engine sleep that much longer, once."""


class TimeSteps:
    """Calls ``stepped_back`` with the seconds, from a thread, when the time of day has been set back."""

    def __init__(self, stepped_back: Callable[[float], None]) -> None:
        self._stepped_back = stepped_back
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="time-steps", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()

    def _watch(self) -> None:
        while not self._ended.wait(_LOOK):
            if (behind := wakes.behind()) > _LEAST:
                self._stepped_back(behind)


def start_again(engine: Engine, why: str) -> None:
    """Replace this process by a fresh one of the same command; one of several leaves it to its supervisor."""
    if engine.stopping.is_set():
        return  # it ends anyway
    log.warning("%s: the job starts again from the last snapshot", why)
    engine.abandon()
    logging.shutdown()
    sys.stdout.flush()
    if engine.process is not None:
        os._exit(EXIT_CODE)
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])
