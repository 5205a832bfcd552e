"""A disk that hangs or errors and a clock that jumps, under the processes of a job that runs.

A small library (``faulty.c``, made with the machine's C compiler) is preloaded into them; it stands between
them and the kernel, so that everything in them, the engine's own code and SQLite's too, meets the fault.
"""

from __future__ import annotations

import errno
import mmap
import os
import struct
import subprocess
from pathlib import Path

_SOURCE = Path(__file__).with_suffix(".c")
_HANGS = -1
_SIZE = 16 + 4096


class Faults:
    """The faults of the processes that are started with :attr:`environment`, below ``path``."""

    def __init__(self, folder: Path, path: Path) -> None:
        library, control = folder / "faulty.so", folder / "control"
        given = f'-DCONTROL="{control}"'
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", given, "-o", library, _SOURCE, "-ldl"], check=True)
        control.write_bytes(bytes(_SIZE))
        with control.open("r+b") as file:
            self._control = mmap.mmap(file.fileno(), _SIZE)
        self.environment = {"LD_PRELOAD": str(library)}
        self.only_below(path)

    def only_below(self, path: Path) -> None:
        """The disk is well elsewhere. For the processes that are started from now on."""
        name = os.fsencode(os.path.realpath(path))
        self._control[16:_SIZE] = name.ljust(_SIZE - 16, b"\0")

    def disk_hangs(self) -> None:
        """Writes and syncs do not return until the disk is well again."""
        self._disk(_HANGS)

    def disk_errors(self, number: int = errno.EIO) -> None:
        """Writes and syncs fail with this error."""
        self._disk(number)

    def disk_is_well(self) -> None:
        self._disk(0)

    def set_clock(self, seconds: int) -> None:
        """The time of day is so many seconds ahead of the machine's (negative: behind)."""
        self._control[8:16] = struct.pack("=q", seconds)

    def _disk(self, what: int) -> None:
        self._control[0:8] = struct.pack("=q", what)
