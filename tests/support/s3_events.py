"""The messages AWS puts into a queue when an object is made, as S3's user guide documents them.

The servers the tests start don't send any: a test writes one of these to the queue after its upload.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote_plus


def plain(
    bucket: str, key: str, etag: str | None, size: int | None = 100, name: str = "Put", **about: Any
) -> str:
    """From the bucket itself; ``about`` adds to the object (``versionId``)."""
    told = {
        "key": quote_plus(key, safe="/"),
        "size": size,
        "eTag": etag,
        "sequencer": "0055AED6DC",
        **about,
    }
    record = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": "us-east-1",
        "eventName": f"ObjectCreated:{name}" if ":" not in name else name,
        "s3": {
            "s3SchemaVersion": "1.0",
            "bucket": {"name": bucket, "arn": f"arn:aws:s3:::{bucket}"},
            "object": {name: value for name, value in told.items() if value is not None},
        },
    }
    return json.dumps({"Records": [record]})


def through_sns(bucket: str, key: str, etag: str, size: int = 100) -> str:
    """From a topic the bucket publishes to."""
    envelope = {"Type": "Notification", "MessageId": "1", "TopicArn": "arn:aws:sns:us-east-1:000000000000:t"}
    return json.dumps({**envelope, "Message": plain(bucket, key, etag, size)})


def from_eventbridge(bucket: str, key: str, etag: str, size: int = 100, kind: str = "Object Created") -> str:
    """From a rule of EventBridge; keys are not encoded there."""
    told = {"key": key, "size": size, "etag": etag, "sequencer": "00617F08299329D189"}
    detail = {"version": "0", "bucket": {"name": bucket}, "object": told, "reason": "PutObject"}
    return json.dumps({"version": "0", "detail-type": kind, "source": "aws.s3", "detail": detail})


TEST_EVENT = json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "inbox"})
