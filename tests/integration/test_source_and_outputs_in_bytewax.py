"""The filesystem source and the outputs inside the engine, with recovery on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pyarrow.dataset as ds

FLOW = """
import sys
from datetime import timedelta
from pathlib import Path
import bytewax.operators as op
from bytewax.dataflow import Dataflow
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.testing import cluster_main
from neuraldocflow.components import SINKS, SOURCES, Acknowledgement, SinkContext, SourceContext
from neuraldocflow.deliveries import Delivery
import connectors, sinks

base, workers, fail_after = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
seen = []
def finish(document):
    seen.append(document)
    if len(seen) == fail_after:
        import os, signal
        os.kill(os.getpid(), signal.SIGKILL)
    result = {"jobId": document.id, "run": 0, "status": "completed", "extractedData": None, "metadata": {}}
    return document.id, Delivery(document, result)

def build(registry, type_, config, context):
    component = registry.get(type_)
    return registry.build(type_, type_, component.config.model_validate(config), context)

flow = Dataflow("flow")
folder = {"watch_directories": [str(base / "inbox")], "debounce_ms": 20, "auto_move_processed": True}
source = build(SOURCES, "filesystem", folder, SourceContext(base / "state", once=True))
documents = op.input("in", flow, source)
results = op.map("finish", documents, finish)
op.output("files", results, build(SINKS, "files", {"directory": base / "out"}, SinkContext(base / "state")))
op.output("archive", results, build(SINKS, "parquet", {}, SinkContext(base / "state")))
recovery = base / "recovery"
if not recovery.exists():
    recovery.mkdir()
    init_db_dir(recovery, 2)
cluster_main(flow, [], 0, worker_count_per_proc=workers, epoch_interval=timedelta(milliseconds=100),
             recovery_config=RecoveryConfig(recovery))
for document in seen:
    source.acknowledge(document, Acknowledgement("completed"))
"""


def run(base: Path, workers: int, fail_after: int) -> int:
    command = [sys.executable, "-c", FLOW, str(base), str(workers), str(fail_after)]
    return subprocess.run(command, timeout=120, check=False).returncode


def test_killed_in_the_middle_and_started_again_gives_each_document_once_and_empties_the_inbox(
    tmp_path: Path,
) -> None:
    (tmp_path / "inbox").mkdir()
    for number in range(60):
        (tmp_path / "inbox" / f"{number}.pdf").write_text(f"content {number}")
    assert run(tmp_path, 1, 30) == -9
    assert run(tmp_path, 2, -1) == 0
    archive = ds.dataset(tmp_path / "state" / "archive" / "documents", partitioning="hive").to_table()
    assert sorted(archive["filename"].to_pylist()) == sorted(f"{number}.pdf" for number in range(60))
    assert len(list((tmp_path / "out").iterdir())) == 60
    assert sorted(path.name for path in (tmp_path / "inbox").iterdir()) == ["processed"]
    assert len(list((tmp_path / "inbox" / "processed").iterdir())) == 60
