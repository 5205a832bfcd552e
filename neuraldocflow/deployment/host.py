"""The process that stays: ``python -m neuraldocflow.deployment.host STATE_DIRECTORY``.

It keeps the processes of the dataflow and the gateway running as they were submitted, and reports.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from neuraldocflow import config as configuration
from neuraldocflow.cli.beside import GatewayBeside
from neuraldocflow.deployment.rolling import RollingOutput
from neuraldocflow.deployment.submission import Folder, Report, Submission
from neuraldocflow.errors import NeuralDocFlowError
from neuraldocflow.job.supervisor import NotStarted, Phase, Supervisor
from neuraldocflow.log_lines import log_lines

log = logging.getLogger(__name__)

_A_MOMENT = 0.2
"""Seconds for what a process that ended has printed to arrive."""
_AGAIN = 5.0
"""Seconds until a report is written again that a full disk did not take."""


class Host:
    """Runs what was submitted on a state directory."""

    def __init__(self, folder: Folder, submission: Submission, output: RollingOutput) -> None:
        self._folder = folder
        self._submission = submission
        self._output = output
        self._report = Report("starting", os.getpid(), time.time())
        self._telling = threading.RLock()

    def run(self) -> int:
        """Run until it is stopped; the exit code."""
        self._write()
        try:
            path = self._folder.config if self._submission.configured else None
            loaded = configuration.load(path)
            with ExitStack() as stack:
                if self._submission.gateway:
                    gateway = stack.enter_context(GatewayBeside(path, self._heard_gateway))
                    gateway.address()
                    if gateway.refused:
                        raise NotStarted("the gateway could not start; what it said stands above")
                Supervisor(
                    loaded,
                    self._submission.processes,
                    self._submission.workers,
                    self._command,
                    told=self._heard,
                    gives_up=False,
                ).run()
        except NeuralDocFlowError as error:
            time.sleep(_A_MOMENT)
            reason = self._output.last_error() if isinstance(error, NotStarted) else str(error)
            self._tell(phase="failed", reason=reason, address="", gateway="")
            return 1
        self._tell(phase="stopped", reason="", address="", gateway="")
        return 0

    def _command(self, number: int, addresses: str) -> list[str]:
        given = ["-P", "-m", "neuraldocflow", "run", "--member", str(number), "--addresses", addresses]
        given += ["--workers", str(self._submission.workers)]
        return [*given, *(["-c", str(self._folder.config)] if self._submission.configured else [])]

    def _heard(self, phase: Phase, reason: str = "", failed: int = 0) -> None:
        if phase == "running":
            self._tell(phase=phase, reason="", failed=failed)
        elif reason:
            time.sleep(_A_MOMENT)
            why = f"{reason}: {self._output.last_error()}".removesuffix(": ")
            count = self._report.restarts + 1
            self._tell(phase=phase, reason=why, failed=failed, restarts=count, last_restart=why)
        else:
            self._output.forget()

    def _heard_gateway(self, address: str, code: int | None) -> None:
        if code is None:
            self._tell(address=address, gateway="")
        elif code == 2:
            time.sleep(_A_MOMENT)
            self._tell(address="", gateway=self._output.last_error())
        else:
            self._tell(address="", gateway=f"it ended with {code} and is started again")

    def _tell(self, **changes: str | int | float) -> None:
        with self._telling:
            if changes.get("phase", self._report.phase) != self._report.phase:
                changes["since"] = time.time()
            self._report = replace(self._report, **changes)  # type: ignore[arg-type]
            self._write()

    def _write(self) -> None:
        """Write the report, later where it can't be written now: the job goes on meanwhile."""
        try:
            with self._telling:
                self._folder.tell(self._report)
        except OSError as error:
            log.warning("the report can't be written: %s; trying again", error.strerror)
            again = threading.Timer(_AGAIN, self._write)
            again.daemon = True
            again.start()


def main(state: Path) -> int:
    """Run what was submitted on ``state``; the exit code."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # the terminal it was submitted from may close
    folder = Folder(state)
    output = RollingOutput(folder.log)
    log_lines(logging.WARNING)
    submission = folder.submission()
    if submission is None:
        return 2
    return Host(folder, submission, output).run()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
