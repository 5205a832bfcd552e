"""A network that is cut for a while, in silence: between processes of a job, and between it and Kafka."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.kafka_job import KafkaJob
from support.network import Network
from support.pods import Pods
from support.servers.fixtures import HELP
from support.servers.kafka import KafkaServer
from support.servers.serving import NoServer
from support.submitted import Submitted
from support.topics import Topics, wait_for

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]

CUT_SECONDS = 20.0
"""Longer than the ten seconds of silence after which a worker would have stalled."""


@pytest.fixture(scope="module")
def network() -> Iterator[Network]:
    try:
        with Network(2) as made:
            yield made
    except NoServer as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture(scope="module")
def topics(network: Network) -> Iterator[Topics]:
    """A broker that the places of the network reach."""
    try:
        with KafkaServer(host=network.here) as running:
            yield Topics(running.bootstrap_servers)
    except NoServer as error:
        pytest.fail(f"{error}. {HELP}", pytrace=False)


def each_has_one_result(job: KafkaJob, names: set[str]) -> None:
    wait_for(lambda: set(job.archived()) == names, 240)
    assert sorted(job.archived()) == sorted(names)
    delivered = job.delivered(len(names))
    assert sorted(repeats[0] for repeats in delivered.values()) == sorted(names)


def test_processes_that_lose_each_other_stop_with_a_word_and_go_on_when_they_meet_again(
    tmp_path: Path, network: Network, topics: Topics
) -> None:
    job = KafkaJob(tmp_path, topics, partitions=4)
    with Pods(job, network=network) as pods:
        pods.scale(2)
        names = job.letters(100)
        wait_for(lambda: len(job.archived()) > 10, 120)
        network.cut(0, network.address(1))
        names |= job.letters(60, first=200)
        wait_for(lambda: "it has been silent for" in pods.log(), 120)
        network.heal(0, network.address(1))
        each_has_one_result(job, names)


def test_a_job_that_loses_kafka_waits_for_it_and_loses_nothing(
    tmp_path: Path, network: Network, topics: Topics
) -> None:
    job = KafkaJob(tmp_path, topics, partitions=4)
    submitted = Submitted(job, inside=network.inside(0))
    submitted.submit("--processes", "2")
    try:
        names = job.letters(100)
        wait_for(lambda: len(job.archived()) > 10, 120)
        network.cut(0, network.here)
        names |= job.letters(60, first=200)
        time.sleep(CUT_SECONDS)
        assert len(job.archived()) < len(names)
        network.heal(0, network.here)
        each_has_one_result(job, names)
        wait_for(lambda: sum(job.committed()) == len(names), 120)
        assert submitted.status()["phase"] == "running"
    finally:
        submitted.command("stop", "-c", "job.yaml")
