"""API keys: kept hashed in one file, each with a tenant, scopes, a rate and a quota.

A key's text is ``ndf_ID_SECRET``; the file has the SHA-256 of it, which is enough for 256 random bits. Beside
them it has the secret of the offsets, which all gateways that share the file need too.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, get_args

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from neuraldocflow.errors import ConfigError

Scope = Literal["submit", "read", "metrics", "admin"]
"""``metrics`` is for who runs the service: they count all tenants' documents, and no other scope has it."""
SCOPES: tuple[Scope, ...] = get_args(Scope)


class Key(BaseModel):
    """What a key may do. ``rate`` is requests a minute, ``quota`` documents a day (UTC); None is no limit."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    name: str = ""
    tenant: str = Field("default", pattern=r"^[A-Za-z0-9_.-]{1,64}$")
    scopes: tuple[Scope, ...] = ("submit", "read")
    rate: int | None = Field(None, ge=1)
    quota: int | None = Field(None, ge=1)
    created: datetime
    digest: str = Field(repr=False)

    def may(self, scope: Scope) -> bool:
        """Whether the key has a scope; ``admin`` includes the others but ``metrics``."""
        return scope in self.scopes or ("admin" in self.scopes and scope != "metrics")


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    offsets_secret: str = Field("", pattern=r"^([0-9a-f]{128})?$", repr=False)
    keys: list[Key] = []


class KeyStore:
    """The keys in a file, read again when it changes. Safe for several processes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read: tuple[int, int] = (-1, -1)
        self._keys: dict[str, Key] = {}
        self._secret = ""

    def all(self) -> list[Key]:
        """Every key, the oldest first. Raises ConfigError where the file can't be used."""
        self._refresh()
        return sorted(self._keys.values(), key=lambda key: key.created)

    def create(
        self,
        name: str = "",
        tenant: str = "default",
        scopes: tuple[Scope, ...] = ("submit", "read"),
        *,
        rate: int | None = None,
        quota: int | None = None,
        text: str = "",
    ) -> tuple[Key, str]:
        """A new key and its text, which can't be had again. ``text`` imports a key made elsewhere."""
        text = text or f"ndf_{secrets.token_hex(4)}_{secrets.token_urlsafe(32)}"
        try:
            key = Key(
                id=id_of(text),
                name=name,
                tenant=tenant,
                scopes=scopes,
                rate=rate,
                quota=quota,
                created=datetime.now(UTC),
                digest=_digest(text),
            )
        except ValidationError as error:
            line = error.errors()[0]
            raise ConfigError(f"{'.'.join(str(part) for part in line['loc'])}: {line['msg']}") from error
        with self._changing():
            self._keys[key.id] = key
        return key, text

    def revoke(self, key_id: str) -> Key | None:
        """Forget a key; None where there is none of that id, and nothing is written."""
        self._refresh()
        if key_id not in self._keys:
            return None
        with self._changing():
            return self._keys.pop(key_id, None)

    def offsets_secret(self) -> bytes:
        """The 64 bytes that offsets are encrypted with, made now where there are none. Raises ConfigError."""
        self._refresh()
        if not self._secret:
            try:
                with self._changing():
                    pass  # whatever is written has a secret
            except OSError as error:
                raise ConfigError(
                    f"{self._path} has no secret for offsets yet and can't be written ({error.strerror}): "
                    "make it where it can be, with neuraldocflow keys create, and bring it here again"
                ) from error
        return bytes.fromhex(self._secret)

    def authenticate(self, text: str) -> Key | None:
        """The key of a text, or None. Takes the same time whether or not the id is known."""
        self._refresh()
        key = self._keys.get(id_of(text))
        matches = hmac.compare_digest(key.digest if key is not None else "0" * 64, _digest(text))
        return key if key is not None and matches else None

    def _refresh(self) -> None:
        try:
            status = self._path.stat()
        except FileNotFoundError:
            self._keys, self._secret, self._read = {}, "", (-1, -1)
            return
        except OSError as error:
            raise ConfigError(f"the keys in {self._path} can't be read: {error.strerror}") from error
        if (seen := (status.st_mtime_ns, status.st_ino)) == self._read:
            return
        try:
            told = orjson.loads(self._path.read_bytes())
            # Without a secret, the file was a list of keys.
            read = _File.model_validate({"keys": told} if isinstance(told, list) else told)
        except (OSError, ValueError) as error:
            raise ConfigError(f"the keys in {self._path} can't be read: it is no file of keys") from error
        self._keys, self._secret, self._read = {key.id: key for key in read.keys}, read.offsets_secret, seen

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """The file's content to change, alone; written whole, readable by its owner only."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.with_name(f"{self._path.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._read = (-1, -1)
            self._refresh()
            yield
            fresh = self._path.with_name(f".{self._path.name}.{os.getpid()}")
            self._secret = self._secret or secrets.token_hex(64)
            whole = _File(offsets_secret=self._secret, keys=list(self._keys.values()))
            descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(orjson.dumps(whole.model_dump(mode="json"), option=orjson.OPT_INDENT_2))
            os.replace(fresh, self._path)


def id_of(text: str) -> str:
    """The public part of a key's text."""
    parts = text.split("_", 2)
    return parts[1] if len(parts) == 3 and parts[0] == "ndf" else f"x{_digest(text)[:8]}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


class Allowance:
    """What each key has used: a token bucket of requests, and a count of documents a day."""

    def __init__(self) -> None:
        self._buckets: dict[str, tuple[float, float]] = {}
        self._documents: dict[str, tuple[str, int]] = {}

    def request(self, key: Key, now: float | None = None) -> float:
        """Take one request; 0 where it may go on, else the seconds to wait."""
        if key.rate is None:
            return 0.0
        now = time.monotonic() if now is None else now
        tokens, then = self._buckets.get(key.id, (float(key.rate), now))
        tokens = min(float(key.rate), tokens + (now - then) * key.rate / 60)
        if tokens < 1:
            self._buckets[key.id] = (tokens, now)
            return (1 - tokens) * 60 / key.rate
        self._buckets[key.id] = (tokens - 1, now)
        return 0.0

    def may_send(self, key: Key) -> bool:
        """Whether the key has a document of today's quota left."""
        day, used = self._documents.get(key.id, ("", 0))
        return key.quota is None or day != datetime.now(UTC).date().isoformat() or used < key.quota

    def document(self, key: Key, today: str | None = None) -> bool:
        """Take one document of today's quota; False where there is none left."""
        if key.quota is None:
            return True
        today = today or datetime.now(UTC).date().isoformat()
        day, used = self._documents.get(key.id, (today, 0))
        used = 0 if day != today else used
        if used >= key.quota:
            return False
        self._documents[key.id] = (today, used + 1)
        return True
