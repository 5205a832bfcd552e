"""Routes that take documents: ``POST /documents`` and results that were made offline."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from neuraldocflow import identity
from neuraldocflow.deadlines import LONGEST_MS
from neuraldocflow.errors import DocumentError
from neuraldocflow.events import ProcessingCompleted
from neuraldocflow.gateway.access import Gateway, Submitter, bearer_token, problems, services_of
from neuraldocflow.gateway.keys import Key
from neuraldocflow.gateway.problems import as_problem, busy, invalid
from neuraldocflow.gateway.receiving import BodyCheck, Received, read_json, receive
from neuraldocflow.gateway.requests import MAX_NAME, options_from, validated
from neuraldocflow.gateway.services import Services
from neuraldocflow.gateway.submissions import Order, order_of
from neuraldocflow.log import LogError
from neuraldocflow.results import ProcessingResult
from neuraldocflow.topics.own import results_key
from sinks.events import message_of

router = APIRouter(prefix="/api/v1", tags=["documents"])

_MOST_RESULTS = 100


class Accepted(BaseModel):
    """A job that is durable on the log."""

    job_id: str
    status: str = "queued"


class Synced(BaseModel):
    """The jobs under which results made offline are kept."""

    job_ids: list[str]


BODIES: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary"},
                        "profile": {"type": "string", "default": "auto"},
                        "priority": {"enum": ["urgent", "high", "normal", "low"]},
                        "qualityThreshold": {"type": "number", "minimum": 0, "maximum": 1},
                        "outputFormat": {"enum": ["json", "yaml", "xml"]},
                        "deadlineMs": {"type": "integer", "minimum": 1, "maximum": LONGEST_MS},
                    },
                }
            },
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
            "application/json": {"schema": {"$ref": "#/components/schemas/ProcessingRequest"}},
        },
    }
}


def _parameter(where: str, name: str, least: int = 0, **more: str) -> dict[str, Any]:
    """OpenAPI's description of a text in the query or the headers."""
    schema: dict[str, Any] = {"type": "string", "maxLength": MAX_NAME, "default": more.pop("default", "")}
    if least:
        schema["minLength"] = least
    return {"in": where, "name": name, "required": False, "schema": schema, **more}


@router.post(
    "/documents",
    status_code=202,
    response_model=Accepted,
    responses=problems(400, 404, 408, 413, 415, 422, 503),
    openapi_extra={
        **BODIES,
        "security": [{"HTTPBearer": []}],
        "parameters": [
            _parameter("query", "profile", least=1, default="auto"),
            _parameter("query", "filename", description="of a raw body"),
            _parameter("header", "idempotency-key"),
        ],
    },
    summary="Process a document",
)
async def post_document(request: Request) -> Response:
    """The body is the file itself, a form with a `file`, or a ProcessingRequest in JSON. Answered when the
    document and the wish are durable. The same document again is the same job."""
    # the busiest route: what it needs it looks up itself, which is a fifth of what dependencies cost
    services = await services_of(request)
    key = services.authenticate(bearer_token(request))
    services.take_request(key)
    services.check_scope(key, "submit")
    query = dict(request.query_params)
    for name, text, least in (
        ("profile", query.get("profile", "auto"), 1),
        ("filename", query.get("filename", ""), 0),
        ("Idempotency-Key", request.headers.get("idempotency-key", ""), 0),
    ):
        if not least <= len(text) <= MAX_NAME:
            raise invalid(f"{name} must be a text of {least} to {MAX_NAME} characters.", 422)
    services.submissions.check(key, query.get("profile", "auto"))
    received = await received_from(request, services)
    order = order_from(received, key, query, "rest", request.headers.get("idempotency-key", ""))
    return accepted(await submit(services, key, received, order))


@router.post(
    "/results/sync",
    response_model=Synced,
    responses=problems(400, 408, 413, 422, 503),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "required": ["results"],
                        "properties": {
                            "results": {
                                "type": "array",
                                "maxItems": _MOST_RESULTS,
                                "items": {"$ref": "#/components/schemas/ProcessingResult"},
                            }
                        },
                    }
                }
            },
        }
    },
    summary="Keep results that were made offline",
)
async def sync_results(request: Request, services: Gateway, key: Submitter) -> Synced:
    """Each becomes a job of this tenant, marked `origin: offline`; sent again, it is the same job. One whose
    document was submitted by REST with its `jobId` as Idempotency-Key is that job, and is not kept."""
    body = await read_json(request)
    results = body.get("results") if isinstance(body, dict) else None
    if not isinstance(results, list) or not 0 < len(results) <= _MOST_RESULTS:
        raise invalid(f"results must be a list of 1 to {_MOST_RESULTS} results.")
    valid = [validated(ProcessingResult, each) for each in results]
    sent = [identity.document_id(f"{key.tenant}/rest", "", "key", each.job_id) for each in valid]
    made = [_offline(key, each) for each in valid]
    await asyncio.to_thread(services.catch_up)  # the documents may have been sent a moment ago
    known = [services.jobs.latest_run(each) for each in sent]
    new = [
        event
        for event, submitted in zip(made, known, strict=True)
        if submitted is None and services.jobs.get(event.id, key.tenant) is None
    ]
    try:
        for event in new:
            await services.appender.append(message_of(event, results_key(services.config)))
    except LogError as error:
        raise busy("The results can't be made durable now: the log does not answer.") from error
    return Synced(
        job_ids=[
            event.id if submitted is None else str(submitted["id"])
            for event, submitted in zip(made, known, strict=True)
        ]
    )


def _offline(key: Key, result: ProcessingResult) -> ProcessingCompleted:
    told = result.model_dump(mode="json", by_alias=True)
    document = identity.document_id(f"{key.tenant}/offline", "", "job", result.job_id)
    told["metadata"]["origin"] = "offline"
    told["metadata"]["offlineJobId"] = result.job_id
    told |= {"jobId": document, "run": 0}
    return ProcessingCompleted(id=document, origin="/offline", tenant=key.tenant, result=told)


async def received_from(
    request: Request, services: Services, max_bytes: int | None = None, check: BodyCheck | None = None
) -> Received:
    """The body, received. Raises Problem."""
    try:
        return await receive(request, services.submissions, max_bytes, check)
    except DocumentError as error:
        raise as_problem(error) from error
    except OSError as error:
        raise busy("The document can't be stored now.", 30) from error


def order_from(
    received: Received, key: Key, query: dict[str, str], source: str, idempotency_key: str
) -> Order:
    """What is wanted: from the JSON request, else from the form's fields and the query. Raises Problem."""
    if received.request is not None:
        return order_of(key, received.request, source=source, idempotency_key=idempotency_key)
    told = {**query, **received.fields}
    return Order(
        tenant=key.tenant,
        profile=told.get("profile") or "auto",
        options=options_from(told),
        source=source,
        idempotency_key=idempotency_key,
    )


async def submit(services: Services, key: Key, received: Received, order: Order) -> str:
    """Make it durable; the job's id. Raises Problem."""
    services.submissions.check_profile(order.profile)
    try:
        if received.stored is not None:
            return await services.submissions.submit_stored(key, received.stored, order)
        assert received.request is not None
        return await services.submissions.submit_request(key, received.request, order, None)
    except DocumentError as error:
        raise as_problem(error) from error
    except OSError as error:
        raise busy("The document can't be stored now.", 30) from error


def accepted(job: str) -> Response:
    """202 and where to look."""
    body = orjson.dumps({"job_id": job, "status": "queued"})
    headers = {"Location": f"/api/v1/jobs/{job}"}
    return Response(body, 202, headers=headers, media_type="application/json")
