"""Swarms whose agents do what their documents say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.swarm import WORK, Start

from neuraldocflow.config import BufferConfig, SwarmConfig
from neuraldocflow.limits import Limits
from neuraldocflow.swarm.job import Job
from neuraldocflow.swarm.swarm import Swarm


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts swarms and ends them after the test."""
    swarms: list[Swarm] = []

    def started(agents: int = 2, *, seconds: float = 60.0, memory: int = 512, **settings: Any) -> Swarm:
        results = tmp_path / "results"
        results.mkdir(exist_ok=True)
        room, quarantine = settings.pop("room", 1000), settings.pop("quarantine", None)
        config = SwarmConfig(min_agents=agents, max_agents=settings.pop("most", agents), **settings)
        swarm = Swarm(
            BufferConfig(max_buffer_size=room),
            config,
            Limits(max_seconds=seconds, max_memory_mb=memory),
            {},
            tmp_path / "scratch",
            quarantine=quarantine,
            work=WORK,
        )
        swarm.start()
        swarms.append(swarm)
        return swarm

    yield started
    for swarm in swarms:
        swarm.stop()


@pytest.fixture
def job(tmp_path: Path) -> Callable[..., Job]:
    """A job whose document says what its agent is to do."""

    def made(name: str, instruction: str = "nothing", **more: Any) -> Job:
        path = tmp_path / f"{name}.txt"
        path.write_text(instruction)
        return Job(name, str(path), str(tmp_path / "results" / f"{name}.json"), key="me", **more)

    return made
