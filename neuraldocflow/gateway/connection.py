"""One WebSocket connection, with what it may hold in memory bounded while its messages come.

Before its caller is known a message may have 4 KB, in one frame. After that small messages come as they are;
what is larger needs room in the gateway's memory, and a connection that gets none is not read meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Sequence
from typing import Any

from websockets.asyncio.server import Server, ServerConnection
from websockets.frames import DATA_OPCODES, CloseCode, Frame
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from neuraldocflow.gateway.memory import SMALL, Memory, Room
from neuraldocflow.gateway.untaken import untaken

SUBPROTOCOL = Subprotocol("neuraldocflow.v1")
_SUBPROTOCOLS = [SUBPROTOCOL]
MAX_MESSAGE = 16 * 2**20
"""Bytes of one message; larger documents come in pieces."""
MAX_FROM_STRANGERS = 4096
"""Bytes of a message whose sender is not known yet."""
BAD_MESSAGE, TOO_SLOW, TOO_LARGE = 4400, 4408, 4413
_PING_SECONDS = 20.0
"""From a ping to the next, and in which a client has to say or take something."""
_CLOSE_SECONDS = 5.0
_MESSAGE_SECONDS = 300.0
"""In which a large message has to be whole: 56 KB/s for the largest."""
_OF_FRAME = 256
"""Bytes that a piece of a message costs beside its content."""


class _Protocol(ServerProtocol):
    """Says with our code that a message is too large, and how many bytes the present frame still needs."""

    awaited = 0

    def fail(self, code: CloseCode | int, reason: str = "") -> None:
        super().fail(TOO_LARGE if code == CloseCode.MESSAGE_TOO_BIG else code, reason)

    def count_awaited(self) -> None:
        """From now on; the library asks its reader for a whole frame's content at once."""
        read_exact = self.reader.read_exact

        def counted(n: int) -> Generator[None, None, bytearray]:
            self.awaited = n
            return read_exact(n)

        self.reader.read_exact = counted  # type: ignore[method-assign]


class Connection(ServerConnection):
    """A connection of the ``websockets`` library; ``known`` is called once its caller is."""

    protocol: _Protocol

    def __init__(
        self,
        server: Server,
        memory: Memory,
        logger: Any,
        known: Callable[[Connection], None],
    ) -> None:
        protocol = _Protocol(
            max_size=MAX_FROM_STRANGERS,
            subprotocols=_SUBPROTOCOLS,
            select_subprotocol=_offered,
            logger=logger,
        )
        super().__init__(
            protocol,
            server,
            ping_interval=_PING_SECONDS,
            close_timeout=_CLOSE_SECONDS,
            max_queue=4,
        )
        self._memory = memory
        self._known = known
        self._key = ""
        self._room: Room | None = None
        """Of the message that comes now."""
        self._rooms: list[Room] = []
        """Of the messages that are whole, one each."""
        self._pieces = 0
        self._messages_wait = self._room_waits = False
        """Why it is not read now."""
        self._heard = 0
        """Changes when something has come, or may come again."""
        self._patience: asyncio.TimerHandle | None = None

    def belongs_to(self, key: str) -> None:
        """The caller is known: messages may be large, in what room the key has."""
        self._key = key
        self._known(self)
        self.protocol.max_message_size = MAX_MESSAGE

    def forget_request(self, instead: Request) -> None:
        """The request's headers cost memory, may hold the key, and are not needed again."""
        self.request = instead

    def room_of_message(self) -> Room:
        """The room that the message just received has; whoever works on it gives it back."""
        return self._rooms.pop(0)

    async def keepalive(self) -> None:
        """Ping, and let go whoever neither says nor takes anything from one ping to the next though he could.

        Instead of the library's, which insists on a pong: there is none inside a frame that a client still
        sends, nor is it read behind a message that waits for room; those have their own limit. And there is
        none before the client has read what was sent before the ping.
        """
        heard_before, behind_before = -1, 0
        await asyncio.sleep(_PING_SECONDS)
        while self.protocol.state is State.OPEN:
            behind = untaken(self.transport)
            could_be_heard = self._patience is None and not self._messages_wait
            if could_be_heard and self._heard == heard_before and behind >= behind_before:
                self._end(CloseCode.INTERNAL_ERROR, f"not heard of for {_PING_SECONDS:g} s")
                break
            heard_before, behind_before = self._heard, behind
            self.protocol.send_ping(b"")
            self.send_data()  # not waiting until it is taken: that may be never
            await asyncio.sleep(_PING_SECONDS)
        await asyncio.sleep(_CLOSE_SECONDS)  # once the connection is lost this task is cancelled
        self.transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.protocol.count_awaited()
        self.recv_messages.pause = self._messages_are_many
        self.recv_messages.resume = self._messages_are_few

    def data_received(self, data: bytes) -> None:
        self._heard += 1
        super().data_received(data)
        comes = self.protocol.awaited + (self.protocol.current_size or 0) + self._pieces * _OF_FRAME
        if comes > SMALL and self._key and not self.transport.is_closing():
            self._need(comes)

    def process_event(self, event: Any) -> None:
        if isinstance(event, Frame) and event.opcode in DATA_OPCODES:
            content, event.data = event.data, b""  # the parser keeps the last frame, however long it is idle
            event = Frame(event.opcode, content, event.fin)
            if event.fin:
                self._rooms.append(self._room or self._memory.room(self._key))
                self._room, self._pieces = None, 0
                self._stop_patience()
                self._has_room()
            elif self._key:
                self._pieces += 1
            else:
                self.protocol.fail(BAD_MESSAGE, "authenticate in one frame")
                self.send_data()
                return
        super().process_event(event)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_patience()
        for room in (*self._rooms, *([self._room] if self._room else [])):
            room.release()
        super().connection_lost(exc)

    def _need(self, size: int) -> None:
        """Room for the message that comes; until there is, no more of it is read."""
        if self._room is None:
            self._room = self._memory.room(self._key)
            self._patience = self.loop.call_later(_MESSAGE_SECONDS, self._give_up)
        if not self._room.ask(size, self._has_room):
            self._pause()
            self._room_waits = True

    def _give_up(self) -> None:
        self._end(TOO_SLOW, f"a message took longer than {_MESSAGE_SECONDS:g} s")

    def _end(self, code: int, reason: str) -> None:
        self.protocol.fail(code, reason)
        self.send_data()
        self.transport.close()

    def _stop_patience(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _messages_are_many(self) -> None:
        self._pause()
        self._messages_wait = True

    def _messages_are_few(self) -> None:
        self._messages_wait = False
        self._resume()

    def _has_room(self) -> None:
        if self._room_waits:
            self._room_waits = False
            self._resume()

    def _pause(self) -> None:
        if not (self._messages_wait or self._room_waits or self.transport.is_closing()):
            self.transport.pause_reading()

    def _resume(self) -> None:
        if not (self._messages_wait or self._room_waits or self.transport.is_closing()):
            self._heard += 1
            self.transport.resume_reading()


def _offered(_: ServerProtocol, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    return SUBPROTOCOL if SUBPROTOCOL in offered else None
