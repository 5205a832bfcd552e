"""``kill -9`` of anything at any time: every document ends in exactly one result."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import pytest

from tests.support.job import JobFolder, children_of, command_of, kill

MOST = 8
"""Kills of one test: each costs a start of the job, or of an agent."""


def killed_until_done(job: JobFolder, count: int, seed: int, *, agents_only: bool = False) -> int:
    """Run the job, killing the process or one of its agents at random; how often something was killed."""
    chance = random.Random(seed)
    kills = 0
    for attempt in range(40):
        before = results_of(job)
        process = job.start("run", "--once", "-c", "job.yaml", "--workers", str(chance.choice([1, 2, 3])))
        while process.poll() is None:
            time.sleep(0.01)
            if kills >= MOST or results_of(job) == before:
                continue  # each run gets somewhere
            time.sleep(chance.uniform(0, 0.2))
            if results_of(job) >= count * 0.9:
                continue  # and the last one to the end
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


def killed_twice(job: JobFolder, names: set[str]) -> set[str]:
    """Documents both of whose agents a test has killed: reported as what looks like their own fault.

    All others have to be completed.
    """
    results = {name: job.result(name) for name in names}
    unlucky = {name for name, result in results.items() if result["error"]}
    assert {results[name]["error"]["code"] for name in unlucky} <= {"agent_crashed"}
    assert {results[name]["status"] for name in names - unlucky} == {"completed"}
    assert len(unlucky) <= 3
    return unlucky


@pytest.mark.slow
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
    unlucky = killed_twice(job, names)
    assert {path.name for path in (job.inbox / "processed").iterdir()} == names - unlucky
    again = job.run_once()
    assert "0 documents" in again
    assert sorted(job.archived()) == sorted(names)


@pytest.mark.slow
def test_agents_killed_amid_documents_cost_nothing_but_time(tmp_path: Path) -> None:
    seed = int(os.environ.get("NEURALDOCFLOW_SEED", str(random.randrange(10**6))))
    print(f"NEURALDOCFLOW_SEED={seed} replays this")
    job = JobFolder(tmp_path)
    names = job.letters(200)
    assert killed_until_done(job, 200, seed, agents_only=True) > 0
    assert sorted(job.archived()) == sorted(names)


def members_of(supervisor: int) -> list[int]:
    """The job's processes under a supervisor."""
    return [pid for pid in children_of(supervisor) if b"--member" in command_of(pid)]


@pytest.mark.slow
@pytest.mark.cluster
def test_500_documents_through_two_processes_while_something_is_killed_every_second(tmp_path: Path) -> None:
    seed = int(os.environ.get("NEURALDOCFLOW_SEED", str(random.randrange(10**6))))
    print(f"NEURALDOCFLOW_SEED={seed} replays this")
    chance = random.Random(seed)
    job = JobFolder(tmp_path)
    job.configure({"auto_move_processed": True})
    names = job.letters(490)
    poison = {f"poison-{number}.html" for number in range(10)}
    for name in poison:
        (job.inbox / name).write_bytes(b"\x7fELF not a document")
    kills = 0
    for _ in range(12):
        before = results_of(job)
        command = ["run", "--once", "-c", "job.yaml", "--processes", "2", "--workers", "2"]
        supervisor = job.start(*command)
        while supervisor.poll() is None:
            time.sleep(1.0)
            done = results_of(job)
            if done == before or done > 450 or kills >= 20:
                continue
            before = done
            members = members_of(supervisor.pid)
            agents = [agent for member in members for agent in children_of(member)]
            victims = [*members, *agents[:2], *([supervisor.pid] if chance.random() < 0.2 else [])]
            if not victims:
                continue  # all of them are about to start again
            kill(chance.choice(victims))
            kills += 1
        told, _ = supervisor.communicate(timeout=60)
        if supervisor.returncode == 0:
            break
        assert supervisor.returncode == -9, told
        until_gone(job)
    else:
        pytest.fail("the job never ended")
    assert kills > 2
    assert sorted(job.archived()) == sorted(names | poison)
    unlucky = killed_twice(job, names)
    assert {job.result(name)["error"]["code"] for name in poison} == {"unsupported_format"}
    assert {path.name for path in (job.inbox / "processed").iterdir()} == names - unlucky
    assert {path.name for path in (job.inbox / "failed").glob("*.html")} == poison | unlucky


def until_gone(job: JobFolder) -> None:
    """Wait until the processes a killed supervisor has left are gone."""
    end = time.monotonic() + 30
    while any(str(job.root).encode() == cwd for cwd in working_directories()):
        assert time.monotonic() < end
        time.sleep(0.1)


def working_directories() -> list[bytes]:
    found: list[bytes] = []
    for process in Path("/proc").glob("[0-9]*/cwd"):
        try:
            found.append(os.readlink(os.fsencode(process)))
        except OSError:
            continue
    return found
