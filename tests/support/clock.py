"""An event loop in which waiting takes no time: what lasts minutes is tested in an instant, to the second."""

from __future__ import annotations

import asyncio
import selectors
import socket
from collections.abc import Callable, Coroutine
from typing import Any


class _Clock(asyncio.SelectorEventLoop):
    """Its time stands still while there is something to do, and then is the next timer's."""

    def __init__(self) -> None:
        selector = selectors.DefaultSelector()
        super().__init__(selector)
        self._now = 0.0
        select = selector.select

        def look(timeout: float | None = None) -> Any:
            ready = select(None if timeout is None else 0)
            if not ready and timeout:
                self._now += timeout
            return ready

        selector.select = look  # type: ignore[method-assign]

    def time(self) -> float:
        return self._now


def in_no_time(work: Coroutine[Any, Any, None]) -> None:
    """Run ``work``; what it waits for may not be of another thread or process, nor come over a network."""
    with asyncio.Runner(loop_factory=_Clock) as runner:
        runner.run(work)


async def joined(server: Callable[[], asyncio.Protocol]) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection with a server's protocol, at whose other end is at once what was sent at one."""
    ours, theirs = socket.socketpair()
    await asyncio.get_running_loop().connect_accepted_socket(server, theirs)
    return await asyncio.open_connection(sock=ours)
