"""Clients of S3 and SQS, and what their errors mean."""

from __future__ import annotations

import os
import re
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from neuraldocflow.errors import ConfigError

_REGION = "us-east-1"
_PASSING_CODES = {"SlowDown", "Throttling", "ThrottlingException", "RequestTimeout", "RequestLimitExceeded"}
_EXPIRED_CODES = {"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"}
_EXPIRED_CODES |= {"RequestTimeTooSkewed"}
_GONE = {"NoSuchKey", "NoSuchVersion", "NoSuchBucket", "QueueDoesNotExist"}
_GONE |= {"AWS.SimpleQueueService.NonExistentQueue", "NonExistentQueue"}


def endpoint_of(given: str | None, service: str = "S3") -> str | None:
    """A configured endpoint, else ``AWS_ENDPOINT_URL_SERVICE`` or ``AWS_ENDPOINT_URL``, else AWS (None)."""
    variables = (f"AWS_ENDPOINT_URL_{service}", "AWS_ENDPOINT_URL")
    return given or next(filter(None, map(os.environ.get, variables)), None)


def s3_client(endpoint: str | None, *, connections: int = 16) -> Any:
    """A thread-safe client; credentials and region come by AWS's own chain. Raises ConfigError."""
    return _client("s3", endpoint, None, connections)


def sqs_client(queue_url: str) -> Any:
    """A client for the server, and the region, that a queue's URL names. Raises ConfigError."""
    place = urlsplit(queue_url)
    region = re.search(r"(?:^|\.)sqs\.([a-z0-9-]+)\.amazonaws\.com", place.netloc)
    return queue_client(f"{place.scheme}://{place.netloc}", region[1] if region else None)


def queue_client(endpoint: str | None, region: str | None) -> Any:
    """A client of SQS. Raises ConfigError."""
    return _client("sqs", endpoint, region, 8)


def _client(service: str, endpoint: str | None, region: str | None, connections: int) -> Any:
    try:
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError
    except ImportError as error:
        raise ConfigError("sources of type s3 need boto3: pip install 'neuraldocflow[s3]'") from error
    addressing: dict[str, Any] = {"s3": {"addressing_style": "path"}} if endpoint else {}
    config = Config(
        connect_timeout=5,
        read_timeout=30,
        retries={"total_max_attempts": 2, "mode": "standard"},
        max_pool_connections=connections,
        request_checksum_calculation="when_required",  # servers other than AWS's don't know the new ones
        response_checksum_validation="when_required",
        **addressing,
    )
    try:
        session = boto3.session.Session()
        chosen = region or session.region_name or _REGION
        return session.client(service, endpoint_url=endpoint, region_name=chosen, config=config)
    except (BotoCoreError, ValueError) as error:
        raise ConfigError(f"a client of {service} can't be made: {error}") from error


def code_of(error: Exception) -> str:
    """The server's code (``NoSuchKey``, ``404``), or the name of what happened on the way."""
    response = getattr(error, "response", None)
    if isinstance(response, dict):
        return str(response.get("Error", {}).get("Code") or _status(error))
    return type(error).__name__


def _status(error: Exception) -> int:
    response = getattr(error, "response", None) or {}
    return int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def reason_of(error: Exception) -> str:
    """What went wrong, in a few words for a log: never what the server wrote beside it."""
    status = _status(error)
    return f"{status} {code_of(error)}" if status and str(status) != code_of(error) else code_of(error)


def head_of(client: Any, **wanted: Any) -> dict[str, Any]:
    """What ``head_object`` tells. The server's code of a refusal comes by a GET where the status could mean
    anything: the answer to a HEAD has no room for one."""
    from botocore.exceptions import ClientError

    try:
        return dict(client.head_object(**wanted))
    except ClientError as error:
        if code_of(error) == "400":
            client.get_object(**wanted, Range="bytes=0-0")["Body"].close()
        raise


def may_pass(error: Exception) -> bool:
    """Whether the same call may go well later: a server in trouble, a connection lost, too many calls,
    credentials that have to be renewed."""
    from botocore.exceptions import ClientError, HTTPClientError, IncompleteReadError
    from botocore.exceptions import ConnectionError as LostConnection

    if isinstance(error, ClientError):
        in_trouble = (_status(error) >= 500 and _status(error) != 501) or code_of(error) in _PASSING_CODES
        return in_trouble or has_expired(error)
    passing = (LostConnection, HTTPClientError, IncompleteReadError, OSError)
    return isinstance(error, passing) or has_expired(error)


def has_expired(error: Exception) -> bool:
    """Whether credentials were good and have to be renewed, or can't be renewed just now: that says nothing
    of the object."""
    from botocore.exceptions import (
        ClientError,
        CredentialRetrievalError,
        MetadataRetrievalError,
        SSOError,
        TokenRetrievalError,
    )

    if isinstance(error, ClientError):
        return code_of(error) in _EXPIRED_CODES
    renewing = (CredentialRetrievalError, MetadataRetrievalError, SSOError, TokenRetrievalError)
    return isinstance(error, renewing)


def is_gone(error: Exception) -> bool:
    """Whether the object, bucket or queue is not there."""
    return _status(error) == 404 or code_of(error) in _GONE


def is_changed(error: Exception) -> bool:
    """Whether a condition on the etag did not hold."""
    return _status(error) == 412


def uri_of(bucket: str, key: str, version_id: str = "") -> str:
    """``s3://BUCKET/KEY``, the key percent-encoded; ``?versionId=`` names one version of it."""
    return f"s3://{bucket}/{quote(key)}" + (f"?versionId={quote(version_id)}" if version_id else "")


def parse_uri(uri: str) -> tuple[str, str, str]:
    """Bucket, key and version id (empty: the latest) of :func:`uri_of`."""
    parts = urlsplit(uri)
    name, _, version = parts.query.partition("=")
    return parts.netloc, unquote(parts.path[1:]), unquote(version) if name == "versionId" else ""
