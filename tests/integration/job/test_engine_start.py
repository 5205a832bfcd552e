"""Starting what a process' operators share, also where that does not work at first."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from support.topics import wait_for

from neuraldocflow.cancellations import CANCELLATIONS, cancellation
from neuraldocflow.config import Config
from neuraldocflow.errors import InvalidRequest
from neuraldocflow.events import DocumentSource, NewDocument
from neuraldocflow.job.engine import Engine
from neuraldocflow.log import LogError


def test_cancellations_are_heard_also_where_the_log_did_not_answer_at_the_first_start(tmp_path: Path) -> None:
    engine = Engine(Config.model_validate({"runtime": {"state_directory": tmp_path}}))
    lock = tmp_path / "log.db.lock"
    lock.unlink()
    lock.mkdir()
    with pytest.raises(LogError):
        engine.start()  # as by somebody who asks for metrics: the dataflow does not hear of it
    lock.rmdir()
    engine.start()
    assert CANCELLATIONS in engine.log.topics()
    source = DocumentSource(kind="file", uri="file:///none", size=1)
    runs = itertools.count()

    def cancelled() -> bool:
        document = NewDocument(id="a", run=next(runs), source=source)
        engine.log.append([cancellation(document.id, document.run + 1)])
        try:
            engine.submit(document, "me")
        except InvalidRequest:
            return True
        return False

    wait_for(cancelled, 30)
    engine.close()


def test_who_asks_for_metrics_while_the_job_ends_starts_no_agents(tmp_path: Path) -> None:
    engine = Engine(Config.model_validate({"runtime": {"state_directory": tmp_path}}))
    swarm = engine.start()
    wait_for(lambda: swarm.stats()["agents"] > 0, 30)
    engine.close()
    assert engine.start() is swarm
    assert swarm.stats()["agents"] == 0
