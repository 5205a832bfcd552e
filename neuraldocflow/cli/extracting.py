"""Documents extracted here and now by agents, like a job's: a hostile one ends an agent, not the command."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from neuraldocflow import __version__
from neuraldocflow.config import BufferConfig, SwarmConfig
from neuraldocflow.extraction import Limits
from neuraldocflow.identity import document_id
from neuraldocflow.swarm.job import Job, Outcome, Progress
from neuraldocflow.swarm.swarm import Swarm

_KEY = "here"
_LOOK = 0.1
"""Seconds between two looks at what agents tell."""


def results(
    files: Sequence[Path],
    forms: Mapping[str, Any],
    profile: str,
    options: dict[str, Any],
    tell: Callable[[int, Progress], None],
) -> Iterator[tuple[int, dict[str, Any]]]:
    """The number of each file with its result, as they are done; a failed one where it can't be read."""
    with _agents(min(len(files), os.cpu_count() or 1), len(files), forms) as (swarm, folder):
        for number, file in enumerate(files):
            output = str(folder / f"{number}.json")
            swarm.submit(
                Job(
                    str(number),
                    str(file),
                    output,
                    key=_KEY,
                    filename=os.fsencode(file.name).decode("utf-8", "replace"),
                    profile=profile,
                    options=options,
                )
            )
        left = set(range(len(files)))
        while left:
            swarm.wait(_LOOK)
            for progress in swarm.progress():
                if int(progress.document_id) in left:  # what was told last may come after the result
                    tell(int(progress.document_id), progress)
            for outcome in swarm.take(_KEY):
                left.discard(int(outcome.job.document_id))
                yield int(outcome.job.document_id), _result(outcome)


@contextmanager
def _agents(count: int, room: int, forms: Mapping[str, Any]) -> Iterator[tuple[Swarm, Path]]:
    buffer = BufferConfig(max_buffer_size=max(room, BufferConfig().batch_size))
    settings = SwarmConfig(min_agents=count, max_agents=count, auto_scaling=False)
    with tempfile.TemporaryDirectory(prefix="neuraldocflow-") as name:
        swarm = Swarm(buffer, settings, Limits(), forms, Path(name, "scratch"))
        swarm.start()
        try:
            yield swarm, Path(name)
        finally:
            swarm.stop()


def _result(outcome: Outcome) -> dict[str, Any]:
    """A result of its own: not of a job's run, but of what was read."""
    name = outcome.job.filename
    if outcome.error is None:
        result: dict[str, Any] = orjson.loads(Path(outcome.result_path).read_bytes())
    else:
        spent = {"totalMs": round(outcome.seconds * 1000, 2)}
        result = {
            "run": 0,
            "status": "failed",
            "extractedData": None,
            "metadata": {"filename": name, "engineVersion": __version__, "timings": spent},
            "validationResults": [],
            "error": outcome.error,
        }
    return {**result, "jobId": document_id("process", result["metadata"].get("sha256") or "", name, "")}
