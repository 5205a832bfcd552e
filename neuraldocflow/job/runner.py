"""Runs the job in this process: alone on a state directory, with recovery, ended cleanly by signals."""

from __future__ import annotations

import fcntl
import logging
import os
import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

from bytewax.errors import BytewaxRuntimeError
from bytewax.recovery import (
    InconsistentPartitionsError,
    MissingPartitionsError,
    NoPartitionsError,
    RecoveryConfig,
)
from bytewax.testing import cluster_main, run_main

from dataflows.documents import build_job
from neuraldocflow import durable, versions
from neuraldocflow.config import Config
from neuraldocflow.deployment.topics import lags
from neuraldocflow.errors import ConfigError, NeuralDocFlowError
from neuraldocflow.garbage import settle
from neuraldocflow.job import process_metrics, recovery
from neuraldocflow.job.cluster import ROUND, SILENCE, Cluster, check_size
from neuraldocflow.job.engine import Engine
from neuraldocflow.job.liveness import look
from neuraldocflow.job.signals import signals
from neuraldocflow.job.timesteps import TimeSteps, start_again
from neuraldocflow.removal import remove_tree

log = logging.getLogger(__name__)


ENDED_SOMEWHERE = "the dataflow ended by a fault, here or in another of its processes"
"""Said by processes that do not know why; another may."""


class Ended(NeuralDocFlowError):
    """One of several processes can't go on; their supervisor starts all again."""


_STORE_FAILED = re.compile(r'SqliteFailure\(.*Some\("(?P<reason>[^"]*)"\)')
"""What the engine says where its recovery store fails; it has no type of its own for it."""

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
        _refuse_beside_pods(state)
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)


def _refuse_beside_pods(state: Path) -> None:
    """Processes in places of their own share a state directory, and no lock: their hearts tell of them.

    Raises ConfigError where they beat.
    """
    round_of_pods = state / "work" / ROUND
    if not round_of_pods.exists():
        return
    if look(state).phase != "not running":
        raise ConfigError(
            f"a job runs on {state} already, in processes of their own places such as pods: stop it and wait "
            f"for {SILENCE:.0f} seconds, or give this one another runtime.state_directory"
        )
    round_of_pods.unlink()  # from here on the state directory is this job's alone


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
    check_size(config.runtime.max_workers, 1, workers)
    state = config.runtime.state_directory.absolute()
    with alone(state):
        recovery.prepare(state, config.runtime.max_workers)
        forget_unfinished_work(state)
        cluster = Cluster(state / "work" / "cluster")
        cluster.clear()
        try:
            run_member(config, once=once, sources=sources, workers=workers, started=started)
        finally:
            cluster.remove()  # nobody is silent who has ended


def forget_unfinished_work(state: Path) -> None:
    """Remove what processes that were killed have left; call it before any starts.

    There may have been more of them than there will be: those that start have places of the same names only.
    """
    for folder in ("scratch", "fetched"):
        remove_tree(state / "work" / folder)


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
    again = engine.start_again = partial(start_again, engine)
    job = build_job(config, engine, sources)
    settings = {
        "epoch_interval": timedelta(milliseconds=config.runtime.snapshot_interval_ms),
        "recovery_config": RecoveryConfig(store),  # type: ignore[no-untyped-call]
    }
    steps = TimeSteps(lambda seconds: again(f"the time of day was set back by {seconds:.0f} s"))
    with signals(partial(_stop, engine)), _metrics(engine, addresses):
        try:
            steps.start()
            settle()
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
        except (BytewaxRuntimeError, sqlite3.OperationalError) as error:
            cause = _cause_of(error)  # the engine says in which step; ours says what to do
            if isinstance(cause, sqlite3.OperationalError):
                raise _disk_failed(f"the state in {config.runtime.state_directory}", str(cause)) from error
            if cause is not None:
                raise cause from error
            raise
        except BaseException as error:  # a panic of the engine, which a cluster's error becomes
            if versions.refused:
                raise versions.refused[0] from error
            if failed := _STORE_FAILED.search(str(error)):
                raise _disk_failed(f"the recovery store {store}", failed["reason"]) from error
            if addresses and type(error).__name__ == "PanicException":  # its traceback says nothing
                if reason := durable.unwritable(store):
                    raise _disk_failed(f"the recovery store {store}", reason) from error
                raise Ended(ENDED_SOMEWHERE) from error
            raise
        finally:
            steps.stop()
            engine.close()


def _disk_failed(what: str, reason: str) -> durable.OutputError:
    return durable.OutputError(
        f"{what} can't be read or written: {reason}. "
        "Nothing is lost: what is missing is delivered after the next start"
    )


@contextmanager
def _metrics(engine: Engine, addresses: Sequence[str]) -> Iterator[None]:
    """The process' own metrics while it runs, where the configuration has a port; the first tells the lag.

    Processes of one machine take one port after the other, those of machines of their own the same.
    """
    wanted, number = engine.config.runtime.metrics, engine.process or 0
    hosts = [address.rpartition(":")[0] for address in addresses[: number + 1]]
    beside = hosts[:-1].count(hosts[-1]) if hosts else 0
    if wanted.port is None:
        yield
        return

    def behind() -> list[tuple[str, int, int]]:
        return [(each.topic, each.partition, each.behind) for each in lags(engine.config)]

    end = process_metrics.serve(engine, wanted.host, wanted.port + beside, None if number else behind)
    try:
        yield
    finally:
        end()


def _cause_of(error: BaseException) -> NeuralDocFlowError | sqlite3.OperationalError | None:
    """What this project raised on purpose somewhere below an error, or what the disk did to its state."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, NeuralDocFlowError | sqlite3.OperationalError):
        cause = cause.__cause__ or cause.__context__
    return cause


def _stop(engine: Engine, number: int) -> None:
    """The first signal stops the job gracefully, the second at once."""
    if engine.stopping.is_set():
        os._exit(128 + number)
    engine.stop()
