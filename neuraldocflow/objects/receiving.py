"""Finding objects by a queue's messages: hidden while their documents are worked on, and then deleted."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from itertools import chain, islice
from typing import Any

from neuraldocflow.objects.client import head_of, is_gone, may_pass, reason_of
from neuraldocflow.objects.held import HeldMessages, Message
from neuraldocflow.objects.intake import Found, Intake
from neuraldocflow.objects.ledger import Done, ObjectLedger
from neuraldocflow.objects.notifications import Announced, NotANotification, parse
from neuraldocflow.outages import Outage

log = logging.getLogger(__name__)

_AT_A_TIME = 10
"""Messages in one call; SQS allows no more."""
_MOST_HELD = 2000
_LONG_POLL, _SHORT_POLL = 10, 1
_LOOK = 0.25
"""Seconds between looks into the ledger, for what other processes note there."""
_TIDY = 600.0


class Receiver:
    """Two threads: one receives, one deletes messages whose documents are done and keeps the others hidden.

    ``wants(key)`` says whether an object is a document. A message it can't read stays in the queue, whose
    redrive policy then moves it to its dead letters. With ``once`` it ends when the queue gives nothing.
    """

    def __init__(
        self,
        queue: Any,
        url: str,
        store: Any,
        bucket: str,
        wants: Callable[[str], bool],
        ledger: ObjectLedger,
        intake: Intake,
        *,
        visibility: int,
        once: bool,
    ) -> None:
        self._queue = queue
        self._url = url
        self._store = store
        self._bucket = bucket
        self._wants = wants
        self._ledger = ledger
        self._intake = intake
        self._visibility = visibility
        self._once = once
        self._outage = Outage(f"the queue {url}")
        self._held = HeldMessages()
        self._news = threading.Event()
        self._threads: list[threading.Thread] = []
        self._empty = False
        self._given_up = False
        self._strange: set[str] = set()
        self.fault: Exception | None = None
        """What ended a thread, if it was not the intake's ``stop``."""

    def start(self) -> None:
        if not self._threads:
            self._threads = [
                threading.Thread(target=self._guarded, args=(loop,), daemon=True)
                for loop in (self._receive, self._keep)
            ]
            for thread in self._threads:
                thread.start()

    def drained(self, part: int) -> bool:
        """Whether the queue has given everything; only ever with ``once``."""
        return self._empty

    def news(self, version: Done) -> None:
        """A version was acknowledged: its messages are deleted, here and at once after :meth:`stop`."""
        self._held.done([version])
        if self._intake.stop.is_set():  # a queue that is away must not hold up the job's end
            self._given_up = self._given_up or not self._settle()
        else:
            self._news.set()

    def stop(self) -> None:
        """Wait for the thread that deletes; messages still held are given again after their time."""
        self._news.set()
        for thread in self._threads[1:]:
            thread.join(timeout=5)

    def _guarded(self, loop: Callable[[], None]) -> None:
        try:
            loop()
        except Exception as error:
            log.exception("reading the queue %s ended by a fault", self._url)
            self.fault = error

    def _receive(self) -> None:
        empty = 0
        while not self._intake.stop.is_set():
            if len(self._held) >= _MOST_HELD:
                self._intake.stop.wait(_LOOK)
                continue
            messages = self._ask(
                lambda: self._queue.receive_message(
                    QueueUrl=self._url,
                    MaxNumberOfMessages=_AT_A_TIME,
                    WaitTimeSeconds=_SHORT_POLL if self._once else _LONG_POLL,
                    VisibilityTimeout=self._visibility,
                )
            )
            held = [
                self._hold(message["MessageId"], message["ReceiptHandle"], message["Body"])
                for message in (messages or {}).get("Messages", ())
            ]
            for each in chain.from_iterable(held):  # which may wait for room: all are kept hidden meanwhile
                self._intake.give(each, whichever=True)
            self._news.set()
            empty = 0 if messages is None or messages.get("Messages") else empty + 1
            if self._once and empty > 1:  # an answer may leave messages out, two in a row hardly
                self._empty = True
                return

    def _ask(self, call: Callable[[], dict[str, Any]]) -> dict[str, Any] | None:
        """A call's answer, or None after a pause when the server has trouble."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer = call()
        except (ClientError, BotoCoreError, OSError) as error:
            if self._intake.stop.is_set():
                return None
            pause = self._outage.goes_on(reason_of(error))
            self._intake.stop.wait(pause if may_pass(error) else max(pause, 5.0))
            return None
        self._outage.over()
        return answer

    def _hold(self, message: str, receipt: str, body: str) -> list[Found]:
        """The objects a message tells of, which is kept hidden until they are done."""
        if self._held.again(message, receipt):  # although it was hidden
            return []
        try:
            announced = parse(body)
        except NotANotification as error:
            self._leave(message, f"tells of no object: {error}")
            return []
        if any(each.bucket != self._bucket for each in announced):
            self._leave(message, "tells of another bucket")
            return []
        found = [self._found(each) for each in announced if self._wants(each.key)]
        if None in found:
            return []  # the server has trouble: the message comes again
        objects = [each for each in found if each is not None]
        versions = [(each.key, each.etag) for each in objects]
        self._held.hold(message, receipt, versions, time.monotonic() + self._visibility / 2)
        self._held.done(self._ledger.among(versions))  # asked once they are held: none can be missed
        return objects

    def _leave(self, message: str, why: str) -> None:
        if message not in self._strange:
            log.warning("message %s of %s %s; it stays there for its dead letters", message, self._url, why)
            self._strange = {*islice(self._strange, 1000), message}

    def _found(self, announced: Announced) -> Found | None:
        """The object; asks for what the message did not say. None when there is no answer now."""
        from botocore.exceptions import BotoCoreError, ClientError

        key, etag, size, version_id = announced.key, announced.etag, announced.size, announced.version_id
        if etag and size is not None:
            return Found(key, etag, size, version_id)
        wanted = {"VersionId": version_id} if version_id else {}
        try:
            head = head_of(self._store, Bucket=self._bucket, Key=key, **wanted)
        except (ClientError, BotoCoreError, OSError) as error:
            if may_pass(error):
                return None
            why = "is gone: it was removed after it was announced." if is_gone(error) else "can't be read."
            return Found(key, etag or announced.sequencer, 0, version_id, problem=why)
        return Found(key, head["ETag"].strip('"'), head["ContentLength"], version_id)

    def _keep(self) -> None:
        tidy_at = 0.0
        while not self._intake.stop.is_set():
            self._news.wait(_LOOK)
            self._news.clear()
            self._settle()
            self._extend()
            if time.monotonic() > tidy_at:
                tidy_at = time.monotonic() + _TIDY
                self._intake.tidy()

    def _settle(self) -> bool:
        """Delete the messages whose documents are all done; False when the queue does not answer."""
        if self._ledger.changed_elsewhere():
            self._held.done(self._ledger.among(self._held.waiting()))
        for some in _batches(self._held.complete()):
            entries = [
                {"Id": str(number), "ReceiptHandle": receipt} for number, (_, receipt) in enumerate(some)
            ]
            answer = self._ask(
                lambda entries=entries: self._queue.delete_message_batch(  # type: ignore[misc]
                    QueueUrl=self._url, Entries=entries
                )
            )
            if answer is None:
                return False
            self._held.drop(some)
        return True

    def _extend(self) -> None:
        """Keep messages hidden whose time is half over."""
        now = time.monotonic()
        for some in _batches(self._held.due(now)):
            entries = [
                {"Id": str(number), "ReceiptHandle": receipt, "VisibilityTimeout": self._visibility}
                for number, (_, receipt) in enumerate(some)
            ]
            answer = self._ask(
                lambda entries=entries: self._queue.change_message_visibility_batch(  # type: ignore[misc]
                    QueueUrl=self._url, Entries=entries
                )
            )
            if answer is None:
                return
            # hidden for twelve hours, or deleted by someone: it is given again if it is still there
            self._held.drop([some[int(failed["Id"])] for failed in answer.get("Failed", ())])
            self._held.extended(some, now + self._visibility / 2)


def _batches(messages: list[Message]) -> list[list[Message]]:
    return [messages[at : at + _AT_A_TIME] for at in range(0, len(messages), _AT_A_TIME)]
