"""Reading one object: exactly the version that was seen, or a sentence that says why not."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from neuraldocflow.errors import FetchFailed, Unreachable
from neuraldocflow.events import DocumentSource
from neuraldocflow.fetch_queue import Fetcher, Have, lazily
from neuraldocflow.objects.client import (
    code_of,
    endpoint_of,
    is_changed,
    is_gone,
    may_pass,
    parse_uri,
    reason_of,
    s3_client,
)

_CHUNK = 1 << 20


def fetcher_of(client: Any) -> Fetcher:
    """The objects of one S3. The event's ``version``, an etag, must still be the object's."""

    def fetch(source: DocumentSource, have: Have) -> Generator[bytes, None, None]:
        from botocore.exceptions import BotoCoreError, ClientError

        bucket, key, version_id = parse_uri(source.uri)
        wanted: dict[str, str] = {"Bucket": bucket, "Key": key}
        if version_id:
            wanted["VersionId"] = version_id
        if source.version:
            wanted["IfMatch"] = f'"{source.version}"'
        if have.size:
            if have.size == source.size:
                return
            wanted["Range"] = f"bytes={have.size}-"
        try:
            body = client.get_object(**wanted)["Body"]
            try:
                yield from body.iter_chunks(_CHUNK)
            finally:
                body.close()
        except (ClientError, BotoCoreError, OSError) as error:
            raise _told(source, error) from error

    return fetch


def fetcher_at(endpoint: str | None) -> Fetcher:
    """The objects of the S3 at an endpoint (None: the environment's); its client is made at the first use."""
    return lazily(lambda: fetcher_of(s3_client(endpoint_of(endpoint))))


def _told(source: DocumentSource, error: Exception) -> Exception:
    named = f"The object {source.uri}"
    if is_changed(error):
        return FetchFailed(
            f"{named} was replaced after it was seen; its new content is a document of its own."
        )
    if is_gone(error):
        return FetchFailed(f"{named} is gone: it was removed after it was seen.")
    if may_pass(error):
        return Unreachable(reason_of(error))
    return FetchFailed(f"{named} can't be read: {code_of(error)}.")
