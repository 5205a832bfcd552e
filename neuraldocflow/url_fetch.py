"""Documents that are given by address: fetched over HTTP with limits, from public addresses only."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Generator
from typing import Any
from urllib.parse import urljoin

import aiohttp

from neuraldocflow import __version__
from neuraldocflow.errors import FetchFailed, ForbiddenUrl, Replaced, Unreachable, UnsupportedFormat
from neuraldocflow.events import DocumentSource
from neuraldocflow.fetch_queue import Have
from neuraldocflow.guard import Guard
from neuraldocflow.guarded_resolver import GuardedResolver
from neuraldocflow.http_errors import told

_REDIRECTS = 5
_CHUNK = 1 << 16
_TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=30)
_SILENCE = 60.0
"""Seconds that the headers, or one piece of the body, are waited for, whatever else comes meanwhile."""
_NOT_THAT_LONG = 416
_LATER = (408, 425, 429, 500, 502, 503, 504)
_SLOW_AFTER, _LEAST_SPEED = 60.0, 1024.0
"""Seconds after which fewer bytes a second are not waited for."""
_NO_ADDRESS = "The document's address, or one that it redirects to, is not valid."
_NO_DOCUMENTS = ("image/", "audio/", "video/", "font/")


class UrlFetcher:
    """Fetches ``http`` and ``https`` addresses, for :class:`neuraldocflow.fetching.Fetching`."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    def __call__(self, source: DocumentSource, have: Have) -> Generator[bytes, None, None]:
        """A :data:`Fetcher`. What broke off is gone on with where the server names its version by an etag."""
        if have.size and not have.version:
            raise Replaced
        loop = asyncio.new_event_loop()  # the generator's thread has none
        session: aiohttp.ClientSession | None = None
        try:
            session = loop.run_until_complete(self._session())
            response = loop.run_until_complete(self._open(session, source.uri, have))
            skip = _skipped(response, have)
            began, received = time.monotonic(), 0
            while chunk := loop.run_until_complete(self._piece(response)):
                received += len(chunk)
                if len(chunk) > skip:
                    yield chunk[skip:]
                skip = max(0, skip - len(chunk))
                elapsed = time.monotonic() - began
                if elapsed > _SLOW_AFTER and received / elapsed < _LEAST_SPEED:
                    raise FetchFailed("The document comes too slowly from its address.")
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _why(error) from error
        except ValueError as error:
            raise FetchFailed(_NO_ADDRESS) from error
        finally:
            if session is not None:
                loop.run_until_complete(session.close())
            loop.close()

    async def _session(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(resolver=GuardedResolver(self._guard), use_dns_cache=False)
        headers = {"User-Agent": f"neuraldocflow/{__version__}", "Accept-Encoding": "identity"}
        return aiohttp.ClientSession(connector=connector, timeout=_TIMEOUT, headers=headers, trust_env=False)

    async def _open(self, session: aiohttp.ClientSession, url: str, have: Have) -> aiohttp.ClientResponse:
        headers = {"Range": f"bytes={have.size}-", "If-Range": have.version} if have.size else {}
        for _ in range(_REDIRECTS + 1):
            if not url.lower().startswith(("http://", "https://")):
                raise ForbiddenUrl("The document's address leads to something else than http or https.")
            self._guard.check(url)
            async with asyncio.timeout(_SILENCE):
                response = await session.get(url, headers=headers, allow_redirects=False)
            if response.status in (301, 302, 303, 307, 308) and "Location" in response.headers:
                url = urljoin(url, response.headers["Location"])
                response.release()
                continue
            return _checked(response, have)
        raise FetchFailed(f"The document's address redirects more than {_REDIRECTS} times.")

    async def _piece(self, response: aiohttp.ClientResponse) -> bytes:
        async with asyncio.timeout(_SILENCE):
            return await response.content.read(_CHUNK)


def _skipped(response: aiohttp.ClientResponse, have: Have) -> int:
    """How many of the bytes to come are there already. Raises Replaced where they are of another version."""
    etag = response.headers.get("ETag", "")
    version = etag if etag.startswith('"') else ""  # a weak one may stand for other bytes, too
    if not have.size:
        have.version = version
        return 0
    if version != have.version:
        raise Replaced
    if response.status == 200:
        return have.size
    if not response.headers.get("Content-Range", "").startswith(f"bytes {have.size}-"):
        raise Replaced
    return 0


def _checked(response: aiohttp.ClientResponse, have: Have) -> aiohttp.ClientResponse:
    if response.status == _NOT_THAT_LONG and have.size:  # else it would be asked the same again at once
        raise Replaced
    if response.status in _LATER:
        raise Unreachable(f"HTTP {response.status}")
    if response.status not in (200, 206):
        raise FetchFailed(f"The document's address answers HTTP {response.status}.")
    if response.content_type.startswith(_NO_DOCUMENTS):
        raise UnsupportedFormat(f"The document's address gives {response.content_type}.")
    return response


def _why(error: Any) -> Unreachable | ForbiddenUrl | FetchFailed:
    """A connection's error; what the guard said may be inside of it."""
    if isinstance(error, aiohttp.InvalidURL):
        return FetchFailed(_NO_ADDRESS)
    inner: BaseException | None = error
    while inner is not None:
        if isinstance(inner, ForbiddenUrl):
            return inner
        inner = inner.__cause__ or inner.__context__
    return Unreachable(told(error))
