"""Resumable uploads by the tus 1.0 protocol, so that standard uploaders work (https://tus.io/protocols).

When an upload's last byte has come it is processed as its metadata says (``filename``, ``filetype``, and what
a form of ``POST /documents`` may say), and the answer names the job.
"""

from __future__ import annotations

import asyncio
import base64
import os
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from neuraldocflow.errors import DocumentError, Empty, TooLarge
from neuraldocflow.gateway.access import Gateway, Submitter, problems
from neuraldocflow.gateway.keys import Key
from neuraldocflow.gateway.openapi import TUS, TUS_BEGIN, TUS_PIECE
from neuraldocflow.gateway.problems import Problem, as_problem, busy, invalid
from neuraldocflow.gateway.receiving import chunks
from neuraldocflow.gateway.requests import MAX_NAME
from neuraldocflow.gateway.services import Services
from neuraldocflow.gateway.submissions import Order, Stored, order_of
from neuraldocflow.gateway.uploads import Upload, Uploads
from neuraldocflow.wording import sized

router = APIRouter(prefix="/api/v1/uploads", tags=["resumable uploads"])

_COPY = 1 << 20
_HEADERS = {"Tus-Resumable": "1.0.0", "Cache-Control": "no-store"}
UploadId = Annotated[str, Path(min_length=1, max_length=64)]


def _uploads(request: Request) -> Uploads:
    found: Uploads = request.app.state.uploads
    return found


@router.options("", status_code=204, summary="What of tus is supported")
async def describe_uploads(services: Gateway) -> Response:
    most = services.submissions.max_upload_size
    told = {
        "Tus-Version": "1.0.0",
        "Tus-Extension": "creation,termination,expiration",
        "Tus-Max-Size": str(most),
    }
    return Response(status_code=204, headers={**_HEADERS, **told})


@router.post(
    "",
    status_code=201,
    response_class=Response,
    responses=problems(400, 412, 413, 422),
    openapi_extra=TUS_BEGIN,
    summary="Begin an upload",
)
async def begin_upload(request: Request, services: Gateway, key: Submitter) -> Response:
    """`Upload-Length` is needed; `Upload-Metadata` may have filename, filetype, profile, priority,
    qualityThreshold, outputFormat, streamResults, deadlineMs, idempotencyKey. It counts as one of the key's
    documents."""
    _check_version(request)
    length = _number(request, "Upload-Length")
    if not length:
        raise as_problem(Empty("The document is empty."))
    if length > (most := services.submissions.max_upload_size):
        raise Problem(TooLarge(f"The document is larger than the {sized(most)} allowed."))
    text = request.headers.get("Upload-Metadata", "")
    order = _order(key, _metadata(text))
    services.submissions.check(key, order.profile)
    try:
        upload = await asyncio.to_thread(_uploads(request).create, key, length, text)
    except OSError as error:
        raise busy("The document can't be stored now.", 30) from error
    try:
        services.submissions.count(key)
    except Problem:
        upload.remove()
        raise
    headers = {**_HEADERS, **_expiry(upload), "Location": f"/api/v1/uploads/{upload.id}"}
    return Response(status_code=201, headers=headers)


@router.head(
    "/{upload_id}",
    response_class=Response,
    responses=problems(404, 412, 422),
    openapi_extra=TUS,
    summary="How far it is",
)
async def find_upload(upload_id: UploadId, request: Request, key: Submitter) -> Response:
    """Whole uploads tell their job's id in `NeuralDocFlow-Job`."""
    _check_version(request)
    return Response(status_code=200, headers=_state(_uploads(request).find(key, upload_id)))


@router.patch(
    "/{upload_id}",
    status_code=204,
    response_class=Response,
    responses=problems(400, 404, 408, 409, 412, 413, 415, 422, 423),
    openapi_extra=TUS_PIECE,
    summary="Send more of it",
)
async def continue_upload(
    upload_id: UploadId, request: Request, services: Gateway, key: Submitter
) -> Response:
    """The answer to the last piece has the job's id in `NeuralDocFlow-Job`."""
    _check_version(request)
    if request.headers.get("content-type") != "application/offset+octet-stream":
        raise invalid("Content-Type must be application/offset+octet-stream.", 415)
    with _uploads(request).find(key, upload_id).alone() as upload:
        if _number(request, "Upload-Offset") != upload.offset:
            raise invalid(f"Upload-Offset must be {upload.offset}.", 409)
        try:
            if not upload.job:
                await _write(request, upload)
        except OSError as error:
            raise busy("The document can't be stored now.", 30) from error
        if upload.is_whole and not upload.job:
            await asyncio.to_thread(upload.finished, await _submit(services, key, upload))
        return Response(status_code=204, headers=_state(upload))


@router.delete(
    "/{upload_id}",
    status_code=204,
    response_class=Response,
    responses=problems(404, 412, 422, 423),
    openapi_extra=TUS,
    summary="Give it up",
)
async def give_up_upload(upload_id: UploadId, request: Request, key: Submitter) -> Response:
    _check_version(request)
    with _uploads(request).find(key, upload_id).alone() as upload:
        upload.remove()
    return Response(status_code=204, headers=_HEADERS)


async def _write(request: Request, upload: Upload) -> None:
    """What came stays, even when the connection breaks: the next request goes on there."""
    with upload.open() as file:
        room = upload.length - upload.offset
        async for chunk in chunks(request):
            if len(chunk) > room:
                raise Problem(TooLarge("More bytes came than Upload-Length says."))
            room -= len(chunk)
            await asyncio.to_thread(file.write, chunk)
        file.flush()
        await asyncio.to_thread(os.fsync, file.fileno())


async def _submit(services: Services, key: Key, upload: Upload) -> str:
    """All is there: into the payload store, and submitted. What can't be read is not kept; where the store or
    the log does not answer, the upload is as far as it was before its last byte."""
    metadata = _metadata(upload.metadata)

    def keep() -> Stored:
        with services.submissions.begin() as incoming, upload.path.open("rb") as file:
            while piece := file.read(_COPY):
                incoming.write(piece)
            return services.submissions.keep(
                incoming, metadata.get("filename", ""), metadata.get("filetype", "")
            )

    try:
        stored = await asyncio.to_thread(keep)
    except DocumentError as error:
        upload.remove()
        raise as_problem(error) from error
    except OSError as error:
        raise busy("The document can't be stored now.", 30) from error
    return await services.submissions.submit(key, replace(stored, counted=True), _order(key, metadata))


def _order(key: Key, metadata: dict[str, str]) -> Order:
    return order_of(key, metadata, "rest", metadata.get("idempotencyKey", ""))


def _state(upload: Upload) -> dict[str, str]:
    return {
        **_HEADERS,
        **_expiry(upload),
        "Upload-Offset": str(upload.offset),
        "Upload-Length": str(upload.length),
        **({"Upload-Metadata": upload.metadata} if upload.metadata else {}),
        **({"NeuralDocFlow-Job": upload.job} if upload.job else {}),
    }


def _expiry(upload: Upload) -> dict[str, str]:
    expires = datetime.fromtimestamp(upload.expires, UTC)
    return {"Upload-Expires": format_datetime(expires, usegmt=True)}


def _check_version(request: Request) -> None:
    if request.headers.get("Tus-Resumable") != "1.0.0":
        problem = invalid("Tus-Resumable must be 1.0.0.", 412)
        problem.headers["Tus-Version"] = "1.0.0"
        raise problem


def _number(request: Request, header: str) -> int:
    text = request.headers.get(header, "")
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise invalid(f"{header} must be a number of bytes.")
    return int(text)


def _metadata(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in filter(None, (part.strip() for part in text.split(","))):
        name, _, value = pair.partition(" ")
        try:
            found[name] = base64.b64decode(value, validate=True).decode()
        except ValueError as error:
            raise invalid("Upload-Metadata must be names with base64 values.") from error
        if len(found[name]) > MAX_NAME:
            raise invalid(f"Upload-Metadata: a value has at most {MAX_NAME} characters.")
    return found
