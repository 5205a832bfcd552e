"""A web server in a thread, to receive webhooks and to serve documents, as a test wants it to behave."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any, Self

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Receiver:
    """Answers each path with its handler; ``seen`` has the headers and body of every request, by path."""

    def __init__(self, port: int = 0, ssl: Any = None, **handlers: Handler) -> None:
        self._handlers = handlers
        self._ssl = ssl
        self.port = port
        self.seen: list[tuple[str, dict[str, str], bytes]] = []
        self._loop = asyncio.new_event_loop()
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def url(self, path: str = "") -> str:
        return f"http{'s' if self._ssl else ''}://127.0.0.1:{self.port}/{path}"

    def bodies(self, path: str) -> list[bytes]:
        return [body for name, _, body in list(self.seen) if name == path]

    def headers(self, path: str) -> list[dict[str, str]]:
        return [headers for name, headers, _ in list(self.seen) if name == path]

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._started.wait(60)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        runner = web.AppRunner(self._app(), shutdown_timeout=0.1)
        self._loop.run_until_complete(runner.setup())
        site = web.TCPSite(runner, "127.0.0.1", self.port, ssl_context=self._ssl)
        self._loop.run_until_complete(site.start())
        self.port = runner.addresses[0][1]
        self._started.set()
        self._loop.run_forever()
        left = asyncio.all_tasks(self._loop)
        for task in left:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        self._loop.run_until_complete(runner.cleanup())

    def _app(self) -> web.Application:
        app = web.Application(client_max_size=1 << 28)
        app.router.add_route("*", "/{path:.*}", self._handle)
        return app

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        path = request.match_info["path"].split("/")[0]
        self.seen.append((path, dict(request.headers), await request.read()))
        handler = self._handlers.get(path)
        return web.Response(status=204) if handler is None else await handler(request)
