"""Posts events to one endpoint, beside the dataflow: bounded connections, a circuit breaker, no redirects."""

from __future__ import annotations

import asyncio
import hmac
import logging
import threading
import time
from base64 import b64encode
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress

import aiohttp

from neuraldocflow import __version__
from neuraldocflow.errors import ConfigError, ForbiddenUrl
from neuraldocflow.guard import Guard
from neuraldocflow.guarded_resolver import GuardedResolver
from neuraldocflow.http_errors import told
from neuraldocflow.values import Secret
from neuraldocflow.webhooks.attempts import Answer, Attempt, Body
from neuraldocflow.webhooks.schedule import Verdict, retry_after, verdict
from neuraldocflow.webhooks.signing import signing_key

log = logging.getLogger(__name__)

_TRIPS, _OPEN_SECONDS = 5, 10.0
"""So many failures in a row open the circuit, for so many seconds."""
_MOST_READ = 4096


class Endpoint:
    """One receiver. Its event loop is a thread of its own, started at the first try. Thread-safe."""

    def __init__(
        self, url: str, secrets: Sequence[Secret], timeout: float, guard: Guard, concurrency: int
    ) -> None:
        self.url = url
        self._secrets = secrets
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._guard = guard
        self._concurrency = concurrency
        self._answers: dict[str, list[Answer]] = defaultdict(list)
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._session: aiohttp.ClientSession | None = None
        self._failures, self._closed_until = 0, 0.0
        self.disabled = False
        """Whether it has answered 410: nothing is sent there any more."""

    def post(self, attempt: Attempt) -> None:
        """Try once; its answer is had by ``take``."""
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._room = asyncio.Semaphore(self._concurrency)
                threading.Thread(target=self._loop.run_forever, name="webhooks", daemon=True).start()
        asyncio.run_coroutine_threadsafe(self._try(attempt), self._loop)

    def take(self, owner: str) -> list[Answer]:
        """The answers to an owner's tries since the last call."""
        with self._lock:
            return self._answers.pop(owner, [])

    def close(self) -> None:
        """End its connections and its thread; nothing is posted any more."""
        if self._loop is not None:
            if self._session is not None:
                asyncio.run_coroutine_threadsafe(self._session.close(), self._loop).result(5)
            self._loop.call_soon_threadsafe(self._loop.stop)

    async def _try(self, attempt: Attempt) -> None:
        async with self._room:
            try:
                answer = await self._answer(attempt)
            except Exception as fault:  # without an answer its delivery would be under way for ever
                log.exception("posting to an endpoint ended by a fault")
                answer = Answer(attempt.message, "final", f"a fault: {type(fault).__name__}")
        with self._lock:
            self._answers[attempt.owner].append(answer)

    async def _answer(self, attempt: Attempt) -> Answer:
        if self.disabled:
            return Answer(attempt.message, "gone", "the endpoint has answered 410")
        if (left := self._closed_until - time.monotonic()) > 0:
            reason = "not asked: it failed again and again just now"
            return Answer(attempt.message, "again", reason, left, tried=False)
        try:
            body = attempt.body
            if isinstance(body, Body):
                body = await asyncio.to_thread(body.read)
        except OSError as error:
            ends: Verdict = "final" if isinstance(error, FileNotFoundError) else "again"
            return Answer(attempt.message, ends, f"its body can't be read: {error.strerror}")
        answer = await self._post(attempt.message, body)
        if answer.verdict == "again":
            self._failures += 1
            if self._failures >= _TRIPS:
                self._closed_until = time.monotonic() + _OPEN_SECONDS
        else:
            self._failures = 0
        self.disabled = self.disabled or answer.verdict == "gone"
        return answer

    async def _post(self, message: str, body: bytes) -> Answer:
        if self._session is None:
            connector = aiohttp.TCPConnector(
                resolver=GuardedResolver(self._guard), limit=self._concurrency, ttl_dns_cache=10
            )
            self._session = aiohttp.ClientSession(connector=connector, timeout=self._timeout, trust_env=False)
        try:
            self._guard.check(self.url)
            headers = signed_headers(message, body, [each.get_secret_value() for each in self._secrets])
            async with self._session.post(
                self.url, data=body, headers=headers, allow_redirects=False
            ) as response:
                with suppress(aiohttp.ClientError, OSError):  # TimeoutError is one: its status was its answer
                    await response.content.read(_MOST_READ)  # so that the connection can be used again
                asked = retry_after(response.headers.get("Retry-After"))
                return Answer(message, verdict(response.status), f"HTTP {response.status}", asked)
        except ConfigError as error:  # a secret's file may be just about to be written
            return Answer(message, "again", str(error))
        except ForbiddenUrl as error:
            return Answer(message, "final", error.message)
        except TimeoutError:
            return Answer(message, "again", f"no answer within {self._timeout.total:g} s")
        except (aiohttp.ClientError, OSError) as error:
            forbidden = _forbidden(error)
            return Answer(message, "final" if forbidden else "again", forbidden or told(error))


def signed_headers(
    message: str, body: bytes, secrets: Sequence[str], now: float | None = None
) -> dict[str, str]:
    """The headers of Standard Webhooks: one signature a secret. Raises ConfigError for what is no secret."""
    moment = str(int(time.time() if now is None else now))
    headers = {
        "Content-Type": "application/cloudevents+json",
        "User-Agent": f"neuraldocflow/{__version__}",
        "webhook-id": message,
        "webhook-timestamp": moment,
    }
    signatures = []
    for secret in secrets:
        try:
            key = signing_key(secret)
        except ConfigError as error:
            raise ConfigError(f"secrets: each {error}") from error
        digest = hmac.digest(key, f"{message}.{moment}.".encode() + body, "sha256")
        signatures.append(f"v1,{b64encode(digest).decode()}")
    return {**headers, "webhook-signature": " ".join(signatures)} if signatures else headers


def _forbidden(error: BaseException) -> str:
    inner: BaseException | None = error
    while inner is not None:
        if isinstance(inner, ForbiddenUrl):
            return inner.message
        inner = inner.__cause__ or inner.__context__
    return ""
