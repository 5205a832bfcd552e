"""Cancellations: a wish to stop a job, on the log, heard by every process of the dataflow."""

from __future__ import annotations

import logging
import re
import threading
from collections import OrderedDict
from collections.abc import Callable

from neuraldocflow.log import Log, LogError, Message, OffsetOutOfRange

log = logging.getLogger(__name__)

CANCELLATIONS = "cancellations"
_REMEMBERED = 10_000
"""A starting process looks as far back: what is cancelled while it is down, however long, stays cancelled."""
_WAIT = 5.0
_RUN = re.compile(rb"[0-9]{1,10}")


def cancellation(document: str, run: int = 0) -> Message:
    """Asks for a job to be cancelled; whoever works on it hears. Its topic has one partition."""
    return Message(CANCELLATIONS, document, str(run).encode())


class Cancellations:
    """Follows the topic in a thread, and remembers the jobs for documents that have not come up yet."""

    def __init__(self, job_log: Log, stop_job: Callable[[str, int], object]) -> None:
        self._log = job_log
        self._stop_job = stop_job
        self._cancelled: OrderedDict[tuple[str, int], None] = OrderedDict()
        self._ended = threading.Event()
        self._log.ensure_topic(CANCELLATIONS, 1)
        begin, end = job_log.bounds(CANCELLATIONS)[0]
        self._offset = max(begin, end - _REMEMBERED)
        while self._offset < end and self._read():
            pass
        self._thread = threading.Thread(target=self._follow, name="cancellations", daemon=True)
        self._thread.start()

    def __contains__(self, job: tuple[str, int]) -> bool:
        return job in self._cancelled

    def close(self) -> None:
        self._ended.set()

    def _follow(self) -> None:
        while not self._ended.is_set():
            try:
                if self._log.wait({(CANCELLATIONS, 0): self._offset}, _WAIT) and not self._ended.is_set():
                    self._read()
            except LogError as error:
                if not self._ended.is_set():
                    log.warning("cancellations can't be read: %s", error)
                self._ended.wait(_WAIT)

    def _read(self) -> bool:
        """Hear what comes next; whether that was anything."""
        try:
            records = self._log.read(CANCELLATIONS, 0, self._offset)
        except OffsetOutOfRange as error:
            self._offset = error.begin
            return True
        for record in records:
            self._offset = record.offset + 1
            if not _RUN.fullmatch(record.value):
                continue  # not one of ours
            document, run = record.key, int(record.value)
            self._cancelled[document, run] = None
            while len(self._cancelled) > _REMEMBERED:
                self._cancelled.popitem(last=False)
            self._stop_job(document, run)
        return bool(records)
