"""A job on three Kafka nodes that keep three copies: nodes, processes and sizes change under load."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.job import JobFolder, kill
from support.kafka_job import KafkaJob
from support.servers.fixtures import HELP
from support.servers.kafka import KafkaNodes, KafkaServer
from support.servers.serving import NoServer
from support.submitted import Submitted
from support.topics import Topics, wait_for

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]

AWAY_SECONDS = 32.0
"""Longer than one try to append to the log takes, and than workers may be silent."""
HANGS_SECONDS = 85.0
"""Longer than the client library waits for any answer."""


@pytest.fixture(scope="module")
def nodes() -> Iterator[KafkaNodes]:
    try:
        with KafkaNodes() as running:
            yield running
    except NoServer as error:
        pytest.fail(f"{error}. {HELP}", pytrace=False)


@pytest.fixture
def submitted(tmp_path: Path, nodes: KafkaNodes) -> Iterator[Submitted]:
    """Two processes on a topic with a copy on each node; the job's log is there as well."""
    topics = Topics(nodes.bootstrap_servers, copies=3)
    job = KafkaJob(tmp_path, topics, partitions=6)
    log = {"bootstrap_servers": nodes.bootstrap_servers, "topic_prefix": f"{job.topic}."}
    job.configure(log={"kind": "kafka", "kafka": log})
    found = Submitted(job)
    found.submit("--processes", "2")
    yield found
    found.command("stop", "-c", "job.yaml")


def job_of(submitted: Submitted) -> KafkaJob:
    assert isinstance(submitted.job, KafkaJob)
    return submitted.job


def each_has_one_result(submitted: Submitted, names: set[str]) -> None:
    """In the archive, as a file, and for readers of the results' topic, who go by id."""
    submitted.has_all(names, 240)
    job = job_of(submitted)
    assert {path.name.removesuffix(".json") for path in job.results.glob("[!.]*")} == names
    delivered = job.delivered(len(names))
    assert sorted(repeats[0] for repeats in delivered.values()) == sorted(names)
    wait_for(lambda: sum(job.committed()) == len(names), 120)


def test_a_node_that_is_killed_under_load_and_comes_back_costs_no_document(
    submitted: Submitted, nodes: KafkaNodes
) -> None:
    job = job_of(submitted)
    names = job.letters(120)
    wait_for(lambda: len(job.archived()) > 10, 120)
    victim = nodes.nodes[0]
    victim.kill()
    wait_for(lambda: 1 not in nodes.leaders(job.topic), 120)
    names |= job.letters(60, first=200)  # two nodes are enough
    wait_for(lambda: set(job.archived()) >= names, 120)
    victim.start()
    nodes.all_serve()
    names |= job.letters(30, first=300)
    each_has_one_result(submitted, names)
    assert submitted.status()["phase"] == "running"


def test_any_process_that_is_killed_under_load_costs_no_document(submitted: Submitted) -> None:
    job = job_of(submitted)
    names: set[str] = set()
    for number in (0, 1):
        wait_for(lambda: len(submitted.members()) == 2, 120)
        names |= job.letters(100, first=200 * number)
        before = len(job.archived())
        wait_for(lambda before=before: len(job.archived()) > before + 10, 120)  # type: ignore[misc]
        kill(submitted.members()[number])
        restarts = number + 1
        wait_for(lambda restarts=restarts: submitted.status()["restarts"] == restarts, 120)  # type: ignore[misc]
        assert "ended with" in submitted.status()["lastRestart"]
    each_has_one_result(submitted, names)


def test_it_grows_and_shrinks_under_load_and_is_submitted_again(submitted: Submitted) -> None:
    job = job_of(submitted)
    names = job.letters(120)
    wait_for(lambda: len(job.archived()) > 5, 120)
    submitted.does("scale", "-c", "job.yaml", "--processes", "3", "--partitions", "8")
    job.partitions = 8
    job.topics = Topics(job.topics.servers, copies=3)  # a producer that knows of them
    names |= job.letters(60, first=200)
    submitted.does("scale", "-c", "job.yaml", "--processes", "1")
    names |= job.letters(60, first=300)
    host = submitted.host()
    assert "replaced: 2 processes run" in submitted.submit("--processes", "2")
    assert not Path(f"/proc/{host}").exists()
    assert len(submitted.members()) == 2
    each_has_one_result(submitted, names)


def test_a_log_that_is_away_for_half_a_minute_is_waited_for_without_a_restart(
    tmp_path: Path, broker: KafkaServer
) -> None:
    job = JobFolder(tmp_path, log={"kafka": {"bootstrap_servers": broker.bootstrap_servers}})
    submitted = Submitted(job)
    submitted.submit("--processes", "2")
    try:
        members = submitted.members()
        names = job.letters(100)
        wait_for(lambda: len(job.archived()) > 10, 120)
        broker.kill()
        names |= job.letters(40, first=200)
        time.sleep(AWAY_SECONDS)
        assert set(job.archived()) < names
        broker.start()
        names |= job.letters(20, first=300)
        submitted.has_all(names, 240)
        assert submitted.members() == members
        found = submitted.status()
        assert (found["phase"], found["restarts"]) == ("running", 0)
        assert found["lastDay"] == {"completed": len(names)}
    finally:
        submitted.command("stop", "-c", "job.yaml")


def test_a_log_that_hangs_for_longer_than_its_clients_wait_ends_no_process(
    tmp_path: Path, broker: KafkaServer
) -> None:
    """The client library's own abort ended it, when an answer of its administrator was over time."""
    job = JobFolder(tmp_path, log={"kafka": {"bootstrap_servers": broker.bootstrap_servers}})
    process = job.start("run", "-c", "job.yaml")
    try:
        wait_for(lambda: (tmp_path / ".neuraldocflow" / "work" / "cluster" / "frontier").exists(), 120)
        broker.send_signal(signal.SIGSTOP)
        time.sleep(HANGS_SECONDS)
        broker.send_signal(signal.SIGCONT)
        names = job.letters(5)
        wait_for(lambda: process.poll() is not None or set(job.archived()) == names, 120)
        assert process.poll() is None
    finally:
        broker.send_signal(signal.SIGCONT)
        process.terminate()
        told, _ = process.communicate(timeout=60)
    assert process.returncode == 0, told
