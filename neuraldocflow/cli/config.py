"""``config check`` and ``config schema``."""

from __future__ import annotations

import json
from pathlib import Path

import typer

from neuraldocflow import config as configuration
from neuraldocflow.errors import ConfigError
from neuraldocflow.wording import counted

app = typer.Typer(no_args_is_help=True, help="Check a configuration, or print its JSON Schema.")


@app.command()
def check(
    file: Path = typer.Argument(..., help="A configuration in YAML."),
    as_json: bool = typer.Option(False, "--json", help="Print a JSON object."),
) -> None:
    """Judge a configuration file; every problem with file, line and key.

    Example: neuraldocflow config check pipeline.yaml
    """
    try:
        loaded = configuration.check(file)
    except ConfigError as error:
        if not as_json:
            raise
        print(json.dumps({"file": str(file), "valid": False, "problems": str(error).split("\n")}))
        raise typer.Exit(2) from None
    if as_json:
        print(json.dumps({"file": str(file), "valid": True, "needsVariables": loaded is None}))
    elif loaded is None:
        print(f"{file}: right, once the variables it names are set")
    else:
        sources = len(loaded.stream_sources)
        outputs = len(loaded.processing_pipeline.output_streams)
        print(f"{file}: right ({counted(sources, 'source')}, {counted(outputs, 'output')})")


@app.command()
def schema() -> None:
    """Print the configuration's JSON Schema.

    Example: neuraldocflow config schema > neuraldocflow.schema.json
    """
    print(json.dumps(configuration.schema(), indent=2))
