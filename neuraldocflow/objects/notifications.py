"""The messages S3 sends about new objects, as a queue gets them: from S3, through SNS, from EventBridge.

Keys in the first two are form-encoded (``a+b%2Bc`` is ``a b+c``), those of EventBridge are as they are.
Formats: "Event message structure" and "EventBridge event message structure" of the Amazon S3 user guide.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

import orjson

from neuraldocflow.errors import NeuralDocFlowError

_DEPTH = 3
_PLAIN = re.compile("[!#-~]{1,256}")


class NotANotification(NeuralDocFlowError):
    """A message that tells of no object; says what it is instead, without its content."""


@dataclass(frozen=True, slots=True)
class Announced:
    """A new object. What the message did not say, or what can't be, is empty, or None for the size."""

    bucket: str
    key: str
    etag: str = ""
    size: int | None = None
    version_id: str = ""
    sequencer: str = ""


def parse(body: str) -> list[Announced]:
    """The new objects of a message; none of a test event or of removals. Raises NotANotification."""
    return list(_announced(body, _DEPTH))


def _announced(body: str, depth: int) -> Iterator[Announced]:
    try:
        message = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise NotANotification("it is not JSON") from error
    if not isinstance(message, dict):
        raise NotANotification("it is not an object")
    if message.get("Type") == "Notification" and isinstance(message.get("Message"), str) and depth:
        yield from _announced(message["Message"], depth - 1)
    elif message.get("Event") == "s3:TestEvent":
        return
    elif isinstance(message.get("Records"), list):
        for record in message["Records"]:
            yield from _of_record(record)
    elif message.get("source") == "aws.s3" and isinstance(message.get("detail"), dict):
        if message.get("detail-type") == "Object Created":
            yield _object(message["detail"], "etag", "version-id", encoded=False)
    else:
        raise NotANotification("it has neither Records nor the detail of an S3 event")


def _of_record(record: Any) -> Iterator[Announced]:
    if not isinstance(record, dict) or not isinstance(record.get("s3"), dict):
        raise NotANotification("one of its records is not of S3")
    if str(record.get("eventName", "")).removeprefix("s3:").startswith("ObjectCreated"):
        yield _object(record["s3"], "eTag", "versionId", encoded=True)


def _object(about: dict[str, Any], etag: str, version: str, *, encoded: bool) -> Announced:
    try:
        bucket, told = about["bucket"]["name"], about["object"]
        key = told["key"]
        size = told.get("size")
        texts = [str(told.get(name) or "") for name in (etag, version, "sequencer")]
    except (KeyError, TypeError, AttributeError) as error:
        raise NotANotification("it names no bucket and key") from error
    if not isinstance(bucket, str) or not isinstance(key, str) or not key:
        raise NotANotification("its bucket or key is not a text")
    name = unquote_plus(key) if encoded else key
    version_id = "" if texts[1] == "null" else texts[1]
    can_be = isinstance(size, int) and 0 <= size < 2**63
    return Announced(
        bucket, name, _plain(texts[0].strip('"')), size if can_be else None, version_id, _plain(texts[2])
    )


def _plain(text: str) -> str:
    """A text that can stand between quotes in a header, as a condition has it; else an empty one."""
    return text if _PLAIN.fullmatch(text) else ""
