"""The engine's recovery store: made, judged, cleaned, and asked what is committed.

Its tables (Bytewax 0.21): ``exs`` has an execution's worker count and the epoch it began with, ``fronts`` the
epoch each of its workers has come to, ``snaps`` the states by epoch. Epochs before every worker's front are
committed; the next execution begins with that epoch.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from bytewax.recovery import init_db_dir

from neuraldocflow.errors import ConfigError

PARTITIONS = 16
"""Partitions of a new store: the most workers the job can ever be given."""


def prepare(state: Path) -> Path:
    """The store of a state directory, made whole or not at all. Raises ConfigError where it can't be used."""
    store = state / "recovery"
    if not store.exists():
        fresh = state / "recovery.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        init_db_dir(fresh, PARTITIONS)  # type: ignore[no-untyped-call]
        fresh.rename(store)
    _judge(store)
    return store


def _judge(store: Path) -> None:
    parts = list(store.glob("part-*.sqlite3"))
    told = (
        f"the recovery store {store} {{}}. Put a copy of it back; or remove it, and documents that are "
        "not acknowledged are read again from their sources"
    )
    if not parts:
        raise ConfigError(told.format("is empty"))
    for part in parts:
        try:
            with closing(_open(part)) as database:
                wanted = database.execute("SELECT part_count FROM parts").fetchone()
        except sqlite3.DatabaseError as error:
            raise ConfigError(told.format(f"is damaged: {part.name}: {error}")) from error
        if wanted is None or wanted[0] != len(parts):
            raise ConfigError(told.format(f"is not whole: {len(parts)} of its files are there"))


def _open(part: Path, mode: str = "ro") -> sqlite3.Connection:
    return sqlite3.connect(f"{part.absolute().as_uri()}?mode={mode}", uri=True, timeout=10.0)


class Recovery:
    """A store in use; ``directory`` None is a job without one."""

    def __init__(self, directory: Path | None) -> None:
        self._parts = sorted(directory.glob("part-*.sqlite3")) if directory is not None else []

    @property
    def there(self) -> bool:
        """Whether there is a store to ask."""
        return bool(self._parts)

    def _rows(self, query: str) -> Iterator[tuple[Any, ...]]:
        for part in self._parts:
            with closing(_open(part)) as database:
                yield from database.execute(query).fetchall()

    def began(self) -> int | None:
        """The epoch the latest execution began with; None where there is none yet."""
        executions = list(self._rows("SELECT ex_num, resume_epoch FROM exs"))
        return int(max(executions)[1]) if executions else None

    def frontier(self) -> int:
        """All epochs before it are committed by every worker; the next execution begins with it."""
        executions = list(self._rows("SELECT ex_num, worker_count, resume_epoch FROM exs"))
        if not executions:
            return 1
        execution, workers, began = max(executions)
        fronts = {
            worker: front
            for number, worker, front in self._rows(
                "SELECT ex_num, worker_index, worker_frontier FROM fronts"
            )
            if number == execution
        }
        return int(min(fronts.get(worker, began) for worker in range(workers)))

    def forget_uncommitted(self) -> None:
        """Remove states of epochs that were never committed; call it before the flow runs.

        The engine leaves them there, begins again with the same epoch's number, and overwrites only those of
        keys that come up again: the others would be taken for committed by the execution after that.
        """
        frontier = self.frontier()
        for part in self._parts:
            with closing(_open(part, "rw")) as database, database:
                database.execute("DELETE FROM snaps WHERE snap_epoch >= ?", (frontier,))
