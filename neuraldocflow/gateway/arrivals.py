"""What comes from the log: records become events that the index, the relay and the metrics can rely on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, get_args

import orjson

from neuraldocflow.identity import job_id
from neuraldocflow.log import Record
from neuraldocflow.results import Status

DONE: tuple[Status, ...] = get_args(Status)


@dataclass(frozen=True, slots=True)
class Arrived:
    """A record of the log, decoded: what the index, the relay and the event streams need of it."""

    record: Record
    name: str
    """The event's name, such as ``ProcessingProgress``."""
    event_id: str
    document: str
    run: int
    tenant: str
    time: str
    data: dict[str, Any]

    @property
    def job(self) -> str:
        return job_id(self.document, self.run)

    @property
    def result(self) -> dict[str, Any]:
        """A ``ProcessingCompleted``'s result: a status there is, and objects where others look into it."""
        found: dict[str, Any] = self.data["result"]
        return found


def arrived(record: Record) -> Arrived | None:
    """The event in a record; None for what is none of ours, or not made as ours are."""
    try:
        envelope = orjson.loads(record.value)
        data = envelope["data"]
        name = envelope["type"].split(".")[1]
        texts = (
            envelope["id"],
            envelope["subject"],
            envelope.get("tenant") or data.get("tenant") or "default",
            envelope.get("time", ""),
        )
        run = int(data.get("run", 0))
        if not all(isinstance(text, str) for text in texts) or not _is_made_as_ours(name, data):
            return None
        event_id, document, tenant, time = texts
        return Arrived(record, name, event_id, document, run, tenant, time, data)
    except (orjson.JSONDecodeError, KeyError, TypeError, IndexError, ValueError, AttributeError):
        return None


def _is_made_as_ours(name: str, data: dict[str, Any]) -> bool:
    if name == "ProcessingCompleted":
        result = data["result"]
        inner = (result.get(part) for part in ("extractedData", "metadata", "error"))
        return result["status"] in DONE and _are_objects(*inner)
    return _are_objects(*(data.get(part) for part in ("source", "metadata", "delivery_status", "error")))


def _are_objects(*values: Any) -> bool:
    return all(value is None or isinstance(value, dict) for value in values)
