"""The tail: follows the log in a thread and gives what comes to the index, then to the event loop."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from neuraldocflow.gateway.arrivals import Arrived, arrived
from neuraldocflow.gateway.jobs import Jobs
from neuraldocflow.gateway.news import News
from neuraldocflow.gateway.offsets import FOLLOWED, Place, Positions
from neuraldocflow.log import (
    DOCUMENT_STREAM,
    GROWTH,
    PROCESSING_RESULTS,
    Log,
    LogError,
    OffsetOutOfRange,
    Record,
)

log = logging.getLogger(__name__)

Publish = Callable[[list[Arrived], Positions], None]
"""Called in the tail's thread with events in order and the positions after them."""
_WAIT, _PAUSE, _HOUR = 1.0, 1.0, 3600.0
_TOPICS = (DOCUMENT_STREAM, *FOLLOWED)


class Tail:
    """Reads events before results, and results only as far as they were there before the events were read:
    so a job's progress always comes before its result."""

    def __init__(self, job_log: Log, jobs: Jobs, publish: Publish, retention: timedelta) -> None:
        self._log = job_log
        self._jobs = jobs
        self._publish = publish
        self._retention = retention
        jobs.follow({topic: job_log.id_of(topic) for topic in _TOPICS})
        self._known = jobs.positions()
        self._positions = {place: self._start(place) for place in self._places()}
        self._news = News()
        self._stop = threading.Event()
        self._tidied = 0.0
        self._counted = time.monotonic()
        self._caught_up = threading.Condition()
        self._thread = threading.Thread(target=self._follow, name="tail", daemon=True)
        self.fault: str | None = None
        """Why the log can't be read now."""

    def read_all(self) -> None:
        """Read what is there. Raises LogError."""
        while self._read():
            pass

    def start(self) -> None:
        """Follow in a thread."""
        self._thread.start()

    def tidy(self) -> None:
        """Forget jobs older than retention, but none whose document waits on the log. Raises LogError."""
        before = datetime.now(UTC) - self._retention
        self._jobs.forget(before, self._kept_since() if self._jobs.have_waited(before) else None)

    def stop(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    def positions(self) -> Positions:
        """Of the topics that are relayed."""
        return {place: offset for place, offset in self._positions.items() if place[0] in FOLLOWED}

    def catch_up(self, patience: float) -> None:
        """Wait until everything that is on the log now has been read; ``patience`` seconds at most."""
        try:
            ends = {place: self._log.end(*place) for place in self._positions}
        except LogError:
            return
        deadline = time.monotonic() + patience
        with self._caught_up:
            while any(self._positions[place] < end for place, end in ends.items()):
                left = deadline - time.monotonic()
                if left <= 0 or not self._caught_up.wait(left):
                    return

    def _places(self) -> list[Place]:
        return [(topic, partition) for topic in _TOPICS for partition in self._log.partitions(topic)]

    def _start(self, place: Place) -> int:
        """Where the index ends, or the oldest record where it knows nothing or the log is another."""
        begin, end = self._log.begin(*place), self._log.end(*place)
        known = self._known.get(place, begin)
        return known if begin <= known <= end else begin

    def _follow(self) -> None:
        while not self._stop.is_set():
            try:
                if not self._read():
                    self._log.wait(self._positions, _WAIT)
                if time.monotonic() - self._counted > GROWTH:
                    self._counted = time.monotonic()
                    self._grow()
                self.fault = None
                if time.monotonic() - self._tidied > _HOUR:
                    self.tidy()
                    self._tidied = time.monotonic()
            except LogError as error:
                if self.fault is None:
                    log.warning("the log can't be read: %s; trying again", error)
                self.fault = str(error)
                self._stop.wait(_PAUSE)
            except Exception:  # a gateway that has gone deaf would be worse than one that says so
                if self.fault is None:
                    log.exception("following the log failed; trying again")
                self.fault = "a fault of the gateway"
                self._stop.wait(_PAUSE)

    def _kept_since(self) -> datetime | None:
        """When the oldest submission came that is on the log; None where there is none."""
        oldest: list[datetime] = []
        for part, (begin, end) in self._log.bounds(DOCUMENT_STREAM).items():
            with suppress(OffsetOutOfRange):  # it is dropped just now: it was done
                records = self._log.read(DOCUMENT_STREAM, part, begin, limit=1) if begin < end else []
                oldest += [each.timestamp for each in records]
        return min(oldest, default=None)

    def _grow(self) -> None:
        """Follow partitions that topics were given meanwhile, from their beginning."""
        now = [(topic, partition) for topic in _TOPICS for partition in self._log.partitions_now(topic)]
        self._positions = {**dict.fromkeys(now, 0), **self._positions}

    def _read(self) -> bool:
        """One round over all partitions; whether anything came."""
        bounds = self._log.bounds(PROCESSING_RESULTS)
        any_came = False
        for place in self._positions:
            while records := self._records(place):
                if place[0] == PROCESSING_RESULTS:
                    records = [each for each in records if each.offset < bounds[place[1]][1]]
                    if not records:
                        break
                any_came = True
                self._take(place, records)
        if any_came:
            with self._caught_up:
                self._caught_up.notify_all()
        return any_came

    def _records(self, place: Place) -> list[Record]:
        try:
            return self._log.read(*place, self._positions[place])
        except OffsetOutOfRange as error:  # retention was faster
            self._positions[place] = error.begin
            return self._log.read(*place, error.begin)

    def _take(self, place: Place, records: list[Record]) -> None:
        before = self._positions
        after = {**before, place: records[-1].offset + 1}
        found = [each for each in map(arrived, records) if each is not None]
        found = self._jobs.apply(found, {place: after[place]})
        self._positions = after
        if place[0] != DOCUMENT_STREAM:
            fresh = [each for each in map(self._news.of, found) if each is not None]
            self._publish(fresh, {key: at for key, at in after.items() if key[0] != DOCUMENT_STREAM})
