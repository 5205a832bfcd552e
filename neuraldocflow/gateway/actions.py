"""What may be asked over a WebSocket: each action's payload and answer, as AsyncAPI describes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from neuraldocflow.gateway.hub import Filtered
from neuraldocflow.gateway.keys import Scope
from neuraldocflow.gateway.listing import LARGEST, USUAL, Job, JobPage, State
from neuraldocflow.gateway.requests import MAX_NAME, Document, Options, ProcessingRequest
from neuraldocflow.values import Priority
from sinks.websocket import Channel

MAX_ID = 200
LARGEST_WINDOW = 256


class Asked(BaseModel):
    """A payload. What an action does not know is passed over, as the action itself is beside it."""

    model_config = ConfigDict(frozen=True, strict=True, populate_by_name=True)


class Told(BaseModel):
    """An answer's payload."""


class Authenticate(Asked):
    token: str = Field(min_length=1, max_length=MAX_NAME, description="an API key")


class Authenticated(Told):
    authenticated: Literal[True]
    tenant: str
    scopes: list[Scope] = Field(description="what the key may do")


class ProcessDocument(ProcessingRequest):
    idempotency_key: str = Field(
        "", max_length=MAX_NAME, description="names the job; the same key, the same job"
    )


class Submitted(Told):
    job_id: str


class OfJob(Asked):
    job_id: str = Field(min_length=1, max_length=MAX_ID)


class Subscribe(OfJob):
    from_offset: str | None = Field(
        None, description="of the last event seen; without it the past is told too"
    )


class Subscribed(Told):
    job_id: str
    offset: str
    state: Job
    recovered: bool = Field(description="false: some events are older than the log's retention")


class Unsubscribed(Told):
    job_id: str


class OfChannel(Asked):
    channel: Channel


class SubscribeChannel(OfChannel):
    filter: dict[Filtered, Any] = Field(default_factory=dict, description="what each must be equal to")
    from_offset: str | None = Field(None, description="of the last event seen; without it from now on")


class ChannelSubscribed(Told):
    channel: Channel
    offset: str
    recovered: bool


class ChannelUnsubscribed(Told):
    channel: Channel


class StartStream(Asked):
    profile: str = Field("auto", min_length=1, max_length=MAX_NAME)
    priority: Priority | None = None
    options: Options = Options()
    window: int = Field(16, ge=1, le=LARGEST_WINDOW, description="documents that may be under way")


class StreamStarted(Told):
    stream_id: str
    window: int


class OfStream(Asked):
    stream_id: str


class StreamDocument(OfStream):
    """A ProcessingRequest; what it leaves out is the stream's."""

    model_config = ConfigDict(alias_generator=to_camel)
    stream_id: str = Field(alias="stream_id")
    document: Document
    profile: str | None = Field(None, min_length=1, max_length=MAX_NAME)
    options: Options = Options()
    idempotency_key: str = Field("", max_length=MAX_NAME)


class DocumentStreamed(Told):
    stream_id: str
    job_id: str
    under_way: int


class StreamStopped(Told):
    stream_id: str
    under_way: int = Field(description="documents whose results still come")


class UploadBegin(Asked):
    filename: str = Field("", max_length=MAX_NAME)
    content_type: str = Field("", max_length=MAX_NAME, alias="contentType")
    size: int = Field(0, ge=0, description="bytes; refused at once where they are too many")


class OfUpload(Asked):
    upload_id: str


class UploadChunk(OfUpload):
    data: str | None = Field(None, description="base64; without it the binary frames that follow are meant")


class UploadProgress(Told):
    upload_id: str
    received: int


class UploadEnd(OfUpload):
    sha256: str | None = Field(None, description="is compared with that of what came")


class UploadEnded(UploadProgress):
    sha256: str


class ListJobs(Asked):
    limit: int = Field(USUAL, ge=1, le=LARGEST)
    after: str | None = Field(None, max_length=400, description="the `next` of the page before")
    status: State | None = None


class Cancelled(Told):
    job_id: str
    cancelling: bool
    status: State


class Ping(Asked):
    pass


class Pong(Told):
    pong: Literal[True]


class Action(NamedTuple):
    """One of the things that can be asked."""

    asked: type[BaseModel]
    told: type[BaseModel]


ACTIONS: Mapping[str, Action] = {
    "authenticate": Action(Authenticate, Authenticated),
    "process_document": Action(ProcessDocument, Submitted),
    "subscribe": Action(Subscribe, Subscribed),
    "unsubscribe": Action(OfJob, Unsubscribed),
    "subscribe_channel": Action(SubscribeChannel, ChannelSubscribed),
    "unsubscribe_channel": Action(OfChannel, ChannelUnsubscribed),
    "start_stream": Action(StartStream, StreamStarted),
    "stream_document": Action(StreamDocument, DocumentStreamed),
    "stop_stream": Action(OfStream, StreamStopped),
    "upload_begin": Action(UploadBegin, UploadProgress),
    "upload_chunk": Action(UploadChunk, UploadProgress),
    "upload_end": Action(UploadEnd, UploadEnded),
    "get_job": Action(OfJob, Job),
    "list_jobs": Action(ListJobs, JobPage),
    "cancel_job": Action(OfJob, Cancelled),
    "ping": Action(Ping, Pong),
}
