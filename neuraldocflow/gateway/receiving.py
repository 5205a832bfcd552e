"""Documents in HTTP bodies: raw, multipart or JSON; stored and hashed as they come."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import orjson
from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect

from neuraldocflow.errors import TooLarge
from neuraldocflow.gateway.memory import SMALL, Room
from neuraldocflow.gateway.problems import Problem, invalid
from neuraldocflow.gateway.requests import MAX_NAME, ProcessingRequest, parse_request
from neuraldocflow.gateway.submissions import Linked, Stored, Submissions
from neuraldocflow.payloads import Incoming
from neuraldocflow.wording import sized

MAX_JSON, LARGEST_JSON = 16 * 2**20, 64 * 2**20
"""Bytes of a JSON body, which is whole in memory: usually, and where a source allows documents so large."""
_WRITE = 1 << 20
_SILENCE = 30.0
"""Seconds a sender may say nothing."""
_SLOWEST, _PATIENCE = 1024, 60.0
"""Bytes a second that a sender has to reach on the whole, once so many seconds are over."""
_MAX_FIELD, _MAX_FIELDS = 64 * 1024, 32


@dataclass(slots=True)
class Received:
    """What a body had: a document, kept by now, and what is wanted of it, as JSON or as a form's fields."""

    document: Stored | Linked
    request: ProcessingRequest | None = None
    fields: dict[str, str] = field(default_factory=dict)


class BodyCheck:
    """Looks at a body's bytes as they come, and judges them before anything is kept."""

    def update(self, chunk: bytes) -> None:
        """More of the body."""

    def finish(self) -> None:
        """That was all. Raises Problem."""


async def receive(
    request: Request,
    submissions: Submissions,
    room: Room,
    max_bytes: int | None = None,
    check: BodyCheck | None = None,
) -> Received:
    """Read a request's body; ``room`` is for one that is whole in memory, ``max_bytes`` a document's limit in
    whichever way it comes. Raises Problem and DocumentError; then nothing of it is kept."""
    check = check or BodyCheck()
    if request.headers.get("content-encoding", "identity") != "identity":
        raise invalid("A compressed body is not taken: send it as it is.", 415)
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    most = min(max_bytes or submissions.max_upload_size, submissions.max_upload_size)
    if kind == b"application/json":
        in_json = MAX_JSON if max_bytes is None else min(most * 4 // 3 + _MAX_FIELD, LARGEST_JSON)
        asked = parse_request(await read_json(request, room, in_json, check))
        submissions.check_profile(asked.profile)
        return Received(await submissions.prepare(asked.document, {}, most), _without_content(asked))
    _refuse_announced(request, most)
    if kind == b"multipart/form-data":
        boundary = options.get(b"boundary")
        if not boundary:
            raise invalid("The multipart body has no boundary in its Content-Type.")
        return await _receive_form(request, submissions, most, boundary, check)
    content_type = kind.decode("latin-1")
    name = request.query_params.get("filename", "")[:MAX_NAME]
    held = bytearray()
    body = chunks(request)
    async for chunk in body:
        check.update(chunk)
        held += chunk
        if len(held) >= _WRITE:
            break
    else:  # most documents: all in one go, beside the event loop
        check.finish()
        return Received(await submissions.take_bytes(bytes(held), name, content_type, most))
    with submissions.begin(most) as incoming:
        await _write(incoming, held)
        async for chunk in body:
            check.update(chunk)
            held += chunk
            if len(held) >= _WRITE:
                await _write(incoming, held)
        check.finish()
        await _write(incoming, held)
        return Received(await asyncio.to_thread(submissions.keep, incoming, name, content_type))


async def read_json(
    request: Request, room: Room, most: int = MAX_JSON, check: BodyCheck | None = None, weight: int = 1
) -> object:
    """A JSON body of ``most`` bytes at most, for which ``weight`` times its size is held. Raises Problem."""
    check = check or BodyCheck()
    _refuse_announced(request, most)
    body = bytearray()
    async for chunk in chunks(request):
        body += chunk
        check.update(chunk)
        if len(body) > most:
            raise Problem(
                TooLarge(f"A JSON body has at most {sized(most)}: send the file as multipart or raw body.")
            )
        if len(body) * weight > SMALL:
            await room.hold(len(body) * weight)
    check.finish()
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise invalid(f"The body is not JSON: {error.msg} at byte {error.pos}.") from error


def _without_content(request: ProcessingRequest) -> ProcessingRequest:
    """What is wanted; the document itself is on the disk."""
    return request.model_copy(update={"document": request.document.model_copy(update={"content": ""})})


async def _write(incoming: Incoming, held: bytearray) -> None:
    """What is held goes to the disk."""
    await asyncio.to_thread(incoming.write, bytes(held))
    held.clear()


async def chunks(request: Request) -> AsyncIterator[bytes]:
    """The body as it comes. Raises Problem for a sender that falls silent, only drips, or goes away."""
    stream = request.stream()
    began, came = time.monotonic(), 0
    while True:
        try:
            async with asyncio.timeout(_SILENCE):
                chunk = await anext(stream)
        except StopAsyncIteration:
            return
        except TimeoutError as error:
            raise invalid(f"Nothing came for {_SILENCE:g} s.", 408) from error
        except ClientDisconnect as error:
            raise invalid("The connection ended before the document did.") from error
        came += len(chunk)
        yield chunk
        spent = time.monotonic() - began
        if spent > _PATIENCE and came < _SLOWEST * spent:
            raise invalid(f"A body has to come with {_SLOWEST} bytes a second at least.", 408)


def _refuse_announced(request: Request, most: int) -> None:
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > most + _MAX_FIELD:
        raise Problem(TooLarge(f"The body is larger than the {sized(most)} allowed."))


class _Form:
    """Takes the parser's calls: small fields are collected, the file's bytes held until they are written."""

    def __init__(self) -> None:
        self.fields: dict[str, str] = {}
        self.filename, self.content_type = "", ""
        self.held = bytearray()
        self.has_file = False
        self.is_whole = False
        self._header = [bytearray(), bytearray()]
        self._headers: dict[bytes, bytes] = {}
        self._name, self._value = "", bytearray()
        self._in_file = False

    def callbacks(self) -> dict[str, object]:
        return {
            "on_header_field": lambda data, start, end: self._header[0].extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._header[1].extend(data[start:end]),
            "on_header_end": self._header_ended,
            "on_headers_finished": self._part_began,
            "on_part_data": self._part_data,
            "on_part_end": self._part_ended,
            "on_end": self._ended,
        }

    def _header_ended(self) -> None:
        name, value = (bytes(part) for part in self._header)
        self._headers[name.lower()] = value
        self._header = [bytearray(), bytearray()]

    def _part_began(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        self._name = options.get(b"name", b"").decode("utf-8", "replace")
        self._value = bytearray()
        self._in_file = b"filename" in options
        if self._in_file:
            if self.has_file:
                raise invalid("A form has one document: send another request for each.")
            self.has_file = True
            self.filename = options[b"filename"].decode("utf-8", "replace")
            self.content_type = self._headers.get(b"content-type", b"").decode("latin-1").split(";")[0]
        elif len(self.fields) >= _MAX_FIELDS:
            raise invalid(f"A form has at most {_MAX_FIELDS} fields.")
        self._headers = {}

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        if self._in_file:
            self.held += data[start:end]
            return
        self._value += data[start:end]
        if len(self._value) > _MAX_FIELD:
            raise invalid(f"The form's field {self._name[:40]!r} is too long.", 413)

    def _part_ended(self) -> None:
        if not self._in_file:
            self.fields[self._name] = self._value.decode("utf-8", "replace")

    def _ended(self) -> None:
        self.is_whole = True


async def _receive_form(
    request: Request, submissions: Submissions, most: int, boundary: bytes, check: BodyCheck
) -> Received:
    form = _Form()
    with submissions.begin(most) as incoming:
        try:
            parser = MultipartParser(boundary, form.callbacks())  # type: ignore[arg-type]
            async for chunk in chunks(request):
                check.update(chunk)
                parser.write(chunk)
                if len(form.held) >= _WRITE:
                    await _write(incoming, form.held)
            parser.finalize()
        except FormParserError as error:
            raise invalid("The multipart body is malformed.") from error
        check.finish()
        if not form.is_whole:
            raise invalid("The multipart body ends before its last boundary.")
        if not form.has_file:
            raise invalid(
                "The form has no file: give it in a part with a filename, such as -F file=@doc.pdf."
            )

        def keep() -> Stored:
            incoming.write(bytes(form.held))
            return submissions.keep(incoming, form.filename, form.content_type)

        return Received(await asyncio.to_thread(keep), fields=form.fields)
