"""Runs the job in this process: alone on a state directory, with recovery, ended cleanly by signals."""

from __future__ import annotations

import fcntl
import logging
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import FrameType

from bytewax.recovery import (
    InconsistentPartitionsError,
    MissingPartitionsError,
    NoPartitionsError,
    RecoveryConfig,
)
from bytewax.testing import cluster_main, run_main

from dataflows.documents import build_job
from neuraldocflow import recovery
from neuraldocflow.cluster import Cluster
from neuraldocflow.config import Config
from neuraldocflow.engine import Engine
from neuraldocflow.errors import ConfigError

log = logging.getLogger(__name__)

Started = Callable[[Engine], None]
"""Called with the engine when the job is about to run."""


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


def run(
    config: Config,
    *,
    once: bool = False,
    sources: tuple[str, ...] = (),
    workers: int = 1,
    started: Started | None = None,
) -> None:
    """Run the job in this process until its sources end (``once``) or a signal stops it.

    SIGTERM and SIGINT stop it gracefully, a second one at once. Raises ConfigError.
    """
    state = config.runtime.state_directory.absolute()
    with alone(state):
        recovery.prepare(state)
        shutil.rmtree(state / "work" / "scratch", ignore_errors=True)  # of agents that were killed
        Cluster(state / "work" / "cluster").clear()
        run_member(config, once=once, sources=sources, workers=workers, started=started)


def run_member(
    config: Config,
    *,
    once: bool = False,
    sources: tuple[str, ...] = (),
    workers: int = 1,
    process: int | None = None,
    addresses: tuple[str, ...] = (),
    started: Started | None = None,
) -> None:
    """Run one process of the job, the ``process``-th of those at ``addresses`` (host:port; none: alone).

    Who calls it holds the state directory and has prepared the recovery store.
    """
    store = config.runtime.state_directory.absolute() / "recovery"
    engine = Engine(config, once=once, recovery=store, process=process)
    job = build_job(config, engine, sources)
    settings = {
        "epoch_interval": timedelta(milliseconds=config.runtime.snapshot_interval_ms),
        "recovery_config": RecoveryConfig(store),  # type: ignore[no-untyped-call]
    }
    with signals(partial(_stop, engine)):
        try:
            if started is not None:
                started(engine)
            if workers == 1 and not addresses:  # in this thread: an idle job then costs half as much
                run_main(job.flow, **settings)  # type: ignore[no-untyped-call]
            else:
                cluster_main(  # type: ignore[no-untyped-call]
                    job.flow, list(addresses), process or 0, worker_count_per_proc=workers, **settings
                )
            job.acknowledgements.finish()
        except (NoPartitionsError, MissingPartitionsError, InconsistentPartitionsError) as error:
            raise ConfigError(f"the recovery store {store} can't be used: {error}") from error
        finally:
            engine.close()


@contextmanager
def signals(stop: Callable[[int], None]) -> Iterator[None]:
    """Calls ``stop`` with the number of each SIGTERM and SIGINT, instead of what they do otherwise."""

    def handle(number: int, frame: FrameType | None) -> None:
        stop(number)

    before = {number: signal.signal(number, handle) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop(engine: Engine, number: int) -> None:
    """The first signal stops the job gracefully, the second at once."""
    if engine.stopping.is_set():
        os._exit(128 + number)
    engine.stop()
