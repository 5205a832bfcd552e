"""Errors of HTTP connections in a few words, for who reads a log or a page."""

from __future__ import annotations

import os
from typing import Any

import aiohttp


def told(error: BaseException) -> str:
    """Why there was no answer."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientConnectorSSLError):
        return "its certificate is not valid"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "its host's name can't be resolved"
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "it closed the connection without an answer"
    if isinstance(error, TimeoutError):
        return "it does not answer in time"
    number: Any = getattr(error, "errno", None)
    return os.strerror(number).lower() if isinstance(number, int) else type(error).__name__
