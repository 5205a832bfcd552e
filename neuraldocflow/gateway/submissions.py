"""Submissions: a document and what is wanted become a NewDocument on the log, durable before the answer."""

from __future__ import annotations

import asyncio
import base64
import binascii
import secrets
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from neuraldocflow import identity
from neuraldocflow.errors import RateLimited, Unauthorized, UnknownProfile
from neuraldocflow.events import DocumentSource, NewDocument
from neuraldocflow.extraction.sniff import sniff
from neuraldocflow.gateway.jobs import Jobs
from neuraldocflow.gateway.keys import Allowance, Key
from neuraldocflow.gateway.problems import Problem, busy, invalid
from neuraldocflow.gateway.requests import Document, Options, ProcessingRequest, safe_name
from neuraldocflow.log import Log, LogError, Message
from neuraldocflow.payloads import Incoming, Payload, PayloadStore
from sinks.events import message_of

_CONTENT_TYPES = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "html": "text/html",
}
_LOOK_AGAIN = 1.0
_FULL = "Too many documents are waiting."


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be done with a document, and for whom."""

    tenant: str
    profile: str = "auto"
    options: Options = field(default_factory=Options)
    source: str = "rest"
    """The name of the source it came by."""
    idempotency_key: str = ""


@dataclass(frozen=True, slots=True)
class Stored:
    """A document in the payload store, recognised."""

    payload: Payload
    filename: str
    content_type: str


class Appender:
    """Puts messages on the log; those that come while one append runs go together in the next."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._waiting: list[tuple[Message, asyncio.Future[None]]] = []
        self._task: asyncio.Task[None] | None = None

    async def append(self, message: Message) -> None:
        """Durable when this returns. Raises LogError."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((message, done))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())
        await done

    async def _run(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            error: Exception | None = None
            try:
                await asyncio.to_thread(self._log.append, [message for message, _ in batch])
            except Exception as found:
                error = found
            for _, done in batch:
                if done.done():
                    continue
                if error is None:
                    done.set_result(None)
                else:
                    done.set_exception(error)


class Submissions:
    """The one way in, for REST, the webhook source and the WebSocket."""

    def __init__(
        self,
        appender: Appender,
        payloads: PayloadStore,
        jobs: Jobs,
        allowance: Allowance,
        profiles: frozenset[str],
        *,
        max_upload_size: int,
        max_waiting: int,
    ) -> None:
        self._appender = appender
        self._payloads = payloads
        self._jobs = jobs
        self._allowance = allowance
        self._profiles = profiles
        self.max_upload_size = max_upload_size
        self._max_waiting = max_waiting
        self._waiting, self._counted = 0, float("-inf")

    def check(self, key: Key, profile: str) -> None:
        """Before a document is read: may this key send one now? Raises Problem."""
        if not key.may("submit"):
            raise Problem(Unauthorized("This key may not submit documents."), 403)
        self.check_profile(profile)
        self.check_room()
        if not self._allowance.may_send(key):
            raise Problem(RateLimited("This key's documents of today are used up."), 429, _until_midnight())

    def check_room(self) -> None:
        """Raises Problem when too many documents are waiting already."""
        if time.monotonic() - self._counted > _LOOK_AGAIN:
            self._waiting, self._counted = self._jobs.waiting(), time.monotonic()
        if self._waiting >= self._max_waiting:
            raise busy(_FULL)

    def check_profile(self, profile: str) -> None:
        """Raises Problem for a profile there is none of."""
        if profile != "auto" and profile not in self._profiles:
            known = ", ".join(sorted(self._profiles))
            raise Problem(UnknownProfile(f"There is no such profile; there are {known} and auto."))

    def begin(self, max_bytes: int | None = None) -> Incoming:
        """A payload that comes bit by bit."""
        return self._payloads.begin(min(max_bytes or self.max_upload_size, self.max_upload_size))

    def keep(self, incoming: Incoming, filename: str, content_type: str) -> Stored:
        """Recognise what has come and keep it; blocking. Raises DocumentError for what can't be read."""
        filename = safe_name(filename)
        incoming.flush()
        kind = sniff(incoming.path, filename)
        return Stored(
            incoming.commit(filename), filename, _CONTENT_TYPES.get(str(kind), content_type or "text/html")
        )

    async def take_bytes(
        self, content: bytes, filename: str, content_type: str, max_bytes: int | None = None
    ) -> Stored:
        """Keep a document that is whole in memory."""

        def keep() -> Stored:
            with self.begin(max_bytes) as incoming:
                incoming.write(content)
                return self.keep(incoming, filename, content_type)

        return await asyncio.to_thread(keep)

    async def submit_stored(self, key: Key, stored: Stored, order: Order) -> str:
        """Submit a kept document; the job's id. Raises Problem."""
        payload = stored.payload
        source = DocumentSource(
            kind="file",
            uri=payload.uri,
            size=payload.size,
            sha256=payload.sha256,
            filename=stored.filename,
            content_type=stored.content_type,
        )
        return await self._submit(key, source, payload.sha256, order)

    async def submit_request(
        self, key: Key, request: ProcessingRequest, order: Order, uploads: dict[str, Stored] | None = None
    ) -> str:
        """Submit what a ProcessingRequest describes; ``uploads`` are those it may refer to."""
        document = request.document
        if document.source in ("file", "base64"):
            stored = (uploads or {}).get(document.content) if document.source == "file" else None
            if stored is None:
                stored = await self.take_bytes(_decoded(document), document.filename, document.content_type)
            return await self.submit_stored(key, stored, order)
        if not _is_address(document.content):
            raise invalid("document.content must be an http or https address with source url.")
        name = safe_name(document.filename) or safe_name(document.content.split("?", 1)[0].split("#", 1)[0])
        source = DocumentSource(
            kind="url",
            uri=document.content,
            size=0,
            filename=name,
            content_type=document.content_type,
        )
        return await self._submit(key, source, secrets.token_hex(16), order)  # what is there may change

    async def _submit(self, key: Key, source: DocumentSource, content: str, order: Order) -> str:
        where = f"{order.tenant}/{order.source}"
        options = order.options.for_event()
        asked = f"{order.profile} {sorted(options.items())}"
        if order.idempotency_key:
            document = identity.document_id(where, "", "key", order.idempotency_key)
        else:
            document = identity.document_id(where, content, source.filename, asked)
        known, run = self._jobs.latest_run(document), 0
        if known is not None:
            if order.idempotency_key and source.sha256 and known["sha256"] not in (None, "", source.sha256):
                raise invalid("This Idempotency-Key was used with another document.", 422)
            if known["status"] != "failed" or order.idempotency_key:
                return str(known["id"])
            run = int(known["run"]) + 1
        event = NewDocument(
            id=document,
            run=run,
            origin=f"/sources/{order.source}",
            source=source,
            profile=order.profile,
            priority=order.options.priority,
            options=options,
            tenant=order.tenant,
        )
        return await self._append(key, event)

    async def submit_again(self, key: Key, event: NewDocument) -> str:
        """Submit a document that was submitted before, as another run; the job's id. Raises Problem."""
        self.check(key, event.profile)
        return await self._append(key, event)

    async def _append(self, key: Key, event: NewDocument) -> str:
        if not self._allowance.document(key):
            raise Problem(RateLimited("This key's documents of today are used up."), 429, _until_midnight())
        try:
            await self._appender.append(message_of(event))
        except LogError as error:
            raise busy("The document can't be made durable now: the log does not answer.") from error
        self._waiting += 1
        return identity.job_id(event.id, event.run)


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme.lower() in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False


def _decoded(document: Document) -> bytes:
    """A document in base64; with source ``file`` too, as the specification's React hook sends it."""
    try:
        return base64.b64decode(document.content, validate=True)
    except (binascii.Error, ValueError) as error:
        what = "neither a finished upload nor base64" if document.source == "file" else "not base64"
        raise invalid(f"document.content is {what}.") from error


def _until_midnight() -> dict[str, str]:
    return {"Retry-After": str(86_400 - int(time.time()) % 86_400)}


def order_of(key: Key, request: ProcessingRequest, **more: Any) -> Order:
    """The order of a ProcessingRequest."""
    return Order(tenant=key.tenant, profile=request.profile, options=request.options, **more)
