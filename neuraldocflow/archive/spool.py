"""What waits to be written to an archive: lines in a local file, synced at every snapshot.

Each archive has a folder in ``outputs`` of the state directory, named after its URL, with the spool, the
index of what is in the archive, and the URL.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson

from neuraldocflow.durable import forget_unfinished, write_atomically
from neuraldocflow.errors import ConfigError
from neuraldocflow.versions import DRAIN, OtherRelease
from neuraldocflow.wording import counted

_FOLDER = "outputs"
_SPOOL = "columns"
"""The name of the file in it, which goes by what its lines are."""
_SET_ASIDE = f"{_SPOOL}.writing"
"""The name of the file of those lines that are being written to the archive."""
_ROWS = "spool"
"""Of an earlier release, with other lines."""
DEFAULT = "in the state directory"
"""How an archive without a URL is called."""


def folder_of(state: Path, url: str) -> Path:
    """The folder of the archive at ``url`` (empty: the default one), made. Raises ConfigError."""
    folder = state / _FOLDER / sha256(url.encode()).hexdigest()[:16]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(folder / "url", url.encode())
    except OSError as error:
        raise ConfigError(f"{folder} can't be written: {error.strerror}") from error
    return folder


def refuse_left(state: Path, urls: Collection[str]) -> None:
    """Raises ConfigError where results wait for an archive that is not one of these: they would never be
    written."""
    for known in sorted((state / _FOLDER).glob("*/url")):
        url, folder = known.read_text(encoding="utf-8"), known.parent
        if url not in urls and (count := sum(_lines(spool) for spool in folder.glob(f"{_SPOOL}*"))):
            name, have = url or DEFAULT, counted(count, "result")
            raise ConfigError(
                f"no output writes to the archive {name} any more, which has {have} to write: "
                f"put that output back until it has none (run --once); or remove {folder} to give them up"
            )
    of_others = [*(state / _FOLDER).glob(f"*/{_ROWS}"), *(state / _FOLDER).glob("*.spool")]
    for spool in sorted(of_others):
        if count := _lines(spool):
            have = counted(count, "result")
            raise OtherRelease(f"{spool} is of another release and has {have} to write: {DRAIN}")


def _lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))


class Spool:
    """An append-only file of JSON lines; a half-written last line (a crash) is cut off when it is opened.

    Lines that are being written to the archive are set aside, in a file of their own.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        forget_unfinished(folder, 0)  # nobody else writes here
        self._path, self._aside = folder / _SPOOL, folder / _SET_ASIDE
        if self._aside.exists():  # whoever wrote it was killed: all its lines wait again
            kept = self._path.read_bytes() if self._path.exists() else b""
            if kept:
                write_atomically(self._path, self._aside.read_bytes() + kept)
                self._aside.unlink()
            else:
                self._aside.replace(self._path)
        self._open()

    def load(self) -> list[dict[str, Any]]:
        """Every whole line."""
        self._file.seek(0)
        lines = []
        for line in self._file.read().split(b"\n")[:-1]:
            lines.append(orjson.loads(line))
            self._end += len(line) + 1
        self._file.truncate(self._end)
        return lines

    def append(self, lines: list[dict[str, Any]]) -> None:
        """Append and sync. Raises OSError, and then holds none of them."""
        data = b"".join(orjson.dumps(line) + b"\n" for line in lines)
        written = 0
        try:
            while written < len(data):
                written += self._file.write(data[written:])
            os.fsync(self._file.fileno())
        except OSError:
            os.ftruncate(self._file.fileno(), self._end)
            raise
        self._end += len(data)

    def set_aside(self) -> None:
        """All lines, until :meth:`clear`; what is appended from now on is kept apart. Raises OSError, and can
        be called again then."""
        if self._path.exists():
            self._path.replace(self._aside)
        self._file.close()
        self._open()

    def clear(self) -> None:
        """Forget the lines that were set aside: they are in the archive."""
        self._aside.unlink()

    def close(self) -> None:
        self._file.close()

    def _open(self) -> None:
        self._file = self._path.open("a+b", buffering=0)  # nothing of a write that failed stays behind
        self._end = 0
