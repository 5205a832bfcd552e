"""Documents that come over a WebSocket in pieces: ``upload_begin``, binary frames, ``upload_end``."""

from __future__ import annotations

import asyncio
import base64
import binascii
import secrets
from dataclasses import dataclass
from typing import Any

from neuraldocflow.errors import TooLarge
from neuraldocflow.gateway.keys import Key
from neuraldocflow.gateway.problems import Problem, invalid
from neuraldocflow.gateway.requests import MAX_NAME
from neuraldocflow.gateway.services import Services
from neuraldocflow.gateway.submissions import Stored
from neuraldocflow.payloads import Incoming

_MOST_OPEN, _MOST_FINISHED = 4, 64


@dataclass(slots=True)
class _Upload:
    incoming: Incoming
    filename: str
    content_type: str


class Uploads:
    """The uploads of one session. What is not finished when it ends is dropped."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self.key: Key | None = None
        self._open: dict[str, _Upload] = {}
        self.finished: dict[str, Stored] = {}
        """Whole documents by upload id, to be processed with source ``file``."""
        self._next = ""
        """The upload the next binary frame belongs to."""

    async def begin(self, payload: dict[str, Any]) -> dict[str, Any]:
        """Begin an upload: ``{filename?, contentType?, size?}``."""
        assert self.key is not None
        self._services.submissions.check(self.key, "auto")
        if len(self._open) >= _MOST_OPEN:
            raise invalid(f"There are {_MOST_OPEN} uploads under way: end one first.")
        size = payload.get("size", 0)
        if not isinstance(size, int) or size < 0:
            raise invalid("size must be a number of bytes.")
        if size > self._services.submissions.max_upload_size:
            most = self._services.submissions.max_upload_size
            raise Problem(TooLarge(f"The document is larger than the {most} bytes allowed."))
        upload = _Upload(
            self._services.submissions.begin(), _text(payload, "filename"), _text(payload, "contentType")
        )
        self._next = secrets.token_urlsafe(16)
        self._open[self._next] = upload
        return {"upload_id": self._next, "received": 0}

    async def chunk(self, payload: dict[str, Any]) -> dict[str, Any]:
        """More of an upload: ``data`` in base64; without it the binary frames that follow are meant."""
        upload_id, upload = self._find(payload)
        self._next = upload_id
        if "data" in payload:
            try:
                await self._write(upload_id, base64.b64decode(payload["data"], validate=True))
            except (binascii.Error, TypeError, ValueError) as error:
                raise invalid("data is not base64.") from error
        return {"upload_id": upload_id, "received": upload.incoming.size}

    async def take(self, data: bytes) -> dict[str, Any]:
        """A binary frame."""
        if self._next not in self._open:
            raise invalid("A binary frame belongs to an upload: send upload_begin first.")
        await self._write(self._next, data)
        return {"upload_id": self._next, "received": self._open[self._next].incoming.size}

    async def end(self, payload: dict[str, Any]) -> dict[str, Any]:
        """All is there: ``sha256`` is compared if given."""
        upload_id, upload = self._find(payload)
        expected = payload.get("sha256")
        if expected is not None and expected != upload.incoming.sha256:
            self._drop(upload_id)
            raise invalid("sha256 differs from that of what was received: send it again.")
        if len(self.finished) >= _MOST_FINISHED:
            self.finished.pop(next(iter(self.finished)))
        try:
            self.finished[upload_id] = await asyncio.to_thread(
                self._services.submissions.keep, upload.incoming, upload.filename, upload.content_type
            )
        finally:
            self._drop(upload_id)
        payload_kept = self.finished[upload_id].payload
        return {"upload_id": upload_id, "received": payload_kept.size, "sha256": payload_kept.sha256}

    def close(self) -> None:
        """The session ends."""
        for upload_id in list(self._open):
            self._drop(upload_id)

    async def _write(self, upload_id: str, data: bytes) -> None:
        try:
            await asyncio.to_thread(self._open[upload_id].incoming.write, data)
        except (TooLarge, OSError):
            self._drop(upload_id)
            raise

    def _drop(self, upload_id: str) -> None:
        self._open.pop(upload_id).incoming.abort()

    def _find(self, payload: dict[str, Any]) -> tuple[str, _Upload]:
        upload_id = payload.get("upload_id")
        upload = self._open.get(upload_id) if isinstance(upload_id, str) else None
        if upload is None or not isinstance(upload_id, str):
            raise invalid("There is no such upload under way.")
        return upload_id, upload


def _text(payload: dict[str, Any], name: str) -> str:
    value = payload.get(name, "")
    if not isinstance(value, str) or len(value) > MAX_NAME:
        raise invalid(f"{name} must be a text of at most {MAX_NAME} characters.")
    return value
