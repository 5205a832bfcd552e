"""``up``: the whole thing on this machine."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import typer
from rich.text import Text

from neuraldocflow import config as configuration
from neuraldocflow.cli import show
from neuraldocflow.cli.beside import GatewayBeside
from neuraldocflow.cli.state import given
from neuraldocflow.cli.watch import summary, watching
from neuraldocflow.config import Config
from neuraldocflow.errors import ConfigError
from neuraldocflow.evaluate import corpus
from neuraldocflow.job import runner
from neuraldocflow.job.engine import Engine
from neuraldocflow.log import open_log

SAMPLES = Path(__file__).parent.parent / "samples"


def up(
    config: Path | None = typer.Option(None, "--config", "-c", help="A configuration in YAML."),
    samples: bool = typer.Option(False, "--samples", help="Put the sample documents into the first folder."),
) -> None:
    """Start the job and its gateway on this machine; without a configuration from ./inbox to ./results.

    Example: neuraldocflow up --samples
    """
    loaded = configuration.load(config)
    folders = _folders(loaded)
    if samples and not folders:
        raise ConfigError("--samples: no source of this configuration watches a folder to put them into")

    def begun(engine: Engine) -> None:
        address = gateway.address()  # what keeps it from serving is told before
        screen = show.console()
        screen.print("NeuralDocFlow is running          (Ctrl-C stops it; nothing is lost)", style="bold")
        if address:
            screen.print(Text(f"open                              {address}"), soft_wrap=True)
        if folders:
            shown = ", ".join(_shown(each) for each in folders)
            screen.print(Text(f"drop documents into               {shown}"), soft_wrap=True)
        screen.print(Text(f"results appear in                 {', '.join(_results(loaded))}"), soft_wrap=True)
        screen.print(f"next: neuraldocflow tail{given(config)} · docs/getting-started.md\n", soft_wrap=True)
        if samples:
            put_samples(folders[0])

    with (
        GatewayBeside(config) as gateway,
        open_log(loaded.runtime) as job_log,
        watching(job_log, as_json=False, quiet=False) as counts,
    ):
        runner.run(loaded, started=begun)
    show.console().print(f"stopped after {summary(counts)}")


def put_samples(folder: Path) -> None:
    """Fresh copies of the sample documents, so that each start has something to show; real ones beside them
    where the development corpus is on this machine."""
    found = [each for each in sorted(SAMPLES.iterdir()) if each.suffix in (".pdf", ".docx", ".html")]
    if (documents := corpus()) is not None:
        for kind in ("filings/*.html", "contracts/*.pdf", "medical/*.docx"):
            found.extend(sorted(documents.glob(kind))[:1])
    for sample in found:
        incoming = folder / f".{sample.name}.part"
        shutil.copyfile(sample, incoming)
        os.replace(incoming, folder / sample.name)


def _folders(config: Config) -> list[Path]:
    """The watched folders of all sources."""
    return [
        each.path
        for entry in config.stream_sources.values()
        if entry.type == "filesystem"
        for each in entry.config.watch_directories  # type: ignore[attr-defined]
    ]


def _results(config: Config) -> list[str]:
    """Where results go, as far as that is a folder."""
    state = config.runtime.state_directory
    told: list[str] = []
    for entry in config.processing_pipeline.output_streams:
        settings = entry.config.model_dump()
        if entry.type == "files":
            told.append(_shown(settings["directory"]))
        elif entry.type == "parquet":
            told.append(f"{settings['url'] or _shown(state / 'archive')} (Parquet)")
    return told


def _shown(path: Path) -> str:
    return str(path) if path.is_absolute() else f"./{path}"
