"""Declaring the dataflow, whatever things are called in the configuration."""

from __future__ import annotations

from pathlib import Path

from dataflows.documents import build_flow
from neuraldocflow.config import Config
from neuraldocflow.engine import Engine


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
