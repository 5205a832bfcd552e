"""A real HTTP proxy in front of a server, that can be told to be in trouble."""

from __future__ import annotations

import contextlib
import http.client
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

_HOP = {"connection", "keep-alive", "transfer-encoding", "te", "upgrade"}


class Unreliable:
    """What the proxy does with requests: passes them on, unless told otherwise; and what it has seen."""

    def __init__(self, endpoint: str, target: str) -> None:
        self.endpoint = endpoint
        self.target = urlsplit(target)
        self.status = 0
        """Answer with this status, if it is not 0."""
        self.body = b""
        """What such an answer says."""
        self.writes_left: int | None = None
        """Answer writes after so many with 503."""
        self.refused = ""
        """Answer requests that begin so (``DELETE``, ``DELETE /bucket/key``) with 503."""
        self.cut_after: int | None = None
        """Close the connection after so many bytes of an object, the next ``cuts`` times."""
        self.cuts = 0
        self.when_cut: Callable[[], object] = lambda: None
        """Called before such a connection is closed."""
        self.delay = 0.0
        """Seconds before each answer."""
        self.answered: list[int] = []
        self.paths: list[str] = []
        self.ranges: list[str] = []


class _Proxy(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    trouble: Unreliable

    def _pass_on(self) -> None:
        trouble = self.trouble
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        time.sleep(trouble.delay)
        request = f"{self.command} {self.path}"
        if status := trouble.status or (trouble.refused and request.startswith(trouble.refused) and 503):
            trouble.answered.append(status)
            self._answer(status, [], trouble.body)
            return
        if trouble.writes_left is not None and self.command in ("PUT", "POST"):
            if trouble.writes_left == 0:
                trouble.answered.append(503)
                self._answer(503, [], b"")
                return
            trouble.writes_left -= 1
        trouble.paths.append(self.path)
        if "Range" in self.headers:
            trouble.ranges.append(self.headers["Range"])
        connection = http.client.HTTPConnection(
            trouble.target.hostname or "", trouble.target.port, timeout=30
        )
        # the Host stays as the client has signed it
        connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() not in _HOP:
                connection.putheader(name, value)
        connection.endheaders(body or None)
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        trouble.answered.append(answer.status)
        self._answer(answer.status, answer.getheaders(), data)

    def _answer(self, status: int, headers: list[tuple[str, str]], data: bytes) -> None:
        trouble = self.trouble
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in _HOP | {"content-length"}:
                self.send_header(name, value)
        length = dict(headers).get("Content-Length", "0") if self.command == "HEAD" else str(len(data))
        self.send_header("Content-Length", length)
        self.end_headers()
        if self.command == "GET" and trouble.cuts and trouble.cut_after and len(data) > trouble.cut_after:
            trouble.cuts -= 1
            self.wfile.write(data[: trouble.cut_after])
            self.wfile.flush()
            trouble.when_cut()
            self.close_connection = True
            return
        if self.command != "HEAD":
            self.wfile.write(data)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _pass_on  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: tests look at ``answered``."""


@contextlib.contextmanager
def unreliable(target: str) -> Iterator[Unreliable]:
    """A proxy in front of ``target`` for the time of the context."""
    handler = type("Proxy", (_Proxy,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    handler.trouble = Unreliable(f"http://127.0.0.1:{server.server_port}", target)  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield handler.trouble  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        server.server_close()
