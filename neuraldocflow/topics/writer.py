"""Writing with every delivery seen: what was sent counts only when all in-sync replicas have it."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Producer

from neuraldocflow import durable
from neuraldocflow.durable import OutputError
from neuraldocflow.outages import Outage
from neuraldocflow.topics.client import reason_of
from neuraldocflow.topics.envelopes import Outgoing

_ROUND, _SLOW = 0.2, 5.0
"""Seconds: of one look, and without any delivery after which brokers are said to be away."""
_AT_THE_END = 5.0
"""Seconds that brokers get while the job stops."""


class Writer:
    """One user of a producer that only its thread uses. Raises OutputError when something can't be delivered.

    The producer has ``delivery.report.only.error``: what has left its queue and was not refused is there.
    ``limit`` is the seconds without a single delivery after which it gives up; ``shrink`` makes a smaller
    message of one that brokers find too large; ``waiting`` is called again and again while they are away.
    """

    def __init__(
        self,
        producer: Producer,
        outage: Outage,
        limit: float,
        shrink: Callable[[Outgoing], Outgoing],
        waiting: Callable[[], None],
    ) -> None:
        self._producer = producer
        self._outage = outage
        self._limit = limit
        self._shrink = shrink
        self._waiting = waiting
        self._sent = False
        """Whether anything was since it was last waited for."""
        self._too_large: list[Outgoing] = []
        self._failed: str | None = None
        """Why it gave up: no message is waited for any more."""

    @property
    def gave_up(self) -> bool:
        """Whether it has raised OutputError; what is missing then is never delivered."""
        return self._failed is not None

    def send(self, message: Outgoing) -> None:
        """Hand a message over; it is on its way, not there, when this returns."""
        self._sent = True
        try:
            try:
                self._hand_over(message)
            except BufferError:
                self._patiently(lambda: self._fits(message))
        except KafkaException as error:
            if error.args[0].code() != KafkaError.MSG_SIZE_TOO_LARGE:
                self._failed = reason_of(error)
                raise OutputError(self._told(self._failed)) from error
            self._again(message)
        self._producer.poll(0)
        self._raise()

    def wait(self) -> None:
        """Until everything sent is there."""
        if self._sent and not self.gave_up:
            self._patiently(lambda: not len(self._producer) and not self._too_large)
            self._sent = False
        self._raise()

    def _hand_over(self, message: Outgoing) -> None:
        self._producer.produce(
            message.topic,
            message.value,
            message.key,
            headers=list(message.headers.items()),
            on_delivery=partial(self._refused, message),
        )

    def _refused(self, message: Outgoing, error: KafkaError, _: Any) -> None:
        """Called while this thread polls, and for what was not delivered alone."""
        if error.code() == KafkaError.MSG_SIZE_TOO_LARGE:
            self._too_large.append(message)
        else:
            self._failed = self._failed or reason_of(error)

    def _fits(self, message: Outgoing) -> bool:
        try:
            self._hand_over(message)
        except BufferError:
            return False
        return True

    def _again(self, message: Outgoing) -> None:
        """Send it smaller, unless it is as small as it gets."""
        if "ce_dataref" in message.headers:
            self._failed = f"{message.topic} refuses even a message of {message.size} bytes"
            self._raise()
        self.send(self._shrink(message))

    def _patiently(self, done: Callable[[], bool]) -> None:
        """Until ``done``; OutputError when nothing was delivered for too long."""
        self._producer.poll(0)  # events count as long as they wait; from here on what is left are messages
        least, since = len(self._producer), time.monotonic()
        while not done():
            left = self._producer.flush(_ROUND)
            while self._too_large:
                self._again(self._too_large.pop())
                least = max(least, len(self._producer))
            self._raise()
            now = time.monotonic()
            if left < least:
                least, since = left, now
                self._outage.over()
                continue
            self._waiting()
            if now - since > _SLOW and not self._outage.lasts:
                self._outage.goes_on(f"nothing delivered for {_SLOW:g} s")
            if now - since > (_AT_THE_END if durable.STOPPING.is_set() else self._limit):
                self._failed = f"nothing was delivered for {now - since:.0f} s"
                self._raise()
        self._outage.over()

    def _raise(self) -> None:
        if self._failed is not None:
            raise OutputError(self._told(self._failed))

    def _told(self, reason: str) -> str:
        return (
            f"results can't be written to Kafka: {reason}. Nothing is lost: "
            "what is missing is delivered after the next start"
        )
