"""One of several processes in places of their own, whose number changes."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from neuraldocflow.config import Config
from neuraldocflow.job import member
from neuraldocflow.job.member import Member


def test_a_round_that_waits_for_a_process_that_is_gone_ends_as_soon_as_that_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name of a pod that was taken away is known for a moment after it has ended."""
    monkeypatch.setattr(member, "_SETTLED", 0.1)
    monkeypatch.setattr(member, "_GONE", 0.3)
    rounds: list[tuple[int, float]] = []

    def command(number: int, addresses: str) -> Sequence[str]:
        rounds.append((len(addresses.split(";")), time.monotonic()))
        if len(rounds) == 2:
            threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGTERM)).start()
        return ["-c", "import time; time.sleep(600)" if len(rounds) == 1 else ""]

    def resolves(address: str) -> bool:
        return address == "flow-0:1" or (address == "flow-1:1" and not rounds)

    config = Config.model_validate({"runtime": {"state_directory": str(tmp_path / "state")}})
    Member(config, 0, "flow-{}:1", 1, command, resolves).run()
    assert [count for count, _ in rounds[:2]] == [2, 1]
    assert rounds[1][1] - rounds[0][1] < 30
