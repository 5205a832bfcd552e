"""No durable output writes anything after the epoch it belongs to was committed: a crash then would lose it.

The job's own flow is run, each output in it wrapped: whenever it has written, the recovery store is asked how
far epochs are committed, and its snapshots say afterwards in which epoch each write was.
"""

from __future__ import annotations

import pickle
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import bytewax.operators as op
import pytest
from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition
from bytewax.recovery import RecoveryConfig
from bytewax.testing import cluster_main
from support.topics import Topics

from dataflows import documents
from neuraldocflow.config import Config
from neuraldocflow.job import recovery, recovery_reader
from neuraldocflow.job.engine import Engine
from neuraldocflow.job.recovery import Recovery
from tests.support.job import JobFolder


class Writes:
    """What the wrapped outputs have written: each write's output, snapshot, and the frontier just then."""

    def __init__(self, store: Path) -> None:
        self.recovery = Recovery(store)
        self.seen: list[tuple[str, tuple[str, int], int]] = []
        self.lock = threading.Lock()

    def wrap(self, output: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(step: str, stream: Any, sink: Any) -> Any:
            assert isinstance(sink, FixedPartitionedSink), f"{step} does not hold its epoch back"
            return output(step, stream, _Watched(step, sink, self))

        return wrapped

    def epochs(self, store: Path) -> dict[tuple[str, int], int]:
        """The epoch of each snapshot of a wrapped output."""
        found = {}
        for part in recovery_reader.parts_of(store):
            with closing(recovery_reader.connect(part)) as database:
                for epoch, change in database.execute("SELECT snap_epoch, ser_change FROM snaps"):
                    state = pickle.loads(change) if change is not None else None
                    if isinstance(state, tuple) and state[:1] == ("watched",):
                        found[state[1]] = epoch
        return found


class _Watched(FixedPartitionedSink[Any, Any]):
    def __init__(self, step: str, sink: Any, writes: Writes) -> None:
        self._step, self._sink, self._writes = step, sink, writes

    def list_parts(self) -> list[str]:
        return list(self._sink.list_parts())

    def part_fn(self, item_key: str) -> int:
        return int(self._sink.part_fn(item_key))

    def build_part(self, step_id: str, for_part: str, resume_state: Any) -> _WatchedPartition:
        part = self._sink.build_part(step_id, for_part, None)
        return _WatchedPartition(self._step, f"{self._step}/{for_part}", part, self._writes)


class _WatchedPartition(StatefulSinkPartition[Any, Any]):
    def __init__(self, step: str, name: str, part: Any, writes: Writes) -> None:
        self._step, self._name, self._part, self._writes = step, name, part, writes
        self._number = 0

    def write_batch(self, values: list[Any]) -> None:
        self._part.write_batch(values)
        with self._writes.lock:
            place = (self._name, self._number)
            self._writes.seen.append((self._step, place, self._writes.recovery.frontier()))

    def snapshot(self) -> Any:
        state = ("watched", (self._name, self._number), self._part.snapshot())
        self._number += 1
        return state

    def close(self) -> None:
        self._part.close()


def late_writes(
    job: JobFolder, outputs: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> tuple[set[str], list[str]]:
    """Run the job once with short epochs; the outputs that wrote, and what was written too late."""
    monkeypatch.chdir(job.root)
    state = job.root / ".neuraldocflow"
    watched = {"watch_directories": ["inbox"], "debounce_ms": 0}
    config = Config.model_validate(
        {
            "stream_sources": {"inbox": {"type": "filesystem", "config": watched}},
            "processing_pipeline": {"output_streams": outputs},
            "runtime": {"snapshot_interval_ms": 10},
        }
    )
    store = recovery.prepare(state, 4)
    writes = Writes(store)
    monkeypatch.setattr(documents.op, "output", writes.wrap(op.output))
    engine = Engine(config, once=True, recovery=store)
    try:
        flow = documents.build_job(config, engine).flow
        cluster_main(  # type: ignore[no-untyped-call]
            flow,
            [],
            0,
            worker_count_per_proc=3,
            epoch_interval=timedelta(milliseconds=10),
            recovery_config=RecoveryConfig(store, timedelta(hours=1)),  # type: ignore[no-untyped-call]
        )
    finally:
        engine.close()
        writes.recovery.close()
    epochs = writes.epochs(store)
    assert len({frontier for _, _, frontier in writes.seen}) > 1, "no epochs were committed meanwhile"
    late = [
        f"{step} wrote in epoch {epochs[place]} when {frontier} was the first that was not committed"
        for step, place, frontier in writes.seen
        if epochs[place] < frontier
    ]
    return {step for step, _, _ in writes.seen}, late


def test_outputs_on_this_machine_write_before_their_epochs_are_committed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = JobFolder(tmp_path)
    names = job.letters(60)
    outputs = [{"type": "files"}, {"type": "parquet", "config": {"flush_interval_ms": 0}}]
    wrote, late = late_writes(job, outputs, monkeypatch)
    assert wrote == {"to_files_1", "to_parquet_1", "log", "acknowledge"}
    assert late == []
    assert sorted(job.archived()) == sorted(names)


@pytest.mark.servers
def test_the_output_to_kafka_writes_before_its_epochs_are_committed(
    tmp_path: Path, kafka: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = JobFolder(tmp_path)
    job.letters(30)
    topics = Topics(kafka)
    topic = topics.make(partitions=2)
    output = {"type": "kafka", "config": {"topic": topic, "bootstrap_servers": kafka}}
    wrote, late = late_writes(job, [output], monkeypatch)
    assert wrote == {"to_kafka_1", "log", "acknowledge"}
    assert late == []
