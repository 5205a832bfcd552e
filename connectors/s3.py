"""The S3 source's configuration: objects of a bucket, by polling or by SQS notifications."""

from __future__ import annotations

import os

from pydantic import Field

from neuraldocflow.components import SOURCES, Component
from neuraldocflow.values import Priority, Section


class S3Config(Section):
    """Objects under a prefix of a bucket. Credentials come from AWS's own chain, never from this file."""

    bucket: str = Field(min_length=1, description="the bucket's name")
    prefix: str = Field("", description="only keys that start with this")
    polling_interval_ms: int = Field(1000, ge=100, description="time between two listings")
    sqs_notifications: bool = Field(False, description="learn of new objects from an SQS queue instead")
    sqs_queue_url: str | None = Field(None, description="the queue that receives the bucket's events")
    delete_after_processing: bool = Field(False, description="delete an object once its result is durable")
    file_patterns: tuple[str, ...] = Field(("*",), min_length=1, description="names of documents")
    endpoint_url: str | None = Field(None, description="another S3; default: AWS_ENDPOINT_URL, else AWS")
    priority: Priority = "normal"
    profile: str = Field("auto", min_length=1)

    def endpoint(self) -> str | None:
        """The key, else ``AWS_ENDPOINT_URL_S3`` or ``AWS_ENDPOINT_URL``, else AWS (None)."""
        variables = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
        return self.endpoint_url or next(filter(None, map(os.environ.get, variables)), None)


SOURCES.add(Component("s3", S3Config))
