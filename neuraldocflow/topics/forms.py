"""What a message may be: a NewDocument event in three forms, or a document itself. No I/O here.

CloudEvents in binary mode (``ce_`` headers) and in structured mode, the event's data as plain JSON, and a
document's bytes with headers that describe it. What is none of these is a :class:`DecodeError`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from neuraldocflow.errors import DocumentError, UnsupportedFormat
from neuraldocflow.events import (
    DecodeError,
    DocumentSource,
    NewDocument,
    from_cloudevent,
    type_of,
)
from neuraldocflow.identity import document_id, given_id
from neuraldocflow.payloads import Payload
from neuraldocflow.values import PRIORITIES, Priority

_TYPE = type_of(NewDocument)
_STRUCTURED = "application/cloudevents"
_SAID = ("profile", "priority", "tenant")
_KINDS = {"file": "file", "s3": "s3", "http": "url", "https": "url"}


class Taken(NamedTuple):
    """A message as it was read; header names in lower case, ``timestamp`` in milliseconds (-1: none)."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: str
    value: bytes | None
    headers: dict[str, str]

    @property
    def place(self) -> str:
        return f"{self.topic}[{self.partition}]@{self.offset}"


@dataclass(frozen=True, slots=True)
class Manners:
    """What a source says about messages that don't say it themselves."""

    source: str
    """Its name."""
    profile: str = "auto"
    priority: Priority = "normal"
    rank: Priority | None = None
    """The topic's own priority, which stands above a message's."""


@dataclass(frozen=True, slots=True)
class Document:
    """A document's own bytes. Once they are stored, ``event`` makes them a NewDocument."""

    taken: Taken
    manners: Manners

    @property
    def data(self) -> bytes:
        return self.taken.value or b""

    @property
    def filename(self) -> str:
        return self.taken.headers.get("filename", "").rpartition("/")[2]

    def event(self, payload: Payload) -> NewDocument:
        """Raises DecodeError for a header that can't be."""
        headers, manners = self.taken.headers, self.manners
        priority = headers.get("priority", manners.priority)
        if priority not in PRIORITIES:
            raise DecodeError(f"header priority must be one of {', '.join(PRIORITIES)}")
        given = _given(headers)
        identity = given_id(manners.source, given) if given else _derived(self.taken, manners, payload.sha256)
        return NewDocument(
            id=identity,
            origin=f"/sources/{manners.source}",
            source=DocumentSource(
                kind="kafka",
                uri=payload.uri,
                size=payload.size,
                sha256=payload.sha256,
                filename=self.filename,
                content_type=_content_type(headers),
                version=self.taken.place,
            ),
            profile=headers.get("profile") or manners.profile,
            priority=manners.rank or priority,
            tenant=headers.get("tenant") or headers.get("ce_tenant") or "default",
        )


def read(taken: Taken, manners: Manners) -> NewDocument | Document:
    """The event of a message, or the document it is. Raises DecodeError, without content."""
    if not taken.value:
        raise DecodeError("the message has no value")
    headers, kind = taken.headers, _content_type(taken.headers)
    if "ce_specversion" in headers and not kind.startswith(_STRUCTURED):
        if headers.get("ce_type") != _TYPE and kind and not _is_json(kind):
            return Document(taken, manners)  # another program's event about a document it carries
        return _event(_binary(taken), taken, manners)
    if (kind and not _is_json(kind)) or "filename" in headers:
        return Document(taken, manners)
    if taken.value.lstrip()[:1] == b"{":
        parsed = _json(taken.value)
        structured = kind.startswith(_STRUCTURED) or "specversion" in parsed
        return _event(parsed if structured else _plain(parsed, taken), taken, manners)
    if kind:
        raise DecodeError(f"content-type is {kind}, but the value is no JSON object")
    from neuraldocflow.extraction.sniff import sniff  # loads the extraction core, which commands do without

    try:
        sniff(taken.value)
    except UnsupportedFormat as error:
        raise DecodeError(
            "neither an event nor a document that is known: no ce_ header, filename or content-type"
        ) from error
    except DocumentError:
        pass  # a document, if a damaged one: that is for its result to say
    return Document(taken, manners)


def _binary(taken: Taken) -> dict[str, Any]:
    attributes: dict[str, Any] = {
        name[3:]: value for name, value in taken.headers.items() if name.startswith("ce_")
    }
    return {**attributes, "data": _json(taken.value or b"")}


def _plain(data: dict[str, Any], taken: Taken) -> dict[str, Any]:
    headers = {
        name: taken.headers[name] for name in ("profile", "priority", "tenant") if name in taken.headers
    }
    envelope = {"specversion": "1.0", "id": "", "type": _TYPE, "source": taken.topic}
    return {**envelope, "data": {**headers, **data}}


def _event(envelope: dict[str, Any], taken: Taken, manners: Manners) -> NewDocument:
    """The event of an envelope, which is filled with what it leaves open: its id, priority and profile, what
    kind its address is."""
    data = envelope.get("data")
    if isinstance(data, dict) and envelope.get("type") == _TYPE:
        given = data.get("id") or envelope.get("subject") or _given(taken.headers) or envelope.get("id")
        own = given_id(manners.source, str(given)) if given else _derived(taken, manners)
        data["id"] = own
        data.setdefault("profile", manners.profile)
        data.setdefault("priority", manners.priority)
        if manners.rank:
            data["priority"] = manners.rank
        source = data.get("source")
        if isinstance(source, dict):
            source.setdefault("size", 0)
            if kind := _KINDS.get(str(source.get("uri", "")).partition("://")[0]):
                source.setdefault("kind", kind)
        # its acknowledgement is to come to this source, whoever sent it
        envelope["source"] = f"/sources/{manners.source}"
    event = from_cloudevent(envelope)
    if not isinstance(event, NewDocument):
        raise DecodeError(f"a {event.name} is no document")
    return event


def _derived(taken: Taken, manners: Manners, sha256: str = "") -> str:
    """An id for what has none: the same for the same message, another in a topic made anew."""
    place = f"{taken.topic}[{taken.partition}]"
    return document_id(manners.source, sha256, place, f"{taken.offset}@{taken.timestamp}")


def _given(headers: dict[str, str]) -> str:
    return headers.get("id") or headers.get("idempotency-key") or headers.get("ce_id") or ""


def _content_type(headers: dict[str, str]) -> str:
    found = headers.get("content-type") or headers.get("ce_datacontenttype") or ""
    return found.partition(";")[0].strip().lower()


def _is_json(content_type: str) -> bool:
    return content_type.endswith(("/json", "+json"))


def _json(value: bytes) -> dict[str, Any]:
    try:
        parsed = orjson.loads(value)
    except orjson.JSONDecodeError as error:
        raise DecodeError(f"not JSON: {error.msg} at byte {error.pos} of {len(value)}") from error
    if not isinstance(parsed, dict):
        raise DecodeError("not an event: an object is expected")
    return parsed
