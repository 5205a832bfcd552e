"""``POST /documents``: takes a document and what is wanted of it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace

import orjson
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from neuraldocflow.errors import DocumentError
from neuraldocflow.gateway.access import bearer_token, problems, services_of
from neuraldocflow.gateway.keys import Key
from neuraldocflow.gateway.openapi import BODIES, TO_THE_JOB, parameter
from neuraldocflow.gateway.problems import Problem, as_problem, busy, invalid
from neuraldocflow.gateway.receiving import BodyCheck, Received, receive
from neuraldocflow.gateway.requests import MAX_NAME
from neuraldocflow.gateway.services import Services
from neuraldocflow.gateway.submissions import Order, order_of

router = APIRouter(prefix="/api/v1", tags=["documents"])


class Accepted(BaseModel):
    """A job that is durable on the log."""

    job_id: str
    status: str = "queued"


@router.post(
    "/documents",
    status_code=202,
    response_model=Accepted,
    responses={202: TO_THE_JOB, **problems(400, 404, 408, 413, 415, 422)},
    openapi_extra={
        **BODIES,
        "security": [{"HTTPBearer": []}],
        "parameters": [
            parameter("query", "profile", least=1, default="auto"),
            parameter("query", "filename", description="of a raw body"),
            parameter("header", "idempotency-key"),
        ],
    },
    summary="Process a document",
)
async def post_document(request: Request) -> Response:
    """The body is the file itself, a form with a `file`, or a ProcessingRequest in JSON. Answered when the
    document and the wish are durable. The same document again is the same job."""
    # the busiest route: what it needs it looks up itself, which is a fifth of what dependencies cost
    began = time.time_ns()
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
    named = request.headers.get("idempotency-key", "")
    order_of(key, query, "rest", named, began)  # what is wrong with it is told before the document is read
    received = await received_from(request, services, key)
    order = order_from(services, received, key, query, "rest", named, began)
    return accepted(await services.submissions.submit(key, received.document, order))


async def received_from(
    request: Request,
    services: Services,
    key: Key,
    max_bytes: int | None = None,
    check: BodyCheck | None = None,
) -> Received:
    """The body, received. Raises Problem."""
    try:
        with services.memory.room(key.id) as room:
            return await receive(request, services.submissions, room, max_bytes, check)
    except DocumentError as error:
        raise as_problem(error) from error
    except OSError as error:
        raise busy("The document can't be stored now.", 30) from error


def order_from(
    services: Services,
    received: Received,
    key: Key,
    query: Mapping[str, str],
    source: str,
    idempotency_key: str,
    began: int,
) -> Order:
    """What is wanted: by the JSON request or the form's fields, and else by the query. Raises Problem; the
    document, which is kept by then, counts as one of the key's all the same."""
    try:
        order = order_of(key, {**query, **received.fields}, source, idempotency_key, began)
        if (asked := received.request) is not None:
            profile = asked.profile if "profile" in asked.model_fields_set else order.profile
            order = replace(order, profile=profile, options=asked.options.over(order.options))
        services.submissions.check_profile(order.profile)
    except Problem:
        services.submissions.count(key)
        raise
    return order


def accepted(job: str) -> Response:
    """202 and where to look."""
    body = orjson.dumps({"job_id": job, "status": "queued"})
    headers = {"Location": f"/api/v1/jobs/{job}"}
    return Response(body, 202, headers=headers, media_type="application/json")
