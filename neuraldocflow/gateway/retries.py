"""A failed job's document, processed once more as its next run."""

from __future__ import annotations

import asyncio
import sqlite3

from neuraldocflow.errors import Unreachable
from neuraldocflow.events import DocumentReceived, NewDocument
from neuraldocflow.gateway.keys import Key
from neuraldocflow.gateway.problems import busy, invalid
from neuraldocflow.gateway.services import Services
from neuraldocflow.log import PROCESSING_EVENTS, LogError, partition_of
from neuraldocflow.replay import ORIGIN
from neuraldocflow.whereabouts import Whereabouts

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
    received = await _received(services, latest)
    whereabouts = Whereabouts(services.config, services.payloads)
    try:
        source = await asyncio.to_thread(whereabouts.find, received.source)
    except Unreachable as error:
        raise busy(f"The document can't be looked for now: {error}.") from error
    if source is None:
        raise invalid(_GONE, 410)
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


async def _received(services: Services, row: sqlite3.Row) -> DocumentReceived:
    """The event with which the dataflow took a job up."""
    if row["first_offset"] is None:
        raise invalid(_GONE, 410)
    place = (
        PROCESSING_EVENTS,
        partition_of(row["document"], len(services.log.partitions(PROCESSING_EVENTS))),
    )
    try:
        found = await services.history.event(place, row["first_offset"])
    except LogError as error:
        raise busy("The job can't be read now: the log does not answer.") from error
    if found is None or found.name != DocumentReceived.name or found.job != row["id"]:
        raise invalid(_GONE, 410)
    return DocumentReceived.model_validate(found.data)
