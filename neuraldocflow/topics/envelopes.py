"""What the output writes: a CloudEvent in Kafka's binary mode, or a claim check for one that is too large.

Attributes are ``ce_`` headers, the value is the event's data as JSON. No I/O here.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import orjson

from neuraldocflow import identity
from neuraldocflow.deliveries import Delivery, metrics_of
from neuraldocflow.events import Event, ProcessingCompleted, to_cloudevent, type_of
from neuraldocflow.payloads import Payload

_COMPLETED = type_of(ProcessingCompleted)
_ATTRIBUTES = ("specversion", "id", "type", "source", "subject", "time", "tenant", "sequence")


class Outgoing(NamedTuple):
    """A message to be written; headers' names are Kafka's."""

    topic: str
    key: str
    value: bytes
    headers: dict[str, str]

    @property
    def size(self) -> int:
        """Bytes, as brokers count them; a few too many rather than too few."""
        rest = (self.key, *self.headers, *self.headers.values())
        return len(self.value) + len("".join(rest).encode()) + 20 * len(rest)


def result_message(topic: str, delivery: Delivery, partition_key: str, now: str) -> Outgoing:
    """A result, as a ProcessingCompleted event of that time: also a failed one, whose ``status`` says so.

    Written down here rather than by :func:`event_message`: a model's copy of a result costs
    more than all the rest.
    """
    document, run = delivery.identity
    headers = {
        "ce_specversion": "1.0",
        "ce_id": identity.event_id(document, run, ProcessingCompleted.name),
        "ce_type": _COMPLETED,
        "ce_source": "/dataflow",
        "ce_subject": document,
        "ce_time": now,
        "content-type": "application/json",
    }
    if delivery.document.tenant != "default":
        headers["ce_tenant"] = delivery.document.tenant
    data = {"id": document, "run": run, "result": delivery.result}
    data["performance_metrics"] = metrics_of(delivery.result)
    key = key_of(delivery.result, document, delivery.document.tenant, partition_key)
    return Outgoing(topic, key, orjson.dumps(data), headers)


def event_message(topic: str, event: Event, key: str) -> Outgoing:
    """A lifecycle event."""
    envelope = to_cloudevent(event)
    headers = {f"ce_{name}": envelope[name] for name in _ATTRIBUTES if name in envelope}
    value = orjson.dumps(envelope["data"])
    return Outgoing(topic, key, value, {**headers, "content-type": "application/json"})


def key_of(result: dict[str, Any], document: str, tenant: str, partition_key: str) -> str:
    """A result's key. A field that was not found, and a type that is unknown, give the document's id."""
    if partition_key == "tenant":
        return tenant
    data = result.get("extractedData") or {}
    found: Any = None
    if partition_key == "document_type":
        found = data.get("documentType") or (result.get("metadata") or {}).get("profile")
    elif partition_key != "document_id":
        found = data.get("fields", {}).get(partition_key)
        if isinstance(found, list):
            found = found[0] if found else None
        found = found.get("value") if isinstance(found, dict) else None
    if found is None or found == "":
        return document
    return found if isinstance(found, str) else orjson.dumps(found, option=orjson.OPT_SORT_KEYS).decode()


def claim_check(message: Outgoing, payload: Payload) -> Outgoing:
    """The same event without what is large: ``ce_dataref`` (CloudEvents' claim check) says where all is."""
    data = orjson.loads(message.value)
    where = {"uri": payload.uri, "size": payload.size, "sha256": payload.sha256}
    small: dict[str, Any] = {"id": data["id"], "run": data["run"], "dataref": where}
    if "result" in data:
        kept = ("jobId", "run", "status", "metadata", "error")
        result = {name: data["result"].get(name) for name in kept}
        data_type = (data["result"].get("extractedData") or {}).get("documentType")
        small["result"] = {**result, "extractedData": None, "documentType": data_type}
    headers = {**message.headers, "ce_dataref": payload.uri}
    return message._replace(value=orjson.dumps(small), headers=headers)
