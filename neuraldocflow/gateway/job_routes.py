"""Routes about jobs: state, result, events, pages, cancellation."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Header, Path, Query
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel

from neuraldocflow.gateway.access import Gateway, Reader, Submitter, problems
from neuraldocflow.gateway.arrivals import DONE
from neuraldocflow.gateway.hub import Published
from neuraldocflow.gateway.jobs import shown
from neuraldocflow.gateway.keys import Key
from neuraldocflow.gateway.listing import LARGEST, USUAL, Job, JobPage, State, list_jobs
from neuraldocflow.gateway.offsets import BadOffset, Positions
from neuraldocflow.gateway.pages import annotated, render_page
from neuraldocflow.gateway.problems import busy, invalid, not_found
from neuraldocflow.gateway.results import result_of
from neuraldocflow.gateway.retries import retry
from neuraldocflow.gateway.services import Services
from neuraldocflow.log import PROCESSING_RESULTS, LogError
from neuraldocflow.rendering import Format, render
from neuraldocflow.results import ProcessingResult
from sinks.websocket import Channel

router = APIRouter(prefix="/api/v1/jobs", tags=["jobs"])

JobId = Annotated[str, Path(min_length=1, max_length=200)]
_CONTENT = {"json": "application/json", "yaml": "application/yaml", "xml": "application/xml"}
_HEARTBEAT = 15.0
_MOST_WAITING = 1000
_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            "text/event-stream": {
                "schema": {
                    "type": "object",
                    "required": ["event", "data"],
                    "properties": {
                        "id": {"type": "string", "description": "for Last-Event-ID"},
                        "event": {"enum": ["progress", "result", "notification", "error"]},
                        "data": {"type": "string", "contentMediaType": "application/json"},
                    },
                }
            }
        },
        "description": "events",
    }
}


class Cancelled(BaseModel):
    """Whether there was something to cancel."""

    job_id: str
    cancelling: bool
    status: str


class Retried(BaseModel):
    """The job that the document is now."""

    job_id: str
    status: Literal["queued"] = "queued"


@router.get("", response_model=JobPage, responses=problems(400, 422), summary="Jobs, the newest first")
async def get_jobs(
    services: Gateway,
    key: Reader,
    limit: Annotated[int, Query(ge=1, le=LARGEST)] = USUAL,
    after: Annotated[str | None, Query(max_length=400)] = None,
    status: State | None = None,
) -> Any:
    return await list_jobs(services, key, limit, after, status)


@router.get("/{job_id}", response_model=Job, responses=problems(404, 422), summary="How a job stands")
async def get_job(job_id: JobId, services: Gateway, key: Reader) -> Any:
    return shown(await asyncio.to_thread(services.find, key, job_id))


@router.delete(
    "/{job_id}",
    status_code=202,
    response_model=Cancelled,
    responses=problems(404, 422),
    summary="Cancel a job",
)
async def cancel_job(job_id: JobId, services: Gateway, key: Submitter) -> Any:
    """It ends as failed, with code `invalid_request`; a job that is done stays as it is."""
    row = await asyncio.to_thread(services.find, key, job_id)
    try:
        cancelling = await services.cancel(row)
    except LogError as error:
        raise busy("The job can't be cancelled now: the log does not answer.") from error
    return Cancelled(job_id=job_id, cancelling=cancelling, status=row["status"])


@router.post(
    "/{job_id}/retry",
    status_code=202,
    response_model=Retried,
    responses=problems(404, 409, 410, 422),
    summary="Try a failed job again",
)
async def retry_job(job_id: JobId, services: Gateway, key: Submitter) -> Any:
    """Its document is processed once more, with the options it came with, as a job of its own."""
    row = await asyncio.to_thread(services.find, key, job_id)
    return Retried(job_id=await retry(services, key, row))


@router.get(
    "/{job_id}/result",
    response_model=ProcessingResult,
    responses={
        200: {
            "content": {
                "application/yaml": {"schema": {"$ref": "#/components/schemas/ProcessingResult"}},
                "application/xml": {"schema": {"type": "string"}},
            }
        },
        202: {"model": Job, "description": "not done yet"},
        **problems(404, 410, 422),
    },
    summary="A job's result",
)
async def get_result(
    job_id: JobId, services: Gateway, key: Reader, format: Literal["json", "yaml", "xml"] = "json"
) -> Response:
    row = await asyncio.to_thread(services.find, key, job_id)
    if row["status"] not in DONE:
        return _not_yet(row)
    wanted: Format = format
    body = await asyncio.to_thread(render, await result_of(services, row), wanted)
    return Response(body, media_type=_CONTENT[format])


@router.get(
    "/{job_id}/events", responses={**_STREAM, **problems(400, 404, 410, 422)}, summary="A job's events"
)
async def get_events(
    job_id: JobId,
    services: Gateway,
    key: Reader,
    last_event_id: Annotated[str | None, Header(max_length=2000)] = None,
) -> Response:
    """Server-sent events, from the first or after `Last-Event-ID`; ends after the result."""
    now = services.hub.positions
    row = await asyncio.to_thread(services.find, key, job_id)
    start = services.start_of(row, now)
    if last_event_id:
        try:
            given = services.hub.offsets.parse(last_event_id, now)
        except BadOffset as error:
            raise invalid(f"Last-Event-ID: {error}.") from error
        if row["result_offset"] is not None and _is_after_result(row, given):
            return Response(status_code=204)
        start = services.start_after(row, now, given)
    if row["status"] in DONE:
        await result_of(services, row)  # without it the stream would never end
    services.attendance.check(key)
    return StreamingResponse(
        _EventStream(services, row["id"], key).run(start),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


def _is_after_result(row: sqlite3.Row, given: Positions) -> bool:
    return given[PROCESSING_RESULTS, row["result_partition"]] > int(row["result_offset"])


class _EventStream:
    """One reader of one job's events: of the hub, and a guest of the attendance."""

    def __init__(self, services: Services, job: str, key: Key) -> None:
        self._services = services
        self._job = job
        self._key = key
        self._waiting: deque[Published] = deque()
        self._woken = asyncio.Event()
        self._is_over = False

    def push(self, event: Published, channel: Channel) -> None:
        if len(self._waiting) < _MOST_WAITING:
            self._waiting.append(event)
        else:
            self._is_over = True  # too slow: it comes back with the last id
        self._woken.set()

    def key_changed(self, key: Key | None) -> None:
        if key is None or key.tenant != self._key.tenant or not key.may("read"):
            self._leave()

    def _leave(self) -> None:
        self._is_over = True
        self._woken.set()

    async def run(self, start: Positions) -> AsyncIterator[bytes]:
        """The events as they are sent; ends after the result."""
        hub, attendance = self._services.hub, self._services.attendance
        attendance.enter(self, self._key)
        try:
            with attendance.until_the_end(self._leave):
                async for event in self._events(start):
                    if event is None:
                        yield b": still here\n\n"
                    else:
                        yield _sse(event)
                    if self._is_over or (event is not None and event.kind == "result"):
                        return
        except LogError:
            yield b'event: error\ndata: {"code":"internal","message":"The log does not answer now."}\n\n'
        finally:
            hub.leave_job(self._job, self)
            attendance.leave(self, self._key)

    async def _events(self, start: Positions) -> AsyncIterator[Published | None]:
        """What happened before, then what comes; None where nothing has come for a while."""
        job = self._job

        def follow() -> None:
            self._services.hub.follow_job(job, self)

        async for event in self._services.history.events(start, lambda each: each.job == job, follow):
            yield event
        while not self._is_over:
            while self._waiting:
                yield self._waiting.popleft()
            self._woken.clear()
            try:
                await asyncio.wait_for(self._woken.wait(), _HEARTBEAT)
            except TimeoutError:
                yield None


def _sse(event: Published) -> bytes:
    return b"id: %s\nevent: %s\ndata: %s\n\n" % (
        event.offset.encode(),
        event.kind.encode(),
        orjson.dumps(event.data),
    )


@router.get(
    "/{job_id}/pages/{number}.png",
    response_class=Response,
    responses={
        200: {"content": {"image/png": {"schema": {"type": "string", "format": "binary"}}}},
        **problems(404, 422),
    },
    summary="A page of a PDF, rendered",
)
async def get_page(
    job_id: JobId, number: Annotated[int, Path(ge=1, le=100_000)], services: Gateway, key: Reader
) -> Response:
    """At 110 dots an inch, to show where a value was found."""
    row = await asyncio.to_thread(services.find, key, job_id)
    _check_has_pages(row)
    image = await render_page(services, row, number)
    return Response(image, media_type="image/png", headers={"Cache-Control": "private, max-age=3600"})


@router.get(
    "/{job_id}/annotated.pdf",
    response_class=Response,
    responses={
        200: {"content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}}},
        202: {"model": Job, "description": "not done yet"},
        **problems(404, 410, 422),
    },
    summary="A PDF with what was found in it boxed",
)
async def get_annotated(job_id: JobId, services: Gateway, key: Reader) -> Response:
    """As `neuraldocflow process --annotate` draws it: coloured by confidence."""
    row = await asyncio.to_thread(services.find, key, job_id)
    if row["status"] not in DONE:
        return _not_yet(row)
    _check_has_pages(row)
    pieces = await annotated(services, row, await result_of(services, row))
    return StreamingResponse(pieces, media_type="application/pdf")


def _check_has_pages(row: sqlite3.Row) -> None:
    if row["content_type"] not in (None, "", "application/pdf"):
        raise not_found("Only PDF documents have pages to show.")


def _not_yet(row: sqlite3.Row) -> Response:
    return Response(orjson.dumps(shown(row)), 202, {"Retry-After": "1"}, media_type="application/json")
