"""Fixtures: servers that all tests share, for a session, and a Kafka of a test's own that may be killed.

``kafka`` takes the first of: ``KAFKA_BOOTSTRAP_SERVERS``; a container, where a Docker engine answers; a
broker from Maven Central on this machine's Java or PyPI's. It fails, with what to do, where none can be had.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import pytest

from . import s3 as s3_servers
from . import sqs as sqs_servers
from .kafka import VERSION, KafkaServer, prepare
from .s3 import OwnS3, S3Server
from .serving import NoServer, docker_answers
from .sqs import SqsServer

HELP = (
    "Give the address of a broker in KAFKA_BOOTSTRAP_SERVERS, or start Docker, or run make setup and see "
    "that Maven Central can be reached (the download is needed once)."
)


def pytest_collection_finish(session: pytest.Session) -> None:
    """What servers need is built or downloaded before the first test, whose time is limited."""
    if session.config.option.collectonly:
        return
    wanted = {name for item in session.items for name in getattr(item, "fixturenames", ())}
    steps = {
        "s3_server": s3_servers.prepare,
        "own_s3": s3_servers.binary,
        "sqs_server": sqs_servers.prepare,
        "kafka": prepare,
        "broker": prepare,
        "secured": prepare,
    }
    for name in wanted & steps.keys():
        with suppress(NoServer):  # the fixture says it again, to the tests it concerns
            steps[name]()


@pytest.fixture(scope="session")
def kafka() -> Iterator[str]:
    """The bootstrap servers of a broker that all tests share; take topics of your own."""
    given = os.environ.get("KAFKA_BOOTSTRAP_SERVERS")
    if given:
        yield given
        return
    with ExitStack() as stack:
        yield _container(stack) or _from_packages(stack)


@pytest.fixture
def broker() -> Iterator[KafkaServer]:
    """A broker of the test's own, to be killed and started again."""
    with ExitStack() as stack:
        server = KafkaServer()
        try:
            yield stack.enter_context(server)
        except NoServer as error:
            pytest.fail(f"{error}. {HELP}", pytrace=False)


@pytest.fixture(scope="session", name="s3_server")
def _s3_server() -> Iterator[S3Server]:
    with s3_servers.s3_server() as running:
        yield running


@pytest.fixture(scope="session", name="sqs_server")
def _sqs_server() -> Iterator[SqsServer]:
    with sqs_servers.sqs_server() as running:
        yield running


@pytest.fixture
def s3(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    """The S3 server, as the environment's own: for this process and for those it starts."""
    for key, value in s3_server.environment().items():
        monkeypatch.setenv(key, value)
    return s3_server


@pytest.fixture
def bucket(s3: S3Server) -> str:
    """A bucket of the test's own."""
    name = f"inbox-{uuid.uuid4().hex[:12]}"
    s3.client().create_bucket(Bucket=name)
    return name


@pytest.fixture
def own_s3(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[OwnS3]:
    """An S3 server of the test's own, as the environment's, with a bucket ``inbox``."""
    own = OwnS3(tmp_path_factory.mktemp("s3"))
    for key, value in own.server.environment().items():
        monkeypatch.setenv(key, value)
    own.server.client().create_bucket(Bucket="inbox")
    yield own
    own.stop()


@pytest.fixture
def queue_url(sqs_server: SqsServer) -> str:
    """A queue of the test's own."""
    return str(sqs_server.client().create_queue(QueueName=f"events-{uuid.uuid4().hex[:12]}")["QueueUrl"])


def _container(stack: ExitStack) -> str | None:
    """A broker in a container; None where no engine answers."""
    if not docker_answers():
        return None
    from docker.errors import DockerException
    from testcontainers.kafka import KafkaContainer

    container = KafkaContainer("confluentinc/cp-kafka:7.9.1").with_kraft()
    container.with_env("KAFKA_AUTO_CREATE_TOPICS_ENABLE", "false")
    try:
        return str(stack.enter_context(container).get_bootstrap_server())
    except (DockerException, OSError, TimeoutError):  # an engine that can't reach a registry
        return None


def _from_packages(stack: ExitStack) -> str:
    try:
        return stack.enter_context(KafkaServer()).bootstrap_servers
    except NoServer as error:
        pytest.fail(f"no Apache Kafka {VERSION}: {error}. {HELP}", pytrace=False)
