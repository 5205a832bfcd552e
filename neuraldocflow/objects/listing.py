"""Finding objects by listing the bucket, page by page: memory does not grow with the bucket.

New keys may sort anywhere, so only a listing from beginning to end finds them all. Such listings take at most
a fifth of the time. Between their pages, and between them, what comes after the last key is listed as often
as is wished: one request, which finds everything at once where keys begin with a date or a number that grows.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from neuraldocflow.objects.client import may_pass, reason_of
from neuraldocflow.objects.intake import Found, Intake
from neuraldocflow.objects.ledger import AFTER_LISTING, ObjectLedger
from neuraldocflow.outages import Outage

log = logging.getLogger(__name__)

_REST = 4
"""Times as long as its requests took, a listing from beginning to end is rested from."""


class Lister:
    """The thread that lists ``bucket`` every ``interval`` seconds, or with ``once`` until each partition has
    been given everything. A listing goes on after the last key it has seen, whatever happens between pages.

    Objects younger than ``age`` seconds are left to the messages that tell of them; what is gone is forgotten
    ``forget_after`` seconds later.
    """

    def __init__(
        self,
        client: Any,
        bucket: str,
        prefix: str,
        wanted: Callable[[str], bool],
        ledger: ObjectLedger,
        intake: Intake,
        *,
        interval: float,
        once: bool,
        age: float = 0.0,
        forget_after: float = AFTER_LISTING,
    ) -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = prefix
        self._wanted = wanted
        self._ledger = ledger
        self._intake = intake
        self._interval = interval
        self._once = once
        self._age = age
        self._forget_after = forget_after
        self._last = ""
        """The last key there is, as far as is known."""
        self._looked = self._asked = 0.0
        """When the end was last listed, and the seconds that requests have taken."""
        self._outage = Outage(f"the listing of s3://{bucket}/{prefix}")
        self._scanned: frozenset[int] = frozenset()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self.fault: Exception | None = None
        """What ended the thread, if it was not the intake's ``stop``."""

    def start(self) -> None:
        """Begin, or with ``once`` begin again for a partition that came late."""
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="s3-listing", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """The intake's ``stop`` ends the thread, at the latest when the server has answered."""

    def drained(self, part: int) -> bool:
        """Whether a partition has been given everything there was; only ever with ``once``."""
        return self._once and part in self._scanned

    def _run(self) -> None:
        try:
            full_at = 0.0
            while not self._intake.stop.is_set():
                began, parts = time.monotonic(), self._intake.parts()
                if began < full_at and parts == self._scanned:
                    self._look_at_the_end()
                else:
                    self._asked = 0.0
                    if not self._scan():
                        return
                    self._scanned = parts
                    full_at = max(began + self._interval, time.monotonic() + _REST * self._asked)
                    with self._lock:
                        if self._once and parts == self._intake.parts():
                            self._thread = None
                            return
                    self._ledger.forget(self._forget_after)
                    self._intake.tidy()
                if not self._once:
                    self._intake.stop.wait(max(self._interval - (time.monotonic() - began), 0.01))
        except Exception as error:
            log.exception("listing %s ended by a fault", self._bucket)
            self.fault = error

    def _scan(self) -> bool:
        """One listing from beginning to end; False when told to stop."""
        last = ""
        for after, upto, contents in self._pages(""):
            last = self._take(after, upto, contents) or last
            if not self._once and time.monotonic() - self._looked > self._interval:
                self._look_at_the_end()
        self._last, self._looked = last, time.monotonic()
        return not self._intake.stop.is_set()

    def _look_at_the_end(self) -> None:
        """List what comes after the last key."""
        if self._last:
            for page in self._pages(self._last):
                self._last = self._take(*page) or self._last
        self._looked = time.monotonic()

    def _take(self, after: str, upto: str | None, contents: list[dict[str, Any]]) -> str:
        """Give a page's objects to their partitions; its last key, or an empty text."""
        done = self._ledger.listed(after, upto, {each["Key"]: _etag(each) for each in contents})
        for each in contents:
            key, etag = each["Key"], _etag(each)
            if (key, etag) not in done and self._wanted(key) and not self._is_young(each):
                self._intake.give(Found(key, etag, each["Size"]))
        return str(contents[-1]["Key"]) if contents else ""

    def _is_young(self, listed: dict[str, Any]) -> bool:
        return bool(self._age) and time.time() - listed["LastModified"].timestamp() < self._age

    def _pages(self, after: str) -> Iterator[tuple[str, str | None, list[dict[str, Any]]]]:
        """Pages from a key on: the key each comes after, its own last one (None: no more pages), objects."""
        while (answer := self._page(after)) is not None:
            contents = answer.get("Contents", [])
            upto = contents[-1]["Key"] if contents and answer.get("IsTruncated") else None
            yield after, upto, contents
            if upto is None:
                return
            after = upto

    def _page(self, after: str) -> dict[str, Any] | None:
        """A page; waits while the server has trouble. None when told to stop."""
        from botocore.exceptions import BotoCoreError, ClientError

        asked = {"Bucket": self._bucket, "Prefix": self._prefix, **({"StartAfter": after} if after else {})}
        while not self._intake.stop.is_set():
            began = time.monotonic()
            try:
                answer: dict[str, Any] = self._client.list_objects_v2(**asked)
            except (ClientError, BotoCoreError, OSError) as error:
                pause = self._outage.goes_on(reason_of(error))
                # rights taken away and buckets removed may come back too, but nobody is in a hurry then
                self._intake.stop.wait(pause if may_pass(error) else max(pause, 5.0))
                continue
            self._outage.over()
            self._asked += time.monotonic() - began
            return answer
        return None


def _etag(listed: dict[str, Any]) -> str:
    return str(listed.get("ETag", "")).strip('"')
