"""Streams over a WebSocket: many documents under one configuration, results in the order they are done."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from neuraldocflow.gateway.problems import invalid
from neuraldocflow.gateway.requests import parse_options
from neuraldocflow.gateway.session_subscriptions import Subscriptions
from neuraldocflow.gateway.submissions import Order

_MOST = 8
_WINDOW, _LARGEST_WINDOW = 16, 256
"""Documents of a stream that may be under way; the next is taken when one is done."""


@dataclass(slots=True)
class _Stream:
    order: Order
    window: int
    under_way: set[str] = field(default_factory=set)
    room: asyncio.Event = field(default_factory=asyncio.Event)


class Streams:
    """The streams of one session. ``process`` submits a document, with an order's defaults."""

    def __init__(
        self, process: Callable[[dict[str, Any], Order], Awaitable[str]], subscriptions: Subscriptions
    ) -> None:
        self._process = process
        self._subscriptions = subscriptions
        self._streams: dict[str, _Stream] = {}

    async def start(self, payload: dict[str, Any]) -> dict[str, Any]:
        """``{profile?, priority?, options?, window?}`` to ``{stream_id, window}``."""
        if len(self._streams) >= _MOST:
            raise invalid(f"There are {_MOST} streams already: stop one first.")
        profile, options = payload.get("profile", "auto"), payload.get("options", {})
        if not isinstance(profile, str) or not isinstance(options, dict):
            raise invalid("profile must be a text and options an object.")
        window = payload.get("window", _WINDOW)
        if not isinstance(window, int) or not 1 <= window <= _LARGEST_WINDOW:
            raise invalid(f"window must be a number from 1 to {_LARGEST_WINDOW}.")
        if "priority" in payload:
            options = {"priority": payload["priority"], **options}
        key = self._subscriptions.own
        order = Order(tenant=key.tenant, profile=profile, options=parse_options(options))
        self._subscriptions.services.submissions.check(key, profile)
        stream_id = secrets.token_urlsafe(12)
        self._streams[stream_id] = _Stream(order, window)
        return {"stream_id": stream_id, "window": window}

    async def document(self, payload: dict[str, Any]) -> dict[str, Any]:
        """``{stream_id, document, …}`` to ``{stream_id, job_id, under_way}``; its events follow.

        Answered when there is room in the window: until then the connection reads no more.
        """
        stream_id, stream = self._find(payload)
        while len(stream.under_way) >= stream.window:
            stream.room.clear()
            await stream.room.wait()
        job = await self._process(payload, stream.order)
        stream.under_way.add(job)
        await self._subscriptions.follow(job)
        return {"stream_id": stream_id, "job_id": job, "under_way": len(stream.under_way)}

    async def stop(self, payload: dict[str, Any]) -> dict[str, Any]:
        """``{stream_id}``: what is under way goes on, and its results still come."""
        stream_id, stream = self._find(payload)
        del self._streams[stream_id]
        return {"stream_id": stream_id, "under_way": len(stream.under_way)}

    def ended(self, job: str) -> None:
        """A result has been given to the reader."""
        for stream in self._streams.values():
            if job in stream.under_way:
                stream.under_way.discard(job)
                stream.room.set()

    def _find(self, payload: dict[str, Any]) -> tuple[str, _Stream]:
        stream_id = payload.pop("stream_id", None)
        stream = self._streams.get(stream_id) if isinstance(stream_id, str) else None
        if stream is None or not isinstance(stream_id, str):
            raise invalid("There is no such stream: start_stream gives its id.")
        return stream_id, stream
