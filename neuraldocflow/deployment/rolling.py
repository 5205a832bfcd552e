"""The rolling log of a submitted job: everything that its processes print, bounded in size."""

from __future__ import annotations

import logging
import os
import threading
from collections import deque
from functools import partial
from logging.handlers import RotatingFileHandler
from pathlib import Path

from neuraldocflow.job.runner import ENDED_SOMEWHERE

_BYTES, _FILES = 10 << 20, 5
_LONGEST = 1 << 14
"""Characters of a line; a longer one becomes several. An agent that a document has taken over may print one
that never ends."""
_SUPERVISOR = "neuraldocflow.job.supervisor"
"""In the lines of who starts the processes again: they say that one has ended, and not why."""


class _RollingFile(RotatingFileHandler):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the library's name
        """Lose a line that a full disk does not take: told here, it would come back through the pipe."""


class RollingOutput:
    """Takes this process' standard output and error, and with them those of its children, into ``path``."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = _RollingFile(path, maxBytes=_BYTES, backupCount=_FILES, encoding="utf-8")
        self._latest: deque[str] = deque(maxlen=50)
        reading, writing = os.pipe()
        for descriptor in (1, 2):
            os.dup2(writing, descriptor)
        os.close(writing)
        self._reading = reading
        threading.Thread(target=self._pump, name="log", daemon=True).start()

    def last_error(self) -> str:
        """The sentence the processes ended with, of one that knows why if there is one; or the last line."""
        latest = list(self._latest)  # copied: it grows meanwhile
        lines = [line for line in latest if line.strip() and _SUPERVISOR not in line]
        said = [line for line in lines if line.startswith("neuraldocflow: ")]
        known = [line for line in said if not line.endswith(ENDED_SOMEWHERE)]
        return (known or said or lines or [""])[-1].removeprefix("neuraldocflow: ")

    def forget(self) -> None:
        """What was printed up to now is of an earlier start."""
        self._latest.clear()

    def _pump(self) -> None:
        with open(self._reading, encoding="utf-8", errors="replace") as lines:
            for line in iter(partial(lines.readline, _LONGEST), ""):
                text = line.rstrip("\n")
                self._file.emit(logging.LogRecord("job", logging.INFO, "", 0, text, (), None))
                self._latest.append(text)  # what is told as the reason is in the file by then
