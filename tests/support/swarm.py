"""What tests of the swarm share."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from neuraldocflow.swarm.job import Outcome
from neuraldocflow.swarm.swarm import Swarm

WORK = "tests.support.agents:obey"
Start = Callable[..., Swarm]


def outcomes_of(swarm: Swarm, count: int, timeout: float = 60.0) -> dict[str, Outcome]:
    """The next outcomes, by document."""
    found: dict[str, Outcome] = {}
    until = time.monotonic() + timeout
    while len(found) < count:
        assert time.monotonic() < until, f"only {sorted(found)} after {timeout} s"
        for outcome in swarm.take("me"):
            assert outcome.job.document_id not in found
            found[outcome.job.document_id] = outcome
        swarm.wait(0.05)
    return found


def answer_of(outcome: Outcome) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(Path(outcome.result_path).read_text())
    return result


def until(condition: Callable[[], bool], timeout: float = 60.0) -> None:
    end = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def sleeping(seconds: str) -> bool:
    """Whether there is a process that sleeps for just so long."""
    return any(
        line.split()[-2:] == ["sleep", seconds]
        for line in subprocess.run(
            ["ps", "-eo", "args"], capture_output=True, text=True, check=True
        ).stdout.splitlines()
    )
