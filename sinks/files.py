"""Results as files: one JSON, YAML or XML file a document.

Each file appears whole and synced before its epoch is committed; a repeat after a recovery replaces its own
file, and no file of another document, even of the same name, is ever overwritten.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Literal

from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition
from pydantic import Field

from neuraldocflow.components import SINKS, Component, SinkContext
from neuraldocflow.deliveries import Delivery
from neuraldocflow.durable import forget_unfinished, patiently, write_atomically
from neuraldocflow.errors import ConfigError
from neuraldocflow.events import NewDocument
from neuraldocflow.rendering import FORMATS, render
from neuraldocflow.values import OwnPath, Section

_PARTS = 4
_JOB = re.compile(rb"""jobId(?:":|:|>)\s*["']?([^"'<\n]+?)(?::\d+)?["'<\n]""")
"""A job's document, as each format has it."""


class FilesConfig(Section):
    """One file a document in a folder."""

    directory: OwnPath = Field(Path("results"), description="where the files appear; made if it is not there")
    format: Literal["json", "yaml", "xml"] = "json"


class FilesSink(FixedPartitionedSink[Delivery, None]):
    """``NAME.EXT.json`` for a document ``NAME.EXT``; a second document of that name has its id in between."""

    def __init__(self, name: str, config: FilesConfig, context: SinkContext) -> None:
        self._config = config
        self._waiting = context.waiting
        try:
            config.directory.mkdir(parents=True, exist_ok=True)
            forget_unfinished(config.directory)
        except FileExistsError as error:
            raise ConfigError(
                f"{context.where}.directory: {config.directory}: a folder is wanted, and there is a file"
            ) from error
        except OSError as error:
            raise ConfigError(
                f"{context.where}.directory: {config.directory} can't be made: {error.strerror}"
            ) from error

    def list_parts(self) -> list[str]:
        return [str(part) for part in range(_PARTS)]

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> FilesPartition:
        return FilesPartition(self._config, self._waiting)


class FilesPartition(StatefulSinkPartition[Delivery, None]):
    """Writes at once, so there is nothing to snapshot."""

    def __init__(self, config: FilesConfig, waiting: Callable[[], None]) -> None:
        self._config = config
        self._waiting = waiting

    def write_batch(self, values: Sequence[Delivery]) -> None:
        for delivery in values:
            wanted = str(delivery.document.options.get("outputFormat", self._config.format))
            format = wanted if wanted in FORMATS else self._config.format
            data = render(delivery.result, format)
            what = f"the result in {self._config.directory}"
            patiently(what, partial(self._write, delivery.document, format, data), pausing=self._waiting)

    def _write(self, document: NewDocument, format: str, data: bytes) -> None:
        self._config.directory.mkdir(parents=True, exist_ok=True)
        name = _plain(document.source.filename) or document.id
        path = self._config.directory / f"{name}.{format}"
        try:
            write_atomically(path, data, replace=_is_of(path, document.id))
        except FileExistsError:
            write_atomically(path.with_name(f"{name}.{document.id}.{format}"), data)

    def snapshot(self) -> None:
        return None


def _plain(filename: str) -> str:
    """A name that stays in the folder and is no hidden file, short enough for every filesystem."""
    name = re.sub(r"[\x00-\x1f/\\]", "_", filename).lstrip(".")
    return name.encode()[:180].decode("utf-8", "ignore")


def _is_of(path: Path, document: str) -> bool:
    """Whether the file there is an earlier result of the same document, which its first lines say: further
    down a result may name other documents."""
    try:
        with path.open("rb") as file:
            found = _JOB.search(file.read(2000))
    except (FileNotFoundError, IsADirectoryError):
        return False
    return found is not None and found[1] == document.encode()


SINKS.add(Component("files", FilesConfig, FilesSink))
