"""The events on the log (contract 3): typed data inside CloudEvents 1.0.

``encode(event)`` gives the JSON bytes of one CloudEvent, ``decode(bytes)`` the event back or a DecodeError
that says which attribute or field is wrong. An event's id follows from its document, run, name and sequence.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import urlsplit

import orjson
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
)
from pydantic.alias_generators import to_camel

from neuraldocflow import identity
from neuraldocflow.errors import NeuralDocFlowError
from neuraldocflow.results import ErrorInfo, RetrySuggestion, ValidationResult
from neuraldocflow.values import Priority

Stage = Literal[
    "queued", "fetching", "opening", "reading", "tables", "fields", "validating", "delivering", "done"
]
STAGES: tuple[Stage, ...] = (
    "queued",
    "fetching",
    "opening",
    "reading",
    "tables",
    "fields",
    "validating",
    "delivering",
    "done",
)
DecisionKind = Literal["scaled", "started", "lost", "recycled", "dismissed", "cancelled", "quarantined"]
SourceKind = Literal["file", "url", "base64", "s3", "kafka"]
_PLAIN_ADDRESS = re.compile(r"[a-z0-9+.-]+://[A-Za-z0-9._~-]*/")
DocumentId = Annotated[str, Field(pattern="^[!-.0-~]{1,64}$")]
"""A document's id becomes part of files' names: printable ASCII without spaces and slashes, and short."""
Sha256 = Annotated[str, Field(pattern="^([0-9a-f]{64})?$")]


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:  # the first and the last day there are, in a zone of the other side
        raise ValueError("is no moment in UTC") from error


Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]


class DecodeError(NeuralDocFlowError):
    """Bytes that are no event of ours. The message says what is wrong and where; it holds no content."""


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Intermediate(_Data):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class DocumentSource(_Data):
    """A claim check: where the payload is, never the payload."""

    kind: SourceKind
    uri: str = Field(min_length=1)
    size: int = Field(ge=0, lt=2**63)
    sha256: Sha256 = ""
    """Empty when it could not be read, or when its fetcher is to compute it (a URL)."""
    filename: str = ""
    content_type: str = ""
    version: str = ""
    """The etag, or the modification time in nanoseconds: what the source's acknowledgement compares."""
    through: str = ""
    """The configured source it is read through, where its address alone does not say how: whoever brings the
    document again, a replay, knows that."""

    @field_validator("uri")
    @classmethod
    def _is_address(cls, uri: str) -> str:
        if "\0" in uri or (uri.startswith("file://") and "%00" in uri):  # no system takes such a path
            raise ValueError("is no address")
        if _PLAIN_ADDRESS.match(uri):  # as nearly all are: splitting takes as long as all the rest
            return uri
        try:
            _ = urlsplit(uri).port
        except ValueError as error:
            raise ValueError("is no address") from error
        return uri


class Event(_Data):
    """What all events share. ``id`` is the document's id; ``origin`` and ``time`` are the envelope's."""

    name: ClassVar[str]
    id: str = Field(min_length=1)
    run: int = Field(0, ge=0, lt=2**31)
    origin: str = Field("/neuraldocflow", exclude=True, description="the envelope's source")
    time: Moment = Field(default_factory=lambda: datetime.now(UTC), exclude=True)
    tenant: str = Field("default", exclude=True, description="whose document it is; the envelope's")
    sequence: int = Field(0, ge=0, exclude=True)
    """Which of several events of the same name; becomes the envelope's."""

    def data(self) -> dict[str, Any]:
        """What the envelope carries, as JSON has it."""
        return self.model_dump(mode="json", by_alias=True)

    @property
    def event_id(self) -> str:
        return identity.event_id(self.id, self.run, self.name, self.sequence)


class NewDocument(Event):
    """Work to do. ``origin`` is ``/sources/NAME``."""

    name: ClassVar[str] = "NewDocument"
    id: DocumentId
    source: DocumentSource
    profile: str = Field("auto", min_length=1)
    priority: Priority = "normal"
    options: dict[str, Any] = Field(default_factory=dict)
    tenant: str = "default"
    received_at: Moment = Field(default_factory=lambda: datetime.now(UTC))
    error: ErrorInfo | None = None
    """Set when the source knows it can't be read: a failed result without an agent."""

    @property
    def source_name(self) -> str:
        """The configured source it came from, or an empty text."""
        prefix = "/sources/"
        return self.origin[len(prefix) :] if self.origin.startswith(prefix) else ""


class DocumentReceived(Event):
    """The dataflow has taken the document up."""

    name: ClassVar[str] = "DocumentReceived"
    source: DocumentSource
    metadata: dict[str, Any] = Field(default_factory=dict)


class ProcessingStarted(Event):
    """An agent has begun; once more where the first one died."""

    name: ClassVar[str] = "ProcessingStarted"
    swarm_id: str
    agent_id: str
    attempt: int = Field(1, ge=1)
    estimated_duration_ms: float | None = None


class PageRead(_Intermediate):
    """A page that has been read: how its text begins."""

    page: int = Field(ge=1)
    text: str = Field(max_length=500)
    truncated: bool
    """Whether the page has more text."""


class IntermediateResults(_Intermediate):
    """What became known since the last progress; the names once the document's kind is."""

    pages: list[PageRead] | None = Field(None, max_length=256)
    profile: str | None = Field(None, max_length=255)
    document_type: str | None = Field(None, max_length=255)


class ProcessingProgress(Event):
    """How far it is; never goes backwards, also when another attempt begins anew."""

    name: ClassVar[str] = "ProcessingProgress"
    progress: float = Field(ge=0, le=1)
    stage: Stage
    current_operation: str | None = None
    estimated_remaining_ms: float | None = None
    intermediate_results: IntermediateResults | None = None
    """For those who asked with ``streamResults``."""


class ProcessingCompleted(Event):
    """There is a result (``completed`` or ``partial``)."""

    name: ClassVar[str] = "ProcessingCompleted"
    result: dict[str, Any]
    performance_metrics: dict[str, Any] = Field(default_factory=dict)

    def data(self) -> dict[str, Any]:
        # a result is plain JSON already, and long: looking at each value of it costs milliseconds
        return {**self.model_dump(mode="json", by_alias=True, exclude={"result"}), "result": self.result}


class ProcessingFailed(Event):
    """There is none, and why."""

    name: ClassVar[str] = "ProcessingFailed"
    error: ErrorInfo
    retry_suggestions: list[RetrySuggestion] = Field(default_factory=list)


class QualityValidated(Event):
    """The verdicts of the profile's rules and of the stream's."""

    name: ClassVar[str] = "QualityValidated"
    validation_results: list[ValidationResult] = Field(default_factory=list)
    confidence_score: float = Field(ge=0, le=1)


class DeliveryStatus(_Data):
    """To where, and how it went."""

    sink: str
    target: str = ""
    attempts: int = Field(1, ge=0)
    status: Literal["delivered", "failed", "disabled"]


class ResultDelivered(Event):
    """An output has the result, or has given up."""

    name: ClassVar[str] = "ResultDelivered"
    delivery_status: DeliveryStatus
    timestamp: Moment = Field(default_factory=lambda: datetime.now(UTC))


class SwarmDecision(Event):
    """What a swarm decided about its agents; on a topic of its own, and ``id`` is the swarm's."""

    name: ClassVar[str] = "SwarmDecision"
    decision: DecisionKind
    reason: str
    """One of few words, such as the scaling metric that was followed; a metric's label."""
    detail: str | None = None
    """The same as a sentence, with what was seen."""
    agents: int | None = Field(None, ge=0)
    """How many there are to be from now on; before, there were ``before``."""
    before: int | None = Field(None, ge=0)
    agent_id: str | None = None
    document: str | None = None
    """What it worked on."""
    documents: int | None = None
    """How many it had done."""
    exit_code: int | None = None
    sha256: Sha256 | None = None

    def data(self) -> dict[str, Any]:
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


EVENTS: dict[str, type[Event]] = {
    cls.name: cls
    for cls in (
        NewDocument,
        DocumentReceived,
        ProcessingStarted,
        ProcessingProgress,
        ProcessingCompleted,
        ProcessingFailed,
        QualityValidated,
        ResultDelivered,
    )
}
"""The class of each event of a document's, by its name."""
ALL_EVENTS: dict[str, type[Event]] = {**EVENTS, SwarmDecision.name: SwarmDecision}


def type_of(event: Event | type[Event]) -> str:
    """The CloudEvents type, ``neuraldocflow.NAME.v1``."""
    return f"neuraldocflow.{event.name}.v1"


def to_cloudevent(event: Event) -> dict[str, Any]:
    """The event as one CloudEvent in structured mode."""
    envelope = {
        "specversion": "1.0",
        "id": event.event_id,
        "type": type_of(event),
        "source": event.origin,
        "subject": event.id,
        "time": timestamp(event.time),
        "datacontenttype": "application/json",
    }
    if event.tenant != "default":
        envelope["tenant"] = event.tenant
    if event.sequence:
        envelope["sequence"] = str(event.sequence)
    return {**envelope, "data": event.data()}


def encode(event: Event) -> bytes:
    """The JSON bytes of the CloudEvent."""
    return orjson.dumps(to_cloudevent(event))


def decode(data: bytes) -> Event:
    """The event of a CloudEvent in JSON. Raises DecodeError."""
    try:
        envelope = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise DecodeError(f"not JSON: {error.msg} at byte {error.pos} of {len(data)}") from error
    return from_cloudevent(envelope)


def from_cloudevent(envelope: Any) -> Event:
    """The event of a parsed CloudEvent. Raises DecodeError."""
    if not isinstance(envelope, dict):
        raise DecodeError("not an event: an object is expected")
    for attribute in ("specversion", "id", "type", "source", "data"):
        if attribute not in envelope:
            raise DecodeError(f"not a CloudEvent: attribute {attribute} is missing")
    if envelope["specversion"] != "1.0":
        raise DecodeError("specversion must be 1.0")
    cls = _BY_TYPE.get(envelope["type"]) if isinstance(envelope["type"], str) else None
    if cls is None:
        raise DecodeError(f"unknown event type; known are {', '.join(_BY_TYPE)}")
    if not isinstance(envelope["data"], dict):
        raise DecodeError("data must be an object")
    outer = {"origin": envelope["source"], "sequence": envelope.get("sequence", 0)}
    outer |= {name: envelope[name] for name in ("time", "tenant") if name in envelope}
    try:
        return cls.model_validate({**envelope["data"], **outer})
    except ValidationError as error:
        told = [_told(line) for line in error.errors(include_url=False, include_input=False)]
        raise DecodeError(f"{cls.name}: {'; '.join(told[:5])}") from error


def _told(line: Any) -> str:
    path = ".".join(str(part) for part in line["loc"])
    outer = {
        "origin": "attribute source",
        "sequence": "attribute sequence",
        "time": "attribute time",
        "tenant": "attribute tenant",
    }
    return f"{outer.get(path, f'data.{path}')}: {line['msg']}"


def timestamp(time: datetime) -> str:
    """RFC 3339 in UTC with milliseconds, as events have it."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


_BY_TYPE: dict[str, type[Event]] = {type_of(cls): cls for cls in ALL_EVENTS.values()}
