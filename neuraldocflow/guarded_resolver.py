"""Resolves the names of an aiohttp connector to the addresses that a :class:`~.guard.Guard` allows."""

from __future__ import annotations

import socket

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from neuraldocflow.guard import Guard, forbidden


class GuardedResolver(AbstractResolver):
    """Raises ForbiddenUrl for a name that has no allowed address."""

    def __init__(self, guard: Guard, inner: AbstractResolver | None = None) -> None:
        self._guard = guard
        self._inner = inner or ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._inner.resolve(host, port, family)
        kept = [each for each in found if self._guard.allows(each["host"])]
        if found and not kept:
            raise forbidden(host)
        return kept

    async def close(self) -> None:
        await self._inner.close()
