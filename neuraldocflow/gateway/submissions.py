"""Submissions: a document and what is wanted become a NewDocument on the log, durable before the answer."""

from __future__ import annotations

import asyncio
import base64
import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

from neuraldocflow import identity
from neuraldocflow.errors import RateLimited, UnknownProfile
from neuraldocflow.events import DocumentSource, NewDocument
from neuraldocflow.extraction.sniff import sniff
from neuraldocflow.gateway.arrivals import DONE
from neuraldocflow.gateway.jobs import Jobs
from neuraldocflow.gateway.keys import Allowance, Key
from neuraldocflow.gateway.problems import Problem, busy, invalid, lacks
from neuraldocflow.gateway.requests import Document, Options, options_from, safe_name
from neuraldocflow.log import Log, LogError, Message
from neuraldocflow.payloads import Incoming, Payload, PayloadStore
from neuraldocflow.wording import counted
from sinks.events import message_of

log = logging.getLogger(__name__)

_CONTENT_TYPES = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "html": "text/html",
}
_LOOK_AGAIN = 1.0
_PATIENCE = 15.0
"""Seconds; clients are patient for 30."""
_PIECE = 4 << 20
"""Letters of base64 that are decoded at a time; four of them are three bytes."""
_LONGEST_ADDRESS = 8192
"""Characters; an address is in every event of its document, and in the index of jobs."""
_FULL = "Too many of this tenant's documents are waiting."


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be done with a document, and for whom."""

    tenant: str
    profile: str = "auto"
    options: Options = field(default_factory=Options)
    source: str = "rest"
    """The name of the source it came by."""
    idempotency_key: str = ""
    began: int = 0
    """When it began to come, nanoseconds since 1970; 0 for now."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A document in the payload store, recognised."""

    payload: Payload
    filename: str
    content_type: str
    counted: bool = False
    """It is one of its key's documents of today already."""


@dataclass(frozen=True, slots=True)
class Linked:
    """A document that is fetched from an address when its turn comes."""

    uri: str
    filename: str
    content_type: str


class Appender:
    """Puts messages on the log; those that come while one append runs go together in the next.

    An append can hang: on a disk, or on a process that was stopped while it wrote. Who waits is told after
    ``patience`` seconds, and what has not begun by then is not appended any more.
    """

    def __init__(self, log: Log, patience: float = _PATIENCE) -> None:
        self._log = log
        self._patience = patience
        self._waiting: dict[asyncio.Future[None], Message] = {}
        self._task: asyncio.Task[None] | None = None

    async def append(self, message: Message) -> None:
        """Durable when this returns. Raises LogError."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[done] = message
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())
        try:
            async with asyncio.timeout(self._patience):
                await done
        except TimeoutError as error:
            raise LogError(f"the log has not taken a message within {self._patience:g} s") from error
        finally:
            self._waiting.pop(done, None)

    async def _run(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, {}
            error = await self._appended(list(batch.values()))
            if error is not None:
                log.warning("%s not appended: %s", counted(len(batch), "message"), error)
            for done in batch:
                if done.done():
                    continue
                if error is None:
                    done.set_result(None)
                else:
                    done.set_exception(error)

    def _appended(self, messages: list[Message]) -> asyncio.Future[Exception | None]:
        """What came of appending them, in a thread that nobody waits for at the end of the process."""
        loop = asyncio.get_running_loop()
        told: asyncio.Future[Exception | None] = loop.create_future()

        def tell(error: Exception | None) -> None:
            if not told.done():
                told.set_result(error)

        def append() -> None:
            error: Exception | None = None
            try:
                self._log.append(messages)
            except Exception as found:
                error = found
            with suppress(RuntimeError):  # the gateway has ended meanwhile
                loop.call_soon_threadsafe(tell, error)

        threading.Thread(target=append, name="append", daemon=True).start()
        return told


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
        self.observers: list[Callable[[NewDocument, int], None]] = []
        """Called with each document that is durable now, and when it began to come."""
        self._waiting: dict[str, int] = {}
        self._counted = float("-inf")

    def check(self, key: Key, profile: str, *, counted: bool = False) -> None:
        """Before a document is read: may this key send one now, or one that is counted? Raises Problem."""
        if not key.may("submit"):
            raise lacks("submit")
        self.check_profile(profile)
        self.check_room(key.tenant)
        if not counted and not self._allowance.may_send(key):
            raise Problem(RateLimited("This key's documents of today are used up."), 429, _until_midnight())

    def check_room(self, tenant: str) -> None:
        """Raises Problem when too many of the tenant's documents are waiting already. Those of others do not
        count: it would tell how many they have, and one could keep the others out."""
        if time.monotonic() - self._counted > _LOOK_AGAIN:
            self._waiting, self._counted = self._jobs.waiting(), time.monotonic()
        if self._waiting.get(tenant, 0) >= self._max_waiting:
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
        incoming.flush()
        return self._keep(incoming, incoming.path, filename, content_type)

    def _keep(self, incoming: Incoming, content: bytes | Path, filename: str, content_type: str) -> Stored:
        filename = safe_name(filename)
        kind = sniff(content, filename)
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
                return self._keep(incoming, content, filename, content_type)

        return await asyncio.to_thread(keep)

    async def prepare(
        self, document: Document, uploads: MutableMapping[str, Stored], max_bytes: int | None = None
    ) -> Stored | Linked:
        """Keep what a request has of its document; ``uploads`` are those it may refer to. Raises Problem."""
        if document.source == "url":
            address = document.content.strip()
            if not _is_address(address):
                raise invalid("document.content must be an http or https address with source url.")
            if len(address) > _LONGEST_ADDRESS:
                raise invalid(f"An address has at most {_LONGEST_ADDRESS} characters.")
            last = unquote(address.split("?", 1)[0].split("#", 1)[0])
            name = safe_name(document.filename) or safe_name(last)
            return Linked(address, name, document.content_type)
        if document.source == "file" and document.content in uploads:
            stored = uploads[document.content]
            uploads[document.content] = replace(stored, counted=False)  # another job of it counts anew
            return stored

        def keep() -> Stored:
            with self.begin(max_bytes) as incoming:
                for piece in _decoded(document):
                    incoming.write(piece)
                return self.keep(incoming, document.filename, document.content_type)

        return await asyncio.to_thread(keep)

    def count(self, key: Key) -> None:
        """One document of the key's today. Raises Problem where it has none left."""
        if not self._allowance.document(key):
            raise Problem(RateLimited("This key's documents of today are used up."), 429, _until_midnight())

    async def submit(self, key: Key, document: Stored | Linked, order: Order) -> str:
        """Submit what is kept; the job's id, durable on the log. Raises Problem."""
        if isinstance(document, Linked):
            source = DocumentSource(
                kind="url",
                uri=document.uri,
                size=0,
                filename=document.filename,
                content_type=document.content_type,
            )
            content = secrets.token_hex(16)  # what is there may change
            return await self._submit(key, source, content, order, counted=False)
        payload = document.payload
        source = DocumentSource(
            kind="file",
            uri=payload.uri,
            size=payload.size,
            sha256=payload.sha256,
            filename=document.filename,
            content_type=document.content_type,
        )
        return await self._submit(key, source, payload.sha256, order, counted=document.counted)

    async def _submit(
        self, key: Key, source: DocumentSource, content: str, order: Order, *, counted: bool
    ) -> str:
        where = f"{order.tenant}/{order.source}"
        options = order.options.for_event()
        asked = f"{order.profile} {sorted(options.items())}"
        if order.idempotency_key:
            document = identity.document_id(where, "", "key", order.idempotency_key)
        else:
            document = identity.document_id(where, content, source.filename, asked)
        known, run = self._jobs.latest_run(document), self._jobs.next_run(document)
        if known is not None:
            if order.idempotency_key and source.sha256 and known["sha256"] not in (None, "", source.sha256):
                if not counted:
                    self.count(key)  # it is kept, though it is no job
                raise invalid("This Idempotency-Key was used with another document.", 422)
            went_with_its_log = known["status"] in DONE and known["result_offset"] is None
            if order.idempotency_key or not (known["status"] == "failed" or went_with_its_log):
                return str(known["id"])
            run = int(known["run"]) + 1
        if not counted:
            self.count(key)
        began = order.began or time.time_ns()
        event = NewDocument(
            id=document,
            run=run,
            origin=f"/sources/{order.source}",
            received_at=datetime.fromtimestamp(began / 1e9, UTC),
            source=source,
            profile=order.profile,
            priority=order.options.priority,
            options=options,
            tenant=order.tenant,
        )
        return await self._append(key, event, began)

    async def submit_again(self, key: Key, event: NewDocument) -> str:
        """Submit a document that was submitted before, as another run; the job's id. Raises Problem."""
        self.check(key, event.profile)
        self.count(key)
        return await self._append(key, event, time.time_ns())

    async def _append(self, key: Key, event: NewDocument, began: int) -> str:
        try:
            await self._appender.append(message_of(event))
        except LogError as error:
            raise busy("The document can't be made durable now: the log does not answer.") from error
        self._waiting[key.tenant] = self._waiting.get(key.tenant, 0) + 1
        for observe in self.observers:
            observe(event, began)
        job = identity.job_id(event.id, event.run)
        taken_from = event.origin.rpartition("/")[2]
        log.info("taken from %s, %d bytes", taken_from, event.source.size, extra={"job": job})
        return job


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        _ = parts.port  # raises where it is none
        return parts.scheme.lower() in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False


def _decoded(document: Document) -> Iterator[bytes]:
    """A document in base64, as it is or as a browser's ``data:`` address, in one line or in many; with source
    ``file`` too, as the specification's React hook sends it."""
    text = document.content
    if text[:5].lower() == "data:" and text[:200].partition(",")[0].lower().endswith(";base64"):
        text = text.partition(",")[2]
    text = "".join(text.split())  # command-line tools break their lines
    try:
        for start in range(0, len(text), _PIECE):
            piece = text[start : start + _PIECE]
            if "=" in piece and start + _PIECE < len(text):
                raise ValueError  # that is the end, and there is more
            yield base64.b64decode(piece, validate=True)
    except ValueError as error:
        what = "neither a finished upload nor base64" if document.source == "file" else "not base64"
        raise invalid(f"document.content is {what}.") from error


def _until_midnight() -> dict[str, str]:
    return {"Retry-After": str(86_400 - int(time.time()) % 86_400)}


def order_of(key: Key, told: Mapping[str, str], source: str, idempotency_key: str, began: int = 0) -> Order:
    """What texts ask for: those of a form, a query, an upload's metadata. Raises Problem."""
    profile = told.get("profile") or "auto"
    return Order(key.tenant, profile, options_from(told), source, idempotency_key, began)
