"""The thread behind a watched folder: notices files, waits until they are settled, reads their hash.

Changes are told by the kernel (watchfiles) and, whatever it missed, by full walks: every few seconds where it
can't tell of them (network filesystems, too many folders), now and then elsewhere. A file is settled when
size, modification and change time have stood still for the debounce and nobody has it open for writing (where
Linux tells; at most for a minute).
"""

from __future__ import annotations

import hashlib
import logging
import os
import queue
import threading
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

from neuraldocflow.folders.ledger import Ledger
from neuraldocflow.folders.mounts import filesystem_of, is_remote
from neuraldocflow.folders.walk import (
    is_document,
    is_gone,
    is_inside,
    is_open_for_writing,
    open_document,
    walk,
)

log = logging.getLogger(__name__)

Signature = tuple[int, int, int]
"""Size, modification and change time in nanoseconds."""

_CHUNK = 1 << 20
_LONGEST_OPEN = 60.0
_MOST_CHANGES = 10_000
_POLLED = 1.0
"""Seconds between walks, at most, where notifications can't be had; but no more than a twentieth of the time
is spent walking."""
_AGAIN = 30.0
"""Seconds until notifications are tried again."""
_REMEMBERED = 10_000
"""Files that were emitted and are looked up anew when there are so many: most of them will be done."""


@dataclass(frozen=True, slots=True)
class Found:
    """A settled file. ``sha256`` is empty when it can't be read, and ``problem`` then says why."""

    path: str
    size: int
    mtime_ns: int
    sha256: str = ""
    problem: str = ""


@dataclass(slots=True)
class _Unsettled:
    signature: Signature
    due: float
    since: float


@dataclass(slots=True)
class Watcher:
    """Watches ``root`` from :meth:`start` on; settled files are taken from ``found``."""

    root: str
    patterns: Collection[str]
    ledger: Ledger
    recursive: bool = True
    excluded: frozenset[str] = frozenset()
    debounce: float = 0.5
    scan_interval: float = 30.0
    once: bool = False
    tidy: Callable[[], None] = lambda: None
    """Called before each full walk."""
    arrived: Callable[[], None] = lambda: None
    """Called when ``found`` or ``drained`` has news."""
    found: queue.Queue[Found] = field(default_factory=lambda: queue.Queue(maxsize=16))
    drained: threading.Event = field(default_factory=threading.Event)
    """Set, when ``once``, after the last file was put into ``found``."""
    fault: Exception | None = None
    """What ended the thread, if it was not :meth:`stop`."""
    _stop: threading.Event = field(default_factory=threading.Event)
    _news: threading.Condition = field(default_factory=threading.Condition)
    _changes: dict[str, None] = field(default_factory=dict)
    _unsettled: dict[str, _Unsettled] = field(default_factory=dict)
    _emitted: dict[str, Signature] = field(default_factory=dict)
    _look_up_at: int = field(default_factory=lambda: _REMEMBERED)
    _scan_now: bool = False
    _polled: bool = False
    """Whether the kernel does not tell of all changes."""
    _warned: set[str] = field(default_factory=set)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        if not self.once and is_remote(kind := filesystem_of(self.root)):
            self._polled = True
            log.info("%s is on %s: it is looked at again and again", self.root, kind)
        targets = [self._run] if self.once else [self._run, self._listen]
        self._threads = [threading.Thread(target=target, daemon=True) for target in targets]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End the threads; files not yet taken are found again at the next start."""
        self._stop.set()
        with self._news:
            self._news.notify_all()
        for thread in self._threads:
            thread.join(timeout=2)

    def _run(self) -> None:
        try:
            scan_at = 0.0
            while not self._stop.is_set():
                now = time.monotonic()
                if now >= scan_at or self._scan_now:
                    self._scan_now = False
                    self._scan()
                    if self.once and not self._unsettled:
                        break
                    took = time.monotonic() - now
                    interval = min(self.scan_interval, _POLLED) if self._polled else self.scan_interval
                    scan_at = time.monotonic() + max(interval, 20 * took)
                    if self.once:
                        scan_at = time.monotonic()
                self._settle()
                self._sleep(scan_at)
            self.drained.set()
            self.arrived()
        except Exception as error:
            log.exception("watching %s ended by a fault", self.root)
            self.fault = error

    def _sleep(self, scan_at: float) -> None:
        due = min((each.due for each in self._unsettled.values()), default=float("inf"))
        pause = due - time.time()
        if not self.once:
            pause = min(pause, scan_at - time.monotonic())
        with self._news:
            if not self._changes and not self._stop.is_set():
                self._news.wait(min(max(pause, 0.002), 1.0))
            changes, self._changes = self._changes, {}
        for path in changes:
            self._look(path)

    def _scan(self) -> None:
        self.tidy()
        for path, status in walk(
            self.root, recursive=self.recursive, excluded=self.excluded, unreadable=self._warn
        ):
            if self._stop.is_set():
                return
            self._consider(path, status)
        for path in [path for path in self._emitted if is_gone(path)]:
            del self._emitted[path]

    def _look(self, path: str) -> None:
        """A path something happened to: a file, or a folder that may have come with files in it."""
        if os.path.islink(path) or not is_inside(path, self.root, self.excluded, recursive=self.recursive):
            return
        if os.path.isdir(path):
            if self.recursive and path not in self.excluded:
                for inner, status in walk(
                    path, recursive=True, excluded=self.excluded, unreadable=self._warn
                ):
                    self._consider(inner, status)
            return
        try:
            self._consider(path, os.lstat(path))
        except OSError:
            self._unsettled.pop(path, None)

    def _consider(self, path: str, status: os.stat_result) -> None:
        if not is_document(os.path.basename(path), self.patterns):
            return
        signature = _signature(status)
        if self._emitted.get(path) == signature:
            return
        if self.ledger.has(os.fsencode(path), signature[:2]):
            self._emitted.pop(path, None)
            return
        known = self._unsettled.get(path)
        if known is None or known.signature != signature:
            now = time.time()
            changed = max(status.st_mtime, status.st_ctime)
            due = min(changed, now) + self.debounce
            self._unsettled[path] = _Unsettled(signature, due, now)
            if due <= now:  # long settled: a first walk over millions keeps none of them waiting in memory
                self._take(path)

    def _settle(self) -> None:
        now = time.time()
        for path in [path for path, each in self._unsettled.items() if each.due <= now]:
            self._take(path)

    def _take(self, path: str) -> None:
        """Put a file into ``found`` if it really is settled."""
        waiting = self._unsettled.pop(path)
        try:
            status = os.lstat(path)
        except FileNotFoundError:
            return  # renamed or removed before it was settled: its new name is another file
        except OSError as error:
            self._warn(os.path.dirname(path), error)
            return  # its folder can't be entered: a walk finds it again when it can
        if _signature(status) != waiting.signature:
            self._consider(path, status)
            return
        try:
            descriptor = open_document(path)
        except OSError as error:
            if not os.path.lexists(path):
                return  # as above, only just now
            self._put(
                path,
                waiting.signature,
                Found(path, *waiting.signature[:2], problem=error.strerror or "unreadable"),
            )
            return
        try:
            if is_open_for_writing(descriptor) and time.time() - waiting.since < _LONGEST_OPEN:
                waiting.due = time.time() + max(self.debounce, 0.1)
                self._unsettled[path] = waiting
                return
            found = _read(descriptor, path)
            if found.problem == "" and _signature(os.fstat(descriptor)) != waiting.signature:
                self._consider(path, os.fstat(descriptor))
                return
        finally:
            os.close(descriptor)
        self._put(path, waiting.signature, found)

    def _put(self, path: str, signature: Signature, found: Found) -> None:
        self._emitted[path] = signature
        if len(self._emitted) >= self._look_up_at:
            self._forget_done()
        while not self._stop.is_set():
            try:
                self.found.put(found, timeout=0.1)
                self.arrived()
                return
            except queue.Full:
                continue

    def _forget_done(self) -> None:
        """The ledger knows what is done: a first walk over millions keeps none of that in memory."""
        for path, signature in list(self._emitted.items()):
            if self.ledger.has(os.fsencode(path), signature[:2]) or is_gone(path):
                del self._emitted[path]
        self._look_up_at = max(_REMEMBERED, 2 * len(self._emitted))

    def _warn(self, folder: str, error: OSError) -> None:
        if folder not in self._warned:
            self._warned.add(folder)
            log.warning("%s can't be read (%s); it is tried again at each scan", folder, error.strerror)

    def _listen(self) -> None:
        from watchfiles import watch

        while not self._stop.is_set():
            try:
                for changes in watch(
                    self.root,
                    watch_filter=None,
                    debounce=50,
                    step=5,
                    stop_event=self._stop,
                    rust_timeout=500,
                    yield_on_timeout=True,
                    recursive=self.recursive,
                    raise_interrupt=False,
                ):
                    self._tell(path for _, path in changes)
                    if not os.path.isdir(self.root):
                        break
            except (OSError, RuntimeError) as error:
                if os.path.isdir(self.root):
                    self._without_notifications(error)
                    continue
            self._stop.wait(1.0)
            self._scan_now = True

    def _without_notifications(self, error: Exception) -> None:
        if not self._polled:
            log.warning(
                "the kernel does not tell of changes in %s (%s): it is looked at again and again instead; "
                "where it has very many folders, raise fs.inotify.max_user_watches",
                self.root,
                error,
            )
        self._polled = self._scan_now = True
        self._stop.wait(_AGAIN)

    def _tell(self, paths: Iterable[str]) -> None:
        with self._news:
            for path in paths:
                if len(self._changes) < _MOST_CHANGES:
                    self._changes[path] = None
                else:
                    self._scan_now = True
            if self._changes:
                self._news.notify_all()


def _signature(status: os.stat_result) -> Signature:
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _read(descriptor: int, path: str) -> Found:
    status = os.fstat(descriptor)
    digest, size = hashlib.sha256(), 0
    try:
        while chunk := os.read(descriptor, _CHUNK):
            digest.update(chunk)
            size += len(chunk)
    except OSError as error:
        return Found(path, status.st_size, status.st_mtime_ns, problem=error.strerror or "unreadable")
    return Found(path, size, status.st_mtime_ns, digest.hexdigest())
