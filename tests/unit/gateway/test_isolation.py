"""A job of another tenant and one that there never was are looked for in the same way, step by step."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.deliveries import delivery

from neuraldocflow.gateway.jobs import Jobs
from neuraldocflow.gateway.keys import Key
from neuraldocflow.gateway.problems import Problem
from neuraldocflow.gateway.services import Services
from neuraldocflow.gateway.tail import Tail
from neuraldocflow.log import TOPICS, EmbeddedLog
from sinks.events import message_of


class Steps:
    """What is asked of the index and the log, in order."""

    def __init__(self, jobs: Jobs, tail: Tail) -> None:
        self.taken: list[str] = []
        self.jobs: Any = self
        self.get = self._counted(jobs.get, "index")
        self.catch_up = self._counted(lambda: tail.catch_up(0.1), "log")

    def _counted(self, call: Callable[..., Any], name: str) -> Callable[..., Any]:
        def counted(*given: Any) -> Any:
            self.taken.append(name)
            return call(*given)

        return counted


def test_the_way_to_no_is_the_same(tmp_path: Path) -> None:
    with EmbeddedLog(tmp_path / "log.db") as log:
        for topic in TOPICS:
            log.ensure_topic(topic)
        theirs = message_of(delivery("theirs.pdf"))
        log.append([theirs])
        jobs = Jobs(tmp_path / "jobs.db")
        tail = Tail(log, jobs, lambda *_: None, timedelta(days=1))
        tail.read_all()
        stranger = Key(id="k", tenant="stranger", created=datetime.now(UTC), digest="-")
        ways, answers = [], []
        for job in (theirs.key, "never-there"):
            steps = Steps(jobs, tail)
            with pytest.raises(Problem) as told:
                Services.find(steps, stranger, job)  # type: ignore[arg-type]
            ways.append(steps.taken)
            answers.append(told.value.body)
        assert ways[0] == ways[1] == ["index", "log", "index"]
        assert answers[0] == answers[1]
        assert Services.find(Steps(jobs, tail), stranger.model_copy(update={"tenant": "default"}), theirs.key)  # type: ignore[arg-type]
        jobs.close()
