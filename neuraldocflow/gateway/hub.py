"""The hub: each event of the log is given to those who follow its job or its channel.

An event is encoded once, and the same bytes are written to every connection. A reader that does not keep up
loses progress first; one that stays behind is let go, and comes back with the offset it had.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Literal, Protocol, get_args

import orjson
from websockets.frames import Frame, Opcode

from neuraldocflow.gateway.arrivals import Arrived
from neuraldocflow.gateway.offsets import Offsets, Positions
from neuraldocflow.log import PROCESSING_RESULTS
from sinks.websocket import Channel, WebSocketConfig

log = logging.getLogger(__name__)

Filtered = Literal["jobId", "documentType", "profile", "status", "priority", "stage", "type"]
Kind = Literal["progress", "result", "notification"]
_SLICE = 256
"""Subscribers written to before other work of the event loop gets its turn."""
_MOST_BATCHES = 8
"""Taken and not given out yet; the log is read no further meanwhile. Each has 500 events and 8 MB at most."""
INSIDE = ("uri", "version", "through")
"""Of a document's source, what is for the job alone."""
NATURAL: dict[Kind, Channel] = {"progress": "progress", "result": "results", "notification": "notifications"}
"""The channel of each kind of event; a result is also told as a notification."""


class Published:
    """An event, as the relay gives it to its readers."""

    def __init__(self, event: Arrived, positions: Positions, offsets: Offsets) -> None:
        self.event = event
        self._positions = positions
        self._offsets = offsets
        self.kind: Kind = "notification"
        if event.record.topic == PROCESSING_RESULTS:
            self.kind = "result"
        elif event.name == "ProcessingProgress":
            self.kind = "progress"
        self.channel = NATURAL[self.kind]

    @cached_property
    def offset(self) -> str:
        """Where to go on after it."""
        return self._offsets.format(self._positions)

    @cached_property
    def data(self) -> dict[str, Any]:
        """The payload's data: ProgressEvent, ProcessingResult or the lifecycle event."""
        data, job = self.event.data, self.event.job
        if self.kind == "progress":
            return _progress(job, data)
        if self.kind == "result":
            return {**self.event.result, "jobId": job}
        return {"type": self.event.name, "jobId": job, "timestamp": self.event.time, **_plain(data)}

    @cached_property
    def summary(self) -> dict[str, Any]:
        """A result as a notification: that it is there, not all that is in it."""
        result = self.event.result
        extracted = result.get("extractedData") or {}
        return {
            "type": "ProcessingFailed" if result["status"] == "failed" else "ProcessingCompleted",
            "jobId": self.event.job,
            "timestamp": self.event.time,
            "status": result["status"],
            "documentType": extracted.get("documentType"),
            "filename": (result.get("metadata") or {}).get("filename"),
            "error": result.get("error"),
        }

    def message(self, channel: Channel) -> bytes:
        """The JSON of the event message on a channel."""
        noted = self.kind == "result" and channel == "notifications"
        payload = {
            "channel": channel,
            "event": "notification" if noted else self.kind,
            "offset": self.offset,
            "data": self.summary if noted else self.data,
        }
        envelope = {
            "id": self.event.event_id,
            "type": "event",
            "timestamp": self.event.time,
            "payload": payload,
        }
        return orjson.dumps(envelope)

    @cached_property
    def frame(self) -> bytes:
        """The WebSocket frame of the natural channel, shared by all who get it."""
        return frame_of(self.message(self.channel))

    @cached_property
    def notice(self) -> bytes:
        """The frame of a result on the notifications channel."""
        return frame_of(self.message("notifications"))


def frame_of(message: bytes) -> bytes:
    """A text frame as a server writes it."""
    return Frame(Opcode.TEXT, message).serialize(mask=False)


def _progress(job: str, data: dict[str, Any]) -> dict[str, Any]:
    told = {
        "jobId": job,
        "progress": data.get("progress"),
        "stage": data.get("stage"),
        "estimatedRemainingMs": data.get("estimated_remaining_ms"),
        "currentOperation": data.get("current_operation"),
        "intermediateResults": {
            name: value
            for name, value in (data.get("intermediate_results") or {}).items()
            if value is not None
        }
        or None,
    }
    return {name: value for name, value in told.items() if value is not None}


def _plain(data: dict[str, Any]) -> dict[str, Any]:
    """A lifecycle event's data without what is for insiders: where payloads are."""
    kept = {name: value for name, value in data.items() if name not in ("id", "run")}
    if isinstance(source := kept.get("source"), dict):
        kept["source"] = {name: value for name, value in source.items() if name not in INSIDE}
    return kept


class Reader(Protocol):
    """Who gets events: a WebSocket session, an event stream."""

    def push(self, event: Published, channel: Channel) -> None:
        """Give an event; must not wait."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which events of a channel are wanted: each key's value must be equal."""

    wanted: Mapping[Filtered, Any]

    KEYS: ClassVar[tuple[str, ...]] = get_args(Filtered)

    def passes(self, event: Published) -> bool:
        """Whether an event is wanted."""
        if not self.wanted:
            return True
        data = event.data
        told = {
            **(data.get("metadata") or {}),
            **{name: data[name] for name in self.KEYS if name in data},
            **_named(data.get("extractedData")),
        }
        if event.kind == "result":
            told["type"] = event.summary["type"]  # as its notice says
        return all(told.get(name) == value for name, value in self.wanted.items())


def _named(extracted: Any) -> dict[str, Any]:
    return {"documentType": extracted.get("documentType")} if isinstance(extracted, dict) else {}


class Hub:
    """Who follows what. Lives in the event loop; ``arrive`` may be called from any other thread."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        positions: Positions,
        config: WebSocketConfig,
        offsets: Offsets,
    ) -> None:
        self._loop = loop
        self._config = config
        self.offsets = offsets
        self.positions = positions
        """Up to where events have been given out."""
        self._jobs: dict[str, dict[Reader, None]] = defaultdict(dict)
        self._channels: dict[tuple[str, Channel], dict[Reader, Filter]] = defaultdict(dict)
        self._queue: asyncio.Queue[tuple[list[Arrived], Positions]] = asyncio.Queue()
        self._room = threading.Semaphore(_MOST_BATCHES)
        self._task = loop.create_task(self._run())
        self._task.add_done_callback(lambda _: self._room.release())
        self.observers: list[Callable[[Arrived], None]] = []
        """Called with each event, such as to count it."""

    def arrive(self, events: list[Arrived], positions: Positions) -> None:
        """Take events and the positions after them; they are given out in the event loop.

        The thread waits while much has not been given out yet. Once nothing is given out any more, nothing is
        taken, and nobody waits.
        """
        self._room.acquire()
        if self._task.done():
            self._room.release()  # whoever waits too
        else:
            self._loop.call_soon_threadsafe(self._queue.put_nowait, (events, positions))

    @property
    def fault(self) -> str | None:
        """Why nothing is given out any more, if so."""
        return "events are not given out any more" if self._task.done() else None

    async def close(self) -> None:
        """Give nothing out any more."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    def follow_job(self, job: str, reader: Reader) -> None:
        """All events of a job; the caller has seen that it may have them."""
        self._jobs[job][reader] = None

    def leave_job(self, job: str, reader: Reader) -> None:
        followers = self._jobs.get(job)
        if followers is not None:
            followers.pop(reader, None)
            if not followers:
                del self._jobs[job]

    def followers(self, job: str) -> int:
        """How many follow a job."""
        return len(self._jobs.get(job, ()))

    def follow_channel(self, tenant: str, channel: Channel, reader: Reader, wanted: Filter) -> None:
        """The events of all of a tenant's jobs on a channel."""
        self._channels[tenant, channel][reader] = wanted

    def leave_channel(self, tenant: str, channel: Channel, reader: Reader) -> None:
        followers = self._channels.get((tenant, channel))
        if followers is not None:
            followers.pop(reader, None)
            if not followers:
                del self._channels[tenant, channel]

    def channels_of(self, event: Published) -> Iterable[Channel]:
        """The channels an event is published on, as the ``websocket`` output is configured."""
        if event.kind == "progress":
            return ("progress",) if self._config.broadcast_progress else ()
        if event.kind == "result":
            return self._config.result_channels
        return ("notifications",)

    async def _run(self) -> None:
        while True:
            events, positions = await self._queue.get()
            at = dict(self.positions)
            for event in events:
                at = {**at, (event.record.topic, event.record.partition): event.record.offset + 1}
                try:
                    await self._give_out(event, at)
                except Exception:  # the next ones are for others
                    log.exception("an event could not be given out", extra={"job": event.job})
            self.positions = positions
            self._room.release()

    async def _give_out(self, event: Arrived, at: Positions) -> None:
        """To the readers and the observers; what fails with one of them is logged, once, after the others."""
        published = Published(event, at, self.offsets)
        readers = self._readers(published)
        self.positions = at  # who begins to follow from here on gets the next one
        faults: list[Exception] = []
        for number, (reader, channel) in enumerate(readers, 1):
            try:
                reader.push(published, channel)
            except Exception as error:
                faults.append(error)
            if number % _SLICE == 0:
                await asyncio.sleep(0)
        for observe in self.observers:
            try:
                observe(event)
            except Exception as error:
                faults.append(error)
        if faults:
            raise ExceptionGroup("of readers and observers", faults[:3])

    def _readers(self, event: Published) -> list[tuple[Reader, Channel]]:
        """Who gets an event, and on which channel; each once but for results on two channels."""
        of_job = self._jobs.get(event.event.job, {})
        found: list[tuple[Reader, Channel]] = [(reader, event.channel) for reader in of_job]
        for channel in self.channels_of(event):
            followers = self._channels.get((event.event.tenant, channel), {})
            found.extend(
                (reader, channel)
                for reader, wanted in followers.items()
                if not (channel == event.channel and reader in of_job) and wanted.passes(event)
            )
        return found
