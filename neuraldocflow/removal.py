"""Removing what an agent left behind: a hostile document may have had it make folders without end in one
another."""

from __future__ import annotations

import itertools
import os
import stat
import uuid
from contextlib import suppress
from pathlib import Path

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def remove_tree(folder: Path) -> None:
    """Remove a folder with all that is below it, however deep that is; what can't be removed stays.

    ``shutil.rmtree`` takes a call and a descriptor for each level, of which there is an end. So here what is
    in a folder's folders is moved up, and removed from there.
    """
    with suppress(OSError):
        top = os.open(folder, _FOLDER)
        try:
            _empty(top)
        finally:
            os.close(top)
        folder.rmdir()


def _empty(top: int) -> None:
    waiting = os.listdir(top)
    unused = f"moved-up-{uuid.uuid4().hex}"
    numbers = itertools.count()
    while waiting:
        name = waiting.pop()
        with suppress(OSError):  # the others are removed nevertheless
            if not _is_folder(name, top):
                os.unlink(name, dir_fd=top)
                continue
            inner = os.open(name, _FOLDER, dir_fd=top)
            try:
                for each in os.listdir(inner):
                    if _is_folder(each, inner):
                        moved = f"{unused}-{next(numbers)}"
                        os.rename(each, moved, src_dir_fd=inner, dst_dir_fd=top)
                        waiting.append(moved)
                    else:
                        os.unlink(each, dir_fd=inner)
            finally:
                os.close(inner)
            os.rmdir(name, dir_fd=top)


def _is_folder(name: str, where: int) -> bool:
    return stat.S_ISDIR(os.stat(name, dir_fd=where, follow_symlinks=False).st_mode)
