"""A slow line to a server on this machine, which may be dead or lose answers at some time."""

from __future__ import annotations

import contextlib
import math
import socket
import threading
import time
from typing import Self

_PIECE = 16_384


class SlowLine:
    """Hands on what comes to ``port``: ``rate`` bytes a second at most, and none while it ``is_dead``.

    While it ``loses_answers``, a connection breaks with the first of the server's bytes.
    """

    def __init__(self, port: int, rate: float = math.inf) -> None:
        self._far, self._rate = port, rate
        self.is_dead = False
        self.loses_answers = False
        self._ended = threading.Event()
        self._door = socket.socket()
        self._door.bind(("127.0.0.1", 0))
        self._door.listen()
        self.port: int = self._door.getsockname()[1]
        self._sockets: list[socket.socket] = [self._door]

    def __enter__(self) -> Self:
        threading.Thread(target=self._take, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for each in self._sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _take(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._door.accept()
                far = socket.create_connection(("127.0.0.1", self._far))
                self._sockets += [near, far]
                for way in ((near, far), (far, near)):
                    args = (*way, way[0] is far)
                    threading.Thread(target=self._hand_on, args=args, daemon=True).start()

    def _hand_on(self, source: socket.socket, target: socket.socket, is_answer: bool) -> None:
        free = time.monotonic()
        with contextlib.suppress(OSError):
            while piece := source.recv(_PIECE):
                free = max(free, time.monotonic()) + len(piece) / self._rate
                while (self.is_dead or time.monotonic() < free) and not self._ended.wait(0.002):
                    pass
                if is_answer and self.loses_answers:
                    break
                target.sendall(piece)
            target.shutdown(socket.SHUT_RDWR if is_answer and self.loses_answers else socket.SHUT_WR)
