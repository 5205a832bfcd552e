"""From a finished document to its result object: an agent's file, or an error's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
from pydantic import ValidationError

from neuraldocflow import __version__
from neuraldocflow.errors import FetchFailed, Internal
from neuraldocflow.events import NewDocument
from neuraldocflow.identity import job_id
from neuraldocflow.operators.extract import Finished
from neuraldocflow.results import ExtractedData, FieldValue, ProcessingResult

_DEEPEST = 64
"""Mappings and lists in one another, of which ours have a dozen: what can be read can't always be written."""


def result_of(finished: Finished) -> dict[str, Any]:
    """The result (contract 4) of a document whose work is over."""
    event, outcome = finished.document, finished.outcome
    if finished.error is not None:
        return failed(event, finished.error)
    assert outcome is not None
    queued = {"queuedMs": outcome.queued_ms}
    if outcome.error is not None:
        return failed(event, outcome.error, outcome.agent_id, outcome.attempt, queued)
    try:
        result: dict[str, Any] = orjson.loads(Path(outcome.result_path).read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return failed(event, Internal("The agent's result can't be read.").to_dict())
    if not _is_whole(result):
        return failed(event, Internal("The agent's result is malformed.").to_dict())
    seen = result["metadata"]["sha256"]
    if event.source.sha256 and seen and seen != event.source.sha256:
        changed = FetchFailed(
            "The file was changed after it was seen; its new content is a document of its own."
        )
        return failed(event, changed.to_dict())
    result["jobId"] = job_id(event.id, event.run)
    result["run"] = event.run
    result["metadata"]["priority"] = event.priority
    result["metadata"]["timings"] = {**queued, **result["metadata"].get("timings", {})}
    return result


def _is_whole(result: dict[str, Any]) -> bool:
    """Whether it is a result: an agent that a hostile document has taken over can write anything.

    It is taken as it is, not as the model would mend it, so nothing may be left out or of another type.
    """
    try:
        found = ProcessingResult.model_validate(result, by_alias=True, by_name=False)
    except ValidationError:
        return False
    data = found.extracted_data
    return (
        _is_shallow(result)
        and "validationResults" in result
        and found.status != "failed"
        and found.metadata.sha256 is not None
        and data is not None
        and data.confidence is not None
        and "fields" in data.model_fields_set
        and all("confidence" in each.model_fields_set for each in _values_in(data))
    )


def _values_in(data: ExtractedData) -> Iterator[FieldValue]:
    for found in data.fields.values():
        yield from found if isinstance(found, list) else [found] if found else []


def _is_shallow(result: object) -> bool:
    """Whether nothing in it lies deeper than can be written."""
    level: list[Any] = [result]
    for _ in range(_DEEPEST):
        inner = [each.values() if isinstance(each, dict) else each for each in level]
        level = [each for several in inner for each in several if isinstance(each, dict | list)]
        if not level:
            return True
    return False


def failed(
    event: NewDocument,
    error: dict[str, Any],
    agent: str = "",
    attempt: int = 0,
    timings: dict[str, float] | None = None,
) -> dict[str, Any]:
    """The result of a document that has none."""
    source = event.source
    return {
        "jobId": job_id(event.id, event.run),
        "run": event.run,
        "status": "failed",
        "extractedData": None,
        "metadata": {
            "filename": source.filename,
            "contentType": source.content_type,
            "bytes": source.size,
            "sha256": source.sha256,
            "profile": event.profile,
            "profileVersion": None,
            "engineVersion": __version__,
            "agentId": agent or None,
            "attempt": attempt or None,
            "priority": event.priority,
            "timings": timings or {},
        },
        "validationResults": [],
        "error": error,
    }
