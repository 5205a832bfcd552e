"""``POST /results/sync``: results that were made offline become jobs."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
from fastapi import APIRouter, Request
from pydantic import BaseModel

from neuraldocflow import identity
from neuraldocflow.deliveries import metrics_of
from neuraldocflow.events import ProcessingCompleted
from neuraldocflow.gateway.access import Gateway, Submitter, problems
from neuraldocflow.gateway.keys import Key
from neuraldocflow.gateway.openapi import RESULTS
from neuraldocflow.gateway.problems import busy, invalid
from neuraldocflow.gateway.receiving import read_json
from neuraldocflow.gateway.requests import validated_json
from neuraldocflow.gateway.services import Services
from neuraldocflow.log import LogError
from neuraldocflow.results import ProcessingResult
from neuraldocflow.topics.own import results_key
from sinks.events import message_of

router = APIRouter(prefix="/api/v1/results", tags=["documents"])

_MOST = 100
_WEIGHT = 4
"""Results as objects take more memory than as JSON."""
_LARGEST_ERROR = 16 * 1024
"""Bytes of a result's error: it is told with each list of jobs."""
_DEEPEST = 64
"""Levels of objects and lists in a result; what reads it again takes a few more."""


class Synced(BaseModel):
    """The jobs under which results made offline are kept."""

    job_ids: list[str]


@router.post(
    "/sync",
    response_model=Synced,
    responses=problems(400, 408, 413, 422),
    openapi_extra=RESULTS,
    summary="Keep results that were made offline",
)
async def sync_results(request: Request, services: Gateway, key: Submitter) -> Synced:
    """Each becomes a job of this tenant, marked `origin: offline`; sent again, it is the same job. One whose
    document was submitted by REST with its `jobId` as Idempotency-Key is that job, and is not kept."""
    with services.memory.room(key.id) as room:
        body = await read_json(request, room, weight=_WEIGHT)
        made = await asyncio.to_thread(_events_of, key, body)
        del body
        return Synced(job_ids=await _keep(services, key, made))


def _events_of(key: Key, body: object) -> list[tuple[str, ProcessingCompleted]]:
    """The results of a request as events, each with its document's id if that was sent. Raises Problem."""
    results = body.get("results") if isinstance(body, dict) else None
    if not isinstance(results, list) or not 0 < len(results) <= _MOST:
        raise invalid(f"results must be a list of 1 to {_MOST} results.")
    valid = [checked(each) for each in results]
    sent = [identity.document_id(f"{key.tenant}/rest", "", "key", each.job_id) for each in valid]
    return list(zip(sent, (offline(key, each) for each in valid), strict=True))


async def _keep(services: Services, key: Key, made: list[tuple[str, ProcessingCompleted]]) -> list[str]:
    """Put on the log what is new there; all jobs' ids. Raises Problem."""
    await asyncio.to_thread(services.catch_up)  # the documents may have been sent a moment ago
    jobs: list[str] = []
    for document, event in made:
        if (submitted := services.jobs.latest_run(document)) is not None:
            jobs.append(str(submitted["id"]))
            continue
        jobs.append(event.id)
        if services.jobs.get(event.id, key.tenant) is None:
            try:
                await services.appender.append(message_of(event, results_key(services.config)))
            except LogError as error:
                raise busy("The results can't be made durable now: the log does not answer.") from error
    return jobs


def checked(data: Any) -> ProcessingResult:
    """One result, as the log may have it. Raises Problem."""
    if _is_deep(data, _DEEPEST):
        raise invalid(f"A result's values are nested {_DEEPEST} deep at most.")
    if isinstance(data, dict) and len(orjson.dumps(data.get("error"))) > _LARGEST_ERROR:
        raise invalid(f"A result's error has at most {_LARGEST_ERROR} bytes.")
    return validated_json(ProcessingResult, orjson.dumps(data))


def _is_deep(value: Any, left: int) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return left == 0 or any(_is_deep(each, left - 1) for each in inner)


def offline(key: Key, result: ProcessingResult) -> ProcessingCompleted:
    """The event of a result that was made elsewhere: a job of the key's tenant, run 0, and marked."""
    told = result.model_dump(mode="json", by_alias=True)
    document = identity.document_id(f"{key.tenant}/offline", "", "job", result.job_id)
    told["metadata"]["origin"] = "offline"
    told["metadata"]["offlineJobId"] = result.job_id
    told |= {"jobId": document, "run": 0}
    metrics = metrics_of(told)
    return ProcessingCompleted(
        id=document, origin="/offline", tenant=key.tenant, result=told, performance_metrics=metrics
    )
