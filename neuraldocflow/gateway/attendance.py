"""Who stays: WebSocket sessions and event streams, so many of each key, ended when it is revoked; and who
waits for an answer, until the gateway ends."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from neuraldocflow.errors import ConfigError, RateLimited
from neuraldocflow.gateway.keys import Key, KeyStore
from neuraldocflow.gateway.problems import Problem

log = logging.getLogger(__name__)

_SECONDS = 1.0
"""How often the keys are looked at."""


class Guest(Protocol):
    """Who stays for long."""

    def key_changed(self, key: Key | None) -> None:
        """His key is another now, or (None) there is none any more; must not wait."""


class Attendance:
    """Lives in the event loop."""

    def __init__(self, keys: KeyStore, most_of_key: int) -> None:
        self._keys = keys
        self._most = most_of_key
        self._guests: dict[str, dict[Guest, Key]] = defaultdict(dict)
        self._leaving: set[Callable[[], None]] = set()
        self._is_over = False

    def check(self, key: Key) -> None:
        """Raises Problem where there are too many of a key already."""
        if len(self._guests.get(key.id, ())) >= self._most:
            message = f"This key has {self._most} connections open already: close one first."
            raise Problem(RateLimited(message), 429, {"Retry-After": "30"})

    def enter(self, guest: Guest, key: Key) -> None:
        """He stays from now on."""
        self._guests[key.id][guest] = key

    def leave(self, guest: Guest, key: Key) -> None:
        """He is gone; no error where he never was."""
        guests = self._guests.get(key.id, {})
        guests.pop(guest, None)
        if not guests:
            self._guests.pop(key.id, None)

    @contextmanager
    def until_the_end(self, leave: Callable[[], None]) -> Iterator[None]:
        """While somebody waits for what may be long in coming: ``leave`` is called when the gateway ends."""
        if self._is_over:
            leave()
        self._leaving.add(leave)
        try:
            yield
        finally:
            self._leaving.discard(leave)

    def end(self) -> None:
        """The gateway ends: nobody is to wait any more."""
        self._is_over = True
        for leave in list(self._leaving):
            leave()

    async def watch(self) -> None:
        """Look at the keys again and again, and tell whose has changed."""
        readable = True
        while True:
            await asyncio.sleep(_SECONDS)
            try:
                known = {key.id: key for key in self._keys.all()}
                readable = True
            except ConfigError as error:  # who is here stays; nobody else comes in
                if readable:
                    log.error("%s", error)
                readable = False
                continue
            for key_id, guests in list(self._guests.items()):
                for guest, had in list(guests.items()):
                    if (has := known.get(key_id)) != had:
                        if has is None:
                            self.leave(guest, had)
                        else:
                            guests[guest] = has
                        guest.key_changed(has)
