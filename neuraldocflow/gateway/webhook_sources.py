"""The ``webhook`` sources of the configuration: each an endpoint with its own token or signature."""

from __future__ import annotations

import asyncio
import hmac
import logging
import time
from base64 import b64encode
from datetime import UTC, datetime
from typing import Annotated

import orjson
from fastapi import FastAPI, Header, Request
from fastapi.responses import JSONResponse, Response
from starlette.routing import Match

from connectors.webhook import WebhookSourceConfig
from neuraldocflow.errors import ConfigError, Unauthorized
from neuraldocflow.gateway.access import bearer_token, problems, services_of
from neuraldocflow.gateway.arrivals import DONE
from neuraldocflow.gateway.documents import Accepted, accepted, order_from, received_from
from neuraldocflow.gateway.hub import Published
from neuraldocflow.gateway.keys import Key
from neuraldocflow.gateway.openapi import BODIES, TO_THE_JOB
from neuraldocflow.gateway.problems import Problem, busy
from neuraldocflow.gateway.receiving import BodyCheck
from neuraldocflow.gateway.requests import MAX_NAME
from neuraldocflow.gateway.results import result_of
from neuraldocflow.gateway.services import Services
from neuraldocflow.log import LogError
from neuraldocflow.results import ProcessingResult
from neuraldocflow.values import Secret
from neuraldocflow.webhooks.signing import signing_key
from sinks.websocket import Channel

log = logging.getLogger(__name__)

_TOLERANCE = 300
"""Seconds a signature's time may differ from ours (Standard Webhooks)."""
_WAIT = 300.0
"""Seconds an answer may take where the result is waited for; after that it is 202 and a job's id."""
_GONE = 499
"""What other servers note, too, where the client has gone before the answer."""


def add_webhook_sources(app: FastAPI, services: Services) -> None:
    """A route for each source of type ``webhook``. Raises ConfigError."""
    taken: dict[str, str] = {}
    for name, entry in services.config.stream_sources.items():
        if not isinstance(entry.config, WebhookSourceConfig):
            continue
        source = WebhookSource(name, entry.config)
        path = entry.config.endpoint
        if path in taken:
            raise ConfigError(f"stream_sources.{name}.config.endpoint: {taken[path]} has {path} already")
        if _is_taken(app, path):
            raise ConfigError(f"stream_sources.{name}.config.endpoint: the gateway has {path} for itself")
        taken[path] = name
        with_signature = entry.config.authentication == "signature"
        app.add_api_route(
            path,
            source.receive,
            methods=["POST"],
            status_code=202,
            response_model=Accepted,
            responses={
                200: {"model": ProcessingResult, "description": "the result (async_processing: false)"},
                202: TO_THE_JOB,
                **problems(400, 404, 408, 413, 415, 422),
            },
            openapi_extra=BODIES if with_signature else {**BODIES, "security": [{"HTTPBearer": []}]},
            operation_id=f"receive_{name}",
            tags=["webhook sources"],
            summary=f"Documents for the source {name}",
        )


def _is_taken(app: FastAPI, path: str) -> bool:
    """Whether what is posted to a path goes elsewhere already."""
    scope = {"type": "http", "method": "POST", "path": path, "root_path": "", "headers": []}
    return any(route.matches(scope)[0] is Match.FULL for route in app.router.routes)


class WebhookSource:
    """One endpoint."""

    def __init__(self, name: str, config: WebhookSourceConfig) -> None:
        self._name = name
        self._config = config
        self._dropped: dict[str, asyncio.Event] = {}
        """Jobs that are being cancelled because their clients have gone, and when each has ended."""
        self._signing_secret = b""
        where = f"stream_sources.{name}.config"
        if config.authentication != "signature" and config.token is not None:
            _at_start(config.token, f"{where}.token")
        if config.authentication != "bearer_token":
            where = f"{where}.signing_secret"
            if config.signing_secret is None:
                raise ConfigError(f"{where}: is required with authentication: {config.authentication}")
            text = _at_start(config.signing_secret, where)
            try:
                self._signing_secret = signing_key(text)
            except ConfigError as error:
                raise ConfigError(f"{where}: {error}") from error

    async def receive(
        self, request: Request, idempotency_key: Annotated[str, Header(max_length=MAX_NAME)] = ""
    ) -> Response:
        """A document: the file itself, a form with a `file`, or a ProcessingRequest in JSON."""
        began = time.time_ns()
        services = await services_of(request)
        key = self._authenticated(request, services)
        services.take_request(key)
        services.submissions.check(key, self._config.profile)
        signature = None
        if self._config.authentication != "bearer_token":
            signature = Signature(request, self._signing_secret)
        received = await received_from(request, services, key, self._config.max_payload_size, signature)
        defaults = {"profile": self._config.profile, "priority": self._config.priority}
        query = {**defaults, **request.query_params}
        given = request.headers.get("webhook-id", "")[:MAX_NAME]
        if signature is None:  # else only what is signed names the job: the rest anybody can write beside it
            given = idempotency_key or given
        order = order_from(services, received, key, query, self._name, given, began)
        job = await services.submissions.submit(key, received.document, order)
        if self._config.async_processing:
            return accepted(job)
        if job in self._dropped:  # it ends for a client that has gone, so this one needs another
            await self._dropped[job].wait()
            job = await services.submissions.submit(key, received.document, order)
        return await self._with_result(request, services, key, job, may_ask_again=bool(given))

    def _authenticated(self, request: Request, services: Services) -> Key:
        """Whose document it is: the tenant of an API key, or the default one. Raises Problem."""
        own = Key(id=f"source:{self._name}", scopes=("submit", "read"), created=datetime.now(UTC), digest="-")
        if self._config.authentication == "signature":
            return own
        given = bearer_token(request)
        if self._config.token is None:
            key = services.authenticate(given)
            services.check_scope(key, "submit")
            return key
        try:
            expected = self._config.token.get_secret_value()
        except ConfigError as error:  # it may be replaced just now
            log.error("%s lets nobody in: %s", self._name, error)
            raise busy("The webhook's bearer token can't be verified now.") from error
        if not hmac.compare_digest(given.encode(), expected.encode()):
            raise Problem(
                Unauthorized("The webhook's bearer token is needed."), 401, {"WWW-Authenticate": "Bearer"}
            )
        return own

    async def _with_result(
        self, request: Request, services: Services, key: Key, job: str, *, may_ask_again: bool
    ) -> Response:
        """Wait for the result; 202 when it takes too long.

        Nothing more is done for a client that goes, unless others follow the job or it ``may_ask_again``.
        """
        waiter = _Waiter()
        services.hub.follow_job(job, waiter)
        try:
            row = await asyncio.to_thread(services.jobs.get, job, key.tenant)
            if row is None or row["status"] not in DONE:
                with services.attendance.until_the_end(waiter.over.set):
                    has_gone = await waiter.outlasts(request)
                if has_gone:
                    if not may_ask_again and services.hub.followers(job) == 1:
                        await self._drop(services, key, job, waiter)
                    return Response(status_code=_GONE)
                if not waiter.done.is_set():
                    return accepted(job)
            row = await asyncio.to_thread(services.find, key, job)
            return JSONResponse(orjson.loads(orjson.dumps(await result_of(services, row))))
        finally:
            services.hub.leave_job(job, waiter)

    async def _drop(self, services: Services, key: Key, job: str, waiter: _Waiter) -> None:
        """Cancel a job nobody waits for, and see to its end: who asks for it until then has to know."""
        ended = self._dropped[job] = asyncio.Event()
        try:
            row = await asyncio.to_thread(services.find, key, job)
            await services.cancel(row)
            await asyncio.wait_for(waiter.done.wait(), _WAIT)
        except (LogError, Problem, TimeoutError) as error:
            log.warning("%s goes on although who waited has gone: %s", job, error or "it does not end")
        finally:
            del self._dropped[job]
            ended.set()


class _Waiter:
    """Waits for a job's result."""

    def __init__(self) -> None:
        self.done = asyncio.Event()
        self.over = asyncio.Event()
        """The gateway ends."""

    def push(self, event: Published, channel: Channel) -> None:
        if event.kind == "result":
            self.done.set()

    async def outlasts(self, request: Request) -> bool:
        """Wait for the result, for a while; whether the client has gone before it came."""
        gone = asyncio.create_task(_left(request))
        ends = {gone, *(asyncio.create_task(each.wait()) for each in (self.done, self.over))}
        try:
            await asyncio.wait(ends, timeout=_WAIT, return_when=asyncio.FIRST_COMPLETED)
            return gone.done() and not self.done.is_set()
        finally:
            for each in ends:
                each.cancel()


def _at_start(secret: Secret, where: str) -> str:
    """A secret's value. Raises ConfigError that names the setting."""
    try:
        return secret.get_secret_value()
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from error


async def _left(request: Request) -> None:
    """Until the client of a request whose body has been read has gone."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


class Signature(BodyCheck):
    """A Standard Webhooks signature, computed over the body as it comes."""

    def __init__(self, request: Request, secret: bytes) -> None:
        self._given = [
            each[3:] for each in request.headers.get("webhook-signature", "").split() if each[:3] == "v1,"
        ]
        message, moment = (request.headers.get(f"webhook-{part}", "") for part in ("id", "timestamp"))
        if not (message and moment and self._given):
            raise _unsigned("The headers webhook-id, webhook-timestamp and webhook-signature are needed.")
        if not moment.isdecimal() or abs(time.time() - int(moment[:15])) > _TOLERANCE:
            raise _unsigned("webhook-timestamp is too far from this server's time.")
        self._digest = hmac.new(secret, f"{message}.{moment}.".encode(), "sha256")

    def update(self, chunk: bytes) -> None:
        self._digest.update(chunk)

    def finish(self) -> None:
        """Raises Problem where none of the signatures is right."""
        right = b64encode(self._digest.digest()).decode()
        if not any(hmac.compare_digest(each.encode(), right.encode()) for each in self._given):
            raise _unsigned("The signature is not that of this body.")


def _unsigned(message: str) -> Problem:
    return Problem(Unauthorized(message), 401)
