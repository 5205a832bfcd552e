"""Writing that is whole or not at all, and patient with what does not take it before it gives up."""

from __future__ import annotations

import errno
import itertools
import logging
import os
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from neuraldocflow.errors import ConfigError, NeuralDocFlowError

log = logging.getLogger(__name__)

T = TypeVar("T")

PAUSES = (0.1, 0.4, 1.5)
"""Seconds between tries. Who hands over more waits meanwhile, so that nothing piles up behind a full disk."""
AGAIN = 5.0
"""Seconds between the tries after those."""
STOPPING = threading.Event()
"""Set when the job is told to stop: then nobody waits for room on a disk."""
_PROBE = 8 << 20
"""What has to fit for a folder to count as writable: files that were closed meanwhile have made some room."""
_TELL = 0.5
"""Seconds between two signs of life."""
_FULL = (errno.ENOSPC, errno.EDQUOT)
NO_LINKS = {errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP, errno.EMLINK, errno.EACCES}
"""What filesystems without hard links say, such as exFAT or SMB."""


class OutputError(NeuralDocFlowError):
    """An output can't be written. The job ends, and recovery delivers what is missing after a restart."""


def patiently(
    what: str,
    write: Callable[[], T],
    patience: float = 0.0,
    waiting: Callable[[], None] | None = None,
    pausing: Callable[[], None] | None = None,
) -> T:
    """Try a write a few times, then for ``patience`` seconds, and on a full disk until there is room.

    A job that is to stop tries a few times only. Signs of life are given by ``waiting`` until this returns,
    or by ``pausing`` between two tries: then a write that hangs is seen as a stall. Raises OutputError, with
    what is wrong and what happens next.
    """
    with telling(waiting):
        return _tried(what, write, time.monotonic() + patience, pausing)


def _tried(what: str, write: Callable[[], T], deadline: float, pausing: Callable[[], None] | None) -> T:
    for tried in itertools.count():
        try:
            found = write()
        except OSError as error:
            goes_on = error.errno in _FULL or time.monotonic() < deadline
            if tried >= len(PAUSES) and (STOPPING.is_set() or not goes_on):
                raise OutputError(
                    f"{what} can't be written: {_reason(error)}. Nothing is lost: "
                    "what is missing is delivered after the next start"
                ) from error
            if not tried:
                log.warning("%s can't be written (%s); tried again until it can", what, _reason(error))
            with telling(pausing):
                STOPPING.wait(PAUSES[tried] if tried < len(PAUSES) else AGAIN)
        else:
            if tried:
                log.info("%s could be written after %d tries", what, tried + 1)
            return found
    raise AssertionError("unreachable: tries never end")


@contextmanager
def telling(waiting: Callable[[], None] | None) -> Iterator[None]:
    """``waiting`` is called again and again meanwhile, by another thread, and not after: one write may take
    long."""
    if waiting is None:
        yield
        return
    number = _signs.begin(waiting)
    try:
        yield
    finally:
        _signs.end(number)


class _Signs:
    """The thread that gives signs of life, for all that wait in this process; it starts with the first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._waiting: dict[int, tuple[float, Callable[[], None]]] = {}
        self._thread: threading.Thread | None = None

    def begin(self, waiting: Callable[[], None]) -> int:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._tell, name="waiting", daemon=True)
                self._thread.start()
            number = next(self._numbers)
            self._waiting[number] = time.monotonic(), waiting
            return number

    def end(self, number: int) -> None:
        with self._lock:
            del self._waiting[number]

    def _tell(self) -> None:
        while True:
            time.sleep(_TELL)
            with self._lock:
                before = time.monotonic() - _TELL
                for began, waiting in self._waiting.values():
                    if began <= before:
                        try:
                            waiting()
                        except Exception:  # others wait too
                            log.exception("a sign of life can't be given")


_signs = _Signs()


def write_atomically(path: Path, data: bytes, *, replace: bool = True) -> None:
    """Write a file that appears whole, synced. Raises FileExistsError unless ``replace``, and OSError, which
    names it."""
    try:
        _write_atomically(path, data, replace)
    except OSError as error:  # nobody knows the name it has until it is whole
        error.filename = str(path)
        raise


def _write_atomically(path: Path, data: bytes, replace: bool) -> None:
    handle, name = tempfile.mkstemp(prefix=".writing-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o644)
        if replace:
            os.replace(name, path)
        else:
            _place(name, path)
    finally:
        Path(name).unlink(missing_ok=True)


def reserve(path: Path) -> bool:
    """Take a name with an empty file, where the filesystem has no hard links; whether nothing had it."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        return False
    return True


def _place(name: str, path: Path) -> None:
    """Give a file a name that nothing has. Raises FileExistsError, and OSError."""
    try:
        os.link(name, path)
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        if not reserve(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from error
        try:
            os.replace(name, path)
        except OSError:
            path.unlink()
            raise


def sync_folder(folder: Path) -> None:
    """So that what was renamed into it is there after a loss of power, too. Raises OSError."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _reason(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "the disk is full"
    return error.strerror or str(error) or type(error).__name__


def forget_unfinished(folder: Path, older_than: float = 60.0) -> None:
    """Remove what :func:`write_atomically` left half written when its process was killed; ages in seconds."""
    oldest = time.time() - older_than
    for path in folder.glob(".writing-*"):
        with suppress(FileNotFoundError):
            if path.stat().st_mtime < oldest:
                path.unlink()


def unwritable(folder: Path) -> str | None:
    """Why nothing can be written to a folder now, in words; None where something can."""
    probe = folder / f".probe-{os.getpid()}"
    try:
        with probe.open("wb") as file:
            file.write(bytes(_PROBE))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return _reason(error)
    finally:
        with suppress(OSError):
            probe.unlink(missing_ok=True)
    return None


def database(path: Path, schema: str) -> sqlite3.Connection:
    """A SQLite file that threads share under a lock of theirs; what a statement wrote is on the disk.

    Raises ConfigError where it can't be used.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        connection = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.executescript(schema)
    except sqlite3.OperationalError as error:
        raise _unusable(path, error) from error
    except sqlite3.DatabaseError as error:
        raise ConfigError(
            f"{path} is damaged: {error}. Put a copy of it back; or remove it: then what is still at its "
            "source, although it is done, may be processed again"
        ) from error
    return connection


def index(path: Path, opened: Callable[[], sqlite3.Connection]) -> sqlite3.Connection:
    """A SQLite file that can be made anew from what it speaks of: it is, where it is damaged. Raises
    ConfigError where it can't be used."""
    path.parent.mkdir(parents=True, exist_ok=True)
    was_left = Path(f"{path}-wal").exists()  # who had it was killed, maybe with the machine
    try:
        try:
            return _checked(opened()) if was_left else opened()
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError as error:
            log.warning("%s is damaged (%s): it is made anew", path, error)
            for end in ("", "-wal", "-shm"):
                Path(f"{path}{end}").unlink(missing_ok=True)
            return opened()
    except sqlite3.OperationalError as error:
        raise _unusable(path, error) from error


def _checked(db: sqlite3.Connection) -> sqlite3.Connection:
    """Raises DatabaseError for damage that opening does not see."""
    (told,) = db.execute("PRAGMA quick_check(1)").fetchone()
    if told != "ok":
        db.close()
        raise sqlite3.DatabaseError("pages of it are lost")
    return db


def _unusable(path: Path, error: sqlite3.OperationalError) -> Exception:
    """What to raise: a sentence where only somebody's hand helps, the error itself where it may pass."""
    if error.sqlite_errorcode & 0xFF in (
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_PERM,
    ):
        return ConfigError(f"{path} can't be used: {error}")
    return error
