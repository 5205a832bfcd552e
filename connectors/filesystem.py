"""Watched folders: a file that appears and settles becomes a document.

At least once, visible once: a file is emitted, always with the same id, until its result is durable; only
then is it moved to ``processed`` or ``failed`` (or noted as done). No document is ever overwritten.
"""

from __future__ import annotations

import fcntl
import logging
import os
from collections.abc import Callable
from contextlib import suppress
from functools import cache, partial
from mimetypes import guess_type
from pathlib import Path
from typing import Annotated, Any, Self

import orjson
from bytewax.inputs import FixedPartitionedSource
from pydantic import BeforeValidator, Field, GetJsonSchemaHandler, model_validator
from pydantic_core import CoreSchema

from neuraldocflow import durable
from neuraldocflow.arrivals import QueuedArrivals
from neuraldocflow.components import SOURCES, Acknowledgement, Component, SourceContext
from neuraldocflow.errors import ConfigError, DocumentError, Empty, FetchFailed
from neuraldocflow.events import DocumentSource, NewDocument
from neuraldocflow.folders.hashing import Found
from neuraldocflow.folders.ledger import Ledger
from neuraldocflow.folders.move import Version, longest, move, put_back, take, time_of, version_of
from neuraldocflow.folders.walk import is_gone
from neuraldocflow.folders.watcher import Watcher
from neuraldocflow.identity import document_id
from neuraldocflow.payloads import path_of
from neuraldocflow.results import ErrorInfo
from neuraldocflow.values import OwnPath, Priority, Section

log = logging.getLogger(__name__)

_REASON = b".reason.json"


class WatchDirectory(Section):
    """One folder; a plain path stands for ``{path: PATH}``."""

    path: OwnPath
    priority: Priority | None = Field(None, description="default: the source's")
    profile: str | None = Field(None, min_length=1, description="default: the source's")

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"anyOf": [{"type": "string"}, handler(schema)]}


def _from_path(value: Any) -> Any:
    return {"path": value} if isinstance(value, str | Path) else value


class FilesystemConfig(Section):
    """Documents that appear in folders."""

    watch_directories: tuple[Annotated[WatchDirectory, BeforeValidator(_from_path)], ...] = Field(
        min_length=1, description="folders, or {path, priority, profile}"
    )
    file_patterns: tuple[str, ...] = Field(
        ("*.pdf", "*.docx", "*.html", "*.htm"),
        min_length=1,
        description="names of documents; case is ignored",
    )
    recursive: bool = Field(True, description="look into subfolders")
    debounce_ms: int = Field(500, ge=0, le=3_600_000, description="how long a file must stay unchanged")
    auto_move_processed: bool = Field(False, description="move a file away once its result is durable")
    processed_directory: OwnPath | None = Field(None, description="default: processed in the watched folder")
    failed_directory: OwnPath | None = Field(None, description="default: failed beside the processed folder")
    scan_interval_ms: int = Field(30_000, ge=100, description="time between full scans, beside notifications")
    create_directories: bool = Field(False, description="make watched folders that are not there")
    priority: Priority = "normal"
    profile: str = Field("auto", min_length=1)

    @model_validator(mode="after")
    def _moves_away(self) -> Self:
        watched = {os.path.realpath(each.path): each.path for each in self.watch_directories}
        for root in watched if self.auto_move_processed else ():
            for target in map(str, self.targets(root)):
                if target in watched:
                    raise ValueError(
                        f"what is done can't be moved to {watched[target]}, which is watched: choose another "
                        "processed_directory or failed_directory"
                    )
        return self

    def targets(self, root: str | Path) -> tuple[Path, Path]:
        """Where files of a watched folder go when processed, and when failed."""
        processed = Path(os.path.realpath(self.processed_directory or Path(root, "processed")))
        failed = self.failed_directory or processed.parent / "failed"
        return processed, Path(os.path.realpath(failed))


class FilesystemSource(FixedPartitionedSource[NewDocument, None]):
    """NewDocument events of the files in watched folders; one partition a folder.

    Guarantee: every settled file is emitted at least once until it is acknowledged, always with the same id;
    a file is moved, or noted as done, only when it is acknowledged. So a crash at any moment loses nothing.
    A file that was moved away and is moved back is emitted as the next run of its document, and so is one
    that was away when it was to be read, or moved.
    """

    def __init__(self, name: str, config: FilesystemConfig, context: SourceContext) -> None:
        self._name = name
        self._config = config
        self._context = context
        self._folders = {_resolved(name, each, config): each for each in config.watch_directories}
        self._ledger = Ledger(context.state_directory / "sources" / f"{name}.db")
        self._targets = {str(target) for folder in self._folders for target in config.targets(folder)}
        """What is in them is not read, nor in former ones: what was moved there is there still."""
        self._targets |= self._ledger.targets(self._targets if config.auto_move_processed else ())
        self._moving = context.state_directory / "sources" / f"{name}.moving"
        """Locked while a file is moved: threads of several processes have the same moves to make."""

    def list_parts(self) -> list[str]:
        return sorted(self._folders)

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> FilesystemPartition:
        others = {folder for folder in self._folders if folder != for_part}
        watcher = Watcher(
            for_part,
            self._config.file_patterns,
            self._ledger,
            recursive=self._config.recursive,
            excluded=frozenset(others | self._targets | {os.path.realpath(self._context.state_directory)}),
            debounce=self._config.debounce_ms / 1000,
            scan_interval=self._config.scan_interval_ms / 1000,
            once=self._context.once,
            tidy=self._tidy,
            arrived=self._context.arrived.set,
        )
        return FilesystemPartition(watcher, self._context, partial(self._event, self._folders[for_part]))

    def acknowledge(self, event: NewDocument, outcome: Acknowledgement) -> None:
        """The document's result is durable: move its file, or note it as done. Safe to call again."""
        time = time_of(event.source.version)
        if event.source.kind != "file" or time is None:
            return  # of a source of another type, which had the name before, or of who puts events on the log
        path = path_of(event.source.uri)
        version = (event.source.size, time)
        key = os.fsencode(path)
        to_move = self._ledger.is_to_move(key, version)  # asked first: another thread may have moved it then
        if self._ledger.was_moved(key, version, event.run):
            return  # after this run, and was moved back since
        if not self._is_still(path, version):
            if not to_move and (self._config.auto_move_processed or outcome.status == "failed"):
                # it may come back, unread or to be moved: the flow passes no run of a document twice
                self._ledger.moved(key, version, b"", event.id, event.run)
            return
        if not self._config.auto_move_processed:
            if event.source.sha256:  # else it could not be read: that is tried again when its rights change
                self._ledger.add(key, version)
            return
        told: dict[str, object] = {
            "status": outcome.status,
            "error": outcome.error,
            "id": event.id,
            "run": event.run,
        }
        self._ledger.add(key, version, told)
        self._move(path, version, told)

    def ran_again(self, event: NewDocument) -> None:
        """A document of this source was replayed: its file, moved back, is a further run."""
        self._ledger.ran(event.id, event.run)

    def _is_still(self, path: Path, version: Version) -> bool:
        """Whether the file is there as it was when it was read: a newer one is a document of its own.

        True where its folder can't be entered, so that what is to be done is remembered until it can.
        """
        try:
            return version_of(path) == version
        except OSError:
            return not is_gone(path)

    def _move(self, path: Path, version: Version, told: dict[str, Any]) -> None:
        with self._moving.open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._move_alone(path, version, told)

    def _move_alone(self, path: Path, version: Version, told: dict[str, Any]) -> None:
        key = os.fsencode(path)
        document, run = told["id"], told.get("run", 0)
        root = next((root for root in sorted(self._folders, reverse=True) if path.is_relative_to(root)), None)
        if root is None:
            return  # none of ours: it is moved when its folder is watched again
        if self._ledger.was_moved(key, version, run):  # meanwhile, by another thread
            self._ledger.remove(key, version)
            return
        processed, failed = self._config.targets(root)
        target = failed if told["status"] == "failed" else processed

        def arriving(place: Path) -> None:
            if told["status"] == "failed":
                reason = {"documentId": document, "from": str(path), "error": told["error"]}
                data = orjson.dumps(reason, option=orjson.OPT_INDENT_2)
                durable.write_atomically(_reason_of(place, document), data)

        aside = path.with_name(f".{document}-{run}")
        place = b""
        try:
            if take(path, version, aside):  # else it was moved just before a crash; or it is another now
                moved = move(aside, target / path.parent.relative_to(root), arriving, path.name)
                place = os.fsencode(moved)
        except OSError as error:
            log.warning(
                "%s is done but can't be moved to %s: %s; tried again later", path, target, error.strerror
            )
            with suppress(OSError):
                put_back(aside, path)
            return
        self._ledger.moved(key, version, place, document, run)

    def _tidy(self) -> None:
        """Make moves that could not be made, and forget files that are gone."""
        for root in self._folders:
            for key, version, told in self._ledger.to_move(os.fsencode(root)):
                self._move(Path(os.fsdecode(key)), version, told)
        may_be_back = cache(self._may_be_unmounted)  # folders may have had many
        for key in self._ledger.paths():
            if is_gone(key) and not may_be_back(Path(os.fsdecode(key)).parent):
                self._ledger.remove(key)

    def _may_be_unmounted(self, folder: Path) -> bool:
        """Whether a file that is gone may be back: its watched folder is gone too, or the nearest folder that
        is left of its path is empty, as one is on which nothing is mounted now."""
        while is_gone(folder):
            if str(folder) in self._folders:
                return True
            folder = folder.parent
        try:
            with os.scandir(folder) as entries:
                return next(entries, None) is None
        except OSError:
            return True  # it can't be known

    def _event(self, folder: WatchDirectory, found: Found) -> NewDocument:
        path = Path(found.path)
        name = os.fsencode(path.name).decode("utf-8", "replace")
        problem: DocumentError | None = None
        if found.problem:
            problem = FetchFailed(f"the file can't be read: {found.problem}")
        elif found.size == 0:
            problem = Empty("The file has no bytes.")
        uri, version = path.as_uri(), str(found.mtime_ns)
        return NewDocument(
            id=document_id(self._name, found.sha256, uri, version),
            run=found.run,
            origin=f"/sources/{self._name}",
            source=DocumentSource(
                kind="file",
                uri=uri,
                size=found.size,
                sha256=found.sha256,
                filename=name,
                content_type=guess_type(name)[0] or "",
                version=version,
                through=self._name,
            ),
            profile=folder.profile or self._config.profile,
            priority=folder.priority or self._config.priority,
            error=None if problem is None else ErrorInfo.model_validate(problem.to_dict()),
        )


class FilesystemPartition(QueuedArrivals[Found]):
    """One folder."""

    def __init__(
        self, watcher: Watcher, context: SourceContext, event: Callable[[Found], NewDocument]
    ) -> None:
        super().__init__(context, watcher.found, event, watcher.drained.is_set)
        self._watcher = watcher
        watcher.start()

    def take(self) -> list[NewDocument]:
        if self._watcher.fault is not None:
            raise RuntimeError(f"watching {self._watcher.root} ended") from self._watcher.fault
        return super().take()

    def close(self) -> None:
        self._watcher.stop()


def _reason_of(place: Path, document: str) -> Path:
    """Where the reason of a failed file is; its name has the document's id where it would be too long."""
    name = os.fsencode(place.name)
    room = longest(place.parent) - len(_REASON)
    if len(name) > room:
        name = name[: room - len(document) - 1] + b"." + document.encode()
    return place.with_name(os.fsdecode(name + _REASON))


def _resolved(name: str, directory: WatchDirectory, config: FilesystemConfig) -> str:
    path = directory.path
    where = f"stream_sources.{name}.config.watch_directories: {path}"
    try:
        if config.create_directories:
            path.mkdir(parents=True, exist_ok=True)
        os.scandir(path).close()
    except FileNotFoundError as error:
        raise ConfigError(
            f"{where}: there is no such directory; make it, or set create_directories"
        ) from error
    except OSError as error:
        raise ConfigError(f"{where}: can't be read: {error.strerror}") from error
    return os.path.realpath(path)


SOURCES.add(Component("filesystem", FilesystemConfig, FilesystemSource))
