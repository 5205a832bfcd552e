"""Finding objects by listing the bucket, page by page: memory does not grow with the bucket."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from neuraldocflow.objects.client import may_pass, reason_of
from neuraldocflow.objects.intake import Found, Intake
from neuraldocflow.objects.ledger import ObjectLedger
from neuraldocflow.outages import Outage

log = logging.getLogger(__name__)


class Lister:
    """The thread that lists ``bucket`` every ``interval`` seconds, or with ``once`` until each partition has
    been given everything. A scan goes on after the last key it has seen, whatever happens between pages."""

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
    ) -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = prefix
        self._wanted = wanted
        self._ledger = ledger
        self._intake = intake
        self._interval = interval
        self._once = once
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

    def news(self) -> None:
        """Something was acknowledged: the next scan sees it in the ledger."""

    def stop(self) -> None:
        """The intake's ``stop`` ends the thread, at the latest when the server has answered."""

    def drained(self, part: int) -> bool:
        """Whether a partition has been given everything there was; only ever with ``once``."""
        return self._once and part in self._scanned

    def _run(self) -> None:
        try:
            while not self._intake.stop.is_set():
                began, parts = time.monotonic(), self._intake.parts()
                if not self._scan():
                    return
                self._scanned = parts
                with self._lock:
                    if self._once and parts == self._intake.parts():
                        self._thread = None
                        return
                self._ledger.forget(listing=True)
                self._intake.tidy()
                if not self._once:
                    self._intake.stop.wait(max(self._interval - (time.monotonic() - began), 0.01))
        except Exception as error:
            log.exception("listing %s ended by a fault", self._bucket)
            self.fault = error

    def _scan(self) -> bool:
        """One listing from beginning to end; False when told to stop."""
        after = ""
        for page in self._pages():
            upto, present = page
            done = self._ledger.listed(after, upto, {key: found.etag for key, found in present.items()})
            for key, found in present.items():
                if (key, found.etag) not in done and self._wanted(key):
                    self._intake.give(found)
            after = upto or after
        return not self._intake.stop.is_set()

    def _pages(self) -> Iterator[tuple[str | None, dict[str, Found]]]:
        """Each page's last key (None: it is the last page) and objects."""
        after = ""
        while (answer := self._page(after)) is not None:
            contents = answer.get("Contents", [])
            present = {each["Key"]: _found(each) for each in contents}
            if not answer.get("IsTruncated") or not contents:
                yield None, present
                return
            after = contents[-1]["Key"]
            yield after, present

    def _page(self, after: str) -> dict[str, Any] | None:
        """A page; waits while the server has trouble. None when told to stop."""
        from botocore.exceptions import BotoCoreError, ClientError

        asked = {"Bucket": self._bucket, "Prefix": self._prefix, **({"StartAfter": after} if after else {})}
        while not self._intake.stop.is_set():
            try:
                answer: dict[str, Any] = self._client.list_objects_v2(**asked)
            except (ClientError, BotoCoreError, OSError) as error:
                pause = self._outage.goes_on(reason_of(error))
                # rights taken away and buckets removed may come back too, but nobody is in a hurry then
                self._intake.stop.wait(pause if may_pass(error) else max(pause, self._interval, 5.0))
                continue
            self._outage.over()
            return answer
        return None


def _found(listed: dict[str, Any]) -> Found:
    return Found(listed["Key"], listed.get("ETag", "").strip('"'), listed["Size"])
