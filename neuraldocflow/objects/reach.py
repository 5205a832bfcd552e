"""Whether a bucket and a queue can be used at all: asked once at the start, answered in a sentence."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any

from neuraldocflow.errors import ConfigError
from neuraldocflow.objects.client import (
    code_of,
    endpoint_of,
    has_expired,
    is_gone,
    may_pass,
    queue_client,
    reason_of,
)
from neuraldocflow.outages import Outage

log = logging.getLogger(__name__)

_ALL = "s3:ObjectCreated:*"
PATIENCE = 30.0
"""Seconds a job that starts waits where nothing listens yet."""


def check_bucket(
    client: Any, bucket: str, prefix: str, endpoint: str | None, bucket_key: str, endpoint_key: str
) -> None:
    """Raises ConfigError naming the key at fault; a server that is in trouble just now is only told of."""
    place = f" at {endpoint}" if endpoint else ""
    error = _asked(
        lambda: client.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1), f"s3://{bucket}{place}"
    )
    if error is None:
        return
    if is_gone(error):
        raise ConfigError(
            f"{bucket_key}: there is no bucket {bucket}{place}; make it, or correct the name"
        ) from error
    if _is_refused(error):
        raise ConfigError(
            f"{endpoint_key}: nothing answers{place or ' for AWS from here'}; "
            "correct it, or AWS_ENDPOINT_URL, or start the server"
        ) from error
    if has_expired(error) or not may_pass(error):
        raise ConfigError(f"{bucket_key}: {bucket}{place} {_refused(error)}") from error
    log.warning("s3://%s%s has trouble (%s); it is tried again", bucket, place, reason_of(error))


def queue_of(client: Any, bucket: str, prefix: str, patterns: Sequence[str], where: str) -> str:
    """The URL of the queue that a bucket tells of all new objects with a prefix and one of the patterns.

    Raises ConfigError when it names none.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        told = client.get_bucket_notification_configuration(Bucket=bucket)
        made = [each for each in told.get("QueueConfigurations", []) if _creations(each)]
        found = [each for each in made if _covers(each, prefix, patterns)]
        if found:
            chosen = max(found, key=lambda each: _ALL in each["Events"])
            if _ALL not in chosen["Events"]:
                log.warning(
                    "s3://%s tells %s of %s only: other new objects are found by listing, later",
                    *(bucket, chosen["QueueArn"], ", ".join(_creations(chosen))),
                )
            _, _, _, region, account, name = chosen["QueueArn"].split(":", 5)
            asked = queue_client(endpoint_of(None, "SQS"), region)
            url = asked.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)["QueueUrl"]
            return str(url)
        reason = "the bucket tells no queue of new objects"
        if made:
            filters = "; ".join(f"{each['QueueArn']} of {_filter_told(each)}" for each in made)
            reason = f"the bucket tells no queue of all that is wanted here (it tells {filters})"
    except (ClientError, BotoCoreError, OSError, ValueError) as error:
        reason = f"the bucket's own configuration can't be used for it: {code_of(error)}"
    raise ConfigError(f"{where}.sqs_queue_url: {reason}; give the queue's URL, or correct the bucket")


def _creations(notification: dict[str, Any]) -> list[str]:
    return [event for event in notification["Events"] if event.startswith("s3:ObjectCreated:")]


def _rules(notification: dict[str, Any]) -> list[tuple[str, str]]:
    rules = notification.get("Filter", {}).get("Key", {}).get("FilterRules", [])
    return [(str(rule["Name"]).lower(), str(rule.get("Value", ""))) for rule in rules]


def _covers(notification: dict[str, Any], prefix: str, patterns: Sequence[str]) -> bool:
    """Whether a notification is sent for every key with the prefix and a name that meets a pattern."""
    return all(
        prefix.startswith(value)
        if name == "prefix"
        else all(pattern.lower().endswith(value.lower()) for pattern in patterns)
        for name, value in _rules(notification)
    )


def _filter_told(notification: dict[str, Any]) -> str:
    return " and ".join(f"{name} {value}" for name, value in _rules(notification)) or "everything"


def check_queue(client: Any, url: str, where: str) -> None:
    """Raises ConfigError naming the key at fault; a server that is in trouble just now is only told of."""
    error = _asked(lambda: client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"]), url)
    if error is None:
        return
    if is_gone(error):
        raise ConfigError(
            f"{where}.sqs_queue_url: there is no queue {url}; make it, or correct the URL"
        ) from error
    if _is_refused(error):
        raise ConfigError(f"{where}.sqs_queue_url: nothing answers at {url}; correct it") from error
    if has_expired(error) or not may_pass(error):
        raise ConfigError(f"{where}.sqs_queue_url: {url} {_refused(error)}") from error
    log.warning("%s has trouble (%s); it is tried again", url, reason_of(error))


def _asked(question: Callable[[], object], place: str) -> Exception | None:
    """What went wrong, if anything; where nothing listens, after ``PATIENCE``: servers start too."""
    from botocore.exceptions import BotoCoreError, ClientError

    outage, deadline = Outage(place), time.monotonic() + PATIENCE
    while True:
        try:
            question()
            outage.over()
            return None
        except (ClientError, BotoCoreError, OSError) as error:
            if not _is_refused(error):
                return error
            pause = outage.goes_on(reason_of(error))
            if time.monotonic() + pause > deadline:
                return error
            time.sleep(pause)


def _is_refused(error: Exception) -> bool:
    return code_of(error) == "EndpointConnectionError"


def _refused(error: Exception) -> str:
    """What the credentials lack."""
    code = code_of(error)
    if code in ("NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError"):
        return "needs credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile or a role"
    if code in ("AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "403"):
        return f"refuses these credentials ({code}); correct them, or grant them what docs/s3.md lists"
    return f"can't be used: {code}"
