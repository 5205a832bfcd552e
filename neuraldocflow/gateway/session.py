"""A WebSocket session (contract 5): one connection, its key, what it follows and what it has under way."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import orjson
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed
from websockets.protocol import State

from neuraldocflow.errors import DocumentError, RateLimited, Unauthorized
from neuraldocflow.gateway.hub import Published
from neuraldocflow.gateway.keys import SCOPES, Key
from neuraldocflow.gateway.problems import Problem, as_problem, busy, invalid
from neuraldocflow.gateway.requests import parse_request
from neuraldocflow.gateway.services import Services
from neuraldocflow.gateway.session_streams import Streams
from neuraldocflow.gateway.session_subscriptions import Subscriptions
from neuraldocflow.gateway.session_uploads import Uploads
from neuraldocflow.gateway.submissions import Order, order_of
from neuraldocflow.log import LogError
from sinks.websocket import Channel

log = logging.getLogger(__name__)

Payload = dict[str, Any]
Action = Callable[[Payload], Awaitable[Payload]]

ACTIONS = (
    *("authenticate", "process_document", "subscribe", "unsubscribe"),
    *("subscribe_channel", "unsubscribe_channel", "start_stream", "stream_document", "stop_stream"),
    *("upload_begin", "upload_chunk", "upload_end", "get_job", "list_jobs", "cancel_job", "ping"),
)
BAD_MESSAGE, UNAUTHORIZED, IDLE, TOO_MANY, SLOW = 4400, 4401, 4408, 4429, 4503
SOFT, HARD = 256 * 1024, 1024 * 1024
"""Bytes a reader may be behind before it loses progress, and before it is let go."""
_AUTHENTICATION_SECONDS = 10.0
_MOST_REFUSALS, _REFUSALS_WITHIN = 100, 60.0
"""More refused requests than so many within so many seconds end the session."""


class Session:
    """Serves one connection; a :class:`~neuraldocflow.gateway.hub.Reader`."""

    def __init__(self, connection: ServerConnection, services: Services) -> None:
        self._connection = connection
        self._services = services
        self.key: Key | None = None
        self._refusals: list[float] = []
        self._active = time.monotonic()
        self._letting_go = False
        self._uploads = Uploads(services)
        self._subscriptions = Subscriptions(services, self, self.send_history)
        self._streams = Streams(self._process, self._subscriptions)
        self._actions: dict[str, Action] = {
            "process_document": self._process_document,
            "subscribe": self._subscriptions.subscribe,
            "unsubscribe": self._subscriptions.unsubscribe,
            "subscribe_channel": self._subscriptions.subscribe_channel,
            "unsubscribe_channel": self._subscriptions.unsubscribe_channel,
            "start_stream": self._streams.start,
            "stream_document": self._streams.document,
            "stop_stream": self._streams.stop,
            "upload_begin": self._uploads.begin,
            "upload_chunk": self._uploads.chunk,
            "upload_end": self._uploads.end,
            "get_job": self._get_job,
            "list_jobs": self._list_jobs,
            "cancel_job": self._cancel_job,
            "ping": self._ping,
        }

    async def run(self, token: str) -> None:
        """Serve until the connection ends."""
        try:
            if token:
                self._authenticate(token)
            idle = self._services.config.runtime.gateway.idle_timeout_s
            while True:
                wait = idle if self.key is not None else _AUTHENTICATION_SECONDS
                try:
                    message = await asyncio.wait_for(self._connection.recv(), wait)
                except TimeoutError:
                    if self.key is None:
                        return await self._close(UNAUTHORIZED, "no authentication within 10 s")
                    if time.monotonic() - self._active >= idle:
                        return await self._close(IDLE, "idle")
                    continue
                self._active = time.monotonic()
                await self._take(message)
        except ConnectionClosed:
            return None
        except Problem as problem:
            return await self._close(UNAUTHORIZED, problem.error.code)
        finally:
            self._subscriptions.close()
            self._uploads.close()

    def push(self, event: Published, channel: Channel) -> None:
        """An event from the hub: written at once, or not at all when the reader is behind."""
        connection = self._connection
        if connection.protocol.state is not State.OPEN:
            return
        behind = connection.transport.get_write_buffer_size()
        if behind > HARD:
            if not self._letting_go:
                self._letting_go = True
                asyncio.get_running_loop().create_task(self._let_go())
            return
        if behind > SOFT and event.kind == "progress":
            return
        shared = event.frame if channel == event.channel else event.notice
        connection.transport.write(shared)
        self._active = time.monotonic()
        if event.kind == "result":
            self._streams.ended(event.event.job)

    async def send_history(self, event: Published, channel: Channel) -> None:
        """An event of the past: as fast as the reader takes it."""
        if self._connection.protocol.state is not State.OPEN:
            return
        self._connection.transport.write(event.frame if channel == event.channel else event.notice)
        await self._connection.drain()
        if event.kind == "result":
            self._streams.ended(event.event.job)

    async def _let_go(self) -> None:
        """A reader that stays behind: told why if it still listens, and cut off if not."""
        self._connection.close_timeout = 1
        await self._close(SLOW, "too slow: come back with the last offset")
        self._connection.transport.abort()

    async def _take(self, message: str | bytes) -> None:
        if isinstance(message, bytes):
            if self.key is None:
                return await self._close(UNAUTHORIZED, "authenticate first")
            return await self._take_bytes(message)
        try:
            envelope = orjson.loads(message)
        except orjson.JSONDecodeError:
            return await self._close(BAD_MESSAGE, "not JSON")
        if not isinstance(envelope, dict):
            return await self._close(BAD_MESSAGE, "a message is a JSON object")
        request_id, short, action, payload = _parts(envelope)
        try:
            if request_id is None:
                raise invalid("A message needs an id, a text of at most 200 characters.")
            answer = await self._answer(action, payload)
        except (Problem, DocumentError) as error:
            return await self._refuse(request_id, short, as_problem(error))
        except LogError:
            return await self._refuse(request_id, short, busy("The log does not answer now."))
        except OSError as error:
            log.error("a request failed: %s", error.strerror)
            return await self._refuse(request_id, short, busy("The document can't be stored now."))
        if answer is not None:
            await self._send(request_id, "response", answer)
        return None

    async def _answer(self, action: str, payload: Payload) -> Payload | None:
        if action == "authenticate":
            key = self._authenticate(str(payload.get("token", "")))
            scopes = [scope for scope in SCOPES if key.may(scope)]
            return {"authenticated": True, "tenant": key.tenant, "scopes": scopes}
        if self.key is None:
            raise Problem(Unauthorized("Authenticate first."), 401)
        handler = self._actions.get(action)
        if handler is None:
            raise invalid(f"There is no such action; there are {', '.join(sorted(self._actions))}.")
        self._services.take_request(self.key)
        return await handler(payload)

    async def _take_bytes(self, message: bytes) -> None:
        """A binary frame: more of an upload. Only what goes wrong is answered; upload_end tells the rest."""
        try:
            await self._uploads.take(message)
        except (Problem, DocumentError) as error:
            await self._refuse(None, False, as_problem(error))

    def _authenticate(self, token: str) -> Key:
        key = self._services.authenticate(token)
        if self.key is not None and key.tenant != self.key.tenant:
            raise invalid("A session stays with its tenant: open another connection.")
        self.key = key
        self._subscriptions.key = self._uploads.key = key
        return key

    async def _process_document(self, payload: Payload) -> Payload:
        return {"job_id": await self._process(payload, Order(tenant=self._own.tenant))}

    async def _process(self, payload: Payload, defaults: Order) -> str:
        """Submit a ProcessingRequest; what it leaves out comes from ``defaults``."""
        key_text = payload.pop("idempotencyKey", "")
        payload = {"profile": defaults.profile, **payload}
        payload["options"] = {
            **defaults.options.model_dump(by_alias=True, exclude_unset=True),
            **_object(payload.get("options", {}), "options"),
        }
        request = parse_request(payload)
        key = self._own
        self._services.submissions.check(key, request.profile)
        order = order_of(key, request, source="websocket", idempotency_key=str(key_text))
        return await self._services.submissions.submit_request(key, request, order, self._uploads.finished)

    async def _get_job(self, payload: Payload) -> Payload:
        return await self._subscriptions.job(payload)

    async def _list_jobs(self, payload: Payload) -> Payload:
        return await self._subscriptions.jobs(payload)

    async def _cancel_job(self, payload: Payload) -> Payload:
        self._services.check_scope(self._own, "submit")
        row = await self._subscriptions.find(payload)
        cancelling = await asyncio.to_thread(self._services.cancel, row)
        return {"job_id": row["id"], "cancelling": cancelling, "status": row["status"]}

    async def _ping(self, payload: Payload) -> Payload:
        return {"pong": True}

    @property
    def _own(self) -> Key:
        assert self.key is not None  # _answer has seen to it
        return self.key

    async def _refuse(self, request_id: str | None, short: bool, problem: Problem) -> None:
        """Answer with an error. The specification's own client hears errors as responses."""
        error = problem.error.to_dict()
        await self._send(request_id, "response" if short else "error", error, error)
        now = time.monotonic()
        self._refusals = [each for each in self._refusals if now - each < _REFUSALS_WITHIN] + [now]
        if len(self._refusals) > _MOST_REFUSALS:
            await self._close(TOO_MANY, "too many refused requests")
        elif self.key is None:
            await self._close(UNAUTHORIZED, "not authenticated")
        elif isinstance(problem.error, RateLimited) and problem.status == 429:
            await asyncio.sleep(0.05)  # who floods waits

    async def _send(self, request_id: str | None, kind: str, payload: Payload, error: Any = None) -> None:
        message = {"id": request_id, "type": kind, "timestamp": _now(), "payload": payload}
        if error is not None:
            message["error"] = error
        await self._connection.send(orjson.dumps(message).decode())

    async def _close(self, code: int, reason: str) -> None:
        await self._connection.close(code, reason)


def _parts(envelope: Payload) -> tuple[str | None, bool, str, Payload]:
    """A message's id, whether it is in the short form, its action and payload."""
    request_id = envelope.get("id")
    if not isinstance(request_id, str) or not 0 < len(request_id) <= 200:
        request_id = None
    payload = envelope.get("payload")
    payload = dict(payload) if isinstance(payload, dict) else {}
    kind = envelope.get("type")
    if kind == "request":
        action = payload.pop("action", None)
        return request_id, False, action if isinstance(action, str) else "", payload
    return request_id, True, kind if isinstance(kind, str) else "", payload


def _object(value: Any, name: str) -> Payload:
    if not isinstance(value, dict):
        raise invalid(f"{name} must be an object.")
    return value


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
