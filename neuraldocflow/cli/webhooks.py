"""``webhooks``: try an endpoint before events are sent there."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import orjson
import typer
from rich.text import Text

from neuraldocflow.cli import show
from neuraldocflow.errors import ConfigError
from neuraldocflow.events import ProcessingCompleted, encode
from neuraldocflow.guard import Guard
from neuraldocflow.values import Secret
from neuraldocflow.webhooks.attempts import Attempt
from neuraldocflow.webhooks.pool import Endpoint

app = typer.Typer(no_args_is_help=True, help="Try webhook endpoints.")
_EVERYWHERE = ("0.0.0.0/0", "::/0")


@app.callback()
def _group() -> None:
    """Makes ``test`` a command of its own."""


@app.command("test")
def test(
    url: str = typer.Argument(help="http:// or https://"),
    secret: str = typer.Option("", "--secret", envvar="WEBHOOK_SECRET", help="whsec_…, to sign with."),
    allow_private: bool = typer.Option(False, "--allow-private", help="Also private and local addresses."),
    timeout: float = typer.Option(10.0, "--timeout", min=0.1, max=120, help="Seconds."),
    as_json: bool = typer.Option(False, "--json", help="As JSON."),
) -> None:
    """Send a sample event, signed like a real one, and say how it went.

    Example: neuraldocflow webhooks test https://example.com/hook --secret whsec_…
    """
    if not url.startswith(("https://", "http://")):
        raise ConfigError(f"the endpoint's URL must start with https:// or http:// (is {url})")
    secrets = [Secret(secret)] if secret else []
    endpoint = Endpoint(url, secrets, timeout, Guard(_EVERYWHERE if allow_private else ()), 1)
    sample = {"jobId": "sample", "run": 0, "status": "completed", "extractedData": {"fields": {}}}
    event = ProcessingCompleted(id="sample", origin="/webhooks/test", time=datetime.now(UTC), result=sample)
    began = time.perf_counter()
    endpoint.post(Attempt("test", event.event_id, encode(event)))
    while not (answers := endpoint.take("test")):
        time.sleep(0.01)
    endpoint.close()
    taken = (time.perf_counter() - began) * 1000
    answer = answers[0]
    delivered = answer.verdict == "delivered"
    if as_json:
        told = {"url": url, "delivered": delivered, "reason": answer.reason, "ms": round(taken, 1)}
        print(orjson.dumps(told).decode())
    else:
        how, why = ("delivered" if delivered else "not delivered"), answer.reason.rstrip(".")
        show.console().print(Text(f"{how}: {why}, {taken:.0f} ms"), soft_wrap=True)
        if not secrets:
            show.console().print("it was not signed: --secret or WEBHOOK_SECRET is empty", soft_wrap=True)
        if not delivered and not allow_private and "private" in why:
            hint = "--allow-private tries it all the same; a job needs allow_private_networks"
            show.console().print(hint, soft_wrap=True)
    raise typer.Exit(0 if delivered else 1)
