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
        self._file = path.open("a+b")
        self._end = 0

    def load(self) -> list[dict[str, Any]]:
        """Every whole line."""
        self._file.seek(0)
        lines = []
        for line in self._file:
            if not line.endswith(b"\n"):
                break
            lines.append(orjson.loads(line))
            self._end += len(line)
        self._file.truncate(self._end)
        return lines

    def append(self, lines: list[dict[str, Any]]) -> None:
        """Append and sync. Raises OSError, and then holds none of them."""
        data = b"".join(orjson.dumps(line) + b"\n" for line in lines)
        try:
            self._file.write(data)
            self._file.flush()
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
