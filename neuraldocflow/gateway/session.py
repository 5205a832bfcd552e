"""A WebSocket session (contract 5): one connection, its key, what it follows and what it has under way.

Requests are answered one after the other, but for documents, which may have to wait: theirs are answered when
it is time, and meanwhile the session hears the next ones.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

import orjson
from websockets.exceptions import ConnectionClosed
from websockets.protocol import State

from neuraldocflow.errors import DocumentError, RateLimited, Unauthorized
from neuraldocflow.events import timestamp
from neuraldocflow.gateway.actions import ACTIONS, Authenticate, OfJob, Ping
from neuraldocflow.gateway.connection import Connection
from neuraldocflow.gateway.hub import Published
from neuraldocflow.gateway.keys import SCOPES, Key
from neuraldocflow.gateway.memory import Room
from neuraldocflow.gateway.problems import Problem, as_problem, busy, invalid
from neuraldocflow.gateway.requests import validated
from neuraldocflow.gateway.services import Services
from neuraldocflow.gateway.session_documents import Documents
from neuraldocflow.gateway.session_subscriptions import Subscriptions
from neuraldocflow.gateway.session_uploads import Uploads
from neuraldocflow.log import LogError
from sinks.websocket import Channel

log = logging.getLogger(__name__)

Payload = dict[str, Any]

BAD_MESSAGE, UNAUTHORIZED, FORBIDDEN, IDLE, TOO_MANY, COME_BACK = 4400, 4401, 4403, 4408, 4429, 4503
SOFT, HARD = 256 * 1024, 1024 * 1024
"""Bytes a reader may be behind before it loses progress, and before it is let go."""
_AUTHENTICATION_SECONDS = 10.0
_MOST_REFUSALS, _REFUSALS_WITHIN = 100, 60.0
"""More refused requests than so many within so many seconds end the session."""
_MOST_WAITING = 1000
"""Requests with documents that have no answer yet."""


class Session:
    """Serves one connection; a :class:`~neuraldocflow.gateway.hub.Reader`, and a guest of the attendance."""

    __slots__ = (
        *("_active", "_connection", "_documents", "_letting_go", "_refusals", "_services"),
        *("_subscriptions", "_tasks", "_uploads", "key"),
    )

    def __init__(self, connection: Connection, services: Services) -> None:
        self._connection = connection
        self._services = services
        self.key: Key | None = None
        self._refusals: list[float] = []
        self._active = time.monotonic()
        self._letting_go = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._uploads = Uploads(services)
        self._subscriptions = Subscriptions(services, self, self.send_history, self.send_away)
        self._documents = Documents(self._subscriptions, self._uploads.finished)

    async def run(self, token: str) -> None:
        """Serve until the connection ends."""
        try:
            if token:
                await self._enter(token)
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
                await self._take(message, self._connection.room_of_message())
                del message  # the next may be long in coming
        except ConnectionClosed:
            return None
        except Problem as problem:
            return await self._close(_code_of(problem), problem.error.message[:100])
        finally:
            for task in self._tasks:
                task.cancel()
            self._subscriptions.close()
            self._uploads.close()
            if self.key is not None:
                self._services.attendance.leave(self, self.key)

    def key_changed(self, key: Key | None) -> None:
        """The key has been revoked, or may do something else now."""
        had, self.key = self._own, key or self._own
        self._subscriptions.key = self._uploads.key = self.key
        if key is None:
            self._end(UNAUTHORIZED, "the key has been revoked")
        elif (key.tenant, key.scopes) != (had.tenant, had.scopes):
            self._end(FORBIDDEN, "the key may do other things now: connect again")

    def push(self, event: Published, channel: Channel) -> None:
        """An event from the hub: written at once, or not at all when the reader is behind."""
        connection = self._connection
        if connection.protocol.state is not State.OPEN:
            return
        behind = connection.transport.get_write_buffer_size()
        if behind > HARD:
            self._end(COME_BACK, "too slow: come back with the last offset")
            return
        if behind > SOFT and event.kind == "progress":
            return
        shared = event.frame if channel == event.channel else event.notice
        connection.transport.write(shared)
        self._active = time.monotonic()
        if event.kind == "result":
            self._ended(event.event.job)

    async def send_history(self, event: Published, channel: Channel) -> None:
        """An event of the past: as fast as the reader takes it."""
        if self._connection.protocol.state is not State.OPEN:
            return
        self._connection.transport.write(event.frame if channel == event.channel else event.notice)
        await self._connection.drain()
        if event.kind == "result":
            self._ended(event.event.job)

    def send_away(self) -> None:
        """It can't be told the past now."""
        self._end(COME_BACK, "the log does not answer: come back with the last offset")

    def _ended(self, job: str) -> None:
        self._documents.ended(job)
        self._subscriptions.ended(job)

    def _end(self, code: int, reason: str) -> None:
        """Close from outside: told why if it still listens, and cut off if not."""
        if not self._letting_go:
            self._letting_go = True
            self._begin(self._let_go(code, reason))

    async def _let_go(self, code: int, reason: str) -> None:
        self._connection.close_timeout = 1
        await self._close(code, reason)
        self._connection.transport.abort()

    def _begin(self, work: Coroutine[Any, Any, None], room: Room | None = None) -> None:
        """Do something beside the rest; ``room`` is given back when it ends, however that is."""

        def ended(task: asyncio.Task[None]) -> None:
            self._tasks.discard(task)
            if room is not None:
                room.release()
            error = None if task.cancelled() else task.exception()
            if error is not None and not isinstance(error, ConnectionClosed):
                log.error("a request ended by a fault", exc_info=error)
                self._connection.transport.abort()

        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(ended)

    async def _take(self, message: str | bytes, room: Room) -> None:
        """Do what a message asks for; its room is given back once that is done, or cannot be."""
        with ExitStack() as held:
            held.enter_context(room)
            if isinstance(message, bytes):
                return await self._take_bytes(message)
            try:
                envelope = orjson.loads(message)
            except orjson.JSONDecodeError:
                return await self._close(BAD_MESSAGE, "not JSON")
            if not isinstance(envelope, dict):
                return await self._close(BAD_MESSAGE, "a message is a JSON object")
            del message
            request_id, short, action, payload = _parts(envelope)
            if action in _OF_DOCUMENTS and self.key is not None:
                held.pop_all()
                self._begin(self._answer(request_id, short, action, payload, room), room)
                return None
            return await self._answer(request_id, short, action, payload, room)

    async def _answer(
        self, request_id: str | None, short: bool, action: str, payload: Payload, room: Room
    ) -> None:
        """Do what was asked, and say how it went."""
        work = self._do(request_id, action, payload, room)
        del payload  # a document is in memory until it is stored, and no longer
        try:
            answer = await work
        except (Problem, DocumentError) as error:
            return await self._refuse(request_id, short, as_problem(error))
        except LogError:
            return await self._refuse(request_id, short, busy("The log does not answer now."))
        except OSError as error:
            log.error("a request failed: %s", error.strerror)
            return await self._refuse(request_id, short, busy("The document can't be stored now."))
        return await self._send(request_id, "response", answer)

    async def _do(self, request_id: str | None, action: str, payload: Payload, room: Room) -> Payload:
        if request_id is None:
            raise invalid("A message needs an id, a text of at most 200 characters.")
        if action == "authenticate":
            key = await self._enter(validated(Authenticate, payload).token)
            scopes = [scope for scope in SCOPES if key.may(scope)]
            return {"authenticated": True, "tenant": key.tenant, "scopes": scopes}
        if self.key is None:
            raise Problem(Unauthorized("Authenticate first."), 401)
        if action not in ACTIONS:
            raise invalid(f"There is no such action; there are {', '.join(sorted(ACTIONS))}.")
        if len(self._tasks) > _MOST_WAITING:
            raise Problem(RateLimited(f"{_MOST_WAITING} documents wait for their answers already."), 429)
        self._services.take_request(self.key)
        asked = validated(ACTIONS[action].asked, payload)
        del payload
        if action in _ACTIONS:
            return await _ACTIONS[action](self)(asked)
        work = _OF_DOCUMENTS[action](self._documents, asked, room)
        del asked
        return await work

    async def _take_bytes(self, message: bytes) -> None:
        """A binary frame: more of an upload. Only what goes wrong is answered; upload_end tells the rest."""
        if self.key is None:
            return await self._close(UNAUTHORIZED, "authenticate first")
        try:
            return await self._uploads.take(message)
        except (Problem, DocumentError) as error:
            return await self._refuse(None, False, as_problem(error))
        except OSError as error:
            log.error("an upload failed: %s", error.strerror)
            return await self._refuse(None, False, busy("The document can't be stored now."))

    async def _enter(self, token: str) -> Key:
        """The key this session is for, from now on. Raises Problem."""
        key = self._services.authenticate(token)
        if not key.scopes:
            raise Problem(Unauthorized("This key may do nothing."), 403)
        if self.key is not None and key.tenant != self.key.tenant:
            raise Problem(Unauthorized("A session stays with its tenant: open another connection."), 403)
        if key != self.key:
            self._services.attendance.check(key)
            self._services.attendance.enter(self, key)
            if self.key is not None and self.key.id != key.id:
                self._services.attendance.leave(self, self.key)
        self.key = self._subscriptions.key = self._uploads.key = key
        self._connection.belongs_to(key.id)
        return key

    async def _cancel_job(self, asked: OfJob) -> Payload:
        self._services.check_scope(self._own, "submit")
        row = await self._subscriptions.find(asked.job_id)
        cancelling = await self._services.cancel(row)
        return {"job_id": row["id"], "cancelling": cancelling, "status": row["status"]}

    async def _unsubscribe(self, asked: OfJob) -> Payload:
        answer = await self._subscriptions.unsubscribe(asked)
        # its result is not awaited any more: the next one of its stream is
        self._documents.ended(asked.job_id)
        return answer

    async def _ping(self, asked: Ping) -> Payload:
        return {"pong": True}

    @property
    def _own(self) -> Key:
        assert self.key is not None  # _action has seen to it
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
            await self._close(_code_of(problem), problem.error.message[:100])
        elif isinstance(problem.error, RateLimited) and problem.status == 429:
            await asyncio.sleep(0.05)  # who floods waits

    async def _send(self, request_id: str | None, kind: str, payload: Payload, error: Any = None) -> None:
        message = {"id": request_id, "type": kind, "timestamp": _now(), "payload": payload}
        if error is not None:
            message["error"] = error
        await self._connection.send(orjson.dumps(message).decode())

    async def _close(self, code: int, reason: str) -> None:
        await self._connection.close(code, reason)


_ACTIONS: dict[str, Callable[[Session], Callable[[Any], Awaitable[Payload]]]] = {
    "subscribe": lambda session: session._subscriptions.subscribe,
    "unsubscribe": lambda session: session._unsubscribe,
    "subscribe_channel": lambda session: session._subscriptions.subscribe_channel,
    "unsubscribe_channel": lambda session: session._subscriptions.unsubscribe_channel,
    "start_stream": lambda session: session._documents.start,
    "stop_stream": lambda session: session._documents.stop,
    "upload_begin": lambda session: session._uploads.begin,
    "upload_chunk": lambda session: session._uploads.chunk,
    "upload_end": lambda session: session._uploads.end,
    "get_job": lambda session: session._subscriptions.job,
    "list_jobs": lambda session: session._subscriptions.jobs,
    "cancel_job": lambda session: session._cancel_job,
    "ping": lambda session: session._ping,
}
_OF_DOCUMENTS: dict[str, Callable[[Documents, Any, Room], Coroutine[Any, Any, Payload]]] = {
    "process_document": Documents.process,
    "stream_document": Documents.document,
}


def _code_of(problem: Problem) -> int:
    """The close code for a caller who is not let in."""
    return {403: FORBIDDEN, 429: TOO_MANY, 503: COME_BACK}.get(problem.status, UNAUTHORIZED)


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


def _now() -> str:
    return timestamp(datetime.now(UTC))
