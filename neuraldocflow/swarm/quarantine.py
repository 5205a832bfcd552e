"""Contents that have ended agents, as small files: every process of the job knows them, restarted or not."""

from __future__ import annotations

import json
import logging
import os
import time
from pathlib import Path

log = logging.getLogger(__name__)

_DAY = 86_400.0


class Quarantine:
    """One file a content's hash in ``folder``; without a folder it is for this process alone.

    A content stays for ``days``, and only ``under`` the release and limits that could not read it: others try
    it again. Removing its file lets it out too.
    """

    def __init__(self, folder: Path | None = None, under: str = "", days: float = 7.0) -> None:
        self._folder = folder
        self._under = under
        self._days = days
        self._unwritten: set[str] = set()
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)

    def holds(self, sha256: str) -> bool:
        """Whether a content is in quarantine; one without a hash never is."""
        if not sha256 or self._folder is None or sha256 in self._unwritten:
            return sha256 in self._unwritten
        try:
            with (self._folder / sha256).open("rb") as file:
                told = json.load(file)
                age = time.time() - os.fstat(file.fileno()).st_mtime
        except (OSError, ValueError):  # there is none, as a rule
            return False
        return isinstance(told, dict) and told.get("under") == self._under and age < self._days * _DAY

    def add(self, sha256: str) -> None:
        """Put a content in, for this process at once; :meth:`keep` is for the others."""
        if sha256:
            self._unwritten.add(sha256)

    def keep(self, sha256: str, code: str) -> None:
        """Write it down, and forget files of old. On a disk that hangs it takes as long as the hang."""
        if not sha256 or self._folder is None:
            return
        fresh = self._folder / f".{sha256}.{os.getpid()}"
        try:
            fresh.write_text(json.dumps({"under": self._under, "code": code}))
            os.replace(fresh, self._folder / sha256)
            self._unwritten.discard(sha256)
            for path in self._folder.iterdir():
                if time.time() - path.stat().st_mtime > self._days * _DAY:
                    path.unlink()
        except OSError as error:
            log.warning("the quarantine %s can't be written: %s", self._folder, error.strerror)
