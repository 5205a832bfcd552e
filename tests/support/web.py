"""The web packages, built, and Node to run programs with them."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
WEB = ROOT / "web"


@cache
def build() -> Path:
    """Build the page and the packages if they changed; the folder ``web``."""
    done = subprocess.run(
        ["sh", "scripts/web.sh", "--required"], cwd=ROOT, capture_output=True, text=True, timeout=280
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return WEB


@cache
def build_wasm() -> Path:
    """What browsers read documents with, packed if it changed; its folder."""
    build()
    done = subprocess.run(
        [sys.executable, "scripts/make_wasm.py"], cwd=ROOT, capture_output=True, text=True, timeout=280
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return ROOT / "neuraldocflow" / "static" / "wasm"


def node() -> str:
    """The Node that the build has used."""
    own = ROOT / ".cache" / "node" / "node"
    return str(own) if own.exists() else "node"


def run(*arguments: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    """Run a program of the workspace."""
    return subprocess.run([node(), *arguments], cwd=build(), capture_output=True, text=True, timeout=timeout)
