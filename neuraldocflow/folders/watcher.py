"""The thread behind a watched folder: notices files, waits until they are settled, reads their hash.

Changes are told by the kernel and, whatever it missed, by full walks: every few seconds where it can't tell
of them (network filesystems, too many folders), now and then elsewhere. A file is settled when size,
modification and change time have stood still for the debounce and nobody has it open for writing (where Linux
tells; at most for a minute). Memory does not grow with the folder: what there is no room for is found again.
"""

from __future__ import annotations

import errno
import filecmp
import logging
import os
import queue
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace

from neuraldocflow.folders.changes import Changes
from neuraldocflow.folders.hashing import Found, OneAtATime, Signature, read, signature_of
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

_LONGEST_OPEN = 60.0
"""Seconds that a file is waited for which is open for writing, or can't be read just now."""
_POLLED = 1.0
"""Seconds between walks, at most, where notifications can't be had; but no more than a twentieth of the time
is spent walking."""
_LISTENS = 1.0
"""Seconds the first walk waits for notifications: where folders are very many, they take long to begin."""
_CLOCKS = 300.0
"""Seconds that the clock of another machine, which gives its files their times, may be behind this one's."""
_LASTING = {0, errno.EACCES, errno.EPERM, errno.ELOOP, errno.ENXIO, errno.EISDIR}
"""Why a file can't be opened where trying again changes nothing; 0: it is no regular file."""
_LARGE = 64 << 20
"""Bytes from which on a file is read beside the others."""
_MOST_UNSETTLED = 10_000
"""Files that wait to be settled or read beside; others are found by another walk once there is room."""
_MOST_LEFT = 1000
"""Files that are compared with those they may be, and named in the log, each once."""
_REMEMBERED = 10_000
"""Files that were emitted and are looked up anew when there are so many: most of them will be done."""


@dataclass(slots=True)
class _Unsettled:
    signature: Signature
    due: float
    since: float = 0.0
    """When it was first found open for writing, or unreadable."""


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
    _changes: Changes = field(init=False)
    _unsettled: dict[str, _Unsettled] = field(default_factory=dict)
    _large: dict[str, _Unsettled] = field(default_factory=dict)
    """Settled files that wait for the one that is read beside."""
    _reading: OneAtATime = field(init=False)
    _beside: _Unsettled | None = None
    """The one that is read beside."""
    _left_out: bool = False
    """Whether there was no room for an unsettled file."""
    _emitted: dict[str, Signature] = field(default_factory=dict)
    _look_up_at: int = field(default_factory=lambda: _REMEMBERED)
    _remote: bool = False
    _warned: set[str] = field(default_factory=set)
    _left: dict[str, Signature] = field(default_factory=dict)
    """Files that are where they were moved too, and so are left."""
    _threads: list[threading.Thread] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._changes = Changes(self.root, self._stop, recursive=self.recursive)
        self._reading = OneAtATime(self._stop, self._changes.wake)

    def start(self) -> None:
        self._remote = is_remote(kind := filesystem_of(self.root))
        if not self.once:
            if self._remote:
                log.info("%s is on %s: it is looked at again and again", self.root, kind)
            self._threads.append(self._changes.start())
        thread = threading.Thread(target=self._run, name="folder", daemon=True)
        thread.start()
        self._threads.append(thread)

    def stop(self) -> None:
        """End the threads; files not yet taken are found again at the next start."""
        self._stop.set()
        self._changes.wake()
        for thread in self._threads:
            thread.join(timeout=2)

    def _run(self) -> None:
        try:
            if not self.once:  # what comes after the first walk and before them would wait for the next one
                self._changes.listening.wait(_LISTENS)
            scan_at = 0.0
            while not self._stop.is_set():
                now = time.monotonic()
                if now >= scan_at or self._changes.incomplete or (self._left_out and self._has_room(2)):
                    self._changes.incomplete = self._left_out = False
                    self._scan()
                    if self.once and not (self._waiting() or self._left_out):
                        break
                    polled = self._remote or not self._changes.possible
                    interval = min(self.scan_interval, _POLLED) if polled else self.scan_interval
                    took = time.monotonic() - now
                    scan_at = time.monotonic() + (0.0 if self.once else max(interval, 20 * took))
                self._settle()
                self._sleep(scan_at)
            self.drained.set()
            self.arrived()
        except Exception as error:
            log.exception("watching %s ended by a fault", self.root)
            self.fault = error

    def _waiting(self) -> bool:
        return bool(self._unsettled or self._large or self._reading.busy)

    def _has_room(self, share: int = 1) -> bool:
        return len(self._unsettled) + len(self._large) < _MOST_UNSETTLED // share

    def _sleep(self, scan_at: float) -> None:
        due = min((each.due for each in self._unsettled.values()), default=float("inf"))
        pause = due - time.time()
        if not self.once:
            pause = min(pause, scan_at - time.monotonic())
        for path in self._changes.wait(min(max(pause, 0.002), 1.0)):
            self._look(path)

    def _scan(self) -> None:
        self.tidy()
        for path, status in walk(
            self.root, recursive=self.recursive, excluded=self.excluded, unreadable=self._warn
        ):
            if self._stop.is_set():
                return
            self._take_what_was_read()
            self._consider(path, status)
        for path in [path for path in self._emitted if is_gone(path)]:
            del self._emitted[path]

    def _look(self, path: str) -> None:
        """A path something happened to: a file, or a folder that may have come with files in it."""
        if os.path.islink(path) or not is_inside(path, self.root, self.excluded, recursive=self.recursive):
            return
        if os.path.isdir(path):
            hidden = os.path.basename(path).startswith(".")
            if self.recursive and not hidden and path not in self.excluded:
                for inner, status in walk(
                    path, recursive=True, excluded=self.excluded, unreadable=self._warn
                ):
                    self._consider(inner, status)
            return
        try:
            self._consider(path, os.lstat(path))
        except OSError:
            self._unsettled.pop(path, None)
            self._large.pop(path, None)

    def _consider(self, path: str, status: os.stat_result) -> None:
        if not is_document(os.path.basename(path), self.patterns):
            return
        signature = signature_of(status)
        if self._emitted.get(path) == signature or path == self._reading.busy:
            return
        key = os.fsencode(path)
        place = self.ledger.find(key, signature[:2])
        if place is not None and (place == key or self._is_left(path, os.fsdecode(place), signature)):
            self._emitted.pop(path, None)
            return
        known = self._unsettled.get(path) or self._large.get(path)
        if known is None or known.signature != signature:
            self._large.pop(path, None)
            now = time.time()
            changed = max(status.st_mtime, status.st_ctime)
            if self._remote and now - changed < _CLOCKS:
                changed = now  # as far as is known
            waiting = _Unsettled(signature, min(changed, now) + self.debounce)
            if waiting.due <= now:  # long settled: a first walk over millions keeps none of them waiting
                self._take(path, waiting)
            else:
                self._keep(self._unsettled, path, waiting)

    def _keep(self, among: dict[str, _Unsettled], path: str, waiting: _Unsettled) -> None:
        if self._has_room():
            among[path] = waiting
        else:
            self._left_out = True

    def _settle(self) -> None:
        self._take_what_was_read()
        now = time.time()
        for path in [path for path, each in self._unsettled.items() if each.due <= now]:
            if waiting := self._unsettled.pop(path, None):
                self._take(path, waiting)

    def _take(self, path: str, waiting: _Unsettled) -> None:
        """Put a file into ``found`` if it really is settled."""
        try:
            status = os.lstat(path)
        except FileNotFoundError:
            return  # renamed or removed before it was settled: its new name is another file
        except OSError as error:
            self._warn(os.path.dirname(path), error)
            return  # its folder can't be entered: a walk finds it again when it can
        if signature_of(status) != waiting.signature:
            self._consider(path, status)
            return
        try:
            descriptor = open_document(path)
        except OSError as error:
            if not os.path.lexists(path):
                return  # as above, only just now
            found = Found(path, *waiting.signature[:2], problem=error.strerror or "unreadable")
            if error.errno in _LASTING or not self._wait_for(path, waiting):
                self._put(path, waiting.signature, found)
            return
        if is_open_for_writing(descriptor) and self._wait_for(path, waiting):
            os.close(descriptor)
        elif status.st_size < _LARGE:
            result = read(descriptor, path, waiting.signature, self._stop)
            os.close(descriptor)
            self._was_read(path, waiting, result)
        elif self._reading.busy:
            os.close(descriptor)
            self._keep(self._large, path, waiting)
        else:
            self._beside = waiting
            self._reading.start(descriptor, path, waiting.signature)

    def _wait_for(self, path: str, waiting: _Unsettled) -> bool:
        """Look at a file again soon, unless it has been waited for long enough."""
        now = time.time()
        waiting.since = waiting.since or now
        if now - waiting.since >= _LONGEST_OPEN:
            return False
        waiting.due = now + max(self.debounce, 0.1)
        self._keep(self._unsettled, path, waiting)
        return True

    def _take_what_was_read(self) -> None:
        """Of the large files: the one that was read, and the next."""
        if (result := self._reading.take()) and self._beside:
            path, found = result
            self._was_read(path, self._beside, found)
        if self._large and not self._reading.busy:
            path = next(iter(self._large))
            self._take(path, self._large.pop(path))

    def _was_read(self, path: str, waiting: _Unsettled, found: Found | None) -> None:
        if found is not None:
            if not found.problem or not self._wait_for(path, waiting):  # a disk or share in trouble
                self._put(path, waiting.signature, found)
        elif not self._stop.is_set():  # it is another one now
            self._look(path)

    def _put(self, path: str, signature: Signature, found: Found) -> None:
        run = self.ledger.next_run(os.fsencode(path), signature[:2])  # asked before it is looked at again
        if run and not _is_still(path, signature):
            self._look(path)  # it was done meanwhile, and moved away: that is none to be processed once more
            return
        found = replace(found, run=run)
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
            if self.ledger.find(os.fsencode(path), signature[:2]) is not None or is_gone(path):
                del self._emitted[path]
        self._look_up_at = max(_REMEMBERED, 2 * len(self._emitted))

    def _is_left(self, path: str, place: str, signature: Signature) -> bool:
        """Whether a file is the one that was moved to a place, and still is there too; told once.

        Size and time alone say little of files that were unpacked, so that their bytes are compared.
        """
        if self._left.get(path) == signature or len(self._left) >= _MOST_LEFT:
            return True
        try:
            if not filecmp.cmp(path, place, shallow=False):
                return False
        except OSError:
            return False  # it is looked at again when it is read
        self._left[path] = signature
        log.warning(
            "%s is left where it is: it was processed before, and moved to %s. "
            "To have it processed again, move that one back",
            path,
            place,
        )
        return True

    def _warn(self, folder: str, error: OSError) -> None:
        if folder not in self._warned:
            self._warned.add(folder)
            log.warning("%s can't be read (%s); it is tried again at each scan", folder, error.strerror)


def _is_still(path: str, signature: Signature) -> bool:
    """Whether a file is there as it was seen; one that was moved away and back has another change time."""
    try:
        return signature_of(os.lstat(path)) == signature
    except OSError:
        return False
