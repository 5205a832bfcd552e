"""The engine's recovery store: made, judged, cleaned, and asked what is committed.

Its tables (Bytewax 0.21): ``exs`` has an execution's worker count and the epoch it began with, ``fronts`` the
epoch each of its workers has come to, ``snaps`` the states by epoch. Epochs before every worker's front are
committed; the next execution begins with that epoch.
"""

from __future__ import annotations

import pickle
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Collection, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from bytewax.recovery import init_db_dir

from neuraldocflow.durable import write_atomically
from neuraldocflow.errors import ConfigError
from neuraldocflow.job import recovery_reader
from neuraldocflow.versions import DRAIN, OtherRelease
from neuraldocflow.wording import counted

FORMAT = 2
"""Of the store as a whole: the flow's steps and their keys. A release that renames steps raises it. Format 1
had a step for each webhook output, named by its place in the configuration."""
_READS = (1, 2)
_WEBHOOKS_OF_1 = "documents.to_webhook_"
_STAMP = "format"
_FROM_THE_LOG = "and all that came through the gateway within retention_days are processed again"
_TRIES = 3
"""Readers a question is put to, one after the other, before it stays without an answer."""


def prepare(state: Path, parts: int) -> Path:
    """The store of a state directory, made whole, of so many parts, or not at all.

    Raises ConfigError where it can't be used.
    """
    store = state / "recovery"
    if not store.exists():
        fresh = state / "recovery.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        init_db_dir(fresh, parts)  # type: ignore[no-untyped-call]
        (fresh / _STAMP).write_text(f"{FORMAT}\n", encoding="ascii")
        fresh.rename(store)
    _judge(store, parts)
    return store


def _judge(store: Path, wanted: int) -> None:
    parts = recovery_reader.parts_of(store)
    told = (
        f"the recovery store {store} {{}}. Put a copy of it back; or remove it: then documents that are "
        f"not acknowledged are read again from their sources, {_FROM_THE_LOG}"
    )
    if not parts:
        raise ConfigError(told.format("is empty"))
    _judge_format(store)
    for part in parts:
        try:
            with closing(recovery_reader.connect(part)) as database:
                told_of = database.execute("SELECT part_count FROM parts").fetchone()
        except sqlite3.DatabaseError as error:
            raise ConfigError(told.format(f"is damaged: {part.name}: {error}")) from error
        if told_of is None or told_of[0] != len(parts):
            raise ConfigError(told.format(f"is not whole: {len(parts)} of its files are there"))
    if len(parts) < wanted:
        raise ConfigError(
            f"the recovery store {store} has {len(parts)} parts, fewer than runtime.max_workers, which is "
            f"{wanted}: it keeps the number it was made with. Set max_workers back; or drain the job "
            f"(neuraldocflow run --once), remove the store, and start again: {_FROM_THE_LOG}"
        )
    _bring_up(store)


def _judge_format(store: Path) -> None:
    found = _format_of(store)
    if found not in [str(number) for number in _READS]:
        known = " and ".join(str(number) for number in _READS)
        raise OtherRelease(
            f"the recovery store {store} is in format {found!r}, this release reads {known}: {DRAIN}"
        )


def _format_of(store: Path) -> str:
    """Stores of before there was a stamp have format 1."""
    stamp = store / _STAMP
    return stamp.read_text(encoding="ascii", errors="replace").strip() if stamp.exists() else "1"


def _bring_up(store: Path) -> None:
    """From format 1 to 2, unless webhooks' deliveries wait in it: whose they are is known only by the release
    that wrote them, with the configuration it had. Raises OtherRelease."""
    if _format_of(store) == str(FORMAT):
        return
    steps = [step for step in recovery_reader.steps(store) if step.startswith(_WEBHOOKS_OF_1)]
    waiting = sum(len(recovery_reader.states(store, step)) for step in steps)
    if waiting:
        raise OtherRelease(
            f"the recovery store {store} has webhooks to deliver of {counted(waiting, 'document')}, "
            f"in a form that this release does not read: with the configuration as it was, {DRAIN}"
        )
    write_atomically(store / _STAMP, f"{FORMAT}\n".encode())


class Recovery:
    """A store in use; ``directory`` None is a job without one. Thread-safe.

    It is asked through a process of its own (:mod:`neuraldocflow.job.recovery_reader` says why), which starts
    with the first question and ends with :meth:`close` or with this process. Questions raise sqlite3.Error
    where the store can't be read.
    """

    def __init__(self, directory: Path | None) -> None:
        self._directory = directory
        self._reader: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    @property
    def there(self) -> bool:
        """Whether there is a store to ask."""
        return self._directory is not None and bool(recovery_reader.parts_of(self._directory))

    def began(self) -> int | None:
        """The epoch the latest execution began with; None where there is none yet."""
        found: int | None = self._ask("began") if self.there else None
        return found

    def frontier(self) -> int:
        """All epochs before it are committed by every worker; the next execution begins with it."""
        found: int = self._ask("frontier") if self.there else 1
        return found

    def states(self, step: str) -> dict[str, Any]:
        """The committed states of a step, by key, as the flow's parts gave them."""
        found = self._ask("states", step) if self.there else {}
        return {key: pickle.loads(change) for key, change in found.items()}

    def steps(self) -> set[str]:
        """The steps of this and former flows that have, or had, a state."""
        found: set[str] = self._ask("steps") if self.there else set()
        return found

    def forget_uncommitted(self) -> None:
        """Remove states of epochs that were never committed; call it before the flow runs.

        The engine leaves them there, begins again with the same epoch's number, and overwrites only those of
        keys that come up again: the others would be taken for committed by the execution after that.
        """
        if self._directory is None:
            return
        frontier = recovery_reader.frontier(self._directory)
        for part in recovery_reader.parts_of(self._directory):
            with closing(recovery_reader.connect(part, "rw")) as database, database:
                database.execute("DELETE FROM snaps WHERE snap_epoch >= ?", (frontier,))

    def forget_parts(self, kept: Mapping[str, Collection[str]]) -> None:
        """Remove the states of partitions that a step of ``kept`` no longer has, before the flow runs.

        The engine ends by a fault where it can't tell whose they are: after a folder, a topic, or the type of
        what goes by a name was changed in the configuration.
        """
        if self._directory is None:
            return
        for part in recovery_reader.parts_of(self._directory):
            with closing(recovery_reader.connect(part, "rw")) as database, database:
                found = database.execute("SELECT DISTINCT step_id, state_key FROM snaps").fetchall()
                gone = [(step, key) for step, key in found if step in kept and key not in kept[step]]
                database.executemany("DELETE FROM snaps WHERE step_id = ? AND state_key = ?", gone)

    def _ask(self, *question: str) -> Any:
        answer: Any = sqlite3.OperationalError("its reader was ended again and again")
        with self._lock:
            for _ in range(_TRIES):
                try:
                    answer = self._answer_to(question)
                    break
                except (OSError, EOFError, pickle.UnpicklingError):  # something has ended the process
                    self._end()
        if isinstance(answer, sqlite3.Error):
            raise answer
        return answer

    def _answer_to(self, question: tuple[str, ...]) -> Any:
        if self._reader is None:
            command = [sys.executable, "-I", "-S", recovery_reader.__file__, str(self._directory)]
            self._reader = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,  # Ctrl-C is not for it: what waits is still acknowledged
            )
        asked, answered = self._reader.stdin, self._reader.stdout
        assert asked is not None
        assert answered is not None
        pickle.dump(question, asked)
        asked.flush()
        return pickle.load(answered)

    def _end(self) -> None:
        if self._reader is not None:
            self._reader.kill()
            with suppress(OSError):  # a question that could not be written any more
                self._reader.__exit__(None, None, None)
            self._reader = None

    def close(self) -> None:
        """End the process; a later question starts another."""
        with self._lock:
            self._end()
