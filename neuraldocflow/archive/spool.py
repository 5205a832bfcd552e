"""What waits to be written to the archive: lines in a local file, synced at every snapshot."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import orjson


class Spool:
    """An append-only file of JSON lines; a half-written last line (a crash) is cut off when it is opened."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a+b", buffering=0)  # nothing of a write that failed stays behind
        self._end = 0

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

    def clear(self) -> None:
        """Forget all lines: they are in the archive."""
        os.ftruncate(self._file.fileno(), 0)
        os.fsync(self._file.fileno())
        self._end = 0

    def close(self) -> None:
        self._file.close()
