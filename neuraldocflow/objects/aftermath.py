"""What is done with an object whose result is durable: deleted, moved or tagged, if it is still the same."""

from __future__ import annotations

import errno
import hashlib
import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

from neuraldocflow.objects.client import head_of, is_changed, is_gone, may_pass, reason_of
from neuraldocflow.objects.ledger import ObjectLedger
from neuraldocflow.outages import Outage

log = logging.getLogger(__name__)

_AGAIN = 1.0
FROM = "neuraldocflow-from"
"""Metadata of a moved object that says which version of which key it is a copy of. The etag does not: that of
an object in parts follows from its parts."""
_KEPT = ("CacheControl", "ContentDisposition", "ContentEncoding", "ContentLanguage", "ContentType", "Expires")


@dataclass(frozen=True, slots=True)
class Wishes:
    """What to do. ``moved`` and ``failed`` are prefixes in the same bucket, or None."""

    delete: bool = False
    moved: str | None = None
    failed: str | None = None
    tag: bool = False

    def __bool__(self) -> bool:
        return self.delete or self.tag or self.moved is not None or self.failed is not None


class Aftermath:
    """Does what the ledger says is left to do, in a thread, until it is done."""

    def __init__(self, client: Any, bucket: str, prefix: str, wishes: Wishes, ledger: ObjectLedger) -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = prefix
        self._wishes = wishes
        self._ledger = ledger
        self._outage = Outage(f"s3://{bucket}, where processed objects are to be changed,")
        self._news = threading.Event()
        self._stop = threading.Event()
        self._working = threading.Lock()
        self._thread: threading.Thread | None = None
        self._given_up = False
        self.fault: Exception | None = None
        """What ended the thread, if it was not :meth:`stop`."""

    def start(self) -> None:
        if self._wishes and self._thread is None:
            self._thread = threading.Thread(target=self._run, name="s3-aftermath", daemon=True)
            self._thread.start()

    def tell(self) -> None:
        """There is something new in the ledger; done at once, here, when the thread has been stopped."""
        if self._stop.is_set():  # a server that is away must not hold up the job's end
            self._given_up = self._given_up or self._work() is not None
        else:
            self.start()
            self._news.set()

    def stop(self) -> None:
        """End the thread; the rest is done by :meth:`tell`, or after the next start."""
        self._stop.set()
        self._news.set()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self._news.clear()
                pause = self._work()
                if pause is None:
                    self._news.wait(_AGAIN)
                else:
                    self._stop.wait(pause)
        except Exception as error:
            log.exception("changing processed objects of %s ended by a fault", self._bucket)
            self.fault = error

    def _work(self) -> float | None:
        """Do what is left; seconds to wait when the server has trouble."""
        from botocore.exceptions import BotoCoreError, ClientError

        with self._working:
            for key, etag, outcome in self._ledger.to_do():
                try:
                    taken_away = self._do(key, etag, outcome)
                except (ClientError, BotoCoreError, OSError) as error:
                    if may_pass(error):
                        self._ledger.postpone(key, etag)  # it may be this one alone that always fails
                        return self._outage.goes_on(reason_of(error))
                    taken_away = is_changed(error) or is_gone(error)
                    if not taken_away:
                        log.warning(
                            "s3://%s/%s is done but can't be deleted, moved or tagged: %s; it stays as it is",
                            *(self._bucket, key, reason_of(error)),
                        )
                else:
                    self._outage.over()
                self._ledger.settle(key, etag, taken_away=taken_away)
        return None

    def _do(self, key: str, etag: str, outcome: dict[str, Any]) -> bool:
        """Whether the object is gone from its place then. Raises what S3 raises; 412 and 404 say that the
        object is another one now, or gone."""
        failed = outcome["status"] == "failed"
        target = self._wishes.failed if failed else self._wishes.moved
        if self._wishes.tag:
            self._tag(key, etag, outcome)
        if target is not None:
            self._move(key, etag, target)
        elif self._wishes.delete and not failed:
            self._delete(key, etag)
        else:
            return False
        return True

    def _delete(self, key: str, etag: str) -> None:
        self._same(key, etag)  # for servers that don't know the condition on a deletion
        self._client.delete_object(Bucket=self._bucket, Key=key, IfMatch=f'"{etag}"')

    def _same(self, key: str, etag: str) -> dict[str, Any]:
        return head_of(self._client, Bucket=self._bucket, Key=key, IfMatch=f'"{etag}"')

    def _move(self, key: str, etag: str, target: str) -> None:
        head = self._same(key, etag)
        mark = mark_of(key, etag)
        for free in names_of(target + key.removeprefix(self._prefix)):
            there = self._there(free)
            if there is None:
                kept = {name: head[name] for name in _KEPT if name in head}
                self._copy(key, etag, free, {**kept, "Metadata": {**head.get("Metadata", {}), FROM: mark}})
                break
            if there.get("Metadata", {}).get(FROM) == mark:
                break  # copied before, and interrupted before it was deleted
        self._delete(key, etag)

    def _copy(self, key: str, etag: str, target: str, about: dict[str, Any]) -> None:
        """Whole or not at all; large objects go in parts."""
        from s3transfer.exceptions import S3CopyFailedError

        how = {"CopySourceIfMatch": f'"{etag}"', "MetadataDirective": "REPLACE", "TaggingDirective": "COPY"}
        source = {"Bucket": self._bucket, "Key": key}
        try:
            self._client.copy(source, self._bucket, target, ExtraArgs={**how, **about})
        except S3CopyFailedError as error:  # said of a part whose object was replaced meanwhile
            self._same(key, etag)
            raise OSError(errno.EAGAIN, "the object was another one for a moment") from error

    def _there(self, key: str) -> dict[str, Any] | None:
        from botocore.exceptions import ClientError

        try:
            return head_of(self._client, Bucket=self._bucket, Key=key)
        except ClientError as error:
            if is_gone(error):
                return None
            raise

    def _tag(self, key: str, etag: str, outcome: dict[str, Any]) -> None:
        self._same(key, etag)
        tags = self._client.get_object_tagging(Bucket=self._bucket, Key=key)["TagSet"]
        ours = {"neuraldocflow-status": outcome["status"], "neuraldocflow-job": outcome["id"]}
        kept = [tag for tag in tags if tag["Key"] not in ours]
        added = [{"Key": name, "Value": value} for name, value in ours.items()]
        self._client.put_object_tagging(Bucket=self._bucket, Key=key, Tagging={"TagSet": kept + added})


def mark_of(key: str, etag: str) -> str:
    """What :data:`FROM` says of a copy."""
    return hashlib.sha256(f"{key} {etag}".encode("utf-8", "surrogatepass")).hexdigest()


def names_of(name: str) -> Iterator[str]:
    """Where an object is moved to, the first that is free: ``a.pdf``, ``a (2).pdf``, ``a (3).pdf`` …"""
    folder, slash, last = name.rpartition("/")
    stem, dot, suffix = last.rpartition(".")
    if not stem:
        stem, dot, suffix = last, "", ""
    yield name
    for number in count(2):
        yield f"{folder}{slash}{stem} ({number}){dot}{suffix}"
