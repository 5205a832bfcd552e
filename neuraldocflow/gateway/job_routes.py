"""Routes about jobs: state, result, events, pages, cancellation."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Header, Path, Query, Request
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel

from neuraldocflow.gateway.access import Gateway, Reader, Submitter, problems
from neuraldocflow.gateway.arrivals import DONE, Arrived
from neuraldocflow.gateway.hub import Published
from neuraldocflow.gateway.jobs import shown
from neuraldocflow.gateway.listing import LARGEST, USUAL, list_jobs
from neuraldocflow.gateway.offsets import BadOffset, parse_offset
from neuraldocflow.gateway.pages import annotated, render_page
from neuraldocflow.gateway.problems import busy, invalid, not_found
from neuraldocflow.gateway.results import result_of
from neuraldocflow.gateway.retries import retry
from neuraldocflow.gateway.services import Services
from neuraldocflow.log import LogError
from neuraldocflow.rendering import Format, render
from neuraldocflow.results import ErrorInfo, ProcessingResult
from sinks.websocket import Channel

router = APIRouter(prefix="/api/v1/jobs", tags=["jobs"])

JobId = Annotated[str, Path(min_length=1, max_length=200)]
_CONTENT = {"json": "application/json", "yaml": "application/yaml", "xml": "application/xml"}
_HEARTBEAT = 15.0
_MOST_WAITING = 1000
_STREAM: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}, "description": "events"}
}


class Job(BaseModel):
    """How a job stands."""

    job_id: str
    run: int
    status: Literal["queued", "processing", "completed", "partial", "failed"]
    stage: str | None
    progress: float
    estimatedRemainingMs: float | None  # noqa: N815 - the API's names
    filename: str | None
    contentType: str | None  # noqa: N815
    bytes: int | None
    sha256: str | None
    profile: str | None
    priority: str | None
    documentType: str | None  # noqa: N815
    confidence: float | None
    pages: int | None
    origin: str | None
    error: ErrorInfo | None
    createdAt: str  # noqa: N815
    updatedAt: str  # noqa: N815


class JobPage(BaseModel):
    """Jobs, the newest first; ``next`` is for ``after`` of the next page."""

    jobs: list[Job]
    next: str | None


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
    status: Literal["queued", "processing", "completed", "partial", "failed"] | None = None,
) -> Any:
    return await list_jobs(services, key, {"limit": limit, "after": after, "status": status})


@router.get("/{job_id}", response_model=Job, responses=problems(404, 422), summary="How a job stands")
async def get_job(job_id: JobId, services: Gateway, key: Reader) -> Any:
    return shown(await asyncio.to_thread(services.find, key, job_id))


@router.delete(
    "/{job_id}",
    status_code=202,
    response_model=Cancelled,
    responses=problems(404, 422, 503),
    summary="Cancel a job",
)
async def cancel_job(job_id: JobId, services: Gateway, key: Submitter) -> Any:
    """It ends as failed, with code `invalid_request`; a job that is done stays as it is."""
    row = await asyncio.to_thread(services.find, key, job_id)
    try:
        cancelling = await asyncio.to_thread(services.cancel, row)
    except LogError as error:
        raise busy("The job can't be cancelled now: the log does not answer.") from error
    return Cancelled(job_id=job_id, cancelling=cancelling, status=row["status"])


@router.post(
    "/{job_id}/retry",
    status_code=202,
    response_model=Retried,
    responses=problems(404, 409, 410, 422, 503),
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
                "application/yaml": {"schema": {}},  # what reads YAML finds an object, what does not a text
                "application/xml": {"schema": {"type": "string"}},
            }
        },
        202: {"model": Job, "description": "not done yet"},
        **problems(404, 410, 422, 503),
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
    "/{job_id}/events", responses={**_STREAM, **problems(400, 404, 422, 503)}, summary="A job's events"
)
async def get_events(
    request: Request,
    job_id: JobId,
    services: Gateway,
    key: Reader,
    last_event_id: Annotated[str | None, Header(max_length=2000)] = None,
) -> StreamingResponse:
    """Server-sent events, from the first or after `Last-Event-ID`; ends after the result."""
    now = services.hub.positions
    row = await asyncio.to_thread(services.find, key, job_id)
    start = services.start_of(row, now)
    if last_event_id:
        try:
            given = parse_offset(last_event_id, now)
        except BadOffset as error:
            raise invalid(f"Last-Event-ID: {error}.") from error
        start = {place: max(given[place], offset) for place, offset in start.items()}
    stream = _EventStream(services, row["id"])
    return StreamingResponse(
        stream.run(start, request),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


class _EventStream:
    """One reader of one job's events."""

    def __init__(self, services: Services, job: str) -> None:
        self._services = services
        self._job = job
        self._waiting: asyncio.Queue[Published] = asyncio.Queue(_MOST_WAITING)
        self._behind = False

    def push(self, event: Published, channel: Channel) -> None:
        try:
            self._waiting.put_nowait(event)
        except asyncio.QueueFull:
            self._behind = True

    async def run(self, start: dict[tuple[str, int], int], request: Request) -> AsyncIterator[bytes]:
        def of_job(event: Arrived) -> bool:
            return event.job == self._job

        hub = self._services.hub
        try:
            async for event in self._services.history.events(
                start, of_job, lambda: hub.follow_job(self._job, self)
            ):
                yield _sse(event)
                if event.kind == "result":
                    return
            while not self._behind:
                try:
                    event = await asyncio.wait_for(self._waiting.get(), _HEARTBEAT)
                except TimeoutError:
                    yield b": still here\n\n"
                    continue
                yield _sse(event)
                if event.kind == "result":
                    return
        except LogError:
            yield b'event: error\ndata: {"code":"internal","message":"The log does not answer now."}\n\n'
        finally:
            hub.leave_job(self._job, self)


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
        **problems(404, 422, 503),
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
        **problems(404, 410, 422, 503),
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
