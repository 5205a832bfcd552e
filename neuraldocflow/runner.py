"""Runs the job in this process: alone on a state directory, with recovery, ended cleanly by signals."""

from __future__ import annotations

import fcntl
import logging
import os
import shutil
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from types import FrameType

from bytewax.recovery import (
    InconsistentPartitionsError,
    MissingPartitionsError,
    NoPartitionsError,
    RecoveryConfig,
    init_db_dir,
)
from bytewax.testing import cluster_main

from dataflows.documents import build_job
from neuraldocflow.config import Config
from neuraldocflow.engine import Engine
from neuraldocflow.errors import ConfigError

log = logging.getLogger(__name__)

Started = Callable[[Engine], None]
"""Called with the engine when the job is about to run."""

PARTITIONS = 16
"""Partitions of a new recovery store: the most workers the job can ever be given."""


@contextmanager
def alone(state: Path) -> Iterator[None]:
    """Holds the state directory. Raises ConfigError where another job has it."""
    try:
        state.mkdir(parents=True, exist_ok=True)
        file = (state / "lock").open("a+")
    except OSError as error:
        raise ConfigError(f"runtime.state_directory: {state} can't be used: {error.strerror}") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            owner = file.read().strip() or "unknown"
            raise ConfigError(
                f"a job runs on {state} already (process {owner}): stop it, "
                "or give this one another runtime.state_directory"
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def recovery_store(state: Path) -> Path:
    """The recovery store, made whole or not at all. Raises ConfigError where what is there is none."""
    store = state / "recovery"
    if not store.exists():
        fresh = state / "recovery.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        init_db_dir(fresh, PARTITIONS)  # type: ignore[no-untyped-call]
        fresh.rename(store)
    parts = list(store.glob("part-*.sqlite3"))
    told = (
        f"the recovery store {store} {{}}. Put a copy of it back; or remove it, and documents that are "
        "not acknowledged are read again from their sources"
    )
    for part in parts:
        try:
            with sqlite3.connect(f"{part.absolute().as_uri()}?mode=ro", uri=True) as database:
                wanted = database.execute("SELECT part_count FROM parts").fetchone()
        except sqlite3.DatabaseError as error:
            raise ConfigError(
                told.format(f"is damaged: {part.name} is no database of it ({error})")
            ) from error
        if wanted is None or wanted[0] != len(parts):
            raise ConfigError(told.format(f"is not whole: {len(parts)} of its files are there"))
    if not parts:
        raise ConfigError(told.format("is empty"))
    return store


def run(
    config: Config,
    *,
    once: bool = False,
    sources: tuple[str, ...] = (),
    workers: int = 1,
    started: Started | None = None,
) -> Engine:
    """Run the job until its sources end (``once``) or a signal stops it; the engine, closed.

    SIGTERM and SIGINT stop it gracefully, a second one at once. Raises ConfigError.
    """
    state = config.runtime.state_directory.absolute()
    with alone(state):
        store = recovery_store(state)
        engine = Engine(config, once=once, recovery=store)
        job = build_job(config, engine, sources)
        with _signals(engine):
            try:
                if started is not None:
                    started(engine)
                cluster_main(  # type: ignore[no-untyped-call]
                    job.flow,
                    [],
                    0,
                    epoch_interval=timedelta(milliseconds=config.runtime.snapshot_interval_ms),
                    recovery_config=RecoveryConfig(store),  # type: ignore[no-untyped-call]
                    worker_count_per_proc=workers,
                )
                job.acknowledgements.finish()
            except (NoPartitionsError, MissingPartitionsError, InconsistentPartitionsError) as error:
                raise ConfigError(f"the recovery store {store} can't be used: {error}") from error
            finally:
                engine.close()
    return engine


@contextmanager
def _signals(engine: Engine) -> Iterator[None]:
    def stop(number: int, frame: FrameType | None) -> None:
        if engine.stopping.is_set():
            os._exit(128 + number)
        engine.stop()

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
