"""Resumable uploads by the tus 1.0 protocol, so that standard uploaders work (https://tus.io/protocols).

An upload is a file of its own beside a small description; when its last byte has come it is processed as its
metadata says (``filename``, ``filetype``, ``profile`` and the options) and the answer names the job.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import os
import re
import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path as FilePath
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Path, Request, Response

from neuraldocflow.errors import DocumentError, TooLarge
from neuraldocflow.gateway.access import Gateway, Submitter, problems
from neuraldocflow.gateway.keys import Key
from neuraldocflow.gateway.problems import Problem, as_problem, busy, invalid, not_found
from neuraldocflow.gateway.receiving import chunks
from neuraldocflow.gateway.requests import MAX_NAME, options_from
from neuraldocflow.gateway.services import Services
from neuraldocflow.gateway.submissions import Order

router = APIRouter(prefix="/api/v1/uploads", tags=["resumable uploads"])

_KEPT_SECONDS = 86_400.0
_COPY = 1 << 20
_ID = re.compile(r"[A-Za-z0-9_-]{22}")
_HEADERS = {"Tus-Resumable": "1.0.0", "Cache-Control": "no-store"}
_NO_UPLOAD = "There is no such upload, or it is too old."
UploadId = Annotated[str, Path(min_length=1, max_length=64)]


@dataclass(slots=True)
class _Upload:
    """An upload under way: ``folder/ID`` has its bytes, ``folder/ID.json`` the rest."""

    path: FilePath
    length: int
    tenant: str
    metadata: dict[str, str]

    @property
    def offset(self) -> int:
        return self.path.stat().st_size

    @property
    def expires(self) -> float:
        return self.path.stat().st_mtime + _KEPT_SECONDS

    def save(self) -> None:
        about = {"length": self.length, "tenant": self.tenant, "metadata": self.metadata}
        self.path.touch()
        _about(self.path).write_bytes(orjson.dumps(about))

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)
        _about(self.path).unlink(missing_ok=True)


class Uploads:
    """The uploads in a folder; one request at a time changes one."""

    def __init__(self, folder: FilePath) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._locks: dict[str, asyncio.Lock] = {}

    def create(self, key: Key, length: int, metadata: dict[str, str]) -> str:
        """A new one; those that were given up are removed."""
        for old in self._folder.glob("*.json"):
            with contextlib.suppress(OSError):
                if old.stat().st_mtime + _KEPT_SECONDS < time.time():
                    _Upload(old.with_suffix(""), 0, "", {}).remove()
        upload_id = secrets.token_urlsafe(16)
        _Upload(self._folder / upload_id, length, key.tenant, metadata).save()
        return upload_id

    def find(self, key: Key, upload_id: str) -> _Upload:
        """A tenant's upload. Raises Problem."""
        path = self._folder / upload_id
        try:
            if not _ID.fullmatch(upload_id):
                raise FileNotFoundError
            about = orjson.loads(_about(path).read_bytes())
        except (OSError, orjson.JSONDecodeError) as error:
            raise not_found(_NO_UPLOAD) from error
        if about["tenant"] != key.tenant:
            raise not_found(_NO_UPLOAD)
        return _Upload(path, about["length"], about["tenant"], about["metadata"])

    @contextlib.asynccontextmanager
    async def alone(self, upload_id: str) -> Any:
        """Nobody else writes to it meanwhile. Raises Problem where somebody does."""
        lock = self._locks.setdefault(upload_id, asyncio.Lock())
        if lock.locked():
            raise invalid("Another request writes to this upload now.", 423)
        try:
            async with lock:
                yield
        finally:
            self._locks.pop(upload_id, None)


def _about(path: FilePath) -> FilePath:
    return path.with_name(f"{path.name}.json")


def _uploads(request: Request) -> Uploads:
    found: Uploads = request.app.state.uploads
    return found


@router.options("", status_code=204, summary="What of tus is supported")
async def options(services: Gateway) -> Response:
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
    responses=problems(400, 404, 412, 413, 422, 503),
    summary="Begin an upload",
)
async def create(request: Request, services: Gateway, key: Submitter) -> Response:
    """`Upload-Length` is needed; `Upload-Metadata` may have filename, filetype, profile and priority."""
    _check_version(request)
    length = _number(request, "Upload-Length")
    if length > services.submissions.max_upload_size:
        raise Problem(
            TooLarge(f"The document is larger than the {services.submissions.max_upload_size} bytes.")
        )
    metadata = _metadata(request.headers.get("Upload-Metadata", ""))
    services.submissions.check(key, metadata.get("profile", "auto"))
    _order(key, metadata)
    upload_id = await asyncio.to_thread(_uploads(request).create, key, length, metadata)
    return Response(status_code=201, headers={**_HEADERS, "Location": f"/api/v1/uploads/{upload_id}"})


@router.head(
    "/{upload_id}", response_class=Response, responses=problems(404, 412, 422), summary="How far it is"
)
async def head(upload_id: UploadId, request: Request, key: Submitter) -> Response:
    _check_version(request)
    upload = _uploads(request).find(key, upload_id)
    return Response(status_code=200, headers=_state(upload))


@router.patch(
    "/{upload_id}",
    status_code=204,
    response_class=Response,
    responses=problems(400, 404, 408, 409, 412, 413, 415, 422, 423, 503),
    summary="Send more of it",
)
async def patch(upload_id: UploadId, request: Request, services: Gateway, key: Submitter) -> Response:
    """The answer to the last piece has the job's id in `NeuralDocFlow-Job`."""
    _check_version(request)
    if request.headers.get("content-type") != "application/offset+octet-stream":
        raise invalid("Content-Type must be application/offset+octet-stream.", 415)
    uploads = _uploads(request)
    async with uploads.alone(upload_id):
        upload = uploads.find(key, upload_id)
        if _number(request, "Upload-Offset") != upload.offset:
            raise invalid(f"Upload-Offset must be {upload.offset}.", 409)
        try:
            await _write(request, upload)
        except OSError as error:
            raise busy("The document can't be stored now.", 30) from error
        if upload.offset < upload.length:
            return Response(status_code=204, headers=_state(upload))
        job = await _finish(services, key, upload)
        return Response(
            status_code=204,
            headers={**_HEADERS, "Upload-Offset": str(upload.length), "NeuralDocFlow-Job": job},
        )


@router.delete(
    "/{upload_id}",
    status_code=204,
    response_class=Response,
    responses=problems(404, 412, 422),
    summary="Give it up",
)
async def delete(upload_id: UploadId, request: Request, key: Submitter) -> Response:
    _check_version(request)
    _uploads(request).find(key, upload_id).remove()
    return Response(status_code=204, headers=_HEADERS)


async def _write(request: Request, upload: _Upload) -> None:
    """What came stays, even when the connection breaks: the next request goes on there."""
    with upload.path.open("ab") as file:
        room = upload.length - upload.offset
        async for chunk in chunks(request):
            if len(chunk) > room:
                raise Problem(TooLarge("More bytes came than Upload-Length says."))
            room -= len(chunk)
            await asyncio.to_thread(file.write, chunk)
        file.flush()
        await asyncio.to_thread(os.fsync, file.fileno())


async def _finish(services: Services, key: Key, upload: _Upload) -> str:
    """All is there: into the payload store, and submitted. What can't be read is not kept."""

    def keep() -> Any:
        with services.submissions.begin() as incoming, upload.path.open("rb") as file:
            while piece := file.read(_COPY):
                incoming.write(piece)
            return services.submissions.keep(
                incoming, upload.metadata.get("filename", ""), upload.metadata.get("filetype", "")
            )

    try:
        stored = await asyncio.to_thread(keep)
    except DocumentError as error:
        upload.remove()
        raise as_problem(error) from error
    except OSError as error:
        raise busy("The document can't be stored now.", 30) from error
    job = await services.submissions.submit(key, stored, _order(key, upload.metadata))
    upload.remove()
    return job


def _order(key: Key, metadata: dict[str, str]) -> Order:
    return Order(tenant=key.tenant, profile=metadata.get("profile") or "auto", options=options_from(metadata))


def _state(upload: _Upload) -> dict[str, str]:
    return {
        **_HEADERS,
        "Upload-Offset": str(upload.offset),
        "Upload-Length": str(upload.length),
        "Upload-Expires": format_datetime(datetime.fromtimestamp(upload.expires, UTC), usegmt=True),
    }


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
            found[name] = base64.b64decode(value, validate=True).decode()[:MAX_NAME]
        except (binascii.Error, ValueError) as error:
            raise invalid("Upload-Metadata must be names with base64 values.") from error
    return found
