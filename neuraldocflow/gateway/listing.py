"""Jobs as the API tells of them, and pages of them, the newest first; where a page ends is an opaque text."""

from __future__ import annotations

import asyncio
import base64
import binascii
from typing import Any, Literal

from pydantic import BaseModel

from neuraldocflow.gateway.jobs import shown
from neuraldocflow.gateway.keys import Key
from neuraldocflow.gateway.problems import invalid
from neuraldocflow.gateway.services import Services
from neuraldocflow.results import ErrorInfo

LARGEST, USUAL = 200, 50
State = Literal["queued", "processing", "completed", "partial", "failed"]


class Job(BaseModel):
    """How a job stands."""

    job_id: str
    run: int
    status: State
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


async def list_jobs(
    services: Services, key: Key, limit: int, after: str | None, status: State | None
) -> dict[str, Any]:
    """A :class:`JobPage` of the key's tenant. Raises Problem where ``after`` is no page's ``next``."""
    place = None if after is None else _place_of(after)
    rows = await asyncio.to_thread(services.jobs.page, key.tenant, limit + 1, place, status)
    more = len(rows) > limit
    last = rows[limit - 1] if more else None
    return {
        "jobs": [shown(row) for row in rows[:limit]],
        "next": None if last is None else _text_of(last["created_ms"], last["id"]),
    }


def _text_of(created: int, job: str) -> str:
    return base64.urlsafe_b64encode(f"{created} {job}".encode()).decode().rstrip("=")


def _place_of(text: str) -> tuple[int, str]:
    try:
        created, job = base64.urlsafe_b64decode(f"{text}===").decode().split(" ", 1)
        if not 0 <= int(created) < 2**63:
            raise ValueError
        return int(created), job
    except (binascii.Error, ValueError) as error:
        raise invalid("after must be the next of an earlier page.") from error
