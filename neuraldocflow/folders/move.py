"""Moving a file without ever overwriting another: ``name.pdf`` becomes ``name (2).pdf`` when taken."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

from neuraldocflow.durable import NO_LINKS, reserve

_EARLIEST, _LATEST = -(2**63), 2**63 - 1


def longest(folder: Path) -> int:
    """Bytes that a name in a folder may have."""
    return os.pathconf(folder, "PC_NAME_MAX")


Version = tuple[int, int]
"""Size in bytes and modification time in nanoseconds."""
Arriving = Callable[[Path], None]
"""Called with the path that a file will have, before it leaves the one it has had."""


def modified(status: os.stat_result) -> int:
    """A file's modification time in nanoseconds, as near as SQLite can hold it: filesystems know the years
    before 1677 and after 2262 too, and everybody can give a file any time."""
    return max(_EARLIEST, min(status.st_mtime_ns, _LATEST))


def time_of(version: str) -> int | None:
    """The modification time that an event's version is; None for one of another source's or program's."""
    try:
        time = int(version or 0)
    except ValueError:
        return None
    return time if _EARLIEST <= time <= _LATEST else None


def version_of(path: Path) -> Version:
    """Raises OSError."""
    status = os.lstat(path)
    return status.st_size, modified(status)


def _unseen(path: Path) -> None:
    pass


def take(path: Path, version: Version, aside: Path) -> bool:
    """Rename a version of a file to ``aside``, beside it, so that what comes under its name is another file.

    False where the version is there no more, and at neither place; a newer one keeps its name. What was
    interrupted is finished. Raises OSError.
    """
    if not os.path.lexists(aside):
        try:
            if version_of(path) != version:
                return False
            os.rename(path, aside)
        except FileNotFoundError:
            return False
    if version_of(aside) == version:
        return True
    _rename(aside, path.parent, path.name, _unseen)  # it came between the two
    return False


def put_back(aside: Path, path: Path) -> None:
    """Undo :func:`take`, unless a newer file has the name now. Raises OSError."""
    try:
        os.link(aside, path, follow_symlinks=False)
    except (FileExistsError, FileNotFoundError):
        return
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        if not os.path.lexists(path):
            os.rename(aside, path)
        return
    os.unlink(aside)


def move(source: Path, folder: Path, arriving: Arriving = _unseen, name: str = "") -> Path:
    """Move a file into a folder (made if need be), also across devices, under a ``name`` (default: its own);
    the path it has there.

    The file is at one of the two places at every moment, whole; one that is in the folder stays. Raises
    OSError.
    """
    name = name or source.name
    folder.mkdir(parents=True, exist_ok=True)
    if os.path.samefile(source.parent, folder):
        return source if source.name == name else _rename(source, folder, name, _unseen)
    try:
        return _rename(source, folder, name, arriving)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
    handle, made = tempfile.mkstemp(prefix=".moving-", dir=folder)
    os.close(handle)
    try:
        shutil.copy2(source, made)
        with open(made, "rb") as copy:
            os.fsync(copy.fileno())
        moved = _rename(Path(made), folder, name, arriving)
    finally:
        Path(made).unlink(missing_ok=True)
    source.unlink()
    return moved


def _rename(source: Path, folder: Path, name: str, arriving: Arriving) -> Path:
    for target in _names(folder, name):
        try:
            os.link(source, target, follow_symlinks=False)
        except FileExistsError:
            if not os.path.samestat(os.lstat(source), os.lstat(target)):
                continue  # samestat: an earlier move was interrupted after its first half
        except OSError as error:
            if error.errno not in NO_LINKS:
                raise
            if not reserve(target):
                continue
            try:
                arriving(target)
                os.replace(source, target)
            except OSError:
                target.unlink()  # it was only reserved
                raise
            return target
        try:
            arriving(target)
        except OSError:
            target.unlink()  # it stays where it is, under one name
            raise
        os.unlink(source)
        return target
    raise AssertionError("unreachable: names never end")


def _names(folder: Path, name: str) -> Iterator[Path]:
    return (folder / each for each in numbered(name, longest(folder)))


def numbered(name: str, most: int) -> Iterator[str]:
    """The name, then ``name (2).pdf`` and so on, cut to ``most`` bytes."""
    yield name
    stem, dot, suffix = name.rpartition(".")
    if not stem:
        stem, dot, suffix = name, "", ""
    for number in count(2):
        end = os.fsencode(f" ({number}){dot}{suffix}")
        yield os.fsdecode(os.fsencode(stem)[: most - len(end)] + end)
