"""``profiles list``, ``show``, ``check`` and ``test``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import typer
import yaml

from neuraldocflow import evaluate
from neuraldocflow import profiles as profile_files
from neuraldocflow.cli import show
from neuraldocflow.errors import ConfigError

app = typer.Typer(no_args_is_help=True, help="Look at profiles, check and test them.")
_FOLDERS = typer.Option([], "--profiles", help="A folder with profiles of your own.")


@app.command("list")
def list_(
    profiles: list[Path] = _FOLDERS, as_json: bool = typer.Option(False, "--json", help="Print JSON.")
) -> None:
    """List the profiles there are.

    Example: neuraldocflow profiles list
    """
    loaded = profile_files.load(profiles)
    if as_json:
        rows = [
            {"name": each.name, "title": each.title, "identity": each.identity} for each in loaded.values()
        ]
        print(json.dumps(rows))
        return
    table = show.table("name", "title", "formats", "fields", "version")
    for each in loaded.values():
        fields = str(len(each.fields))
        table.add_row(each.name, each.title, " ".join(each.formats), fields, each.identity.split("@")[1])
    show.console().print(table)


@app.command("show")
def show_(
    name: str = typer.Argument(..., help="A profile's name."),
    profiles: list[Path] = _FOLDERS,
    as_json: bool = typer.Option(False, "--json", help="Print the JSON form, which browsers load."),
) -> None:
    """Print a profile.

    Example: neuraldocflow profiles show sec_10k
    """
    forms = profile_files.forms(profiles)
    if name not in forms:
        raise ConfigError(f"there is no profile {name}; there are {', '.join(sorted(forms))}")
    if as_json:
        print(json.dumps(forms[name]))
        return
    plain: dict[str, Any] = {key: value for key, value in forms[name].items() if key != "data"}
    print(yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=110), end="")


@app.command()
def check(
    files: list[Path] = typer.Argument(..., help="Profile files in YAML."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """Judge profile files; every problem with file, line and reason.

    Example: neuraldocflow profiles check profiles/invoice.yaml
    """
    told: list[dict[str, Any]] = []
    wrong = False
    for file in files:
        try:
            profile = profile_files.check(file)
            told.append({"file": str(file), "valid": True, "identity": profile.identity})
        except ConfigError as error:
            wrong = True
            told.append({"file": str(file), "valid": False, "problems": str(error).split("\n")})
    if as_json:
        print(json.dumps(told))
    else:
        for each in told:
            if each["valid"]:
                print(f"{each['file']}: right ({each['identity']})")
            else:
                print("\n".join(each["problems"]), file=sys.stderr)
    raise typer.Exit(2 if wrong else 0)


@app.command()
def test(
    profile: str = typer.Argument(..., help="A profile's name, or its YAML file."),
    folder: Path = typer.Argument(..., help="A folder with documents and truth in *.truth.json."),
    as_json: bool = typer.Option(False, "--json", help="End with one line of JSON."),
) -> None:
    """Score a profile against truth files. Each value that is wrong or missed is told.

    Example: neuraldocflow profiles test profiles/invoice.yaml invoices/
    """
    arguments: list[str] = ["--differences"]
    given: list[Path] = []
    name = profile
    if profile.endswith((".yaml", ".yml")):
        name = profile_files.check(Path(profile)).name
        given = [Path(profile).parent]
        arguments += ["--profiles", str(given[0])]
    if not folder.is_dir():
        raise ConfigError(f"{folder}: there is no such folder")
    if name not in (forms := profile_files.forms(given)):
        raise ConfigError(f"there is no profile {name}; there are {', '.join(sorted(forms))}")
    truths = sorted(folder.glob("*.truth.json"))
    if not truths:
        raise ConfigError(
            f"{folder}: no truth file here; one is called NAME.truth.json (see docs/profiles.md)"
        )
    codes = [
        evaluate.main(
            [str(truth), str(folder), "--profile", name, *arguments, *(["--json"] if as_json else [])]
        )
        for truth in truths
    ]
    raise typer.Exit(max(codes))
