"""Documents over a WebSocket: one by one, and streams of many under one configuration, whose results come in
the order they are done. A document may have to wait for its turn; the session's other requests do not.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import Counter
from collections.abc import MutableMapping
from dataclasses import dataclass, field
from typing import Any

from neuraldocflow.gateway.actions import OfStream, ProcessDocument, StartStream, StreamDocument
from neuraldocflow.gateway.memory import Room
from neuraldocflow.gateway.problems import invalid
from neuraldocflow.gateway.requests import Document, Options
from neuraldocflow.gateway.session_subscriptions import Subscriptions
from neuraldocflow.gateway.submissions import Order, Stored

_MOST_STREAMS, _MOST_AT_ONCE = 8, 512


@dataclass(slots=True)
class _Stream:
    order: Order
    window: int
    places: asyncio.Semaphore
    under_way: Counter[str] = field(default_factory=Counter)
    waiting: int = 0
    is_stopped: bool = False


class Documents:
    """The documents and streams of one session. ``uploads`` are the finished ones it may refer to."""

    __slots__ = ("_streams", "_submissions", "_subscriptions", "_uploads")

    def __init__(self, subscriptions: Subscriptions, uploads: MutableMapping[str, Stored]) -> None:
        self._subscriptions = subscriptions
        self._submissions = subscriptions.services.submissions
        self._uploads = uploads
        self._streams: dict[str, _Stream] = {}

    async def process(self, asked: ProcessDocument, room: Room) -> dict[str, Any]:
        """Durable when this is answered. ``room`` is given back once the document is no longer in memory."""
        self._check(asked.profile, asked.document)
        order = self._order(asked.profile, asked.options, asked.idempotency_key)
        document = asked.document
        del asked
        stored = await self._submissions.prepare(document, self._uploads)
        del document
        room.release()
        return {"job_id": await self._submissions.submit(self._subscriptions.own, stored, order)}

    async def start(self, asked: StartStream) -> dict[str, Any]:
        self._subscriptions.services.check_scope(self._subscriptions.own, "read")  # results come with it
        if len(self._streams) >= _MOST_STREAMS:
            raise invalid(f"There are {_MOST_STREAMS} streams already: stop one first.")
        if sum(stream.window for stream in self._streams.values()) + asked.window > _MOST_AT_ONCE:
            raise invalid(f"The windows of a session's streams add up to {_MOST_AT_ONCE} at most.")
        options = asked.options
        if asked.priority is not None:
            options = options.over(Options(priority=asked.priority))
        self._submissions.check(self._subscriptions.own, asked.profile)
        stream_id = secrets.token_urlsafe(12)
        order = self._order(asked.profile, options, "")
        self._streams[stream_id] = _Stream(order, asked.window, asyncio.Semaphore(asked.window))
        return {"stream_id": stream_id, "window": asked.window}

    async def document(self, asked: StreamDocument, room: Room) -> dict[str, Any]:
        """Answered when there was room in the window; the job's events follow."""
        stream_id, stream = asked.stream_id, self._find(asked.stream_id)
        profile = asked.profile or stream.order.profile
        self._check(profile, asked.document)
        options = asked.options.over(stream.order.options)
        order = self._order(profile, options, asked.idempotency_key)
        document = asked.document
        del asked
        stored = await self._submissions.prepare(document, self._uploads)
        del document
        room.release()
        await self._place_in(stream)
        try:
            self._subscriptions.make_room()
            job = await self._submissions.submit(self._subscriptions.own, stored, order)
        except BaseException:
            stream.places.release()
            raise
        stream.under_way[job] += 1
        await self._subscriptions.follow(job)
        return {"stream_id": stream_id, "job_id": job, "under_way": stream.under_way.total()}

    async def stop(self, asked: OfStream) -> dict[str, Any]:
        """What is under way goes on, and its results still come; what waits is refused."""
        stream = self._find(asked.stream_id)
        del self._streams[asked.stream_id]
        stream.is_stopped = True
        for _ in range(stream.waiting):
            stream.places.release()
        return {"stream_id": asked.stream_id, "under_way": stream.under_way.total()}

    def ended(self, job: str) -> None:
        """A result has been given to the reader, or it does not wait for one any more."""
        for stream in self._streams.values():
            for _ in range(stream.under_way.pop(job, 0)):
                stream.places.release()

    def _check(self, profile: str, document: Document) -> None:
        upload = self._uploads.get(document.content) if document.source == "file" else None
        self._submissions.check(
            self._subscriptions.own, profile, counted=upload is not None and upload.counted
        )

    async def _place_in(self, stream: _Stream) -> None:
        stream.waiting += 1
        try:
            await stream.places.acquire()
        finally:
            stream.waiting -= 1
        if stream.is_stopped:
            raise invalid("The stream has been stopped; this document was not taken.")

    def _order(self, profile: str, options: Options, idempotency_key: str) -> Order:
        tenant = self._subscriptions.own.tenant
        return Order(tenant, profile, options, "websocket", idempotency_key, time.time_ns())

    def _find(self, stream_id: str) -> _Stream:
        stream = self._streams.get(stream_id)
        if stream is None:
            raise invalid("There is no such stream: start_stream gives its id.")
        return stream
