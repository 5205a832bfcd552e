"""A failed job's document, processed once more as its next run."""

from __future__ import annotations

import asyncio
import sqlite3

from neuraldocflow.events import NewDocument
from neuraldocflow.gateway.keys import Key
from neuraldocflow.gateway.problems import invalid
from neuraldocflow.gateway.services import Services
from neuraldocflow.replay import ORIGIN

_GONE = "The document is no longer kept: send it again."


async def retry(services: Services, key: Key, row: sqlite3.Row) -> str:
    """Submit a failed job's document again, with the options it came with; the id of the job of its last run,
    which is that of the run that was begun already where there is one. Raises Problem."""
    if row["status"] != "failed":
        raise invalid("Only a job that failed can be tried again.", 409)
    await asyncio.to_thread(services.catch_up)
    latest = services.jobs.latest_run(row["document"]) or row
    if latest["status"] != "failed":
        return str(latest["id"])
    if (found := await services.originals.find(latest)) is None:
        raise invalid(_GONE, 410)
    received, source = found
    wanted = received.metadata
    event = NewDocument(
        id=row["document"],
        run=latest["run"] + 1,
        origin=ORIGIN,
        source=source,
        profile=wanted.get("profile", "auto"),
        priority=wanted.get("priority", "normal"),
        options=wanted.get("options", {}),
        tenant=row["tenant"],
    )
    return await services.submissions.submit_again(key, event)
