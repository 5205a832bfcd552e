"""Documents that kill, stop or fill the agents that read them fail alone, each by its own code."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from neuraldocflow.config import Config
from neuraldocflow.job import engine, runner
from neuraldocflow.swarm.swarm import Swarm
from tests.support.job import JobFolder

POISON = {"die": "agent_crashed", "sleep 600": "timeout", "eat 4000": "out_of_memory"}


def test_poisonous_documents_fail_alone_and_at_once_when_they_come_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(engine, "Swarm", partial(Swarm, work="tests.support.agents:obey_or_extract"))
    job = JobFolder(tmp_path)
    names = job.letters(40)
    expected = {}
    for place, (instruction, code) in enumerate(POISON.items()):
        name = f"poison-{place}.html"
        (job.inbox / name).write_text(f"<!DOCTYPE html><!--{instruction}--><p>Number {place}</p>")
        expected[name] = code
    config = Config.model_validate(
        {
            "stream_sources": {
                "inbox": {"type": "filesystem", "config": {"watch_directories": ["inbox"], "debounce_ms": 0}}
            },
            "processing_pipeline": {
                "swarm_config": {"min_agents": 2, "max_agents": 2},
                "output_streams": [{"type": "files", "config": {"directory": "results"}}],
            },
            "runtime": {"snapshot_interval_ms": 100, "limits": {"max_seconds": 6, "max_memory_mb": 1000}},
        }
    )
    runner.run(config, once=True)
    failed = {name: job.result(name)["error"]["code"] for name in expected}
    assert failed == expected
    assert {job.result(name)["status"] for name in names} == {"completed"}
    assert len(list(job.results.glob("*.json"))) == len(names) + len(expected)

    for name in expected:
        (job.inbox / f"again-{name}").write_bytes((job.inbox / name).read_bytes())
    runner.run(config, once=True)
    for name, code in expected.items():
        error = job.result(f"again-{name}")["error"]
        if code == "out_of_memory":  # that ended no agent, it is tried again
            assert error["code"] == code
        else:
            assert error["code"] == "agent_crashed"
            assert "quarantine" in error["message"]
