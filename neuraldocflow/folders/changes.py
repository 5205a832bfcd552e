"""What the kernel tells of a folder: paths something happened to, collected by a thread."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterable

log = logging.getLogger(__name__)

_MOST = 10_000
_AGAIN = 30.0
"""Seconds until notifications are tried again."""


class Changes:
    """Collects from :meth:`start` on, until ``stop`` is set."""

    def __init__(self, root: str, stop: threading.Event, *, recursive: bool) -> None:
        self._root = root
        self._stop = stop
        self._recursive = recursive
        self._news = threading.Condition()
        self._paths: dict[str, None] = {}
        self._woken = False
        self.incomplete = False
        """Whether something may have happened that was not told: the folder has to be looked through."""
        self.possible = True
        """Whether the kernel can tell at all."""
        self.listening = threading.Event()
        """Set once the kernel tells: what comes from then on is not missed."""

    def start(self) -> threading.Thread:
        thread = threading.Thread(target=self._listen, name="folder-changes", daemon=True)
        thread.start()
        return thread

    def wake(self) -> None:
        """Whoever waits waits no longer."""
        with self._news:
            self._woken = True
            self._news.notify_all()

    def wait(self, seconds: float) -> Iterable[str]:
        """The paths, as soon as there are any, or none after a time."""
        with self._news:
            if not self._paths and not self._woken:
                self._news.wait(seconds)
            found, self._paths, self._woken = self._paths, {}, False
        return found

    def _listen(self) -> None:
        from watchfiles import watch

        while not self._stop.is_set():
            try:
                for changes in watch(
                    self._root,
                    watch_filter=None,
                    debounce=50,
                    step=5,
                    stop_event=_Asked(self._begun, self._stop),
                    rust_timeout=500,
                    yield_on_timeout=True,
                    recursive=self._recursive,
                    raise_interrupt=False,
                ):
                    self._tell(path for _, path in changes)
                    if not os.path.isdir(self._root):
                        break
            except (OSError, RuntimeError) as error:
                if os.path.isdir(self._root):
                    self._without_notifications(error)
                    continue
            self._stop.wait(1.0)
            self.incomplete = True

    def _begun(self) -> None:
        """What came before the kernel tells is found by looking."""
        self.possible = self.incomplete = True
        self.listening.set()
        self.wake()

    def _without_notifications(self, error: Exception) -> None:
        if self.possible:
            log.warning(
                "the kernel does not tell of changes in %s (%s): it is looked at again and again instead; "
                "where it has very many folders, raise fs.inotify.max_user_watches",
                self._root,
                error,
            )
        self.possible, self.incomplete = False, True
        self._stop.wait(_AGAIN)

    def _tell(self, paths: Iterable[str]) -> None:
        with self._news:
            for path in paths:
                if len(self._paths) < _MOST:
                    self._paths[path] = None
                else:
                    self.incomplete = True
            if self._paths:
                self._news.notify_all()


class _Asked:
    """An event for ``watchfiles``, which asks for it again and again as soon as it listens."""

    def __init__(self, first: Callable[[], None], event: threading.Event) -> None:
        self._first: Callable[[], None] | None = first
        self._event = event

    def is_set(self) -> bool:
        if first := self._first:
            self._first = None
            first()
        return self._event.is_set()
