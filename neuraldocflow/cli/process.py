"""``process``: extraction here and now, without the job."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import orjson
import typer
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from neuraldocflow import profiles as profile_files
from neuraldocflow.cli import show
from neuraldocflow.cli.extracting import results as extracted
from neuraldocflow.durable import write_atomically
from neuraldocflow.errors import ConfigError, DocumentError
from neuraldocflow.folders.move import numbered
from neuraldocflow.rendering import FORMATS, render
from neuraldocflow.swarm.job import Progress as Told

_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+:/", re.IGNORECASE)
_LONGEST = 240
"""Bytes of a file's name with a number, which is written with another ending."""


def process(
    files: list[Path] = typer.Argument(..., readable=False, help="PDF, DOCX or HTML files."),
    profile: str = typer.Option("auto", "--profile", "-p", help="A profile's name, or auto."),
    format: str = typer.Option(
        "", "--format", "-f", help="json, yaml or xml; default: a table on a terminal."
    ),
    out: Path | None = typer.Option(
        None,
        "--out",
        "-o",
        help="Write NAME.EXT.json for each file into this folder; of a second NAME.EXT, NAME (2).EXT.json.",
    ),
    annotate: bool = typer.Option(False, "--annotate", help="Write a PDF with every found field boxed."),
    profiles: list[Path] = typer.Option([], "--profiles", help="A folder with profiles of your own."),
    threshold: float = typer.Option(
        0.0, "--quality-threshold", min=0.0, max=1.0, help="Less sure than this is partial."
    ),
    as_json: bool = typer.Option(False, "--json", help="The same as --format json."),
) -> None:
    """Extract documents here and now; a result each.

    Example: neuraldocflow process report.pdf --annotate --out results
    """
    wanted = format or ("json" if as_json or out is not None or not sys.stdout.isatty() else "table")
    if wanted not in (*FORMATS, "table"):
        raise ConfigError(f"--format: there is no format {wanted}; choose one of {', '.join(FORMATS)}")
    forms = profile_files.forms(profiles)
    if profile != "auto" and profile not in forms:
        raise ConfigError(f"--profile: there is no profile {profile}; there are {', '.join(sorted(forms))}")
    _refuse_no_files(files)
    if out is not None:
        try:
            out.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError) as error:
            raise ConfigError(f"--out: {out}: a folder is wanted, and there is a file") from error
        if not os.access(out, os.W_OK | os.X_OK):  # told before anything is read
            raise ConfigError(f"--out: {out}: there is no right to write into this folder")
    screen = show.console(stderr=True)
    found: dict[int, dict[str, Any]] = {}
    names = _own_names(files, out)
    if out is not None or annotate:
        for file, name in names.items():
            if name != file.name:
                told = f"{file} is written as {name}: another of these files has its name"
                screen.print(Text(told), soft_wrap=True)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[stage]}", markup=False),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as bars:
        tasks: dict[int, TaskID] = {}

        def tell(number: int, progress: Told) -> None:
            stage = progress.current_operation or progress.stage
            if number not in tasks:
                tasks[number] = bars.add_task(files[number].name, stage=stage, total=None)
            bars.update(tasks[number], completed=progress.progress, total=1.0, stage=stage)

        for number, result in extracted(files, forms, profile, {"qualityThreshold": threshold}, tell):
            file = files[number]
            found[number] = result
            if number in tasks:
                bars.remove_task(tasks.pop(number))
            if out is not None:
                write_atomically(out / f"{names[file]}.{wanted}", render(result, wanted), replace=True)
            if annotate and result["status"] != "failed":
                bars.console.print(_annotated(file, result, (out or file.parent) / names[file]))
    results = [found[number] for number in range(len(files))]
    if out is not None:
        for result in results:
            screen.print(show.line_of(result), soft_wrap=True)
    elif wanted == "table":
        plain = show.console()
        for result in results:
            plain.print(show.line_of(result), soft_wrap=True)
            if result["status"] != "failed":
                plain.print(show.fields_table(result))
    elif wanted == "json":
        print(orjson.dumps(results[0] if len(results) == 1 else results, option=orjson.OPT_INDENT_2).decode())
    else:
        for result in results:
            sys.stdout.write(render(result, wanted).decode())
    statuses = {result["status"] for result in results}
    raise typer.Exit(1 if "failed" in statuses else 3 if "partial" in statuses else 0)


def _refuse_no_files(files: list[Path]) -> None:
    """Folders and addresses; a file that is not there has a result that says so, like one that vanishes."""
    for file in files:
        if file.is_dir():
            raise ConfigError(f"{file}: is a folder; name the files in it, such as {file / '*.pdf'}")
        if str(file) == "-" and not file.exists():
            raise ConfigError("-: files are read here, not standard input: write it into one first")
        if _ADDRESS.match(str(file)) and not file.exists():
            address = str(file).replace(":/", "://", 1)  # a path has no two slashes in a row
            raise ConfigError(
                f"{address}: files of this machine are read here; fetch it first, or send its address to a "
                "running job (docs/gateway.md)"
            )


def _own_names(files: list[Path], out: Path | None) -> dict[Path, str]:
    """What is written of each file begins with its name; of another of this name with ``name (2).pdf``."""
    names: dict[Path, str] = {}
    taken: set[tuple[Path, str]] = set()
    for file in dict.fromkeys(files):
        folder = out or file.parent
        # many filesystems take no notice of case
        free = (each for each in numbered(file.name, _LONGEST) if (folder, each.casefold()) not in taken)
        names[file] = next(free)
        taken.add((folder, names[file].casefold()))
    return names


def _annotated(file: Path, result: dict[str, Any], beside: Path) -> str:
    from neuraldocflow.extraction.annotate import annotate  # needs MuPDF, which other documents don't

    name = re.sub(r"\.pdf$", "", beside.name, flags=re.IGNORECASE) + ".annotated.pdf"
    target = beside.with_name(name)
    try:
        write_atomically(target, annotate(file, result), replace=True)
    except DocumentError as error:
        return f"{file.name}: {error.message}"
    return f"{json.dumps(str(target))[1:-1]} shows what was found"
