"""Documents that come over a WebSocket in pieces: ``upload_begin``, binary frames, ``upload_end``."""

from __future__ import annotations

import asyncio
import base64
import secrets
from dataclasses import dataclass, replace
from typing import Any

from neuraldocflow.errors import TooLarge
from neuraldocflow.gateway.actions import UploadBegin, UploadChunk, UploadEnd
from neuraldocflow.gateway.keys import Key
from neuraldocflow.gateway.problems import Problem, invalid
from neuraldocflow.gateway.services import Services
from neuraldocflow.gateway.submissions import Stored
from neuraldocflow.payloads import Incoming
from neuraldocflow.wording import sized

_MOST_OPEN, _MOST_FINISHED = 4, 64


@dataclass(slots=True)
class _Upload:
    incoming: Incoming
    filename: str
    content_type: str


class Uploads:
    """The uploads of one session. What is not finished when it ends is dropped."""

    __slots__ = ("_next", "_open", "_services", "finished", "key")

    def __init__(self, services: Services) -> None:
        self._services = services
        self.key: Key | None = None
        self._open: dict[str, _Upload] = {}
        self.finished: dict[str, Stored] = {}
        """Whole documents by upload id, to be processed with source ``file``."""
        self._next = ""
        """The upload the next binary frame belongs to."""

    async def begin(self, asked: UploadBegin) -> dict[str, Any]:
        assert self.key is not None
        self._services.submissions.check(self.key, "auto")
        if len(self._open) >= _MOST_OPEN:
            raise invalid(f"There are {_MOST_OPEN} uploads under way: end one first.")
        most = self._services.submissions.max_upload_size
        if asked.size > most:
            raise Problem(TooLarge(f"The document is larger than the {sized(most)} allowed."))
        self._services.submissions.count(self.key)
        upload = _Upload(self._services.submissions.begin(), asked.filename, asked.content_type)
        self._next = secrets.token_urlsafe(16)
        self._open[self._next] = upload
        return {"upload_id": self._next, "received": 0}

    async def chunk(self, asked: UploadChunk) -> dict[str, Any]:
        """More of an upload, in base64; or the binary frames that follow are meant."""
        upload = self._find(asked.upload_id)
        self._next = asked.upload_id
        if asked.data is not None:
            try:
                await self._write(asked.upload_id, base64.b64decode(asked.data, validate=True))
            except ValueError as error:
                raise invalid("data is not base64.") from error
        return {"upload_id": asked.upload_id, "received": upload.incoming.size}

    async def take(self, data: bytes) -> None:
        """A binary frame."""
        if self._next not in self._open:
            raise invalid("A binary frame belongs to an upload: send upload_begin first.")
        await self._write(self._next, data)

    async def end(self, asked: UploadEnd) -> dict[str, Any]:
        """All is there."""
        upload_id, upload = asked.upload_id, self._find(asked.upload_id)
        if asked.sha256 is not None and asked.sha256.lower() != upload.incoming.sha256:
            self._drop(upload_id)
            raise invalid("sha256 differs from that of what was received: send it again.")
        if len(self.finished) >= _MOST_FINISHED:
            self.finished.pop(next(iter(self.finished)))
        try:
            kept = await asyncio.to_thread(
                self._services.submissions.keep, upload.incoming, upload.filename, upload.content_type
            )
        finally:
            self._drop(upload_id)
        self.finished[upload_id] = replace(kept, counted=True)
        return {"upload_id": upload_id, "received": kept.payload.size, "sha256": kept.payload.sha256}

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

    def _find(self, upload_id: str) -> _Upload:
        if upload_id not in self._open:
            raise invalid("There is no such upload under way.")
        return self._open[upload_id]
