"""Commands as a user types them, without the seconds a process of their own takes to load everything."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
import threading
from pathlib import Path
from unittest.mock import patch

from neuraldocflow.cli import main


def neuraldocflow(*arguments: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command to its end by the program's entry point, in a folder: what it printed, and its exit code.

    For commands that read, ask or refuse; what is killed or signalled is started by :class:`.job.JobFolder`.
    """
    typed = ["neuraldocflow", *map(str, arguments)]
    out, err, code = io.StringIO(), io.StringIO(), 0
    with (
        contextlib.chdir(folder),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        patch.object(sys, "argv", typed),
        patch.dict(os.environ),
    ):
        try:
            main()
        except SystemExit as ended:
            code = int(ended.code or 0)
    return subprocess.CompletedProcess(typed, code, out.getvalue(), err.getvalue())


def rest_of(process: subprocess.Popen[str], seconds: float = 60) -> str:
    """What a process still says until it ends, or is killed then. ``communicate()`` would lose what
    ``readline()`` has read ahead."""
    assert process.stdout is not None
    if process.stdin is not None:
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()
    patience = threading.Timer(seconds, process.kill)
    patience.start()
    told = process.stdout.read()
    process.wait()
    patience.cancel()
    return told
