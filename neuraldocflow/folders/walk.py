"""Walking a folder: one entry at a time, symbolic links never followed, other people's folders left out."""

from __future__ import annotations

import fcntl
import logging
import os
import signal
import stat
from collections.abc import Callable, Collection, Iterator
from fnmatch import fnmatchcase
from pathlib import Path

log = logging.getLogger(__name__)

_F_SETSIG = 10


def walk(
    root: str, *, recursive: bool, excluded: Collection[str], unreadable: Callable[[str, OSError], None]
) -> Iterator[tuple[str, os.stat_result]]:
    """Every regular file below ``root`` with its ``lstat``; only one open folder a level stands in memory."""
    folders = [root]
    while folders:
        folder = folders.pop()
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    try:
                        if entry.is_dir(follow_symlinks=False):
                            if recursive and entry.path not in excluded and not entry.name.startswith("."):
                                folders.append(entry.path)
                        elif entry.is_file(follow_symlinks=False):
                            yield entry.path, entry.stat(follow_symlinks=False)
                    except FileNotFoundError:
                        continue  # gone since it was listed
        except OSError as error:
            unreadable(folder, error)


def is_document(name: str, patterns: Collection[str]) -> bool:
    """Whether a name matches one of the patterns; hidden files and Office's lock files never do."""
    if name.startswith((".", "~$")):
        return False
    lowered = name.lower()
    return any(fnmatchcase(lowered, pattern.lower()) for pattern in patterns)


def is_inside(path: str, root: str, excluded: Collection[str], *, recursive: bool) -> bool:
    """Whether a walk from ``root`` would come to ``path``; symbolic links on the way lead outside."""
    folder = os.path.dirname(path)
    if folder == root:
        return True
    if not recursive or not folder.startswith(root.rstrip("/") + "/"):
        return False
    if os.path.realpath(folder) != folder:
        return False
    while folder != root:
        if folder in excluded or os.path.basename(folder).startswith("."):
            return False
        folder = os.path.dirname(folder)
    return True


def is_gone(path: str | bytes | Path) -> bool:
    """Whether there is nothing of that name any more; False where its folder can't be entered to know."""
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


def open_document(path: str) -> int:
    """A descriptor of a regular file; never blocks on a pipe, never follows a link. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(0, "not a regular file", path)
    return descriptor


def is_open_for_writing(descriptor: int) -> bool:
    """Whether the file is open for writing somewhere, where Linux tells (by refusing a read lease).

    False where it can't be known: another owner's file, a network filesystem, another system.
    """
    if not hasattr(fcntl, "F_SETLEASE"):
        return False
    try:
        # Who breaks a lease is announced by a signal: by default SIGIO, which would end this process.
        fcntl.fcntl(descriptor, _F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except BlockingIOError:
        return True
    except OSError:
        return False
    fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return False
