"""Reads the engine's recovery store: by import where no engine runs, as a process of its own where one does.

The engine has a copy of SQLite built in, Python has another, and two copies in one process undo each other's
locks: closing any descriptor of a file drops all that the process has locked in it. Another process then
takes itself for the store's last user, and truncates what the engine has mapped or removes what it has just
written (https://sqlite.org/howtocorrupt.html, 2.2.1). Standard library only, so that it starts at once.
"""

from __future__ import annotations

import pickle
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any


def connect(part: Path, mode: str = "ro") -> sqlite3.Connection:
    """A file of the store, opened. Raises sqlite3.Error."""
    return sqlite3.connect(f"{part.absolute().as_uri()}?mode={mode}", uri=True, timeout=10.0)


def parts_of(store: Path) -> list[Path]:
    """The store's files."""
    return sorted(store.glob("part-*.sqlite3"))


def _rows(store: Path, query: str, *values: object) -> Iterator[tuple[Any, ...]]:
    for part in parts_of(store):
        with closing(connect(part)) as database:
            yield from database.execute(query, values)


def began(store: Path) -> int | None:
    """The epoch the latest execution began with; None where there is none yet. Raises sqlite3.Error."""
    executions = list(_rows(store, "SELECT ex_num, resume_epoch FROM exs"))
    return int(max(executions)[1]) if executions else None


def frontier(store: Path) -> int:
    """All epochs before it are committed by every worker. Raises sqlite3.Error."""
    executions = list(_rows(store, "SELECT ex_num, worker_count, resume_epoch FROM exs"))
    if not executions:
        return 1
    execution, workers, first = max(executions)
    query = "SELECT worker_index, worker_frontier FROM fronts WHERE ex_num = ?"
    fronts = dict(_rows(store, query, execution))
    return int(min(fronts.get(worker, first) for worker in range(workers)))


def steps(store: Path) -> set[str]:
    """The steps that have, or had, a state. Raises sqlite3.Error."""
    return {step for (step,) in _rows(store, "SELECT DISTINCT step_id FROM snaps")}


def states(store: Path, step: str) -> dict[str, bytes]:
    """The committed states of a step by key, each still pickled. Raises sqlite3.Error."""
    newest: dict[str, tuple[int, bytes | None]] = {}
    query = "SELECT state_key, snap_epoch, ser_change FROM snaps WHERE step_id = ? AND snap_epoch < ?"
    for key, epoch, change in _rows(store, query, step, frontier(store)):
        if epoch >= newest.get(key, (0, None))[0]:
            newest[key] = (epoch, change)
    return {key: change for key, (_, change) in newest.items() if change is not None}


def _answer(store: Path) -> None:
    """Answer pickled questions, ``(name, *arguments)``, until there are no more."""
    known = {each.__name__: each for each in (began, frontier, states, steps)}
    while True:
        try:
            name, *arguments = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        try:
            answer: Any = known[name](store, *arguments)
        except sqlite3.Error as error:
            answer = error
        pickle.dump(answer, sys.stdout.buffer)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    _answer(Path(sys.argv[1]))
