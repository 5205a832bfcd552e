"""Errors of HTTP connections in a few words, for who reads a log or a page."""

from __future__ import annotations

import os
from typing import Any

import aiohttp

_WORDS: tuple[tuple[type[BaseException], str], ...] = (
    (aiohttp.ClientConnectorCertificateError, "its certificate is not valid"),
    (aiohttp.ClientConnectorSSLError, "no secure connection to it is possible: it may want http://"),
    (aiohttp.ClientConnectorDNSError, "its host's name can't be resolved"),
    (aiohttp.ServerDisconnectedError, "it closed the connection without an answer"),
    (aiohttp.ClientPayloadError, "it broke off in its answer"),
    (aiohttp.ClientResponseError, "what it answers is no HTTP"),
    (TimeoutError, "it does not answer in time"),
)


def told(error: BaseException) -> str:
    """Why there was no answer."""
    for kind, words in _WORDS:
        if isinstance(error, kind):
            return words
    number: Any = getattr(error, "errno", None)
    return os.strerror(number).lower() if isinstance(number, int) else type(error).__name__
