"""Looking again and again in a thread of its own: on a disk that hangs, a look takes as long as the hang."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, TypeVar

T = TypeVar("T")


class Looking(Generic[T]):
    """Calls ``look`` every ``pause`` seconds from now on, until :meth:`stop`; whoever asks does not wait."""

    def __init__(self, look: Callable[[], T], pause: float) -> None:
        self._look = look
        self._pause = pause
        self._ended = threading.Event()
        self._seen: T | None = None
        self._began: float | None = None
        """The look that is under way."""
        threading.Thread(target=self._run, name="looking", daemon=True).start()

    @property
    def seen(self) -> T | None:
        """What was seen at the last look; None before the first."""
        return self._seen

    def unanswered(self) -> float:
        """Seconds that the look under way has taken; 0 between two."""
        began = self._began
        return 0.0 if began is None else time.monotonic() - began

    def stop(self) -> None:
        """Look no more; a look that hangs is left alone."""
        self._ended.set()

    def _run(self) -> None:
        while not self._ended.is_set():
            self._began = time.monotonic()
            with suppress(OSError):  # the next one may see it
                self._seen = self._look()
            self._began = None
            self._ended.wait(self._pause)
