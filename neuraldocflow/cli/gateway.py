"""``gateway``: the REST and WebSocket door alone, beside a job that runs elsewhere."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
from pathlib import Path

import typer

from neuraldocflow import config as configuration
from neuraldocflow.cli import show

_PR_SET_PDEATHSIG = 1


def gateway(
    config: Path | None = typer.Option(None, "--config", "-c", help="A configuration in YAML."),
    quiet: bool = typer.Option(False, "--quiet", "-q", help="Print nothing but errors."),
    parent: int = typer.Option(0, "--parent", hidden=True, help="End when this process does."),
) -> None:
    """Serve the API, the WebSocket and the web page. Any number may run on one log.

    Example: neuraldocflow gateway -c job.yaml
    """
    if parent:
        _end_with(parent)
    loaded = configuration.load(config)
    from neuraldocflow.gateway.server import serve  # the web framework takes a moment to import

    def started(url: str, key: str) -> None:
        if parent:
            print(page_address(url, key), flush=True)
        if parent or quiet:
            return
        screen = show.console()
        screen.print("The gateway is running               (Ctrl-C stops it)", style="bold")
        screen.print(f"open                                 {page_address(url, key)}", soft_wrap=True)
        screen.print(f"API                                  {url}api/v1 · {url}docs", soft_wrap=True)

    serve(loaded, started)


def page_address(url: str, key: str) -> str:
    """The page's address; the local key is in the part that browsers keep to themselves."""
    return f"{url}#token={key}" if key else url


def _end_with(parent: int) -> None:
    """The kernel ends this process with its parent, however that ends."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        raise typer.Exit
