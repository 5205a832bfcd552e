"""HTTP as uvicorn speaks it, with what it leaves open closed: heads without end, ambiguous bodies, answers
that nobody reads."""

from __future__ import annotations

import asyncio
from typing import Any

from httptools import HttpParserUpgrade, HttpRequestParser
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from neuraldocflow.gateway.untaken import untaken

_SECONDS = 15.0
"""In which a request's head has to be there."""
_MOST_BYTES = 64 * 1024
_READER_SECONDS, _READER_BYTES = 30.0, 30 * 1024
"""A caller takes so many bytes of an answer in so many seconds, or is let go: memory is held for him."""
_TOO_SLOW = (
    b"HTTP/1.1 408 Request Timeout\r\ncontent-type: text/plain; charset=utf-8\r\n"
    b"content-length: 29\r\nconnection: close\r\n\r\nThe request's head was slow.\n"
)


class _Refused(ValueError):
    """Raised inside the parser, which then ends the connection with 400."""


class _Parser(HttpRequestParser):
    """Reads the body of a request that offers another protocol, such as HTTP/2: the library's leaves it, and
    would take it for the next request."""

    def __init__(self, http: Http) -> None:
        super().__init__(http)
        self._http = http

    def feed_data(self, data: Any) -> None:
        while True:
            try:
                return super().feed_data(data)
            except HttpParserUpgrade as offer:
                if not self._http.makes_nothing_of_an_offer():
                    raise
                data = self._http.head_without_offer() + data[offer.args[0] :]


class Http(HttpToolsProtocol):
    """A head may have 64 KB and take 15 s; a body's length is said by one header, in one way; an answer has
    to be read with 1 KB/s. What offers another protocol than WebSocket is answered as if it did not."""

    _patience: asyncio.TimerHandle | None = None
    _is_waiting = True
    """For the rest of a head."""
    _is_all_head = True
    """What has just come ends no head."""
    _bytes = _bytes_of_headers = 0
    _is_chunked = False
    _reader_patience: asyncio.TimerHandle | None = None
    """While the caller is behind with an answer."""

    def __init__(self, *parts: Any, **named: Any) -> None:
        super().__init__(*parts, **named)
        self.parser = _Parser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn has it

    def makes_nothing_of_an_offer(self) -> bool:
        """Whether the present request offers a protocol that is not spoken here."""
        offers = self.parser.should_upgrade() and self.parser.get_method() != b"CONNECT"
        return offers and not self._should_upgrade()

    def head_without_offer(self) -> bytes:
        """The present request's head, but for its ``Upgrade``."""
        version = self.parser.get_http_version().encode()
        lines = [b"%b %b HTTP/%b" % (self.parser.get_method(), self.url, version)]
        lines += [b"%b: %b" % header for header in self.headers if header[0] != b"upgrade"]
        return b"\r\n".join([*lines, b"", b""])

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._patience = self.loop.call_later(_SECONDS, self._give_up)

    def data_received(self, data: bytes) -> None:
        self._is_all_head = self._is_waiting
        super().data_received(data)
        if self._is_waiting:  # most heads come whole, and need no timer
            if self._patience is None:
                self._patience = self.loop.call_later(_SECONDS, self._give_up)
            self._bytes += len(data) if self._is_all_head else 1  # the rest may be the body before it
            if self._bytes > _MOST_BYTES and not self.transport.is_closing():
                self.send_400_response("The request's head is too large.")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._bytes = self._bytes_of_headers = 0
        self._is_chunked = False
        self._is_waiting = True

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        if name.lower() == b"transfer-encoding":
            if self._is_chunked or value.strip().lower() != b"chunked":
                raise _Refused
            self._is_chunked = True
        self._bytes_of_headers += len(name) + len(value)
        if self._bytes_of_headers > _MOST_BYTES:
            raise _Refused

    def on_headers_complete(self) -> None:
        self._stop_waiting()
        if not self.makes_nothing_of_an_offer():  # else its head comes again, without it
            super().on_headers_complete()

    def on_message_complete(self) -> None:
        if not self.makes_nothing_of_an_offer():
            super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        self._stop_watching()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch(untaken(self.transport))

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stop_watching()

    def handle_websocket_upgrade(self) -> None:
        if self.flow.write_paused:  # the next protocol would be told of a pause it knows nothing of
            self.send_400_response("An answer before this request has not been read.")
        else:
            super().handle_websocket_upgrade()

    def _give_up(self) -> None:
        """Told with 408, if a head had begun and no answer to an earlier request is under way."""
        if self._bytes and (self.cycle is None or self.cycle.response_complete):
            self.transport.write(_TOO_SLOW)
        self.transport.close()

    def _stop_waiting(self) -> None:
        self._is_waiting = self._is_all_head = False
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _watch(self, behind: int) -> None:
        self._reader_patience = self.loop.call_later(_READER_SECONDS, self._look, behind)

    def _look(self, behind_before: int) -> None:
        """Let go a caller who took too little since. Nothing is written meanwhile."""
        behind = untaken(self.transport)
        if behind_before - behind < _READER_BYTES:
            self.transport.abort()
        else:
            self._watch(behind)

    def _stop_watching(self) -> None:
        if self._reader_patience is not None:
            self._reader_patience.cancel()
            self._reader_patience = None
