"""What processes say of themselves, a line each: for people, or as JSON for machines."""

from __future__ import annotations

import json
import logging
import os
import threading
from datetime import UTC, datetime
from typing import Any

from neuraldocflow import faults
from neuraldocflow.wording import harmless

_JSON = "json"


class _Line(logging.Formatter):
    """Time in UTC, level, logger, message; of a fault its kind and where it was, whoever logs it."""

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802
        return datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def format(self, record: logging.LogRecord) -> str:
        record.exc_text = None  # another handler's, which is kept there
        return super().format(record)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        """Names of documents are anybody's: none begins a line of its own, or controls a terminal."""
        record.message = harmless(record.message).replace("\n", "\n    ")
        return super().formatMessage(record)

    def formatException(self, ei: Any) -> str:  # noqa: N802
        return faults.told(ei[1])


class _JsonLine(_Line):
    """One object a line; what a message is about (``extra``) is in it: job, document, decision."""

    _about = ("job", "document", "decision")

    def format(self, record: logging.LogRecord) -> str:
        told = {
            "time": self.formatTime(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        told |= {name: getattr(record, name) for name in self._about if hasattr(record, name)}
        if record.exc_info:
            told["exception"] = self.formatException(record.exc_info)
        return json.dumps(told, default=str, ensure_ascii=False)


def log_lines(level: int) -> None:
    """Log to standard error; NEURALDOCFLOW_LOG_FORMAT=json makes each line an object."""
    handler = logging.StreamHandler()
    handler.setFormatter(formatter())
    logging.basicConfig(level=level, handlers=[handler])
    threading.excepthook = _thread_failed


def _thread_failed(told: threading.ExceptHookArgs) -> None:
    if told.exc_value is None or isinstance(told.exc_value, SystemExit):
        return
    name = told.thread.name if told.thread is not None else "a thread"
    found = (told.exc_type, told.exc_value, told.exc_traceback)
    logging.getLogger(__name__).error("%s ended by a fault", name, exc_info=found)


def formatter() -> logging.Formatter:
    """How a line is written."""
    if os.environ.get("NEURALDOCFLOW_LOG_FORMAT", "") == _JSON:
        return _JsonLine()
    return _Line("%(asctime)s %(levelname)s %(name)s: %(message)s")
