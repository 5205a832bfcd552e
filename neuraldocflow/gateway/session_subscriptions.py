"""What a WebSocket session follows, from an offset if it wants, and what it asks about jobs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any, get_args

from neuraldocflow.gateway.arrivals import DONE, Arrived
from neuraldocflow.gateway.hub import Filter, Published, Reader
from neuraldocflow.gateway.jobs import shown
from neuraldocflow.gateway.keys import Key
from neuraldocflow.gateway.listing import list_jobs
from neuraldocflow.gateway.offsets import BadOffset, Positions, format_offset, parse_offset
from neuraldocflow.gateway.problems import invalid
from neuraldocflow.gateway.services import Services
from neuraldocflow.log import LogError
from sinks.websocket import Channel

if TYPE_CHECKING:
    import sqlite3

log = logging.getLogger(__name__)

_CHANNELS: tuple[Channel, ...] = get_args(Channel)
_MOST = 1000
SendHistory = Callable[[Published, Channel], Awaitable[None]]


class Subscriptions:
    """The jobs and channels one reader follows. ``send_history`` gives it what happened before."""

    def __init__(self, services: Services, reader: Reader, send_history: SendHistory) -> None:
        self.services = services
        self.key: Key | None = None
        self._reader = reader
        self._send = send_history
        self._jobs: dict[str, asyncio.Task[None]] = {}
        self._channels: dict[Channel, asyncio.Task[None]] = {}

    @property
    def own(self) -> Key:
        """The session's key."""
        assert self.key is not None
        return self.key

    async def subscribe(self, payload: dict[str, Any]) -> dict[str, Any]:
        """``{job_id, from_offset?}`` to ``{job_id, offset, state, recovered}``, then the job's events: all,
        or those after the offset."""
        now = self.services.hub.positions
        row = await self.find(payload)
        start = self.services.start_of(row, now)
        recovered = True
        if payload.get("from_offset") is not None:
            given = self._parsed(payload["from_offset"], now)
            start = {place: max(given[place], offset) for place, offset in start.items()}
            recovered = await self.services.history.is_kept(start)
        await self._follow_job(row["id"], start)
        return {
            "job_id": row["id"],
            "offset": format_offset({**now, **start}),
            "state": shown(row),
            "recovered": recovered,
        }

    async def follow(self, job: str) -> None:
        """All events of a job of this session that has just been submitted, or was before."""
        now = self.services.hub.positions
        row = await asyncio.to_thread(self.services.jobs.get, job, self.own.tenant)
        if row is not None and row["status"] in DONE:
            now = self.services.start_of(row, now)
        await self._follow_job(job, now)

    async def unsubscribe(self, payload: dict[str, Any]) -> dict[str, Any]:
        """``{job_id}``; no error for one that is not followed."""
        job = _text(payload, "job_id")
        self._stop(self._jobs.pop(job, None))
        self.services.hub.leave_job(job, self._reader)
        return {"job_id": job}

    async def subscribe_channel(self, payload: dict[str, Any]) -> dict[str, Any]:
        """``{channel, filter?, from_offset?}`` to ``{channel, offset, recovered}``, then its events."""
        self.services.check_scope(self.own, "read")
        channel, wanted = _channel(payload), _filter(payload)
        now = self.services.hub.positions
        start, recovered = now, True
        if payload.get("from_offset") is not None:
            start = self._parsed(payload["from_offset"], now)
            recovered = await self.services.history.is_kept(start)
        tenant, hub = self.own.tenant, self.services.hub

        async def catch_up() -> None:
            def follow() -> None:
                hub.follow_channel(tenant, channel, self._reader, wanted)

            async for event in self.services.history.events(
                start, lambda each: each.tenant == tenant, follow
            ):
                if channel in hub.channels_of(event) and wanted.passes(event):
                    await self._send(event, channel)

        hub.leave_channel(tenant, channel, self._reader)
        self._stop(self._channels.pop(channel, None))
        self._channels[channel] = self._begin(catch_up())
        return {"channel": channel, "offset": format_offset(start), "recovered": recovered}

    async def unsubscribe_channel(self, payload: dict[str, Any]) -> dict[str, Any]:
        """``{channel}``; no error for one that is not followed."""
        channel = _channel(payload)
        self._stop(self._channels.pop(channel, None))
        self.services.hub.leave_channel(self.own.tenant, channel, self._reader)
        return {"channel": channel}

    async def find(self, payload: dict[str, Any]) -> sqlite3.Row:
        """The job a request names, if it is the tenant's. Raises Problem."""
        job = _text(payload, "job_id")
        self.services.check_scope(self.own, "read")
        return await asyncio.to_thread(self.services.find, self.own, job)

    async def job(self, payload: dict[str, Any]) -> dict[str, Any]:
        """``{job_id}`` to the job's state."""
        return shown(await self.find(payload))

    async def jobs(self, payload: dict[str, Any]) -> dict[str, Any]:
        """``{limit?, after?, status?}`` to a page of jobs."""
        self.services.check_scope(self.own, "read")
        return await list_jobs(self.services, self.own, payload)

    def close(self) -> None:
        """The session ends."""
        for task in (*self._jobs.values(), *self._channels.values()):
            task.cancel()
        for job in self._jobs:
            self.services.hub.leave_job(job, self._reader)
        for channel in self._channels:
            self.services.hub.leave_channel(self.own.tenant, channel, self._reader)

    async def _follow_job(self, job: str, start: Positions) -> None:
        if job not in self._jobs and len(self._jobs) >= _MOST:
            done = next((each for each, task in self._jobs.items() if task.done()), None)
            if done is None:
                raise invalid(f"A session follows {_MOST} jobs at most: unsubscribe from some.")
            await self.unsubscribe({"job_id": done})
        self.services.hub.leave_job(job, self._reader)
        self._stop(self._jobs.pop(job, None))

        def of_job(event: Arrived) -> bool:
            return event.job == job

        async def catch_up() -> None:
            def follow() -> None:
                self.services.hub.follow_job(job, self._reader)

            async for event in self.services.history.events(start, of_job, follow):
                await self._send(event, event.channel)

        self._jobs[job] = self._begin(catch_up())

    @staticmethod
    def _begin(work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run it after the answer to the request has gone out."""

        async def run() -> None:
            await asyncio.sleep(0)
            try:
                await work
            except LogError as error:
                log.warning("what happened before can't be read: %s", error)

        return asyncio.create_task(run())

    @staticmethod
    def _stop(task: asyncio.Task[None] | None) -> None:
        if task is not None:
            task.cancel()

    @staticmethod
    def _parsed(offset: Any, now: Positions) -> Positions:
        try:
            return parse_offset(offset, now)
        except BadOffset as error:
            raise invalid(f"from_offset: {error}.") from error


def _text(payload: dict[str, Any], name: str) -> str:
    value = payload.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= 200:
        raise invalid(f"{name} must be a text.")
    return value


def _channel(payload: dict[str, Any]) -> Channel:
    for channel in _CHANNELS:
        if payload.get("channel") == channel:
            return channel
    raise invalid(f"channel must be one of {', '.join(_CHANNELS)}.")


def _filter(payload: dict[str, Any]) -> Filter:
    wanted = payload.get("filter") or {}
    if not isinstance(wanted, dict) or not wanted.keys() <= set(Filter.KEYS):
        raise invalid(f"filter must be an object with keys of {', '.join(Filter.KEYS)}.")
    return Filter(wanted)
