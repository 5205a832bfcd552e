"""What is told of a document under way."""

from __future__ import annotations

import json
import os
import socket
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from neuraldocflow.swarm import agent
from neuraldocflow.swarm.job import Job
from neuraldocflow.swarm.telling import Telling


def said(work: agent.Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    monkeypatch.setattr(agent, "_QUIET", 0.0)
    monkeypatch.setattr(agent, "_PAUSE", 0.0)
    (tmp_path / "document").write_bytes(b"x")
    ours, parents = socket.socketpair()
    with ours, parents:
        told = {"document_id": "d", "path": "document", "output": "", "key": "k"}
        agent._done(work, told, os.open(tmp_path / "document", os.O_RDONLY), {"scratch": str(tmp_path)}, ours)
        ours.shutdown(socket.SHUT_WR)
        return [json.loads(line) for line in parents.makefile()]


@pytest.mark.parametrize(
    ("partial", "what"), [({"page": 3, "text": "…"}, "page 3 of 120"), (None, None)], ids=["pdf", "html"]
)
def test_pages_are_told_of_only_where_pages_are_counted(
    partial: dict[str, Any] | None, what: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work(job: Job, document: Any, settings: Any, tell: agent.Tell) -> dict[str, Any]:
        tell("reading", 3, 120, partial)
        return {"status": "completed"}

    telling = Telling()
    telling._estimates.learn("auto", 1, 10.0)
    by: Any = SimpleNamespace(agent_id="a", began=time.monotonic(), tellings=0, told=("opening", 0.0))
    for message in said(work, tmp_path, monkeypatch):
        telling.goes_on(Job("d", "document", "", key="k"), by, message)
    (progress,) = telling.take()
    assert (progress.stage, progress.current_operation) == ("reading", what)
    # 120 pages of ten seconds each; of as many characters nothing is known
    assert (progress.estimated_remaining_ms is not None) == (what is not None)
