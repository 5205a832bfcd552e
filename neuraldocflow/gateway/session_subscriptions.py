"""What a WebSocket session follows, from an offset if it wants, and what it asks about jobs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from neuraldocflow.gateway.actions import ListJobs, OfChannel, OfJob, Subscribe, SubscribeChannel
from neuraldocflow.gateway.arrivals import DONE, Arrived
from neuraldocflow.gateway.hub import Filter, Published, Reader
from neuraldocflow.gateway.jobs import shown
from neuraldocflow.gateway.keys import Key
from neuraldocflow.gateway.listing import list_jobs
from neuraldocflow.gateway.offsets import BadOffset, Positions
from neuraldocflow.gateway.problems import invalid
from neuraldocflow.gateway.services import Services
from neuraldocflow.log import LogError
from sinks.websocket import Channel

if TYPE_CHECKING:
    import sqlite3

log = logging.getLogger(__name__)

_MOST = 1000
SendHistory = Callable[[Published, Channel], Awaitable[None]]
SendAway = Callable[[], None]


@dataclass(slots=True)
class _Followed:
    """A job; ``task`` tells what happened before."""

    task: asyncio.Task[None]
    is_over: bool = False
    """The result has been told: what may still come are deliveries."""


class Subscriptions:
    """The jobs and channels one reader follows. ``send_history`` gives it what happened before; where that
    can't be read, ``send_away`` has it come back with its offset: else it would wait for what never comes."""

    __slots__ = ("_channels", "_jobs", "_reader", "_send", "_send_away", "key", "services")

    def __init__(
        self, services: Services, reader: Reader, send_history: SendHistory, send_away: SendAway
    ) -> None:
        self.services = services
        self.key: Key | None = None
        self._reader = reader
        self._send = send_history
        self._send_away = send_away
        self._jobs: dict[str, _Followed] = {}
        self._channels: dict[Channel, asyncio.Task[None]] = {}

    @property
    def own(self) -> Key:
        """The session's key."""
        assert self.key is not None
        return self.key

    async def subscribe(self, asked: Subscribe) -> dict[str, Any]:
        """Then the job's events: all, or those after the offset."""
        now = self.services.hub.positions
        row = await self.find(asked.job_id)
        start, recovered = self.services.start_of(row, now), True
        if asked.from_offset is not None:
            start = self.services.start_after(row, now, self._parsed(asked.from_offset, now))
        if row["status"] in DONE and row["result_offset"] is None:
            recovered = False  # the log that had its result has been replaced
        elif row["status"] in DONE or asked.from_offset is not None:
            recovered = await self.services.history.is_kept(start)
        self._follow_job(row["id"], start)
        return {
            "job_id": row["id"],
            "offset": self.services.hub.offsets.format({**now, **start}),
            "state": shown(row),
            "recovered": recovered,
        }

    async def follow(self, job: str) -> None:
        """All events of a job of this session that has just been submitted, or was before."""
        now = self.services.hub.positions
        row = await asyncio.to_thread(self.services.jobs.get, job, self.own.tenant)
        if row is not None and row["status"] in DONE:
            now = self.services.start_of(row, now)
        self._follow_job(job, now)

    async def unsubscribe(self, asked: OfJob) -> dict[str, Any]:
        """No error for one that is not followed."""
        self._leave_job(asked.job_id)
        return {"job_id": asked.job_id}

    async def subscribe_channel(self, asked: SubscribeChannel) -> dict[str, Any]:
        """Then the channel's events."""
        self.services.check_scope(self.own, "read")
        channel, wanted = asked.channel, Filter(asked.filter)
        now = self.services.hub.positions
        start, recovered = now, True
        if asked.from_offset is not None:
            start = self._parsed(asked.from_offset, now)
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
        return {"channel": channel, "offset": self.services.hub.offsets.format(start), "recovered": recovered}

    async def unsubscribe_channel(self, asked: OfChannel) -> dict[str, Any]:
        """No error for one that is not followed."""
        self._stop(self._channels.pop(asked.channel, None))
        self.services.hub.leave_channel(self.own.tenant, asked.channel, self._reader)
        return {"channel": asked.channel}

    async def find(self, job: str) -> sqlite3.Row:
        """A job, if it is the tenant's. Raises Problem."""
        self.services.check_scope(self.own, "read")
        return await asyncio.to_thread(self.services.find, self.own, job)

    async def job(self, asked: OfJob) -> dict[str, Any]:
        return shown(await self.find(asked.job_id))

    async def jobs(self, asked: ListJobs) -> dict[str, Any]:
        self.services.check_scope(self.own, "read")
        return await list_jobs(self.services, self.own, asked.limit, asked.after, asked.status)

    def ended(self, job: str) -> None:
        """A result has been given to the reader."""
        if job in self._jobs:
            self._jobs[job].is_over = True

    def make_room(self) -> None:
        """For one more job: one that is over is followed no longer. Raises Problem where none is."""
        if len(self._jobs) >= _MOST:
            over = next((job for job, each in self._jobs.items() if each.is_over), None)
            if over is None:
                raise invalid(f"A session follows {_MOST} jobs at most: unsubscribe from some.")
            self._leave_job(over)

    def close(self) -> None:
        """The session ends."""
        for job in list(self._jobs):
            self._leave_job(job)
        for task in self._channels.values():
            task.cancel()
        for channel in self._channels:
            self.services.hub.leave_channel(self.own.tenant, channel, self._reader)

    def _leave_job(self, job: str) -> None:
        followed = self._jobs.pop(job, None)
        self._stop(followed.task if followed is not None else None)
        self.services.hub.leave_job(job, self._reader)

    def _follow_job(self, job: str, start: Positions) -> None:
        if job not in self._jobs:
            self.make_room()
        self._leave_job(job)

        def of_job(event: Arrived) -> bool:
            return event.job == job

        async def catch_up() -> None:
            def follow() -> None:
                self.services.hub.follow_job(job, self._reader)

            async for event in self.services.history.events(start, of_job, follow):
                await self._send(event, event.channel)

        self._jobs[job] = _Followed(self._begin(catch_up()))

    def _begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run it after the answer to the request has gone out."""

        async def run() -> None:
            await asyncio.sleep(0)
            try:
                await work
            except LogError as error:
                log.warning("what happened before can't be read: %s", error)
                self._send_away()

        return asyncio.create_task(run())

    @staticmethod
    def _stop(task: asyncio.Task[None] | None) -> None:
        if task is not None:
            task.cancel()

    def _parsed(self, offset: str, now: Positions) -> Positions:
        try:
            return self.services.hub.offsets.parse(offset, now)
        except BadOffset as error:
            raise invalid(f"from_offset: {error}.") from error
