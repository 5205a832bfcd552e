"""``kill -9`` of anything at any time: every document ends in exactly one result."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import pytest

from tests.support.job import JobFolder, children_of, kill


def killed_until_done(job: JobFolder, count: int, seed: int, *, agents_only: bool = False) -> int:
    """Run the job, killing the process or one of its agents at random; how often something was killed."""
    chance = random.Random(seed)
    kills = 0
    for attempt in range(40):
        before = results_of(job)
        process = job.start("run", "--once", "-c", "job.yaml", "--workers", str(chance.choice([1, 2, 3])))
        while process.poll() is None:
            time.sleep(chance.uniform(0.05, 0.8))
            done = results_of(job)
            if done == before or done >= count * 0.9:
                continue  # each run gets somewhere, and the last one to the end
            agents = children_of(process.pid)
            if agents and (agents_only or chance.random() < 0.5):
                kill(chance.choice(agents))
            elif not agents_only:
                kill(process.pid)
            else:
                continue
            kills += 1
        told, _ = process.communicate(timeout=60)
        if process.returncode == 0:
            return kills
        assert process.returncode == -9, f"run {attempt} ended with {process.returncode}:\n{told}"
    pytest.fail("the job never ended")


def results_of(job: JobFolder) -> int:
    return len(list(job.results.glob("*.json"))) if job.results.is_dir() else 0


@pytest.mark.slow
@pytest.mark.timeout(280)
def test_the_job_or_an_agent_killed_amid_200_documents_gives_each_result_once(tmp_path: Path) -> None:
    seed = int(os.environ.get("NEURALDOCFLOW_SEED", str(random.randrange(10**6))))
    print(f"NEURALDOCFLOW_SEED={seed} replays this")
    job = JobFolder(tmp_path)
    job.configure({"auto_move_processed": True})
    names = job.letters(200)
    kills = killed_until_done(job, 200, seed)
    assert kills > 0
    assert sorted(job.archived()) == sorted(names)
    assert {path.name.removesuffix(".json") for path in job.results.glob("[!.]*")} == names
    assert {path.name for path in (job.inbox / "processed").iterdir()} == names
    assert {job.result(name)["status"] for name in names} == {"completed"}
    again = job.run_once()
    assert "0 documents" in again
    assert sorted(job.archived()) == sorted(names)


@pytest.mark.slow
def test_agents_killed_amid_documents_cost_nothing_but_time(tmp_path: Path) -> None:
    seed = int(os.environ.get("NEURALDOCFLOW_SEED", str(random.randrange(10**6))))
    print(f"NEURALDOCFLOW_SEED={seed} replays this")
    job = JobFolder(tmp_path)
    names = job.letters(60)
    killed_until_done(job, 60, seed, agents_only=True)
    assert sorted(job.archived()) == sorted(names)
