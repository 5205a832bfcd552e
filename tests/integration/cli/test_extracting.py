"""What ``process`` does with documents that end their reader."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from neuraldocflow import profiles
from neuraldocflow.cli import extracting
from neuraldocflow.swarm.job import Progress
from neuraldocflow.swarm.swarm import Swarm


def test_a_document_that_ends_its_reader_fails_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    contents = {
        "dies.html": "<!DOCTYPE html><!--die-->",
        "slow.html": "<!DOCTYPE html><!--sleep 0.6-->",
        "letter.html": "<h1>Letter</h1><p>Dated March 3, 2031.</p>",
    }
    for name, text in contents.items():
        (tmp_path / name).write_text(text)
    files = [tmp_path / name for name in contents]
    told: list[Progress] = []
    work = "tests.support.agents:obey_or_extract"
    monkeypatch.setattr(extracting, "Swarm", partial(Swarm, work=work))
    found = dict(
        extracting.results(files, profiles.forms(), "auto", {}, lambda number, each: told.append(each))
    )
    assert [found[number]["status"] for number in range(3)] == ["failed", "completed", "completed"]
    assert found[0]["error"]["code"] == "agent_crashed"
    assert found[0]["metadata"]["filename"] == "dies.html"
    assert "March 3, 2031" in found[2]["extractedData"]["text"]
    assert {each.document_id for each in told} >= {"1"}
    assert len({each["jobId"] for each in found.values()}) == 3
