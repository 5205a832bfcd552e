"""What the HTTP routes and the WebSocket sessions share."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from neuraldocflow.cancellations import cancellation
from neuraldocflow.config import Config
from neuraldocflow.errors import ConfigError, RateLimited, Unauthorized
from neuraldocflow.gateway.arrivals import DONE
from neuraldocflow.gateway.attendance import Attendance
from neuraldocflow.gateway.history import History
from neuraldocflow.gateway.hub import Hub
from neuraldocflow.gateway.jobs import Jobs
from neuraldocflow.gateway.keys import Allowance, Key, KeyStore, Scope
from neuraldocflow.gateway.memory import Memory
from neuraldocflow.gateway.offsets import Place, Positions
from neuraldocflow.gateway.originals import Originals
from neuraldocflow.gateway.problems import Problem, busy, lacks, not_found
from neuraldocflow.gateway.submissions import Appender, Submissions
from neuraldocflow.gateway.tail import Tail
from neuraldocflow.log import PROCESSING_EVENTS, PROCESSING_RESULTS, Log, partition_of
from neuraldocflow.payloads import PayloadStore

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

log = logging.getLogger(__name__)

_PATIENCE = 2.0
"""Seconds to wait for the index to have what the log has, before a job is said not to exist."""


@dataclass(frozen=True, slots=True)
class Services:
    """The parts of one gateway process."""

    config: Config
    log: Log
    payloads: PayloadStore
    keys: KeyStore
    allowance: Allowance
    attendance: Attendance
    memory: Memory
    jobs: Jobs
    tail: Tail
    hub: Hub
    history: History
    originals: Originals
    appender: Appender
    submissions: Submissions
    profiles: Mapping[str, dict[str, Any]]

    def authenticate(self, text: str) -> Key:
        """The key of a text, and one request of its rate. Raises Problem."""
        try:
            key = self.keys.authenticate(text) if text else None
        except ConfigError as error:  # the attendance logs it; somebody may write the file just now
            raise busy("Keys can't be verified now.") from error
        if key is None:
            raise Problem(
                Unauthorized("A valid API key is needed: Authorization: Bearer KEY."),
                401,
                {"WWW-Authenticate": "Bearer"},
            )
        return key

    def take_request(self, key: Key) -> None:
        """One request of a key's rate. Raises Problem."""
        if wait := self.allowance.request(key):
            seconds = str(max(1, math.ceil(wait)))  # who is told 0 comes again at once
            message = "This key's requests a minute are used up."
            raise Problem(RateLimited(message), 429, {"Retry-After": seconds})

    def check_scope(self, key: Key, scope: Scope) -> None:
        """Raises Problem."""
        if not key.may(scope):
            raise lacks(scope)

    def find(self, key: Key, job: str) -> sqlite3.Row:
        """A job of the key's tenant, blocking. Raises Problem: the same for others' as for none."""
        row = self.jobs.get(job, key.tenant)
        if row is None:
            self.catch_up()  # another replica may have taken it a moment ago
            row = self.jobs.get(job, key.tenant)
        if row is None:
            raise not_found()
        return row

    def catch_up(self) -> None:
        """Wait for the index to have what is in the log now, blocking."""
        self.tail.catch_up(_PATIENCE)

    async def cancel(self, row: sqlite3.Row) -> bool:
        """Ask for a job to be cancelled; False where it is over. Raises LogError."""
        if row["status"] in DONE:
            return False
        await self.appender.append(cancellation(row["document"], row["run"]))
        log.info("asked to be cancelled", extra={"job": row["id"]})
        return True

    @staticmethod
    def start_of(row: sqlite3.Row, now: Positions) -> Positions:
        """Where the log begins to tell of a job. ``now`` are the hub's positions from before ``row`` was
        looked up, so that what came meanwhile is read too."""
        events = _events_of(row, now)
        first = now[events] if row["first_offset"] is None else row["first_offset"]
        if row["result_offset"] is None:  # it may come to any partition: that is for its key to say
            results = {place: at for place, at in now.items() if place[0] == PROCESSING_RESULTS}
        else:
            results = {(PROCESSING_RESULTS, row["result_partition"]): row["result_offset"]}
        return {events: first, **results}

    def start_after(self, row: sqlite3.Row, now: Positions, given: Positions) -> Positions:
        """The same for who has had what is before ``given``."""
        start = {place: max(given[place], offset) for place, offset in self.start_of(row, now).items()}
        if row["first_offset"] is None and row["status"] != "queued":
            # its first events were gone before they could be indexed: the log knows whether others are too
            events = _events_of(row, now)
            start[events] = given[events]
        return start


def _events_of(row: sqlite3.Row, positions: Positions) -> Place:
    """Where a job's events are."""
    parts = sum(1 for topic, _ in positions if topic == PROCESSING_EVENTS)
    return PROCESSING_EVENTS, partition_of(row["document"], parts)
