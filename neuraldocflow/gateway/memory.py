"""What is whole in memory: large messages and JSON bodies, so many bytes in all and of each key."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable

MOST, MOST_OF_KEY = 128 * 2**20, 64 * 2**20
SMALL = 16 * 1024
"""Bytes that need no room: so much each connection may hold."""


class Memory:
    """The room there is. It lives in the event loop."""

    def __init__(self, most: int = MOST, most_of_key: int = MOST_OF_KEY) -> None:
        self._most, self._most_of_key = most, most_of_key
        self._used = 0
        self._used_by: dict[str, int] = defaultdict(int)
        self._holders: dict[Room, None] = {}
        self._waiting: dict[Room, tuple[int, Callable[[], None]]] = {}

    def room(self, key: str) -> Room:
        """Room for one request of a key; it has none yet."""
        return Room(self, key)

    def ask(self, room: Room, size: int, granted: Callable[[], None]) -> bool:
        """Whether a room may have ``size`` bytes in all now; else ``granted`` is called once it has them."""
        if size <= room.size:
            return True
        self._waiting[room] = (size, granted)
        self._grant(asking=room)
        return room not in self._waiting

    def give_back(self, room: Room) -> None:
        """A room is needed no more."""
        self._waiting.pop(room, None)
        if room in self._holders:
            del self._holders[room]
            self._used -= room.size
            self._used_by[room.key] -= room.size
            if not self._used_by[room.key]:
                del self._used_by[room.key]
            room.size = 0
        self._grant()

    def _grant(self, asking: Room | None = None) -> None:
        """Whose turn it is, in the order they asked; nobody overtakes one who waits for others' bytes."""
        is_full = False
        for room, (size, granted) in list(self._waiting.items()):
            more = size - room.size
            if not self._is_first(room):  # the first of all always goes on, so that one ends
                is_full = is_full or self._used + more > self._most
                if is_full:
                    continue
            if self._used_by[room.key] + more > self._most_of_key and not self._is_first_of_key(room):
                continue
            del self._waiting[room]
            self._give(room, size)
            if room is not asking:
                granted()

    def _is_first(self, room: Room) -> bool:
        return next(iter(self._holders), room) is room

    def _is_first_of_key(self, room: Room) -> bool:
        return next((each for each in self._holders if each.key == room.key), room) is room

    def _give(self, room: Room, size: int) -> None:
        self._holders[room] = None
        self._used += size - room.size
        self._used_by[room.key] += size - room.size
        room.size = size


class Room:
    """What one request holds of the memory; a context that gives it back."""

    __slots__ = ("_memory", "key", "size")

    def __init__(self, memory: Memory, key: str) -> None:
        self._memory = memory
        self.key = key
        self.size = 0

    def ask(self, size: int, granted: Callable[[], None]) -> bool:
        """See :meth:`Memory.ask`."""
        return self._memory.ask(self, size, granted)

    async def hold(self, size: int) -> None:
        """Wait until ``size`` bytes in all are its own."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if not self.ask(size, lambda: None if done.done() else done.set_result(None)):
            await done

    def release(self) -> None:
        """Give it back; no error when it has been."""
        self._memory.give_back(self)

    def __enter__(self) -> Room:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
