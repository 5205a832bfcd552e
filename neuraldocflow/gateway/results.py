"""A job's result, from where the log has it."""

from __future__ import annotations

import sqlite3
from typing import Any

from neuraldocflow.gateway.problems import busy, invalid
from neuraldocflow.gateway.services import Services
from neuraldocflow.log import PROCESSING_RESULTS, LogError


async def result_of(services: Services, row: sqlite3.Row) -> dict[str, Any]:
    """The result of a job that is done. Raises Problem."""
    event = None
    if row["result_offset"] is not None:
        place = (PROCESSING_RESULTS, row["result_partition"])
        try:
            event = await services.history.event(place, row["result_offset"])
        except LogError as error:
            raise busy("The result can't be read now: the log does not answer.") from error
    if event is None or event.job != row["id"]:
        raise invalid("The result is no longer kept on the log; the archive may have it.", 410)
    result: dict[str, Any] = event.data["result"]
    return {**result, "jobId": row["id"]}
