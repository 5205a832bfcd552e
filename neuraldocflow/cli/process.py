"""``process``: extraction here and now, without the job."""

from __future__ import annotations

import json
import re
import sys
import time
from pathlib import Path
from typing import Any

import orjson
import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from neuraldocflow import __version__
from neuraldocflow import profiles as profile_files
from neuraldocflow.cli import show
from neuraldocflow.durable import write_atomically
from neuraldocflow.errors import ConfigError, DocumentError
from neuraldocflow.extraction import Profile, extract
from neuraldocflow.identity import document_id
from neuraldocflow.rendering import FORMATS, render


def process(
    files: list[Path] = typer.Argument(..., help="PDF, DOCX or HTML files."),
    profile: str = typer.Option("auto", "--profile", "-p", help="A profile's name, or auto."),
    format: str = typer.Option(
        "", "--format", "-f", help="json, yaml or xml; default: a table on a terminal."
    ),
    out: Path | None = typer.Option(
        None, "--out", "-o", help="Write NAME.EXT.json for each file into this folder."
    ),
    annotate: bool = typer.Option(False, "--annotate", help="Write a PDF with every found field boxed."),
    profiles: list[Path] = typer.Option([], "--profiles", help="A folder with profiles of your own."),
    threshold: float = typer.Option(0.0, "--quality-threshold", help="Less sure than this is partial."),
    as_json: bool = typer.Option(False, "--json", help="The same as --format json."),
) -> None:
    """Extract documents here and now; a result each.

    Example: neuraldocflow process report.pdf --annotate --out results
    """
    wanted = format or ("json" if as_json or out is not None or not sys.stdout.isatty() else "table")
    if wanted not in (*FORMATS, "table"):
        raise ConfigError(f"--format: there is no format {wanted}; choose one of {', '.join(FORMATS)}")
    loaded = dict(profile_files.load(profiles))
    if profile != "auto" and profile not in loaded:
        raise ConfigError(f"--profile: there is no profile {profile}; there are {', '.join(sorted(loaded))}")
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
    screen = show.console(stderr=True)
    results: list[dict[str, Any]] = []
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[stage]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=screen, transient=True) as bars:
        for file in files:
            result = _one(file, loaded, profile, threshold, bars)
            results.append(result)
            if out is not None:
                write_atomically(out / f"{file.name}.{wanted}", render(result, wanted), replace=True)
            if annotate and result["status"] != "failed":
                bars.console.print(_annotated(file, result, out))
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


def _one(
    file: Path, profiles: dict[str, Profile], profile: str, threshold: float, bars: Progress
) -> dict[str, Any]:
    """One file's result; a failed one where it can't be read."""
    task = bars.add_task(file.name, stage="opening", total=None)

    def tell(stage: str, done: int, total: int, partial: dict[str, Any] | None) -> None:
        counted = f"{stage} {done} of {total}" if total > 1 else stage
        bars.update(task, completed=done, total=total, stage=counted)

    began = time.perf_counter()
    try:
        options = {"qualityThreshold": threshold}
        result = extract(file, profiles, profile, options=options, progress=tell)
    except DocumentError as error:
        spent = round((time.perf_counter() - began) * 1000, 2)
        result = {
            "status": "failed",
            "extractedData": None,
            "metadata": {"filename": file.name, "engineVersion": __version__, "timings": {"totalMs": spent}},
            "validationResults": [],
            "error": error.to_dict(),
        }
    bars.remove_task(task)
    digest = result["metadata"].get("sha256") or ""
    return {"jobId": document_id("process", digest, file.name, ""), "run": 0, **result}


def _annotated(file: Path, result: dict[str, Any], out: Path | None) -> str:
    from neuraldocflow.extraction.annotate import annotate  # needs MuPDF, which other documents don't

    name = re.sub(r"\.pdf$", "", file.name, flags=re.IGNORECASE) + ".annotated.pdf"
    target = (out or file.parent) / name
    try:
        write_atomically(target, annotate(file, result), replace=True)
    except DocumentError as error:
        return f"{file.name}: {error.message}"
    return f"{json.dumps(str(target))[1:-1]} shows what was found"
