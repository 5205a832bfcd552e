"""Whether a bucket and a queue can be used at all: asked once at the start, answered in a sentence."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from neuraldocflow.errors import ConfigError
from neuraldocflow.objects.client import code_of, endpoint_of, is_gone, may_pass, queue_client, reason_of
from neuraldocflow.outages import Outage

log = logging.getLogger(__name__)

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
    if not may_pass(error):
        raise ConfigError(f"{bucket_key}: {bucket}{place} {_refused(error)}") from error
    log.warning("s3://%s%s has trouble (%s); it is tried again", bucket, place, reason_of(error))


def queue_of(client: Any, bucket: str, where: str) -> str:
    """The URL of the queue that a bucket sends its events to. Raises ConfigError when it names none."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        told = client.get_bucket_notification_configuration(Bucket=bucket)
        arns = [
            each["QueueArn"]
            for each in told.get("QueueConfigurations", [])
            if any(event.startswith("s3:ObjectCreated") for event in each["Events"])
        ]
        if arns:
            _, _, _, region, account, name = arns[0].split(":", 5)
            asked = queue_client(endpoint_of(None, "SQS"), region)
            found = asked.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)
            return str(found["QueueUrl"])
        reason = "the bucket sends its events to no queue"
    except (ClientError, BotoCoreError, OSError, ValueError) as error:
        reason = f"the bucket's own configuration can't be used for it: {code_of(error)}"
    raise ConfigError(f"{where}.sqs_queue_url: {reason}; give the queue's URL")


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
    if not may_pass(error):
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
