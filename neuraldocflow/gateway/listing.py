"""Pages of jobs, the newest first; where a page ends is an opaque text."""

from __future__ import annotations

import asyncio
import base64
import binascii
from typing import Any, get_args

from neuraldocflow.gateway.jobs import shown
from neuraldocflow.gateway.keys import Key
from neuraldocflow.gateway.problems import invalid
from neuraldocflow.gateway.services import Services
from neuraldocflow.results import Status

LARGEST, USUAL = 200, 50
STATUSES = ("queued", "processing", *get_args(Status))


async def list_jobs(services: Services, key: Key, wanted: dict[str, Any]) -> dict[str, Any]:
    """``{limit?, after?, status?}`` to ``{jobs, next}``; the last page's ``next`` is None. Raises Problem."""
    limit, status = wanted.get("limit", USUAL), wanted.get("status")
    if not isinstance(limit, int) or not 1 <= limit <= LARGEST:
        raise invalid(f"limit must be a number from 1 to {LARGEST}.")
    if status is not None and status not in STATUSES:
        raise invalid(f"status must be one of {', '.join(STATUSES)}.")
    after = None if wanted.get("after") is None else _place_of(wanted["after"])
    rows = await asyncio.to_thread(services.jobs.page, key.tenant, limit + 1, after, status)
    more = len(rows) > limit
    last = rows[limit - 1] if more else None
    return {
        "jobs": [shown(row) for row in rows[:limit]],
        "next": None if last is None else _text_of(last["created_ms"], last["id"]),
    }


def _text_of(created: int, job: str) -> str:
    return base64.urlsafe_b64encode(f"{created} {job}".encode()).decode().rstrip("=")


def _place_of(text: Any) -> tuple[int, str]:
    try:
        created, job = base64.urlsafe_b64decode(str(text) + "===").decode().split(" ", 1)
        return int(created), job
    except (binascii.Error, ValueError) as error:
        raise invalid("after must be the next of an earlier page.") from error
