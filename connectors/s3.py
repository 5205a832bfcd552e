"""Objects of a bucket: each version becomes a document, found by listing or by SQS notifications.

At least once, visible once: a version is emitted, always with the same id, until its result is durable; only
then is it noted as done, its notification deleted, and the object deleted, moved or tagged if that is wanted.
"""

from __future__ import annotations

import os
import queue
from functools import partial
from mimetypes import guess_type
from pathlib import Path
from typing import Self

from bytewax.inputs import FixedPartitionedSource
from pydantic import Field, model_validator

from neuraldocflow.arrivals import QueuedArrivals
from neuraldocflow.components import SOURCES, Acknowledgement, Component, SourceContext
from neuraldocflow.errors import DocumentError, Empty, FetchFailed
from neuraldocflow.events import DocumentSource, NewDocument
from neuraldocflow.fetch_queue import Fetcher
from neuraldocflow.folders.walk import is_document
from neuraldocflow.identity import document_id
from neuraldocflow.objects.aftermath import Aftermath, Wishes
from neuraldocflow.objects.client import endpoint_of, parse_uri, s3_client, sqs_client, uri_of
from neuraldocflow.objects.fetch import fetcher_at, fetcher_of
from neuraldocflow.objects.intake import Found, Intake
from neuraldocflow.objects.ledger import AFTER_LISTING, AFTER_MESSAGES, ObjectLedger
from neuraldocflow.objects.listing import Lister
from neuraldocflow.objects.reach import check_bucket, check_queue, queue_of
from neuraldocflow.objects.receiving import Receiver
from neuraldocflow.results import ErrorInfo
from neuraldocflow.values import Priority, Section

_LATE = 300.0
"""Seconds after which a message about an object is no longer waited for, and a listing brings it."""


class S3Config(Section):
    """Objects under a prefix of a bucket. Credentials come from AWS's own chain, never from this file."""

    bucket: str = Field(min_length=1, description="the bucket's name")
    prefix: str = Field("", description="only keys that start with this")
    polling_interval_ms: int = Field(
        1000, ge=100, description="time between two listings; with sqs_notifications reconcile_interval_ms is"
    )
    sqs_notifications: bool = Field(False, description="learn of new objects from an SQS queue instead")
    reconcile_interval_ms: int = Field(
        900_000,
        ge=1_000,
        description="with sqs_notifications: time between two listings, for what no message told",
    )
    sqs_queue_url: str | None = Field(
        None, description="the queue of the bucket's events; default: the one the bucket itself names"
    )
    visibility_timeout_ms: int = Field(
        60_000, ge=2_000, le=43_200_000, description="how long a crashed job's messages stay hidden"
    )
    delete_after_processing: bool = Field(False, description="delete an object once its result is durable")
    move_processed_to: str | None = Field(None, min_length=1, description="move it to this prefix instead")
    move_failed_to: str | None = Field(None, min_length=1, description="move failed ones to this prefix")
    tag_processed: bool = Field(False, description="tag objects with neuraldocflow-status and -job")
    file_patterns: tuple[str, ...] = Field(("*",), min_length=1, description="names of documents")
    partitions: int = Field(4, ge=1, le=256, description="shares of the keys, spread over the job's workers")
    endpoint_url: str | None = Field(None, description="another S3; default: AWS_ENDPOINT_URL, else AWS")
    priority: Priority = "normal"
    profile: str = Field("auto", min_length=1)

    @model_validator(mode="after")
    def _one_end(self) -> Self:
        if self.delete_after_processing and self.move_processed_to:
            raise ValueError("delete_after_processing and move_processed_to exclude each other; choose one")
        for key in ("move_processed_to", "move_failed_to"):
            if (moved := getattr(self, key)) is not None and self.prefix.startswith(moved):
                raise ValueError(
                    f"{key}: all objects under the prefix {self.prefix!r} count as moved to {moved!r} "
                    "already, and none is read; choose another"
                )
        if self.sqs_queue_url is not None and not self.sqs_queue_url.startswith(("http://", "https://")):
            raise ValueError("sqs_queue_url must be a URL, as `aws sqs get-queue-url` prints it")
        return self

    def endpoint(self) -> str | None:
        """The key, else ``AWS_ENDPOINT_URL_S3`` or ``AWS_ENDPOINT_URL``, else AWS (None)."""
        return endpoint_of(self.endpoint_url)

    def wants(self, key: str) -> bool:
        """Whether an object is a document: not a folder's marker, nor one that was moved away."""
        if not key.startswith(self.prefix) or key.endswith("/"):
            return False
        moved = tuple(filter(None, (self.move_processed_to, self.move_failed_to)))
        return not key.startswith(moved) and is_document(key.rpartition("/")[2], self.file_patterns)


class S3Source(FixedPartitionedSource[NewDocument, None]):
    """NewDocument events of a bucket's objects, shared out to partitions by the key's hash.

    Guarantee: every version that is listed, or announced, is emitted at least once until it is acknowledged,
    always with the same id; nothing is deleted, from the bucket or the queue, before that.
    """

    def __init__(self, name: str, config: S3Config, context: SourceContext) -> None:
        self._name = name
        self._config = config
        self._context = context
        where = f"stream_sources.{name}.config"
        self._client = s3_client(config.endpoint())
        keys = f"{where}.bucket", f"{where}.endpoint_url"
        check_bucket(self._client, config.bucket, config.prefix, config.endpoint(), *keys)
        self._ledger = self._ledger_of(config.bucket)
        moved_to = self._ledger.targets([*filter(None, (config.move_processed_to, config.move_failed_to))])
        self._not_read = tuple(prefix for prefix in moved_to if not config.prefix.startswith(prefix))
        """What was moved to former prefixes is there still; one that is watched itself is asked for."""
        self._intake = Intake(config.partitions, self._ledger, context.arrived.set)
        self._wishes = Wishes(
            config.delete_after_processing,
            config.move_processed_to,
            config.move_failed_to,
            config.tag_processed,
        )
        self._aftermath = Aftermath(self._client, config.bucket, config.prefix, self._wishes, self._ledger)
        self._receiver = self._make_receiver(where) if config.sqs_notifications else None
        self._lister = self._make_lister()
        self._finders = [each for each in (self._receiver, self._lister) if each is not None]
        self._open = 0

    def fetcher(self) -> Fetcher:
        """How this source's objects are read: its endpoint may not be everybody's."""
        return fetcher_of(self._client)

    def list_parts(self) -> list[str]:
        return [f"{part:03d}" for part in range(self._config.partitions)]

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> S3Partition:
        part = int(for_part)
        arriving = self._intake.open(part)
        self._open += 1
        for finder in self._finders:
            finder.start()
        if part == 0:
            self._aftermath.start()
        return S3Partition(self, part, arriving, self._context)

    def acknowledge(self, event: NewDocument, outcome: Acknowledgement) -> None:
        """The document's result is durable. Safe to call again."""
        if event.source.kind != "s3":
            return  # of a source of another type, which had the name before
        bucket, key, _ = parse_uri(event.source.uri)
        told = {"status": outcome.status, "id": event.id} if self._wishes else None
        version = (key, event.source.version)
        if bucket != self._config.bucket:  # the source's former one: what is to be done is, when it is again
            if os.path.exists(self._place_of(bucket)):  # else none of this source's
                self._ledger_of(bucket).add(*version, told)
            return
        self._ledger.add(*version, told)
        self._intake.done(version)
        self._aftermath.tell()
        if self._receiver is not None:
            self._receiver.news(version)

    def _place_of(self, bucket: str) -> Path:
        return self._context.state_directory / "sources" / f"{self._name}@{bucket}.db"

    def _ledger_of(self, bucket: str) -> ObjectLedger:
        return ObjectLedger(self._place_of(bucket))

    def _wants(self, key: str) -> bool:
        return self._config.wants(key) and not key.startswith(self._not_read)

    def event(self, found: Found) -> NewDocument:
        """The event of an object; its id follows from source, key and etag, however it was found."""
        uri = uri_of(self._config.bucket, found.key)
        filename = found.key.rpartition("/")[2]
        problem: DocumentError | None = None
        if found.problem:
            problem = FetchFailed(f"The object {uri} {found.problem}")
        elif found.size == 0:
            problem = Empty("The object has no bytes.")
        return NewDocument(
            id=document_id(self._name, "", uri, found.etag),
            origin=f"/sources/{self._name}",
            source=DocumentSource(
                kind="s3",
                uri=uri_of(self._config.bucket, found.key, found.version_id),
                size=found.size,
                filename=filename,
                content_type=guess_type(filename)[0] or "",
                version=found.etag,
                through=self._name,
            ),
            profile=self._config.profile,
            priority=self._config.priority,
            error=None if problem is None else ErrorInfo.model_validate(problem.to_dict()),
        )

    def drained(self, part: int) -> bool:
        """Whether a partition has been given everything. Raises RuntimeError when nobody looks any more."""
        for each in (*self._finders, self._aftermath):
            if each.fault is not None:
                raise RuntimeError(f"work on the bucket {self._config.bucket} ended") from each.fault
        return all(finder.drained(part) for finder in self._finders)

    def close_part(self) -> None:
        """After the last one of this process, what is acknowledged is dealt with at once."""
        self._open -= 1
        if not self._open:
            self._intake.stop.set()
            self._aftermath.stop()
            for finder in self._finders:
                finder.stop()

    def _make_receiver(self, where: str) -> Receiver:
        config = self._config
        url = config.sqs_queue_url or queue_of(
            self._client, config.bucket, config.prefix, config.file_patterns, where
        )
        client = sqs_client(url)
        check_queue(client, url, where)
        return Receiver(
            client,
            url,
            self._client,
            config.bucket,
            self._wants,
            self._ledger,
            self._intake,
            visibility=-(-config.visibility_timeout_ms // 1000),
            once=self._context.once,
        )

    def _make_lister(self) -> Lister:
        config, messages = self._config, self._config.sqs_notifications
        interval = (config.reconcile_interval_ms if messages else config.polling_interval_ms) / 1000
        return Lister(
            self._client,
            config.bucket,
            config.prefix,
            self._wants,
            self._ledger,
            self._intake,
            interval=interval,
            once=self._context.once,
            age=min(interval, _LATE) if messages and not self._context.once else 0.0,
            forget_after=AFTER_MESSAGES if messages else AFTER_LISTING,
        )


class S3Partition(QueuedArrivals[Found]):
    """A share of the keys."""

    def __init__(
        self, source: S3Source, part: int, arriving: queue.Queue[Found], context: SourceContext
    ) -> None:
        super().__init__(context, arriving, source.event, partial(source.drained, part))
        self._source = source

    def close(self) -> None:
        self._source.close_part()


SOURCES.add(Component("s3", S3Config, S3Source, fetcher=lambda config: fetcher_at(config.endpoint_url)))
