"""Declaring the dataflow, whatever things are called in the configuration."""

from __future__ import annotations

import threading
from pathlib import Path
from unittest.mock import Mock

import pytest

from dataflows.documents import build_flow
from neuraldocflow import durable
from neuraldocflow.config import Config
from neuraldocflow.job.cluster import Cluster
from neuraldocflow.job.engine import Engine


def test_sources_and_outputs_may_be_called_as_the_flow_s_own_steps_and_have_periods(tmp_path: Path) -> None:
    names = ("log", "dead_letters", "webhooks", "to.log", "acknowledge")
    outputs = [{"type": "files", "name": name, "config": {"directory": tmp_path / name}} for name in names]
    source = {"type": "filesystem", "config": {"watch_directories": [tmp_path]}}
    config = Config.model_validate(
        {
            "stream_sources": {"in.box": source, "clock": source},
            "processing_pipeline": {"output_streams": outputs},
            "runtime": {"state_directory": tmp_path / "state"},
        }
    )
    engine = Engine(config)
    assert build_flow(config, engine).flow_id == "documents"
    engine.close()


def test_who_waits_for_an_endpoint_at_the_end_hears_that_all_processes_are_to_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durable, "STOPPING", threading.Event())
    engine = Engine(Config.model_validate({"runtime": {"state_directory": tmp_path}}), process=1)
    monkeypatch.setattr(engine, "start", Mock())  # no agents
    assert engine.wait()
    assert not engine.stopping.is_set()
    Cluster(tmp_path / "work" / "cluster").stop()
    assert engine.wait()
    assert engine.stopping.is_set()
    engine.stop(grace=0.0)
    assert not engine.wait()
    engine.close()


def test_one_of_several_processes_awaits_what_is_on_its_way_before_the_flow_may_close(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr("neuraldocflow.job.engine.time.monotonic", lambda: now)
    engine = Engine(Config.model_validate({"runtime": {"state_directory": tmp_path}}), process=1)
    assert not engine.may_close()
    assert engine.may_end()
    assert not engine.may_close()
    engine.undelivered.add("a")
    now += 5.0
    assert not engine.may_close()
    engine.undelivered.discard("a")
    assert engine.may_close()
    engine.close()
