"""``keys``: who may use the gateway."""

from __future__ import annotations

from pathlib import Path

import orjson
import typer
from rich.table import Table

from neuraldocflow import config as configuration
from neuraldocflow.cli import show
from neuraldocflow.errors import ConfigError
from neuraldocflow.gateway.keys import SCOPES, KeyStore, Scope

app = typer.Typer(no_args_is_help=True, help="Create, list and revoke API keys.")
_CONFIG = typer.Option(None, "--config", "-c", help="A configuration in YAML.")


@app.command("create")
def create(
    name: str = typer.Option("", "--name", help="Whose it is."),
    tenant: str = typer.Option("default", "--tenant", help="Whose documents it is for."),
    scope: list[str] = typer.Option(
        ["submit", "read"], "--scope", help="submit, read, metrics or admin; repeat it."
    ),
    rate: int | None = typer.Option(None, "--rate", min=1, help="Requests a minute."),
    quota: int | None = typer.Option(None, "--quota", min=1, help="Documents a day."),
    config: Path | None = _CONFIG,
) -> None:
    """Create a key and print it, the only time it can be read.

    Example: neuraldocflow keys create --name "reporting" --scope read
    """
    scopes: list[Scope] = []
    for each in scope:
        known = next((one for one in SCOPES if one == each), None)
        if known is None:
            raise ConfigError(f"--scope: must be one of {', '.join(SCOPES)} (is {each})")
        scopes.append(known)
    _, text = _store(config).create(name, tenant, tuple(scopes), rate=rate, quota=quota)
    print(text)


@app.command("list")
def list_keys(
    config: Path | None = _CONFIG, as_json: bool = typer.Option(False, "--json", help="As JSON.")
) -> None:
    """List the keys; their texts are not kept.

    Example: neuraldocflow keys list
    """
    keys = _store(config).all()
    if as_json:
        told = [key.model_dump(mode="json", exclude={"digest"}) for key in keys]
        print(orjson.dumps(told, option=orjson.OPT_INDENT_2).decode())
        return
    table = Table(box=None, pad_edge=False)
    for column in ("id", "name", "tenant", "scopes", "rate/min", "quota/day", "created"):
        table.add_column(column, overflow="fold")
    for key in keys:
        table.add_row(
            key.id,
            key.name,
            key.tenant,
            ", ".join(key.scopes),
            str(key.rate or "-"),
            str(key.quota or "-"),
            f"{key.created:%Y-%m-%d %H:%M}",
        )
    show.console().print(table if keys else "There are no keys: neuraldocflow keys create")


@app.command("revoke")
def revoke(
    key_id: str = typer.Argument(help="The id of `keys list`."), config: Path | None = _CONFIG
) -> None:
    """Revoke a key; it stops working at once.

    Example: neuraldocflow keys revoke 1f0c9a2b
    """
    if _store(config).revoke(key_id) is None:
        raise ConfigError(f"there is no key {key_id}; neuraldocflow keys list shows them")
    print(f"revoked {key_id}")


def _store(config: Path | None) -> KeyStore:
    return KeyStore(configuration.load(config).runtime.keys_file)
