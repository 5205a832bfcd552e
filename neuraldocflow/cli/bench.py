"""``bench``: measure again what the documentation publishes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import typer

from neuraldocflow.errors import ConfigError, NeuralDocFlowError

_ROOT = Path(__file__).parents[2]


def bench(
    names: list[str] | None = typer.Argument(None, help="Such as engine; default: all of them."),
    quick: bool = typer.Option(False, "--quick", help="A minute or two each instead of the whole."),
    as_json: bool = typer.Option(False, "--json", help="End each with one line of JSON."),
) -> None:
    """Measure this machine's speed against named references, as docs/benchmarks.md does.

    Example: neuraldocflow bench engine --quick
    """
    if not (_ROOT / "pyproject.toml").is_file():
        raise ConfigError("the benchmarks are in the repository, not in what is installed: clone it for them")
    known = {path.stem: path for path in sorted((_ROOT / "benchmarks").glob("*.py"))}
    for name in names or ():
        if name not in known:
            raise ConfigError(f"there is no benchmark {name}; there are {', '.join(known)}")
    options = [*(["--quick"] if quick else []), *(["--json"] if as_json else [])]
    failed = []
    for name in names or known:
        print(f"{name}:", file=sys.stderr)
        if subprocess.run([sys.executable, str(known[name]), *options], cwd=_ROOT, check=False).returncode:
            failed.append(name)
    if failed:
        raise NeuralDocFlowError(f"not measured: {', '.join(failed)}")
