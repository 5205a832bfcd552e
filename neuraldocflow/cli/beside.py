"""The gateway as a process beside the job of ``up``: started with it, again if it ends, and ended with it."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

log = logging.getLogger(__name__)

_PAUSE = 2.0


class GatewayBeside:
    """Runs ``neuraldocflow gateway``; its sessions and the job's work don't share an interpreter."""

    def __init__(
        self, config: Path | None, heard: Callable[[str, int | None], None] = lambda _address, _code: None
    ) -> None:
        """``heard`` is told each address it serves at, and each code it ends with unasked."""
        given = ["-c", str(config)] if config is not None else []
        own = ["--parent", str(os.getpid())]
        self._command = [sys.executable, "-P", "-m", "neuraldocflow", "gateway", *given, *own]
        self._stopping = threading.Event()
        self._announced = threading.Event()
        self._address = ""
        self._heard = heard
        self.refused = False
        """Whether it has ended for good, since it can't serve as configured (it has said why)."""
        self._process: subprocess.Popen[str] | None = None
        self._thread = threading.Thread(target=self._run, name="gateway", daemon=True)

    def address(self, seconds: float = 30) -> str:
        """The page's address; empty where the gateway could not start (it has said why)."""
        self._announced.wait(seconds)
        return self._address

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        if self._process is not None:
            self._process.terminate()
        self._thread.join(timeout=20)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                # a group of its own: Ctrl-C reaches `up` alone, which then ends it
                started = subprocess.Popen(
                    self._command, stdout=subprocess.PIPE, text=True, start_new_session=True
                )
            except OSError as error:  # no more processes, memory or descriptors, for now
                log.warning("the gateway can't be started: %s; trying again", error.strerror)
                self._stopping.wait(_PAUSE)
                continue
            with started as process:
                self._process = process
                assert process.stdout is not None
                if address := process.stdout.readline().strip():
                    self._address = address
                    self._heard(address, None)
                    self._announced.set()
                code = process.wait()
            if self._stopping.is_set():
                return
            self.refused = code == 2  # a wrong configuration stays wrong
            self._heard("", code)
            self._announced.set()
            if self.refused:
                return
            log.warning("the gateway ended with %s; starting it again", code)
            time.sleep(_PAUSE)
