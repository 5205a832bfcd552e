"""WebSocket connections on the HTTP server's port: the ``websockets`` library behind uvicorn's upgrade.

uvicorn hands over a connection whose request asks for an upgrade; from then on it is a connection of the
``websockets`` library, written to directly by the hub.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import Server, ServerConnection
from websockets.datastructures import Headers, MultipleValuesError
from websockets.exceptions import InvalidMessage
from websockets.http11 import Request, Response
from websockets.protocol import State

from neuraldocflow.gateway.connection import Connection
from neuraldocflow.gateway.services import Services
from neuraldocflow.gateway.session import Session

log = logging.getLogger(__name__)

PATH = "/v1/stream"
SHUTTING_DOWN = 4503
_HANDSHAKE_SECONDS = 10.0
_DRAIN_SECONDS = 5.0
_STRANGERS = 10
"""One in so many of the connections there may be may be of callers who have not said who they are."""


_FORGOTTEN = Request("", Headers())
"""Instead of a request's headers, which are not needed again, cost memory and may hold the key."""


class Relay:
    """All WebSocket connections of this process; stands in for the library's own server."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self.logger = logging.getLogger("websockets.server")
        self.all_connections: set[Connection] = set()
        self._strangers: set[Connection] = set()
        self.handler_tasks: set[asyncio.Task[None]] = set()
        self._serving = True

    def protocol(self, config: Any, server_state: Any, app_state: Any) -> Connection:
        """What uvicorn makes for an upgrade request."""
        made: Server = self  # type: ignore[assignment]
        return Connection(made, self._services.memory, self.logger, self._strangers.discard)

    def is_serving(self) -> bool:
        """Whether new connections are taken."""
        return self._serving

    async def handler(self, connection: Connection) -> None:
        """The life of a connection."""
        token = ""

        def check(_: ServerConnection, request: Request) -> Response | None:
            nonlocal token
            try:
                token = _token(request)
                return self._refusal(connection, request, token)
            except (MultipleValuesError, ValueError):
                return connection.respond(HTTPStatus.BAD_REQUEST, "The handshake is malformed.\n")

        self._strangers.add(connection)
        try:
            async with asyncio.timeout(_HANDSHAKE_SECONDS):
                await connection.handshake(check, server_header=None)
            if connection.protocol.state is not State.OPEN:
                connection.transport.close()
                return
            connection.forget_request(_FORGOTTEN)
            self.all_connections.add(connection)
            connection.start_keepalive()
            async with connection:
                await Session(connection, self._services).run(token)
        except (TimeoutError, InvalidMessage, OSError):
            connection.transport.abort()
        except Exception:
            log.exception("a WebSocket session ended by a fault")
            connection.transport.abort()
        finally:
            self.all_connections.discard(connection)
            self._strangers.discard(connection)
            task = asyncio.current_task()
            assert task is not None
            self.handler_tasks.discard(task)

    async def drain(self) -> None:
        """Tell all clients to come back elsewhere, and wait for them a moment."""
        self._serving = False
        closing = [
            asyncio.create_task(each.close(SHUTTING_DOWN, "shutting down: reconnect"))
            for each in self.all_connections
        ]
        if closing:
            await asyncio.wait(closing, timeout=_DRAIN_SECONDS)
        for each in list(self.all_connections):
            each.transport.abort()

    def _refusal(self, connection: ServerConnection, request: Request, token: str) -> Response | None:
        gateway = self._services.config.runtime.gateway
        if urlsplit(request.path).path != PATH:
            return connection.respond(HTTPStatus.NOT_FOUND, f"The WebSocket is at {PATH}.\n")
        origin = request.headers.get("Origin")
        if origin is not None and not origin_allowed(
            origin, request.headers.get("Host", ""), gateway.cors_origins
        ):
            return connection.respond(HTTPStatus.FORBIDDEN, "Pages of this site may not connect.\n")
        most = gateway.max_connections
        without_key = not token and len(self._strangers) * _STRANGERS > max(most, _STRANGERS)
        if len(self.all_connections) >= most or without_key:
            return connection.respond(HTTPStatus.SERVICE_UNAVAILABLE, "Too many connections.\n")
        return None


def origin_allowed(origin: str, host: str, allowed: Sequence[str]) -> bool:
    """Whether a page of ``origin`` may speak to the gateway at ``host``: its own pages, and those listed."""
    return origin in allowed or "*" in allowed or (host != "" and urlsplit(origin).netloc == host)


def _token(request: Request) -> str:
    authorization = request.headers.get("Authorization", "")
    if authorization[:7].lower() == "bearer ":
        return authorization[7:].strip()
    return parse_qs(urlsplit(request.path).query).get("token", [""])[0]
